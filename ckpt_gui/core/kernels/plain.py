"""The passes in NumPy: quicker than machine code for a small tensor, and there before anything is compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.kernels.cells import Cells
from ckpt_gui.core.kernels.partial import NOWHERE, Moments, Partial


class PlainNumbers:
    """Floats or integers of 32 and 64 bits."""

    def __init__(self, cells: Cells | None, scale: float) -> None:
        """``cells``: count by them; None keeps every value (of a small tensor) and counts each by itself."""
        self._cells = cells
        self.counts = np.zeros(len(cells) if cells is not None else 0, np.int64)
        self._scale = scale
        self._kept: list[NDArray[Any]] = []
        self._taken = 0
        self._partial = Partial()

    def add(self, block: NDArray[Any]) -> None:
        """The next values."""
        part = self._partial
        finite = np.isfinite(block)
        chosen = block
        if not finite.all():
            self._count_others(block)
            chosen = block[finite]
        if chosen.size:
            self._extremes(block, chosen)
            part.plus_zeros += int(np.count_nonzero((chosen == 0) & ~np.signbit(chosen)))
            part.minus_zeros += int(np.count_nonzero((chosen == 0) & np.signbit(chosen)))
            with np.errstate(over="ignore", invalid="ignore"):  # of squares out of range: taken again with a scale
                part.moments.add(_moments(chosen, self._scale))
            if self._cells is None:
                self._kept.append(chosen.copy())
            else:
                self.counts += np.bincount(_cell_numbers(chosen, self._cells), minlength=len(self._cells))
        self._taken += block.size

    def _count_others(self, block: NDArray[Any]) -> None:
        part = self._partial
        nan, infinite = np.isnan(block), np.isinf(block)
        part.nan += int(np.count_nonzero(nan))
        part.posinf += int(np.count_nonzero(infinite & (block > 0)))
        part.neginf += int(np.count_nonzero(infinite & (block < 0)))
        if part.at_nan == NOWHERE and nan.any():
            part.at_nan = self._taken + int(nan.argmax())
        if part.at_inf == NOWHERE and infinite.any():
            part.at_inf = self._taken + int(infinite.argmax())

    def _extremes(self, block: NDArray[Any], finite: NDArray[Any]) -> None:
        part = self._partial
        low, high = finite.min(), finite.max()
        if part.min is None or low.item() < part.min:
            part.min, part.at_min = low.item(), self._taken + int((block == low).argmax())
        if part.max is None or high.item() > part.max:
            part.max, part.at_max = high.item(), self._taken + int((block == high).argmax())

    def result(self) -> Partial:
        """What all blocks together gave."""
        part = self._partial
        if self._cells is not None:
            part.low, part.high, part.counts = filled(self._cells, self.counts, part)
        elif self._kept:
            values = np.concatenate(self._kept).astype(np.float64)
            part.low, part.counts = np.unique(values, return_counts=True)
            part.high = part.low
        return part


@np.errstate(over="ignore", invalid="ignore")  # what is beyond float64 is done again, on a smaller scale
def _moments(values: NDArray[Any], scale: float) -> Moments:
    pilot = values[0].item()
    if values.dtype.kind in "iu":
        far = int(values.max()) - int(values.min()) >= 1 << 63
        whole = values.astype(np.int64)  # of uint64 the same bits: wrapping around is exact for distances that fit
        away = values.astype(np.float64) - float(pilot) if far else (whole - whole[0]).astype(np.float64)
    else:
        away = values.astype(np.float64) * scale - pilot * scale
    sizes = np.abs(values.astype(np.float64)) * scale
    mean = float(away.mean())
    rest = away - mean
    return Moments(values.size, pilot, mean, float(rest @ rest), float(sizes.sum()), scale)


def _cell_numbers(values: NDArray[Any], cells: Cells) -> NDArray[np.int64]:
    if cells.shift == 16:
        return (values.view(np.uint32) >> np.uint32(16)).astype(np.int64)
    return (values.astype(np.float64).view(np.uint64) >> np.uint64(cells.shift)).astype(np.int64)


def filled(
    cells: Cells, counts: NDArray[np.int64], part: Partial
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """The cells of finite values that hold any, in order of value; zeros become a cell of their own."""
    counts = counts.copy()
    counts[0] -= part.plus_zeros
    counts[len(cells) // 2] -= part.minus_zeros
    numbers = np.flatnonzero(counts)
    numbers = numbers[np.isfinite(cells.low[numbers])]
    low, high, found = cells.low[numbers], cells.high[numbers], counts[numbers]
    tiny = numbers == 0
    low[tiny] = np.float64(2.0**-149) if cells.shift == 16 else 5e-324
    tiny = numbers == len(cells) // 2
    high[tiny] = -np.float64(2.0**-149) if cells.shift == 16 else -5e-324
    if zeros := part.plus_zeros + part.minus_zeros:
        low, high, found = np.append(low, 0.0), np.append(high, 0.0), np.append(found, zeros)
    order = np.argsort(low, kind="stable")
    return low[order], high[order], found[order]


class PlainPatterns:
    """Types of 8 and 16 bits: how often each pattern occurs and where it occurs first."""

    def __init__(self, table: NDArray[np.float64]) -> None:
        self._table = table
        self.counts = np.zeros(len(table), np.int64)
        self.first = np.full(len(table), NOWHERE, np.int64)
        self._taken = 0

    def add(self, block: NDArray[Any]) -> None:
        """The next patterns (unsigned)."""
        found, places, counts = np.unique(block, return_index=True, return_counts=True)
        self.counts[found] += counts
        fresh = self.first[found] == NOWHERE
        self.first[found[fresh]] = places[fresh] + self._taken
        self._taken += block.size

    def result(self) -> Partial:
        """What all blocks together gave."""
        part = of_patterns(self._table, self.counts)

        def first(wanted: NDArray[np.bool_]) -> int:
            places = self.first[wanted & (self.counts > 0)]
            return int(places.min()) if places.size else NOWHERE

        part.at_nan, part.at_inf = first(np.isnan(self._table)), first(np.isinf(self._table))
        if part.min is not None and part.max is not None:
            part.at_min, part.at_max = first(self._table == part.min), first(self._table == part.max)
        return part


def of_patterns(table: NDArray[np.float64], counts: NDArray[np.int64]) -> Partial:
    """All that follows from how often each pattern occurs, but for where."""
    part = Partial()
    there = np.flatnonzero(counts)
    values, counts = table[there], counts[there]
    finite = np.isfinite(values)
    part.nan = int(counts[np.isnan(values)].sum())
    part.posinf, part.neginf = (int(counts[values == infinity].sum()) for infinity in (np.inf, -np.inf))
    values, counts = values[finite], counts[finite]
    if not values.size:
        return part
    zero = values == 0
    part.plus_zeros = int(counts[zero & ~np.signbit(values)].sum())
    part.minus_zeros = int(counts[zero & np.signbit(values)].sum())
    total = int(counts.sum())
    mean = float((values * counts).sum() / total)
    rest = values - mean
    part.moments = Moments(
        total, mean, 0.0, float((rest * rest * counts).sum()), float((np.abs(values) * counts).sum())
    )
    part.low, place = np.unique(values, return_inverse=True)
    part.high, part.counts = part.low, np.bincount(place, counts).astype(np.int64)
    part.min, part.max = float(part.low[0]), float(part.low[-1])
    return part
