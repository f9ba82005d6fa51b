"""What the statistics of one tensor say of its health.

Problems: NaN and infinity, in any tensor. Findings, of floating-point tensors only (masks, ids and counters are
integers and may be what they like), and of what is trained: weights, averaged weights and tensors of no known role.
Optimizer state is full of zeros and tiny numbers by design; of it only what float16 could not hold is told.

- *all zero*: every value 0, of a tensor of two and more dimensions. Biases, shifts and running means begin as zeros.
- *constant*: every value the same, likewise. A fresh norm is all ones, a learned temperature a single number.
- *outside float16's range*: a magnitude over 65,504, which a conversion to float16 would make infinite.
- *lost in float16*: at least 1 % of the values of a matrix below 2^-25, which a conversion would make 0 (IEEE 754,
  rounding to nearest). Biases before a norm are that small by nature, and nothing is lost with them.
- *outlier*: the value farthest from the mean lies over 100 σ away; possible only among more than 10,000 values.
- *denormal*: at least 1 % of a matrix below the smallest normal number of their own type; slow on CPUs, and often
  a sign of underflow. Not told of float16 and float8, where it is nothing unusual.
- *dead rows* (``rows``): rows of a matrix or filters of a convolution that are all zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckpt_gui.core import dtypes
from ckpt_gui.core.health.nouns import Index, Kind
from ckpt_gui.core.roles import Role
from ckpt_gui.core.stats.nouns import Distribution, Summary

TRAINED = (Role.weights, Role.ema, Role.other)
FLOAT16_MAX = 65504.0
FLOAT16_LOST = 2.0**-25
"""Half the smallest subnormal; up to this, the nearest float16 is 0 (ties go to even)."""
FAR = 100.0
"""Standard deviations."""
WORTH_TELLING = 0.01
"""Share of the values from which tiny ones are told."""
_NORMAL = {"float32": 2.0**-126, "bfloat16": 2.0**-126, "float64": 2.0**-1022}
"""Smallest normal number of the types that float16 is narrower than."""

Told = tuple[Kind, str, Index | None]
"""Kind, words, and the index of the value they are about."""


def judged(summary: Summary, dtype: str, rank: int, role: Role) -> Iterator[Told]:
    """What these statistics of a tensor mean; ``rank`` is its number of dimensions."""
    yield from _not_finite(summary)
    if dtypes.named(dtype).kind not in ("float", "complex", "quantized") or not summary.finite:
        return
    if role in TRAINED:
        yield from _alike(summary, rank)
        yield from _far(summary)
        if rank > 1:
            yield from _tiny(summary, dtype)
    if dtype in _NORMAL and (role in TRAINED or (role is Role.optimizer and summary.count > 1)):
        yield from _too_large(summary)


def _not_finite(summary: Summary) -> Iterator[Told]:
    if summary.nan:
        words = _counted(summary.nan, summary, "NaN")
        yield Kind.NAN, words + _first(summary, summary.where_nan), summary.where_nan
    infinite = summary.posinf + summary.neginf
    if infinite:
        name = "infinite" if summary.posinf and summary.neginf else "+Inf" if summary.posinf else "-Inf"
        yield Kind.INF, _counted(infinite, summary, name) + _first(summary, summary.where_inf), summary.where_inf


def _counted(number: int, summary: Summary, what: str) -> str:
    kind = {"": "values", "stored values": "stored values", "dequantized": "dequantized values"}.get(
        summary.of, "values"
    )
    if number == summary.count:
        return f"all {number:,} {kind} are {what}" if number > 1 else f"its value is {what}"
    return f"{number:,} of {summary.count:,} {kind} {'is' if number == 1 else 'are'} {what}"


def _first(summary: Summary, index: Index | None) -> str:
    return f", the first at {place(index)}" if index and summary.count > 1 else ""


def place(index: Index) -> str:
    """An index as it is written behind a tensor: ``[0, 5]``."""
    return f"[{', '.join(f'{one}' for one in index)}]"


def _alike(summary: Summary, rank: int) -> Iterator[Told]:
    if rank < 2 or summary.count < 2 or summary.finite < summary.count or summary.min != summary.max:
        return
    if summary.min == 0:
        yield Kind.ZERO, _counted(summary.count, summary, "0"), None
    else:
        yield Kind.CONSTANT, _counted(summary.count, summary, number(summary.min)), None


def _far(summary: Summary) -> Iterator[Told]:
    if not summary.std or summary.mean is None or summary.min is None or summary.max is None:
        return
    below, above = summary.mean - summary.min, summary.max - summary.mean
    value, where = (summary.max, summary.where_max) if above >= below else (summary.min, summary.where_min)
    far = max(below, above) / summary.std
    if far > FAR and np.isfinite(far):
        at = f" at {place(where)}" if where else ""
        yield Kind.OUTLIER, f"{number(value)}{at} lies {far:,.0f} σ from the mean", where


def _too_large(summary: Summary) -> Iterator[Told]:
    if summary.absmax is None or summary.absmax <= FLOAT16_MAX:
        return
    high = summary.max is not None and summary.max >= summary.absmax
    value, where = (summary.max, summary.where_max) if high else (summary.min, summary.where_min)
    sure, perhaps = _beyond(summary.distribution, FLOAT16_MAX)
    many = max(sure, 1)
    about = "about " if perhaps else ""
    at = f" at {place(where)}" if where else ""
    yield (
        Kind.FLOAT16_OVERFLOW,
        f"{about}{many:,} of {summary.count:,} values would be infinite in float16 (beyond ±65,504), "
        f"the largest {number(value)}{at}",
        where,
    )


def _tiny(summary: Summary, dtype: str) -> Iterator[Told]:
    normal = _NORMAL.get(dtype)
    if normal is None or summary.of:
        return
    lost = _below(summary.distribution, FLOAT16_LOST, closed=True)
    if lost >= WORTH_TELLING * summary.count:
        words = f"{_share(lost, summary.count)} so small (below 3e-8) that float16 would make {_them(lost)} 0"
        yield Kind.FLOAT16_UNDERFLOW, words, None
    denormal = _below(summary.distribution, normal)
    if denormal >= WORTH_TELLING * summary.count:
        yield Kind.DENORMAL, f"{_share(denormal, summary.count)} denormal (below {normal:.3g})", None


def _share(number: int, count: int) -> str:
    if number == count:
        return f"all {count:,} values are" if count > 1 else "its value is"
    return f"{number / count:.1%} of {count:,} values are"


def _them(number: int) -> str:
    return "them" if number > 1 else "it"


def _beyond(cells: Distribution, bound: float) -> tuple[int, int]:
    """How many values are surely over ``bound`` in magnitude, and how many lie in cells that hold it."""
    least = np.where(cells.low > 0, cells.low, np.where(cells.high < 0, -cells.high, 0.0))
    most = np.maximum(np.abs(cells.low), np.abs(cells.high))
    sure = least > bound
    return int(cells.counts[sure].sum()), int(cells.counts[(most > bound) & ~sure].sum())


def _below(cells: Distribution, bound: float, *, closed: bool = False) -> int:
    """How many values but 0 are under ``bound`` (``closed``: or equal to it), a power of two: cells end there."""
    most = np.maximum(np.abs(cells.low), np.abs(cells.high))
    wanted = (most < bound) | (closed & (most == bound) & (cells.low == cells.high))
    return int(cells.counts[wanted & (most > 0)].sum())


def number(value: float | int | None) -> str:
    """A value in few digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
