"""Counts on any edges: exact ones by one more pass, or at once from a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial

import numpy as np

from ckpt_gui.core.kernels.binning import Binning, bin_of
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.lanes import Way, way
from ckpt_gui.core.stats.nouns import Counts, Distribution, Floats, Histogram
from ckpt_gui.core.stats.summarize import BLOCK, SHARE, in_any_order
from ckpt_gui.core.tensors import Reading


def histogram(
    reading: Reading,
    tensors: Sequence[int],
    edges: Floats,
    *,
    magnitudes: bool = False,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Histogram:
    """How many finite values of all these tensors lie between the edges: as ``np.histogram(values, edges)`` counts.

    ``magnitudes``: of their magnitudes. One pass over the bytes. Raises NoValues or ReadError with a
    sentence, and what ``report`` raises.
    """
    plans = [(tensor, way(reading, tensor)) for tensor in dict.fromkeys(tensors)]
    total, done = sum(plan.nbytes for _, plan in plans), 0
    works = [
        partial(_share, reading, tensor, plan, edges, magnitudes, (number, parts))
        for tensor, plan in plans
        for parts in (max(1, -(-plan.nbytes // SHARE)),)
        for number in range(parts)
    ]
    counts = np.zeros(len(edges) + 1, np.int64)
    for _, (found, nbytes) in in_any_order(works, executor, workers):
        counts += found
        done += nbytes
        report.at(min(done, total), total, "bytes")
    return _told(edges, counts, exact=True)


def _share(
    reading: Reading, tensor: int, plan: Way, edges: Floats, magnitudes: bool, part: tuple[int, int]
) -> tuple[Counts, int]:
    work = Binning(plan.lane, edges, magnitudes, plan.form.elements // part[1])
    nbytes = 0
    for box in reading.boxes(tensor, BLOCK, part, raw=False):
        nbytes += box.array.nbytes
        work.add(plan.block(box.array.transpose(box.order)))
    return work.counts() * plan.form.multiplicity, nbytes


def from_distribution(distribution: Distribution, edges: Floats, *, magnitudes: bool = False) -> Histogram:
    """The same from a distribution: exact where no edge cuts a cell; a cell that is cut is shared out evenly."""
    low, high, held = distribution.low, distribution.high, distribution.counts
    if magnitudes:
        low, high = np.minimum(np.abs(low), np.abs(high)), np.maximum(np.abs(low), np.abs(high))
    first, last = bin_of(low, edges), bin_of(high, edges)
    whole = first == last
    counts = np.bincount(first[whole], held[whole], len(edges) + 1)
    for cell in np.flatnonzero(~whole):
        inner = edges[first[cell] : last[cell]]
        borders = np.concatenate([low[cell : cell + 1], inner, high[cell : cell + 1]])
        parts = np.diff(borders)
        counts[first[cell] : last[cell] + 1] += held[cell] * parts / parts.sum()
    up_to = np.rint(np.cumsum(counts)).astype(np.int64)  # rounding the sums keeps their total
    return _told(edges, np.diff(up_to, prepend=0), exact=bool(whole.all()))


def _told(edges: Floats, counts: Counts, *, exact: bool) -> Histogram:
    return Histogram(edges, counts[1:-1], int(counts[0]), int(counts[-1]), exact)
