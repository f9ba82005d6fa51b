"""Which edges a histogram shall have."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ckpt_gui.core.stats.nouns import Floats, Summary
from ckpt_gui.core.stats.percentile import percentile

Axis = Literal["linear", "symlog", "log"]
MOST_BINS = 512
"""By hand or automatically."""
MANY_BINS = 200
"""Automatically, at most."""
FEWEST_BINS = 10
"""Automatically, where there is more than one value."""


def edges(
    summary: Summary,
    *,
    bins: int | None = None,
    axis: Axis = "linear",
    low: float | None = None,
    high: float | None = None,
) -> Floats:
    """Increasing edges for the finite values from ``low`` to ``high`` (None: all of them).

    ``bins`` None: by Freedman and Diaconis, 1981 (twice the interquartile range over the cube root of
    the count), for integers of few values one bin each. ``linear`` bins are equally wide; ``log`` ones
    equally wide in the logarithm of the magnitude: edges of \\|x\\|, all above 0; ``symlog`` ones in
    ``asinh(x / c)`` with c the median magnitude. Empty if there is nothing to count.
    """
    if summary.min is None or summary.max is None:
        return np.empty(0)
    if axis == "log":
        return _log(summary, bins, low, high)
    start = float(summary.min if low is None else low)
    stop = float(summary.max if high is None else high)
    if start == stop:
        return np.array([start, stop])
    if axis == "linear" and bins is None and (whole := _one_each(summary, start, stop)) is not None:
        return whole
    count = min(bins or _automatic(summary, start, stop), MOST_BINS)
    if axis == "linear":
        return _increasing(_evenly(start, stop, count), start, stop)
    centre = typical(summary)
    turned = np.linspace(_bent(start, centre), _bent(stop, centre), count + 1)
    return _increasing(_unbent(turned, centre), start, stop)


_FAR = 300.0
"""From here on sinh is half the exponential, and goes by logarithms: x / c may be no float64."""


def _bent(value: float, centre: float) -> float:
    if abs(value) / 1e300 < centre:
        return math.asinh(value / centre)
    return math.copysign(math.log(abs(value)) + math.log(2) - math.log(centre), value)


def _unbent(turned: Floats, centre: float) -> Floats:
    near = np.sinh(np.clip(turned, -_FAR, _FAR)) * centre
    far = np.exp(np.abs(turned) - math.log(2) + math.log(centre))
    return np.where(np.abs(turned) < _FAR, near, np.copysign(far, turned))


def _evenly(start: float, stop: float, count: int) -> Floats:
    # Halved first: the distance of extreme values is no float64.
    return np.linspace(start / 2, stop / 2, count + 1) * 2


def _log(summary: Summary, bins: int | None, low: float | None, high: float | None) -> Floats:
    assert summary.min is not None
    assert summary.max is not None
    stop = float(high if high is not None else summary.absmax or 0)
    start = float(low) if low is not None and low > 0 else _smallest(summary)
    if stop <= 0 or start <= 0:
        return np.empty(0)
    if start >= stop:
        return np.array([stop, stop])
    count = min(bins or 100, MOST_BINS)
    return _increasing(np.exp(np.linspace(math.log(start), math.log(stop), count + 1)), start, stop)


def _smallest(summary: Summary) -> float:
    """The least magnitude above 0 that may occur."""
    cells = summary.distribution
    sizes = np.concatenate([cells.low[cells.low > 0][:1], -cells.high[cells.high < 0][-1:]])
    return float(sizes.min()) if sizes.size else 0.0


def typical(summary: Summary) -> float:
    """The median magnitude of what is not 0 (1 if all is): where the symlog axis bends."""
    cells = summary.distribution
    sizes = np.maximum(np.abs(cells.low), np.abs(cells.high))
    order = np.argsort(sizes)
    above = sizes[order] > 0
    sizes, counts = sizes[order][above], cells.counts[order][above]
    if not sizes.size:
        return 1.0
    return float(sizes[np.searchsorted(np.cumsum(counts), counts.sum() / 2)])


def _one_each(summary: Summary, start: float, stop: float) -> Floats | None:
    """A bin for every whole number, if these are few whole numbers."""
    if not isinstance(summary.min, int) or stop - start >= MOST_BINS or max(abs(start), abs(stop)) > 2**52:
        return None
    return np.arange(math.floor(start), math.ceil(stop) + 2, dtype=np.float64) - 0.5


def _automatic(summary: Summary, start: float, stop: float) -> int:
    upper, lower = percentile(summary, 75), percentile(summary, 25)
    assert upper is not None
    assert lower is not None
    spread = float(upper) - float(lower)
    width = 2 * spread / math.cbrt(summary.finite)
    # A long tail makes that rule ask for more bins than there is to see.
    most = min(MANY_BINS, math.ceil(4 * math.sqrt(summary.finite)))
    usable = math.isfinite(width) and width > 0 and (stop - start) / width < most
    count = math.ceil((stop - start) / width) if usable else most
    count = max(count, FEWEST_BINS)
    if isinstance(summary.min, int):  # never less than one whole number a bin
        count = min(count, max(int(stop - start), 1))
    return count


def _increasing(found: Floats, start: float, stop: float) -> Floats:
    """With the ends as they were asked for, and what rounding made equal once."""
    found[0], found[-1] = start, stop
    return np.unique(np.clip(found, start, stop))
