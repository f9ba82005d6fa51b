"""What the page's jobs do: functions of the core strung together, with all that is shown of the result."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from ckpt_gui.core.progress import Report
from ckpt_gui.core.stats import chart_words
from ckpt_gui.core.stats.chart import Chart, Gathered, View, count, draft, sample
from ckpt_gui.core.stats.markers import Marker, markers
from ckpt_gui.core.stats.parts import parts
from ckpt_gui.core.tensors import Reading


class Drawn(NamedTuple):
    """A chart and what is said of it, worked out off the window's thread."""

    chart: Chart
    markers: tuple[Marker, ...]
    """None of several series: their lines could not be told apart."""
    state: str
    headline: str
    aloud: str
    nothing: str
    """Why there is no picture; "" if there is one."""


def begin(reading: Reading, nodes: Sequence[int], report: Report) -> Gathered:
    """A first look at what these rows hold."""
    return sample(reading, parts(reading.checkpoint, nodes), report)


def bars(known: Gathered, view: View) -> Drawn:
    """The picture that can be had at once."""
    return _drawn(draft(known, view))


def counted(reading: Reading, chart: Chart, report: Report, executor: Executor, workers: int) -> Drawn:
    """The exact picture."""
    return _drawn(count(reading, chart, report, executor, workers))


def _drawn(chart: Chart) -> Drawn:
    nothing = chart_words.nothing(chart.known)
    if not nothing and not len(chart.edges):
        nothing = chart_words.no_magnitudes(chart.known)
    alone = len(chart.known.parts) == 1 and not nothing
    return Drawn(
        chart,
        markers(chart.known.whole, chart.view.axis) if alone else (),
        chart_words.state(chart),
        chart_words.headline(chart),
        nothing or chart_words.aloud(chart),
        nothing,
    )
