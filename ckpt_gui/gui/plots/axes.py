"""An axis whose marks the core finds: round values on any scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtGui import QColor, QFont, QFontMetricsF

if TYPE_CHECKING:
    from ckpt_gui.core.stats.ticks import Tick
    from ckpt_gui.gui.theme import Colours

Find = Callable[[float, float, int], "list[Tick]"]
"""Lowest and highest position and how many marks there is room for → the marks."""


class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Marks where ``find`` says."""

    def __init__(self, side: str, find: Find, pitch: int) -> None:
        """``pitch``: pixels that a mark's text needs, as a rule; 1 where ``find`` is to reckon with pixels itself."""
        super().__init__(side)
        self._find, self._pitch = find, pitch
        self._texts: dict[float, str] = {}
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=-4, tickTextOffset=5, maxTickLevel=0, hideOverlappingLabels=True)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[None, list[float]]]:  # noqa: N803 - Qt's
        room = max(2, int(size / self._pitch))
        found = self._find(minVal, maxVal, room)
        wide = self._widest(found)
        if wide > size / room:  # numbers close together and far from 0 have many digits
            found = self._find(minVal, maxVal, max(2, int(size / wide)))
            found = found[:: 1 if len(found) * wide <= size * 1.2 else 2]
        self._texts = {tick.position: tick.text for tick in found}
        return [(None, list(self._texts))]

    def _widest(self, found: list[Tick]) -> float:
        """Pixels along this axis that each mark's text needs with the room around it."""
        if self._pitch == 1 or self.orientation in ("left", "right"):
            return 0.0
        metrics = QFontMetricsF(self.style["tickFont"] or QFont())
        return max((metrics.horizontalAdvance(tick.text) for tick in found), default=0.0) + 12

    def tickStrings(self, values: Sequence[float], _scale: float, _spacing: Any) -> list[str]:
        return [self._texts.get(value, "") for value in values]

    def renew(self) -> None:
        """The scale is another one now."""
        self.picture = None
        self.update()

    def dress(self, colours: Colours) -> None:
        """Take these colours."""
        self.setPen(QColor(colours.line))
        self.setTextPen(QColor(colours.muted))
