"""What the histogram page's jobs do: functions of the core strung together, with all that is shown of the result."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple

from ckpt_gui.core.diff import chart_words as pair_words
from ckpt_gui.core.diff.charts import Known, count_delta, count_sides
from ckpt_gui.core.diff.picked import Picked
from ckpt_gui.core.progress import Report
from ckpt_gui.core.stats import chart, chart_words
from ckpt_gui.core.stats.chart import Chart, View
from ckpt_gui.core.stats.markers import Marker, markers

_OF_SIDES = ("mean", "median")
"""Lines of A and of B; all kinds of both could not be told apart."""


class Drawn(NamedTuple):
    """One of the two pictures, and what is said of it."""

    known: Known
    chart: Chart | None
    """None where there is nothing to draw."""
    markers: tuple[Marker, ...]
    state: str
    words: str
    aloud: str
    nothing: str
    """Why there is no picture; "" if there is one."""


def draft(name: str, known: Known, view: View) -> Drawn:
    """The picture that can be had at once: of the ``sides``, or of ``delta``."""
    if name == "sides":
        return _sides(known, chart.draft(known.sides, view))
    nothing = pair_words.no_delta(known)
    if nothing or known.changed is None:
        return Drawn(known, None, (), "", "", nothing, nothing)
    return _delta(known, chart.draft(known.changed, view))


def count(name: str, found: Picked, drawn: Drawn, report: Report, executor: Executor, workers: int) -> Drawn:
    """The exact picture."""
    assert drawn.chart is not None
    if name == "sides":
        return _sides(drawn.known, count_sides(found, drawn.chart, report, executor, workers))
    return _delta(drawn.known, count_delta(found, drawn.chart, drawn.known.equal, report, executor, workers))


def _sides(known: Known, made: Chart) -> Drawn:
    nothing = chart_words.nothing(made.known)
    if not nothing and not len(made.edges):
        nothing = chart_words.no_magnitudes(made.known)
    if nothing:
        return Drawn(known, None, (), "", "", nothing, nothing)
    lines = tuple(
        marker._replace(name=f"{part.name} {marker.name}", series=number)
        for number, (part, one) in enumerate(zip(made.known.parts, made.known.summaries, strict=True))
        for marker in markers(one, made.view.axis)
        if marker.kind in _OF_SIDES
    )
    if len(made.known.parts) == 1:
        lines = markers(made.known.whole, made.view.axis)
    aloud = chart_words.aloud(made)
    return Drawn(known, made, lines, chart_words.state(made), pair_words.sides(made), aloud, "")


def _delta(known: Known, made: Chart) -> Drawn:
    words, aloud = pair_words.delta(known, made), pair_words.aloud(known, made)
    said = ". ".join(filter(None, (words, known.why)))
    lines = markers(made.known.whole, made.view.axis)
    return Drawn(known, made, lines, chart_words.state(made), said, aloud, "")
