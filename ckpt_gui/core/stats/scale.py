"""Where a value stands on an axis, and back: linear, symlog (both signs, decades outwards) and log of magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np

from ckpt_gui.core.stats.edges import Axis, typical
from ckpt_gui.core.stats.nouns import Counts, Floats, Summary

_FAR = 300.0
"""Position on a symlog axis from which on sinh is no float64, though its product with the threshold may be one."""
AXES: tuple[Axis, ...] = get_args(Axis)
LOWEST_BAR = 0.5
"""On a log scale of counts the floor: below one value, so that a single value is still seen."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Positions are what a plot works with: equal steps of them are equal steps on the screen."""

    axis: Axis
    threshold: float = 1.0
    """Symlog: the magnitude around which it turns from linear to logarithmic."""
    unit: float = 1.0
    """Linear: the value at position 1, a power of two. Plots lose their footing with numbers near float64's ends."""

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
        return values / self.unit

    def values(self, positions: Floats) -> Floats:
        """The inverse of ``positions``; beyond float64 the largest or smallest finite number."""
        positions = np.asarray(positions, np.float64)
        if self.axis == "linear":
            with np.errstate(over="ignore"):
                return np.nan_to_num(positions * self.unit)
        limits = np.finfo(np.float64)
        with np.errstate(over="ignore", under="ignore"):
            if self.axis == "log":
                return np.clip(np.power(10.0, positions), limits.smallest_subnormal, limits.max)
            near = np.abs(positions) < _FAR
            sizes = np.sinh(np.where(near, positions, 0.0) * math.log(10)) * self.threshold
            decades = np.abs(positions[~near]) + math.log10(self.threshold) - math.log10(2)
            sizes[~near] = np.copysign(np.power(10.0, decades), positions[~near])
        return np.clip(sizes, limits.min, limits.max)

    def position(self, value: float) -> float:
        """Of one value."""
        return float(self.positions(np.array([value]))[0])

    def value(self, position: float) -> float:
        """At one position."""
        return float(self.values(np.array([position]))[0])


def scale_of(axis: Axis, summary: Summary) -> Scale:
    """The scale on which ``edges`` for that summary and axis stand evenly."""
    if axis == "symlog":
        return Scale(axis, threshold=typical(summary))
    _, exponent = math.frexp(float(summary.absmax or 0))
    return Scale(axis, unit=math.ldexp(1.0, exponent - 1) if axis == "linear" and summary.absmax else 1.0)


def footing(largest: float) -> Scale:
    """A linear scale for values up to this magnitude: positions are the values, but near float64's ends."""
    if largest == 0 or 1e-290 < largest < 1e290:
        return Scale("linear")
    return Scale("linear", unit=math.ldexp(1.0, math.frexp(largest)[1] - 1))


def heights(counts: Floats | Counts, *, log: bool) -> Floats:
    """How high bars of these counts stand; ``log``: log10 of the count, empty bars at the floor."""
    tall = np.asarray(counts, np.float64)
    return np.log10(np.maximum(tall, LOWEST_BAR)) if log else tall


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
