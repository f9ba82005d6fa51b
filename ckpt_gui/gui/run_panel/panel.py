"""The panel: it asks the run what its parts want to show, and shows what is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.trend import words
from ckpt_gui.core.trend.pick import reference, subjects
from ckpt_gui.gui.following import QUESTIONS, Following, Lines
from ckpt_gui.gui.run_panel.chart import Chart
from ckpt_gui.gui.run_panel.distribution import Distribution
from ckpt_gui.gui.run_panel.nan_line import NanLine
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.trend.evolution import Evolution
    from ckpt_gui.core.trend.first_nan import FirstNan

_NAN_WORDS = "Find the first step with NaN"


class RunPanel(QWidget):
    """What a run's tensors did over its steps.

    Signals:
        pair_wanted: two files are to be compared: their paths, the earlier one first.
        message: a sentence for the status bar.
    """

    pair_wanted = Signal(str, str)
    message = Signal(str)

    def __init__(self, following: Following, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("The run")
        self._following = following
        self._nodes: list[int] = []
        self._place = 0
        """The stop whose tree the nodes are of."""
        self._asked = False
        """Were numbers asked for, however much must be read?"""
        self._build()
        self._wire()

    # -------------------------------------------------------------------------------------------- building

    def _build(self) -> None:
        self._title = Elided(self)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._title.setAccessibleName("What the run is")
        self._notes = muted(Elided(self))
        self._notes.setAccessibleName("What was left out")
        self.find_nan = spoken(QPushButton(_NAN_WORDS, self), _NAN_WORDS)
        self.find_nan.setToolTip("Among the picked tensors, by bisection: few of the files are read")
        self.nan_line = NanLine(self)
        self.chart = Chart(self)
        self.distribution = Distribution(self)
        self.find_action = QAction(_NAN_WORDS, self)
        self.find_action.setShortcut(QKeySequence("Ctrl+Shift+N"))
        self.find_action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.addAction(self.find_action)
        above = QHBoxLayout()
        above.addWidget(self._title, 1)
        above.addWidget(self.find_nan)
        halves = QSplitter(Qt.Orientation.Vertical, self)
        halves.addWidget(self.chart)
        halves.addWidget(self.distribution)
        halves.setSizes([420, 360])
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 8, 10, 6)
        box.setSpacing(4)
        box.addLayout(above)
        for widget in (self._notes, self.nan_line):
            box.addWidget(widget)
        box.addWidget(halves, 1)
        self._notes.hide()
        self.setFocusProxy(self.chart)

    def _wire(self) -> None:
        following, chart, distribution = self._following, self.chart, self.distribution
        following.lines_found.connect(self._lines_found)
        following.evolved.connect(self._evolved)
        following.nan_found.connect(self._nan_found)
        following.too_much.connect(self._too_much)
        following.trouble.connect(self._trouble)
        following.question_stopped.connect(self._question_stopped)
        chart.statistic_chosen.connect(self._follow)
        chart.as_one_chosen.connect(self._turn)
        chart.compute_wanted.connect(self._compute)
        chart.subject_chosen.connect(lambda _row: self._evolve())
        chart.stop_chosen.connect(distribution.go_to)
        distribution.stop_chosen.connect(chart.show_stop)
        distribution.axis_chosen.connect(self._evolve)
        distribution.compute_wanted.connect(lambda: self._evolve(asked=True))
        for part in (distribution, self.nan_line):
            part.pair_wanted.connect(self._pair)
        self.find_nan.clicked.connect(self._find_nan)
        self.find_action.triggered.connect(self._find_nan)

    # -------------------------------------------------------------------------------------------- what is shown

    def show_picked(self, nodes: Sequence[int]) -> None:
        """Other rows were picked in the run's tree (of ``pick.reference``)."""
        if list(nodes) != self._nodes:
            self._nodes = list(nodes)
            if self._following.run is not None:
                self._turn()

    def let_go(self) -> None:
        """Nobody looks any more."""
        for what in QUESTIONS:
            self._following.let_go(what)

    def show_run(self) -> None:
        """The run stands, or stands again."""
        run = self._following.run
        assert run is not None
        self._title.say(words.heading(run))
        told = [*run.notes, *(f"{stop.name}: {text.escape(stop.problem)}" for stop in run.stops if stop.problem)]
        self._notes.say(" · ".join(told), "\n".join(told))
        self._notes.setVisible(bool(told))
        self.nan_line.hide()
        self.find_nan.setEnabled(True)
        self._place = reference(run)
        self.distribution.show_run(run)
        self.chart.show_stop(self.distribution.stop)
        self._turn()

    def _turn(self) -> None:
        """Lines of what is picked now."""
        run = self._following.run
        if run is None:
            return
        self._asked = False
        found = subjects(run, self._place, self._nodes, as_one=self.chart.as_one.isChecked())
        self.chart.show_subjects(run, found)
        if not found:
            self.let_go()
            self.chart.say("There is no tensor in what is picked.")
            self.distribution.show_nothing("")
            return
        self._follow()
        self._evolve()

    def _follow(self) -> None:
        if self.chart.subjects:
            self._following.follow(self.chart.subjects, self.chart.chosen_statistic(), asked=self._asked)

    def _compute(self) -> None:
        self._asked = True
        self._follow()

    def _evolve(self, *, asked: bool = False) -> None:
        row = self.chart.legend.currentRow()
        if 0 <= row < len(self.chart.subjects):
            subject = self.chart.subjects[row]
            self.distribution.wait_for(subject.name)
            self._following.evolve(subject, self.distribution.chosen_axis(), asked=asked)

    def _find_nan(self) -> None:
        if self.chart.subjects:
            self.find_nan.setEnabled(False)
            self._following.find_nan(self.chart.subjects)

    # -------------------------------------------------------------------------------------------- what was found

    def _lines_found(self, found: Lines) -> None:
        self.chart.show_lines(found.statistic, found.lines)

    def _evolved(self, found: Evolution) -> None:
        if len(found.edges):
            self.distribution.show_evolution(found)
        else:
            self.distribution.show_nothing(f"{text.escape(found.subject.name)} has no finite value in any file.")

    def _nan_found(self, found: FirstNan) -> None:
        self.find_nan.setEnabled(True)
        run = self._following.run
        if run is None:
            return
        self.nan_line.show_answer(run, found)
        if found.place is not None:
            self.chart.go_to_track(found.found[0].track)
            self.distribution.go_to(found.place)
        self.message.emit(words.nan_answer(run, found)[0])

    def _too_much(self, what: str, nbytes: int) -> None:
        if what == "tree":
            self.message.emit(f"The columns need {text.size(nbytes)} to be read: Compute statistics of all tensors")
        else:
            (self.chart if what == "lines" else self.distribution).offer(nbytes)

    def _trouble(self, what: str, sentence: str, _details: str) -> None:
        if what == "nan":
            self.find_nan.setEnabled(True)
            self.nan_line.show_trouble(sentence)
        elif what == "lines":
            self.chart.say(sentence)
        elif what == "evolution":
            self.distribution.show_nothing(sentence)
        else:
            self.message.emit(sentence)

    def _question_stopped(self, what: str) -> None:
        self.find_nan.setEnabled(True)
        if what == "lines":
            self.chart.say("Stopped; another choice asks again.")
        elif what == "evolution":
            self.distribution.show_nothing("Stopped; another choice asks again.")

    def _pair(self, left: int, right: int) -> None:
        run = self._following.run
        if run is not None:
            self.pair_wanted.emit(run.stops[left].path, run.stops[right].path)
