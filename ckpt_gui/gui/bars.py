"""Horizontal bars with their names and figures: how something is divided. Drawn here, without a plot library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_gui.gui import theme


class Bar(NamedTuple):
    """One bar."""

    name: str
    share: float
    """0 … 1."""
    figure: str
    """What stands beside it: ``475 MiB · 33.3 %``."""


class Bars(QWidget):
    """Bars under one another: name, bar, figure. What is drawn is said in words too."""

    def __init__(self, name: str, bars: Sequence[Bar], beside: Sequence[Bar] = ()) -> None:
        """``beside``: all bars of the page, so that those of several charts line up."""
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_bars(bars, beside)

    def show_bars(self, bars: Sequence[Bar], beside: Sequence[Bar] = ()) -> None:
        """Show these instead."""
        self._bars = tuple(bars)
        self._beside = tuple(beside) or self._bars
        self.setAccessibleDescription("; ".join(f"{bar.name}: {bar.figure}" for bar in self._bars))
        self.setToolTip("\n".join(f"{bar.name}: {bar.figure}" for bar in self._bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, self._pitch() * len(self._bars))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self._pitch() * len(self._bars))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        names = min(
            self.width() / 3, max((metrics.horizontalAdvance(bar.name) for bar in self._beside), default=0) + 12
        )
        figures = max((metrics.horizontalAdvance(bar.figure) for bar in self._beside), default=0) + 14
        room = max(20.0, self.width() - names - figures)
        for number, bar in enumerate(self._bars):
            line = QRectF(0, number * self._pitch(), self.width(), self._pitch())
            self._paint_bar(painter, bar, line, (names, room))

    def _paint_bar(self, painter: QPainter, bar: Bar, line: QRectF, columns: tuple[float, float]) -> None:
        colours, (names, room) = theme.of(self.palette()), columns
        middle = Qt.AlignmentFlag.AlignVCenter
        shown = self.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideMiddle, int(names - 8))
        painter.setPen(QColor(colours.text))
        painter.drawText(line.adjusted(0, 0, names - line.width(), 0), middle, shown)
        track = QRectF(names, line.top() + 4, room, line.height() - 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.line))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(QColor(colours.bar))
        wide = max(2.0, room * min(1.0, bar.share)) if bar.share else 0.0
        painter.drawRoundedRect(QRectF(track.left(), track.top(), wide, track.height()), 2, 2)
        painter.setPen(QColor(colours.muted))
        painter.drawText(line.adjusted(names + room + 10, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, bar.figure)

    def _pitch(self) -> int:
        return self.fontMetrics().height() + 6
