"""Which values a scale of colours spans, and which step of it each cell gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.heatmap.picture import Picture

STEPS = 251
"""Colours of the scale; odd, so that one of them is the middle."""
NAN, POSINF, NEGINF, ABSENT = 252, 253, 254, 255
"""Steps of what has no place on the scale."""
SCALES = ("auto", "diverging", "sequential")
SPANS = ("robust", "full")
_ROBUST = 99.0
"""Percent of the finite cells within the limits."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A scale's two ends."""

    low: float
    high: float
    """At least ``low``."""
    diverging: bool
    """Zero in the middle: low = -high."""
    span: str
    """``robust``: some cells lie outside and get the colours of the ends; or ``full``."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Cells that the scale does not tell apart."""

    below: int
    above: int
    nan: int
    posinf: int
    neginf: int


def _numbers(picture: Picture) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):
        return picture.values.astype(np.float64)


def limits(picture: Picture, scale: str = "auto", span: str = "robust") -> Limits:
    """The limits that suit a picture's finite cells.

    Robust: diverging the 99th percentile of the magnitudes but zeros (of a sparse tensor they would be all), sequential
    the central 99 % of the values; where that leaves nothing to tell apart, all of them count. ``auto`` is diverging
    where both signs occur.
    """
    numbers = _numbers(picture)
    finite = numbers[np.isfinite(numbers) & picture.seen]
    if not len(finite):
        return Limits(-1.0, 1.0, True, span) if scale != "sequential" else Limits(0.0, 1.0, False, span)
    least, most = float(finite.min()), float(finite.max())
    diverging = scale == "diverging" or (scale == "auto" and least < 0 < most)
    if diverging:
        high = max(-least, most)
        if span == "robust" and high:
            high = _rank(np.abs(finite[finite != 0]), _ROBUST)
        return Limits(-(high or 1.0), high or 1.0, True, span)
    if span == "robust":
        low, high = _rank(finite, (100 - _ROBUST) / 2), _rank(finite, (100 + _ROBUST) / 2)
        if low < high:
            return Limits(low, high, False, span)
    return Limits(least, most, False, span)


def _rank(numbers: NDArray[np.float64], percent: float) -> float:
    """The nearest-rank percentile."""
    at = max(0, int(np.ceil(len(numbers) * percent / 100)) - 1)
    return float(np.partition(numbers, at)[at])


def shades(picture: Picture, within: Limits) -> NDArray[np.uint8]:
    """The colour step of each cell: 0 … 250 from low to high (the ends for all outside), or NAN … ABSENT."""
    numbers = _numbers(picture)
    half = within.high / 2 - within.low / 2  # of the largest float64 the whole would be infinite
    middle = within.low + half
    with np.errstate(all="ignore"):
        place = (numbers / 2 - middle / 2) / half * (STEPS - 1) + (STEPS - 1) / 2 if half > 0 else numbers * 0 + 125
        steps = np.rint(np.clip(np.nan_to_num(place, nan=0.0), 0, STEPS - 1)).astype(np.uint8)
    steps[np.isnan(numbers)] = NAN
    steps[numbers == np.inf] = POSINF
    steps[numbers == -np.inf] = NEGINF
    steps[~picture.seen] = ABSENT
    return steps


def outside(picture: Picture, within: Limits) -> Outside:
    """How many cells the scale does not tell apart."""
    numbers = _numbers(picture)[picture.seen]
    posinf, neginf = int((numbers == np.inf).sum()), int((numbers == -np.inf).sum())
    return Outside(
        below=int((numbers < within.low).sum()) - neginf,
        above=int((numbers > within.high).sum()) - posinf,
        nan=int(np.isnan(numbers).sum()),
        posinf=posinf,
        neginf=neginf,
    )
