"""What can be done with pairs, in one table: its words and its keys. The palette and the menus show the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_gui.core.diff.nouns import CHANGES


class Command(NamedTuple):
    """One command."""

    name: str
    words: str
    keys: str


COMMANDS = (
    Command("next", "Next difference", "Alt+Down"),
    Command("previous", "Previous difference", "Alt+Up"),
    Command("copy key", "Copy key", "Ctrl+C"),
    Command("filter to this", "Filter to this", "Ctrl+Shift+T"),
    Command("compare part", "Compare this part only", "Ctrl+Shift+D"),
    Command("compare whole", "Compare the whole files", "Ctrl+Alt+H"),
    Command("open left", "Show in A", "Ctrl+Shift+1"),
    Command("open right", "Show in B", "Ctrl+Shift+2"),
    Command("expand below", "Expand everything beneath", "Ctrl+Right"),
    Command("collapse below", "Collapse everything beneath", "Ctrl+Left"),
    Command("expand all", "Expand all", "Ctrl+Shift+E"),
    Command("collapse all", "Collapse all", "Ctrl+Shift+W"),
    Command("whole", "Overview of the comparison", "Ctrl+Shift+Home"),
    Command("swap", "Swap sides", "Ctrl+Alt+W"),
    Command("rules", "Rules that rename…", "Ctrl+Shift+M"),
    Command("again", "Compare the values again", "Ctrl+Alt+R"),
    Command("columns", "Columns…", "Ctrl+Shift+H"),
    Command("menu", "Menu of the row…", "Shift+F10"),
    *(
        Command(f"show {change}", f"Show or hide: {change}", f"Alt+{number}")
        for number, change in enumerate(CHANGES, 1)
    ),
)
_IN_ROW_MENU = ("copy key", "filter to this", "compare part", "", "open left", "open right", "", "expand below",
                "collapse below", "")  # fmt: skip
_IN_VIEW_MENU = ("next", "previous", "", "expand all", "collapse all", "", "compare whole", "swap", "whole")


def make(panel: QWidget, handlers: dict[str, Callable[[], object]]) -> dict[str, QAction]:
    """The actions by name; their keys work while the comparison has the keyboard."""
    made: dict[str, QAction] = {}
    for command in COMMANDS:
        action = made[command.name] = QAction(command.words, panel)
        action.setShortcut(QKeySequence(command.keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(_quietly(handlers[command.name]))
        panel.addAction(action)
    return made


def _quietly(handler: Callable[[], object]) -> Callable[[], None]:
    """Without the ``checked`` that Qt hands over."""

    def call() -> None:
        handler()

    return call


def context_menu(panel: QWidget, actions: dict[str, QAction], *, on_row: bool) -> QMenu:
    """The menu of a row, or of the empty space beneath."""
    menu = QMenu(panel)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    for name in (_IN_ROW_MENU if on_row else ()) + _IN_VIEW_MENU:
        if name:
            menu.addAction(actions[name])
        else:
            menu.addSeparator()
    return menu
