"""A button for each change: its glyph, its word, how many; pressed: such rows are shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from ckpt_gui.core.diff.columns import GLYPHS, MEANING
from ckpt_gui.core.diff.nouns import CHANGES
from ckpt_gui.gui.diff_model import change_colours
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.spoken import spoken


class Classes(QWidget):
    """The row of buttons.

    Signals:
        changed: other rows are to be shown.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Changes that are shown")
        self._box = Flow(self, 4)
        self.buttons: dict[str, QToolButton] = {}
        for number, change in enumerate(CHANGES, 1):
            button = self.buttons[change] = spoken(QToolButton(self), change, style="change")
            button.setCheckable(True)
            button.setChecked(change != "same")
            button.setToolTip(f"{MEANING[change]} (Alt+{number})")
            button.toggled.connect(lambda _on: self.changed.emit())
            self._box.addWidget(button)
        self.tell(dict.fromkeys(CHANGES, 0))
        self._dress()

    def shown(self) -> set[str]:
        """The changes whose rows are shown."""
        return {change for change, button in self.buttons.items() if button.isChecked()}

    def show_only(self, changes: set[str]) -> None:
        """Press these, and no others."""
        self.blockSignals(True)
        for change, button in self.buttons.items():
            button.setChecked(change in changes)
        self.blockSignals(False)
        self.changed.emit()

    def toggle(self, change: str) -> None:
        """Press the button, or let it go."""
        self.buttons[change].toggle()

    def tell(self, counts: Mapping[str, int]) -> None:
        """How many rows there are of each."""
        for change, button in self.buttons.items():
            button.setText(f"{GLYPHS[change]} {change} {counts[change]:,}")
            button.setAccessibleName(f"{counts[change]:,} {change}: {MEANING[change]}")
            button.setVisible(bool(counts[change]) or change in ("same", "changed", "added", "removed"))

    def _dress(self) -> None:
        colours = change_colours(self.palette())
        for change, button in self.buttons.items():
            button.setStyleSheet(f"color: {colours[change].name()}")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._dress)
