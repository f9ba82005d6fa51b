"""The names of lines above a plot, in as many rows as they need; part of the scene, so that saved pictures have it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

_SWATCH = 24.0
_GAP = 6.0
_BETWEEN = 16.0


class Entry(NamedTuple):
    """A line and its name."""

    pen: QPen
    text: str


class Legend(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Entries side by side, wrapped at the width there is."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()
        self._colour = QColor()

    def show_entries(self, entries: tuple[Entry, ...], colour: QColor) -> None:
        """Show these, their text in that colour."""
        self.entries, self._colour = entries, colour
        self._fit()
        self.update()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fit)  # the layout that is at work now would not see another height

    def set_font(self, font: QFont) -> None:
        """Write in this font from now on."""
        self.setFont(font)
        self._fit()

    def _fit(self) -> None:
        placed = self._places()
        height = placed[-1][0].bottom() + 4 if placed else 0.0
        if height != self.minimumHeight():
            self.setMinimumHeight(height)
            self.setMaximumHeight(height)

    def _places(self) -> list[tuple[QRectF, str]]:
        """Where each entry stands, and as much of its text as there is room for."""
        metrics = QFontMetricsF(self.font())
        width, pitch = max(self.size().width(), 80.0), metrics.height() + 2
        at, found = QPointF(0, 0), list[tuple[QRectF, str]]()
        for entry in self.entries:
            room = width - _SWATCH - _GAP
            text = metrics.elidedText(entry.text, Qt.TextElideMode.ElideMiddle, room)
            size = QSizeF(_SWATCH + _GAP + metrics.horizontalAdvance(text), pitch)
            if at.x() and at.x() + size.width() > width:
                at = QPointF(0, at.y() + pitch)
            found.append((QRectF(at, size), text))
            at = QPointF(at.x() + size.width() + _BETWEEN, at.y())
        return found

    def paint(self, painter: QPainter, *_args: Any) -> None:
        painter.setFont(self.font())
        for entry, (place, text) in zip(self.entries, self._places(), strict=True):
            middle = place.center().y()
            painter.setPen(entry.pen)
            painter.drawLine(QPointF(place.left(), middle), QPointF(place.left() + _SWATCH, middle))
            painter.setPen(self._colour)
            words = place.adjusted(_SWATCH + _GAP, 0, 4, 0)
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
