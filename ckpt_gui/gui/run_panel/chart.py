"""The chart of a statistic over the steps: what is followed, the picture, its legend and a read-out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.core.trend import words
from ckpt_gui.core.trend.pick import MOST_LINES, short_names
from ckpt_gui.core.trend.picture import Point, picture, proposes_log
from ckpt_gui.core.trend.statistics import CHOICES, LOGARITHMIC
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.layers import icon
from ckpt_gui.gui.plots.trend import TrendPlot
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.trend.nouns import Run, Subject, Track
    from ckpt_gui.core.trend.series import Line

_LEGEND_SHARE, _CHART_SHARE = 220, 520


class Chart(QWidget):
    """Shows lines; asks for other ones.

    Signals:
        statistic_chosen: another statistic is to be followed.
        as_one_chosen: a group is to be one line, or its parts a line each.
        compute_wanted: the question that would read much is asked all the same.
        subject_chosen: place of the line that is current in the legend.
        stop_chosen: a stop was chosen in the picture.
    """

    statistic_chosen = Signal()
    as_one_chosen = Signal()
    compute_wanted = Signal()
    subject_chosen = Signal(int)
    stop_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._subjects: tuple[Subject, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self._statistic = CHOICES[0]
        """Of the lines; another one may be chosen already."""
        self._hidden: set[int] = set()
        self._log_by_hand = False
        self._build()

    # -------------------------------------------------------------------------------------------- building

    def _build(self) -> None:
        self.plot = TrendPlot(self)
        self.plot.pointed.connect(self._pointed)
        self.plot.chosen.connect(self._chosen)
        self._read_out = Elided(self)
        self._read_out.setAccessibleName("The point looked at")
        halves = QSplitter(Qt.Orientation.Horizontal, self)
        halves.addWidget(self.plot)
        halves.addWidget(self._legend())
        halves.setSizes([_CHART_SHARE, _LEGEND_SHARE])
        halves.setStretchFactor(0, 1)
        halves.setHandleWidth(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        box.addWidget(self._controls())
        box.addWidget(halves, 1)
        box.addWidget(self._read_out)
        self.setFocusProxy(self.plot)

    def _controls(self) -> QWidget:
        self.statistic = spoken(QComboBox(self), "Statistic")
        for name in CHOICES:
            self.statistic.addItem(words.title(name), name)
        self.statistic.setToolTip("What is followed over the steps")
        self.statistic.currentIndexChanged.connect(lambda _place: self._statistic_chosen())
        self.log = QCheckBox("Log axis", self)
        self.log.setToolTip("Powers of ten; zeros stand apart at the bottom")
        self.log.toggled.connect(lambda _on: self._draw())
        self.log.clicked.connect(self._log_clicked)
        self.as_one = QCheckBox("As one", self)
        self.as_one.setToolTip("A picked group as one line, instead of a line for each of its parts")
        self.as_one.toggled.connect(lambda _on: self.as_one_chosen.emit())
        self.ask = spoken(QPushButton("Compute", self), "Read the values all the same")
        self.ask.clicked.connect(self.compute_wanted)
        self.ask.hide()
        self._state = muted(Elided(self))
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.statistic, self.log, self.as_one, self.ask):
            row.addWidget(widget)
        row.addWidget(self._state, 1)
        return holder

    def _legend(self) -> QListWidget:
        self.legend = spoken(QListWidget(self), "Lines")
        self.legend.setAccessibleDescription("Space switches a line on and off; the current one’s histograms are below")
        self.legend.setIconSize(QSize(30, 14))
        self.legend.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.legend.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.legend.setFrameShape(self.legend.Shape.NoFrame)
        self.legend.itemChanged.connect(self._switched)
        self.legend.currentRowChanged.connect(self._row_chosen)
        return self.legend

    # -------------------------------------------------------------------------------------------- what is shown

    def chosen_statistic(self) -> str:
        """Name of what is to be followed."""
        name: str = self.statistic.currentData()
        return name

    def show_subjects(self, run: Run, subjects: Sequence[Subject]) -> None:
        """Other lines; their numbers are to come."""
        self._run, self._subjects = run, tuple(subjects[:MOST_LINES])
        self._lines, self._hidden, self._log_by_hand = (), set(), False
        more = len(subjects) - len(self._subjects)
        self.say(f"the first {MOST_LINES} of {len(subjects):,} parts" if more else "")
        self._fill_legend()
        self._draw()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """A line each."""
        return self._subjects

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is drawn, but for what is switched off."""
        return self._lines

    def show_lines(self, statistic: str, lines: Sequence[Line]) -> None:
        """The numbers of the lines."""
        self._statistic, self._lines = statistic, tuple(lines)
        self.ask.hide()
        if not self._log_by_hand:
            self.log.blockSignals(True)
            self.log.setChecked(proposes_log(self._lines, statistic))
            self.log.blockSignals(False)
        self._draw()

    def say(self, sentence: str) -> None:
        """Words beside the controls."""
        self._state.say(sentence)

    def offer(self, nbytes: int) -> None:
        """The question would read so much; a button asks it all the same."""
        self.ask.setText(f"Compute (reads {text.size(nbytes)})")
        self.ask.show()

    def show_stop(self, stop: int) -> None:
        """Mark a stop."""
        self.plot.show_stop(stop)

    def go_to_track(self, track: Track) -> None:
        """Make the line current that this tensor is in."""
        for row, subject in enumerate(self._subjects):
            if track in subject.tracks:
                self.legend.setCurrentRow(row)
                return

    # -------------------------------------------------------------------------------------------- drawing

    def _draw(self) -> None:
        run = self._run
        if run is None or not self._lines:
            self.plot.show_picture(None, words="Nothing to show yet.")
            self._read_out.say("")
            return
        log = self.log.isChecked() and self.log.isEnabled()
        shown = [(number, line) for number, line in enumerate(self._lines) if number not in self._hidden]
        told = words.description(run, [line for _number, line in shown], self._statistic)
        self.plot.show_picture(picture(run, shown, log=log), words=told)
        self._pointed(None)

    def _pointed(self, point: Point | None) -> None:
        run, shown = self._run, self.plot.picture
        if run is None or shown is None or point is None:
            self._read_out.say("")
            return
        self._read_out.say(words.read_out(run, shown.traces[point[0]].line, point[1], self._statistic))

    def _chosen(self, point: Point) -> None:
        shown = self.plot.picture
        if shown is not None:
            self.legend.setCurrentRow(shown.traces[point[0]].number)
            self.stop_chosen.emit(point[1])

    # -------------------------------------------------------------------------------------------- choices

    def _statistic_chosen(self) -> None:
        self._log_by_hand = False
        self.log.setEnabled(self.chosen_statistic() in LOGARITHMIC)
        self.statistic_chosen.emit()

    def _log_clicked(self) -> None:
        self._log_by_hand = True

    def _fill_legend(self) -> None:
        self.legend.blockSignals(True)
        self.legend.clear()
        for name, subject in zip(short_names(self._subjects), self._subjects, strict=True):
            item = QListWidgetItem(text.escape(name))
            held = text.plural(len(subject.tracks), "tensor")
            item.setToolTip(f"{text.escape(subject.name)}\n{held}")
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.legend.addItem(item)
        if self._subjects:
            self.legend.setCurrentRow(0)
        self.legend.blockSignals(False)
        self._dress()

    def _row_chosen(self, row: int) -> None:
        if row >= 0:
            self.subject_chosen.emit(row)

    def _switched(self, item: QListWidgetItem) -> None:
        row = self.legend.row(item)
        (self._hidden.discard if item.checkState() == Qt.CheckState.Checked else self._hidden.add)(row)
        self._dress()
        self._draw()

    def _dress(self) -> None:
        """Icons in the theme's colours."""
        colours, ratio = theme.of(self.palette()), self.devicePixelRatioF()
        self.legend.blockSignals(True)
        for row in range(self.legend.count()):
            item, shown = self.legend.item(row), row not in self._hidden
            item.setIcon(icon(colours, row, ratio, faint=not shown))
            item.setForeground(QColor(colours.text if shown else colours.muted))
        self.legend.blockSignals(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "legend"):
            QTimer.singleShot(0, self, self._dress)
