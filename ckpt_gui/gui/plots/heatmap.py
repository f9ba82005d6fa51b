"""The picture of a heat-map: cells, their legend, a cross-hair, the row and the column through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.heatmap import gaps
from ckpt_gui.core.heatmap.limits import Limits, Outside
from ckpt_gui.core.heatmap.plane import Plane, Region
from ckpt_gui.core.stats.scale import Scale
from ckpt_gui.core.stats.ticks import Tick, ticks
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.colour_bar import ColourBar
from ckpt_gui.gui.plots.colours import lookup

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PROFILE = 74
"""Pixels of the row's and the column's plot."""
_SQUARE = 4.0
"""A picture up to so many times as wide as high (or the other way round) keeps its cells square."""
_SETTLE_MS = 90
"""So long the part shown must stand still before it is read at its own resolution."""
_ZOOM = 0.5
_LEAST = 4.0
"""Cells that stay in sight, however far one zooms in."""


class HeatmapPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws shades of cells and tells what a person looks at.

    Signals:
        part_wanted: another part is shown, or in another size; its ``Region``.
        pointed: row and column of the plane.
        slice_wanted: so many slices on.
    """

    part_wanted = Signal(object)
    pointed = Signal(int, int)
    slice_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Heat-map")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(180, 140)
        self._plane: Plane | None = None
        self._limits = Limits(-1.0, 1.0, True, "robust")
        self._outside = Outside(0, 0, 0, 0, 0)
        self._at: tuple[int, int] | None = None
        self._build()
        self._dress()

    def _build(self) -> None:
        self.ci.layout.setContentsMargins(2, 2, 6, 2)
        self.ci.layout.setSpacing(6)
        self._axes = [Axis("left", lambda low, high, room: self._marks(low, high, room, 0), 34),
                      Axis("top", lambda low, high, room: self._marks(low, high, room, 1), 64),
                      Axis("left", _value_marks, 30), Axis("bottom", _value_marks, 36)]  # fmt: skip
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0)
        self._main = self._plot(self._box, {"left": self._axes[0], "top": self._axes[1]}, 0, 0)
        self._across = self._plot(pg.ViewBox(enableMenu=False), {"left": self._axes[2]}, 1, 0)
        self._down = self._plot(pg.ViewBox(enableMenu=False), {"bottom": self._axes[3]}, 0, 1)
        self._bar = ColourBar()
        self.addItem(self._bar, 0, 2)
        self._across.setFixedHeight(_PROFILE)
        self._down.setFixedWidth(_PROFILE + 20)
        self._across.setXLink(self._main)
        self._down.setYLink(self._main)
        for plot in (self._across, self._down):
            plot.setMouseEnabled(x=False, y=False)
        self._axes[2].setWidth(52)
        self._axes[0].setWidth(52)
        for plot in (self._main, self._down):
            plot.invertY(True)
        self._images = [pg.ImageItem(axisOrder="row-major") for _ in range(2)]  # the whole, and the part in sight
        self._cross = [pg.InfiniteLine(angle=angle) for angle in (0, 90)]
        for item in (*self._images, *self._cross):
            self._box.addItem(item, ignoreBounds=True)
        self._lines = [pg.PlotCurveItem(connect="finite", skipFiniteCheck=False) for _ in range(2)]
        self._across.addItem(self._lines[0])
        self._down.addItem(self._lines[1])
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._want_part)
        self._box.sigRangeChangedManually.connect(lambda _axes: self._settle.start())

    def _plot(self, box: pg.ViewBox, axes: dict[str, Axis], row: int, column: int) -> pg.PlotItem:
        plot = pg.PlotItem(viewBox=box, axisItems=axes, enableMenu=False)
        for side in ("left", "bottom", "top", "right"):
            if side not in axes:
                plot.hideAxis(side)
            else:
                plot.showAxis(side)
        plot.hideButtons()
        self.addItem(plot, row, column)
        return plot

    # -------------------------------------------------------------------------------------------- what is shown

    def show_whole(
        self, plane: Plane, frame: gaps.Frame, shades: NDArray[np.uint8], limits: Limits, outside: Outside, words: str
    ) -> None:
        """Draw all of a plane; ``words``: what a screen reader says of it. The part in sight stays if it can."""
        fits = self._plane is not None and gaps.extent(self._plane) == gaps.extent(plane)
        self._plane = plane
        self.setAccessibleDescription(words)
        self._limits, self._outside = limits, outside
        self._images[1].clear()
        self._put(0, frame, shades)
        self._colour()
        if not fits:
            self._at = None
            self.show_everything()
        self._draw_cross()
        for axis in self._axes:
            axis.renew()

    def show_part(self, frame: gaps.Frame, shades: NDArray[np.uint8], words: str) -> None:
        """Draw a part at its own resolution, over the whole."""
        self.setAccessibleDescription(words)
        self._put(1, frame, shades)

    def show_lines(self, lines: tuple[gaps.Line, gaps.Line]) -> None:
        """Draw the row and the column through the cross-hair."""
        for number, (curve, one) in enumerate(zip(self._lines, lines, strict=True)):
            places, values = (one.places, one.values) if number == 0 else (one.values, one.places)
            curve.setData(places, values)
            self._fit_values(number, one.values)

    def _fit_values(self, number: int, values: NDArray[np.float64]) -> None:
        found = values[np.isfinite(values)]
        if not len(found):
            return
        low, high = float(found.min()), float(found.max())
        if low < 0 < high or self._limits.diverging:
            low, high = min(low, 0.0), max(high, 0.0)
        margin = (high / 2 - low / 2) * 0.16 or abs(high) * 0.1 or 1.0
        box = (self._across, self._down)[number].vb
        box.setRange(**{("yRange" if number == 0 else "xRange"): (low - margin, high + margin)}, padding=0)

    def _put(self, number: int, frame: gaps.Frame, shades: NDArray[np.uint8]) -> None:
        image = self._images[number]
        image.setImage(shades, levels=(0, 255), lut=self._table())
        image.setRect(QRectF(frame.left, frame.top, frame.width, frame.height))

    def _table(self) -> NDArray[np.uint8]:
        dark = theme.of(self.palette()) is theme.DARK
        return lookup(diverging=self._limits.diverging, dark=dark)

    def _colour(self) -> None:
        table = self._table()
        for image in self._images:
            if image.image is not None:
                image.setLookupTable(table)
        self._bar.show_scale(self._limits, self._outside, table)

    # -------------------------------------------------------------------------------------------- the part in sight

    def room(self) -> tuple[int, int]:
        """Rows and columns of pixels that cells can have."""
        area, ratio = self._box.sceneBoundingRect(), self.devicePixelRatioF()
        return max(16, int(area.height() * ratio)), max(16, int(area.width() * ratio))

    def part(self) -> Region:
        """The rows and columns in sight."""
        assert self._plane is not None
        (left, right), (top, bottom) = self._box.viewRange()
        return gaps.seen_region(self._plane, left, right, top, bottom)

    def show_everything(self) -> None:
        """All of the plane."""
        if self._plane is None:
            return
        rows, columns = gaps.extent(self._plane)
        square = self._plane.name == "kernels" or 1 / _SQUARE <= columns / max(rows, 1) <= _SQUARE
        self._box.setAspectLocked(square)
        self._box.setRange(xRange=(0, columns), yRange=(0, rows), padding=0)
        self._settle.start()

    def zoom(self, factor: float) -> None:
        """``factor`` times the range, around the cross-hair."""
        if self._plane is None:
            return
        (left, right), (top, bottom) = self._box.viewRange()
        if factor < 1 and min(right - left, bottom - top) * factor < _LEAST and max(right - left, bottom - top) < 64:
            return
        x, y = self._cross_place() or ((left + right) / 2, (top + bottom) / 2)
        rows, columns = gaps.extent(self._plane)
        if factor > 1 and (right - left) * factor >= columns and (bottom - top) * factor >= rows:
            self.show_everything()
            return
        self._box.setRange(
            xRange=(x - (x - left) * factor, x + (right - x) * factor),
            yRange=(y - (y - top) * factor, y + (bottom - y) * factor),
            padding=0,
        )
        self._settle.start()

    def _want_part(self) -> None:
        if self._plane is not None:
            self.part_wanted.emit(self.part())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_settle"):
            self._settle.start()

    # -------------------------------------------------------------------------------------------- the cross-hair

    @property
    def at(self) -> tuple[int, int] | None:
        """Row and column of the cross-hair."""
        return self._at

    def point(self, row: int, column: int) -> None:
        """Put the cross-hair there, inside the plane."""
        if self._plane is None:
            return
        at = (max(0, min(row, self._plane.height - 1)), max(0, min(column, self._plane.width - 1)))
        if at != self._at:
            self._at = at
            self._draw_cross()
            self.pointed.emit(*at)

    def _cross_place(self) -> tuple[float, float] | None:
        if self._plane is None or self._at is None:
            return None
        down, across = (gaps.place(number, tile) + 0.5 for number, tile in zip(self._at, self._plane.tile, strict=True))
        return across, down

    def _draw_cross(self) -> None:
        found = self._cross_place()
        for line, value in zip(self._cross, found[::-1] if found else (0.0, 0.0), strict=True):
            line.setPos(value)
            line.setVisible(found is not None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if not event.buttons():
            self._point_under(event.position().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        self.show_everything()

    def _point_under(self, at: QPoint) -> None:
        place = self.mapToScene(at)
        if self._plane is None or not self._box.sceneBoundingRect().contains(place):
            return
        here = self._box.mapSceneToView(place)
        rows, columns = gaps.extent(self._plane)
        if 0 <= here.x() < columns and 0 <= here.y() < rows:
            self.point(
                gaps.number_at(here.y(), self._plane.tile[0], self._plane.height),
                gaps.number_at(here.x(), self._plane.tile[1], self._plane.width),
            )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the cross-hair, + and - zoom, Page Up and Down change the slice, Home shows everything."""
        moves = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        key = Qt.Key(event.key())
        if key in moves:
            self._move(*moves[key], fast=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _ZOOM)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.slice_wanted.emit(-1 if key == Qt.Key.Key_PageUp else 1)
        elif key == Qt.Key.Key_Home:
            self.show_everything()
        else:
            event.ignore()

    def _move(self, down: int, across: int, *, fast: bool) -> None:
        """One value on, or where those are smaller than a pixel, so many that it shows; with Shift ten times that."""
        if self._plane is None:
            return
        seen = self.part()
        if self._at is None:
            self.point((seen.top + seen.bottom) // 2, (seen.left + seen.right) // 2)
            return
        room, times = self.room(), 10 if fast else 1
        steps = [max(1, size // pixels) * times for size, pixels in zip(seen.sizes, room, strict=True)]
        self.point(self._at[0] + down * steps[0], self._at[1] + across * steps[1])
        self._follow()

    def _follow(self) -> None:
        """Keep the cross-hair in sight."""
        found = self._cross_place()
        if found is None:
            return
        (left, right), (top, bottom) = self._box.viewRange()
        x = _shift(found[0], left, right)
        y = _shift(found[1], top, bottom)
        if x or y:
            self._box.setRange(xRange=(left + x, right + x), yRange=(top + y, bottom + y), padding=0)
            self._settle.start()

    # -------------------------------------------------------------------------------------------- axes and looks

    def _marks(self, low: float, high: float, room: int, side: int) -> list[Tick]:
        return gaps.marks(low, high, room, self._plane, side) if self._plane is not None else []

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_settle"):
            self._dress()

    def _dress(self) -> None:
        """Take the palette's colours and the window's font."""
        colours = theme.of(self.palette())
        self.setBackground(QColor(colours.window))
        for plot in (self._main, self._across, self._down):
            plot.vb.setBackgroundColor(QColor(colours.base))
        for axis in self._axes:
            axis.dress(colours)
            axis.setTickFont(self.font())
        self._bar.dress(colours, self.font())
        for line in self._cross:
            line.setPen(pg.mkPen(QColor(colours.text), width=1, style=Qt.PenStyle.DashLine))
        for curve in self._lines:
            curve.setPen(pg.mkPen(QColor(colours.accent), width=1))
        self._colour()

    def sizeHint(self) -> QSize:
        return QSize(480, 360)


def _value_marks(low: float, high: float, room: int) -> list[Tick]:
    return ticks(Scale("linear"), low, high, min(room, 3))


def _shift(at: float, low: float, high: float) -> float:
    return at - low - 0.5 if at < low else at - high + 0.5 if at > high else 0.0
