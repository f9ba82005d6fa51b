"""Percentiles from a distribution."""

from __future__ import annotations

import math

import numpy as np

from ckpt_gui.core.stats.nouns import Number, Summary


def percentile(summary: Summary, q: float) -> Number | None:
    """The value below or at which ``q`` percent of the finite values lie, by nearest rank; None if there are none.

    Exact where the distribution's cells are single values, else within half a percent of the value: a
    cell's values are taken to be spread evenly over it.
    """
    distribution, total = summary.distribution, summary.distribution.total
    if not total or summary.min is None or summary.max is None:
        return None
    rank = min(max(math.ceil(q / 100 * total), 1), total)
    if rank == total:
        return summary.max
    if rank == 1:
        return summary.min
    up_to = np.cumsum(distribution.counts)
    cell = int(np.searchsorted(up_to, rank))
    low, high, count = (float(column[cell]) for column in (distribution.low, distribution.high, distribution.counts))
    if low != high:
        low, high = max(low, float(summary.min)), min(high, float(summary.max))
        low += (high - low) * (rank - (up_to[cell] - count) - 0.5) / count
    return round(low) if isinstance(summary.min, int) else low
