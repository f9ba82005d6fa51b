"""Rows of a table as Qt sees them: what is planned, what an audit found, what became of many files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPalette

Index = QModelIndex | QPersistentModelIndex
_DISPLAY = Qt.ItemDataRole.DisplayRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ARROWS = ("↑", "↓")

LIGHT = {
    "kept": "#646b79", "dropped": "#b3123b", "renamed": "#5b46c9", "cast": "#8a5200", "retagged": "#2a6cb0",
    "alias": "#5b46c9",    "good": "#1b7a35", "bad": "#b3123b",
}  # fmt: skip
DARK = {
    "kept": "#9aa1ae", "dropped": "#ff7a90", "renamed": "#b8a6ff", "cast": "#ffb454", "retagged": "#7fb4f0",
    "alias": "#b8a6ff",    "good": "#6fcf7f", "bad": "#ff7a90",
}  # fmt: skip


def tones(palette: QPalette) -> dict[str, QColor]:
    """A colour for each thing that may become of a row, legible on the palette; glyph and word say the same."""
    dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
    return {name: QColor(colour) for name, colour in (DARK if dark else LIGHT).items()}


class Column(NamedTuple):
    """What stands under one header."""

    title: str
    text: Callable[[Any], str]
    """The cell of a row."""
    width: int
    """To begin with, in average characters."""
    right: bool = False
    value: Callable[[Any], Any] | None = None
    """What rows are sorted by; None: by the cell's words."""
    tone: Callable[[Any], str] | None = None
    """One of the names of ``tones``, or ""."""
    ends: bool = False
    """Is it the end that matters, where there is no room for all?"""
    tip: Callable[[Any], str] | None = None
    """What the cell says at length; None: the cell."""


class RowsModel(QAbstractTableModel):
    """Some of many rows, in some order. Cells are worded when they come into sight."""

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: Sequence[Any] = ()
        self.places: Sequence[int] = ()
        """Which rows are shown, in their order."""
        self.order: tuple[int, bool] | None = None
        """Column, and whether downwards; None: the order of ``rows``."""
        self._kept: Sequence[int] = ()
        self._tones: dict[str, QColor] = {}
        self._muted = QColor()

    def dress(self, palette: QPalette) -> None:
        """Take the colours of the palette."""
        self._tones = tones(palette)
        self._muted = palette.color(QPalette.ColorRole.PlaceholderText)

    def show(self, rows: Sequence[Any], kept: Sequence[int] | None = None) -> None:
        """Replace what is shown; ``kept``: only these places."""
        self.beginResetModel()
        self.rows = rows
        self._kept = range(len(rows)) if kept is None else kept
        self.places = self._ordered()
        self.endResetModel()

    def keep(self, kept: Sequence[int] | None) -> None:
        """Show only these places of the rows there are; None: all."""
        self.show(self.rows, kept)

    def changed(self, place: int) -> None:
        """A row says something else now."""
        if place in self.places:
            row = self.places.index(place)
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def order_by(self, column: int) -> None:
        """Numbers: largest first; the other way; the first order."""
        first = self.columns[column].right
        if self.order is None or self.order[0] != column:
            self.order = (column, first)
        else:
            self.order = (column, not first) if self.order[1] == first else None
        self.show(self.rows, self._kept)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def _ordered(self) -> Sequence[int]:
        if self.order is None:
            return self._kept
        column = self.columns[self.order[0]]
        value, rows = column.value or column.text, self.rows
        return sorted(self._kept, key=lambda place: value(rows[place]), reverse=self.order[1])

    # -------------------------------------------------------------------------------------------- for Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.places)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if not index.isValid():
            return None
        column, row = self.columns[index.column()], self.rows[self.places[index.row()]]
        if role == _DISPLAY:
            return column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else _LEFT
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._tones.get(column.tone(row)) if column.tone is not None else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.tip or column.text)(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = column.text(row)
            return said if index.column() == 0 or not said else f"{column.title}: {said}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == _DISPLAY:
            sorted_by = self.order is not None and self.order[0] == section
            return f"{column.title} {_ARROWS[self.order[1]]}" if sorted_by and self.order else column.title
        return (_RIGHT if column.right else _LEFT) if role == Qt.ItemDataRole.TextAlignmentRole else None
