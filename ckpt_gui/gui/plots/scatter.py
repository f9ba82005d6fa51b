"""The picture of A against B: points or a density, the diagonal, the best line, zoom and a cursor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.stats.scale import Scale
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.legend import Entry, Legend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_gui.core.diff.scatter import Scatter, Span

_SETTLE_MS = 150
_ZOOM = 0.7
_DOT = 4
_FAINT = 0.25
"""How much of the colour a cell of one element has."""


class ScatterPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws a ``Scatter``.

    Signals:
        pointed: A and B at the cursor.
        part_wanted: the spans of A and of B that are in sight now.
        everything_wanted: back to the whole.
    """

    pointed = Signal(float, float)
    part_wanted = Signal(object, object)
    everything_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("A against B")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(180, 140)
        self._shown: Scatter | None = None
        self._scales = (Scale("linear"), Scale("linear"))
        self._at: tuple[float, float] | None = None
        """The cursor, in values."""
        self._build()
        self._dress()

    def _build(self) -> None:
        self.ci.layout.setContentsMargins(2, 2, 8, 2)
        self.ci.layout.setSpacing(2)
        self._axes = (
            Axis("bottom", lambda low, high, room: ticks.ticks(self._scales[0], low, high, room), 62),
            Axis("left", lambda low, high, room: ticks.ticks(self._scales[1], low, high, room), 34),
        )
        self._axes[1].setStyle(autoExpandTextSpace=True)
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0)
        self._box.disableAutoRange()
        for axis, name in zip(self._axes, "AB", strict=True):
            axis.linkToView(self._box)
            axis.setLabel(name)
        self._legend = Legend()
        self.addItem(self._legend, 0, 0, 1, 2)
        self.addItem(self._axes[1], 1, 0)
        self.addItem(self._box, 1, 1)
        self.addItem(self._axes[0], 2, 1)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._points = pg.ScatterPlotItem()
        self._diagonal, self._line = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._cross = [pg.InfiniteLine(angle=angle) for angle in (90, 0)]
        for item in (self._image, self._points, self._diagonal, self._line, *self._cross):
            self._box.addItem(item, ignoreBounds=True)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._want)
        self._box.sigRangeChangedManually.connect(lambda _axes: self._settle.start())

    # -------------------------------------------------------------------------------------------- what is shown

    def show_scatter(self, shown: Scatter, words: str, *, keep: bool) -> None:
        """Draw it; ``words``: what a screen reader says of it, ``keep``: the part in sight stays."""
        self._shown = shown
        self.setAccessibleDescription(words)
        ends = [(float(edges[0]), float(edges[-1])) for edges in (shown.across, shown.up)]
        if not keep:
            self._scales = tuple(Scale("linear", unit=_unit(*span)) for span in ends)  # type: ignore[assignment]
            room = 0.0 if shown.dense else 0.03
            (left, right), (bottom, top) = self._positions(ends)
            self._box.setRange(xRange=(left, right), yRange=(bottom, top), padding=room)
            self._at = None
        self._draw()

    @property
    def shown(self) -> Scatter | None:
        """What is drawn."""
        return self._shown

    @property
    def at(self) -> tuple[float, float] | None:
        """The cursor, in values."""
        return self._at

    def _positions(self, spans: list[Span]) -> list[tuple[float, float]]:
        return [(span[0] / scale.unit, span[1] / scale.unit) for span, scale in zip(spans, self._scales, strict=True)]

    def _draw(self) -> None:
        shown = self._shown
        if shown is None:
            return
        colours = theme.of(self.palette())
        self._image.setVisible(shown.dense)
        self._points.setVisible(not shown.dense)
        if shown.dense:
            spans = [(float(edges[0]), float(edges[-1])) for edges in (shown.across, shown.up)]
            (left, right), (bottom, top) = self._positions(spans)
            self._image.setImage(_shades(shown), levels=(0, 255), lut=_table(colours))
            self._image.setRect(QRectF(left, bottom, right - left, top - bottom))
        else:
            dot = series.colour(colours, 0)
            dot.setAlphaF(0.6 if len(shown.left) < 4_000 else 0.35)
            self._points.setData(
                shown.left / self._scales[0].unit, shown.right / self._scales[1].unit, size=_DOT, pen=None, brush=dot
            )
        self._draw_lines(colours)
        self._draw_cross()
        for axis in self._axes:
            axis.renew()

    def _draw_lines(self, colours: theme.Colours) -> None:
        """B = A, and the line that fits best."""
        assert self._shown is not None
        fit = self._shown.fit
        diagonal, best = series.line(QColor(colours.text), [6, 4], 1), series.line(series.colour(colours, 1), [], 1.2)
        low, high = min(fit.left[0], fit.right[0]), max(fit.left[1], fit.right[1])
        ends = np.array([low, high] if low < high else [low - 1, low + 1])
        self._diagonal.setData(ends / self._scales[0].unit, ends / self._scales[1].unit, pen=diagonal)
        entries = [Entry(diagonal, "B = A")]
        self._line.setVisible(fit.slope is not None)
        if fit.slope is not None and fit.intercept is not None:
            ends = np.array(fit.left)
            self._line.setData(
                ends / self._scales[0].unit, (fit.slope * ends + fit.intercept) / self._scales[1].unit, pen=best
            )
            entries.append(Entry(best, "best line"))
        self._legend.show_entries(tuple(entries), QColor(colours.text))

    # -------------------------------------------------------------------------------------------- pointing, zoom

    def point(self, a: float, b: float) -> None:
        """Put the cursor there."""
        self._at = (a, b)
        self._draw_cross()
        self.pointed.emit(a, b)

    def _draw_cross(self) -> None:
        for line, scale, value in zip(self._cross, self._scales, self._at or (0.0, 0.0), strict=True):
            line.setPos(value / scale.unit)
            line.setVisible(self._at is not None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        place = self.mapToScene(event.position().toPoint())
        if self._shown is not None and not event.buttons() and self._box.sceneBoundingRect().contains(place):
            here = self._box.mapSceneToView(place)
            self.point(here.x() * self._scales[0].unit, here.y() * self._scales[1].unit)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.everything_wanted.emit()

    def span(self) -> tuple[Span, Span]:
        """The parts of A's and of B's axis in sight."""
        across, up = self._box.viewRange()
        found = [(low * one.unit, high * one.unit) for (low, high), one in zip((across, up), self._scales, strict=True)]
        return found[0], found[1]

    def _want(self) -> None:
        if self._shown is not None:
            self.part_wanted.emit(*self.span())

    def zoom(self, factor: float) -> None:
        """``factor`` times the range, around the cursor or the middle."""
        ranges = []
        for (low, high), scale, value in zip(
            self._box.viewRange(), self._scales, self._at or (None, None), strict=True
        ):  # fmt: skip
            about = (low + high) / 2 if value is None else min(max(value / scale.unit, low), high)
            ranges.append((about - (about - low) * factor, about + (high - about) * factor))
        self._box.setRange(xRange=ranges[0], yRange=ranges[1], padding=0)
        self._settle.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the cursor, + and - zoom, Home shows everything."""
        moves = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        key = Qt.Key(event.key())
        if key in moves and self._shown is not None:
            (left, right), (bottom, top) = self.span()
            a, b = self._at or ((left + right) / 2, (bottom + top) / 2)
            steps = (right - left) / 50, (top - bottom) / 50
            self.point(
                min(max(a + moves[key][0] * steps[0], left), right), min(max(b + moves[key][1] * steps[1], bottom), top)
            )
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _ZOOM)
        elif key == Qt.Key.Key_Home:
            self.everything_wanted.emit()
        else:
            event.ignore()

    # -------------------------------------------------------------------------------------------- looks

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_settle"):
            self._dress()

    def _dress(self) -> None:
        colours = theme.of(self.palette())
        self.setBackground(QColor(colours.window))
        self._box.setBackgroundColor(QColor(colours.base))
        for axis in self._axes:
            axis.dress(colours)
            axis.setTickFont(self.font())
        self._legend.set_font(self.font())
        for line in self._cross:
            line.setPen(pg.mkPen(QColor(colours.muted), width=1, style=Qt.PenStyle.DotLine))
        self._draw()

    def sizeHint(self) -> QSize:
        return QSize(480, 360)


def _unit(low: float, high: float) -> float:
    """A power of two near the larger end: plots lose their footing with numbers near float64's ends."""
    size = max(abs(low), abs(high))
    return math.ldexp(1.0, math.frexp(size)[1] - 1) if size else 1.0


def _shades(shown: Scatter) -> NDArray[np.uint8]:
    """0 for an empty cell, else 1 … 255 by the logarithm of its count."""
    counts = shown.counts.astype(np.float64)
    most = math.log(max(float(counts.max()), 2.0))
    with np.errstate(divide="ignore"):
        place = 1 + 254 * np.log(counts) / most
    return np.where(counts > 0, np.clip(np.nan_to_num(place, neginf=0.0), 1, 255), 0).astype(np.uint8)


def _table(colours: theme.Colours) -> NDArray[np.uint8]:
    """From the page's colour over the accent to the text's, by steps that all can be told apart."""
    named = (QColor(colours.base), QColor(colours.accent), QColor(colours.text))
    stops = [(one.red(), one.green(), one.blue()) for one in named]
    table = np.zeros((256, 3), np.uint8)
    table[0] = stops[0]
    for step in range(1, 256):
        part = _FAINT + (2 - _FAINT) * (step - 1) / 254
        first, rest = stops[min(int(part), 1)], part - min(int(part), 1)
        second = stops[min(int(part), 1) + 1]
        table[step] = [round(a + (b - a) * rest) for a, b in zip(first, second, strict=True)]
    return table
