"""A button for each thing that may become of a row: its glyph, its word, how many; pressed: such rows are shown."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from ckpt_gui.core.convert.words import MARKS
from ckpt_gui.gui.convert_preview.columns import GLYPHS, MEANING
from ckpt_gui.gui.convert_rows import tones
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.spoken import spoken


class Chips(QWidget):
    """The row of buttons.

    Signals:
        changed: other rows are to be shown.
    """

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Rows that are shown")
        box = Flow(self, 4)
        self.buttons: dict[str, QToolButton] = {}
        for number, change in enumerate(MARKS, 1):
            button = self.buttons[change] = spoken(QToolButton(self), change, style="change")
            button.setCheckable(True)
            button.setChecked(True)
            button.setShortcut(f"Alt+{number}")
            button.setToolTip(f"{MEANING[change]} (Alt+{number})")
            button.toggled.connect(lambda _on: self.changed.emit())
            box.addWidget(button)
        self.tell({})
        self._dress()

    def shown(self) -> tuple[str, ...]:
        """The changes whose rows are shown."""
        return tuple(change for change, button in self.buttons.items() if button.isChecked())

    def show_only(self, changes: tuple[str, ...]) -> None:
        """Press these, and no others."""
        self.blockSignals(True)
        for change, button in self.buttons.items():
            button.setChecked(change in changes)
        self.blockSignals(False)
        self.changed.emit()

    def tell(self, counts: Mapping[str, int]) -> None:
        """How many rows there are of each."""
        for change, button in self.buttons.items():
            keys = button.shortcut()
            button.setText(f"{GLYPHS[change]} {change} {counts.get(change, 0):,}")
            button.setShortcut(keys)  # a new text would take it away
            button.setAccessibleName(f"{counts.get(change, 0):,} {change}: {MEANING[change]}")
            button.setVisible(bool(counts.get(change)) or change in ("kept", "dropped"))

    def _dress(self) -> None:
        colours = tones(self.palette())
        for change, button in self.buttons.items():
            button.setStyleSheet(f"color: {colours[change].name()}")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._dress)
