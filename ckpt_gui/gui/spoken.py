"""What a screen reader calls a widget, and what the style sheet calls it."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

AnyWidget = TypeVar("AnyWidget", bound=QWidget)


def spoken(widget: AnyWidget, name: str, *, style: str = "") -> AnyWidget:
    """The widget with its accessible name; ``style`` is its object name, for rules of ``theme.sheet``."""
    widget.setAccessibleName(name)
    if style:
        widget.setObjectName(style)
    return widget


def muted(widget: AnyWidget) -> AnyWidget:
    """The widget with its text in the quieter colour."""
    widget.setProperty("muted", True)
    return widget


class Elided(QLabel):
    """A line that ends in an ellipsis where there is no room; the whole is its tip and what is spoken."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def whole(self) -> str:
        """What it says."""
        return self.text()

    def say(self, words: str, tip: str = "") -> None:
        """Show this; ``tip`` if that says more."""
        self.setText(words)
        tip = (tip or words).replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
        self.setToolTip(f"<span>{tip}</span>" if words else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, area = QPainter(self), self.contentsRect()
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
