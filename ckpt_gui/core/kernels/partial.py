"""What a pass over some of a tensor's values leaves behind, and how two such are merged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Number = int | float
NOWHERE = -1
_LEAST, _MOST = 1e-140, 1e140
"""Magnitudes whose squares, and their sums, a float64 holds with room to spare."""


@dataclass(slots=True)
class Moments:
    """Count, mean and sum of squared distances from it; the mean is told from a pilot value, so nothing cancels."""

    count: int = 0
    pilot: Number = 0
    """A finite value of the tensor's; an int for integers, whose distances are exact."""
    mean: float = 0.0
    """Minus the pilot, times ``scale``."""
    m2: float = 0.0
    """Times the square of ``scale``."""
    l1: float = 0.0
    """Sum of magnitudes, times ``scale``."""
    scale: float = 1.0
    """A power of two that keeps the squares of extreme float64 values in range."""

    def add(self, other: Moments) -> None:
        """Chan, Golub and LeVeque's pairwise formula."""
        if not other.count:
            return
        if not self.count:
            self.pilot, self.scale = other.pilot, other.scale
        scale = min(self.scale, other.scale)
        mine, theirs = scale / self.scale, scale / other.scale
        both = self.count + other.count
        mean = self.mean * mine
        step = other.mean * theirs - mean + _apart(other.pilot, self.pilot, scale)
        self.m2 = self.m2 * mine**2 + other.m2 * theirs**2 + step * step * (self.count / both * other.count)
        self.mean = mean + step * (other.count / both)
        self.l1 = self.l1 * mine + other.l1 * theirs
        self.count, self.scale = both, scale


def _apart(one: Number, other: Number, scale: float) -> float:
    if isinstance(one, int) and isinstance(other, int):
        return float(one - other) * scale
    return float(one) * scale - float(other) * scale


@dataclass(slots=True)
class Partial:
    """The values of one pass. Places are element numbers in the order they came in; ``NOWHERE`` for none."""

    nan: int = 0
    posinf: int = 0
    neginf: int = 0
    plus_zeros: int = 0
    minus_zeros: int = 0
    min: Number | None = None
    max: Number | None = None
    at_min: int = NOWHERE
    at_max: int = NOWHERE
    at_nan: int = NOWHERE
    at_inf: int = NOWHERE
    moments: Moments = field(default_factory=Moments)
    low: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """Lowest value of each cell of finite values that holds any; increasing. Zeros are a cell of their own."""
    high: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def scale_for(found: Partial) -> float:
    """The power of two that brings extreme values near 1, so that squares stay in range; 1.0 for all others."""
    size = max(abs(float(found.min or 0)), abs(float(found.max or 0)))
    if not size or _LEAST < size < _MOST:
        return 1.0
    return math.ldexp(1.0, min(-math.frexp(size)[1], 1000))


def merged_cells(
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Cells (low, high, counts) of several passes as one sorted list; equal lows are one cell."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0, np.int64)
    lows, highs, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    low, place = np.unique(lows, return_inverse=True)
    high = low.copy()
    np.maximum.at(high, place, highs)
    return low, high, np.bincount(place, counts, len(low)).astype(np.int64)
