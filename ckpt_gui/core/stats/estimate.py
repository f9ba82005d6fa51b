"""From a sample to what the whole is likely to be, so that a preview has the size of the picture to come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ckpt_gui.core.stats.nouns import Distribution, Summary


def scaled(summary: Summary, times: float = 1.0) -> Summary:
    """A sample's counts and sums multiplied up to ``numel``, rounded; what is no sample stays as it is.

    ``times`` more than 1: it stands for so many like it.
    """
    whole = summary.numel if summary.sampled else summary.count
    factor = times * max(whole, summary.count) / max(summary.count, 1)
    if factor <= 1 or not summary.count:
        return summary
    counts = np.maximum(np.rint(summary.distribution.counts * factor), 1).astype(np.int64)
    return replace(
        summary,
        count=round(summary.count * factor),
        finite=round(summary.finite * factor),
        nan=round(summary.nan * factor),
        posinf=round(summary.posinf * factor),
        neginf=round(summary.neginf * factor),
        zeros=round(summary.zeros * factor),
        negative=round(summary.negative * factor),
        l1=None if summary.l1 is None else summary.l1 * factor,
        l2=None if summary.l2 is None else summary.l2 * factor**0.5,
        distribution=Distribution(summary.distribution.low, summary.distribution.high, counts),
    )
