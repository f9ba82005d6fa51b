"""From what passes left to the statistics that are told."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ckpt_gui.core.kernels.partial import Moments, Partial, merged_cells
from ckpt_gui.core.model import TensorInfo
from ckpt_gui.core.stats.lanes import Way
from ckpt_gui.core.stats.nouns import Distribution, Number, Summary

MOST = 1 << 62
"""Largest count that is told; a view may repeat its elements more often than a 64-bit counter holds."""


def finish(way: Way, tensor: TensorInfo, partials: Sequence[Partial], *, sampled: bool = False) -> Summary:
    """The statistics of one tensor from the passes over its shares; places are left open."""
    moments = Moments()
    for partial in partials:
        moments.add(partial.moments)
    taken = moments.count + sum(one.nan + one.posinf + one.neginf for one in partials)
    times = 1 if sampled else min(way.form.multiplicity, MOST // max(taken, 1))
    low, high, counts = merged_cells([(one.low, one.high, one.counts) for one in partials if one.counts.size])
    lowest = [one.min for one in partials if one.min is not None]
    highest = [one.max for one in partials if one.max is not None]
    if lowest:  # the outermost cells reach no further than the values do
        low, high = np.maximum(low, float(min(lowest))), np.minimum(high, float(max(highest)))
    distribution = Distribution(low, high, counts * times)
    nan, posinf, neginf = (times * sum(getattr(one, name) for one in partials) for name in ("nan", "posinf", "neginf"))
    return Summary(
        numel=tensor.numel,
        count=moments.count * times + nan + posinf + neginf,
        finite=moments.count * times,
        nan=nan,
        posinf=posinf,
        neginf=neginf,
        zeros=times * sum(one.plus_zeros + one.minus_zeros for one in partials),
        negative=int(distribution.counts[low < 0].sum()),
        min=_told(min(lowest), way) if lowest else None,
        max=_told(max(highest), way) if highest else None,
        absmax=_told(max(map(abs, lowest + highest)), way) if lowest else None,
        **spread(moments, times),
        where_min=None,
        where_max=None,
        where_nan=None,
        where_inf=None,
        of=way.of,
        sampled=sampled,
        dtypes=(tensor.dtype,),
        tensors=1,
        distribution=distribution,
    )


def spread(moments: Moments, times: int = 1) -> dict[str, float | None]:
    """Mean, population std, L1 and L2 of values that each occur so many ``times``; None where no finite number."""
    if not moments.count:
        return dict.fromkeys(("mean", "std", "l1", "l2"))
    scale = moments.scale
    mean = float(moments.pilot) * scale + moments.mean
    std = math.sqrt(max(moments.m2, 0.0) / moments.count)
    l2 = math.hypot(std, mean) * math.sqrt(moments.count * times)
    found = {"mean": mean, "std": std, "l1": moments.l1 * times, "l2": l2}
    with np.errstate(over="ignore", invalid="ignore"):
        told = {name: float(np.float64(value) / scale) for name, value in found.items()}
    return {name: value if math.isfinite(value) else None for name, value in told.items()}


def _told(value: Number, way: Way) -> Number:
    return int(value) if way.integral else float(value)
