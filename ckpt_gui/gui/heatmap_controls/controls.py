"""The choices above the picture: how the tensor lies in rows and columns, and how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.heatmap_controls.layout_row import LayoutRow
from ckpt_gui.gui.heatmap_controls.options import CHOICES, Options
from ckpt_gui.gui.spoken import spoken

_WORDS = {
    "largest": ("Largest magnitude", "A cell of several values shows the one farthest from 0: no outlier is lost"),
    "mean": ("Mean", "A cell of several values shows their mean: outliers fade"),
    "auto": ("Auto colours", "Diverging where both signs occur, else sequential"),
    "diverging": ("Diverging", "Zero in the middle, negative blue, positive red"),
    "sequential": ("Sequential", "From the smallest to the largest value"),
    "robust": ("99 % in range", "The few most extreme cells take the colour of the scale's end"),
    "full": ("Full range", "The scale ends at the most extreme cells"),
    "magnitude": ("Magnitude", "Distance from 0 of each complex number"),
    "real": ("Real part", "The real part of each complex number"),
    "imaginary": ("Imaginary part", "The imaginary part of each complex number"),
}
_NAMES = {
    "how": "What a cell of several values shows",
    "scale": "Colours",
    "span": "Range of the colours",
    "face": "What is shown of complex numbers",
}


class Controls(QWidget):
    """Two rows, or more where there is little room.

    Signals:
        changed: other ``Options`` were chosen.
        plane_changed: another ``Plane`` was chosen.
    """

    changed = Signal(object)
    plane_changed = Signal(object)

    def __init__(
        self, options: Options, actions: Sequence[QAction], parent: QWidget | None = None, *, menu: str = "Save, copy"
    ) -> None:
        """``actions``: for the menu at the end of the row, which is called ``menu``."""
        super().__init__(parent)
        self.setAccessibleName("Heat-map options")
        self.options = options
        self.layout_row = LayoutRow(self)
        self.layout_row.changed.connect(self.plane_changed)
        row = QWidget(self)
        flow = Flow(row)
        self._boxes = {name: self._choice(name) for name in CHOICES}
        for widget in (*self._boxes.values(), self._more(actions, menu)):
            flow.addWidget(widget)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.layout_row)
        box.addWidget(row)
        self.show_complex(False)

    def show_complex(self, shown: bool) -> None:
        """Whether there are complex numbers to choose parts of."""
        self._boxes["face"].setVisible(shown)

    def _choice(self, name: str) -> QComboBox:
        box = spoken(QComboBox(self), _NAMES[name])
        for place, value in enumerate(CHOICES[name]):
            words, tip = _WORDS[value]
            box.addItem(words, value)
            box.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex(CHOICES[name].index(getattr(self.options, name)))
        box.setToolTip(_NAMES[name])
        box.currentIndexChanged.connect(lambda place: self._choose(name, CHOICES[name][place]))
        return box

    def _choose(self, name: str, value: str) -> None:
        chosen = replace(self.options, **{name: value})
        if chosen != self.options:
            self.options = chosen
            self.changed.emit(chosen)

    def _more(self, actions: Sequence[QAction], words: str) -> QPushButton:
        menu = QMenu(self)
        menu.setAccessibleName(words)
        menu.addActions(list(actions))
        tip = {"Save, copy": "Save or copy the picture"}.get(words, words)
        button = spoken(QPushButton(words, self), tip)
        button.setToolTip(tip)
        button.setMenu(menu)
        return button
