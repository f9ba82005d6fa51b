"""The picture of a matrix's singular values: largest to smallest, on a logarithmic axis."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.stats.scale import Scale
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.plots.axes import Axis

_LOG, _LINEAR = Scale("log"), Scale("linear")
_FEW = 64
"""Values that are marked one by one."""
_LOWEST = 1e-17
"""Of the largest: what lies below is rounding, and would press all else against the ceiling."""


class SpectrumPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws singular values above 0; nothing to be clicked or zoomed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Singular values, largest first")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(170)
        self.ci.layout.setContentsMargins(2, 2, 8, 2)
        self._axes = (Axis("bottom", self._places, 60), Axis("left", self._values, 34))
        self._axes[1].setStyle(autoExpandTextSpace=True)
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0)
        self._box.setMouseEnabled(x=False, y=False)
        self._box.disableAutoRange()
        axes = {"bottom": self._axes[0], "left": self._axes[1]}
        plot = pg.PlotItem(viewBox=self._box, axisItems=axes, enableMenu=False)
        plot.hideButtons()
        plot.ctrlMenu.setParent(self, plot.ctrlMenu.windowFlags())  # no window of its own that outlives this
        self.addItem(plot, 0, 0)
        self._line = pg.PlotCurveItem(antialias=True)
        self._marks = pg.ScatterPlotItem(size=5, pen=None)
        self._box.addItem(self._line)
        self._box.addItem(self._marks)
        self._dress()

    def show_values(self, values: NDArray[np.float64], words: str) -> None:
        """Draw them, largest first, at least one above 0. ``words``: what a screen reader says of it."""
        shown = values[values > values[0] * _LOWEST]
        places, heights = np.arange(1, len(shown) + 1, dtype=np.float64), _LOG.positions(shown)
        self._line.setData(places, heights)
        few = slice(None if len(shown) <= _FEW else 0)
        self._marks.setData(places[few], heights[few])
        low, high = float(heights[-1]), float(heights[0])
        margin = max(0.04 * (high - low), 0.02)
        edge = max(0.5, 0.01 * len(values))
        self._box.setRange(xRange=(1 - edge, len(values) + edge), yRange=(low - margin, high + margin), padding=0)
        self.setAccessibleDescription(words)
        for axis in self._axes:
            axis.renew()

    def _places(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        found = ticks.counts(max(low, 0.0), high, room, log=False)
        return [tick for tick in found if tick.position >= 1 and math.isclose(tick.position, round(tick.position))]

    def _values(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        if high - low < 1:  # less than a decade: round numbers say more than powers
            found = ticks.ticks(_LINEAR, 10.0**low, 10.0**high, room)
            return [ticks.Tick(math.log10(tick.position), tick.text) for tick in found if tick.position > 0]
        return ticks.ticks(_LOG, low, high, room)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_marks"):
            self._dress()

    def _dress(self) -> None:
        colours = theme.of(self.palette())
        self.setBackground(QColor(colours.window))
        self._box.setBackgroundColor(QColor(colours.base))
        for axis in self._axes:
            axis.setTickFont(self.font())
            axis.dress(colours)
        self._line.setPen(series.pen(colours, 0, 1.5))
        self._marks.setBrush(series.colour(colours, 0))
