"""Rows laid out by the core, as Qt's trees ask for them: integer ids, nothing computed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex

from ckpt_gui.core.outline import ROOT

Index = QModelIndex | QPersistentModelIndex


class Laid(Protocol):
    """How rows stand beneath each other; ``ROOT`` is above all."""

    def rows(self, row: int) -> Sequence[int]:
        """What stands beneath ``row``."""
        ...

    def place(self, row: int) -> int:
        """Where ``row`` stands beneath its parent."""
        ...

    def parent(self, row: int) -> int:
        """What ``row`` stands beneath."""
        ...

    def opens(self, row: int) -> bool:
        """Whether anything stands beneath ``row``, without laying it out."""
        ...


class LaidModel(QAbstractItemModel):
    """The shape of a tree; what its cells say is its children's."""

    def __init__(self, columns: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.laid: Laid | None = None
        self._columns = columns

    def index_of(self, row: int, column: int = 0) -> QModelIndex:
        """The index of a row whose trail was asked for."""
        assert self.laid is not None
        return self.createIndex(self.laid.place(row), column, row)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """The row at that place."""
        if self.laid is None or row < 0 or not 0 <= column < self._columns or parent.column() > 0:
            return QModelIndex()
        rows = self.laid.rows(parent.internalId() if parent.isValid() else ROOT)
        return self.createIndex(row, column, rows[row]) if row < len(rows) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """The index of the row above."""
        if self.laid is None or not index.isValid():
            return QModelIndex()
        above = self.laid.parent(index.internalId())
        return QModelIndex() if above == ROOT else self.createIndex(self.laid.place(above), 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many rows stand beneath."""
        if self.laid is None or parent.column() > 0:
            return 0
        row = parent.internalId() if parent.isValid() else ROOT
        return len(self.laid.rows(row)) if row == ROOT or self.laid.opens(row) else 0

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008
        """Without laying the children out."""
        if self.laid is None or parent.column() > 0:
            return False
        return self.laid.opens(parent.internalId()) if parent.isValid() else len(self.laid.rows(ROOT)) > 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The same everywhere."""
        return 0 if parent.column() > 0 else self._columns
