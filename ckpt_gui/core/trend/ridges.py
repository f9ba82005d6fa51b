"""The histograms of a run as ridges, one behind the other, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckpt_gui.core.stats.nouns import Floats, Histogram
from ckpt_gui.core.trend.evolution import Evolution

OVERLAP, GROWTH = 2.4, 0.15
"""How many rows the tallest ridge is high, at least; and how many more each row counts for, where there are many."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """One stop's histogram."""

    place: int
    base: float
    """Position of its zero; the first stop stands highest."""
    ys: Floats
    """Positions at ``Ridges.xs``."""
    finite: bool
    """Is there anything but NaN and Inf?"""


@dataclass(frozen=True, slots=True)
class Ridges:
    """All of them, on a common scale of heights."""

    found: Evolution
    xs: Floats
    """Positions of the bins' middles, and of the outer edges."""
    ridges: tuple[Ridge, ...]
    """Stops with values, first to last."""
    low: float
    high: float
    """Positions shown, upwards."""


def ridges(found: Evolution) -> Ridges:
    """Lay them out. Heights are densities: the share of the stop's values a bin holds over its width on the axis."""
    stops = len(found.histograms)
    if len(found.edges) < 2:
        return Ridges(found, np.empty(0), (), 0.0, 1.0)
    borders = found.scale.positions(found.edges)
    single = borders[0] == borders[-1]
    if single:  # one value in the whole run: a peak as wide as any
        borders = np.array([borders[0] - 0.5, borders[0] + 0.5])
    xs = np.concatenate([borders[:1], (borders[1:] + borders[:-1]) / 2, borders[-1:]])
    densities = {
        place: _density(one, np.diff(borders)) for place, one in enumerate(found.histograms) if one is not None
    }
    overlap = max(OVERLAP, GROWTH * stops)
    tallest = max((float(one.max()) for one in densities.values()), default=0.0) or 1.0
    made = tuple(
        Ridge(place, float(stops - 1 - place), stops - 1 - place + overlap * np.pad(one, 1) / tallest, bool(one.any()))
        for place, one in densities.items()
    )
    return Ridges(found, xs, made, -0.3, stops - 1 + overlap + 0.15)


def _density(one: Histogram, widths: Floats) -> Floats:
    total = one.below + int(one.counts.sum()) + one.above
    return one.counts / widths / total if total else np.zeros(len(one.counts))
