"""The picture of statistics over the steps of a run: a line and a glyph for each tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.trend.picture import Picture, Point, Trace, height, nearest, step, stop_ticks
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.framed import FramedPlot
from ckpt_gui.gui.plots.layers import glyph

MARKS_UP_TO = 2_000
"""Points that are marked one by one."""
_REACH = 16
"""Pixels around the mouse in which a point is found."""
_SIZE = 7
_RINGED = 3
"""Lines whose marks of NaN and Inf have room for a ring each."""


class TrendPlot(FramedPlot):
    """Draws a ``Picture``.

    Signals:
        pointed: the point looked at (place of its trace, stop), or None.
        chosen: the point that was clicked, or Enter pressed on.
    """

    pointed = Signal(object)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Chart over the steps")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(180, 120)
        self._picture: Picture | None = None
        self._stop = -1
        self._point: Point | None = None
        self._pressed = QPoint()
        self._drawn: list[Any] = []
        self._build()
        self._dress()

    def _build(self) -> None:
        self._frame(Axis("bottom", self._stop_ticks, 1), Axis("left", self._value_ticks, 34))
        self._box.setMouseEnabled(x=False, y=False)
        self._marker = pg.InfiniteLine(angle=90)
        self._marker.setZValue(4)
        self._pointer = pg.ScatterPlotItem()
        self._pointer.setZValue(60)
        for item in (self._marker, self._pointer):
            self._box.addItem(item, ignoreBounds=True)

    # -------------------------------------------------------------------------------------------- drawing

    def show_picture(self, picture: Picture | None, *, words: str) -> None:
        """Draw it; ``words``: what a screen reader says of it. None: nothing."""
        self._picture = picture
        self.setAccessibleDescription(words)
        if self._point is not None and (picture is None or self._point[0] >= len(picture.traces)):
            self._point = None
        self._draw()

    def show_stop(self, stop: int) -> None:
        """Mark a stop; -1: none."""
        self._stop = stop
        self._draw_marker()

    @property
    def picture(self) -> Picture | None:
        """What is drawn."""
        return self._picture

    def _draw(self) -> None:
        for item in self._drawn:
            self._box.removeItem(item)
        self._drawn = []
        shown = self._picture
        if shown is not None:
            stops = len(shown.run.stops)
            self._box.setRange(xRange=(-0.4, max(stops - 0.6, 0.6)), yRange=(shown.low, shown.high), padding=0)
            colours = theme.of(self.palette())
            self._draw_strips(shown, colours)
            for trace in shown.traces:
                self._draw_trace(trace, colours)
        self._draw_marker()
        self._draw_pointer()
        for axis in self._axes:
            axis.renew()

    def _add(self, item: Any, level: int) -> None:
        item.setZValue(level)
        self._box.addItem(item, ignoreBounds=True)
        self._drawn.append(item)

    def _draw_strips(self, shown: Picture, colours: theme.Colours) -> None:
        """What is not finite has a strip above, zero one below a logarithmic axis."""
        strips = ((shown.strip, shown.high, "NaN, Inf", colours.alarm, shown.high, 0),
                  (shown.floor, shown.low, "0", colours.muted, shown.floor, 0))  # fmt: skip
        for edge, end, name, colour, top, anchor in strips:
            if edge == end:
                continue
            self._add(pg.InfiniteLine(edge, angle=0, pen=series.line(QColor(colour), [2, 3], 1)), 3)
            label = pg.TextItem(name, color=colour, anchor=(0, anchor))
            label.setFont(self.font())
            label.setPos(-0.4, top)
            self._add(label, 4)

    def _draw_trace(self, trace: Trace, colours: theme.Colours) -> None:
        xs = np.arange(len(trace.ys), dtype=np.float64)
        pen = series.pen(colours, trace.number, 1.5)
        self._add(pg.PlotCurveItem(xs, trace.ys, pen=pen, connect="finite", antialias=True), 10)
        held = np.isfinite(trace.ys)
        if held.any() and len(xs) <= MARKS_UP_TO:
            brush = series.colour(colours, trace.number)
            marks = pg.ScatterPlotItem(xs[held], trace.ys[held], symbol=glyph(trace.number), size=_SIZE, brush=brush)
            marks.setPen(None)
            self._add(marks, 12)
        if trace.broken:
            self._draw_broken(trace, colours)

    def _draw_broken(self, trace: Trace, colours: theme.Colours) -> None:
        """A cross in the strip for every stop with NaN or Inf, in the line's colour; ringed where there is room."""
        places = np.array(trace.broken, np.float64)
        ys = np.full(len(places), trace.level)
        alarm = series.line(QColor(colours.alarm), [], 1.2)
        marks = [("o", 14, alarm, pg.mkBrush(None)), ("x", 8, pg.mkPen(None), series.colour(colours, trace.number))]
        crowded = self._picture is not None and sum(bool(one.broken) for one in self._picture.traces) > _RINGED
        for symbol, size, pen, brush in marks[crowded:]:
            self._add(pg.ScatterPlotItem(places, ys, symbol=symbol, size=size, pen=pen, brush=brush), 30)

    def _draw_marker(self) -> None:
        self._marker.setVisible(self._stop >= 0 and self._picture is not None)
        self._marker.setPos(self._stop)

    # -------------------------------------------------------------------------------------------- pointing

    def point(self, point: Point | None) -> None:
        """Look at a point; None: at nothing."""
        if point != self._point:
            self._point = point
            self._draw_pointer()
            self.pointed.emit(point)

    def _draw_pointer(self) -> None:
        shown, point = self._picture, self._point
        if shown is None or point is None:
            self._pointer.setData([], [])
            return
        pen = series.line(QColor(theme.of(self.palette()).text), [], 1.5)
        self._pointer.setData([point[1]], [height(shown, point)], symbol="s", size=16, pen=pen, brush=pg.mkBrush(None))

    def _under(self, at: QPoint) -> Point | None:
        shown, scene = self._picture, self.mapToScene(at)
        if shown is None or not self._box.sceneBoundingRect().contains(scene):
            return None
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
        point = self._under(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and point is not None and point == self._under(self._pressed):
            self.chosen.emit(point)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along a line, up and down to the next line, Enter chooses the step."""
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        key = Qt.Key(event.key())
        if self._picture is not None and key in steps:
            self.point(step(self._picture, self._point, *steps[key]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._point is not None:
            self.chosen.emit(self._point)
        elif key == Qt.Key.Key_Escape and self._point is not None:
            self.point(None)
        else:
            event.ignore()

    # -------------------------------------------------------------------------------------------- axes, looks

    def _stop_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        width = 1.25 * self.fontMetrics().averageCharWidth()  # the axis counts its room in pixels here
        return stop_ticks(self._picture.run, low, high, int(room / width)) if self._picture is not None else []

    def _value_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        shown = self._picture
        return ticks.ticks(shown.scale, max(low, shown.floor), min(high, shown.strip), room) if shown else []

    def _dress(self) -> None:
        self._marker.setPen(series.line(QColor(theme.of(self.palette()).muted), [4, 3], 1))
        super()._dress()

    def sizeHint(self) -> QSize:
        return QSize(480, 260)
