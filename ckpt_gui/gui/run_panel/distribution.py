"""How the histogram of one line changes: ridges, a slider for the step, and that step in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.trend import words
from ckpt_gui.core.trend.ridges import ridges
from ckpt_gui.gui.plots.ridges import RidgePlot
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.stats.edges import Axis
    from ckpt_gui.core.trend.evolution import Evolution
    from ckpt_gui.core.trend.nouns import Run

AXES = {"Automatic axis": None, "Linear axis": "linear", "Symlog axis": "symlog", "Log of magnitude": "log"}


class Distribution(QWidget):
    """Shows an ``Evolution``.

    Signals:
        axis_chosen: the values are to lie on another axis.
        compute_wanted: the question that would read much is asked all the same.
        stop_chosen: another step is in front.
        pair_wanted: two stops are to be compared.
    """

    axis_chosen = Signal()
    compute_wanted = Signal()
    stop_chosen = Signal(int)
    pair_wanted = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._found: Evolution | None = None
        self._build()

    def _build(self) -> None:
        self._name = muted(Elided(self))
        self._name.setAccessibleName("Whose histograms")
        self.axis = spoken(QComboBox(self), "Axis of the values")
        for title, name in AXES.items():
            self.axis.addItem(title, name)
        self.axis.currentIndexChanged.connect(lambda _place: self.axis_chosen.emit())
        self.ask = spoken(QPushButton("Compute", self), "Read the values for the histograms all the same")
        self.ask.clicked.connect(self.compute_wanted)
        self.ask.hide()
        self.plot = RidgePlot(self)
        self.plot.stop_chosen.connect(self.go_to)
        self.slider = spoken(QSlider(Qt.Orientation.Horizontal, self), "Step")
        self.slider.setPageStep(1)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.setTickInterval(1)
        self.slider.valueChanged.connect(self._slid)
        self._line = Elided(self)
        self._line.setAccessibleName("The chosen step")
        self.compare = spoken(QPushButton("Compare with the step before", self), "Compare with the step before")
        self.compare.clicked.connect(self._compare)
        self._lay_out()
        self.setFocusProxy(self.slider)

    def _lay_out(self) -> None:
        above, below, last = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        above.addWidget(self._name, 1)
        above.addWidget(self.ask)
        above.addWidget(self.axis)
        label = QLabel("Step", self)
        label.setBuddy(self.slider)
        below.addWidget(label)
        below.addWidget(self.slider, 1)
        last.addWidget(self._line, 1)
        last.addWidget(self.compare)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 4, 0, 0)
        box.setSpacing(3)
        box.addLayout(above)
        box.addWidget(self.plot, 1)
        box.addLayout(below)
        box.addLayout(last)

    # -------------------------------------------------------------------------------------------- what is shown

    def show_run(self, run: Run) -> None:
        """Another run; the last step is in front."""
        self._run, self._found = run, None
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(run.stops) - 1)
        self.slider.setValue(run.readable[-1])
        self.slider.blockSignals(False)
        self.plot.show_ridges(None, None)
        self._tell()

    def wait_for(self, name: str) -> None:
        """Another subject; its histograms are to come."""
        self.ask.hide()
        self._name.say(f"Histograms of {text.escape(name)} …")

    def show_evolution(self, found: Evolution) -> None:
        """The histograms."""
        self._found = found
        self.ask.hide()
        self._name.say(f"Histograms of {text.escape(found.subject.name)}")
        self.plot.show_ridges(self._run, ridges(found))
        self._tell()

    def show_nothing(self, sentence: str) -> None:
        """Why there are none."""
        self._found = None
        self.plot.show_ridges(None, None)
        self._name.say(sentence)
        self._tell()

    def offer(self, nbytes: int) -> None:
        """The question would read so much; a button asks it all the same."""
        self.show_nothing("Histograms have to be read.")
        self.ask.setText(f"Compute (reads {text.size(nbytes)} twice)")
        self.ask.show()

    def chosen_axis(self) -> Axis | None:
        """On which axis the values lie; None: the one that shows most."""
        name: Axis | None = self.axis.currentData()
        return name

    @property
    def stop(self) -> int:
        """The step in front."""
        return self.slider.value()

    def go_to(self, stop: int) -> None:
        """Bring a step to the front."""
        self.slider.setValue(stop)

    def before(self) -> int:
        """The last stop before the one in front that could be opened; -1 for none."""
        if self._run is None or self.stop not in self._run.readable:
            return -1
        return max((place for place in self._run.readable if place < self.stop), default=-1)

    # -------------------------------------------------------------------------------------------- the slider

    def _slid(self, stop: int) -> None:
        self._tell()
        self.stop_chosen.emit(stop)

    def _tell(self) -> None:
        run, found, stop = self._run, self._found, self.stop
        if run is None:
            return
        told = words.stop_line(run, found, stop) if found is not None else run.title(stop)
        self._line.say(told)
        self.slider.setAccessibleDescription(told)
        self.plot.show_stop(stop, words.distribution_description(run, found, stop) if found is not None else told)
        before = self.before()
        self.compare.setEnabled(before >= 0)
        told = words.pair_words(run, before, stop) if before >= 0 else "There is no step before this one"
        self.compare.setToolTip(told)
        self.compare.setAccessibleDescription(told)

    def _compare(self) -> None:
        if self.before() >= 0:
            self.pair_wanted.emit(self.before(), self.stop)
