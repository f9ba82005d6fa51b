"""The right side of a comparison: pages on what is picked, the comparison as a whole where nothing is."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from ckpt_gui.core import text
from ckpt_gui.core.diff.grouping import ROOT
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.diff_overview import DiffOverview
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.side import Side

AGAIN_MS = 500
"""Between two times that a page is filled while values come in."""


class PairSide(Side):
    """Overview of the comparison, and pages on the pairs picked.

    Signals:
        row_wanted: a link to a pair was followed; its place.
        message: a sentence for the status bar.
        told: what happened from A to B, in a sentence.
    """

    row_wanted = Signal(int)
    message = Signal(str)
    told = Signal(str)

    def __init__(self, comparison: Comparison, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison, self._jobs, self._settings = comparison, jobs, settings
        self._rows: list[int] = []
        """Picked rows: pairs and groups."""
        self._pair_page = "summary"
        # One line a page; a page needs show_pairs, which may be called again while values come in, and let_go.
        self.add("Overview", self._overview_page)
        self.add("Summary", self._summary_page)
        self.add("Histogram", self._histogram_page)
        self.add("Heat-map", self._heatmap_page)
        self.add("Values", self._values_page)
        self.add("Scatter", self._scatter_page)
        self.add("Layers", self._layers_page)
        self.chosen.connect(self._page_chosen)
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self.fill)
        comparison.paired.connect(self._paired)
        comparison.rows_changed.connect(self._rows_changed)
        for signal in (comparison.finished, comparison.stopped):
            signal.connect(self.fill)
        self.fill()

    def show_rows(self, rows: list[int]) -> None:
        """Other rows were picked."""
        self._rows = list(rows)
        if not rows:
            self.choose("overview")
        elif self.page() == "overview":
            self.choose(self._pair_page)
        self.fill()

    def places(self) -> list[int]:
        """The pairs at and beneath the picked rows, each once; of nothing picked all."""
        facts = self._comparison.facts
        if facts is None:
            return []
        rows = self._rows or [ROOT]
        return list(dict.fromkeys(place for row in rows for place in facts.grouping.pairs(row)))

    def let_go(self) -> None:
        """No page works any longer."""
        for panel in self.made_panels():
            panel.let_go()  # type: ignore[attr-defined]  # every page has it

    def fill(self) -> None:
        """Bring heading and page in front up to date; no other page works any longer."""
        self._again.stop()
        self._fill_head()
        front: Any = self.front()
        if self._comparison.facts is not None and self.page() != "overview":  # which follows by itself
            front.show_pairs(self._comparison, self.places())

    def _fill_head(self) -> None:
        one = self._comparison
        facts = one.facts
        if facts is None or not self._rows or self.page() == "overview":
            self.head("", text.escape(one.name), "" if facts is None else text.plural(len(facts.rows), "pair"))
            return
        if len(self._rows) > 1:
            self.head("", text.plural(len(self._rows), "row"), text.plural(len(self.places()), "pair"))
            return
        from ckpt_gui.core.diff.words import heading

        self.head(*heading(facts, self._rows[0]))

    def _paired(self) -> None:
        facts = self._comparison.facts
        rows = [row for row in self._rows if facts is not None and row < len(facts.grouping)]
        self._rows = rows
        self.fill()

    def _rows_changed(self, _places: list[int]) -> None:
        if not self._again.isActive():
            self._again.start()

    def _page_chosen(self, name: str) -> None:
        if name != "overview":
            self._pair_page = name
        self.fill()

    def _overview_page(self, parent: QWidget) -> QWidget:
        panel = DiffOverview(self._comparison, self._jobs, parent)
        panel.place_wanted.connect(self.row_wanted)
        panel.message.connect(self.message)
        panel.told.connect(self.told)
        return panel

    def _summary_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.pair_panel import PairSummary

        panel = PairSummary(self._jobs, parent)
        panel.value_wanted.connect(self._show_value)
        return self._linked(panel)

    def _histogram_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.pair_panel import PairHistogram

        return self._linked(PairHistogram(self._jobs, self._settings, parent))

    def _heatmap_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.pair_panel import PairHeatmap

        return self._linked(PairHeatmap(self._jobs, self._settings, parent))

    def _values_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.pair_panel import PairValues

        return self._linked(PairValues(self._jobs, parent))

    def _scatter_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.pair_panel import PairScatter

        return self._linked(PairScatter(self._jobs, parent))

    def _layers_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.pair_panel import ChangeOverDepth

        return self._linked(ChangeOverDepth(self._jobs, parent))

    def _linked(self, panel: Any) -> QWidget:
        panel.place_wanted.connect(self.row_wanted)
        panel.message.connect(self.message)
        made: QWidget = panel
        return made

    def _show_value(self, place: int, index: tuple[int, ...]) -> None:
        """Go to one value of a pair, in the table."""
        if self.places() != [place]:
            self.row_wanted.emit(place)
        self.choose("values")
        panel: Any = self.panel("values")
        panel.go_to(index)
