"""The same values without their signs: what a logarithmic axis can show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ckpt_gui.core.stats.nouns import Distribution, Summary


def magnitudes(summary: Summary) -> Summary:
    """The summary of |x| for x ≠ 0. Zeros have no place on a log axis: they are in no statistic but ``zeros``.

    ``mean`` is of all finite values, zeros included (L1 / count); ``std`` follows from it and L2. Places stay those of
    the signed values' extremes and are therefore dropped.
    """
    folded = _fold(summary.distribution)
    finite, mean, std = summary.finite, None, None
    if finite and summary.l1 is not None and summary.l2 is not None:
        mean = summary.l1 / finite
        std = max(0.0, summary.l2 * summary.l2 / finite - mean * mean) ** 0.5
    return replace(
        summary,
        finite=finite - summary.zeros,
        negative=0,
        min=_smallest(summary, folded),
        max=summary.absmax if len(folded.counts) else None,
        mean=mean,
        std=std,
        where_min=None,
        where_max=None,
        distribution=folded,
    )


def _smallest(summary: Summary, folded: Distribution) -> int | float | None:
    if not len(folded.counts):
        return None
    assert summary.min is not None
    assert summary.max is not None
    if summary.min > 0:
        return summary.min
    if summary.max < 0:
        return -summary.max
    return float(folded.low[0])


def _fold(distribution: Distribution) -> Distribution:
    """Cells of magnitudes, smallest first; zero's is left out, and one about zero keeps what is not zero of it."""
    low, high, counts = distribution.low, distribution.high, distribution.counts
    right, left = high > 0, (high <= 0) & (low < 0)
    lows = np.concatenate([np.maximum(low[right], 0.0), -high[left]])
    highs = np.concatenate([np.maximum(high[right], -low[right]), -low[left]])
    sizes = np.concatenate([counts[right], counts[left]])
    lows = np.where(lows > 0, lows, np.minimum(highs, np.finfo(np.float64).tiny))
    order = np.argsort(lows, kind="stable")
    return Distribution(lows[order], highs[order], sizes[order])
