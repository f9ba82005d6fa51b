"""One statistic over the depth of a network, by kind of weight; and which layers stand out.

Outliers are told by the modified z-score of Iglewicz and Hoaglin (1993): 0.6745 · (x − median) / MAD, over 3.5;
within a kind, or the kind's part of one tower where that has enough members. Statistics that scale with the weights
are compared by their logarithms. A layer must also differ by an amount that matters: of values that are all but
equal, none stands out.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ckpt_gui.core.depth import Depth
from ckpt_gui.core.model import Checkpoint

THRESHOLD = 3.5
MIN_MEMBERS = 5
"""Fewer layers have no typical value."""
_MATTERS = {"std": math.log(1.5), "l2": math.log(1.5), "absmax": math.log(2), "zeros": 5.0, "mean": 0.05}
"""The least difference that counts: a factor's logarithm; percentage points; for means, a part of the kind's spread."""
LOGARITHMIC = frozenset(("std", "l2", "absmax"))
STATISTICS: dict[str, str] = {
    "std": "Standard deviation", "mean": "Mean", "l2": "L2 norm", "absmax": "Largest magnitude",
    "zeros": "Zeros, %", "nonfinite": "NaN and Inf", "range": "Minimum to maximum",
}  # fmt: skip
"""What can be drawn → its title."""

Values = Mapping[str, Mapping[int, float]]
"""Name → tensor id → number, as in ``known.Snapshot.by_tensor``."""


@dataclass(frozen=True, slots=True)
class Point:
    """One tensor in the chart."""

    stop: int
    """Place in ``Depth.stops``."""
    tensor: int
    low: float
    high: float
    """Equal to ``low``, but for a range."""


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of weight."""

    kind: str
    points: tuple[Point, ...]
    """By depth; several at one stop stand in parallel."""
    broken: tuple[Point, ...]
    """Tensors with values that are NaN or infinite; ``high`` says how many. They may have a point besides."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A tensor that stands out from its kind."""

    kind: str
    point: Point
    typical: float
    """The kind's median; NaN for values that are not finite."""
    score: float
    """Modified z-score; infinite for values that are not finite."""


def series(depth: Depth, values: Values, statistic: str) -> tuple[Series, ...]:
    """The chart's lines, in the order of the depth's kinds, as far as values are known."""
    low, high = ("min", "max") if statistic == "range" else (statistic, statistic)
    lows, highs, bad = values.get(low, {}), values.get(high, {}), values.get("nonfinite", {})
    found = []
    for kind, members in depth.kinds.items():
        points, broken = [], []
        for stop, tensor in members:
            least, most = lows.get(tensor), highs.get(tensor)
            if least is not None and most is not None and math.isfinite(least) and math.isfinite(most):
                points.append(Point(stop, tensor, least, most))
            if count := bad.get(tensor, 0):
                broken.append(Point(stop, tensor, count, count))
        found.append(Series(kind, tuple(points), tuple(broken)))
    return tuple(found)


def leading_kinds(checkpoint: Checkpoint, depth: Depth) -> list[str]:
    """The kinds by how much they tell: floating-point before whole numbers, over several stops before single ones,
    matrices before vectors, else in their order. Whole numbers are left out where there is anything else."""

    def rank(kind: str) -> tuple[bool, bool, bool]:
        members = depth.kinds[kind]
        tensor = members[0][1]
        whole = checkpoint.texts[checkpoint.tensors.dtype[tensor]].startswith(("int", "uint", "bool"))
        return whole, members[0][0] == members[-1][0], checkpoint.tensors.rank[tensor] < 2

    ordered = sorted(depth.kinds, key=rank)
    return [kind for kind in ordered if not rank(kind)[0]] or ordered


def outliers(depth: Depth, drawn: Iterable[Series], statistic: str, spread: Mapping[int, float]) -> list[Outlier]:
    """The layers that stand out, those with NaN or Inf first, then by score. ``spread``: std by tensor id."""
    found: list[Outlier] = []
    for one in drawn:
        found += [Outlier(one.kind, point, math.nan, math.inf) for point in one.broken]
        if statistic == "nonfinite":
            continue
        for points in _comparable(depth, one.points):
            found += _outliers_of(one.kind, points, statistic, spread)
    broken = {outlier.point.tensor for outlier in found if math.isinf(outlier.score) and math.isnan(outlier.typical)}
    kept = [one for one in found if math.isnan(one.typical) or one.point.tensor not in broken]
    return sorted(kept, key=lambda one: (not math.isnan(one.typical), -abs(one.score), one.point.stop))


def _comparable(depth: Depth, points: Sequence[Point]) -> list[list[Point]]:
    """The kind's points, tower by tower where each has enough."""
    towers: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        towers[depth.stops[point.stop].tower].append(point)
    if len(towers) > 1 and all(len(part) >= MIN_MEMBERS for part in towers.values()):
        return list(towers.values())
    return [list(points)]


def _outliers_of(kind: str, points: list[Point], statistic: str, spread: Mapping[int, float]) -> list[Outlier]:
    if len(points) < MIN_MEMBERS:
        return []
    numbers = [_number(point, statistic) for point in points]
    scores = modified_z_scores(numbers)
    middle = median(numbers)
    least = _matters(statistic, points, spread)
    typical = median(_plain(point) for point in points)
    return [
        Outlier(kind, point, typical, score)
        for point, number, score in zip(points, numbers, scores, strict=True)
        if abs(score) > THRESHOLD and abs(number - middle) > least
    ]


def _plain(point: Point) -> float:
    return max(abs(point.low), abs(point.high)) if point.low != point.high else point.low


def _number(point: Point, statistic: str) -> float:
    """What is compared. A zero scale is as far off as a float can be: its logarithm is that of the least number."""
    if statistic not in LOGARITHMIC and statistic != "range":
        return point.low
    return math.log(max(_plain(point), 5e-324))


def _matters(statistic: str, points: list[Point], spread: Mapping[int, float]) -> float:
    if statistic == "range":
        return _MATTERS["absmax"]
    if statistic == "mean":
        return _MATTERS["mean"] * median([spread.get(point.tensor, 0.0) for point in points])
    return _MATTERS.get(statistic, 0.0)


def modified_z_scores(numbers: Sequence[float]) -> list[float]:
    """How far each number is from the median, in robust standard deviations (Iglewicz and Hoaglin 1993).

    Where over half of the numbers are equal, so that the median absolute deviation is 0, the mean one stands in.
    """
    if not numbers:
        return []
    middle = median(numbers)
    off = [abs(number - middle) for number in numbers]
    scale = median(off) / 0.6745 or math.fsum(one / len(off) for one in off) * 1.253314
    if not scale or not math.isfinite(scale):
        return [0.0 if not scale else math.copysign(math.inf, number - middle) if number != middle else 0.0
                for number in numbers]  # fmt: skip
    return [(number - middle) / scale for number in numbers]
