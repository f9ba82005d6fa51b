"""The histograms of a pair, or of several together: A and B on common edges, and B − A of the elements that differ.

Elements that are exactly equal have no bar among the others: they are often most of them, and on a logarithmic axis
there is no place for 0. They are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from ckpt_gui.core import text
from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.delta import DeltaReading
from ckpt_gui.core.diff.picked import Picked
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats import chart
from ckpt_gui.core.stats.chart import MAX_SAMPLED, Chart, Gathered
from ckpt_gui.core.stats.combine import combined
from ckpt_gui.core.stats.estimate import scaled
from ckpt_gui.core.stats.histogram import histogram
from ckpt_gui.core.stats.nouns import Distribution, Histogram, Summary
from ckpt_gui.core.stats.parts import Part
from ckpt_gui.core.stats.readout import bin_at
from ckpt_gui.core.stats.summarize import preview, summarize
from ckpt_gui.core.tensors import Reading

_TOGETHER = 16
"""Summaries are combined in batches: each may hold megabytes of cells."""
_DELTA = "B − A"


@dataclass(frozen=True, slots=True)
class Known:
    """What one pass over the values of both sides tells."""

    sides: Gathered
    """A and B, or the one of them that has values."""
    delta: Summary | None
    """B − A of all elements; None where there is none."""
    changed: Gathered | None
    """B − A of the elements that differ; None where there is no B − A."""
    why: str
    """Why there is no B − A, or what of it is missing; "" if it is all there."""

    @property
    def equal(self) -> int:
        """Elements that are exactly equal, and finite."""
        return self.delta.zeros if self.delta is not None else 0

    @property
    def sampled(self) -> bool:
        """Is any of it from a sample?"""
        return self.sides.sampled or (self.delta is not None and self.delta.sampled)


class _Stage(Report):
    """One of several passes over about the same bytes, as a part of all of them."""

    def __init__(self, report: Report, before: int, total: int) -> None:
        self._report, self._before, self._total = report, before, total

    def at(self, done: int, total: int, unit: str) -> None:
        self._report.at(min(self._before + done, self._total), self._total, unit)

    def hurry(self) -> bool:
        return self._report.hurry()


def sample(found: Picked, report: Report = SILENT) -> Known:
    """What a sample tells, scaled up to the whole; within a moment. Raises as ``measure`` does."""

    def side(reading: Reading, part: Part) -> Gathered:
        return chart.sample(reading, [part], report)

    plans, why = _planned(found, report)
    chosen = plans[:: -(-len(plans) // MAX_SAMPLED) or 1]
    times = sum(one.elements for one in plans) / max(sum(one.elements for one in chosen), 1)

    def delta(one: Plan) -> Summary:
        looked = scaled(preview(DeltaReading(one), one.left.tensor), times)
        return replace(looked, sampled=True) if len(chosen) < len(plans) else looked

    return _known(_sides(found, side), *_together(chosen, delta, why))


def measure(
    found: Picked, report: Report = SILENT, executor: Executor | None = None, workers: int = 1
) -> Known:  # fmt: skip
    """What a pass over all values tells. Raises NoValues or ReadError only if neither side has any."""
    sizes = found.nbytes()
    total, done = 2 * sum(sizes), 0

    def side(reading: Reading, part: Part) -> Gathered:
        nonlocal done
        before, done = done, done + sizes[part.name == "B"]
        return chart.measure(reading, [part], _Stage(report, before, total), executor, workers)

    def delta(one: Plan) -> Summary:
        nonlocal done
        before, done = done, done + one.nbytes
        stage = _Stage(report, before, total)
        return summarize(DeltaReading(one), one.left.tensor, report=stage, executor=executor, workers=workers)

    sides = _sides(found, side)
    done = sum(sizes)
    plans, why = _planned(found, report)
    return _known(sides, *_together(plans, delta, why))


def _sides(found: Picked, look: Callable[[Reading, Part], Gathered]) -> Gathered:
    """A and B as two series."""
    known, trouble = list[Gathered](), list[ReadError]()
    for reading, name, tensors in ((found.left, "A", found.lefts), (found.right, "B", found.rights)):
        if not tensors:
            continue
        try:
            known.append(look(reading, Part(name, tensors, 0)))
        except ReadError as exc:
            trouble.append(exc)
    if not known:
        raise trouble[0] if trouble else NoValues("There is no tensor here, and so nothing to count.")
    if len(known) == 1:
        return known[0]
    a, b = known
    return Gathered(
        a.asked + b.asked, a.parts + b.parts, a.summaries + b.summaries, combined([a.whole, b.whole]),
        a.missing + b.missing,
    )  # fmt: skip


def _planned(found: Picked, report: Report) -> tuple[list[Plan], str]:
    """The pairs that can be compared, and what is to be said of the others."""
    plans, reasons = list[Plan](), list[str]()
    for one in found.plans(report):
        if isinstance(one, ReadError):
            reasons.append(str(one))
        else:
            plans.append(one)
    return plans, _missing(found, reasons)


def _missing(found: Picked, reasons: Sequence[str]) -> str:
    if found.alone() is not None:
        return found.why_alone()
    alone, said = len(found.pairs) - len(found.both), list[str]()
    if reasons:
        told = text.join_words(dict.fromkeys(reasons), 2)
        said.append(told if len(found.pairs) == 1 else f"{text.plural(len(reasons), 'pair')} left out: {told}")
    if alone:
        said.append(f"{text.plural(alone, 'tensor')} on one side only")
    return "; ".join(said)


def _together(plans: Iterable[Plan], look: Callable[[Plan], Summary], why: str) -> tuple[Summary | None, str]:
    """One summary of them all, in bounded memory."""
    waiting, trouble = list[Summary](), list[str]()
    for one in plans:
        try:
            waiting.append(look(one))
        except ReadError as exc:
            trouble.append(str(exc))
        if len(waiting) == _TOGETHER:
            waiting = [combined(waiting)]
    said = "; ".join(filter(None, [why, *dict.fromkeys(trouble)]))
    return (combined(waiting) if len(waiting) > 1 else waiting[0] if waiting else None), said


def _known(sides: Gathered, delta: Summary | None, why: str) -> Known:
    if delta is None:
        return Known(sides, None, None, why)
    part = Part(_DELTA, (0,), 0)
    kept = differing(delta)
    return Known(sides, delta, Gathered((part,), (part,), (kept,), kept, ()), why)


def differing(summary: Summary) -> Summary:
    """The same without what is 0. Mean and standard deviation are of what is left; ends that were 0 are the ends of
    the cells that are left, at most 1/128 off."""
    cells, zeros = summary.distribution, summary.zeros
    counts = cells.counts.copy()
    holding = np.flatnonzero((cells.low <= 0) & (cells.high >= 0) & (counts > 0))
    for at in sorted(holding.tolist(), key=lambda at: float(cells.high[at] - cells.low[at])):
        taken = min(zeros, int(counts[at]))
        counts[at] -= taken
        zeros -= taken
    left = counts > 0
    kept = Distribution(cells.low[left], cells.high[left], counts[left])
    finite = max(summary.finite - summary.zeros, 0)
    bare = {"finite": finite, "zeros": 0, "count": summary.count - summary.zeros, "distribution": kept}
    if not finite or not len(kept.counts):
        none = dict.fromkeys(("min", "max", "mean", "std", "l1", "l2", "absmax", "where_min", "where_max"))
        return replace(summary, **bare, **none)  # type: ignore[arg-type]  # names and types as in Summary
    assert summary.mean is not None
    mean = summary.mean * (summary.finite / finite)
    square = (summary.l2 or 0.0) / finite**0.5
    return replace(
        summary, **bare, mean=mean, std=max(0.0, square * square - mean * mean) ** 0.5,  # type: ignore[arg-type]
        min=summary.min or float(kept.low[0]), max=summary.max or float(kept.high[-1]),
    )  # fmt: skip


def count_sides(
    found: Picked, drawn: Chart, report: Report = SILENT, executor: Executor | None = None, workers: int = 1
) -> Chart:
    """A and B with every value counted. Raises ReadError where a file changed meanwhile."""
    sizes, made = found.nbytes(), list[Histogram]()
    for part in drawn.known.parts:
        of_b = part.name == "B"
        made.append(
            histogram(
                found.right if of_b else found.left, part.tensors, drawn.edges,
                magnitudes=drawn.view.axis == "log", report=_Stage(report, sizes[0] * of_b, sum(sizes)),
                executor=executor, workers=workers,
            )
        )  # fmt: skip
    return replace(drawn, histograms=tuple(made))


def count_delta(
    found: Picked, drawn: Chart, equal: int, report: Report = SILENT, executor: Executor | None = None, workers: int = 1
) -> Chart:
    """B − A of the elements that differ, each counted; ``equal``: how many do not. Raises as ``count_sides`` does."""
    plans, _why = _planned(found, report)
    total, done = sum(one.nbytes for one in plans), 0
    counts, below, above = np.zeros(len(drawn.edges) - 1, np.int64), 0, 0
    for one in plans:
        made = histogram(
            DeltaReading(one), [one.left.tensor], drawn.edges, magnitudes=drawn.view.axis == "log",
            report=_Stage(report, done, total), executor=executor, workers=workers,
        )  # fmt: skip
        done += one.nbytes
        counts, below, above = counts + made.counts, below + made.below, above + made.above
    return replace(drawn, histograms=(_without(Histogram(drawn.edges, counts, below, above, True), equal),))


def _without(made: Histogram, zeros: int) -> Histogram:
    """The same without the zeros: out of the bin that holds 0, or of what lies outside."""
    counts, edges = made.counts.copy(), made.edges
    at = bin_at(edges, 0.0)
    if at is not None:
        counts[at] -= zeros
        return replace(made, counts=counts)
    if edges[0] > 0:
        return replace(made, below=made.below - zeros)
    return replace(made, above=made.above - zeros)
