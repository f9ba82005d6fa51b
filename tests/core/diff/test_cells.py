"""A pair as a table, and the way to its differences."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ckpt_gui.core.diff.cells import PairTable, fetch_pair, find_difference, find_farthest, open_pair, writer
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.table.styles import Style
from tests.core.diff.pairs import Two, normal


def table(folder: Path, a: torch.Tensor, b: torch.Tensor) -> PairTable:
    return open_pair(Two(folder, {"w": a}, {"w": b}).picked("w"))


def test_a_cell_has_both_values_and_the_difference(tmp_path: Path) -> None:
    a, b = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[1.0, 2.5], [0, 4]])
    shown = table(tmp_path, a, b)
    read, write = fetch_pair(shown, shown.start, range(2), range(2)), writer(shown, Style())
    assert write(*read.cell(0, 1)) == "2.0\n2.5\n0.5"
    assert write(*read.cell(1, 0)) == "3.0\n0.0\n-3"


def test_the_next_difference_is_found_row_by_row_and_round_the_end(tmp_path: Path) -> None:
    a = normal(40, 50)
    b = a.clone()
    places = [(3, 7), (3, 9), (20, 0)]
    for place in places:
        b[place] += 1
    for left, right in ((a, b), (a.T.contiguous().T, b)):
        shown = table(tmp_path, left, right)
        found = [find_difference(shown, shown.start, after) for after in (None, (3, 7), (3, 8), (3, 9), (20, 0))]
        assert [one.place for one in found if one is not None] == [*places[:1], *places[1:2], *places[1:], (3, 7)]
        assert found[-1] is not None
        assert found[-1].wrapped


def test_nan_in_place_is_no_difference(tmp_path: Path) -> None:
    nan, inf = float("nan"), float("inf")
    shown = table(tmp_path, torch.tensor([nan, inf, 1, 0.0]), torch.tensor([nan, inf, nan, -0.0]))
    assert find_difference(shown, shown.start, None) == ((2,), False)
    same = table(tmp_path, torch.tensor([nan, inf]), torch.tensor([nan, inf]))
    assert find_difference(same, same.start, None) is None


def test_the_largest_difference_may_be_negative(tmp_path: Path) -> None:
    a = normal(30, 20)
    b = a + 0.1
    b[11, 3] -= 5
    shown = table(tmp_path, a, b)
    found = find_farthest(shown, shown.start)
    assert found is not None
    assert found.place == (11, 3)


def test_one_side_alone_has_a_plain_table(tmp_path: Path) -> None:
    two = Two(tmp_path, {"v": normal(2), "w": torch.tensor([4.0])}, {"v": normal(2)})
    shown = open_pair(two.picked("w"))
    assert (shown.names, shown.why) == (("A",), "It was removed: only A has it.")
    assert writer(shown, Style())(*fetch_pair(shown, shown.start, range(1), range(1)).cell(0, 0)) == "4.0"


def test_what_has_no_table_says_why(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="in A and"):
        table(tmp_path, normal(3), normal(4))
    with pytest.raises(NoValues, match="2 are picked"):
        open_pair(Two(tmp_path, {"v": normal(2), "w": normal(3)}, {"v": normal(2), "w": normal(3)}).picked())
