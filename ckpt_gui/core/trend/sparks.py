"""A line of block characters that rises and falls with numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ckpt_gui.core.stats.nouns import Number

BLOCKS = "▁▂▃▄▅▆▇█"
MOST = 60
"""Characters; of more numbers every so many are left out."""


def sparkline(values: Sequence[Number | None], bad: Sequence[int] = ()) -> str:
    """One character a number, from the least to the largest; a blank for none, ``×`` where ``bad`` counts something
    and there is no number. All equal: the middle."""
    shown = min(len(values), MOST)
    places = [round(at * (len(values) - 1) / max(shown - 1, 1)) for at in range(shown)]
    held = [float(value) for value in values if value is not None and math.isfinite(value)]
    low, high = min(held, default=0.0), max(held, default=0.0)
    return "".join(_block(values[at], low, high, bool(bad and bad[at])) for at in places)


def _block(value: Number | None, low: float, high: float, bad: bool) -> str:
    if value is None:
        return "×" if bad else " "
    if high == low:
        return BLOCKS[3]
    share = (float(value) / 2 - low / 2) / (high / 2 - low / 2)  # halved: a difference of extremes is no float64
    return BLOCKS[min(int(share * len(BLOCKS)), len(BLOCKS) - 1)]
