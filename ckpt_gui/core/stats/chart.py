"""A histogram page's picture: the summaries of what is picked, then their bars on common edges.

``sample`` and ``measure`` find out about the values, ``draft`` gives bars at once from what is known,
``count`` the exact ones from another pass over the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from ckpt_gui.core import text
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.clip import limits
from ckpt_gui.core.stats.combine import combined
from ckpt_gui.core.stats.edges import MOST_BINS, Axis, edges
from ckpt_gui.core.stats.estimate import scaled
from ckpt_gui.core.stats.histogram import from_distribution, histogram
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.nouns import Floats, Histogram, Summary
from ckpt_gui.core.stats.parts import Part
from ckpt_gui.core.stats.scale import Scale, scale_of
from ckpt_gui.core.stats.summarize import preview, scan
from ckpt_gui.core.tensors import Reading

MAX_SAMPLED = 24
"""Tensors of one series that are sampled for a preview, spread evenly over them."""
_TOGETHER = 16
"""Summaries are combined in batches: each may hold megabytes of cells."""


@dataclass(frozen=True, slots=True)
class View:
    """What a person asks to see."""

    axis: Axis = "linear"
    bins: int | None = None
    """1 … 512; None: by the Freedman-Diaconis rule, integers one a value."""
    clip: float = 0.0
    """Percent cut from each end."""
    low: float | None = None
    """With ``high``: the part zoomed in on; values, of a ``log`` axis magnitudes."""
    high: float | None = None

    @property
    def zoomed(self) -> bool:
        """Is a part of the axis asked for?"""
        return self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True)
class Missing:
    """A tensor that is not in the picture."""

    tensor: int
    why: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of the values of each series."""

    asked: tuple[Part, ...]
    """What was picked."""
    parts: tuple[Part, ...]
    """Those with values, with the tensors that have them."""
    summaries: tuple[Summary, ...]
    whole: Summary
    """All series together."""
    missing: tuple[Missing, ...]

    @property
    def sampled(self) -> bool:
        """Is any of it from a sample?"""
        return self.whole.sampled


@dataclass(frozen=True, slots=True)
class Chart:
    """What is to be drawn."""

    known: Gathered
    view: View
    scale: Scale
    edges: Floats
    """Common to all series; empty where there is no finite value to show."""
    histograms: tuple[Histogram, ...]
    whole: tuple[float, float]
    """The ends of the picture before any zoom."""

    @property
    def exact(self) -> bool:
        """Are these the counts of all values?"""
        return not self.known.sampled and all(one.exact for one in self.histograms)

    @property
    def whole_numbers(self) -> bool:
        """Are all the values integers?"""
        return all(isinstance(one.min, int) for one in self.known.summaries if one.min is not None)

    @property
    def span(self) -> tuple[float, float]:
        """The ends of what is to be seen, in values; bars of integers may reach beyond."""
        if self.view.low is not None and self.view.high is not None:
            return self.view.low, self.view.high
        return self.whole


def sample(reading: Reading, parts: Sequence[Part], report: Report = SILENT) -> Gathered:
    """What a sample tells, scaled up to the whole; within milliseconds. Raises like ``measure``."""
    return _know(parts, lambda part: _sampled(reading, part, report))


