"""A plot's inside, in which a person zooms along the axis, by wheel or drag. Heights follow by themselves."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsRectItem

_STEP = 0.8
"""What a notch of the wheel leaves of the range."""
_LEAST_PIXELS = 4
"""A shorter drag was a click with an unsteady hand."""


class ZoomBox(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """Tells which range is wanted; it changes nothing by itself.

    Signals:
        wanted: lowest and highest position.
    """

    wanted = Signal(float, float)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0)
        self.setMouseEnabled(x=False, y=False)
        self.disableAutoRange()
        self._band = QGraphicsRectItem(self.childGroup)
        self._band.setZValue(1e6)
        self._band.hide()

    def dress(self, accent: str) -> None:
        """The colour of the band that is drawn around the part to zoom in on."""
        fill = QColor(accent)
        self._band.setPen(pg.mkPen(fill))
        fill.setAlphaF(0.18)
        self._band.setBrush(fill)

    def span(self) -> tuple[float, float]:
        """The lowest and the highest position shown."""
        low, high = self.viewRange()[0]
        return float(low), float(high)

    def zoom(self, factor: float, centre: float | None = None) -> None:
        """Ask for ``factor`` times the range, around a position."""
        low, high = self.span()
        about = (low + high) / 2 if centre is None else min(max(centre, low), high)
        self.wanted.emit(about - (about - low) * factor, about + (high - about) * factor)

    def pan(self, part: float) -> None:
        """Ask for the range beside it, by a part of its width."""
        low, high = self.span()
        self.wanted.emit(low + part * (high - low), high + part * (high - low))

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        notches = event.delta() / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-0.1 * notches)
        else:
            self.zoom(_STEP**notches, float(self.mapSceneToView(event.scenePos()).x()))
        event.accept()

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """The left button draws a band to zoom in on; with Shift, or the middle one, the picture is moved."""
        event.accept()
        start, here = (float(self.mapSceneToView(at).x()) for at in (event.buttonDownScenePos(), event.scenePos()))
        if event.button() == Qt.MouseButton.MiddleButton or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            before = float(self.mapSceneToView(event.lastScenePos()).x())
            low, high = self.span()
            self.wanted.emit(low - (here - before), high - (here - before))
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        (left, right), (bottom, top) = self.viewRange()
        first, last = (min(max(at, left), right) for at in sorted((start, here)))
        self._band.setRect(QRectF(first, bottom, last - first, top - bottom))
        self._band.setVisible(not event.isFinish())
        far = abs(event.scenePos().x() - event.buttonDownScenePos().x()) >= _LEAST_PIXELS
        if event.isFinish() and far and last > first:
            self.wanted.emit(first, last)
