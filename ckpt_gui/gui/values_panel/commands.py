"""What can be done on the page of values, in one table: its words, its keys, the words on its button."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


class Command(NamedTuple):
    """One command."""

    name: str
    words: str
    keys: str
    short: str = ""
    """On its button; "" if it has none."""


COMMANDS = (
    Command("copy", "Copy the selected values", "Ctrl+C", "Copy"),
    Command("copy value", "Copy the current value", "Ctrl+Shift+C"),
    Command("go to", "Go to an index", "Ctrl+G"),
    Command("index", "Change which entries are shown", "Ctrl+L"),
    Command("largest", "Go to the largest value", "Ctrl+Alt+Up", "Max"),
    Command("smallest", "Go to the smallest value", "Ctrl+Alt+Down", "Min"),
    Command("next NaN", "Go to the next NaN", "Ctrl+Alt+N", "Next NaN"),
    Command("next Inf", "Go to the next infinity", "Ctrl+Alt+I", "Next Inf"),
    Command("previous part", "Show the part before, along the fixed dimensions", "Ctrl+Alt+PgUp", "◂"),
    Command("next part", "Show the next part, along the fixed dimensions", "Ctrl+Alt+PgDown", "▸"),
    Command("export", "Export this tensor…", "Ctrl+E"),
    Command("export shown", "Export what the index picks…", "Ctrl+Shift+J"),
    Command("export picked", "Export what is picked in the tree…", "Ctrl+Alt+E"),
)


def make(panel: QWidget, handlers: Mapping[str, Callable[[], object]]) -> dict[str, QAction]:
    """The actions by name; their keys work while the page has the keyboard."""
    made: dict[str, QAction] = {}
    for command in COMMANDS:
        action = made[command.name] = QAction(command.words, panel)
        action.setShortcut(QKeySequence(command.keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        if command.short:
            action.setIconText(command.short)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{command.words} ({keys})")
        action.triggered.connect(handlers[command.name])
        panel.addAction(action)
    return made
