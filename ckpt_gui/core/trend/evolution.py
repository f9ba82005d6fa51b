"""How a histogram changes over a run: counts on edges that all steps share."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import median

import numpy as np

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.brief import PERCENTILES, Brief, brief
from ckpt_gui.core.stats.combine import combined
from ckpt_gui.core.stats.edges import Axis, edges
from ckpt_gui.core.stats.histogram import from_distribution, histogram
from ckpt_gui.core.stats.nouns import Distribution, Floats, Histogram, Summary
from ckpt_gui.core.stats.scale import Scale, scale_of
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.trend.ledger import Part
from ckpt_gui.core.trend.nouns import Run, Subject
from ckpt_gui.core.trend.series import tensors_of, together

MOST_BINS, FEWEST_BINS = 80, 16
KEPT_CELLS = 2_000_000
"""Cells of exact distributions that are held so that no file need be read again: 48 MB."""
FAR = 5.0
"""How many times the usual spread all steps together may reach before a linear axis hides most of them."""


@dataclass(frozen=True, slots=True)
class Evolution:
    """Histograms of one subject, one for each stop."""

    subject: Subject
    scale: Scale
    edges: Floats
    """n + 1, increasing; empty where there is no finite value in the whole run."""
    histograms: tuple[Histogram | None, ...]
    """By stop; None where there are no values. Exact."""
    briefs: tuple[Brief | None, ...]


def evolution(
    run: Run,
    subject: Subject,
    *,
    bins: int | None = None,
    axis: Axis | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Evolution:
    """Count the subject's finite values at every stop. ``axis`` None: linear, unless that would hide most steps;
    ``bins`` None: as many as one stop's values are enough for.

    Two passes over what is not of few distinct values: one for the edges, one for the counts. Raises what
    ``report`` raises.
    """
    sizes = {place: _nbytes(run, subject, place) for place in run.readable}
    part = Part(report, 2 * sum(sizes.values()))
    briefs: list[Brief | None] = [None] * len(run.stops)
    exact: dict[int, Distribution] = {}
    pool: Summary | None = None
    for place in run.readable:
        found = _summary(run, subject, place, part, executor, workers)
        part.next(sizes[place])
        if found is None:
            continue
        briefs[place] = brief(found)
        pool = found if pool is None else combined([pool, found])
        held = sum(one.counts.size for one in exact.values())
        if found.distribution.exact and held + found.distribution.counts.size < KEPT_CELLS:
            exact[place] = found.distribution
    if pool is None or pool.min is None:
        return Evolution(subject, Scale("linear"), np.empty(0), (None,) * len(run.stops), tuple(briefs))
    chosen = axis or proposed(pool, [one for one in briefs if one is not None])
    shared = _edges(pool, chosen, bins, len(run.readable))
    magnitudes = chosen == "log"
    counted: list[Histogram | None] = [None] * len(run.stops)
    for place in run.readable:
        if place in exact:
            counted[place] = from_distribution(exact[place], shared, magnitudes=magnitudes)
        elif briefs[place] is not None:
            counted[place] = _count(run, subject, place, shared, magnitudes, part, executor, workers)
        part.next(sizes[place])
    return Evolution(subject, scale_of(chosen, pool), shared, tuple(counted), tuple(briefs))


def _edges(pool: Summary, axis: Axis, bins: int | None, stops: int) -> Floats:
    """By Freedman and Diaconis, whose width goes with the cube root of the count: one stop's, not the pool's."""
    if bins is not None:
        return edges(pool, bins=bins, axis=axis)
    found = edges(pool, axis=axis)
    if isinstance(pool.min, int) and len(found) <= MOST_BINS + 1:
        return found
    wanted = round((len(found) - 1) / stops ** (1 / 3))
    return edges(pool, bins=min(max(wanted, FEWEST_BINS), MOST_BINS), axis=axis)


def _nbytes(run: Run, subject: Subject, place: int) -> int:
    nbytes = run.stops[place].checkpoint.tensors.nbytes
    return sum(nbytes[tensor] for tensor in tensors_of([subject], place))


def _summary(
    run: Run, subject: Subject, place: int, report: Report, executor: Executor | None, workers: int
) -> Summary | None:
    with Reading(run.stops[place].checkpoint) as reading:
        tensors = [tensor for tensor in tensors_of([subject], place) if not reading.why_not(tensor)]
        return together(reading, tensors, report=report, executor=executor, workers=workers) if tensors else None


def _count(
    run: Run,
    subject: Subject,
    place: int,
    shared: Floats,
    magnitudes: bool,
    report: Report,
    executor: Executor | None,
    workers: int,
) -> Histogram | None:
    """None where the file, or a part of it, cannot be read (any more)."""
    with Reading(run.stops[place].checkpoint) as reading:
        tensors = [tensor for tensor in tensors_of([subject], place) if not reading.why_not(tensor)]
        try:
            return histogram(
                reading, tensors, shared, magnitudes=magnitudes, report=report, executor=executor, workers=workers
            )
        except ReadError:
            return None


def proposed(pool: Summary, briefs: Sequence[Brief]) -> Axis:
    """Symlog where one step's values, or a few, reach so far that the rest would be a single bar."""
    low, high = PERCENTILES.index(1), PERCENTILES.index(99)
    spreads = [
        float(last) - float(first)
        for one in briefs
        if (first := one.percentiles[low]) is not None and (last := one.percentiles[high]) is not None
    ]
    usual = median(spreads) if spreads else 0.0
    if not usual or isinstance(pool.min, int):
        return "linear"
    assert pool.min is not None
    assert pool.max is not None
    return "symlog" if float(pool.max) - float(pool.min) > FAR * usual else "linear"
