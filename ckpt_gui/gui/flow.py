"""Widgets side by side that go on in a next row where the page is narrow."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class Flow(QLayout):
    """Left to right, then down."""

    def __init__(self, parent: QWidget | None = None, spacing: int = 6) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:
        super().setGeometry(area)
        self._place(area, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def _place(self, area: QRect, *, move: bool) -> int:
        """Put every item in its place, centred in its row; the height that takes."""
        x, y, row = area.left(), area.top(), list[tuple[QLayoutItem, int]]()
        for item in self._items:
            if item.isEmpty():  # hidden
                continue
            width = item.sizeHint().width()
            if row and x + width > area.right() + 1:
                y += _close(row, y, move=move) + self.spacing()
                x, row = area.left(), []
            row.append((item, x))
            x += width + self.spacing()
        return y + _close(row, y, move=move) - area.top()


def _close(row: list[tuple[QLayoutItem, int]], y: int, *, move: bool) -> int:
    """A row is full: its height, its items moved into place."""
    height = max((item.sizeHint().height() for item, _ in row), default=0)
    for item, x in row if move else ():
        size = item.sizeHint()
        item.setGeometry(QRect(QPoint(x, y + (height - size.height()) // 2), size))
    return height
