"""The legend of a heat-map: the scale with its numbers, and swatches of what has no place on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from ckpt_gui.core.heatmap.limits import NAN, NEGINF, POSINF, STEPS, Limits, Outside
from ckpt_gui.core.stats.scale import Scale
from ckpt_gui.core.stats.ticks import minus, ticks
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.colours import ODD

_WIDE = 13
_PITCH = 34
"""Pixels that a number needs at least."""
_MOST_MARKS = 30
"""On a tall screen; which digits they need depends on how many there are."""


class ColourBar(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Lowest value at the bottom; a wedge at an end beyond which there are values."""

    def __init__(self) -> None:
        super().__init__()
        self._limits: Limits | None = None
        self._outside = Outside(0, 0, 0, 0, 0)
        self._table: NDArray[np.uint8] = np.zeros((256, 4), np.uint8)
        self._colours = theme.LIGHT
        self._font = QFont()
        self.setMinimumWidth(60)

    def dress(self, colours: theme.Colours, font: QFont) -> None:
        """Take these colours and this font."""
        self._colours, self._font = colours, font
        self._make_room()

    def show_scale(self, limits: Limits, outside: Outside, table: NDArray[np.uint8]) -> None:
        """The legend of this scale."""
        self._limits, self._outside, self._table = limits, outside, table
        self._make_room()

    def _make_room(self) -> None:
        """As wide as its numbers: those close together and far from 0 have many digits."""
        metrics = QFontMetricsF(self._font)
        texts = [text for room in range(2, _MOST_MARKS, 4) for _part, text in self._numbers(room)]
        wide = max(metrics.horizontalAdvance(text) for text in ("−0.0000", *texts))
        self.setMinimumWidth(0)  # or it stays below the maximum there was
        self.setMaximumWidth(_WIDE + 12 + wide)
        self.setMinimumWidth(_WIDE + 12 + wide)
        self.update()

    def _numbers(self, room: int) -> list[tuple[float, str]]:
        """Where on the scale, 0 to 1, stands which number."""
        limits = self._limits
        if limits is None:
            return []
        if limits.low == limits.high:
            return [(0.5, minus(f"{limits.low:.4g}"))]
        half = limits.high / 2 - limits.low / 2
        marks = ticks(Scale("linear"), limits.low, limits.high, max(2, room))
        if not marks:  # hardly more than 0, or too close to one another
            return [(0.0, minus(f"{limits.low:.4g}")), (1.0, minus(f"{limits.high:.4g}"))]
        return [((mark.position / 2 - limits.low / 2) / half, mark.text) for mark in marks]

    def entries(self) -> list[str]:
        """What the swatches are of."""
        counts = {NAN: self._outside.nan, POSINF: self._outside.posinf, NEGINF: self._outside.neginf}
        return [ODD[step][0] for step in ODD if counts[step]]

    def paint(self, painter: QPainter, *_style: Any) -> None:
        if self._limits is None:
            return
        metrics = QFontMetricsF(self._font)
        painter.setFont(self._font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        odd = [step for step in ODD if ODD[step][0] in self.entries()]
        below = len(odd) * (metrics.height() + 4) + 6
        area = QRectF(2, 16, _WIDE, max(20.0, self.size().height() - 30 - below))
        self._paint_scale(painter, area)
        self._paint_numbers(painter, area, metrics)
        self._paint_odd(painter, odd, area.bottom() + 16, metrics)

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        strip = np.ascontiguousarray(self._table[STEPS - 1 :: -1].reshape(STEPS, 1, 4))
        image = QImage(strip.data, 1, STEPS, 4, QImage.Format.Format_RGBA8888)
        painter.drawImage(area, image)
        painter.setPen(QColor(self._colours.line))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)
        painter.setPen(Qt.PenStyle.NoPen)
        ends = ((self._outside.above, STEPS - 1, area.top(), -8), (self._outside.below, 0, area.bottom(), 8))
        for count, step, edge, height in ends:
            if count:
                painter.setBrush(QColor(*(int(part) for part in self._table[step])))
                tip = QPointF(area.center().x(), edge + height)
                painter.drawPolygon([QPointF(area.left(), edge), QPointF(area.right(), edge), tip])

    def _paint_numbers(self, painter: QPainter, area: QRectF, metrics: QFontMetricsF) -> None:
        for part, text in self._numbers(int(area.height() / _PITCH)):
            y = area.bottom() - part * area.height()
            painter.setPen(QColor(self._colours.line))
            painter.drawLine(QPointF(area.right(), y), QPointF(area.right() + 4, y))
            painter.setPen(QColor(self._colours.muted))
            painter.drawText(QPointF(area.right() + 7, y + metrics.ascent() / 2 - 1), text)

    def _paint_odd(self, painter: QPainter, odd: list[int], top: float, metrics: QFontMetricsF) -> None:
        for number, step in enumerate(odd):
            name, colour = ODD[step]
            y = top + number * (metrics.height() + 4)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            painter.drawRect(QRectF(2, y, _WIDE, metrics.height() - 2))
            painter.setPen(QColor(self._colours.text))
            painter.drawText(QPointF(_WIDE + 9, y + metrics.ascent() - 1), name)
