"""The page Layers: a statistic over the depth of the network by kind of weight, and which layers stand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.core.stats import layers_words
from ckpt_gui.core.stats.layers import STATISTICS, Outlier, Series, leading_kinds, outliers, series
from ckpt_gui.core.stats.layers_picture import Picture, picture, proposes_log
from ckpt_gui.gui.facts_text import FactsText
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.kind_legend import KindLegend
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.plots.layers import LayersPlot
from ckpt_gui.gui.scanning import Scanning
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.depth import Depth
    from ckpt_gui.core.reader import Opened
    from ckpt_gui.core.stats.known import Snapshot

SHOWN_KINDS = 10
"""Kinds that are on to begin with; more lines would hide one another."""
_SLOT, _DEPTH_SLOT = "layers", "depth of the network"
_AGAIN_MS = 400
"""Between two pictures while statistics come in."""
_LEGEND_SHARE, _CHART_SHARE = 210, 500


@dataclass(frozen=True, slots=True)
class _Found:
    """What a job made."""

    depth: Depth
    drawn: tuple[Series, ...]
    outliers: list[Outlier]
    waiting: int
    """Tensors that were not looked at yet."""


class LayersPanel(QWidget):
    """A chart, its legend, and the layers that stand out in words.

    Signals:
        node_wanted: a point or a link was followed.
        compute_wanted: the statistics of all tensors are asked for.
        message: a sentence for the status bar.
    """

    node_wanted = Signal(int)
    compute_wanted = Signal()
    message = Signal(str)

    def __init__(self, jobs: Jobs, scanning: Scanning, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Layers")
        self._jobs, self._scanning = jobs, scanning
        self._file: OpenFile | None = None
        self._nodes: list[int] = []
        self._depth: tuple[Opened, int, Depth] | None = None
        """Of which file, from which node."""
        self._part: Depth | None = None
        self._found: _Found | None = None
        self._build()
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._compute)
        scanning.changed.connect(self._more)

    # -------------------------------------------------------------------------------------------- building

    def _build(self) -> None:
        self._ask = spoken(QPushButton("Compute statistics", self), "Compute the statistics of all tensors")
        self._ask.clicked.connect(self.compute_wanted)
        self._ask.hide()
        self._state = muted(Elided(self))
        self.plot = LayersPlot(self)
        self.plot.pointed.connect(self._pointed)
        self.plot.chosen.connect(self._chosen)
        self._read_out = Elided(self)
        self._read_out.setAccessibleName("The point looked at")
        self.outliers = FactsText("Layers that stand out", self)
        self.outliers.node_wanted.connect(self.node_wanted)
        chart = QSplitter(Qt.Orientation.Horizontal, self)
        chart.addWidget(self.plot)
        self.legend = KindLegend(self)
        self.legend.switched.connect(self._draw)
        chart.addWidget(self.legend)
        chart.setSizes([_CHART_SHARE, _LEGEND_SHARE])
        chart.setStretchFactor(0, 1)
        chart.setHandleWidth(1)
        above = QWidget(self)
        box = QVBoxLayout(above)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        for widget in (self._controls(), chart, self._read_out):
            box.addWidget(widget, 1 if widget is chart else 0)
        halves = QSplitter(Qt.Orientation.Vertical, self)
        halves.addWidget(above)
        halves.addWidget(self.outliers)
        halves.setSizes([480, 160])
        halves.setStretchFactor(0, 3)
        halves.setHandleWidth(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 4, 0, 6)
        whole.addWidget(halves)
        self.setFocusProxy(self.plot)

    def _controls(self) -> QWidget:
        self.statistic = spoken(QComboBox(self), "Statistic")
        for key, title in STATISTICS.items():
            self.statistic.addItem(title, key)
        self.statistic.currentIndexChanged.connect(lambda _place: self._statistic_chosen())
        self.log = QCheckBox("Log axis", self)
        self.log.setToolTip("Powers of ten; zeros stand at the bottom")
        self.log.toggled.connect(lambda _on: self._draw())
        self._log_by_hand = False
        self.log.clicked.connect(self._log_clicked)
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.statistic, self.log, self._ask):
            row.addWidget(widget)
        row.addWidget(self._state, 1)
        return holder

    # -------------------------------------------------------------------------------------------- what is shown

    def show_picked(self, file: OpenFile, nodes: list[int]) -> None:
        """Another file or other rows."""
        from ckpt_gui.core.depth import depth, network

        assert file.opened is not None
        self._file, self._nodes = file, list(nodes)
        opened = file.opened
        top = network(opened.checkpoint, opened.anatomy, nodes[0] if nodes else 0)
        if self._depth is not None and self._depth[:2] == (opened, top):
            self._show_part(self._depth[2])
            return
        self._jobs.run(
            _DEPTH_SLOT, lambda _report: depth(opened.checkpoint, top), lambda found: self._laid_out(opened, top, found)
        )

    def let_go(self) -> None:
        """Nothing is shown any more."""
        self._file = None
        self._again.stop()
        for slot in (_SLOT, _DEPTH_SLOT):
            self._jobs.cancel(slot)

    def _laid_out(self, opened: Opened, top: int, found: Depth) -> None:
        self._depth = (opened, top, found)
        if self._file is not None and self._file.opened is opened:
            self._show_part(found)

    def _show_part(self, whole: Depth) -> None:
        assert self._file is not None
        self._part = whole.part(self._picked_tensors())
        kinds = tuple(self._part.kinds)
        if kinds != self.legend.kinds:
            self.legend.show_kinds(kinds, self._hidden_at_first(self._part))
        self._scanning.want(self._file, self._part.tensors())
        self._compute()

    def _picked_tensors(self) -> frozenset[int]:
        from ckpt_gui.core.depth import tensors_beneath

        if self._file is None or self._file.opened is None or self._depth is None:
            return frozenset()
        checkpoint, top = self._file.opened.checkpoint, self._depth[1]
        nodes = [node for node in self._nodes if node not in (0, top)]
        return frozenset(tensor for node in nodes for tensor in tensors_beneath(checkpoint, node))

    def _hidden_at_first(self, part: Depth) -> set[str]:
        """All but some kinds: those over many stops and with the most dimensions stay; whole numbers seldom matter."""
        assert self._file is not None
        assert self._file.opened is not None
        kinds = leading_kinds(self._file.opened.checkpoint, part)
        return set(part.kinds) - set(kinds[:SHOWN_KINDS])

    # -------------------------------------------------------------------------------------------- computing

    def _more(self, file: OpenFile) -> None:
        """Statistics came in: the last of them are shown at once, others now and then."""
        if file is not self._file:
            return
        if not self._scanning.running(file):
            self._again.stop()
            self._compute()
        elif self.isVisible() and not self._again.isActive():
            self._again.start()

    def _key(self) -> str:
        key: str = self.statistic.currentData()
        return key

    def _compute(self) -> None:
        file, part = self._file, self._part
        if file is None or file.opened is None or part is None:
            return
        snapshot, statistic = self._scanning.snapshot(file), self._key()
        self._jobs.run(_SLOT, lambda report: _find(part, snapshot, statistic, report), self._show_found)

    def _show_found(self, found: _Found) -> None:
        self._found = found
        if not self._log_by_hand:
            self.log.blockSignals(True)
            self.log.setChecked(proposes_log(self._visible(found.drawn), self._key()))
            self.log.blockSignals(False)
        self._draw()
        self._tell_state(found)

    def _tell_state(self, found: _Found) -> None:
        if self._file is None or self._part is None:
            return
        nbytes = self._scanning.would_ask(self._file, self._part.tensors()) if found.waiting else 0
        self._ask.setVisible(bool(nbytes))
        self._ask.setText(f"Compute statistics ({text.size(nbytes)})")
        tensors = sum(map(len, found.depth.kinds.values()))
        words = f"{tensors - found.waiting:,} of {text.plural(tensors, 'tensor')} so far" if found.waiting else ""
        self._state.say(words)

    def _visible(self, drawn: Sequence[Series]) -> list[Series]:
        return [one for one in drawn if one.kind not in self.legend.hidden]

    # -------------------------------------------------------------------------------------------- drawing

    def _draw(self) -> None:
        found, file = self._found, self._file
        if found is None or file is None or file.opened is None:
            return
        checkpoint, statistic = file.opened.checkpoint, self._key()
        log = self.log.isChecked() and statistic not in ("mean", "range")
        shown: Picture = picture(found.depth, found.drawn, found.outliers, log=log, hidden=self.legend.hidden)
        seen = [one for one in found.outliers if one.kind not in self.legend.hidden or one.typical != one.typical]
        words = layers_words.description(shown, seen, statistic, checkpoint)
        self.plot.show_picture(shown, picked=self._picked_tensors(), words=words)
        sections = layers_words.outlier_sections(checkpoint, found.outliers, statistic)
        self.outliers.show_sections(sections or layers_words.nothing(found.waiting))
        self._pointed(self.plot.place)

    def _pointed(self, place: int) -> None:
        shown, file = self.plot.picture, self._file
        if shown is None or file is None or file.opened is None or place < 0:
            self._read_out.say("")
            return
        self._read_out.say(layers_words.read_out(file.opened.checkpoint, shown, place, self._key()))

    def _chosen(self, place: int) -> None:
        shown, file = self.plot.picture, self._file
        if shown is not None and file is not None and file.opened is not None:
            self.node_wanted.emit(file.opened.checkpoint.tensors.node[shown.points[place].tensor])

    # -------------------------------------------------------------------------------------------- choices

    def _statistic_chosen(self) -> None:
        self._log_by_hand = False
        self.log.setEnabled(self._key() not in ("mean", "range"))
        self._compute()

    def _log_clicked(self) -> None:
        self._log_by_hand = True


def _find(part: Depth, snapshot: Snapshot, statistic: str, report: Report) -> _Found:
    """On a job's thread."""
    drawn = series(part, snapshot.by_tensor, statistic)
    report.at(1, 2, "steps")
    found = outliers(part, drawn, statistic, snapshot.by_tensor["std"])
    waiting = sum(not snapshot.done[tensor] for tensor in part.tensors())
    return _Found(part, drawn, found, waiting)
