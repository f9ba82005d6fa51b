"""The picture of a heat-map: cells, their legend, a cross-hair, the row and the column through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from ckpt_gui.core.heatmap import gaps
from ckpt_gui.core.heatmap.limits import Limits, Outside
from ckpt_gui.core.heatmap.plane import Plane, Region
from ckpt_gui.core.stats.ticks import Tick
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.axes import Axis
from ckpt_gui.gui.plots.colour_bar import ColourBar
from ckpt_gui.gui.plots.colours import lookup
from ckpt_gui.gui.plots.profile import LEFT, Profile
from ckpt_gui.gui.plots.sheets import PART, WHOLE, Sheets

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        moved: a person sees another part; its ranges ((left, right), (top, bottom)), or None for everything.
    """

    part_wanted = Signal(object)
    pointed = Signal(int, int)
    slice_wanted = Signal(int)
    moved = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, profiles: bool = True) -> None:
        """``profiles``: with the row and the column through the cross-hair beside it."""
        super().__init__(parent)
        self._beside = profiles
        self.setAccessibleName("Heat-map")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(180, 140)
        self._plane: Plane | None = None
        self._limits = Limits(-1.0, 1.0, True, "robust")
        self._outside = Outside(0, 0, 0, 0, 0)
        self._at: tuple[int, int] | None = None
        self._led = False
        """Has a person put the cross-hair where it is?"""
        self._build()
        self._dress()

    def _build(self) -> None:
        self.ci.layout.setContentsMargins(2, 2, 6, 2)
        self.ci.layout.setSpacing(6)
        self._axes = [
            Axis("left", lambda low, high, room: self._marks(low, high, room, 0), 34),
            Axis("top", lambda low, high, room: self._marks(low, high, room, 1), 64),
        ]
        self._axes[0].setWidth(LEFT)
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0)
        self._main = pg.PlotItem(
            viewBox=self._box, axisItems={"left": self._axes[0], "top": self._axes[1]}, enableMenu=False
        )
        self._main.showAxis("top")
        self._main.hideAxis("bottom")
        self._main.hideButtons()
        self._main.invertY(True)
        self._profiles = tuple(Profile(side, self._main) for side in ((0, 1) if self._beside else ()))
        self._bar = ColourBar()
        places = ((0, 0), (1, 0), (0, 1))
        for item, place in zip((self._main, *self._profiles), places, strict=False):
            self.addItem(item, *place)
            # pyqtgraph makes a menu whether it is wanted or not; it is to go with the plot.
            item.ctrlMenu.setParent(self, item.ctrlMenu.windowFlags())
        self.addItem(self._bar, 0, 2)
        self._sheets = Sheets()
        self._cross = [pg.InfiniteLine(angle=angle) for angle in (0, 90)]
        for item in (self._sheets, *self._cross):
            self._box.addItem(item, ignoreBounds=True)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._want_part)
        self._box.sigRangeChangedManually.connect(lambda _axes: self._move_on())

    # -------------------------------------------------------------------------------------------- what is shown

    def show_whole(
        self,
        plane: Plane,
        image: tuple[gaps.Frame, NDArray[np.uint8]],
        limits: Limits,
        outside: Outside,
        at: tuple[int, int],
        words: str,
    ) -> None:
        """Draw all of a plane; ``at``: a place for the cross-hair, ``words``: what a screen reader says of it.

        The part in sight and the cross-hair stay as the person left them, if they can.
        """
        rows, columns = gaps.extent(plane)
        fits = self._plane is not None and gaps.extent(self._plane) == (rows, columns)
        self._sheets.setRect(QRectF(0, 0, columns, rows))
        self._plane = plane
        self.setAccessibleDescription(words)
        self._limits, self._outside = limits, outside
        self._sheets.images[PART].clear()
        self._sheets.put(WHOLE, *image, self._table())
        self._colour()
        if not fits:
            self._led = False
            self.show_everything()
        if not self._led:
            self._at = at
        self._draw_cross()
        for axis in self._axes:
            axis.renew()

    def show_part(self, image: tuple[gaps.Frame, NDArray[np.uint8]], words: str) -> None:
        """Draw a part at its own resolution, over the whole."""
        self.setAccessibleDescription(words)
        self._sheets.put(PART, *image, self._table())

    def show_lines(self, lines: tuple[gaps.Line, gaps.Line]) -> None:
        """Draw the row and the column through the cross-hair."""
        for profile, one in zip(self._profiles, lines, strict=False):
            profile.show_line(one, from_zero=self._limits.diverging)

    def forget(self) -> None:
        """Another tensor comes: nothing of what is in sight, or pointed at, holds for it."""
        self._plane, self._at, self._led = None, None, False

    def _table(self) -> NDArray[np.uint8]:
        return lookup(self._limits.diverging, theme.of(self.palette()))

    def _colour(self) -> None:
        table = self._table()
        self._sheets.dye(table)
        self._bar.show_scale(self._limits, self._outside, table)

    # -------------------------------------------------------------------------------------------- the part in sight

    def room(self) -> tuple[float, float]:
        """Pixels of the screen from top to bottom and from left to right."""
        area, ratio = self._box.sceneBoundingRect(), self.devicePixelRatioF()
        return area.height() * ratio, area.width() * ratio

    def pixels(self, region: Region) -> tuple[int, int]:
        """Pixels that the rows and columns of a region have as it is shown now."""
        assert self._plane is not None
        (left, right), (top, bottom) = self._box.viewRange()
        spans = (bottom - top, right - left)
        sizes = [
            gaps.place(size, tile) * room / span
            for size, tile, room, span in zip(region.sizes, self._plane.tile, self.room(), spans, strict=True)
        ]
        return max(16, int(sizes[0])), max(16, int(sizes[1]))

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
        self._box.setAspectLocked(gaps.square(self._plane))
        self._box.setRange(xRange=(0, columns), yRange=(0, rows), padding=0)
        self._settle.start()
        self.moved.emit(None)

    def see(self, ranges: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Show that part: what a picture beside it shows."""
        self._box.setRange(xRange=ranges[0], yRange=ranges[1], padding=0)
        self._settle.start()

    def _move_on(self) -> None:
        """Another part is in sight, for a person wanted it."""
        self._settle.start()
        across, down = self._box.viewRange()
        self.moved.emit((tuple(across), tuple(down)))

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
        self._move_on()

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
        self._led = True
        if at != self._at:
            self._at = at
            self._draw_cross()
            self.pointed.emit(*at)

    def look_at(self, row: int, column: int) -> None:
        """Put the cross-hair there, and bring it into sight."""
        self.point(row, column)
        self._follow()

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
        steps = [max(1.0, size // pixels) * times for size, pixels in zip(seen.sizes, room, strict=True)]
        self.point(self._at[0] + down * int(steps[0]), self._at[1] + across * int(steps[1]))
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
            self._move_on()

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
        self._box.setBackgroundColor(QColor(colours.base))
        for profile in self._profiles:
            profile.dress(colours, self.font())
        for axis in self._axes:
            axis.dress(colours)
            axis.setTickFont(self.font())
        self._axes[1].setHeight(QFontMetrics(self.font()).height() + 8)
        self._bar.dress(colours, self.font())
        for line in self._cross:
            line.setPen(pg.mkPen(QColor(colours.text), width=1, style=Qt.PenStyle.DashLine))
        self._colour()

    def sizeHint(self) -> QSize:
        return QSize(480, 360)


def _shift(at: float, low: float, high: float) -> float:
    return at - low - 0.5 if at < low else at - high + 0.5 if at > high else 0.0
