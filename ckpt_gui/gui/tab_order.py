"""Where Tab goes: in the order in which one reads. Qt goes by what was made first, and pages are made late."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cmp_to_key

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

_SLACK = 4
"""Pixels that things beneath one another may overlap."""


def neighbour(window: QWidget, focus: QWidget | None, by: int) -> QWidget | None:
    """The widget after (1) or before (-1) the one with the keyboard, around the end; None where there is none."""
    stops = list(_stops(window))
    if not stops:
        return None
    if focus in stops:
        return stops[(stops.index(focus) + by) % len(stops)]
    return stops[0 if by > 0 else -1]


def go(stop: QWidget, by: int) -> None:
    """Give it the keyboard, and bring it into sight."""
    stop.setFocus(Qt.FocusReason.TabFocusReason if by > 0 else Qt.FocusReason.BacktabFocusReason)
    above = stop.parentWidget()
    while above is not None and not above.isWindow():
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(stop)
        above = above.parentWidget()


def _stops(widget: QWidget) -> Iterator[QWidget]:
    if _takes_tab(widget):
        yield widget
    children = [
        child
        for child in widget.children()
        if isinstance(child, QWidget) and child.isVisible() and not child.isWindow()
    ]
    for child in sorted(children, key=cmp_to_key(_before)):
        yield from _stops(child)


def _takes_tab(widget: QWidget) -> bool:
    by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
    return bool(by_tab) and widget.isEnabled() and widget.focusProxy() is None and not widget.size().isEmpty()


def _before(one: QWidget, other: QWidget) -> int:
    """Line by line, and in a line from the left."""
    first, second = one.geometry(), other.geometry()
    if first.bottom() < second.top() + _SLACK:
        return -1
    if second.bottom() < first.top() + _SLACK:
        return 1
    return first.left() - second.left() or first.top() - second.top()
