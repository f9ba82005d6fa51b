"""The picture of a histogram: bars or outlines, lines for statistics, a legend, zoom and a cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.stats.chart_words import marker as marker_words
from ckpt_gui.core.stats.markers import Marker
from ckpt_gui.core.stats.readout import bin_at
from ckpt_gui.core.stats.scale import heights, within
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots import drawing, series
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.legend import Entry, Legend
from ckpt_gui.gui.plots.zoom import ZoomBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ckpt_gui.core.stats.chart import Chart
    from ckpt_gui.core.stats.nouns import Floats

_DASHES: dict[str, list[float]] = {"mean": [], "median": [6.0, 3.0], "sigma": [2.0, 2.0], "percentiles": [8, 3, 2, 3]}
_HEADROOM = 1.06
_LEAST_SPAN = 1e-13
"""Of the positions' own size: below, float64 cannot tell the ends of a range apart."""


class HistogramPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws a ``Chart`` and tells what a person wants to see next.

    Signals:
        range_wanted: the part from … to, in values.
        everything_wanted: back to the whole.
        pointed: number of the bar that is looked at, -1 for none.
        drawn: another chart stands there.
    """

    range_wanted = Signal(float, float)
    everything_wanted = Signal()
    pointed = Signal(int)
    drawn = Signal()

    def __init__(self, parent: QWidget | None = None, *, alone: int | None = None) -> None:
        """``alone``: the number of the series whose colour a single one has; None: that of bars."""
        super().__init__(parent)
        self.setAccessibleName("Histogram")
        self._alone = alone
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(180, 140)
        self._chart: Chart | None = None
        self._markers: tuple[Marker, ...] = ()
        self._log = False
        self._bar = -1
        self._lines: list[pg.InfiniteLine] = []
        self._curves: list[pg.PlotCurveItem] = []
        self._build()
        self._dress()

    def _build(self) -> None:
        self.ci.layout.setContentsMargins(2, 2, 8, 2)
        self.ci.layout.setSpacing(2)
        self._legend = Legend()
        self._box = ZoomBox()
        bottom, left = Axis("bottom", self._value_ticks, 62), Axis("left", self._count_ticks, 44)
        self._axes = (bottom, left)
        left.setStyle(autoExpandTextSpace=True)
        # Not a PlotItem: that makes a menu and its widgets, which nobody sees and nobody deletes.
        for axis in self._axes:
            axis.linkToView(self._box)
        self.addItem(self._legend, 0, 0, 1, 2)
        self.addItem(left, 1, 0)
        self.addItem(self._box, 1, 1)
        self.addItem(bottom, 2, 1)
        self._pointer = pg.PlotCurveItem()
        self._pointer.setZValue(50)
        self._box.addItem(self._pointer, ignoreBounds=True)
        self._box.wanted.connect(self._want)

    # -------------------------------------------------------------------------------------------- what is shown

    def show_chart(self, chart: Chart, markers: Sequence[Marker], *, log: bool, words: str) -> None:
        """Draw it; ``log``: counts on a logarithmic axis, ``words``: what a screen reader says of it."""
        self._chart, self._markers, self._log = chart, tuple(markers), log
        self.setAccessibleDescription(words)
        if self._bar >= len(chart.edges) - 1:
            self._bar = -1
        self._draw()
        self.drawn.emit()

    @property
    def chart(self) -> Chart | None:
        """What is drawn."""
        return self._chart

    @property
    def bar(self) -> int:
        """Number of the bar looked at; -1: none."""
        return self._bar

    def names(self) -> list[str]:
        """What the legend says."""
        return [entry.text for entry in self._legend.entries]

    def _draw(self) -> None:
        chart = self._chart
        if chart is None or len(chart.edges) < 2:
            return
        places = spread(chart.scale.positions(chart.edges))
        floor = float(heights(np.zeros(1), log=self._log)[0])
        tops = [heights(one.counts, log=self._log) for one in chart.histograms]
        highest = max(float(top.max(initial=0)) for top in tops)
        alone = (places[-1] - places[0]) if chart.edges[0] == chart.edges[-1] else 0.0
        ends = (places[0] - alone, places[-1] + alone) if alone else chart.scale.positions(np.array(chart.span))
        self._box.setRange(
            xRange=(float(ends[0]), float(ends[1])),
            yRange=(floor, floor + max(highest - floor, 1.0 if not self._log else 0.5) * _HEADROOM),
            padding=0,
        )
        self._draw_series(places, tops, floor)
        self._draw_markers()
        self._draw_pointer()
        for axis in self._axes:
            axis.renew()

    def _draw_series(self, places: Floats, tops: Sequence[Floats], floor: float) -> None:
        colours = theme.of(self.palette())
        while len(self._curves) > len(tops):
            self._box.removeItem(self._curves.pop())
        while len(self._curves) < len(tops):
            self._curves.append(pg.PlotCurveItem())
            self._box.addItem(self._curves[-1], ignoreBounds=True)
        for place, (curve, top) in enumerate(zip(self._curves, tops, strict=True)):
            alone = len(tops) == 1
            pen = pg.mkPen(None) if alone else series.pen(colours, place)
            bar = QColor(colours.bar) if self._alone is None else series.colour(colours, self._alone)
            brush = pg.mkBrush(bar) if alone else None
            curve.setData(places, top, pen=pen, brush=brush, fillLevel=floor if alone else None, stepMode="center")

    def _draw_markers(self) -> None:
        chart, colours = self._chart, theme.of(self.palette())
        assert chart is not None
        for line in self._lines:
            self._box.removeItem(line)
        self._lines = []
        entries = []
        for marker in self._markers:
            shade = QColor(colours.text) if marker.series < 0 else series.colour(colours, marker.series)
            pen = series.line(shade, _DASHES[marker.kind], 1)
            entries.append(Entry(pen, f"{marker.name}: {marker_words(chart, marker.values)}"))
            for value in marker.values:
                line = pg.InfiniteLine(chart.scale.position(value), angle=90, pen=pen)
                line.setZValue(20)
                self._box.addItem(line, ignoreBounds=True)
                self._lines.append(line)
        if len(chart.known.parts) > 1:
            names = [Entry(series.pen(colours, at, 2), part.name) for at, part in enumerate(chart.known.parts)]
            entries = [*names, *entries]
        self._legend.show_entries(tuple(entries), QColor(colours.text))

    # -------------------------------------------------------------------------------------------- the bar looked at

    def _draw_pointer(self) -> None:
        chart = self._chart
        if chart is None or not 0 <= self._bar < len(chart.edges) - 1:
            self._pointer.setVisible(False)
            return
        places = spread(chart.scale.positions(chart.edges))[self._bar : self._bar + 2]
        bottom, top = self._box.viewRange()[1]
        self._pointer.setData(places, np.array([top]), stepMode="center", fillLevel=bottom)
        self._pointer.setVisible(True)

    def point(self, bar: int) -> None:
        """Look at a bar; -1 at none."""
        if bar != self._bar:
            self._bar = bar
            self._draw_pointer()
            self.pointed.emit(bar)

    def _bar_under(self, at: QPoint) -> int:
        chart, place = self._chart, self.mapToScene(at)
        if chart is None or len(chart.edges) < 2 or not self._box.sceneBoundingRect().contains(place):
            return -1
        found = bin_at(spread(chart.scale.positions(chart.edges)), float(self._box.mapSceneToView(place).x()))
        return -1 if found is None else found

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.point(self._bar_under(event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.everything_wanted.emit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.point(-1)

    # -------------------------------------------------------------------------------------------- zoom

    def _want(self, low: float, high: float) -> None:
        chart = self._chart
        if chart is None or len(chart.edges) < 2 or chart.edges[0] == chart.edges[-1]:
            return
        least = _LEAST_SPAN * max(abs(low), abs(high), 1e-300)
        if chart.whole_numbers and chart.scale.axis == "linear":
            least = max(least, 0.999 / chart.scale.unit)
        if high - low < min(least, self._box.span()[1] - self._box.span()[0]):
            return
        whole = chart.scale.positions(np.array(chart.whole))
        found = within(low, high, (float(whole[0]), float(whole[1])))
        if found is None:
            self.everything_wanted.emit()
            return
        self._box.setRange(xRange=found, padding=0)  # at once; the bars for it follow
        self.range_wanted.emit(chart.scale.value(found[0]), chart.scale.value(found[1]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """+ and - zoom, the arrows look at the next bar, with Shift they move the picture, Home shows everything."""
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        sides = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        zooms = {Qt.Key.Key_Plus: 0.5, Qt.Key.Key_Equal: 0.5, Qt.Key.Key_Up: 0.5,
                 Qt.Key.Key_Minus: 2.0, Qt.Key.Key_Down: 2.0}  # fmt: skip
        key = Qt.Key(event.key())
        if key in sides and shift:
            self._box.pan(0.25 * sides[key])
        elif key in sides:
            self._step(sides[key])
        elif key in zooms:
            self._box.zoom(zooms[key], self._centre())
        elif key == Qt.Key.Key_Home:
            self.everything_wanted.emit()
        elif key == Qt.Key.Key_Escape and self._bar >= 0:
            self.point(-1)
        else:
            event.ignore()

    def _step(self, by: int) -> None:
        bars = len(self._chart.edges) - 1 if self._chart is not None else 0
        if bars > 0:
            self.point(min(max(self._bar + by, 0), bars - 1) if self._bar >= 0 else bars // 2)

    def _centre(self) -> float | None:
        if self._chart is None or self._bar < 0:
            return None
        places = self._chart.scale.positions(self._chart.edges[self._bar : self._bar + 2])
        return float(places.mean())

    # -------------------------------------------------------------------------------------------- axes, looks, files

    def _value_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        return ticks.ticks(self._chart.scale, low, high, room) if self._chart is not None else []

    def _count_ticks(self, low: float, high: float, room: int) -> list[ticks.Tick]:
        return ticks.counts(low, high, room, log=self._log)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_pointer"):
            self._dress()

    def _dress(self) -> None:
        """Take the palette's colours and the window's font."""
        colours = theme.of(self.palette())
        self.setBackground(QColor(colours.window))
        self._box.setBackgroundColor(QColor(colours.base))
        self._box.dress(colours.accent)
        for axis in self._axes:
            axis.dress(colours)
            axis.setTickFont(self.font())
        self._legend.set_font(self.font())
        mark = QColor(colours.accent)
        mark.setAlphaF(0.25)
        self._pointer.setPen(pg.mkPen(None))
        self._pointer.setBrush(pg.mkBrush(mark))
        self._draw()

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def image(self) -> QImage:
        """The picture, twice as fine as the screen's points."""
        return drawing.image(self, self._ground())

    def png(self) -> bytes:
        """The picture as a file."""
        return drawing.png(self, self._ground())

    def svg(self, title: str) -> bytes:
        """The picture as lines and text."""
        return drawing.svg(self, self._ground(), title)

    def _ground(self) -> QColor:
        return QColor(theme.of(self.palette()).window)


def spread(places: Floats) -> Floats:
    """Positions of a single value's two equal edges, half a step to either side; others as they are."""
    if len(places) == 2 and places[0] == places[1]:
        half = max(0.5, abs(float(places[0])) / 2)
        return np.array([places[0] - half, places[1] + half])
    return places
