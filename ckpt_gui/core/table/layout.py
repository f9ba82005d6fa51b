"""Which entry of a tensor stands in which row and column. Integers only: any size costs the same.

One dimension runs along the columns, all others that are left by the index run down the rows, the last
of them fastest. A single dimension is wrapped into rows of ten, so that row and column read as decimal
digits do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ckpt_gui.core.table.index_line import Index, Place, whole

WRAPPED = 10
"""Entries in a row of a wrapped dimension."""


@dataclass(frozen=True)
class Layout:
    """A table of the entries that ``index`` picks of a tensor of ``shape``."""

    shape: tuple[int, ...]
    index: Index
    column_axis: int | None
    """The dimension along the columns; None: one column, or a wrapped dimension."""
    wrap: int = 0
    """Entries a row, where a single dimension is wrapped; 0: not wrapped."""

    @cached_property
    def row_axes(self) -> tuple[int, ...]:
        """The dimensions down the rows, the fastest last."""
        return tuple(dim for dim in self.index.free if dim != self.column_axis)

    @cached_property
    def axes(self) -> tuple[int, ...]:
        """All dimensions in the order in which the table is read, row by row; fixed ones first."""
        free = (*self.row_axes, *(() if self.column_axis is None else (self.column_axis,)))
        return (*(dim for dim, fixed in enumerate(self.index.fixed) if fixed), *free)

    @cached_property
    def count(self) -> int:
        """How many entries the table has."""
        return math.prod(map(len, self.index.ranges))

    @cached_property
    def columns(self) -> int:
        """How many columns; with ``rows`` 0 there may be some."""
        if self.wrap:
            return min(self.wrap, self.count)
        return 1 if self.column_axis is None else len(self.index.ranges[self.column_axis])

    @cached_property
    def rows(self) -> int:
        """How many rows."""
        if self.wrap:
            return -(-self.count // self.wrap)
        return math.prod(len(self.index.ranges[dim]) for dim in self.row_axes)

    def at(self, row: int, column: int) -> Place | None:
        """The logical index of a cell; None behind the last entry of a wrapped dimension."""
        position = row * self.columns + column
        if not (0 <= row < self.rows and 0 <= column < self.columns) or position >= self.count:
            return None
        place = [0] * len(self.shape)
        for dim in reversed(self.axes):
            picked = self.index.ranges[dim]
            position, at = divmod(position, len(picked))
            place[dim] = picked[at]
        return tuple(place)

    def find(self, place: Sequence[int]) -> tuple[int, int] | None:
        """Row and column of a logical index; None where the index line leaves it out."""
        position = 0
        for dim in self.axes:
            picked = self.index.ranges[dim]
            if place[dim] not in picked:
                return None
            position = position * len(picked) + picked.index(place[dim])
        return divmod(position, self.columns)

    def showing(self, place: Sequence[int]) -> Layout:
        """The layout with as little changed as it takes to show that entry: fixed dimensions move, slices widen."""
        ranges = list(self.index.ranges)
        for dim, at in enumerate(place):
            if at not in ranges[dim]:
                ranges[dim] = range(at, at + 1) if self.index.fixed[dim] else range(self.shape[dim])
        return Layout(self.shape, Index(tuple(ranges), self.index.fixed), self.column_axis, self.wrap)

    def stepped(self, by: int) -> Layout:
        """The next (or with -1 the one before) of the parts that its fixed dimensions number; round the end."""
        ranges = list(self.index.ranges)
        for dim in reversed([dim for dim, fixed in enumerate(self.index.fixed) if fixed]):
            carried, at = divmod(ranges[dim].start + by, self.shape[dim])
            ranges[dim] = range(at, at + 1)
            if not carried:
                break
        return Layout(self.shape, Index(tuple(ranges), self.index.fixed), self.column_axis, self.wrap)

    def row_label(self, row: int) -> str:
        """What stands before a row: its indices along the dimensions that run down."""
        if self.wrap:
            return str(self.index.ranges[self.row_axes[0]][row * self.wrap])
        labels = []
        for dim in reversed(self.row_axes):
            row, at = divmod(row, len(self.index.ranges[dim]))
            labels.append(str(self.index.ranges[dim][at]))
        return ", ".join(reversed(labels))

    def column_label(self, column: int) -> str:
        """What stands above a column: its index; of a wrapped dimension how much it adds."""
        if self.wrap:
            return f"{column * self.index.ranges[self.row_axes[0]].step:+d}"
        if self.column_axis is None:
            return "value"
        return str(self.index.ranges[self.column_axis][column])

    def boxes(self, rows: range, columns: range) -> Iterator[tuple[tuple[range, ...], int]]:
        """What to read for a page: boxes of positions in ``index.ranges`` by dimension, and the row each begins at.

        Of a wrapped dimension the page is whole rows, ``columns`` are ignored, and one box holds them all.
        """
        base = [range(len(picked)) for picked in self.index.ranges]
        if self.wrap:
            base[self.row_axes[0]] = range(rows.start * self.wrap, min(rows.stop * self.wrap, self.count))
            yield tuple(base), rows.start
            return
        if self.column_axis is not None:
            base[self.column_axis] = columns
        for row, run in _runs(rows, [len(self.index.ranges[dim]) for dim in self.row_axes]):
            for dim, picked in zip(self.row_axes, run, strict=True):
                base[dim] = picked
            yield tuple(base), row


def layout(
    shape: Sequence[int], index: Index | None = None, column_axis: int | None = None, *, wrap: bool = True
) -> Layout:
    """The table of those entries; ``column_axis`` where it is one of several dimensions left, else the last of them.

    ``wrap``: whether a single dimension is wrapped; one column otherwise.
    """
    index = index or whole(shape)
    free = index.free
    if len(free) < 2:
        return Layout(tuple(shape), index, None, WRAPPED if free and wrap else 0)
    return Layout(tuple(shape), index, column_axis if column_axis in free else free[-1])


def _runs(rows: range, sizes: Sequence[int]) -> Iterator[tuple[int, list[range]]]:
    """Rows counted through dimensions of those sizes, as boxes: the first row of each, and its range a dimension."""
    if not sizes or not rows:
        yield from [(rows.start, [])] if rows else ()
        return
    inner, at = math.prod(sizes[1:]), rows.start
    while at < rows.stop:
        here, within = divmod(at, inner)
        full = (rows.stop - at) // inner if not within else 0
        if full:
            yield at, [range(here, here + full), *(range(size) for size in sizes[1:])]
            at += full * inner
        else:
            stop = min(rows.stop, (here + 1) * inner)
            for row, run in _runs(range(within, stop - here * inner), sizes[1:]):
                yield here * inner + row, [range(here, here + 1), *run]
            at = stop
