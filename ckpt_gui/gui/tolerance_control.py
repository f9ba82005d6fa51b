"""What counts as close: nothing, torch.testing's tolerances, or one's own."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from ckpt_gui.core.diff.nouns import Tolerance
from ckpt_gui.gui.spoken import muted, spoken

EXACT = Tolerance(0.0, 0.0)
_OWN = 2


class ToleranceControl(QWidget):
    """A choice, and two numbers for one's own.

    Signals:
        chosen: a Tolerance, or None for torch's by element type.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.choice = spoken(QComboBox(self), "Tolerance")
        self.choice.addItems(["close: torch's tolerance", "exact: no tolerance", "own tolerance"])
        self.choice.setToolTip(
            "Close is |B − A| ≤ atol + rtol · |A|; torch's tolerance is that of torch.testing for the element type"
        )
        self.rtol, self.atol = (self._line(name) for name in ("rtol", "atol"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.choice)
        for edit in (self.rtol, self.atol):
            label = muted(QLabel(edit.accessibleName()))
            label.setBuddy(edit)
            edit.setProperty("label", label)
            row.addWidget(label)
            row.addWidget(edit)
        self._show_own(False)
        self.choice.activated.connect(lambda _place: self._choose())

    def show_tolerance(self, tolerance: Tolerance | None) -> None:
        """Show what is in force."""
        place = 0 if tolerance is None else 1 if tolerance == EXACT else _OWN
        self.choice.setCurrentIndex(place)
        if tolerance is not None:
            for edit, value in ((self.rtol, tolerance.rtol), (self.atol, tolerance.atol)):
                edit.setText("" if value is None else f"{value:g}")
        self._show_own(place == _OWN)

    def _line(self, name: str) -> QLineEdit:
        edit = spoken(QLineEdit(self), name)
        edit.setPlaceholderText("torch's")
        edit.setMaximumWidth(9 * edit.fontMetrics().averageCharWidth() + 16)
        edit.editingFinished.connect(self._choose)
        return edit

    def _show_own(self, shown: bool) -> None:
        for edit in (self.rtol, self.atol):
            edit.setVisible(shown)
            edit.property("label").setVisible(shown)

    def _choose(self) -> None:
        place = self.choice.currentIndex()
        self._show_own(place == _OWN)
        if place < _OWN:
            self.chosen.emit(EXACT if place else None)
            return
        values = [_number(edit) for edit in (self.rtol, self.atol)]
        if "bad" not in values:
            rtol, atol = (value if isinstance(value, float) else None for value in values)
            self.chosen.emit(Tolerance(rtol, atol))


def _number(edit: QLineEdit) -> float | str | None:
    """What was typed; None for nothing, "bad" for what is no tolerance, which the line then shows."""
    typed = edit.text().strip()
    try:
        value = float(typed) if typed else None
    except ValueError:
        value = -1.0
    bad = value is not None and not 0 <= value < float("inf")
    edit.setProperty("bad", bad)
    edit.setToolTip("a number, 0 or more, such as 1e-5" if bad else "")
    edit.style().polish(edit)
    return "bad" if bad else value
