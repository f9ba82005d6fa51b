"""A table over ``RowsModel``: the first column takes what the others leave; long names are cut in the middle."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckpt_gui.core.text import plural
from ckpt_gui.gui.convert_rows.model import RowsModel

MAX_COPIED = 10_000
"""Rows put on the clipboard at once."""


class _EndDelegate(QStyledItemDelegate):
    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft


class Table(QTableView):
    """Rows of a model; a click on a header sorts. No tree view: that would ask for every row, a hundred thousand too.

    Signals:
        message: a sentence about what was done.
    """

    message = Signal(str)

    def __init__(self, model: RowsModel, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = model
        self.setModel(model)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(self.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        ends = _EndDelegate(self)
        for place, column in enumerate(model.columns):
            if column.ends:
                self.setItemDelegateForColumn(place, ends)
        self._by_hand = False
        """Has somebody pulled at a header?"""
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._dress_header(self.header())
        copy = QShortcut(QKeySequence.StandardKey.Copy, self, context=Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)
        self._dress()

    def _dress_header(self, header: QHeaderView) -> None:
        header.setStretchLastSection(False)
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setAccessibleName("Columns")
        for place, column in enumerate(self._rows.columns):
            self.widen(place, column.width)
        header.sectionClicked.connect(self._rows.order_by)
        header.sectionResized.connect(self._resized)

    def header(self) -> QHeaderView:
        """Above the columns."""
        return self.horizontalHeader()

    def widen(self, place: int, characters: int) -> None:
        """Give a column room for so many average characters, unless somebody has set its width."""
        if not self._by_hand:
            self.header().resizeSection(place, characters * self.header().fontMetrics().averageCharWidth() + 14)

    def copy(self) -> None:
        """The selected rows, as text with tabs."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})[:MAX_COPIED]
        if rows:
            columns = range(len(self._rows.columns))
            lines = ["\t".join(str(self._rows.index(row, one).data()) for one in columns) for row in rows]
            # A lone surrogate of a hostile key has no place in a clipboard.
            safe = "\n".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")
            QApplication.clipboard().setText(safe)
            self.message.emit(f"Copied {plural(len(rows), 'row')}")

    def _resized(self, _place: int, _before: int, _after: int) -> None:
        pulled = QApplication.mouseButtons() != Qt.MouseButton.NoButton  # Qt tells of its own doings too
        self._by_hand = self._by_hand or pulled

    def fill(self) -> None:
        """Give the first column what the others leave, within reason."""
        header = self.header()
        shown = sum(header.sectionSize(one) for one in range(1, header.count()) if not header.isSectionHidden(one))
        if not self._by_hand:
            least = self._rows.columns[0].width * header.fontMetrics().averageCharWidth()
            header.resizeSection(0, max(self.viewport().width() - shown, least))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fill()

    def _dress(self) -> None:
        self._rows.dress(self.palette())
        self.verticalHeader().setMinimumSectionSize(8)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 1)
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            QTimer.singleShot(0, self, self._dress)  # with a style sheet the palette is the new one only after this
        super().changeEvent(event)
