"""How series are told apart: by colour and by line, so that either is enough."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from ckpt_gui.gui import theme

# Okabe and Ito's colours, which people with any kind of colour vision tell apart; darkened or lightened for contrast
# with the page.
_ON_LIGHT = ("#1f6feb", "#c4501b", "#007a5e", "#a8457f", "#8a6d00", "#4b4f58")
_ON_DARK = ("#6cb0ff", "#f0884a", "#2fc299", "#e58cc0", "#e0c341", "#c3c8d2")
_DASHES: tuple[list[float], ...] = ([], [6.0, 3.0], [2.0, 2.0], [8.0, 3.0, 2.0, 3.0])


def colour(colours: theme.Colours, number: int) -> QColor:
    """The colour of the n-th series."""
    table = _ON_LIGHT if colours is theme.LIGHT else _ON_DARK
    return QColor(table[number % len(table)])


def pen(colours: theme.Colours, number: int, width: float = 1.5) -> QPen:
    """The line of the n-th series; the first twelve differ, and so do neighbours by their dashes alone."""
    return line(colour(colours, number), _DASHES[(number + number // 12) % len(_DASHES)], width)


def line(colour: QColor, dashes: list[float], width: float = 1.5) -> QPen:
    """A line as wide on the screen as in a file."""
    made = QPen(colour, width)
    made.setCosmetic(True)
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashes:
        made.setDashPattern(dashes)
    return made
