"""A against B: each pair of values a point, or, of many, the number of them in each of a square of cells.

Correlation and slope by co-moments about the mean, merged block by block (Chan, Golub and LeVeque 1983, "Algorithms
for computing the sample variance"). Blocks stream through; nothing grows with the tensors but the count.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.sides import by_tiles, together
from ckpt_gui.core.diff.widen import Widener
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.nouns import Counts, Floats
from ckpt_gui.core.stats.summarize import in_any_order

POINTS = 20_000
"""Elements that are drawn one by one; of more a density."""
CELLS = 200
"""Rows and columns of a density."""
SHARE = 4 << 20
"""Elements that one task looks at."""
SAMPLE_RUNS, WORTH_A_PREVIEW = 12, 1 << 21
"""A preview looks at a block at so many places; where there are so many elements."""
ALIKE = 2.0
"""Where neither side reaches so many times as far as the other, both axes are the same."""

Span = tuple[float, float]
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Fit:
    """What all pairs of values have in common. Over elements that are finite on both sides."""

    both: int
    left_out: int
    """Elements that are NaN or infinite on one side or on both."""
    equal: int
    """Elements with the same finite value on both sides."""
    left: Span
    """A's smallest and largest value; (0, 0) where nothing is finite."""
    right: Span
    correlation: float | None
    """Pearson's; None where one side is constant, or the figure is beyond float64."""
    slope: float | None
    """Of the line B = slope · A + intercept by least squares."""
    intercept: float | None
    magnitudes: bool
    """Of complex numbers, whose magnitudes are compared."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """A picture of A against B."""

    fit: Fit
    left: Floats
    """Points; empty of a density."""
    right: Floats
    across: Floats
    """Edges of the cells along A's axis; of points only both ends."""
    up: Floats
    """Edges along B's axis."""
    counts: Counts
    """(cells up, cells across); empty of points."""
    sampled: bool
    """From some of the elements."""

    @property
    def dense(self) -> bool:
        """Is it a density?"""
        return bool(self.counts.size)


@dataclass(slots=True)
class _Moments:
    """Of one share; merged with others."""

    both: int = 0
    left_out: int = 0
    equal: int = 0
    mean: tuple[float, float] = (0.0, 0.0)
    square: tuple[float, float] = (0.0, 0.0)
    product: float = 0.0
    low: tuple[float, float] = (math.inf, math.inf)
    high: tuple[float, float] = (-math.inf, -math.inf)

    def add(self, other: _Moments) -> None:
        self.left_out += other.left_out
        self.equal += other.equal
        if not other.both:
            return
        total = self.both + other.both
        apart = [b - a for a, b in zip(self.mean, other.mean, strict=True)]
        weight = self.both * other.both / total
        self.square = tuple(  # type: ignore[assignment]  # two, as before
            a + b + d * d * weight for a, b, d in zip(self.square, other.square, apart, strict=True)
        )
        self.product += other.product + apart[0] * apart[1] * weight
        self.mean = tuple(a + d * other.both / total for a, d in zip(self.mean, apart, strict=True))  # type: ignore[assignment]
        self.low = tuple(map(min, self.low, other.low))  # type: ignore[assignment]
        self.high = tuple(map(max, self.high, other.high))  # type: ignore[assignment]
        self.both = total


