"""What can be done in the tree, in one table: its words and its keys. The palette and the menus show the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget


class Command(NamedTuple):
    """One command."""

    name: str
    words: str
    keys: str
    checkable: bool = False


COMMANDS = (
    Command("copy key", "Copy key", "Ctrl+C"),
    Command("copy path", "Copy path", "Ctrl+Shift+K"),
    Command("copy python", "Copy Python that loads it", "Ctrl+Shift+C"),
    Command("filter to this", "Filter to this", "Ctrl+Shift+T"),
    Command("compare", "Compare this part with…", "Ctrl+Shift+D"),
    Command("convert", "Convert this part…", "Ctrl+Shift+V"),
    Command("expand below", "Expand everything beneath", "Ctrl+Right"),
    Command("collapse below", "Collapse everything beneath", "Ctrl+Left"),
    Command("expand all", "Expand all", "Ctrl+Shift+E"),
    Command("collapse all", "Collapse all", "Ctrl+Shift+W"),
    Command("level 1", "Expand to level 1", "Alt+1"),
    Command("level 2", "Expand to level 2", "Alt+2"),
    Command("level 3", "Expand to level 3", "Alt+3"),
    Command("level 4", "Expand to level 4", "Alt+4"),
    Command("fold", "Fold alike layers", "Ctrl+Shift+F", True),
    Command("flat", "One flat list of all tensors", "Ctrl+Shift+L", True),
    Command("build", "Build the filter by choice", "Ctrl+Shift+B"),
    Command("compute", "Compute statistics of all tensors", "Ctrl+Shift+A"),
    Command("columns", "Columns and order…", "Ctrl+Shift+H"),
    Command("menu", "Menu of the row…", "Shift+F10"),
)
_IN_ROW_MENU = ("copy key", "copy path", "copy python", "", "filter to this", "compare", "convert", "", "expand below",
                "collapse below")  # fmt: skip
_IN_VIEW_MENU = ("", "expand all", "collapse all", "fold", "flat", "", "compute")


def make(panel: QWidget, handlers: dict[str, Callable[[], object]]) -> dict[str, QAction]:
    """The actions by name; their keys work while the panel has the keyboard."""
    made: dict[str, QAction] = {}
    for command in COMMANDS:
        action = made[command.name] = QAction(command.words, panel)
        action.setShortcut(QKeySequence(command.keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setCheckable(command.checkable)
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
    names = (_IN_ROW_MENU if on_row else ()) + _IN_VIEW_MENU
    for name in names if on_row else names[1:]:
        if name:
            menu.addAction(actions[name])
        else:
            menu.addSeparator()
    return menu
