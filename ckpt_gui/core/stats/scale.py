"""Where a value stands on an axis, and back: linear, symlog (both signs, decades outwards) and log of magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np

from ckpt_gui.core.stats.edges import Axis, typical
from ckpt_gui.core.stats.nouns import Floats, Summary

AXES: tuple[Axis, ...] = get_args(Axis)
LOWEST_BAR = 0.5
"""On a log scale of counts the floor: below one value, so that a single value is still seen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Positions are what a plot works with: equal steps of them are equal steps on the screen."""

    axis: Axis
    threshold: float = 1.0
    """Symlog: the magnitude around which it turns from linear to logarithmic."""

    def positions(self, values: Floats) -> Floats:
        """Of values (``log``: of magnitudes above 0). Symlog: asinh(x / threshold), in powers of ten."""
        values = np.asarray(values, np.float64)
        if self.axis == "log":
            return np.log10(np.maximum(values, np.finfo(np.float64).smallest_subnormal))
        if self.axis == "symlog":
            with np.errstate(over="ignore"):
                ratio = values / self.threshold
            near = np.isfinite(ratio)
            places = np.arcsinh(np.where(near, ratio, 0.0)) / math.log(10)
            far = np.log10(np.abs(values[~near])) - math.log10(self.threshold) + math.log10(2)
            places[~near] = np.copysign(far, values[~near])  # the quotient is no float64; its logarithm is
            return places
        return values

    def values(self, positions: Floats) -> Floats:
        """The inverse of ``positions``; beyond float64 the largest or smallest finite number."""
        positions = np.asarray(positions, np.float64)
        if self.axis == "linear":
            return positions
        limits = np.finfo(np.float64)
        with np.errstate(over="ignore", under="ignore"):
            if self.axis == "log":
                return np.clip(np.power(10.0, positions), limits.smallest_subnormal, limits.max)
            sizes = np.sinh(positions * math.log(10)) * self.threshold
        return np.clip(sizes, limits.min, limits.max)

    def position(self, value: float) -> float:
        """Of one value."""
        return float(self.positions(np.array([value]))[0])

    def value(self, position: float) -> float:
        """At one position."""
        return float(self.values(np.array([position]))[0])


def scale_of(axis: Axis, summary: Summary) -> Scale:
    """The scale on which ``edges`` for that summary and axis stand evenly."""
    return Scale(axis, typical(summary) if axis == "symlog" else 1.0)


def heights(counts: Floats, *, log: bool) -> Floats:
    """How high bars of these counts stand; ``log``: log10 of the count, empty bars at the floor."""
    counts = np.asarray(counts, np.float64)
    return np.log10(np.maximum(counts, LOWEST_BAR)) if log else counts


def within(low: float, high: float, whole: tuple[float, float]) -> tuple[float, float] | None:
    """A range moved, not narrowed, into the whole; None where it would be as wide as that. All are positions."""
    first, last = whole
    if high - low >= (last - first) * (1 - 1e-9):
        return None
    if low < first:
        return first, first + (high - low)
    if high > last:
        return last - (high - low), last
    return low, high
