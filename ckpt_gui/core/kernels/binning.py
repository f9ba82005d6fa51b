"""Exact counts between given edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.kernels.cells import Cells, float32_cells, float64_cells
from ckpt_gui.core.kernels.passes import WORTH_A_COMPILER, Lane, compiled_at_hand

_MOST_PLACES = 60_000
BLOCK = 1 << 16
"""Elements converted at once where a type is counted as another."""


class Binning:
    """Counts blocks of a lane: 0 under the first edge, bin i, the last over the last; non-finite values not at all."""

    def __init__(self, lane: Lane, edges: NDArray[np.float64], magnitudes: bool, elements: int) -> None:
        self._lane, self._edges, self._magnitudes = lane, edges, magnitudes
        self._counts = np.zeros(len(edges) + 1, np.int64)
        self._patterns = np.zeros(len(lane.table) if lane.table is not None else 0, np.int64)
        self._compiled = lane.table is None and (compiled_at_hand() or elements > WORTH_A_COMPILER)
        self._cells = float32_cells() if lane.dtype == np.float32 else float64_cells()
        self._first = first_bins(self._cells, edges) if self._compiled else np.empty(0, np.int32)
        self._once = False
        if self._compiled and 2 <= len(edges) < _MOST_PLACES and np.all(np.diff(edges) > 0):
            self._prepare(edges)

    def _prepare(self, edges: NDArray[np.float64]) -> None:
        """Tables for counting with one comparison an element, if no cell is cut twice."""
        borders = edges.copy()
        borders[-1] = np.nextafter(edges[-1], np.inf)  # the last bin holds its upper edge too
        self._once = _one_edge_a_cell(self._cells, borders)
        if self._once:
            first = first_bins(self._cells, borders)
            self._places = np.where(first < 0, len(edges) + 1, first).astype(np.uint16)
            self._upper = np.append(borders, [np.inf, np.nan])  # of what is not finite: nothing is beyond NaN
            self._held = np.zeros(len(edges) + 2, np.int64)

    def add(self, block: NDArray[Any]) -> None:
        """The next block: one dimension, contiguous."""
        if self._lane.table is not None:
            self._patterns += np.bincount(block, minlength=len(self._patterns))
        elif self._compiled:
            self._add_compiled(block)
        else:
            self._counts += plain_counts(block[np.isfinite(block)], self._edges, self._magnitudes)

    def _add_compiled(self, block: NDArray[Any]) -> None:
        from ckpt_gui.core.kernels.compiled_bins import bins_once, bins_pass

        for start in range(0, block.size, BLOCK):
            values = block[start : start + BLOCK]
            if self._lane.dtype != np.float32:
                values = values.astype(np.float64)
            if self._magnitudes:
                values = np.abs(values)
            bits = values.view(np.uint32 if values.itemsize == 4 else np.uint64)
            shift = bits.dtype.type(self._cells.shift)
            if self._once:
                bins_once(values, bits, shift, self._places, self._upper, self._held)
            else:
                bins_pass(values, bits, shift, self._first, self._edges, self._counts)

    def counts(self) -> NDArray[np.int64]:
        """What all blocks together gave."""
        if self._once:
            return self._held[:-1].copy()
        if self._lane.table is None:
            return self._counts
        there = np.flatnonzero(self._patterns)
        values, held = self._lane.table[there], self._patterns[there]
        finite = np.isfinite(values)
        values = np.abs(values[finite]) if self._magnitudes else values[finite]
        return np.bincount(bin_of(values, self._edges), held[finite], len(self._edges) + 1).astype(np.int64)


def bin_of(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each value's bin: 0 under the first edge, len(edges) over the last; a bin holds its lower edge, the last both."""
    places = np.searchsorted(edges, values, "right")
    places[values == edges[-1]] = len(edges) - 1
    return places


def plain_counts(values: NDArray[Any], edges: NDArray[np.float64], magnitudes: bool) -> NDArray[np.int64]:
    """The same in NumPy, of finite values of any real type."""
    real = np.abs(values.astype(np.float64)) if magnitudes else values.astype(np.float64)
    return np.bincount(bin_of(real, edges), minlength=len(edges) + 1)


def first_bins(cells: Cells, edges: NDArray[np.float64]) -> NDArray[np.int32]:
    """Of each cell the bin of its lowest value; -1 for those of non-finite values."""
    finite = np.isfinite(cells.low)
    found = np.full(len(cells), -1, np.int32)
    found[finite] = np.searchsorted(edges, cells.low[finite], "right")
    return found


def _one_edge_a_cell(cells: Cells, edges: NDArray[np.float64]) -> bool:
    """Whether no cell of finite values is cut more than once; an edge at a cell's lowest value does not cut it."""
    finite = np.isfinite(cells.low)
    cuts = np.searchsorted(edges, cells.high[finite], "right") - np.searchsorted(edges, cells.low[finite], "right")
    return bool(cuts.max(initial=0) <= 1)
