"""The rows: tree or flat list of one checkpoint, as arranged; what is open, what is selected."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from ckpt_gui.core.outline import COLUMNS, ROOT, Facts, Outline
from ckpt_gui.gui.tree_model import TreeModel
from ckpt_gui.gui.tree_panel.views import FlatList, Tree

MAX_EXPANDED = 5_000
"""Rows in sight that expanding leads to; Qt lays them out at once, some 40 µs each."""
MAX_MATCHES_SHOWN = 1_000
"""Rows in sight that a filter leads to."""
MAX_KEPT = 2_000
"""Rows whose being open or selected is remembered."""
MAX_RANGES = 100
"""Runs of selected rows that are selected again; Qt compares each with each."""
MAX_REVEALED = 50
"""Selected rows whose way is opened when rows are laid out anew."""
_FIRST_ROWS = 60
"""Rows in sight when a file is opened: the first level opens if it fits."""
_COMPUTED = [place for place, column in enumerate(COLUMNS) if column.computed]


class Rows(QWidget):
    """Tree and list over the same facts; one of them in front."""

    picked = Signal(list)
    message = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.facts: Facts | None = None
        self.kept: bytes | bytearray | None = None
        """One byte a node, as a filter left it; None without one."""
        self.sort: tuple[str, bool] | None = None
        self.fold = True
        self.flat = False
        self.opened: set[int] = set()
        """Nodes that are open when no filter is on."""
        self.nodes: list[int] = []
        """Nodes of the selected rows."""
        self._parked: list[int] = []
        """Nodes of rows that were selected until they had no place any more; selected again once they have."""
        self._quiet = 0
        self.model = TreeModel(self)
        self.flat_model = TreeModel(self)
        self.tree = Tree(self.model, self)
        self.list = FlatList(self.flat_model, self)
        self._views = QStackedLayout(self)
        self._views.addWidget(self.tree)
        self._views.addWidget(self.list)
        self.setFocusProxy(self.tree)
        self.tree.expanded.connect(lambda index: self._remember(index.internalId(), True))
        self.tree.collapsed.connect(lambda index: self._remember(index.internalId(), False))
        for view in (self.tree, self.list):
            view.selectionModel().selectionChanged.connect(self._selection_changed)
            view.columns.header.sectionClicked.connect(self.order_by)
        self._dress()

    # ------------------------------------------------------------------ what is shown

    @property
    def view(self) -> Tree | FlatList:
        """The view in front."""
        return self.list if self._views.currentWidget() is self.list else self.tree

    @property
    def outline(self) -> Outline:
        """The arrangement in front."""
        outline = self._model.outline
        assert outline is not None
        return outline

    @property
    def _model(self) -> TreeModel:
        return self.flat_model if self.view is self.list else self.model

    def show_facts(self, facts: Facts) -> None:
        """Another checkpoint: the first level open if it fits, nothing selected."""
        self.facts, self.kept, self.nodes, self._parked = facts, None, [], []
        self.opened = {row for row in Outline(facts).opened(1, _FIRST_ROWS)[0] if row < len(facts.nodes)}
        self.arrange()

    def current(self) -> int | None:
        """The row the keyboard is on."""
        index = self.view.currentIndex()
        return index.internalId() if index.isValid() else None

    def go_to(self) -> None:
        """Take the keyboard."""
        self.view.setFocus()
        if not self.view.currentIndex().isValid():
            self.view.setCurrentIndex(self._model.index(0, 0))

    def top(self) -> int | None:
        """The topmost row in sight."""
        index = self.view.indexAt(self.view.viewport().rect().topLeft())
        return index.internalId() if index.isValid() else None

    def scroll_to_top(self, row: int) -> None:
        """Scroll so that this row is the topmost in sight."""
        self.view.scrollTo(self._model.index_of(row), self.view.ScrollHint.PositionAtTop)

    def say_anew(self) -> None:
        """The facts know more statistics: word the cells in sight anew, if there are any that tell them."""
        if self.facts is not None:
            self.outline.forget_texts()
            if any(not self.view.columns.header.isSectionHidden(place) for place in _COMPUTED):
                self.view.viewport().update()  # tens of milliseconds, after each click

    def arrange(self) -> None:
        """Lay the rows out anew, and keep what was open and selected."""
        if self.facts is None:
            return
        flat = self.flat
        outline = Outline(self.facts, kept=self.kept, sort=self.sort, fold=self.fold, flat=flat)
        self._quiet += 1
        self._swap(flat)
        (self.model if flat else self.flat_model).show(None)
        self._model.show(outline)
        if not flat:
            self._expand_again(outline)
        self._quiet -= 1
        wanted = self.nodes or self._parked
        self.select(wanted)
        self._parked = wanted if wanted and not self.nodes else []

    def _swap(self, flat: bool) -> None:
        """Between tree and list, with the same columns and the keyboard where it was."""
        before, after = self.view, self.list if flat else self.tree
        if before is not after:
            focused = before.hasFocus()
            after.columns.restore(before.columns.state())
            self._views.setCurrentWidget(after)
            self.setFocusProxy(after)
            if focused:
                after.setFocus()

    def _expand_again(self, outline: Outline) -> None:
        if self.kept is not None:
            rows, met = outline.opened_depth_first(MAX_MATCHES_SHOWN)
            self._expand(rows)
            if met:
                self.message.emit(f"The first {MAX_MATCHES_SHOWN:,} rows are open; the others open by hand")
            return
        self._expand([row for row in sorted(self.opened)[:MAX_KEPT] if outline.trail(row)])

    def _expand(self, rows: list[int]) -> None:
        """Open these rows; Qt lays out once at the end, not once a row."""
        if not rows:
            return  # a layout paints everything anew
        self.tree.scheduleDelayedItemsLayout()
        for row in rows:
            self.tree.setExpanded(self.model.index_of(row), True)

    def _expand_above(self, rows: list[int]) -> None:
        """Bring these rows into sight."""
        above: dict[int, None] = {}
        for row in rows:
            step = self.outline.parent(row)
            while step != ROOT and step not in above:
                above[step] = None
                step = self.outline.parent(step)
        self._expand([row for row in above if not self.tree.isExpanded(self.model.index_of(row))])

    def _remember(self, row: int, opened: bool) -> None:
        if self._quiet or self.kept is not None or row >= len(self.outline.facts.nodes):
            return
        (self.opened.add if opened else self.opened.discard)(row)

    # ------------------------------------------------------------------ opening

    def expand_to(self, level: int) -> None:
        """Open so many levels, and no more rows than Qt can lay out in a moment."""
        if self.facts is not None and not self.flat:
            self.tree.collapseAll()
            self.opened.clear()
            self._expand_from(*self.outline.opened(level, MAX_EXPANDED))

    def _expand_from(self, rows: list[int], met: bool) -> None:
        self._expand(rows)
        if met:
            self.message.emit(f"Expanded to {MAX_EXPANDED:,} rows; a filter shows deeper ones")

    def collapse_all(self) -> None:
        """Only the topmost rows."""
        self.tree.collapseAll()
        self.opened.clear()

    def expand_below(self) -> None:
        row = self.current()
        if row is not None and self.outline.opens(row):
            rows, met = self.outline.opened(1000, MAX_EXPANDED, row)
            self._expand_from([row, *rows], met)

    def collapse_below(self) -> None:
        index = self.view.currentIndex()
        if index.isValid() and self.view is self.tree:
            for row in self.outline.opened(1000, MAX_EXPANDED, index.internalId())[0]:
                self.tree.collapse(self.model.index_of(row))
            self.tree.collapse(index.siblingAtColumn(0))

    def order_by(self, place: int) -> None:
        """Ascending (numbers: largest first), the other way, the file's order."""
        column = COLUMNS[place]
        first = column.right
        if self.sort is None or self.sort[0] != column.key:
            self.sort = (column.key, first)
        else:
            self.sort = (column.key, not first) if self.sort[1] == first else None
        self.arrange()

    # ------------------------------------------------------------------ selecting

    def select(self, rows: list[int]) -> None:
        """Select these rows, as far as they have a place here, and bring the first into sight."""
        view, model, outline = self.view, self._model, self.outline
        self._quiet += 1
        shown = [row for row in rows[:MAX_KEPT] if (outline.trail(row) if row < len(outline.facts.nodes) else [row])]
        if view is self.tree:
            self._expand_above(shown[:MAX_REVEALED])
        selection = QItemSelection()
        for start, stop in _ranges(outline, shown)[:MAX_RANGES]:
            selection.select(model.index_of(start), model.index_of(stop))
        first = model.index_of(shown[0]) if shown else None
        flags = QItemSelectionModel.SelectionFlag
        view.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)
        if first is not None:
            view.selectionModel().setCurrentIndex(first, flags.NoUpdate)
            view.scrollTo(first)
        self._quiet -= 1
        self._selection_changed()

    def _selection_changed(self) -> None:
        if self._quiet or self.facts is None:
            return
        nodes = self._selected_nodes()
        if nodes != self.nodes:
            self.nodes = nodes
            self.picked.emit(nodes)

    def _selected_nodes(self) -> list[int]:
        """By ranges, not row by row: all of half a million may be selected."""
        outline, nodes = self.outline, dict[int, None]()
        for part in self.view.selectionModel().selection():  # type: ignore[attr-defined]
            above = part.parent()
            rows = outline.rows(above.internalId() if above.isValid() else ROOT)
            chosen = rows[part.top() : part.bottom() + 1]
            if max(chosen) < len(outline.facts.nodes):
                nodes.update(dict.fromkeys(chosen))
                continue
            for row in chosen:
                nodes.update(dict.fromkeys(outline.members(row)))
        return list(nodes)

    def _dress(self) -> None:
        for model in (self.model, self.flat_model):
            model.dress(self.palette(), self.font())
        height = self.list.fontMetrics().height()
        self.list.verticalHeader().setMinimumSectionSize(height)
        self.list.verticalHeader().setDefaultSectionSize(height)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            # Palette and font reach the children first.
            QTimer.singleShot(0, self, self._dress)
        super().changeEvent(event)


def _ranges(outline: Outline, rows: list[int]) -> list[tuple[int, int]]:
    """First and last rows of runs of siblings: Qt's selections are quadratic in their number."""
    if outline.flat and len(rows) > 1:
        wanted = set(rows)
        places = {row: place for place, row in enumerate(outline.rows(ROOT)) if row in wanted}
        keys = [(ROOT, place, row) for row, place in places.items()]
    else:
        keys = sorted((outline.parent(row), outline.place(row), row) for row in rows)
    found: list[tuple[int, int]] = []
    last = (ROOT, -2)
    for above, place, row in keys:
        if (above, place - 1) == last:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
        last = (above, place)
    return found