def scatter(
    plans: Sequence[Plan],
    *,
    limits: tuple[Span, Span] | None = None,
    cells: int = CELLS,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Scatter:
    """All elements of these pairs. ``limits``: the part of A's and of B's axis to count (None: everything).

    Raises ReadError where a file changed meanwhile, and what ``report`` raises.
    """
    shares = [(one, (number, parts)) for one in plans for parts in (_parts(one),) for number in range(parts)]
    return _scatter(plans, shares, limits, cells, (report, executor, workers), sampled=False)


def preview(plans: Sequence[Plan], *, cells: int = CELLS) -> Scatter:
    """The same from some of the elements, in a moment. Exact where there are few."""
    total = sum(one.elements for one in plans)
    if total <= WORTH_A_PREVIEW:
        return scatter(plans, cells=cells)
    chosen = plans[:: -(-len(plans) // SAMPLE_RUNS)]
    each = max(1, SAMPLE_RUNS // len(chosen))
    shares = [(one, (number, each)) for one in chosen for number in range(each)]
    return _scatter(plans, shares, None, cells, (SILENT, None, 1), sampled=True)


_Shares = list[tuple[Plan, tuple[int, int]]]
_How = tuple[Report, Executor | None, int]


def _scatter(
    plans: Sequence[Plan], shares: _Shares, limits: tuple[Span, Span] | None, cells: int, how: _How, *, sampled: bool
) -> Scatter:
    report, executor, workers = how
    few = sum(one.elements for one in plans) <= POINTS
    steps = len(shares) if few else 2 * len(shares)
    found, points = _Moments(), list[tuple[Floats, Floats]]()
    works = (partial(_look, *share, keep=few, first=sampled) for share in shares)
    for done, (_number, (part, held)) in enumerate(in_any_order(works, executor, workers), 1):
        found.add(part)
        points += held
        report.at(done, steps, "parts")
    fit = _fit(found, magnitudes=any(_complex(one) for one in plans))
    across, up = (_evenly(*span, 1 if few else cells) for span in limits or spans(fit))
    if few:
        a, b = (np.concatenate([pair[side] for pair in points] or [np.empty(0)]) for side in (0, 1))
        return Scatter(fit, a, b, across, up, np.empty((0, 0), np.int64), sampled)
    counts = np.zeros((len(up) - 1, len(across) - 1), np.int64)
    counting = (partial(_count, *share, across, up, first=sampled) for share in shares)
    for done, (_number, held_cells) in enumerate(in_any_order(counting, executor, workers), 1):
        counts += held_cells
        report.at(len(shares) + done, steps, "parts")
    return Scatter(fit, np.empty(0), np.empty(0), across, up, counts, sampled)


def spans(fit: Fit) -> tuple[Span, Span]:
    """The ends of A's and B's axis: the same for both, unless one side reaches much further than the other."""
    wide = [_wide(span) for span in (fit.left, fit.right)]
    both = _wide((min(fit.left[0], fit.right[0]), max(fit.left[1], fit.right[1])))
    lengths = [span[1] / 2 - span[0] / 2 for span in (*wide, both)]
    if lengths[2] <= ALIKE * min(lengths[:2]):
        return both, both
    return wide[0], wide[1]


def _evenly(low: float, high: float, cells: int) -> Floats:
    found = np.linspace(low / 2, high / 2, cells + 1) * 2  # the distance of extreme values is no float64
    found[0], found[-1] = low, high
    return found


def _wide(span: Span) -> Span:
    if span[0] < span[1]:
        return span
    room = abs(span[0]) / 2 or 1.0
    return max(span[0] - room, -1.7e308), min(span[0] + room, 1.7e308)


def _parts(one: Plan) -> int:
    return max(1, -(-one.elements // SHARE))


def _complex(one: Plan) -> bool:
    return one.left.form.parts > 1 or one.right.form.parts > 1


def _blocks(one: Plan, part: tuple[int, int], *, first: bool) -> Iterator[tuple[Array, Array, int]]:
    """Values of both sides that are finite on both, and how many others there are. ``first``: one block will do."""
    widen, left, right = Widener(one.left.form, one.right.form), one.left.form, one.right.form
    blocks = (together if one.alike else by_tiles)(one.left, one.right, part)
    for block in islice(blocks, 1) if first else blocks:
        a, b = widen(block.left, left, 0), widen(block.right, right, 1)
        if a.dtype.kind == "c":
            a, b = np.abs(a), np.abs(b)
        finite = np.isfinite(a) & np.isfinite(b)
        if not finite.all():
            a, b = a[finite], b[finite]
        yield a, b, len(finite) - len(a)


def _look(one: Plan, part: tuple[int, int], *, keep: bool, first: bool) -> tuple[_Moments, list[tuple[Floats, Floats]]]:
    found, points = _Moments(), list[tuple[Floats, Floats]]()
    times = one.left.form.multiplicity if one.alike else 1
    for left, right, others in _blocks(one, part, first=first):
        equal = int(np.count_nonzero(left == right)) * times
        a, b = left.astype(np.float64), right.astype(np.float64)
        if keep:
            points.append((a, b))
        found.add(_moments(a, b, times, others * times, equal))
    return found, points


def _moments(a: Floats, b: Floats, times: int, others: int, equal: int) -> _Moments:
    if not a.size:
        return _Moments(left_out=others)
    with np.errstate(all="ignore"):
        means = float(a.mean()), float(b.mean())
        x, y = a - means[0], b - means[1]
        square = float(x @ x) * times, float(y @ y) * times
        product = float(x @ y) * times
    low, high = (float(a.min()), float(b.min())), (float(a.max()), float(b.max()))
    return _Moments(a.size * times, others, equal, means, square, product, low, high)


def _fit(found: _Moments, *, magnitudes: bool) -> Fit:
    if not found.both:
        return Fit(0, found.left_out, 0, (0.0, 0.0), (0.0, 0.0), None, None, None, magnitudes)
    sides = tuple(zip(found.low, found.high, strict=True))
    constant = [low == high for low, high in sides]
    scale = math.sqrt(found.square[0]) * math.sqrt(found.square[1])
    correlation = slope = intercept = None
    if math.isfinite(scale) and scale > 0 and not any(constant):
        correlation = max(-1.0, min(1.0, found.product / scale))
    if math.isfinite(found.product) and 0 < found.square[0] < math.inf and not constant[0]:
        slope = found.product / found.square[0]
        intercept = found.mean[1] - slope * found.mean[0]
    return Fit(
        found.both, found.left_out, found.equal, sides[0], sides[1], correlation, slope, intercept, magnitudes
    )  # fmt: skip


def _count(one: Plan, part: tuple[int, int], across: Floats, up: Floats, *, first: bool) -> Counts:
    size = (len(up) - 1, len(across) - 1)
    counts = np.zeros(size[0] * size[1], np.int64)
    for a, b, _others in _blocks(one, part, first=first):
        inside = (a >= across[0]) & (a <= across[-1]) & (b >= up[0]) & (b <= up[-1])
        x, y = (values[inside].astype(np.float64) for values in (a, b))
        counts += np.bincount(_bins(y, up) * size[1] + _bins(x, across), minlength=len(counts))
    return counts.reshape(size) * (one.left.form.multiplicity if one.alike else 1)


def _bins(values: Floats, edges: Floats) -> NDArray[np.intp]:
    """Which of the evenly spaced cells each value lies in; at an edge as ``np.histogram`` counts."""
    last = len(edges) - 2
    half = edges[-1] / 2 - edges[0] / 2  # the distance of extreme values is no float64
    at: NDArray[np.intp] = np.clip((values / 2 - edges[0] / 2) / half * (last + 1), 0, last).astype(np.intp)
    at -= values < edges[at]
    at += (values >= edges[at + 1]) & (at != last)
    return at
