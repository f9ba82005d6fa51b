"""Several tensors' statistics as those of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ckpt_gui.core.kernels.partial import Moments, merged_cells
from ckpt_gui.core.stats.finish import spread
from ckpt_gui.core.stats.nouns import Distribution, Summary


def combined(summaries: Sequence[Summary]) -> Summary:
    """The statistics of all values together; where the extremes stand is left out. Needs one summary at least."""
    if len(summaries) == 1:
        return summaries[0]
    moments = Moments()
    for one in summaries:
        moments.add(_moments(one))
    cells = [one.distribution for one in summaries if one.distribution.counts.size]
    lows = [one.min for one in summaries if one.min is not None]
    highs = [one.max for one in summaries if one.max is not None]
    sums: dict[str, Any] = {
        name: sum(getattr(one, name) for one in summaries)
        for name in ("numel", "count", "finite", "nan", "posinf", "neginf", "zeros", "negative", "tensors")
    }
    sums |= spread(moments)
    kinds = {one.of for one in summaries}
    return replace(
        summaries[0],
        **sums,
        min=min(lows, default=None),
        max=max(highs, default=None),
        absmax=max(map(abs, lows + highs), default=None),
        where_min=None,
        where_max=None,
        where_nan=None,
        where_inf=None,
        of=kinds.pop() if len(kinds) == 1 else "mixed",
        sampled=any(one.sampled for one in summaries),
        dtypes=tuple(dict.fromkeys(name for one in summaries for name in one.dtypes)),
        distribution=Distribution(*merged_cells([(one.low, one.high, one.counts) for one in cells])),
    )


def _moments(one: Summary) -> Moments:
    """Count, mean and squares again, from what is told of them."""
    if one.mean is None or one.std is None or not one.finite:
        return Moments(0)
    biggest = max(abs(one.mean), one.std)
    scale = math.ldexp(1.0, -math.frexp(biggest)[1]) if biggest and not 1e-140 < biggest < 1e140 else 1.0
    m2 = (one.std * scale) ** 2 * one.finite
    return Moments(one.finite, one.mean, 0.0, m2, (one.l1 or 0.0) * scale, scale)
