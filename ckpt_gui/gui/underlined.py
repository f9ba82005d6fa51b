"""A line to type in, in which places can be underlined as wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtGui import QColor, QInputMethodEvent, QTextCharFormat
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget


class Place(Protocol):
    """Some characters of the text."""

    @property
    def start(self) -> int:
        """The first."""
        ...

    @property
    def end(self) -> int:
        """The one behind the last."""
        ...


class UnderlinedEdit(QLineEdit):
    """A line whose bad places are underlined."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._underlined = False

    def underline(self, places: Sequence[Place], colour: QColor) -> None:
        """Underline these places of the text; none takes the lines away."""
        if not places and not self._underlined:
            return
        self._underlined = bool(places)
        # QLineEdit has no formats of its own; those of an input method are drawn by its layout.
        form = QTextCharFormat()
        form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        form.setUnderlineColor(colour)
        at, kind = self.cursorPosition(), QInputMethodEvent.AttributeType.TextFormat
        marks = [QInputMethodEvent.Attribute(kind, one.start - at, one.end - one.start, form) for one in places]
        QApplication.sendEvent(self, QInputMethodEvent("", marks))
