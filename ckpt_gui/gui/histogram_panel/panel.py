"""The Histogram page: starts the work, shows what comes of it, and asks again when a person zooms or chooses."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ckpt_gui.core.stats import chart_words
from ckpt_gui.core.stats.chart import Gathered, measure
from ckpt_gui.gui import rich
from ckpt_gui.gui.histogram_controls.controls import Controls
from ckpt_gui.gui.histogram_controls.options import Options, keep, remembered
from ckpt_gui.gui.histogram_panel import saving, work
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.gui.open_files import OpenFile

_VALUES, _BARS = "histogram", "histogram bars"
"""Slots: finding out about the values, and counting them into bars."""
_PATIENCE_MS = 150
"""So long the former picture stays while a new one is made; then it would mislead."""
_HINT = "Point, or ← →, to read a bar; wheel, drag, + and − zoom; Home shows everything"
_HINT_IN_FULL = (
    "Point at a bar to read it, or press ← and →. The wheel, + and −, or dragging over a part zooms in on it, and the "
    "values are counted anew there. With Shift, drag, wheel and arrows move the picture. A double click or Home shows "
    "everything."
)


class HistogramPanel(QWidget):
    """How often which values occur in what is picked.

    Signals:
        node_wanted: a link to a row was followed.
        message: a word for the status bar.
    """

    node_wanted = Signal(int)
    message = Signal(str)

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        from ckpt_gui.gui.plots.histogram import HistogramPlot  # the plot library: when the page is first shown

        super().__init__(parent)
        self.setAccessibleName("Histogram")
        self._jobs, self._settings = jobs, settings
        self._file: OpenFile | None = None
        self._picked: tuple[object, tuple[int, ...]] = (None, ())
        self._known: Gathered | None = None
        self._drawn: work.Drawn | None = None
        self.plot = HistogramPlot(self)
        self._make_actions()
        self.controls = Controls(remembered(settings), self.actions(), self)
        self._view = self.controls.options.view()
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self._words = muted(spoken(QLabel(self), "What the histogram shows"))
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.RichText)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._readout = muted(spoken(Elided(self), "The bar looked at"))
        chart = QWidget(self)
        box = QVBoxLayout(chart)
        box.setContentsMargins(0, 0, 0, 6)
        box.addWidget(self._words)
        box.addWidget(self.plot, 1)
        box.addWidget(self._readout)
        self._sentence = spoken(QLabel(self), "Why there is no histogram")
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setMargin(24)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._sentence)
        self._stack.addWidget(chart)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 0, 0)
        outer.addWidget(self.controls)
        outer.addWidget(self._stack, 1)
        self.setFocusProxy(self.plot)

    def _wire(self) -> None:
        self.controls.changed.connect(self._chosen)
        self._settings.chosen.connect(self._prefer)
        self.plot.range_wanted.connect(self._zoom)
        self.plot.everything_wanted.connect(self.show_everything)
        self.plot.pointed.connect(self._read_out)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(lambda: self._say("Reading the values …"))

    def _prefer(self) -> None:
        """So many bars are wanted, as was said in the settings. No lambda: this page may go before them."""
        self.controls.show_bins(self._settings.preferences.bins)

    def _make_actions(self) -> None:
        """What can be done with the picture; in the page's menu and the palette too."""
        for words, keys, act in (
            ("Save as PNG…", "Ctrl+S", partial(self._save, "png")),
            ("Save as SVG…", "Ctrl+Alt+D", partial(self._save, "svg")),
            ("Save as CSV…", "Ctrl+Alt+T", partial(self._save, "csv")),
            ("Copy picture", "Ctrl+Alt+I", self._copy_picture),
            ("Copy as CSV", "Ctrl+Alt+N", self._copy_numbers),
            ("Show everything", "Ctrl+Home", self.show_everything),
        ):
            action = QAction(words, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, act=act: act())
            self.addAction(action)

    # -------------------------------------------------------------------------------------------- what is picked

    def show_picked(self, file: OpenFile, nodes: list[int]) -> None:
        """Show the values of these rows; none: of the whole file."""
        picked = (file.opened, tuple(nodes))
        if picked[0] is self._picked[0] and picked[1] == self._picked[1]:
            return
        self.let_go()
        self._picked, self._file = picked, file
        self.plot.point(-1)
        self._view = self.controls.options.view()
        self._patience.start()
        reading = file.reading()
        self._jobs.run(_VALUES, partial(work.begin, reading, tuple(nodes)), self._begun, failed=self._fail)

    def let_go(self) -> None:
        """Stop what is under way and forget the file: something else is picked, or it is closed."""
        for slot in (_VALUES, _BARS):
            self._jobs.cancel(slot)
        self._patience.stop()
        self._file, self._known, self._picked = None, None, (None, ())

    def _begun(self, known: Gathered) -> None:
        """The first look is done; if that was at a sample, the whole follows."""
        self._known = known
        self._draw()
        if known.sampled and self._file is not None:
            reading, executor, workers = self._file.reading(), self._jobs.executor(), self._jobs.workers
            self._jobs.run(
                _VALUES,
                lambda report: measure(reading, known.asked, report, executor, workers),
                self._measured,
                failed=self._fail,
                label=self._label(known),
            )

    def _measured(self, known: Gathered) -> None:
        self._known = known
        self._draw()

    def _label(self, known: Gathered) -> str:
        return f"Histogram of {known.asked[0].name}" + (" …" if len(known.asked) > 1 else "")

    # -------------------------------------------------------------------------------------------- the picture

    def _draw(self) -> None:
        """Bars for what is known and wanted now; the exact ones follow."""
        if self._known is not None:
            known, view = self._known, self._view
            self._jobs.run(_BARS, lambda _report: work.bars(known, view), self._drafted, failed=self._fail)

    def _drafted(self, drawn: work.Drawn) -> None:
        self._show(drawn)
        if drawn.nothing or drawn.chart.exact or drawn.chart.known.sampled or self._file is None:
            return
        reading, executor, workers = self._file.reading(), self._jobs.executor(), self._jobs.workers
        self._jobs.run(
            _BARS,
            lambda report: work.counted(reading, drawn.chart, report, executor, workers),
            self._show,
            failed=self._fail,
            label=self._label(drawn.chart.known),
        )

    def _show(self, drawn: work.Drawn) -> None:
        self._patience.stop()
        self._drawn = drawn
        if drawn.nothing:
            self._say(drawn.nothing)
            return
        shown = [marker for marker in drawn.markers if marker.kind in self.controls.options.markers]
        state = f"<b>{rich.escape(drawn.state)}.</b> " if drawn.state else ""
        self._words.setText(state + rich.escape(drawn.headline))
        self.plot.show_chart(drawn.chart, shown, log=self.controls.options.log, words=drawn.aloud)
        self._read_out(self.plot.bar)
        self._turn(1)

    def _turn(self, page: int) -> None:
        self._stack.setCurrentIndex(page)
        for action in self.actions():
            action.setEnabled(bool(page))

    def _fail(self, sentence: str, _details: str) -> None:
        self._patience.stop()
        for slot in (_VALUES, _BARS):
            self._jobs.cancel(slot)
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        """A sentence in place of the picture."""
        self._sentence.setText(sentence[:1].upper() + sentence[1:])
        self._turn(0)

    def sentence(self) -> str:
        """What stands in place of the picture; "" where there is one."""
        return str(self._sentence.text()) if self._stack.currentIndex() == 0 else ""

    def words(self) -> str:
        """What stands above the picture."""
        return str(self._words.text())

    def _read_out(self, bar: int) -> None:
        chart = self.plot.chart
        shown = chart is not None and 0 <= bar < len(chart.edges) - 1
        if chart is not None and shown:
            self._readout.say(chart_words.bar(chart, bar))
        else:
            self._readout.say(_HINT, _HINT_IN_FULL)

    def readout(self) -> str:
        """What is said of the bar looked at."""
        return self._readout.whole

    # -------------------------------------------------------------------------------------------- what is wanted

    def _chosen(self, options: Options) -> None:
        keep(self._settings, options)
        view = options.view()
        same_axis = view.axis == self._view.axis and view.clip == self._view.clip
        self._view = replace(view, low=self._view.low, high=self._view.high) if same_axis else view
        self._draw()

    def _zoom(self, low: float, high: float) -> None:
        self._view = replace(self._view, low=low, high=high)
        self._draw()

    def show_everything(self) -> None:
        """Back from a zoom."""
        self._view = self.controls.options.view()
        self._draw()

    def _save(self, kind: str) -> None:
        if (chart := self.plot.chart) is not None and (path := saving.ask(self, chart, kind)) is not None:
            self.message.emit(saving.save(self.plot, path, kind))

    def _copy_picture(self) -> None:
        self.message.emit(saving.copy_picture(self.plot))

    def _copy_numbers(self) -> None:
        if self.plot.chart is not None:
            self.message.emit(saving.copy_numbers(self.plot.chart))
