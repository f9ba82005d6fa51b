"""Which tensors are on the screen while a column of statistics shows: those are to be computed first."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QObject, QPoint, QTimer, Signal
from PySide6.QtWidgets import QTreeView

from ckpt_gui.core.outline import COLUMNS
from ckpt_gui.gui.tree_panel.rows import Rows
from ckpt_gui.gui.tree_panel.views import FlatList, Tree

PAUSE_MS = 120
"""So long the rows must rest: while they scroll, nobody reads numbers."""
MAX_ROWS = 300
_COMPUTED = [place for place, column in enumerate(COLUMNS) if column.computed]


class Sight(QObject):
    """Looks at the view in front.

    Signals:
        wanted: tensor ids on the screen, whenever they may have changed and statistics show.
    """

    wanted = Signal(list)

    def __init__(self, rows: Rows) -> None:
        super().__init__(rows)
        self._rows = rows
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._look)
        for view in (rows.tree, rows.list):
            view.verticalScrollBar().valueChanged.connect(self._wait)
            view.verticalScrollBar().rangeChanged.connect(self._wait)
            view.columns.header.sectionResized.connect(self._wait)
            view.model().modelReset.connect(self._wait)
        rows.tree.expanded.connect(self._wait)

    def _wait(self, *_what: object) -> None:
        """Look when it has come to rest. The signals' numbers are no interval for the timer."""
        self._pause.start()

    @property
    def waiting(self) -> bool:
        """Is it about to look?"""
        return self._pause.isActive() and self.needed()

    def needed(self) -> bool:
        """Does a column of statistics show, or order the rows?"""
        header = self._rows.view.columns.header
        ordered = self._rows.sort is not None and any(COLUMNS[place].key == self._rows.sort[0] for place in _COMPUTED)
        return ordered or any(not header.isSectionHidden(place) for place in _COMPUTED)

    def _look(self) -> None:
        if self._rows.facts is not None and self.needed():
            self.wanted.emit(self.tensors())

    def tensors(self) -> list[int]:
        """Tensor ids of the rows on the screen, from the top."""
        facts = self._rows.facts
        if facts is None:
            return []
        rows = (index.internalId() for index in _indexes(self._rows.view))
        nodes = [row for row in rows if row < len(facts.nodes)]
        return [facts.nodes.tensor[node] for node in nodes if facts.nodes.tensor[node] >= 0]


def _indexes(view: Tree | FlatList) -> Iterator[QModelIndex]:
    index = view.indexAt(QPoint(2, 2)).siblingAtColumn(0)
    height = view.viewport().height()
    for _ in range(MAX_ROWS):
        if not index.isValid() or view.visualRect(index).top() > height:
            return
        yield index
        index = view.indexBelow(index) if isinstance(view, QTreeView) else index.sibling(index.row() + 1, 0)
