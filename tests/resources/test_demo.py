"""The two checkpoints of the demo tell the story that ``make_demo.py`` promises."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ckpt_gui.resources_path import resource

NAMES = ("demo/epoch_003.ckpt", "demo/epoch_004.ckpt")
FROZEN = ("tok_emb.", "pos_emb.", "head.", "blocks.0.")
BLOWN_UP = {"blocks.2.mlp.down.weight", "blocks.2.mlp.down.bias"}


def load(name: str, map_location: Any = "cpu") -> dict[str, Any]:
    # Our own file; its argparse.Namespace is what weights_only would refuse.
    loaded: dict[str, Any] = torch.load(resource(name), map_location=map_location, weights_only=False)
    return loaded


@pytest.fixture(scope="module")
def pair() -> tuple[dict[str, Any], dict[str, Any]]:
    return load(NAMES[0]), load(NAMES[1])


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_small(name: str) -> None:
    assert resource(name).stat().st_size <= 400_000


def test_the_frozen_part_is_the_same_and_the_rest_changed(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, after = (checkpoint["model_state_dict"] for checkpoint in pair)

    same = {name for name in before if torch.equal(before[name], after[name])}

    assert same == {name for name in before if name.startswith(FROZEN) or name.endswith(".mask")}


def test_one_layer_blew_up_because_of_its_learning_rate(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    before, after = (checkpoint["model_state_dict"] for checkpoint in pair)

    grown = {name for name in before if after[name].float().norm() > 3 * before[name].float().norm()}

    assert grown == BLOWN_UP
    assert [group["lr"] for group in pair[0]["optimizer_state_dict"]["param_groups"]] == [0.003, 0.003]
    assert [group["lr"] for group in pair[1]["optimizer_state_dict"]["param_groups"]] == [0.003, 3.0]
    assert pair[1]["loss"] > 3 * pair[0]["loss"]


def test_one_row_died(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    def dead_rows(weights: dict[str, Tensor]) -> list[tuple[str, int]]:
        matrices = {name: tensor for name, tensor in weights.items() if tensor.dim() == 2 and "mask" not in name}
        return [(name, row) for name, tensor in matrices.items() for row in range(len(tensor)) if not tensor[row].any()]

    assert dead_rows(pair[0]["model_state_dict"]) == []
    assert dead_rows(pair[1]["model_state_dict"]) == [("blocks.1.mlp.up.weight", 7)]


def test_head_and_embedding_share_one_storage(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    weights = pair[0]["model_state_dict"]

    assert weights["head.weight"].data_ptr() == weights["tok_emb.weight"].data_ptr()


def test_weights_and_moments_are_tagged_as_a_gpus_the_rest_as_the_cpus() -> None:
    tags: dict[int, str] = {}

    def note(storage: Any, tag: str) -> Any:
        tags[storage.data_ptr()] = tag
        return storage

    checkpoint = load(NAMES[0], note)

    def tag(tensor: Tensor) -> str:
        return tags[tensor.untyped_storage().data_ptr()]

    state = checkpoint["optimizer_state_dict"]["state"][0]
    assert {tag(tensor) for tensor in checkpoint["model_state_dict"].values()} == {"cuda:0"}
    assert (tag(state["exp_avg"]), tag(state["step"])) == ("cuda:0", "cpu")
    assert tag(checkpoint["rng_state"]["torch"]) == "cpu"
