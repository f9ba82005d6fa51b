"""A table over ``RowsModel``: the first column takes what the others leave; long names are cut in the middle."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTreeView, QWidget

from ckpt_gui.core.text import plural
from ckpt_gui.gui.convert_rows.model import RowsModel

MAX_COPIED = 10_000
"""Rows put on the clipboard at once."""


class Table(QTreeView):
    """Rows of a model; a click on a header sorts.

    Signals:
        message: a sentence about what was done.
    """

    message = Signal(str)

    def __init__(self, model: RowsModel, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = model
        self.setModel(model)
        self.setAccessibleName(name)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setAlternatingRowColors(True)
        self.setItemsExpandable(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(self.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self._by_hand = self._filling = False
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
        width = header.fontMetrics().averageCharWidth()
        for place, column in enumerate(self._rows.columns):
            header.resizeSection(place, column.width * width + 14)
        header.sectionClicked.connect(self._rows.order_by)
        header.sectionResized.connect(self._resized)

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

    def _resized(self, place: int, _before: int, _after: int) -> None:
        self._by_hand = self._by_hand or (place == 0 and not self._filling)

    def fill(self) -> None:
        """Give the first column what the others leave, within reason."""
        header = self.header()
        shown = sum(header.sectionSize(one) for one in range(1, header.count()) if not header.isSectionHidden(one))
        if not self._by_hand:
            self._filling = True
            least = self._rows.columns[0].width * header.fontMetrics().averageCharWidth()
            header.resizeSection(0, max(self.viewport().width() - shown, least))
            self._filling = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fill()

    def _dress(self) -> None:
        self._rows.dress(self.palette())
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._dress)  # with a style sheet the palette is the new one only after this
        super().changeEvent(event)
