"""From the place of a value in a pass to its index in the tensor."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.progress import Report
from ckpt_gui.core.stats.lanes import Way, numbers
from ckpt_gui.core.stats.nouns import Index, Summary
from ckpt_gui.core.tensors import Box, Reading


class Places:
    """Remembers the boxes of a pass; a few numbers each."""

    def __init__(self, dims: int) -> None:
        """``dims``: of the tensor; complex boxes have one more."""
        self._dims = dims
        self._starts: list[int] = []
        self._boxes: list[tuple[Index, tuple[int, ...], tuple[int, ...]]] = []
        self._taken = 0

    def add(self, box: Box) -> None:
        """The next box."""
        shape = box.array.shape[: self._dims]
        self._starts.append(self._taken)
        self._boxes.append((box.origin, shape, box.order[: self._dims]))
        self._taken += math.prod(shape)

    def index(self, place: int) -> Index | None:
        """Where the ``place``-th value of the pass stands; None for a negative place."""
        if place < 0:
            return None
        number = bisect_right(self._starts, place) - 1
        origin, shape, order = self._boxes[number]
        local = np.unravel_index(place - self._starts[number], tuple(shape[dim] for dim in order))
        index = list(origin)
        for dim, at in zip(order, local, strict=True):
            index[dim] += int(at)
        return tuple(index)


def first_of(reading: Reading, tensor: int, way: Way, summary: Summary, report: Report) -> dict[str, Index | None]:
    """Where min, max, the first NaN and the first Inf stand in row-major order, by one more pass in any order."""
    found: dict[str, Index | None] = dict.fromkeys(("min", "max", "nan", "inf"))
    done = 0
    for box in reading.boxes(tensor, raw=False):
        report.at(done, way.nbytes, "bytes")
        done += box.array.nbytes
        values = numbers(box.array, way.form)
        for name, wanted in _wanted(values, summary).items():
            if wanted.any():
                local = np.unravel_index(int(wanted.reshape(-1).argmax()), wanted.shape)
                index = tuple(start + int(at) for start, at in zip(box.origin, local, strict=True))
                before = found[name]
                found[name] = index if before is None else min(index, before)
    return found


def _wanted(values: NDArray[Any], summary: Summary) -> dict[str, NDArray[np.bool_]]:
    masks: dict[str, NDArray[np.bool_]] = {}
    if summary.min is not None and summary.max is not None:
        with np.errstate(invalid="ignore"):
            masks["min"] = values == values.dtype.type(summary.min)
            masks["max"] = values == values.dtype.type(summary.max)
    if summary.nan:
        masks["nan"] = np.isnan(values)
    if summary.posinf or summary.neginf:
        masks["inf"] = np.isinf(values)
    return masks
