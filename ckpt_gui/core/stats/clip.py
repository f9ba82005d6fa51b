"""The range that a picture is cut to, so that a few far values do not squeeze all others into one bar."""

from __future__ import annotations

from ckpt_gui.core.stats.edges import Axis
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.percentile import percentile

CLIPS = (0.0, 0.1, 1.0, 5.0)
"""Percent cut from each end; 0 shows everything."""


def limits(summary: Summary, percent: float, axis: Axis = "linear") -> tuple[float, float] | None:
    """The percentiles ``percent`` and 100 - ``percent`` (``log``: of the magnitudes), as the ends of a range.

    None where there is nothing to cut: no percent, no finite value, or both fall on one value.
    """
    if not percent:
        return None
    source = magnitudes(summary) if axis == "log" else summary
    low, high = percentile(source, percent), percentile(source, 100 - percent)
    if low is None or high is None or float(low) >= float(high):
        return None
    return float(low), float(high)
