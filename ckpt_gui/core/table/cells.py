"""A page of a table: the values of some rows and columns, read at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.table.index_line import slice_of
from ckpt_gui.core.table.layout import Layout, layout
from ckpt_gui.core.tensors import Form, Reading, decode

Array = npt.NDArray[Any]
_COMPRESSED = {"sparse_csr": "col_indices", "sparse_bsr": "col_indices", "sparse_csc": "row_indices",
               "sparse_bsc": "row_indices"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cells:
    """What was read of a table."""

    form: Form
    rows: range
    columns: range
    values: Array
    """(rows, columns), decoded. Behind the last entry of a wrapped dimension: anything; ``Layout.at`` is None there."""
    patterns: Array
    """The same as bits; a last axis of 2 for complex types."""
    labels: tuple[str, ...]
    """Of each row, where it stands in the sparse tensor; () if the tensor is not sparse."""

    def cell(self, row: int, column: int) -> tuple[Any, Any]:
        """Value and pattern (two for complex types) of a cell of the table."""
        at = (row - self.rows.start, column - self.columns.start)
        return self.values[at], self.patterns[at]


@dataclass(frozen=True, slots=True)
class Table:
    """A tensor that a table is made of."""

    reading: Reading
    tensor: int
    form: Form
    start: Layout
    """How it is shown first."""
    sparse: bool
    """Rows are stored entries, and each says where it stands."""
    quantized: bool
    """There are stored integers, and numbers they stand for."""
    raw: bool
    """These are the stored integers."""

    def labels_rows(self, shown: Layout) -> bool:
        """Whether a row is told by where it stands in the sparse tensor: rows must be entries for that."""
        return self.sparse and shown.column_axis != 0

    def longest_label(self, shown: Layout) -> str:
        """What stands before the row with the most to say."""
        if not self.labels_rows(shown):
            return shown.row_label(shown.rows - 1)
        return ", ".join(str(max(size - 1, 0)) for size in self.reading.checkpoint.shape(self.tensor))


def fetch(reading: Reading, tensor: int, layout: Layout, rows: range, columns: range, *, raw: bool = False) -> Cells:
    """Read some rows and columns of a table; those of a wrapped dimension whole. ``raw`` as in ``Reading.values``.

    Raises NoValues and ReadError.
    """
    form = reading.form(tensor, raw=raw)
    tail = (form.parts,) if form.parts > 1 else ()
    if layout.wrap:
        columns = range(layout.columns)
    held = np.zeros((len(rows) * len(columns), *tail), form.pattern)
    for box, first in layout.boxes(rows, columns):
        index = tuple(slice_of(picked[at.start : at.stop]) for picked, at in zip(layout.index.ranges, box, strict=True))
        array = reading.patterns(tensor, index, raw=raw)
        turned = array.transpose(*layout.axes, *((array.ndim - 1,) if tail else ())).reshape(-1, *tail)
        begin = (first - rows.start) * len(columns)
        held[begin : begin + len(turned)] = turned
    patterns = held.reshape(len(rows), len(columns), *tail)
    return Cells(form, rows, columns, decode(patterns, form), patterns, _labels(reading, tensor, layout, rows))


def entry_axes(checkpoint: Checkpoint, reading: Reading, tensor: int) -> int:
    """How many leading dimensions of a sparse tensor's stored values count its entries; 0 if it is not sparse."""
    info = checkpoint.tensor(tensor)
    if info.layout == "sparse_coo":
        return 1
    part = dict(info.parts).get(_COMPRESSED.get(info.layout, ""))
    return len(reading.form(part).shape) if part is not None else 0


def open_table(reading: Reading, tensor: int, *, raw: bool = False) -> Table:
    """A tensor as it is shown first: all of it, its last dimension along the columns; one dimension in rows of ten.

    Of a sparse tensor each stored entry has a row of its own. Raises NoValues. Without I/O.
    """
    form = reading.form(tensor, raw=raw)
    depth = entry_axes(reading.checkpoint, reading, tensor)
    quantized = reading.checkpoint.tensor(tensor).quantizer is not None
    return Table(reading, tensor, form, layout(form.shape, wrap=not depth), depth > 0, quantized, raw)


def _labels(reading: Reading, tensor: int, layout: Layout, rows: range) -> tuple[str, ...]:
    """Where the entries of a sparse tensor stand, a word a row; those within a block count on behind a semicolon."""
    depth = entry_axes(reading.checkpoint, reading, tensor)
    if not depth or not rows:
        return ()
    sizes = layout.shape[:depth]
    places = [layout.at(row, 0) for row in rows]
    numbers = [int(np.ravel_multi_index(place[:depth], sizes)) if place else 0 for place in places]
    start, stop = min(numbers), max(numbers) + 1
    found = reading.indices(tensor, start, stop)
    labels = []
    for place, number in zip(places, numbers, strict=True):
        words = ", ".join(map(str, found[number - start])) if number - start < len(found) else ""
        inner = [str(place[dim]) for dim in layout.row_axes if dim >= depth] if place else []
        labels.append("; ".join([words, *([", ".join(inner)] if inner else [])]))
    return tuple(labels)