def measure(
    reading: Reading,
    parts: Sequence[Part],
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Gathered:
    """What one pass over the values tells. Raises NoValues or ReadError only if nothing picked can be read."""
    steps = _Steps(reading, parts, report)
    return _know(
        parts, lambda part: scan(reading, part.tensors, report=steps.of(part), executor=executor, workers=workers)
    )


class _Steps:
    """Progress of one series as progress of them all."""

    def __init__(self, reading: Reading, parts: Sequence[Part], report: Report) -> None:
        nbytes = reading.checkpoint.tensors.nbytes
        self._sizes = {part: sum(nbytes[tensor] for tensor in part.tensors) for part in parts}
        self._report = report

    def of(self, part: Part) -> Report:
        """The report for one of the series."""
        before = 0
        for known, size in self._sizes.items():
            if known == part:
                break
            before += size
        return _Step(self._report, before, sum(self._sizes.values()))


class _Step(Report):
    def __init__(self, report: Report, before: int, total: int) -> None:
        self._report, self._before, self._total = report, before, total

    def at(self, done: int, total: int, unit: str) -> None:
        if unit == "bytes":
            self._report.at(self._before + done, max(self._total, self._before + total), unit)
        else:
            self._report.at(done, total, unit)

    def hurry(self) -> bool:
        return self._report.hurry()


def _sampled(reading: Reading, part: Part, report: Report) -> Iterator[tuple[int, Summary | ReadError]]:
    """Some of the tensors, weighted for those left out; more only until one has values."""
    numel, chosen = reading.checkpoint.tensors.numel, part.tensors[:: -(-len(part.tensors) // MAX_SAMPLED) or 1]
    times = sum(numel[tensor] for tensor in part.tensors) / max(sum(numel[tensor] for tensor in chosen), 1)
    some = False
    for number, tensor in enumerate(dict.fromkeys(chosen + part.tensors)):
        if number >= len(chosen) and some:
            return
        report.at(number, len(part.tensors), "tensors")
        try:
            found = scaled(preview(reading, tensor), times)
        except ReadError as exc:
            yield tensor, exc
            continue
        some = True
        yield tensor, replace(found, sampled=True) if len(chosen) < len(part.tensors) else found


def _know(parts: Sequence[Part], found: Callable[[Part], Iterable[tuple[int, Summary | ReadError]]]) -> Gathered:
    kept, summaries, missing = list[Part](), list[Summary](), dict[int, ReadError]()
    for part in parts:
        together = _Together()
        for tensor, result in found(part):
            if isinstance(result, ReadError):
                missing[tensor] = result
            else:
                together.add(tensor, result)
        if together.tensors:
            left_out = {tensor for tensor in part.tensors if tensor in missing}
            kept.append(part._replace(tensors=tuple(one for one in part.tensors if one not in left_out)))
            summaries.append(together.summary())
    if not summaries:
        raise _none(list(missing.values()))
    lost = tuple(Missing(tensor, str(why)) for tensor, why in missing.items())
    whole = combined(summaries) if len(summaries) > 1 else summaries[0]
    return Gathered(tuple(parts), tuple(kept), tuple(summaries), whole, lost)


def _none(reasons: Sequence[ReadError]) -> ReadError:
    """The error for a selection of which nothing can be shown."""
    if not reasons:
        return NoValues("There is no tensor here, and so nothing to count.")
    if len(reasons) == 1:
        return reasons[0]
    said = text.join_words(dict.fromkeys(str(why).rstrip(".") for why in reasons), 2)
    return type(reasons[0])(f"None of these {len(reasons):,} tensors has values to show: {said}.")


class _Together:
    """Combines summaries as they come, in bounded memory."""

    def __init__(self) -> None:
        self.tensors = 0
        self._waiting: list[Summary] = []

    def add(self, _tensor: int, summary: Summary) -> None:
        self.tensors += 1
        self._waiting.append(summary)
        if len(self._waiting) == _TOGETHER:
            self._waiting = [combined(self._waiting)]

    def summary(self) -> Summary:
        return combined(self._waiting) if len(self._waiting) > 1 else self._waiting[0]


def draft(known: Gathered, view: View) -> Chart:
    """Bars from what is known already; ``Chart.exact`` tells whether they are the last word."""
    source = magnitudes(known.whole) if view.axis == "log" else known.whole
    if not source.finite or source.min is None or source.max is None:
        return Chart(known, view, Scale(view.axis), np.empty(0), (), (0.0, 0.0))
    whole = edges(known.whole, bins=view.bins, axis=view.axis, **_ends(known, view))
    drawn = _part(known.whole, view, len(whole) - 1) if view.zoomed else whole
    counted = tuple(
        from_distribution(one.distribution, drawn, magnitudes=view.axis == "log") for one in known.summaries
    )
    scale = scale_of(view.axis, known.whole)
    return Chart(known, view, scale, drawn, counted, (float(whole[0]), float(whole[-1])))


def _part(whole: Summary, view: View, bars: int) -> Floats:
    """Edges for the part zoomed in on: of integers one a value where there is room, else as many as before or more."""
    assert view.low is not None
    assert view.high is not None
    low, high, integers = view.low, view.high, isinstance(whole.min, int)
    if integers and view.axis == "linear" and view.bins is None and high - low < MOST_BINS and abs(low) < 2**52:
        return np.arange(math.floor(low + 0.5), math.ceil(high - 0.5) + 2, dtype=np.float64) - 0.5
    found = edges(whole, bins=view.bins, axis=view.axis, low=low, high=high)
    if view.bins is None and len(found) - 1 < bars:
        found = edges(whole, bins=bars, axis=view.axis, low=low, high=high)
    return found


def _ends(known: Gathered, view: View) -> dict[str, float]:
    cut = limits(known.whole, view.clip, view.axis)
    return {"low": cut[0], "high": cut[1]} if cut is not None else {}


def count(
    reading: Reading, chart: Chart, report: Report = SILENT, executor: Executor | None = None, workers: int = 1
) -> Chart:
    """The same picture with every value counted. Raises ReadError where a file changed meanwhile."""
    steps = _Steps(reading, chart.known.parts, report)
    counted = tuple(
        histogram(
            reading, part.tensors, chart.edges, magnitudes=chart.view.axis == "log",
            report=steps.of(part), executor=executor, workers=workers,
        )
        for part in chart.known.parts
    )  # fmt: skip
    return replace(chart, histograms=counted)
