"""The picture of a statistic over a network's depth: a line and a glyph for each kind of weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.stats.layers_picture import Picture, Trace, nearest, step, stop_ticks, towers
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.framed import FramedPlot

GLYPHS = ("o", "s", "t", "d", "+", "star", "t1", "p", "x", "h", "t2", "t3")
"""One a kind, in turn; after twelve the colours and dashes differ by then."""
_REACH = 14
"""Pixels around the mouse in which a point is found."""
_SIZE, _RING = 7, 15
_SMOOTH_UP_TO = 150
"""Stops; smooth lines up and down between many more take Qt most of a second."""


class LayersPlot(FramedPlot):
    """Draws a ``Picture``.

    Signals:
        pointed: place of the point looked at, -1 for none.
        chosen: place of the point that was clicked, or Enter pressed on.
    """

    pointed = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Chart over the layers")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(180, 140)
        self._picture: Picture | None = None
        self._picked: frozenset[int] = frozenset()
        self._place = -1
        self._pressed = QPoint()
        self._drawn: list[Any] = []
        self._build()
        self._dress()

    def _build(self) -> None:
        self._frame(Axis("bottom", self._stop_ticks, 1), Axis("left", self._value_ticks, 34))
        self._box.setMouseEnabled(x=False, y=False)
        self._pointer = pg.ScatterPlotItem()
        self._pointer.setZValue(60)
        self._box.addItem(self._pointer, ignoreBounds=True)

    # -------------------------------------------------------------------------------------------- drawing

    def show_picture(self, picture: Picture, *, picked: frozenset[int], words: str) -> None:
        """Draw it. ``picked``: tensors whose stops are marked; ``words``: what a screen reader says of it."""
        self._picture, self._picked = picture, picked
        self.setAccessibleDescription(words)
        if self._place >= len(picture.points):
            self._place = -1
        self._draw()

    @property
    def picture(self) -> Picture | None:
        """What is drawn."""
        return self._picture

    @property
    def place(self) -> int:
        """The point looked at; -1: none."""
        return self._place

    def _draw(self) -> None:
        for item in self._drawn:
            self._box.removeItem(item)
        self._drawn = []
        shown = self._picture
        if shown is None:
            return
        self._box.setRange(
            xRange=(-0.6, max(len(shown.depth.stops) - 0.4, 0.6)), yRange=(shown.low, shown.high), padding=0
        )
        colours = theme.of(self.palette())
        self._draw_ground(shown, colours)
        for trace in shown.traces:
            self._draw_trace(trace, colours)
        if shown.marked:
            self._draw_marks(shown, colours)
        self._draw_alarms(shown, colours)
        self._draw_pointer()
        for axis in self._axes:
            axis.renew()

    def _add(self, item: Any, level: int) -> None:
        item.setZValue(level)
        self._box.addItem(item, ignoreBounds=True)
        self._drawn.append(item)

    def _draw_ground(self, shown: Picture, colours: theme.Colours) -> None:
        """Where towers end, which stops are picked, the strip of what is not finite."""
        grey = series.line(QColor(colours.line), [], 1)
        for name, first, last in towers(shown.depth):
            for edge in (first - 0.5, last + 0.5):
                self._add(pg.InfiniteLine(edge, angle=90, pen=grey), 1)
            if last > first or len(shown.depth.stops) < 8:
                label = pg.TextItem(name, color=colours.muted, anchor=(0, 1))
                label.setFont(self.font())
                label.setPos(first - 0.5, shown.low)
                self._add(label, 2)
        back = QColor(colours.selected)
        back.setAlphaF(0.6)
        for stop in sorted({point.stop for point in shown.points if point.tensor in self._picked}):
            self._add(pg.LinearRegionItem((stop - 0.5, stop + 0.5), brush=back, pen=pg.mkPen(None), movable=False), 0)
        if shown.ground is not None:
            self._add(pg.InfiniteLine(shown.ground, angle=0, pen=series.line(QColor(colours.muted), [2, 3], 1)), 3)
            label = pg.TextItem("no change", color=colours.muted, anchor=(1, 0))
            label.setFont(self.font())
            label.setPos(max(len(shown.depth.stops) - 0.4, 0.6), shown.ground)
            self._add(label, 4)
        if shown.broken:
            self._add(pg.InfiniteLine(shown.strip, angle=0, pen=series.line(QColor(colours.alarm), [2, 3], 1)), 3)
            label = pg.TextItem("NaN, Inf", color=colours.alarm, anchor=(0, 0))
            label.setFont(self.font())
            label.setPos(-0.6, shown.high)
            self._add(label, 4)

    def _draw_trace(self, trace: Trace, colours: theme.Colours) -> None:
        pen = series.pen(colours, trace.number, 1.5)
        line = pg.PlotCurveItem(trace.xs, trace.ys, pen=pen, connect="finite", antialias=len(trace.xs) <= _SMOOTH_UP_TO)
        self._add(line, 10)
        if trace.banded:
            edge = series.pen(colours, trace.number, 0.8)
            ends = [pg.PlotCurveItem(trace.xs, ys, pen=edge, connect="finite") for ys in (trace.lows, trace.highs)]
            fill = series.colour(colours, trace.number)
            fill.setAlphaF(0.13)
            for end in ends:
                self._add(end, 8)
            self._add(pg.FillBetweenItem(*ends, brush=fill), 6)

    def _draw_marks(self, shown: Picture, colours: theme.Colours) -> None:
        numbers = np.array(shown.numbers)
        finite = np.arange(len(numbers)) < len(numbers) - len(shown.broken)
        for number in sorted(set(shown.numbers)):
            held = (numbers == number) & finite
            brush = series.colour(colours, number)
            marks = pg.ScatterPlotItem(shown.xs[held], shown.ys[held], symbol=glyph(number), size=_SIZE, brush=brush)
            marks.setPen(None)
            self._add(marks, 12)

    def _draw_alarms(self, shown: Picture, colours: theme.Colours) -> None:
        alarm = series.line(QColor(colours.alarm), [], 1.6)
        rings, crosses = list(shown.outliers), list(shown.broken)
        if rings:
            self._add(pg.ScatterPlotItem(shown.xs[rings], shown.ys[rings], symbol="o", size=_RING, pen=alarm,
                                         brush=pg.mkBrush(None)), 30)  # fmt: skip
        if crosses:
            self._add(pg.ScatterPlotItem(shown.xs[crosses], shown.ys[crosses], symbol="x", size=10, pen=pg.mkPen(None),
                                         brush=QColor(colours.alarm)), 30)  # fmt: skip

    # -------------------------------------------------------------------------------------------- pointing

    def point(self, place: int) -> None:
        """Look at a point; -1 at none."""
        if place != self._place:
            self._place = place
            self._draw_pointer()
            self.pointed.emit(place)

    def _draw_pointer(self) -> None:
        shown = self._picture
        if shown is None or not 0 <= self._place < len(shown.points):
            self._pointer.setData([], [])
            return
        pen = series.line(QColor(theme.of(self.palette()).text), [], 1.5)
        at = [self._place]
        self._pointer.setData(shown.xs[at], shown.ys[at], symbol="s", size=_RING + 3, pen=pen, brush=pg.mkBrush(None))

    def _under(self, at: QPoint) -> int:
        shown, scene = self._picture, self.mapToScene(at)
        if shown is None or not self._box.sceneBoundingRect().contains(scene):
            return -1
        here, pixel = self._box.mapSceneToView(scene), self._box.viewPixelSize()
        return nearest(shown, here.x(), here.y(), _REACH * pixel[0], _REACH * pixel[1])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.point(self._under(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        place = self._under(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0 and place == self._under(self._pressed):
            self.chosen.emit(place)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.point(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along a kind, up and down to the next kind, Enter goes to the tensor."""
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        key = Qt.Key(event.key())
        if self._picture is not None and key in steps:
            self.point(step(self._picture, self._place, *steps[key]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._place >= 0:
            self.chosen.emit(self._place)
        elif key == Qt.Key.Key_Escape and self._place >= 0:
            self.point(-1)
        else:
            event.ignore()

    # -------------------------------------------------------------------------------------------- axes, looks

    def _stop_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        width = 1.25 * self.fontMetrics().averageCharWidth()  # the axis counts its room in pixels here
        return stop_ticks(self._picture.depth, low, high, int(room / width)) if self._picture is not None else []

    def _value_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        shown = self._picture
        if shown is None:
            return []
        low = low if shown.ground is None else max(low, shown.ground)
        return ticks.ticks(shown.scale, low, min(high, shown.strip), room)

    def sizeHint(self) -> QSize:
        return QSize(480, 320)


def glyph(number: int) -> str:
    """The mark of the n-th kind."""
    return GLYPHS[number % len(GLYPHS)]


def icon(colours: theme.Colours, number: int, ratio: float, *, faint: bool) -> QIcon:
    """Line and glyph of the n-th kind, for a legend; ``faint``: of one that is switched off."""
    made = QPixmap(round(30 * ratio), round(14 * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.4 if faint else 1)
    painter.setPen(series.pen(colours, number, 1.5))
    painter.drawLine(0, 7, 30, 7)
    painter.translate(15, 7)
    painter.scale(9, 9)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(series.colour(colours, number))
    painter.drawPath(pg.graphicsItems.ScatterPlotItem.Symbols[glyph(number)])
    painter.end()
    return QIcon(made)
