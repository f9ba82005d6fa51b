"""What cells, notes, tips and pasted lines say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline import COLUMNS, Facts, Outline, python_line
from ckpt_gui.core.outline.facts import natural_text
from ckpt_gui.core.text import natural
from tests.core.samples import Maker, checkpoint, gpt, mapping

SAMPLE = gpt()
OUTLINE = Outline(Facts(SAMPLE, bytes([2]) * len(SAMPLE.nodes), ("weights", "ema", "optimizer")))


def cells(sample: Checkpoint, *path: Any, outline: Outline | None = None) -> dict[str, str]:
    found = sample.find(path)
    assert found is not None
    outline = outline or Outline(Facts(sample))
    return {column.key: outline.text(found, place) for place, column in enumerate(COLUMNS)}


def test_a_tensor() -> None:
    row = cells(SAMPLE, "state_dict", "transformer.h.1.mlp.c_fc.weight", outline=OUTLINE)

    assert {key: row[key] for key in ("kind", "shape", "dtype", "device", "params", "size", "role", "std")} == {
        "kind": "tensor", "shape": "8 × 32", "dtype": "float32", "device": "cuda:0", "params": "256",
        "size": "1.00 KiB", "role": "optimizer", "std": "—",
    }  # fmt: skip
    assert row["storage"].isdecimal()
    assert row["offset"]


def test_a_value() -> None:
    row = cells(SAMPLE, "epoch")

    assert (row["key"], row["kind"], row["dtype"], row["size"]) == ("epoch", "value", "int", "19")
    assert row["params"] == row["percent"] == row["shape"] == row["device"] == ""


def test_a_group_of_layers_and_containers() -> None:
    outline = Outline(Facts(SAMPLE))
    weight = SAMPLE.find(("state_dict", "transformer.h.0.attn.c_attn.weight"))
    assert weight is not None
    stack = outline.trail(weight)[2]

    assert outline.text(stack, 2) == "12 layers"
    assert cells(SAMPLE, "optimizer")["shape"] == "24 tensors"
    assert cells(SAMPLE, "optimizer")["device"] == "mixed"
    assert (cells(SAMPLE, "callbacks")["dtype"], cells(SAMPLE, "callbacks")["size"]) == ("dict", "empty")


def test_shares_are_of_the_bytes_on_disk() -> None:
    maker = Maker()
    sample = checkpoint({"a": maker.tensor(100), "b": maker.tensor(25)}, nbytes=1000)

    assert cells(sample, "a")["percent"] == "40.0"


def test_tied_tensors_name_each_other_and_a_view_tells_what_is_stored() -> None:
    maker = Maker()
    whole = maker.storage(100)
    sample = checkpoint(
        {"a": maker.view(whole, 0, 100), "b": maker.view(whole, 0, 100), "c": maker.view(whole, 90, 10)}
    )

    assert cells(sample, "a")["key"] == "a   ⟷ b, c"
    assert cells(sample, "c")["size"] == "40 B (400 B stored)"


def test_more_than_two_partners_are_counted() -> None:
    maker = Maker()
    whole = maker.storage(4)
    sample = checkpoint({name: maker.view(whole, 0, 4) for name in "abcdef"})

    assert cells(sample, "a")["key"] == "a   ⟷ b, c +3"


def test_neighbours_in_one_storage_are_no_partners_but_the_tip_tells() -> None:
    maker = Maker()
    whole = maker.storage(20)
    sample = checkpoint({"a": maker.view(whole, 0, 10), "b": maker.view(whole, 10, 10)})

    assert cells(sample, "a")["key"] == "a"
    assert "its storage holds 1 other tensors" not in Outline(Facts(sample)).tip(1)
    assert "its storage holds 1 other tensor" in Outline(Facts(sample)).tip(1)


def test_what_does_not_hold_together_is_marked_with_its_reason() -> None:
    found = SAMPLE.find(("broken",))
    assert found is not None

    assert OUTLINE.text(found, 0) == "▲ broken"
    assert OUTLINE.is_bad(found)
    assert "reaches byte" in OUTLINE.tip(found)


def test_hostile_keys_are_escaped() -> None:
    sample = checkpoint({"a\u202eb\n": 1, "": 2})

    assert [Outline(Facts(sample)).label(row) for row in (1, 2)] == ["a\\u202eb\\n", "“”"]


@pytest.mark.parametrize("pair", [("a2", "a10"), ("A", "b"), ("x", "x1"), ("2", "a"), ("10.a", "9.a"), ("a1b", "a1c")])
def test_the_quick_natural_order_is_the_natural_order(pair: tuple[str, str]) -> None:
    assert sorted(pair, key=natural_text) == sorted(pair, key=natural)


def test_the_python_line_loads_the_tensor(tmp_path: Path) -> None:
    path = tmp_path / "a b.pt"
    value: dict[str, Any] = {"model": {"layers.0.weight": torch.arange(3)}, "state": {0: [torch.zeros(2)]}}
    torch.save(value, path)
    maker = Maker()
    sample = checkpoint(
        {"model": {"layers.0.weight": maker.tensor(3)}, "state": {0: [maker.tensor(2)]}}, path=str(path)
    )

    def loaded(*keys: Any) -> Any:
        found = sample.find(keys)
        assert found is not None
        return eval(python_line(sample, found), {"torch": torch})

    assert torch.equal(loaded("model", "layers.0.weight"), value["model"]["layers.0.weight"])
    assert torch.equal(loaded("state", 0, 0), value["state"][0][0])
    assert loaded().keys() == value.keys()


def test_the_python_line_as_documented() -> None:
    found = SAMPLE.find(("state_dict", "lm_head.weight"))
    assert found is not None

    assert python_line(SAMPLE, found) == (
        'torch.load(r"/data/gpt small.pt", map_location="cpu", weights_only=True)["state_dict"]["lm_head.weight"]'
    )
    assert python_line(SAMPLE, found, weights_only=False).endswith("only if you trust it")


def test_attributes_of_objects_are_reached_by_name() -> None:
    found = SAMPLE.find(("config", "lr"))
    assert found is not None

    assert python_line(SAMPLE, found).endswith('["config"].lr')


def test_text_keys_that_read_like_keys_of_other_types_are_quoted() -> None:
    made = checkpoint({"state": mapping([(2, 1), ("2", 1), ("None", 1), (None, 1), ("x", 1)]), "0.weight": 1})
    facts = Facts(made)

    labels = [facts.label(node) for node in made.children(made.find(("state",)) or 0)]

    assert labels == ["2", '"2"', '"None"', "None", "x"]
    assert '"0"' not in [facts.label(node) for node in range(len(made.nodes))]
