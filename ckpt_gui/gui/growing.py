"""Columns that keep their width in letters when the text grows or shrinks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QHeaderView

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Growing(QObject):
    """Watches the font of a header."""

    def __init__(self, header: QHeaderView, widen: Callable[[Callable[[], None]], None]) -> None:
        """``widen`` is called with what widens the columns."""
        super().__init__(header)
        self._widen = widen
        self._header = header
        self._letter = self._measure()
        header.installEventFilter(self)

    def _measure(self) -> float:
        """Width of all letters together (pixels)."""
        return QFontMetricsF(self._header.font()).horizontalAdvance(_LETTERS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            QTimer.singleShot(0, self, lambda: self._widen(self._scale))
        return False

    def _scale(self) -> None:
        header, letter = self._header, self._measure()
        grown, self._letter = letter / self._letter, letter
        if grown == 1:
            return
        for place in range(header.count()):
            if not header.isSectionHidden(place):
                header.resizeSection(place, round(header.sectionSize(place) * grown))
