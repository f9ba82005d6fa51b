"""The cells of a heat-map: the whole plane, and over it the part in sight at its own resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem

from ckpt_gui.core.heatmap import gaps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WHOLE, PART = 0, 1


class Sheets(QGraphicsRectItem):
    """A paper as large as the plane, at whose edges cells that reach beyond them end, and two images on it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)
        self.setPen(pg.mkPen(None))
        self.images = [pg.ImageItem(axisOrder="row-major") for _ in (WHOLE, PART)]
        for image in self.images:
            image.setParentItem(self)

    def put(self, sheet: int, frame: gaps.Frame, shades: NDArray[np.uint8], table: NDArray[np.uint8]) -> None:
        """Draw the whole or the part: a shade a cell, and the colour of each shade."""
        image = self.images[sheet]
        image.setImage(shades, levels=(0, 255), lut=table)
        image.setRect(QRectF(frame.left, frame.top, frame.width, frame.height))

    def dye(self, table: NDArray[np.uint8]) -> None:
        """Other colours for the same shades."""
        for image in self.images:
            if image.image is not None:
                image.setLookupTable(table)
