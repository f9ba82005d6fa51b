"""What training left alone, in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ckpt_gui.core.diff.compare import compare, structure
from ckpt_gui.core.diff.frozen import frozen
from ckpt_gui.core.pairing import pair
from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Reading

Say = Callable[[set[str]], str]


@pytest.fixture
def said(tmp_path: Path) -> Say:
    """The sentence on a network of four layers in which the tensors of those names have moved."""

    def say(moved: set[str]) -> str:
        layers = [f"layers.{layer}.{part}" for layer in range(4) for part in ("w", "b")]
        names = ["embed.weight", *layers, "head.weight"]
        state = {name: torch.ones(3) for name in names}
        torch.save(state, tmp_path / "a.pt")
        torch.save({name: value + (name in moved) for name, value in state.items()}, tmp_path / "b.pt")
        pairing = pair(read(tmp_path / "a.pt"), read(tmp_path / "b.pt"))
        rows = list(structure(pairing))
        assert frozen(pairing, rows) == ""
        with Reading(pairing.left.checkpoint) as left, Reading(pairing.right.checkpoint) as right:
            for place, row in compare(pairing, left, right):
                rows[place] = row
        return frozen(pairing, rows)

    return say


def test_nothing_moved(said: Say) -> None:
    assert said(set()) == "All 10 weights that were compared are bit-identical."


def test_a_run_of_layers(said: Say) -> None:
    moved = {"layers.3.w", "layers.3.b", "head.weight"}
    assert said(moved) == "Bit-identical: embed and layers 0-2; 3 of 10 weights changed."


def test_a_layer_is_frozen_only_if_all_of_it_is(said: Say) -> None:
    assert said({"layers.1.b"}) == "Bit-identical: embed, layers.0, layers 2-3 and head; 1 of 10 weights changed."


def test_everything_moved(said: Say) -> None:
    every = {"embed.weight", "head.weight", *(f"layers.{layer}.w" for layer in range(4))}
    assert said(every) == "6 of 10 weights changed; no layer is left as it was."
