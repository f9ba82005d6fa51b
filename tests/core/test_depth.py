"""Depth and kind of each weight, as names tell."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.depth import Depth, by_names, depth, network, tensors_beneath
from ckpt_gui.core.roles.classify import classify
from tests.core.samples import Maker, checkpoint


def laid_out(*names: str) -> Depth:
    return by_names([tuple(name.split(".")) for name in names], range(len(names)))


def stops(found: Depth) -> list[str]:
    return [stop.name for stop in found.stops]


def at(found: Depth, kind: str) -> list[str]:
    return [found.stops[stop].name for stop, _tensor in found.kinds[kind]]


def test_a_transformer_is_read_from_its_embedding_to_its_head() -> None:
    names = ["wte.weight"] + [f"h.{n}.{part}.weight" for n in range(12) for part in ("attn", "mlp")] + ["ln_f.weight"]
    found = laid_out(*names)

    assert stops(found) == ["wte", *(f"h.{n}" for n in range(12)), "ln_f"]
    assert at(found, "attn.weight") == [f"h.{n}" for n in range(12)]
    assert list(found.kinds)[:2] == ["attn.weight", "mlp.weight"]
    assert found.stops[3].label == "2"
    assert found.stops[3].tower == "h"


def test_an_alphabetical_file_is_put_in_order_by_what_its_names_mean() -> None:
    names = ["lm_head.weight", "embed_tokens.weight", "norm.weight"] + [f"layers.{n}.q.weight" for n in range(12)]
    found = laid_out(*sorted(names))

    assert stops(found)[:4] == ["embed_tokens", "layers.0", "layers.1", "layers.2"]
    assert set(stops(found)[-2:]) == {"lm_head", "norm"}


@pytest.mark.parametrize("order", [list, sorted])
def test_an_encoder_comes_before_its_decoder(order: type[list[str]]) -> None:
    parts = [f"{tower}.block.{n}.layer.{k}.{name}.w" for tower in ("encoder", "decoder") for n in range(3)
             for k, name in enumerate(("attention", "dense"))]  # fmt: skip
    found = laid_out(*order(["shared.w", *parts, "head.w"]))

    towers = [stop.tower for stop in found.stops if stop.tower]
    assert towers == ["encoder.block"] * 3 + ["decoder.block"] * 3
    assert stops(found)[0] == "shared"
    assert at(found, "layer.0.attention.w") == [
        f"{tower}.block.{n}" for tower in ("encoder", "decoder") for n in range(3)
    ]


def test_blocks_within_stages_are_depth_and_parts_of_a_block_are_not() -> None:
    swin = laid_out(*(f"layers.{a}.blocks.{b}.{part}.weight" for a in range(2) for b in range(12)
                      for part in ("attn.qkv", "mlp.0", "mlp.2")))  # fmt: skip

    assert [stop.label for stop in swin.stops] == [f"{a}.{b}" for a in range(2) for b in range(12)]
    assert set(swin.kinds) == {"blocks.attn.qkv.weight", "blocks.mlp.0.weight", "blocks.mlp.2.weight"}


def test_experts_stand_side_by_side() -> None:
    found = laid_out(*(f"layers.{n}.experts.{k}.w1" for n in range(3) for k in range(8)))

    assert stops(found) == ["layers.0", "layers.1", "layers.2"]
    assert [stop for stop, _tensor in found.kinds["experts.*.w1"]] == [0] * 8 + [1] * 8 + [2] * 8


def test_without_numbers_every_module_is_a_stop() -> None:
    found = laid_out("conv1.weight", "conv1.bias", "fc.weight", "fc.bias")

    assert stops(found) == ["conv1", "fc"]
    assert at(found, "weight") == ["conv1", "fc"]


def test_of_a_picked_part_its_stops_of_a_single_layer_its_kinds_of_a_tensor_all() -> None:
    found = laid_out("wte.w", *(f"h.{n}.{part}.w" for n in range(4) for part in ("a", "b")))

    assert stops(found.part({1, 2, 3})) == ["h.0", "h.1"]
    assert found.part({1, 2, 3}).tensors() == [1, 3, 2]
    assert stops(found.part({1, 2})) == ["h.0", "h.1", "h.2", "h.3"]
    assert set(found.part({1, 2}).kinds) == {"a.w", "b.w"}
    assert found.part({1}) == found


def test_a_checkpoint_is_read_below_its_weights() -> None:
    maker = Maker()
    state = {f"blocks.{n}.fc.weight": maker.tensor(2, 3) for n in (10, 2, 0)}
    sample = checkpoint({"epoch": 1, "state_dict": state, "rng": maker.tensor(5)})
    top = network(sample, classify(sample), 0)

    found = depth(sample, top)
    assert stops(found) == ["blocks.0", "blocks.2", "blocks.10"]
    assert [tensor for _stop, tensor in found.kinds["fc.weight"]] == [2, 1, 0]
    assert tensors_beneath(sample, top) == [0, 1, 2]
    assert sorted(depth(sample).tensors()) == [0, 1, 2, 3]


def test_a_deeply_nested_file_does_no_harm() -> None:
    root = Maker().tensor(1)
    value: object = root
    for _ in range(300):
        value = {"a": value}

    assert depth(checkpoint({"x": value})).tensors() == [0]


TOKENS = st.sampled_from(["layers", "blocks", "experts", "mlp", "attn", "weight", "bias", "", "*", "0", "1", "2", "10"])
NAMES = st.lists(st.lists(TOKENS, min_size=1, max_size=6).map(tuple), unique=True, max_size=40)


@given(NAMES)
def test_every_tensor_has_one_place_whatever_the_names(names: list[tuple[str, ...]]) -> None:
    found = by_names(names, range(len(names)))

    assert sorted(found.tensors()) == list(range(len(names)))
    assert {stop for members in found.kinds.values() for stop, _tensor in members} == set(range(len(found.stops)))
    for members in found.kinds.values():
        assert list(members) == sorted(members)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 200)), unique=True, min_size=1, max_size=30))
def test_layers_of_a_tower_stand_together_in_natural_order(layers: list[tuple[str, int]]) -> None:
    found = laid_out(*(f"{tower}.{number}.w" for tower, number in layers))

    runs = [key for key, before in pairs(stop.tower for stop in found.stops) if key != before]
    assert len(runs) == len(set(runs))
    for tower in runs:
        numbers = [int(stop.label) for stop in found.stops if stop.tower == tower]
        assert numbers == sorted(number for name, number in layers if name == tower)


def pairs(keys: Iterable[str]) -> Iterable[tuple[str, str]]:
    listed = list(keys)
    return zip(listed, ["", *listed[:-1]], strict=True)


@given(st.permutations([f"h.{n}.{part}.w" for n in range(5) for part in ("a", "b")]))
def test_the_files_order_does_not_matter_within_a_tower(names: list[str]) -> None:
    found = laid_out(*names)

    assert stops(found) == [f"h.{n}" for n in range(5)]
    for kind in ("a.w", "b.w"):
        assert [names[tensor] for _stop, tensor in found.kinds[kind]] == [f"h.{n}.{kind}" for n in range(5)]
