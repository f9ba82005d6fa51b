"""A plot area with an axis below and one to the left, in the theme's colours: what several pictures stand in."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor

from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.axes import Axis


class FramedPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Whoever draws in it calls ``_frame`` once and gives ``_draw``."""

    def _frame(self, bottom: Axis, left: Axis, *, top: int = 0) -> None:
        """Lay out the area and its axes; ``top``: rows of the layout that something else needs above."""
        self.ci.layout.setContentsMargins(2, 2, 8, 2)
        self.ci.layout.setSpacing(2 if top else 0)
        left.setStyle(autoExpandTextSpace=True)
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0)
        self._box.disableAutoRange()
        # Not a PlotItem: that makes a menu and its widgets, which nobody sees and nobody deletes.
        for axis in (bottom, left):
            axis.linkToView(self._box)
        self.addItem(left, top, 0)
        self.addItem(self._box, top, 1)
        self.addItem(bottom, top + 1, 1)
        self._axes = (bottom, left)

    def _draw(self) -> None:
        """Draw what is shown anew."""
        raise NotImplementedError

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Also sent while the widget is made.
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_axes"):
            self._dress()

    def _dress(self) -> None:
        colours = theme.of(self.palette())
        self.setBackground(QColor(colours.window))
        self._box.setBackgroundColor(QColor(colours.base))
        for axis in self._axes:
            axis.dress(colours)
            axis.setTickFont(self.font())
        self._axes[0].setHeight(self.fontMetrics().height() + 12)
        self._draw()
