"""The histograms of a run, one behind the other, the chosen step in front of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.trend.nouns import Run
from ckpt_gui.core.trend.picture import stop_ticks
from ckpt_gui.core.trend.ridges import Ridge, Ridges
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.framed import FramedPlot


class RidgePlot(FramedPlot):
    """Draws ``Ridges``; values to the right, steps downwards.

    Signals:
        stop_chosen: a step was clicked.
    """

    stop_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Histograms over the steps")
        self.setMinimumSize(180, 100)
        self._run: Run | None = None
        self._shown: Ridges | None = None
        self._stop = -1
        self._drawn: list[Any] = []
        self._frame(Axis("bottom", self._value_ticks, 80), Axis("left", self._stop_ticks, 1))
        self._box.setMouseEnabled(x=False, y=False)
        self._dress()

    def show_ridges(self, run: Run | None, shown: Ridges | None) -> None:
        """Draw these; None: nothing."""
        self._run, self._shown = run, shown
        self._draw()

    @property
    def ridges(self) -> Ridges | None:
        """What is drawn."""
        return self._shown

    def show_stop(self, stop: int, words: str) -> None:
        """Bring a step to the front; ``words``: what a screen reader says of it all."""
        self._stop = stop
        self.setAccessibleDescription(words)
        self._draw()

    def _draw(self) -> None:
        for item in self._drawn:
            self._box.removeItem(item)
        self._drawn = []
        shown = self._shown
        if shown is not None and len(shown.xs):
            first, last = float(shown.xs[0]), float(shown.xs[-1])
            self._box.setRange(xRange=(first, last), yRange=(shown.low, shown.high), padding=0)
            colours = theme.of(self.palette())
            for level, ridge in enumerate(shown.ridges):
                self._draw_ridge(shown, ridge, level, colours)
        for axis in self._axes:
            axis.renew()

    def _draw_ridge(self, shown: Ridges, ridge: Ridge, level: int, colours: theme.Colours) -> None:
        """What lies in front hides what is behind, as far as it reaches."""
        chosen = ridge.place == self._stop
        if not ridge.finite:
            self._draw_nothing(shown, ridge, colours)
            return
        edge = QColor(colours.accent if chosen else colours.muted)
        fill = QColor(colours.accent if chosen else colours.base)
        fill.setAlphaF(0.45 if chosen else 0.72)
        curve = pg.PlotCurveItem(
            shown.xs, ridge.ys, pen=series.line(edge, [], 2.0 if chosen else 1.0), brush=fill,
            fillLevel=ridge.base, antialias=True,
        )  # fmt: skip
        curve.setZValue(10 + level)
        self._box.addItem(curve, ignoreBounds=True)
        self._drawn.append(curve)

    def _draw_nothing(self, shown: Ridges, ridge: Ridge, colours: theme.Colours) -> None:
        """A step without a finite value has no histogram, and says so."""
        label = pg.TextItem("only NaN and Inf", color=colours.alarm, anchor=(0, 0.5))
        label.setFont(self.font())
        label.setPos(float(shown.xs[0]), ridge.base)
        label.setZValue(200)
        self._box.addItem(label, ignoreBounds=True)
        self._drawn.append(label)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        shown, scene = self._shown, self.mapToScene(event.position().toPoint())
        if shown is None or not shown.ridges or not self._box.sceneBoundingRect().contains(scene):
            return
        bases = np.array([ridge.base for ridge in shown.ridges])
        nearest = int(np.abs(bases - self._box.mapSceneToView(scene).y()).argmin())
        if event.button() == Qt.MouseButton.LeftButton:
            self.stop_chosen.emit(shown.ridges[nearest].place)

    def _stop_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        if self._run is None or self._shown is None:
            return []
        last = len(self._run.stops) - 1
        rows = max(2, int(room / (1.3 * self.fontMetrics().height())))
        every = max(1, -(-(last + 1) // rows))
        found = stop_ticks(self._run, -0.5, last + 0.5, 1_000_000)
        return [ticks.Tick(last - one.position, one.text[-18:]) for one in found[::every]
                if low <= last - one.position <= high]  # fmt: skip

    def _value_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        return ticks.ticks(self._shown.found.scale, low, high, room) if self._shown is not None else []

    def sizeHint(self) -> QSize:
        return QSize(480, 240)
