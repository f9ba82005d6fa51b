"""What one bar of a histogram stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckpt_gui.core.stats.nouns import Floats, Histogram


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar."""

    number: int
    low: float
    high: float
    count: int
    share: float
    """Of all the finite values, those outside the edges included: 0 … 1."""
    upto: float
    """Share of the values below ``high``, those below the first edge included (the last bar: and at it)."""


def bin_at(edges: Floats, value: float) -> int | None:
    """Number of the bin that holds the value; None outside. The last bin holds its upper edge, as in NumPy."""
    last = len(edges) - 2
    if last < 0 or not edges[0] <= value <= edges[-1]:
        return None
    return min(int(np.searchsorted(edges, value, side="right")) - 1, last)


def read(histogram: Histogram, number: int) -> Bin:
    """The facts of one bin."""
    counts = histogram.counts
    total = histogram.below + int(counts.sum()) + histogram.above
    upto = histogram.below + int(counts[: number + 1].sum())
    count = int(counts[number])
    low, high = float(histogram.edges[number]), float(histogram.edges[number + 1])
    return Bin(number, low, high, count, count / total if total else 0.0, upto / total if total else 0.0)
