"""The cells of a picture while blocks of values are laid into it: the largest magnitude, or sum and count, of each.

Bounded by the number of cells, whatever the size of the tensor; canvases of several threads add up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.heatmap.keys import Array, rows_at_once
from ckpt_gui.core.heatmap.plane import Region

Ints = NDArray[np.int64]
_FEW = 12
"""Blocks of so few columns are reduced column by column (13 GB/s); reduceat needs longer ones."""
_NARROW = 64
"""Rows of fewer values than this are reduced many at a time."""


class Bins(NamedTuple):
    """Consecutive rows (or columns) of a block and the cells they fall into."""

    cells: Ints
    """Cells met, increasing."""
    starts: Ints
    """First row of each cell."""
    length: int
    """Rows."""
    block: int
    """Rows a whole cell takes, if they follow one another without a gap; 0 if that is not known."""

    def sizes(self) -> Ints:
        """Rows in each cell."""
        return np.diff(self.starts, append=self.length)


def run_bins(start: int, count: int, block: int) -> Bins:
    """Of ``count`` rows that follow one another from ``start``, cells ``block`` rows high."""
    first, last = start // block, (start + count - 1) // block
    cells = np.arange(first, last + 1)
    return Bins(cells, np.maximum(cells * block - start, 0), count, block)


def list_bins(numbers: Ints, block: int) -> Bins:
    """Of rows with increasing ``numbers``."""
    cells = numbers // block
    starts = np.flatnonzero(np.diff(cells, prepend=-1))
    return Bins(cells[starts], starts, len(numbers), 0)


class Canvas:
    """Cells of ``block`` rows × columns over a region, empty at first."""

    def __init__(self, region: Region, block: tuple[int, int], dtype: np.dtype[Any], *, mean: bool = False) -> None:
        """``dtype``: of the keys; a mean is summed in float64 whatever it is."""
        self.region, self.block, self.mean = region, block, mean
        cells = (-(-region.height // block[0]), -(-region.width // block[1]))
        self.cells = np.zeros(cells, np.float64 if mean else dtype)
        self.counts: Array = np.zeros(cells, np.int64) if mean else np.zeros(cells, np.bool_)
        """Values laid into each cell; for the largest only whether there were any."""

    def lay(self, values: Array, rows: Bins, columns: Bins, prepare: Callable[[Array], Array]) -> None:
        """Lay a block in: ``prepare`` makes keys (or numbers to sum) of some rows of it at a time."""
        with np.errstate(all="ignore"):  # sums of infinities
            if values.strides[0] < values.strides[1] and values.shape[1] > 1:
                self._lay(values.T, columns, rows, prepare, turned=True)
            else:
                self._lay(values, rows, columns, prepare, turned=False)

    def _lay(
        self, values: Array, rows: Bins, columns: Bins, prepare: Callable[[Array], Array], *, turned: bool
    ) -> None:
        combine = np.add if self.mean else np.maximum
        height = rows_at_once(values)
        at, ends = 0, np.append(rows.starts[1:], rows.length)
        while at < len(rows.cells):
            low = int(rows.starts[at])
            after = max(at + 1, int(np.searchsorted(ends, low + height, side="right")))
            some = values[low : int(ends[after - 1])]
            starts = rows.starts[at:after] - low
            reduced = _reduce(some, starts, height, prepare, combine)
            reduced = _reduce_columns(reduced, columns, combine)
            self._merge(reduced, rows.cells[at:after], columns.cells, turned=turned)
            at = after
        sizes = (columns.sizes(), rows.sizes()) if turned else (rows.sizes(), columns.sizes())
        cells = (columns.cells, rows.cells) if turned else (rows.cells, columns.cells)
        self._count(cells, sizes)

    def _merge(self, reduced: Array, rows: Ints, columns: Ints, *, turned: bool) -> None:
        cells = self.cells.T if turned else self.cells
        where = _where(rows, columns)
        (np.add if self.mean else np.maximum)(cells[where], reduced, out=reduced)
        cells[where] = reduced

    def _count(self, cells: tuple[Ints, Ints], sizes: tuple[Ints, Ints]) -> None:
        where = _where(*cells)
        if self.mean:
            self.counts[where] += sizes[0][:, None] * sizes[1]
        else:
            self.counts[where] = True

    def scatter(self, rows: Ints, columns: Ints, prepared: Array) -> None:
        """Lay single values in, each at its own row and column of the region."""
        where = (rows // self.block[0], columns // self.block[1])
        with np.errstate(all="ignore"):
            (np.add if self.mean else np.maximum).at(self.cells, where, prepared)

    def fill(self) -> None:
        """Every place of the region that was not laid holds a zero, as in a sparse tensor."""
        rows, columns = (
            np.minimum(block, length - block * np.arange(cells))
            for block, length, cells in zip(
                self.block, (self.region.height, self.region.width), self.cells.shape, strict=True
            )
        )
        self.counts = rows[:, None] * columns if self.mean else np.ones_like(self.counts)

    def add(self, other: Canvas) -> None:
        """What another canvas of the same region and block holds."""
        with np.errstate(all="ignore"):
            (np.add if self.mean else np.maximum)(self.cells, other.cells, out=self.cells)
        self.counts = self.counts + other.counts


def _where(rows: Ints, columns: Ints) -> Any:
    """An index of those cells; slices where they follow one another, which is quick."""
    if _dense(rows) and _dense(columns):
        return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return np.ix_(rows, columns)


def _dense(numbers: Ints) -> bool:
    return int(numbers[-1] - numbers[0]) == len(numbers) - 1


def _reduce(values: Array, starts: Ints, height: int, prepare: Callable[[Array], Array], combine: np.ufunc) -> Array:
    """Rows → one row a cell. A cell of very many rows is prepared in parts."""
    if len(starts) == 1 and len(values) > height:
        parts = [_down(prepare(values[at : at + height]), combine) for at in range(0, len(values), height)]
        whole: Array = combine.reduce(np.stack(parts), axis=0, keepdims=True)
        return whole
    prepared = prepare(values)
    if len(starts) == len(values):
        return prepared.copy() if prepared is values else prepared
    ends = np.append(starts[1:], len(values))
    return np.stack([_down(prepared[start:end], combine) for start, end in zip(starts, ends, strict=True)])


def _down(values: Array, combine: np.ufunc) -> Array:
    """All rows → one. Short rows go many at a time: a loop over two columns runs at a fiftieth of the speed."""
    rows, columns = values.shape
    if columns < _NARROW and rows > 2 * _NARROW and values.flags.c_contiguous:
        times = _NARROW // columns + 1
        whole = rows // times * times
        wide = combine.reduce(values[:whole].reshape(-1, times * columns), axis=0).reshape(times, columns)
        values = np.concatenate([wide, values[whole:]])
    reduced: Array = combine.reduce(values, axis=0)
    return reduced


def _reduce_columns(values: Array, bins: Bins, combine: np.ufunc) -> Array:
    """Columns → one a cell."""
    if len(bins.cells) == bins.length:
        return values
    if not 1 < bins.block <= _FEW or len(bins.cells) < 4:
        return combine.reduceat(values, bins.starts, axis=1)
    reduced = np.empty((len(values), len(bins.cells)), values.dtype)
    first, last = int(bins.starts[1]), int(bins.starts[-1])
    combine.reduce(values[:, :first], axis=1, out=reduced[:, 0])
    inner = values[:, first : first + bins.block * (len(bins.cells) - 2)]
    target = reduced[:, 1:-1]
    target[...] = inner[:, :: bins.block]
    for column in range(1, bins.block):
        combine(target, inner[:, column :: bins.block], out=target)
    combine.reduce(values[:, last:], axis=1, out=reduced[:, -1])
    return reduced
