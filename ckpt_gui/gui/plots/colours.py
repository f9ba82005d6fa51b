"""The colours of a heat-map: perceptually uniform scales that the colour-blind can tell apart, and those of odd values.

Negative blue, zero the background's brightness, positive red; without a sign from dark blue to yellow. The maps are
Peter Kovesi's (CET, arXiv 1509.03700) and cividis (doi 10.1371/journal.pone.0199239), as they come with pyqtgraph.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from ckpt_gui.core.heatmap.limits import ABSENT, NAN, NEGINF, POSINF, STEPS
from ckpt_gui.gui import theme

ODD = {NAN: ("NaN", "#00c853"), POSINF: ("+Inf", "#ff2fd6"), NEGINF: ("−Inf", "#00d5e0")}
"""Name and colour of values that have no place on a scale; none of these colours occurs in one."""


def lookup(diverging: bool, colours: theme.Colours) -> NDArray[np.uint8]:
    """The colour of every step, (256, 4) as RGBA."""
    name = ("CET-D4" if colours is theme.DARK else "CET-D1A") if diverging else "cividis"
    made = np.zeros((256, 4), np.uint8)
    made[:STEPS] = pg.colormap.get(name).getLookupTable(0.0, 1.0, STEPS, alpha=True)
    for step, (_name, colour) in ODD.items():
        made[step] = np.array(QColor(colour).toTuple(), np.uint8)
    made[ABSENT] = np.array(QColor(colours.base).toTuple(), np.uint8)  # opaque: what lies below is coarser
    return made
