"""Where the stored values of a sparse tensor stand.

Layouts after torch's "Sparse tensors" documentation: COO keeps an index per value; the compressed ones
keep where each row (column) begins, and the column (row) of each value; BSR and BSC keep blocks.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.model import TensorInfo
from ckpt_gui.core.tensors.encodings import Array
from ckpt_gui.core.tensors.form import Form

Indices = npt.NDArray[np.int64]

MAX_INDICES = 1 << 22
"""Stored values whose places are given at once."""
MAX_BATCHES = 4096
"""Batches that are looked into at once: each takes reads of its own."""
RUN = 1 << 16
"""Row beginnings read at once."""

_COMPRESSED = {
    "sparse_csr": ("crow_indices", "col_indices", 0), "sparse_bsr": ("crow_indices", "col_indices", 0),
    "sparse_csc": ("ccol_indices", "row_indices", 1), "sparse_bsc": ("ccol_indices", "row_indices", 1),
}  # fmt: skip
"""Names of the parts, and which of the two dimensions is the compressed one."""


class Values(Protocol):
    """What indices are read through."""

    def form(self, tensor: int) -> Form:
        """What a tensor's values are."""
        ...

    def values(self, tensor: int, index: tuple[slice, ...] = ()) -> Array:
        """Some of a tensor's values."""
        ...


def indices(info: TensorInfo, reading: Values, start: int, stop: int) -> Indices:
    """Logical indices of the stored values ``start`` … ``stop - 1``: int64 of shape (n, dims).

    COO: ``dims`` are the sparse dimensions; each stored value is an element, or a dense block of the others.
    CSR and CSC: batch dimensions, row, column. BSR and BSC: the same of each block's corner element; a stored
    value is a block. Batches are counted through: with ``k`` values a batch, number ``k`` is the first of the
    second. Raises NoValues for what is not sparse or does not hold together, ReadError for too many at once.
    """
    parts = dict(info.parts)
    if info.layout == "sparse_coo" and "indices" in parts:
        return _coo(parts["indices"], reading, start, stop)
    first, second, axis = _COMPRESSED.get(info.layout, ("", "", 0))
    if first not in parts or second not in parts or "values" not in parts:
        raise NoValues("it is not sparse: its values stand where their indices say")
    return _Compressed(info, reading, parts[first], parts[second], axis).indices(start, stop)


def _bounded(start: int, stop: int, count: int) -> range:
    wanted = range(max(0, start), min(stop, count))
    if len(wanted) > MAX_INDICES:
        raise ReadError(f"{len(wanted):,} indices are more than are shown at once; choose a smaller part")
    return wanted


def _coo(part: int, reading: Values, start: int, stop: int) -> Indices:
    shape = reading.form(part).shape
    if len(shape) != 2:
        raise NoValues("its indices are not a table of two dimensions")
    wanted = _bounded(start, stop, shape[1])
    found = reading.values(part, (slice(None), slice(wanted.start, wanted.stop)))
    return np.ascontiguousarray(found.T.astype(np.int64))


class _Compressed:
    """Rows (or columns) that say where they begin."""

    def __init__(self, info: TensorInfo, reading: Values, begins: int, others: int, axis: int) -> None:
        self._reading, self._begins, self._others, self._axis = reading, begins, others, axis
        self._batch, self._held = self._shapes(info)
        self._block = (1, 1)
        if info.layout in ("sparse_bsr", "sparse_bsc"):
            values = reading.form(dict(info.parts)["values"]).shape
            if len(values) < len(self._batch) + 3:
                raise NoValues("its values are not blocks of rows and columns")
            self._block = (values[len(self._batch) + 1], values[len(self._batch) + 2])

    def _shapes(self, info: TensorInfo) -> tuple[tuple[int, ...], int]:
        """Batch sizes, and stored values a batch."""
        begins, others = self._reading.form(self._begins).shape, self._reading.form(self._others).shape
        fits = len(begins) == len(others) >= 1 and begins[:-1] == others[:-1] and begins[-1] >= 1
        if not fits or len(info.shape) < len(others) + 1:
            raise NoValues("its indices do not fit together")
        return others[:-1], others[-1]

    def indices(self, start: int, stop: int) -> Indices:
        wanted = _bounded(start, stop, math.prod(self._batch) * self._held)
        if len(wanted) > MAX_BATCHES * self._held:
            raise ReadError(f"more than {MAX_BATCHES:,} batches are too many at once; choose a smaller part")
        found = np.empty((len(wanted), len(self._batch) + 2), np.int64)
        at = wanted.start
        while at < wanted.stop:
            batch, begin = divmod(at, self._held)
            end = min(self._held, begin + wanted.stop - at)
            self._one_batch(batch, begin, end, found[at - wanted.start :][: end - begin])
            at += end - begin
        return found

    def _one_batch(self, batch: int, begin: int, end: int, out: Indices) -> None:
        rank = len(self._batch)
        place: list[int] = []
        for size in reversed(self._batch):
            batch, one = divmod(batch, size)
            place.insert(0, one)
        picked = tuple(slice(one, one + 1) for one in place)
        others = self._reading.values(self._others, (*picked, slice(begin, end))).reshape(-1)
        out[:, :rank] = place
        out[:, rank + 1 - self._axis] = others * self._block[1 - self._axis]
        out[:, rank + self._axis] = self._owners(picked, begin, end) * self._block[self._axis]

    def _owners(self, picked: tuple[slice, ...], begin: int, end: int) -> Indices:
        """The row (column) of each of the values ``begin`` … ``end - 1`` of one batch."""
        rows = self._reading.form(self._begins).shape[-1] - 1

        def begins(first: int, stop: int) -> Indices:
            return self._reading.values(self._begins, (*picked, slice(first, stop))).reshape(-1).astype(np.int64)

        row = max(0, bisect_right(range(rows), begin, key=lambda one: int(begins(one, one + 1)[0])) - 1)
        owners = np.empty(end - begin, np.int64)
        done = 0
        while done < len(owners) and row < rows:
            ends = begins(row + 1, min(row + 1 + RUN, rows + 1))
            upto = min(max(int(ends[-1]) - begin, done), len(owners))
            owners[done:upto] = row + np.searchsorted(ends, np.arange(begin + done, begin + upto), side="right")
            row, done = row + len(ends), upto
        owners[done:] = rows - 1  # beginnings that do not reach all values: nonsense, but within bounds
        return owners
