"""Where entries stand: NumPy's transposition and reshaping are the judge."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.table.index_line import Index, parse
from ckpt_gui.core.table.layout import WRAPPED, Layout, layout


@st.composite
def layouts(draw: st.DrawFn, least: int = 0) -> Layout:
    """A layout of any small shape, with any index and column dimension."""
    shape = tuple(draw(st.lists(st.integers(max(least, 1), 5), max_size=4)))
    ranges, fixed = [], []
    for size in shape:
        if draw(st.booleans()) and draw(st.booleans()):
            at = draw(st.integers(0, size - 1))
            ranges.append(range(at, at + 1))
            fixed.append(True)
        else:
            ranges.append(range(*draw(st.slices(size)).indices(size)))
            fixed.append(False)
    axis = draw(st.none() | st.integers(0, 3))
    return layout(shape, Index(tuple(ranges), tuple(fixed)), axis, wrap=draw(st.booleans()))


def as_table(shown: Layout) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Row-major numbers of the tensor's entries, as NumPy arranges them."""
    array = np.arange(int(np.prod(shown.shape))).reshape(shown.shape)
    return array[shown.index.slices()].transpose(shown.axes)


@given(layouts())
def test_cells_are_numpys_rows_and_columns(shown: Layout) -> None:
    entries = as_table(shown).reshape(-1)
    assert shown.count == len(entries)
    found = []
    for row in range(shown.rows):
        for column in range(shown.columns):
            place = shown.at(row, column)
            if place is not None:
                found.append(int(np.ravel_multi_index(place, shown.shape)) if place else 0)
                assert shown.find(place) == (row, column)
    assert found == entries.tolist()


@given(layouts(), st.data())
def test_boxes_are_the_rows_asked_for(shown: Layout, data: st.DataObject) -> None:
    if not shown.count:
        return
    first = data.draw(st.integers(0, shown.rows - 1))
    rows = range(first, data.draw(st.integers(first + 1, shown.rows)))
    across = range(shown.columns)
    if not shown.wrap:
        left = data.draw(st.integers(0, shown.columns - 1))
        across = range(left, data.draw(st.integers(left + 1, shown.columns)))
    array = np.arange(int(np.prod(shown.shape))).reshape(shown.shape)
    got: list[int] = []
    for box, begin in shown.boxes(rows, across):
        assert begin == rows.start + len(got) // len(across)
        indices = [[picked[at] for at in part] for picked, part in zip(shown.index.ranges, box, strict=True)]
        part = array[np.ix_(*indices)] if indices else array
        got += part.transpose(shown.axes).reshape(-1).tolist()
    cells = [shown.at(row, column) for row in rows for column in across]
    wanted = [int(np.ravel_multi_index(place, shown.shape)) if place else 0 for place in cells if place is not None]
    assert got == wanted


@given(layouts(least=1), st.data())
def test_any_entry_can_be_shown(shown: Layout, data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, size - 1)) for size in shown.shape)
    wider = shown.showing(place)
    cell = wider.find(place)
    assert cell is not None
    assert wider.at(*cell) == place
    assert wider.index.fixed == shown.index.fixed
    if shown.find(place) is not None:
        assert wider == shown


def test_labels_are_logical_indices() -> None:
    shown = layout((4, 3, 20), parse("::2, 1, 5:15", (4, 3, 20)))
    assert (shown.row_axes, shown.column_axis) == ((0,), 2)
    assert [shown.row_label(row) for row in range(2)] == ["0", "2"]
    assert shown.column_label(0) == "5"
    several = layout((4, 3, 20))
    assert several.row_label(5) == "1, 2"
    assert several.rows == 12


def test_one_dimension_stands_in_rows_of_ten() -> None:
    shown = layout((25,))
    assert (shown.rows, shown.columns) == (3, WRAPPED)
    assert (shown.row_label(2), shown.column_label(3)) == ("20", "+3")
    assert shown.at(2, 4) == (24,)
    assert shown.at(2, 5) is None
    backwards = layout((25,), parse("::-1", (25,)))
    assert (backwards.row_label(0), backwards.column_label(1)) == ("24", "-1")
    assert layout((25,), wrap=False).columns == 1


def test_a_scalar_is_one_cell() -> None:
    shown = layout(())
    assert (shown.rows, shown.columns, shown.at(0, 0), shown.find(())) == (1, 1, (), (0, 0))


def test_parts_are_stepped_through_in_order() -> None:
    shown = layout((2, 3, 4), parse("0, 2, :", (2, 3, 4)))
    assert shown.stepped(1).index.text(shown.shape) == "[1, 0, :]"
    assert shown.stepped(1).stepped(-1) == shown
    assert shown.stepped(-3).index.text(shown.shape) == "[1, 2, :]"


def test_size_costs_nothing() -> None:
    shown = layout((1 << 40, 1 << 30))
    assert shown.at(shown.rows - 1, 5) == ((1 << 40) - 1, 5)
    assert shown.find(((1 << 40) - 1, 5)) == ((1 << 40) - 1, 5)
    assert list(shown.boxes(range(1 << 39, (1 << 39) + 2), range(3))) == [
        ((range(1 << 39, (1 << 39) + 2), range(3)), 1 << 39)
    ]
