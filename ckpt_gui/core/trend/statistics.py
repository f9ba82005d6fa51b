"""The statistics that can be followed, of one tensor or of several as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ckpt_gui.core.stats.brief import PERCENTILES, Brief
from ckpt_gui.core.stats.nouns import Number

TITLES = {
    "mean": "Mean", "std": "Standard deviation", "min": "Minimum", "max": "Maximum", "absmax": "Largest magnitude",
    "l1": "L1 norm", "l2": "L2 norm", "zeros": "Zeros", "zeros_percent": "Zeros, %", "negative": "Values below 0",
    "nan": "NaN", "inf": "Inf", "posinf": "+Inf", "neginf": "−Inf", "finite": "Finite values",
    **{f"p{q:02}": "Median" if q == 50 else f"{q}th percentile" if q > 1 else "1st percentile" for q in PERCENTILES},
}  # fmt: skip
"""Name on the command line and in JSON → title."""
LOGARITHMIC = frozenset(("std", "absmax", "l1", "l2", "change"))
"""Those that scale with the weights and are never below 0."""
CHANGE = "change"
"""The relative L2 of what a step changed; no statistic of one file, so it is not among TITLES."""

CHOICES = (
    "l2", CHANGE, "std", "mean", "absmax", "min", "max", "p01", "p05", "p25", "p50", "p75", "p95", "p99",
    "zeros_percent", "nan", "inf",
)  # fmt: skip
"""What a person chooses among, the most telling first."""


def is_percentile(name: str) -> bool:
    """Must the values of several tensors be seen together for it?"""
    return name[0] == "p" and name[1:].isdecimal()


def of_one(brief: Brief, name: str) -> Number | None:
    """The statistic of one tensor; None where there is no finite value it could be of."""
    if is_percentile(name):
        return _finite(brief.percentiles[PERCENTILES.index(int(name[1:]))])
    attribute = {"inf": "infinite"}.get(name, name)
    value: Number | None = getattr(brief, attribute)
    return _finite(value)


def of_several(briefs: Sequence[Brief], name: str) -> Number | None:
    """The statistic of all their values together; not of percentiles."""
    if len(briefs) == 1:
        return of_one(briefs[0], name)
    return _finite(_MERGED.get(name, _sum)(briefs, name))


def _finite(value: Number | None) -> Number | None:
    return value if value is not None and math.isfinite(value) else None


def _held(briefs: Sequence[Brief], name: str) -> list[Number]:
    return [value for one in briefs if (value := getattr(one, name)) is not None]


def _sum(briefs: Sequence[Brief], name: str) -> Number | None:
    attribute = {"inf": "infinite"}.get(name, name)
    held = _held(briefs, attribute)
    return sum(held) if held else None


def _least(briefs: Sequence[Brief], name: str) -> Number | None:
    return min(_held(briefs, name), default=None)


def _most(briefs: Sequence[Brief], name: str) -> Number | None:
    return max(_held(briefs, name), default=None)


def _mean(briefs: Sequence[Brief], _name: str) -> float | None:
    held = [(one.finite, one.mean) for one in briefs if one.mean is not None]
    total = sum(count for count, _mean_ in held)
    return math.fsum(count / total * mean for count, mean in held) if total else None


def _std(briefs: Sequence[Brief], name: str) -> float | None:
    """The variances about their own means, and those of the means about the common one: nothing cancels."""
    mean = _mean(briefs, name)
    held = [(one.finite, one.mean, one.std) for one in briefs if one.mean is not None and one.std is not None]
    total = sum(count for count, _m, _s in held)
    if mean is None or not total:
        return None
    return math.hypot(*(math.sqrt(count / total) * math.hypot(std, m - mean) for count, m, std in held))


def _l2(briefs: Sequence[Brief], name: str) -> float | None:
    held = _held(briefs, name)
    return math.hypot(*held) if held else None


def _zeros_percent(briefs: Sequence[Brief], _name: str) -> float | None:
    count = sum(one.count for one in briefs)
    return 100 * sum(one.zeros for one in briefs) / count if count else None


_Merge = Callable[[Sequence[Brief], str], Number | None]
_MERGED: dict[str, _Merge] = {
    "min": _least, "max": _most, "absmax": _most, "mean": _mean, "std": _std, "l2": _l2,
    "zeros_percent": _zeros_percent,
}  # fmt: skip
