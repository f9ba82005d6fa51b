"""The foot of a conversion's window: its buttons, why the one that confirms is off, what was done last."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import Elided, spoken

PLAN, PROGRESS, RECEIPT, BATCH = "plan", "progress", "receipt", "batch"


class Footer(QWidget):
    """Which buttons there are goes by the page above.

    Signals:
        load_wanted, save_wanted: a recipe.
        many_wanted: the same for many files.
        plan_wanted: back to the steps.
        leave_wanted: stop, or close.
        confirmed: do what is shown.
    """

    load_wanted = Signal()
    save_wanted = Signal()
    many_wanted = Signal()
    plan_wanted = Signal()
    leave_wanted = Signal()
    confirmed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.said = spoken(Elided(self), "What was done")
        self.why = spoken(Elided(self), "Why it cannot be confirmed")
        self._fresh = False
        """Is the button that confirms to have the keyboard as soon as it can be pressed?"""
        self._load = self._button("&Load recipe…", self.load_wanted)
        self._save = self._button("Sa&ve recipe…", self.save_wanted)
        self._many = self._button("&Many files…", self.many_wanted)
        self._again = self._button("&Back", self.plan_wanted)
        self.leave = self._button("Cancel", self.leave_wanted)
        self.go = self._button("&Convert", self.confirmed)
        self.go.setProperty("primary", True)
        self.go.setAutoDefault(True)
        self.go.setDefault(True)
        row = QHBoxLayout()
        for button in (self._load, self._save, self._many, self._again):
            row.addWidget(button)
        row.addWidget(self.said, 1)
        for button in (self.leave, self.go):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.why)
        column.addLayout(row)

    def _button(self, words: str, signal: object) -> QPushButton:
        button = spoken(QPushButton(words, self), words.replace("&", "").rstrip("…"))
        button.setAutoDefault(False)
        button.clicked.connect(signal)
        return button

    def be_ready(self) -> None:
        """The button that confirms gets the keyboard as soon as it can be pressed."""
        self._fresh = True
        self.go.setEnabled(False)

    def show_state(self, page: str, obstacle: str, *, running: bool, settled: bool, planned: bool) -> None:
        """``obstacle``: why it cannot be confirmed; told once ``settled``. ``planned``: there is something to save."""
        for button in (self._load, self._save, self._many):
            button.setVisible(page == PLAN)
        self._save.setEnabled(planned)
        self._again.setVisible(page in (BATCH, RECEIPT) and not running)
        self.leave.setText("Stop" if running else "Close" if page in (BATCH, RECEIPT) else "Cancel")
        self.go.setVisible(page in (PLAN, BATCH))
        self.go.setText("&Convert all" if page == BATCH else "&Convert")
        if settled:  # else it would lose the keyboard at each change; it does nothing until then
            self.go.setEnabled(not obstacle and not running)
        self.go.setToolTip(obstacle or "Enter, or Ctrl+Enter from anywhere")
        waiting = obstacle if settled and (page == BATCH or (page == PLAN and planned)) else ""
        self.why.say(waiting)
        self.why.setVisible(bool(waiting))
        if self._fresh and self.go.isEnabled():
            self._fresh = False
            self.go.setFocus()
