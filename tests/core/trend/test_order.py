"""The order of a run: the most telling evidence wins, whatever the files are called and in which order they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.text import natural
from ckpt_gui.core.trend.order import Told, numbers_of, order

NAMES = st.text(st.characters(codec="ascii", exclude_characters="/"), min_size=1, max_size=12)
SETS = st.lists(NAMES, min_size=1, max_size=8, unique=True)


@given(
    st.lists(st.integers(0, 10**12), min_size=2, max_size=9, unique=True), st.randoms(use_true_random=False), st.data()
)
def test_steps_in_the_files_decide_whatever_the_names_say(
    steps: list[int], random: object, data: st.DataObject
) -> None:
    names = data.draw(st.lists(NAMES, min_size=len(steps), max_size=len(steps), unique=True))
    found = order([Told(name, step) for name, step in zip(names, steps, strict=True)])

    assert [steps[place] for place in found.places] == sorted(steps)
    assert found.by == "step"
    assert [found.labels[place] for place in found.places] == list(map(str, sorted(steps)))


@given(SETS, st.data())
def test_every_file_has_a_place_and_the_order_does_not_hang_on_how_they_come(
    names: list[str], data: st.DataObject
) -> None:
    files = [
        Told(
            name,
            data.draw(st.none() | st.integers(-2, 3)),
            data.draw(st.none() | st.integers(0, 2)),
            data.draw(st.booleans()),
        )
        for name in names
    ]
    files = [one if one.readable else Told(one.name, readable=False) for one in files]
    found = order(files)
    assert sorted(found.places) == list(range(len(files)))

    shuffled = data.draw(st.permutations(files))
    again = order(shuffled)
    assert again.by == found.by
    if len({natural(name) for name in names}) == len(
        names
    ):  # names that differ in case only, or 1 and 01, may stand either way
        assert [shuffled[place] for place in again.places] == [files[place] for place in found.places]


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=8, unique=True), st.integers(0, 5))
def test_a_number_that_differs_in_all_names_is_found(numbers: list[int], other: int) -> None:
    assert numbers_of([f"net{other}_after-{number}.pt" for number in numbers]) == numbers


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["epoch=3-step=400.ckpt", "epoch=4-step=100.ckpt"], [400, 100]),
        (["epoch=3-val_loss=0.25.ckpt", "epoch=12-val_loss=0.11.ckpt"], [3, 12]),
        (["checkpoint-500", "checkpoint-1000", "checkpoint-1500"], [500, 1000, 1500]),
        (["model_9.pt", "model_10.pt"], [9, 10]),
        (["e1.pt", "e2.pt"], [1, 2]),
        (["best.pt", "last.pt"], None),
        (["v2_best.pt", "v2_last.pt"], None),
        (["a1b7.pt", "a1b8.pt", "a2b8.pt"], [1, 1, 2]),
    ],
)  # fmt: skip
def test_numbers_in_names(names: list[str], expected: list[int] | None) -> None:
    assert numbers_of(names) == expected


@pytest.mark.parametrize(
    ("files", "by", "expected"),
    [
        ([Told("b", epoch=1), Told("a", epoch=2)], "epoch", "ba"),
        ([Told("b", step=5, epoch=1), Told("a", step=5, epoch=0)], "epoch", "ab"),
        ([Told("b", step=900, epoch=0), Told("a", step=10, epoch=1)], "epoch and step", "ba"),
        ([Told("b", step=10, epoch=0), Told("a", step=900, epoch=1)], "step", "ba"),
        ([Told("b", step=1), Told("a")], "name", "ab"),
        ([Told("b", step=1), Told("a", step=1)], "name", "ab"),
        ([Told("b", step=1), Told("a", readable=False), Told("c", step=0)], "step", "cba"),
        ([Told("x10"), Told("x9"), Told("x11", readable=False)], "number", ["x9", "x10", "x11"]),
        ([Told("x10"), Told("x9"), Told("broken", readable=False)], "number", ["x9", "x10", "broken"]),
    ],
)  # fmt: skip
def test_which_evidence_decides(files: list[Told], by: str, expected: str | list[str]) -> None:
    found = order(files)
    assert found.by == by
    assert [files[place].name for place in found.places] == list(expected)


def test_why_says_what_was_lacking() -> None:
    assert "the files say no step or epoch" in order([Told("a"), Told("b")]).why
    assert "1 file of 2 says no step or epoch" in order([Told("a", step=3), Told("b")]).why
    assert "do not tell them apart" in order([Told("a", step=3), Told("b", step=3)]).why
