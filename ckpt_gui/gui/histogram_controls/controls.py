"""The choices above a histogram: axis, bars, what is cut, counts, lines; and what can be done with the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QMenu, QPushButton, QSizePolicy, QSpinBox, QWidget

from ckpt_gui.core.stats.clip import CLIPS
from ckpt_gui.core.stats.edges import MOST_BINS
from ckpt_gui.core.stats.markers import KINDS
from ckpt_gui.core.stats.scale import AXES
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.histogram_controls.options import Options
from ckpt_gui.gui.spoken import spoken

_AXES = {"linear": "Linear axis", "symlog": "Symlog axis", "log": "Log |x| axis"}
_AXES_TIPS = {
    "linear": "Equal steps of the value",
    "symlog": "Powers of ten to both sides of 0",
    "log": "Powers of ten of the magnitude, whatever the sign",
}
_KINDS = {
    "mean": "Mean",
    "median": "Median",
    "sigma": "Mean ± standard deviation",
    "percentiles": "1st and 99th percentile",
}


class Controls(QWidget):
    """One row, or several where there is little room.

    Signals:
        changed: other choices were made; the ``Options``.
    """

    changed = Signal(object)

    def __init__(self, options: Options, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """``actions``: for the menu at the end of the row."""
        super().__init__(parent)
        self.setAccessibleName("Histogram options")
        self.options = options
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._row = Flow(self)
        for widget in (self._axis(), self._bins(), self._clip(), self._log(), self._lines()):
            self.add(widget)
        if actions:
            self.add(self._more(actions))

    def add(self, widget: QWidget) -> None:
        """One more choice at the end of the row."""
        self._row.addWidget(widget)

    def _choose(self, **changes: object) -> None:
        chosen = replace(self.options, **changes)  # type: ignore[arg-type]  # names and types as in Options, just above
        if chosen != self.options:
            self.options = chosen
            self.changed.emit(chosen)

    def _axis(self) -> QComboBox:
        box = spoken(QComboBox(self), "Axis of the values")
        for place, axis in enumerate(AXES):
            box.addItem(_AXES[axis], axis)
            box.setItemData(place, _AXES_TIPS[axis], Qt.ItemDataRole.ToolTipRole)
        box.setCurrentIndex(AXES.index(self.options.axis))
        box.setToolTip("How the values are laid out")
        box.currentIndexChanged.connect(lambda place: self._choose(axis=AXES[place]))
        return box

    def show_bins(self, bins: int) -> None:
        """So many bars are wanted, as was said elsewhere."""
        self._bars.setValue(bins)

    def _bins(self) -> QSpinBox:
        box = self._bars = spoken(QSpinBox(self), "Number of bars, 0 for automatic")
        box.setRange(0, MOST_BINS)
        box.setSpecialValueText("Auto bars")
        box.setSuffix(" bars")
        box.setValue(self.options.bins)
        box.setKeyboardTracking(False)
        box.setToolTip(f"How many bars, 1 to {MOST_BINS}; Auto: by the spread of the values, a bar for each integer")
        box.valueChanged.connect(lambda bins: self._choose(bins=bins))
        return box

    def _clip(self) -> QComboBox:
        box = spoken(QComboBox(self), "Range of the values")
        for percent in CLIPS:
            box.addItem(f"{percent:g} – {100 - percent:g} %" if percent else "All values", percent)
        box.setCurrentIndex(CLIPS.index(self.options.clip))
        box.setToolTip("Cut the picture to these percentiles; how many values lie outside is said below")
        box.currentIndexChanged.connect(lambda place: self._choose(clip=CLIPS[place]))
        return box

    def _log(self) -> QComboBox:
        box = spoken(QComboBox(self), "Axis of the counts")
        box.addItems(["Linear counts", "Log counts"])
        box.setCurrentIndex(int(self.options.log))
        box.setToolTip("On a logarithmic axis few values are seen beside many")
        box.currentIndexChanged.connect(lambda place: self._choose(log=bool(place)))
        return box

    def _lines(self) -> QPushButton:
        menu = QMenu(self)
        for kind in KINDS:
            action = menu.addAction(_KINDS[kind])
            action.setCheckable(True)
            action.setChecked(kind in self.options.markers)
            action.toggled.connect(lambda on, kind=kind: self._line(kind, on))
        return self._button("Lines", "Which statistics stand as lines", menu)

    def _line(self, kind: str, on: bool) -> None:
        shown = {*self.options.markers, kind} if on else {*self.options.markers} - {kind}
        self._choose(markers=tuple(one for one in KINDS if one in shown))

    def _more(self, actions: Sequence[QAction]) -> QPushButton:
        menu = QMenu(self)
        menu.addActions(list(actions))
        return self._button("Save, copy", "Save or copy the picture and its numbers", menu)

    def _button(self, words: str, tip: str, menu: QMenu) -> QPushButton:
        menu.setAccessibleName(words)
        button = spoken(QPushButton(words, self), tip)
        button.setToolTip(tip)
        button.setMenu(menu)
        return button
