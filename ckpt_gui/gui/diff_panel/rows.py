"""The rows: what is open, what is selected, in which order; kept as rows come and go."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QTimer, Signal
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from ckpt_gui.core.diff.arrange import Arrangement
from ckpt_gui.core.diff.columns import COLUMNS
from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.diff.grouping import ROOT
from ckpt_gui.gui.diff_model import DiffModel, sort_value
from ckpt_gui.gui.diff_panel.views import DiffTree
from ckpt_gui.gui.spoken import spoken

FIRST_ROWS = 60
"""Rows in sight to begin with: what fits is open."""
MAX_EXPANDED = 5_000
MAX_MATCHES_SHOWN = 500
MAX_SELECTED = 2_000
"""Rows that are selected again after rows were laid out anew."""


class Rows(QWidget):
    """Tree, or a sentence where there is none.

    Signals:
        picked: other rows are selected; ids of pairs and groups.
        message: a sentence for the status bar.
    """

    picked = Signal(list)
    message = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.facts: Facts | None = None
        self.kept: bytes | None = None
        """One byte a pair; None: all stay."""
        self.filtered = False
        """Is it a filter that leaves some out? Then matches are opened."""
        self.sort: tuple[str, bool] | None = None
        self.opened: set[int] = set()
        """Groups that are open while no filter is on."""
        self.selected: list[int] = []
        self._quiet = 0
        self.model = DiffModel(self)
        self.tree = DiffTree(self.model, self)
        self._words = spoken(QLabel(), "Why there are no rows")
        self._words.setWordWrap(True)
        self._words.setMargin(32)
        self._words.setAlignment(self._words.alignment().AlignCenter)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self._words)
        self.setFocusProxy(self.tree)
        self.tree.expanded.connect(lambda index: self._remember(index.internalId(), True))
        self.tree.collapsed.connect(lambda index: self._remember(index.internalId(), False))
        self.tree.selectionModel().selectionChanged.connect(self._selection_changed)
        self.tree.header().sectionClicked.connect(self.order_by)
        self._dress()

    @property
    def arrangement(self) -> Arrangement:
        """Which rows stand where."""
        assert self.model.arrangement is not None
        return self.model.arrangement

    def say(self, words: str) -> None:
        """A sentence in place of the tree; "" brings the tree back."""
        self._words.setText(words)
        self._stack.setCurrentWidget(self._words if words else self.tree)

    def show_facts(self, facts: Facts, kept: bytes | None, *, again: bool) -> None:
        """Show other rows; ``again``: of the same names, so that what was open and selected stays."""
        self.facts, self.kept = facts, kept
        if not again:
            self.selected = []
        self.arrange(first=not again)

    def arrange(self, *, first: bool = False) -> None:
        """Lay the rows out anew, and keep what was open, selected and on top."""
        if self.facts is None:
            return
        top = self.top()
        value = sort_value(self.facts, self.sort[0]) if self.sort else None
        made = Arrangement(self.facts.grouping, kept=self.kept, value=value,
                           downwards=bool(self.sort and self.sort[1]))  # fmt: skip
        if first:
            self.opened = set(made.opened(FIRST_ROWS, level=3)[0])
        self._quiet += 1
        self.model.order = self.sort
        self.model.show(self.facts, made)
        if self.filtered:
            rows, met = made.opened(MAX_MATCHES_SHOWN)
            if met:
                self.message.emit(f"Not more than {MAX_MATCHES_SHOWN:,} rows are opened; the others open by hand")
        else:
            rows = [row for row in sorted(self.opened) if row < len(self.facts.grouping) and made.trail(row)]
        self._expand(rows)
        wanted = self.selected
        self.select([row for row in wanted if made.trail(row)][:MAX_SELECTED], reveal=False)
        self._quiet -= 1
        if top is not None and made.trail(top):
            self.tree.scrollTo(self.model.index_of(top), self.tree.ScrollHint.PositionAtTop)
        self._selection_changed()

    def say_anew(self) -> None:
        """The facts know more: word the cells in sight anew."""
        self.model.forget_texts()
        self.tree.viewport().update()

    def top(self) -> int | None:
        """The topmost row in sight, unless that is the very first."""
        index = self.tree.indexAt(self.tree.viewport().rect().topLeft())
        if not index.isValid() or not self.tree.verticalScrollBar().value() or self.facts is None:
            return None
        return row if (row := index.internalId()) < len(self.facts.grouping) else None

    def current(self) -> int | None:
        """The row the keyboard is on."""
        index = self.tree.currentIndex()
        return index.internalId() if index.isValid() else None

    def go_to(self) -> None:
        """Take the keyboard."""
        self.tree.setFocus()
        if not self.tree.currentIndex().isValid():
            self.tree.setCurrentIndex(self.model.index(0, 0))

    def select(self, rows: Sequence[int], *, reveal: bool = True) -> bool:
        """Select these rows, as far as they have a place here; the first comes into sight. Is there one?"""
        shown = [row for row in rows if self.arrangement.trail(row)]
        if not shown and rows and reveal:
            return False
        if reveal:
            self._expand([above for row in shown[:50] for above in self.arrangement.trail(row)[:-1]])
        selection = QItemSelection()
        for row in shown:
            index = self.model.index_of(row)
            selection.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        self.tree.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        if shown:
            self.tree.selectionModel().setCurrentIndex(self.model.index_of(shown[0]), flags.NoUpdate)
            if reveal:
                self.tree.scrollTo(self.model.index_of(shown[0]))
        return bool(shown)

    def order_by(self, place: int) -> None:
        """Numbers: largest first; the other way; the first order."""
        column = COLUMNS[place]
        first = column.right or column.key == "change"
        if self.sort is None or self.sort[0] != column.key:
            self.sort = (column.key, first)
        else:
            self.sort = (column.key, not first) if self.sort[1] == first else None
        self.arrange()

    def expand_all(self) -> None:
        """As far as Qt can lay out in a moment."""
        rows, met = self.arrangement.opened(MAX_EXPANDED)
        self._expand(rows)
        if met:
            self.message.emit(f"Expanded to {MAX_EXPANDED:,} rows; a filter shows deeper ones")

    def collapse_all(self) -> None:
        """Only the topmost rows."""
        self.tree.collapseAll()
        self.opened.clear()

    def expand_below(self) -> None:
        """All beneath the row the keyboard is on."""
        row = self.current()
        if row is not None and self.arrangement.opens(row):
            self._expand([row, *self.arrangement.opened(MAX_EXPANDED, row)[0]])

    def collapse_below(self) -> None:
        """The row the keyboard is on, and all beneath."""
        row = self.current()
        if row is not None and self.arrangement.opens(row):
            for one in (*self.arrangement.opened(MAX_EXPANDED, row)[0], row):
                self.tree.collapse(self.model.index_of(one))

    def _expand(self, rows: Sequence[int]) -> None:
        """Open these rows; Qt lays out once at the end, not once a row."""
        self.tree.scheduleDelayedItemsLayout()
        for row in dict.fromkeys(rows):
            self.tree.setExpanded(self.model.index_of(row), True)

    def _remember(self, row: int, opened: bool) -> None:
        if not self._quiet and not self.filtered:
            (self.opened.add if opened else self.opened.discard)(row)

    def _selection_changed(self) -> None:
        if self._quiet or self.facts is None:
            return
        rows = self._selected_rows()
        if rows != self.selected:
            self.selected = rows
            self.picked.emit(rows)

    def _selected_rows(self) -> list[int]:
        """By ranges, not row by row; a run of siblings counts as these."""
        arrangement, found = self.arrangement, dict[int, None]()
        for part in self.tree.selectionModel().selection():  # type: ignore[attr-defined]
            above = part.parent()
            rows = arrangement.rows(above.internalId() if above.isValid() else ROOT)
            for row in rows[part.top() : part.bottom() + 1]:
                is_run = row >= len(arrangement.grouping)
                found.update(dict.fromkeys(arrangement.rows(row) if is_run else (row,)))
        return list(found)

    def _dress(self) -> None:
        self.model.dress(self.palette(), self.font())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            QTimer.singleShot(0, self, self._dress)  # palette and font reach the children first
        super().changeEvent(event)
