"""The right side of a comparison: pages on what is picked, the comparison as a whole where nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.diff_overview import DiffOverview
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.side import Make, Side

AGAIN_MS = 500
"""Between two times that a page is filled while values come in."""


class PairSide(Side):
    """Overview of the comparison, and pages on the pairs picked.

    Signals:
        row_wanted: a link to a pair was followed; its place.
        word_wanted: a word of the glossary is to be explained.
        message: a sentence for the status bar.
        told: what happened from A to B, in a sentence.
    """

    row_wanted = Signal(int)
    word_wanted = Signal(str)
    message = Signal(str)
    told = Signal(str)

    def __init__(self, comparison: Comparison, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison, self._jobs, self._settings = comparison, jobs, settings
        self._rows: list[int] = []
        """Picked rows: pairs and groups."""
        self._pair_page = "summary"
        self.add("Overview", self._overview_page)
        self._add_pages()
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
        """The pairs at and beneath the picked rows, each once; of nothing picked the weights."""
        from ckpt_gui.core.diff.whole import weights_of

        pairing, facts = self._comparison.pairing, self._comparison.facts
        if facts is None or pairing is None:
            return []
        if not self._rows:
            return weights_of(pairing, self._comparison.rows)
        return list(dict.fromkeys(place for row in self._rows for place in facts.grouping.pairs(row)))

    def let_go(self) -> None:
        """No page works any longer."""
        for panel in self.made_panels():
            if hasattr(panel, "let_go"):
                panel.let_go()

    def fill(self) -> None:
        """Bring heading and page in front up to date."""
        self._again.stop()
        self._fill_head()
        panel: Any = self.front()
        if hasattr(panel, "show_pairs") and self._comparison.facts is not None:
            panel.show_pairs(self._comparison, self.places())

    def _fill_head(self) -> None:
        one = self._comparison
        facts = one.facts
        if facts is None or not self._rows or self.page() == "overview":
            line = "" if facts is None else text.plural(len(facts.rows), "pair")
            if facts is not None and self.page() != "overview":
                line = f"{text.plural(len(self.places()), 'pair')} of weights together"
            self.head("", text.escape(one.name), line)
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

    def _add_pages(self) -> None:
        """The pages on pairs; each is imported when it is first in front, for they draw and compute."""

        def page(name: str, *more: Any) -> Make:
            def make(parent: QWidget) -> QWidget:
                from ckpt_gui.gui import pair_panel

                panel: QWidget = getattr(pair_panel, name)(self._jobs, *more, parent)
                return panel

            return self._panel(make)

        self.add("Summary", page("PairSummary"))
        self.add("Histogram", page("PairHistogram", self._settings))
        self.add("Heat-map", page("PairHeatmap", self._settings))
        self.add("Values", page("PairValues"))
        self.add("Scatter", page("PairScatter"))
        self.add("Layers", page("ChangeOverDepth"))

    def _show_value(self, place: int, index: tuple[int, ...]) -> None:
        """Go to one value of the pair that is shown."""
        if self.places() == [place]:
            self.choose("values")
            panel: Any = self.panel("values")
            panel.go_to(index)

    def _overview_page(self, parent: QWidget) -> QWidget:
        panel = DiffOverview(self._comparison, self._jobs, parent)
        panel.place_wanted.connect(self.row_wanted)
        panel.message.connect(self.message)
        panel.told.connect(self.told)
        return panel

    def _panel(self, make: Callable[..., Any]) -> Callable[[QWidget], QWidget]:
        """A page of pairs, wired."""

        def made(parent: QWidget) -> QWidget:
            panel: Any = make(parent)
            panel.place_wanted.connect(self.row_wanted)
            panel.message.connect(self.message)
            if hasattr(panel, "word_wanted"):
                panel.word_wanted.connect(self.word_wanted)
            if hasattr(panel, "value_wanted"):
                panel.value_wanted.connect(self._show_value)
            page: QWidget = panel
            return page

        return made
