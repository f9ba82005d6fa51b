"""The page Change over depth: a measure of the pairs by layer and kind of weight, and which of them stand out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from ckpt_gui.core.diff import over_depth
from ckpt_gui.core.diff.over_depth import MEASURES, PERCENT, Found
from ckpt_gui.core.diff.whole import network_of
from ckpt_gui.core.stats.layers import leading_kinds
from ckpt_gui.core.stats.layers_picture import Picture, picture
from ckpt_gui.gui.facts_text import FactsText
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.kind_legend import KindLegend
from ckpt_gui.gui.pair_panel.frame import GONE, Frame, Selection
from ckpt_gui.gui.spoken import Elided, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.depth import Depth
    from ckpt_gui.core.diff.nouns import Row
    from ckpt_gui.core.facts import Section
    from ckpt_gui.core.model import Checkpoint
    from ckpt_gui.core.pairing import Pairing
    from ckpt_gui.gui.comparing import Comparison

SHOWN_KINDS = 10
"""Kinds that are on to begin with; more lines would hide one another."""
_SLOT = "change over depth"
_AGAIN_MS = 400
"""Between two pictures while values come in."""
_HINT = "Point at a mark, or press the arrows, to read it; a click or Enter goes to the pair"


class _Wanted(NamedTuple):
    """What is to be drawn, as it was when that was asked for."""

    rows: list[Row]
    places: tuple[int, ...]
    pairing: Pairing
    checkpoint: Checkpoint
    depth: Depth | None
    name: str
    log: bool | None
    """None: as it suits."""
    kinds: tuple[str, ...]
    """Of the legend; ``hidden`` is of these."""
    hidden: frozenset[str]


class _Made(NamedTuple):
    """What a job made of it."""

    found: Found
    picture: Picture
    hidden: frozenset[str]
    log: bool
    words: str
    sections: tuple[Section, ...]


class ChangeOverDepth(QWidget):
    """A chart, its legend, and the pairs that stand out in words.

    Signals:
        message: a word for the status bar.
        place_wanted: a point or a link was followed; the pair's place.
    """

    message = Signal(str)
    place_wanted = Signal(int)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Change over depth")
        self._jobs = jobs
        self._selection = Selection()
        self._depth: Depth | None = None
        self._log_by_hand = False
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._compute)
        self._build()
        self.setFocusProxy(self.plot)

    def _build(self) -> None:
        from ckpt_gui.gui.plots.layers import LayersPlot  # the plot library: when the page is first shown

        self.plot = LayersPlot(self)
        self.plot.setAccessibleName("Change over the layers")
        self.plot.pointed.connect(self._pointed)
        self.plot.chosen.connect(self._chosen)
        self.legend = KindLegend(self)
        self.legend.switched.connect(self._compute)
        self._read_out = spoken(Elided(self), "The point looked at")
        self.outliers = FactsText("Pairs that stand out", self)
        self.outliers.node_wanted.connect(self.place_wanted)
        self._chart = QSplitter(Qt.Orientation.Horizontal, self)
        self._chart.addWidget(self.plot)
        self._chart.addWidget(self.legend)
        self._chart.setSizes([520, 190])
        self._chart.setStretchFactor(0, 1)
        self._chart.setHandleWidth(1)
        above = QWidget(self)
        box = QVBoxLayout(above)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        for widget in (self._controls(), self._chart, self._read_out):
            box.addWidget(widget, 1 if widget is self._chart else 0)
        halves = QSplitter(Qt.Orientation.Vertical, self)
        halves.addWidget(above)
        halves.addWidget(self.outliers)
        halves.setSizes([480, 140])
        halves.setStretchFactor(0, 3)
        halves.setHandleWidth(1)
        self._frame = Frame("chart", halves, self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 6)
        whole.addWidget(self._frame)

    def _controls(self) -> QWidget:
        self.measure = spoken(QComboBox(self), "Measure of change")
        for name, title in MEASURES.items():
            self.measure.addItem(title, name)
        self.measure.currentIndexChanged.connect(lambda _at: self._measure_chosen())
        self.log = QCheckBox("Log axis", self)
        self.log.setToolTip("Powers of ten; pairs that did not change stand apart below")
        self.log.clicked.connect(self._log_clicked)
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.measure)
        row.addWidget(self.log)
        row.addStretch(1)
        return holder

    # -------------------------------------------------------------------------------------------- what is shown

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """Show these pairs; called again while values come in. Of a single one, all of its comparison."""
        if self._selection.is_same(comparison, places):
            if not comparison.running:
                self._again.stop()
                self._compute()
            elif not self._again.isActive():
                self._again.start()
            return
        self.let_go()
        if self._selection.take(comparison, places) is None:
            self._frame.say(GONE)
            return
        self._frame.wait()
        self._compute()

    def let_go(self) -> None:
        """Nothing is shown any more."""
        self._jobs.cancel(_SLOT)
        self._again.stop()
        self._frame.rest()
        self._selection.forget()
        self._depth = None

    def _name(self) -> str:
        name: str = self.measure.currentData()
        return name

    def _compute(self) -> None:
        comparison, places = self._selection.comparison, self._selection.places
        if comparison is None or comparison.left.opened is None or comparison.pairing is None:
            return
        wanted = _Wanted(
            list(comparison.rows), places, comparison.pairing, comparison.left.opened.checkpoint, self._depth,
            self._name(),
            self.log.isChecked() if self._log_by_hand else None, self.legend.kinds, frozenset(self.legend.hidden),
        )  # fmt: skip
        self._jobs.run(
            _SLOT,
            lambda _report: _draw(wanted),
            self._show,
            failed=lambda sentence, _details: self._frame.say(sentence),
        )

    def _show(self, made: _Made) -> None:
        self._depth = made.found.depth
        if not self._depth.stops:
            self._frame.say("There is no pair of tensors in what is picked, so nothing changes over depth")
            return
        kinds = tuple(self._depth.kinds)
        if kinds != self.legend.kinds:
            self.legend.show_kinds(kinds, made.hidden)
        self.log.setChecked(made.log)
        picked = frozenset(self._selection.places if len(self._selection.places) == 1 else ())
        self.plot.show_picture(made.picture, picked=picked, words=made.words)
        self.outliers.show_sections(made.sections)
        self._pointed(self.plot.place)
        self._frame.show_content()

    def _pointed(self, place: int) -> None:
        shown, comparison = self.plot.picture, self._selection.comparison
        if shown is None or comparison is None or not 0 <= place < len(shown.points):
            self._read_out.say(_HINT)
        else:
            self._read_out.say(over_depth.read_out(comparison.rows, shown, place, self._name()))

    def _chosen(self, place: int) -> None:
        if self.plot.picture is not None:
            self.place_wanted.emit(self.plot.picture.points[place].tensor)

    def _measure_chosen(self) -> None:
        self._log_by_hand = False
        self.log.setEnabled(self._name() not in PERCENT)
        self._compute()

    def _log_clicked(self) -> None:
        self._log_by_hand = True
        self._compute()

    def sentence(self) -> str:
        """What stands in place of the chart; "" where it is there."""
        return self._frame.sentence()

    def readout(self) -> str:
        """What is said of the point looked at."""
        return self._read_out.whole


def _draw(wanted: _Wanted) -> _Made:
    """On a job's thread."""
    rows, name, places = wanted.rows, wanted.name, wanted.places
    several = len(places) > 1
    depth = wanted.depth or over_depth.layers(rows, places if several else network_of(wanted.pairing, rows, places))
    found = over_depth.over_depth(depth, rows, name)
    hidden = wanted.hidden
    if tuple(depth.kinds) != wanted.kinds:
        leading = leading_kinds(wanted.checkpoint, depth.renumbered(lambda place: rows[place].left))
        hidden = frozenset(depth.kinds) - set(leading[:SHOWN_KINDS])
    log = over_depth.proposes_log(found.drawn, name) if wanted.log is None else wanted.log
    log = log and name not in PERCENT
    shown = picture(depth, found.drawn, found.outliers, log=log, hidden=hidden, apart=True)
    words, sections = over_depth.description(found, shown, rows, name), over_depth.sections(found, rows, name)
    return _Made(found, shown, hidden, log, words, sections)
