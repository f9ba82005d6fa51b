"""Typed indices: NumPy is the judge of what they pick, and whatever is typed has an answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.table.index_line import BadIndex, parse, parse_place, slice_of, whole

SHAPES = st.lists(st.integers(0, 6), max_size=4).map(tuple)


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, tuple[int, ...]]:
    """An index as a person types it, and a shape that it may or may not fit."""
    shape = draw(SHAPES)
    number = st.one_of(st.just(""), st.integers(-8, 8).map(str))
    slices = st.lists(number, min_size=2, max_size=3).map(":".join)
    items = draw(st.lists(st.one_of(st.integers(-7, 7).map(str), slices, st.just("...")), max_size=5))
    inner = draw(st.sampled_from([", ", ",", " , "])).join(items)
    return (f"[{inner}]" if draw(st.booleans()) else inner), shape


@given(typed())
def test_it_picks_what_numpy_picks(drawn: tuple[str, tuple[int, ...]]) -> None:
    text, shape = drawn
    array = np.arange(int(np.prod(shape))).reshape(shape)
    inner = text.strip("[]").strip()
    try:
        wanted = eval(f"a[{inner}]", {"a": array}) if inner else array
    except (IndexError, ValueError):
        with pytest.raises(BadIndex) as caught:
            parse(text, shape)
        assert 0 <= caught.value.start < max(caught.value.end, 1)
        assert caught.value.end <= max(len(text), 1)
        assert caught.value.reason
        return
    index = parse(text, shape)
    picked = array[index.slices()].reshape([len(index.ranges[dim]) for dim in index.free])
    np.testing.assert_array_equal(picked, wanted)


@given(typed())
def test_its_text_reads_back(drawn: tuple[str, tuple[int, ...]]) -> None:
    text, shape = drawn
    try:
        index = parse(text, shape)
    except BadIndex:
        return
    again = parse(index.text(shape), shape)
    assert again.fixed == index.fixed
    assert [list(one) for one in again.ranges] == [list(one) for one in index.ranges]


@given(st.text(max_size=40), SHAPES)
def test_any_text_has_an_answer(text: str, shape: tuple[int, ...]) -> None:
    for read in (parse, parse_place):
        bad: BadIndex | None = None
        try:
            read(text, shape)
        except BadIndex as exc:
            bad = exc
        assert bad is None or (bad.reason and 0 <= bad.start <= bad.end)


@pytest.mark.parametrize(
    ("text", "marked", "reason"),
    [
        ("[0, 9, :]", "9", "dimension 1 goes from 0 to 2, or -3 to -1"),
        ("0, :, :, 1", "1", "too many: the tensor has 3 dimensions"),
        ("[0, x]", "x", "neither a number nor a slice such as 3:10"),
        ("0, 1:y", "y", "a whole number is expected here"),
        ("[::0]", "::0", "a step of 0 leads nowhere"),
        ("[0, 1", "[", "this bracket is not closed"),
        ("0, 1]", "]", "this bracket was not opened"),
        ("..., 1, ...", "...", "… can stand only once"),
        ("None", "None", "new axes cannot be made here"),
        ("1:2:3:4", "1:2:3:4", "a slice has at most three numbers, start:stop:step"),
        ("9" * 30, "9" * 30, "this number is too long"),
    ],
)
def test_what_is_wrong_is_marked_and_said(text: str, marked: str, reason: str) -> None:
    with pytest.raises(BadIndex) as caught:
        parse(text, (2, 3, 4))
    assert (text[caught.value.start : caught.value.end], caught.value.reason) == (marked, reason)


@given(SHAPES.filter(lambda shape: 0 not in shape), st.data())
def test_one_number_counts_row_by_row(shape: tuple[int, ...], data: st.DataObject) -> None:
    total = int(np.prod(shape))
    number = data.draw(st.integers(-total, total - 1))
    if len(shape) < 1:
        assert parse_place("", shape) == ()
        return
    assert parse_place(str(number), shape) == tuple(map(int, np.unravel_index(number % total, shape)))


@pytest.mark.parametrize("text", ["1, 2", "1, 2, 3, 4", "a, b, c", "1, :, 2", "24", "[1, 2, 9]"])
def test_a_place_is_one_entry(text: str) -> None:
    with pytest.raises(BadIndex):
        parse_place(text, (2, 3, 4))
    assert parse_place(" [1, -1, 3] ", (2, 3, 4)) == (1, 2, 3)


@given(st.integers(0, 9), st.slices(9))
def test_ranges_become_slices_again(size: int, picked: slice) -> None:
    one = range(*picked.indices(size))
    assert list(range(size))[slice_of(one)] == list(one)


def test_all_of_a_huge_tensor_costs_nothing() -> None:
    assert whole((1 << 40, 1 << 40)).text((1 << 40, 1 << 40)) == "[:, :]"
    assert parse("-1, 5:", (1 << 40, 1 << 40)).ranges[0][0] == (1 << 40) - 1
