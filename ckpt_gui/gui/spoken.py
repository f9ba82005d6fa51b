"""What a screen reader calls a widget, and what the style sheet calls it."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QWidget

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
