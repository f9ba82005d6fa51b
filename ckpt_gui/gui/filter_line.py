"""The filter line: what is typed, the term that cannot be read underlined with its reason, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import Elided, muted
from ckpt_gui.gui.tree_model import problem_colour
from ckpt_gui.gui.underlined import UnderlinedEdit

if TYPE_CHECKING:
    from ckpt_gui.core.search import TermError


class FilterEdit(UnderlinedEdit):
    """A line whose bad terms are underlined; Down and Enter lead on to the rows, Escape clears."""

    left_downwards = Signal()
    """Down or Enter: on to the rows."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left_downwards.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class FilterLine(QWidget):
    """The line, the button that opens the builder, and a line of words beneath."""

    changed = Signal(str)
    left_downwards = Signal()
    builder_wanted = Signal()

    def __init__(
        self, parent: QWidget, example: str = "words, dtype:bf16, shape:(_,4096), params:>1M …", *, builds: bool = True
    ) -> None:
        """``builds``: is there a builder that writes the filter by choice?"""
        super().__init__(parent)
        self.edit = FilterEdit(self)
        self.edit.setPlaceholderText(f"Filter: {example}")
        self.edit.setAccessibleName("Filter")
        self.edit.setAccessibleDescription(f"What is to be shown, such as {example}; Escape clears")
        self.edit.setClearButtonEnabled(True)
        self.button = QToolButton(self)
        self.button.setText("Build ▾")
        self.button.setToolTip("Build the filter by choice")
        self.button.setAccessibleName("Build the filter by choice")
        self.button.setVisible(builds)
        self.reason = Elided(self)
        self.reason.setProperty("alarm", True)
        self.reason.setAccessibleName("What is wrong with the filter")
        self.counts = muted(Elided(self))
        self.counts.setAccessibleName("What the filter leaves")
        self._lay_out()
        self.edit.textChanged.connect(self.changed)
        self.edit.left_downwards.connect(self.left_downwards)
        self.button.clicked.connect(self.builder_wanted)
        self.setFocusProxy(self.edit)

    def _lay_out(self) -> None:
        above, beneath = QHBoxLayout(), QVBoxLayout()
        above.setSpacing(4)
        above.addWidget(self.edit, 1)
        above.addWidget(self.button)
        beneath.setContentsMargins(2, 0, 2, 0)
        beneath.setSpacing(2)
        beneath.addWidget(self.reason)
        beneath.addWidget(self.counts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(above)
        column.addLayout(beneath)
        self.reason.hide()

    def tell(self, errors: Sequence[TermError], counts: str) -> None:
        """Show what is wrong, if anything, and what is left."""
        text = self.edit.text()
        self.edit.underline(errors, problem_colour(self.palette()))
        self.reason.setVisible(bool(errors))
        if errors:
            more = f"  (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            words = f"{text[errors[0].start : errors[0].end][:40]}: {errors[0].reason}{more}"
            self.reason.say(words, "\n".join(error.reason for error in errors))
        self.counts.say(counts)
