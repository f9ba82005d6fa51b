"""The page Scatter: A against B, each pair of values a point, of many their density."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core.diff import scatter, scatter_words
from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.scatter import Scatter, Span
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import rich
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.pair_panel.frame import GONE, Frame, Selection, words_label
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ckpt_gui.core.diff.picked import Picked
    from ckpt_gui.gui.comparing import Comparison

_SLOT = "pair scatter"
_HINT = "Point, or press an arrow, to read a place; wheel, drag, + and − zoom; Home shows everything"


class _Drawn(NamedTuple):
    plans: tuple[Plan, ...]
    shown: Scatter
    headline: str
    aloud: str
    missing: int
    """Pairs that cannot be compared."""


class PairScatter(QWidget):
    """How B's values depend on A's.

    Signals:
        message: a word for the status bar.
        place_wanted: a link to a pair was followed; its place.
    """

    message = Signal(str)
    place_wanted = Signal(int)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        from ckpt_gui.gui.plots.scatter import ScatterPlot  # the plot library: when the page is first shown

        super().__init__(parent)
        self.setAccessibleName("A against B")
        self._jobs = jobs
        self._selection = Selection()
        self._plans: tuple[Plan, ...] = ()
        self._missing = 0
        self.plot = ScatterPlot(self)
        self._words = words_label("What the scatter shows", self)
        self._readout = muted(spoken(Elided(self), "The place looked at"))
        content = QWidget(self)
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 6, 0, 6)
        box.addWidget(self._words)
        box.addWidget(self.plot, 1)
        box.addWidget(self._readout)
        self._frame = Frame("scatter", content, self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._frame)
        self.setFocusProxy(self.plot)
        self.plot.pointed.connect(self._read_out)
        self.plot.part_wanted.connect(self._want_part)
        self.plot.everything_wanted.connect(self.show_everything)

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """Show these pairs together."""
        if self._selection.is_same(comparison, places):
            return
        self.let_go()
        found = self._selection.take(comparison, places)
        if found is None:
            self._frame.say(GONE)
            return
        self._frame.wait()
        self._jobs.run(_SLOT, lambda report: _begin(found.picked, report), self._previewed, failed=self._fail)

    def let_go(self) -> None:
        """Stop what is under way and forget the files."""
        self._jobs.cancel(_SLOT)
        self._frame.rest()
        self._selection.forget()
        self._plans = ()

    def _previewed(self, drawn: _Drawn) -> None:
        self._plans, self._missing = drawn.plans, drawn.missing
        self._show(drawn, keep=False)
        if drawn.shown.sampled:
            self._count(None, keep=False)

    def _count(self, limits: tuple[Span, Span] | None, *, keep: bool) -> None:
        plans, missing = self._plans, self._missing
        executor, workers = self._jobs.executor(), self._jobs.workers
        self._jobs.run(
            _SLOT,
            lambda report: _drawn(plans, _count(plans, limits, report, executor, workers), missing),
            partial(self._show, keep=keep),
            failed=self._fail,
            label=f"Scatter of {self._selection.name()}",
        )

    def _show(self, drawn: _Drawn, *, keep: bool) -> None:
        if not drawn.shown.fit.both:
            self._frame.say(drawn.headline)
            return
        self._words.setText(rich.escape(drawn.headline))
        self.plot.show_scatter(drawn.shown, drawn.aloud, keep=keep)
        self._frame.show_content()
        if self.plot.at is not None:
            self._read_out(*self.plot.at)
        else:
            self._readout.say(_HINT)

    def _want_part(self, across: Span, up: Span) -> None:
        """Another part is in sight: count it in cells of its own."""
        if self.plot.shown is not None and self.plot.shown.dense and self._plans:
            self._count((across, up), keep=True)

    def show_everything(self) -> None:
        """Back from a zoom."""
        if self._plans:
            self._count(None, keep=False)

    def _fail(self, sentence: str, _details: str) -> None:
        self._jobs.cancel(_SLOT)
        self._frame.say(sentence)

    def _read_out(self, a: float, b: float) -> None:
        if self.plot.shown is not None:
            self._readout.say(scatter_words.cell(self.plot.shown, a, b))

    def sentence(self) -> str:
        """What stands in place of the picture; "" where it is there."""
        return self._frame.sentence()

    def words(self) -> str:
        """What stands above the picture."""
        return str(self._words.text())

    def readout(self) -> str:
        """What is said of the place looked at."""
        return self._readout.whole


def _begin(found: Picked, report: Report) -> _Drawn:
    """On a job's thread: which pairs there are, and a first look."""
    if why := found.why_alone():
        raise NoValues(f"{why} There is nothing to lay it against")
    plans, trouble = list[Plan](), list[ReadError]()
    for one in found.plans(report):
        if isinstance(one, Plan):
            plans.append(one)
        else:
            trouble.append(one)
    if not plans:
        raise trouble[0] if trouble else NoValues("There is no pair of tensors in what is picked")
    return _drawn(tuple(plans), scatter.preview(plans), len(trouble))


def _count(
    plans: tuple[Plan, ...], limits: tuple[Span, Span] | None, report: Report, executor: Executor, workers: int
) -> Scatter:
    return scatter.scatter(plans, limits=limits, report=report, executor=executor, workers=workers)


def _drawn(plans: tuple[Plan, ...], found: Scatter, missing: int) -> _Drawn:
    said = scatter_words.headline(found)
    if missing:
        said += f" {missing:,} of the pairs cannot be compared and are left out."
    return _Drawn(plans, found, said, scatter_words.aloud(found), missing)
