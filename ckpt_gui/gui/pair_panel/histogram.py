"""The page Histogram of pairs: A and B overlaid on common edges, and below B − A of the elements that differ."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QSplitter, QVBoxLayout, QWidget

from ckpt_gui.core.diff import charts
from ckpt_gui.core.stats import chart_words
from ckpt_gui.core.stats.chart import View
from ckpt_gui.core.stats.scale import AXES
from ckpt_gui.gui import rich
from ckpt_gui.gui.bars import Bar, Bars
from ckpt_gui.gui.histogram_controls.controls import Controls
from ckpt_gui.gui.histogram_controls.options import Options, keep, remembered
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.pair_panel import histogram_work as work
from ckpt_gui.gui.pair_panel.frame import GONE, Chosen, Frame, Selection, words_label
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.gui.comparing import Comparison

_VALUES, _SIDES, _DELTA = "pair histogram", "pair histogram of A and B", "pair histogram of B − A"
"""Slots: finding out about the values, and counting them into the bars of either picture."""
_AXIS = "pair histogram axis"
"""How B − A is laid out, in the settings."""
_AXIS_WORDS = {"linear": "B − A: linear", "symlog": "B − A: symlog", "log": "B − A: log |x|"}
_DELTA_COLOUR = 3
_HINT = "Point, or ← →, to read a bar; wheel, drag, + and − zoom; Home shows everything"


class PairHistogram(QWidget):
    """How often which values occur in A, in B and in B − A.

    Signals:
        message: a word for the status bar.
        place_wanted: a link to a pair was followed; its place.
    """

    message = Signal(str)
    place_wanted = Signal(int)

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        from ckpt_gui.gui.plots.histogram import HistogramPlot  # the plot library: when the page is first shown

        super().__init__(parent)
        self.setAccessibleName("Histograms of pairs")
        self._jobs, self._settings = jobs, settings
        self._selection = Selection()
        self._chosen_pairs: Chosen | None = None
        self._known: charts.Known | None = None
        self._drawn: dict[str, work.Drawn] = {}
        self._measuring = False
        self.sides, self.delta = HistogramPlot(self), HistogramPlot(self, alone=_DELTA_COLOUR)
        self.sides.setAccessibleName("Histogram of A and B")
        self.delta.setAccessibleName("Histogram of B − A")
        self.controls = Controls(remembered(settings), (), self)
        self._views = {"sides": self.controls.options.view(), "delta": self._delta_view()}
        self._lay_out()
        self._wire()
        self.setFocusProxy(self.sides)

    # -------------------------------------------------------------------------------------------- building

    def _lay_out(self) -> None:
        self._words = words_label("What the histograms show", self)
        self._equal = Bars("Elements that are exactly equal", ())
        self._delta_words = words_label("B − A", self)
        self._no_delta = spoken(QLabel(self), "Why there are no bars of B − A")
        self._no_delta.setWordWrap(True)
        self._no_delta.setTextFormat(Qt.TextFormat.PlainText)
        self._no_delta.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._no_delta.setMargin(12)
        self._readout = muted(spoken(Elided(self), "The bar looked at"))
        above, below = QWidget(self), QWidget(self)
        for half, widgets in (
            (above, (self._words, self.sides)),
            (below, (self._equal, self._delta_words, self.delta, self._no_delta)),
        ):
            box = QVBoxLayout(half)
            box.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                box.addWidget(widget, 1 if widget in (self.sides, self.delta) else 0)
        halves = QSplitter(Qt.Orientation.Vertical, self)
        halves.addWidget(above)
        halves.addWidget(below)
        halves.setSizes([300, 300])
        halves.setHandleWidth(1)
        content = QWidget(self)
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 6)
        box.addWidget(halves, 1)
        box.addWidget(self._readout)
        self._frame = Frame("histogram", content, self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 0, 0)
        outer.addWidget(self._choices())
        outer.addWidget(self._frame, 1)

    def _choices(self) -> QWidget:
        self.delta_axis = spoken(QComboBox(self), "Axis of B − A")
        self.delta_axis.setToolTip("How the differences are laid out; exactly equal elements are counted apart")
        for axis in AXES:
            self.delta_axis.addItem(_AXIS_WORDS[axis], axis)
        kept = self._settings.value(_AXIS, "")
        self.delta_axis.setCurrentIndex(AXES.index(kept) if kept in AXES else 0)
        self.delta_axis.currentIndexChanged.connect(lambda _at: self._delta_axis_chosen())
        self._views["delta"] = self._delta_view()
        self.controls.add(self.delta_axis)
        return self.controls

    def _wire(self) -> None:
        self.controls.changed.connect(self._chosen)
        self._settings.chosen.connect(self._prefer)
        for name, plot in (("sides", self.sides), ("delta", self.delta)):
            plot.range_wanted.connect(partial(self._zoom, name))
            plot.everything_wanted.connect(partial(self.show_everything, name))
            plot.pointed.connect(partial(self._read_out, name))

    def _prefer(self) -> None:
        """So many bars are wanted, as was said in the settings. No lambda: this page may go before them."""
        self.controls.show_bins(self._settings.preferences.bins)

    # -------------------------------------------------------------------------------------------- what is picked

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """Show these pairs together."""
        if self._selection.is_same(comparison, places):
            return
        self.let_go()
        found = self._chosen_pairs = self._selection.take(comparison, places)
        if found is None:
            self._frame.say(GONE)
            return
        for plot in (self.sides, self.delta):
            plot.point(-1)
        self._views = {"sides": self.controls.options.view(), "delta": self._delta_view()}
        self._frame.wait()
        self._jobs.run(_VALUES, lambda report: charts.sample(found.picked, report), self._known_now, failed=self._fail)

    def let_go(self) -> None:
        """Stop what is under way and forget the files."""
        for slot in (_VALUES, _SIDES, _DELTA):
            self._jobs.cancel(slot)
        self._frame.rest()
        self._selection.forget()
        self._chosen_pairs, self._known, self._drawn, self._measuring = None, None, {}, False

    def _known_now(self, known: charts.Known) -> None:
        """A look is done; if that was at a sample, the whole follows once the preview stands there."""
        self._known = known
        for name in self._views:
            self._draw(name)

    def _measure(self) -> None:
        """Look at all values, after a sample of them."""
        if self._chosen_pairs is not None:
            self._measuring = True  # zooming in a preview does not begin it again
            found, executor, workers = self._chosen_pairs, self._jobs.executor(), self._jobs.workers
            self._jobs.run(
                _VALUES,
                lambda report: charts.measure(found.picked, report, executor, workers),
                self._known_now,
                failed=self._fail,
                label=f"Histograms of {self._selection.name()}",
            )

    # -------------------------------------------------------------------------------------------- the pictures

    def _draw(self, name: str) -> None:
        """Bars for what is known and wanted now; the exact ones follow."""
        if self._known is None:
            return
        known, view = self._known, self._views[name]
        self._jobs.run(
            _slot(name), lambda _report: work.draft(name, known, view), partial(self._drafted, name), failed=self._fail
        )

    def _drafted(self, name: str, drawn: work.Drawn) -> None:
        self._show(name, drawn)
        if drawn.known.sampled:
            if name == "sides" and not self._measuring:
                self._measure()
            return
        if drawn.chart is None or drawn.chart.exact or self._chosen_pairs is None:
            return
        found, executor, workers = self._chosen_pairs, self._jobs.executor(), self._jobs.workers
        self._jobs.run(
            _slot(name),
            lambda report: work.count(name, found.picked, drawn, report, executor, workers),
            partial(self._show, name),
            failed=self._fail,
            label=f"Histograms of {self._selection.name()}",
        )

    def _show(self, name: str, drawn: work.Drawn) -> None:
        self._drawn[name] = drawn
        options = self.controls.options
        if name == "sides":
            if drawn.chart is None:
                self._frame.say(drawn.nothing)
                return
            self._words.setText(_told(drawn))
        else:
            self._show_equal(drawn)
            self.delta.setVisible(drawn.chart is not None)
            self._no_delta.setVisible(drawn.chart is None)
            self._no_delta.setText(drawn.nothing)
            self._delta_words.setText(_told(drawn))
            self._delta_words.setVisible(bool(drawn.words))
        if drawn.chart is not None:
            shown = [marker for marker in drawn.markers if marker.kind in options.markers]
            plot = self.sides if name == "sides" else self.delta
            plot.show_chart(drawn.chart, shown, log=options.log, words=drawn.aloud)
            self._read_out(name, plot.bar)
        if "sides" in self._drawn and self._drawn["sides"].chart is not None:
            self._frame.show_content()

    def _show_equal(self, drawn: work.Drawn) -> None:
        known = drawn.known
        self._equal.setVisible(known.delta is not None and bool(known.delta.count))
        if known.delta is not None and known.delta.count:
            about = "about " if known.delta.sampled else ""
            part = known.equal / known.delta.count
            figure = f"{about}{known.equal:,} of {known.delta.count:,} · {chart_words.share(part)}"
            self._equal.show_bars([Bar("Exactly equal", part, figure)])

    def _fail(self, sentence: str, _details: str) -> None:
        for slot in (_VALUES, _SIDES, _DELTA):
            self._jobs.cancel(slot)
        self._frame.say(sentence)

    def sentence(self) -> str:
        """What stands in place of the pictures; "" where they are there."""
        return self._frame.sentence()

    def words(self) -> tuple[str, str, str]:
        """What stands above A and B, above B − A, and in the place of B − A."""
        missing = "" if self._no_delta.isHidden() else self._no_delta.text()
        return self._words.text(), self._delta_words.text(), missing

    def _read_out(self, name: str, bar: int) -> None:
        plot = self.sides if name == "sides" else self.delta
        chart = plot.chart
        if chart is not None and 0 <= bar < len(chart.edges) - 1:
            self._readout.say(("B − A   " if name == "delta" else "") + chart_words.bar(chart, bar))
        else:
            self._readout.say(_HINT)

    def readout(self) -> str:
        """What is said of the bar looked at."""
        return self._readout.whole

    # -------------------------------------------------------------------------------------------- what is wanted

    def _delta_view(self) -> View:
        box = getattr(self, "delta_axis", None)
        return replace(self.controls.options.view(), axis=AXES[box.currentIndex()] if box is not None else "linear")

    def _delta_axis_chosen(self) -> None:
        self._settings.keep(_AXIS, self.delta_axis.currentData())
        self._views["delta"] = self._delta_view()
        self._draw("delta")

    def _chosen(self, options: Options) -> None:
        keep(self._settings, options)
        for name, wanted in (("sides", options.view()), ("delta", self._delta_view())):
            before = self._views[name]
            same_axis = wanted.axis == before.axis and wanted.clip == before.clip
            self._views[name] = replace(wanted, low=before.low, high=before.high) if same_axis else wanted
            self._draw(name)

    def _zoom(self, name: str, low: float, high: float) -> None:
        self._views[name] = replace(self._views[name], low=low, high=high)
        self._draw(name)

    def show_everything(self, name: str) -> None:
        """Back from a zoom, of ``sides`` or ``delta``."""
        self._views[name] = self.controls.options.view() if name == "sides" else self._delta_view()
        self._draw(name)


def _slot(name: str) -> str:
    return _SIDES if name == "sides" else _DELTA


def _told(drawn: work.Drawn) -> str:
    state = f"<b>{rich.escape(drawn.state)}.</b> " if drawn.state else ""
    return state + rich.escape(drawn.words)
