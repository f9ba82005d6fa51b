"""A table of values as Qt sees it: pages that were read, bounded in number; "…" where none was yet.

Qt counts rows in 32 bits and keeps something for each of them, so the model shows a *window* of the
table, ``ROWS`` by ``COLUMNS`` at most, which the view moves. ``row`` and ``column`` without further words
are the table's, of any size; Qt's own begin with the window.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPalette

from ckpt_gui.gui import theme

if TYPE_CHECKING:
    from ckpt_gui.core.table.layout import Layout

Index = QModelIndex | QPersistentModelIndex
Write = Callable[..., str]
"""What ``Read.cell`` gives → the text of a cell; of several lines where it stands for several values."""

ROWS, COLUMNS = 10_000, 4_000
"""Of the window, at most."""
PAGE_CELLS, PAGE_COLUMNS, PAGE_ROWS = 4096, 32, 64
MAX_PAGES = 256
"""Kept: 32 MiB of complex128, the widest values there are, with their bits."""
WAITING = "…"

_DISPLAY = Qt.ItemDataRole.DisplayRole
_ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CELL = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren


class Page(NamedTuple):
    """Rows and columns that are read together."""

    rows: range
    columns: range


class Read(Protocol):
    """What was read of a table."""

    @property
    def rows(self) -> range:
        """Of the table."""

    @property
    def columns(self) -> range:
        """Of the table."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Of each row, in words of its own; () where the layout's number will do."""

    def cell(self, row: int, column: int) -> tuple[Any, ...]:
        """What stands in a cell of the table."""


class ValuesModel(QAbstractTableModel):
    """Shows the cells of one layout, as far as they were read."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layout: Layout | None = None
        self.first_row = self.first_column = 0
        """Where the window begins."""
        self._write: Write | None = None
        self._labelled = False
        self._pages: OrderedDict[tuple[int, int], Read] = OrderedDict()
        self._page_rows, self._page_columns = PAGE_ROWS, PAGE_COLUMNS
        self._muted, self._alarm = QColor(), QColor()

    def show(self, layout: Layout | None, write: Write | None, *, labelled: bool = False) -> None:
        """Show another table; nothing of it is read yet. ``labelled``: rows bring their own words along."""
        self.beginResetModel()
        self.layout, self._write, self._labelled = layout, write, labelled
        self.first_row = self.first_column = 0
        self._pages.clear()
        if layout is not None:
            self._page_columns = max(1, layout.columns if layout.wrap else min(layout.columns, PAGE_COLUMNS))
            self._page_rows = max(PAGE_ROWS, PAGE_CELLS // self._page_columns)
        self.endResetModel()

    def write_as(self, write: Write) -> None:
        """Write values otherwise; what was read stays."""
        self._write = write
        self._changed()

    def dress(self, palette: QPalette) -> None:
        """Take the colours of the palette."""
        self._muted = palette.color(QPalette.ColorRole.PlaceholderText)
        self._alarm = QColor(theme.of(palette).alarm)

    def move_to(self, first_row: int, first_column: int) -> None:
        """Begin the window elsewhere."""
        self.beginResetModel()
        self.first_row, self.first_column = first_row, first_column
        self.endResetModel()

    # -------------------------------------------------------------------------------------------- pages

    def missing(self, rows: range, columns: range) -> list[Page]:
        """The pages with these cells that were not read yet."""
        if self.layout is None or not rows or not columns:
            return []
        across, down = self._page_columns, self._page_rows
        found = []
        for row in range(rows.start // down, (rows.stop - 1) // down + 1):
            for column in range(columns.start // across, (columns.stop - 1) // across + 1):
                if (row, column) not in self._pages:
                    found.append(self._page(row, column, self.layout))
        return found

    def _page(self, row: int, column: int, layout: Layout) -> Page:
        across, down = self._page_columns, self._page_rows
        return Page(
            range(row * down, min((row + 1) * down, layout.rows)),
            range(column * across, min((column + 1) * across, layout.columns)),
        )

    def put(self, read: Sequence[Read]) -> None:
        """Pages were read; those that were not asked for longest go."""
        for cells in read:
            self._pages[cells.rows.start // self._page_rows, cells.columns.start // self._page_columns] = cells
        while len(self._pages) > MAX_PAGES:
            self._pages.popitem(last=False)
        self._changed()

    def _changed(self) -> None:
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))
            if self._labelled:
                self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, self.rowCount() - 1)

    def cells(self, row: int, column: int) -> Read | None:
        """The page with that cell, if it was read."""
        key = (row // self._page_rows, column // self._page_columns)
        found = self._pages.get(key)
        if found is not None:
            self._pages.move_to_end(key)
        return found

    def text(self, row: int, column: int) -> str:
        """What the cell says."""
        assert self.layout is not None
        assert self._write is not None
        if self.layout.wrap and row * self.layout.columns + column >= self.layout.count:
            return ""
        cells = self.cells(row, column)
        return self._write(*cells.cell(row, column)) if cells is not None else WAITING

    def label(self, row: int) -> str:
        """What stands before the row."""
        assert self.layout is not None
        if not self._labelled:
            return self.layout.row_label(row)
        found = next((page for (at, _), page in self._pages.items() if at == row // self._page_rows), None)
        return found.labels[row - found.rows.start] if found is not None and found.labels else WAITING

    # -------------------------------------------------------------------------------------------- Qt's questions

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        if self.layout is None or parent.isValid() or not self.layout.columns:
            return 0
        return min(ROWS, self.layout.rows - self.first_row)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        if self.layout is None or parent.isValid():
            return 0
        return min(COLUMNS, self.layout.columns - self.first_column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return _CELL if index.isValid() else Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if role == _ALIGNMENT:
            return _RIGHT
        if role not in (_DISPLAY, _FOREGROUND) or self.layout is None or not index.isValid():
            return None
        text = self.text(self.first_row + index.row(), self.first_column + index.column())
        if role == _DISPLAY:
            return text
        if text == WAITING:
            return self._muted
        return self._alarm if "NaN" in text or "Inf" in text else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if role == _ALIGNMENT:
            return _RIGHT
        if role != _DISPLAY or self.layout is None:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return self.layout.column_label(self.first_column + section)
        return self.label(self.first_row + section)
