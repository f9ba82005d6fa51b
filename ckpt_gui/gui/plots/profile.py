"""The values of one row or column as a line beside the picture."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont

from ckpt_gui.core.heatmap.gaps import Line
from ckpt_gui.core.stats.scale import Scale, footing
from ckpt_gui.core.stats.ticks import Tick, ticks
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.axes import Axis

LEFT = 52
"""Pixels of the axis at the left, of all plots under one another."""
_HIGH, _WIDE = 74, 94
_MOST_MARKS = 3


class Profile(pg.PlotItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Below the picture, a row (``side`` 0); at its right, a column. Follows the picture's zoom along that side."""

    def __init__(self, side: int, picture: pg.PlotItem) -> None:
        self._side = side
        self._scale = Scale("linear")
        self._axis = Axis(("left", "bottom")[side], self._marks, (30, 36)[side])
        super().__init__(
            viewBox=pg.ViewBox(enableMenu=False, enableMouse=False),
            axisItems={("left", "bottom")[side]: self._axis},
            enableMenu=False,
        )
        self.hideAxis(("bottom", "left")[side])
        self.hideButtons()
        if side == 0:
            self._axis.setWidth(LEFT)
            self.setFixedHeight(_HIGH)
            self.setXLink(picture)
        else:
            self.setFixedWidth(_WIDE)
            self.invertY(True)
            self.setYLink(picture)
        self._curve = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False)
        self._dots = pg.ScatterPlotItem(size=4, pen=None)
        for item in (self._curve, self._dots):
            self.addItem(item)

    def show_line(self, line: Line, *, from_zero: bool) -> None:
        """Draw it; ``from_zero``: zero is in sight."""
        there = np.isfinite(line.values)
        self._scale = footing(float(np.abs(line.values[there]).max(initial=0)))
        heights = self._scale.positions(line.values)
        for item, which in ((self._curve, slice(None)), (self._dots, line.alone)):
            across, up = line.places[which], heights[which]
            item.setData(*((across, up) if self._side == 0 else (up, across)))
        if not there.any():
            return
        low, high = float(heights[there].min()), float(heights[there].max())
        if from_zero:
            low, high = min(low, 0.0), max(high, 0.0)
        margin = (high - low) * 0.16 or abs(high) * 0.1 or 1.0
        shown = {("yRange", "xRange")[self._side]: (low - margin, high + margin)}
        self.vb.setRange(**shown, padding=0)
        self._axis.renew()

    def _marks(self, low: float, high: float, room: int) -> list[Tick]:
        return ticks(self._scale, low, high, min(room, _MOST_MARKS))

    def dress(self, colours: theme.Colours, font: QFont) -> None:
        """Take these colours and this font."""
        self.vb.setBackgroundColor(QColor(colours.base))
        self._axis.dress(colours)
        self._axis.setTickFont(font)
        self._curve.setPen(pg.mkPen(QColor(colours.accent), width=1))
        self._dots.setBrush(QColor(colours.accent))
