"""Every command of the window in one table: its menu, its words, its keys. Menus, tool bar and palette come from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton, QWidget


class Command(NamedTuple):
    """One command."""

    name: str
    """How code calls it."""
    words: str
    keys: str
    """Shortcuts, the first is shown; parted by ``; ``."""


MENUS: tuple[tuple[str, tuple[Command | None, ...]], ...] = (
    ("&File", (
        Command("open", "&Open…", "Ctrl+O"),
        Command("open folder", "Open &folder…", "Ctrl+Shift+O"),
        Command("sample", "Open a sa&mple", "Ctrl+Alt+O"),
        None,
        Command("reload", "&Reload", "F5; Ctrl+R"),
        Command("health", "Check &values and checksums", "Ctrl+Alt+V"),
        Command("close tab", "&Close tab", "Ctrl+W"),
        None,
        Command("settings", "Se&ttings…", "Ctrl+,"),
        Command("quit", "&Quit", "Ctrl+Q"),
    )),
    ("&View", (
        Command("filter", "&Filter", "Ctrl+F"),
        Command("overview", "&Overview", "F2; Alt+Home"),
        Command("summary", "&Summary", "F3"),
        Command("histogram", "&Histogram", "F7"),
        Command("heat-map", "Heat-&map", "F8"),
        Command("values", "&Values", "F9"),
        Command("layers", "&Layers", "F12"),
        Command("info", "&Info", "F4"),
        Command("back", "&Back to what was looked at before", "Alt+Left"),
        Command("forward", "For&ward again", "Alt+Right"),
        Command("next page", "&Next page on the right", "Ctrl+.; Alt+PgDown"),
        Command("previous page", "&Previous page on the right", "Alt+PgUp"),
        None,
        Command("next tab", "Next tab", "Ctrl+Tab; Ctrl+PgDown"),
        Command("previous tab", "Previous tab", "Ctrl+Shift+Tab; Ctrl+PgUp"),
        Command("other side", "&Go to the other side", "F6"),
        None,
        Command("larger", "&Larger text", "Ctrl++; Ctrl+="),
        Command("smaller", "S&maller text", "Ctrl+-"),
        Command("normal", "N&ormal text", "Ctrl+0"),
        None,
        Command("dismiss", "Close the newest notice", "Ctrl+Shift+X"),
    )),
    ("&Convert", (
        Command("compare", "&Compare…", "Ctrl+D"),
        Command("run", "Follow a &run of checkpoints…", "Ctrl+Shift+R"),
        None,
        Command("to cpu", "To &CPU", "Ctrl+Alt+C"),
        Command("to gpu", "To &GPU…", "Ctrl+Alt+G"),
        Command("strip optimizer", "&Strip optimizer", "Ctrl+Alt+X"),
        Command("save state_dict", "Save as state_&dict", "Ctrl+Alt+S"),
        Command("convert", "C&onvert…", "Ctrl+Shift+S"),
    )),
    ("&Help", (
        Command("palette", "&Commands…", "Ctrl+Shift+P"),
        Command("keys", "&Keyboard shortcuts", "F1"),
        Command("words", "What is a &state_dict?", "Ctrl+F1"),
        Command("integrate", "Open checkpoints by &double-click", "Ctrl+Alt+B"),
        Command("about", "&About ckpt_gui", "Shift+F1"),
    )),
)  # fmt: skip

TOOLS = ("open", "compare", None, "to cpu", "to gpu", "strip optimizer", "save state_dict", "convert")
TOOL_WORDS = {"open": "Open", "to gpu": "To GPU ▾"}
"""What a tool button says where it is not the menu's words."""
QUIET = ("compare", "convert")
"""Drawn without a frame: seldom the next step."""


class Actions:
    """The window's actions by name, in its menus and its tool bar."""

    def __init__(self, window: QMainWindow, handlers: Mapping[str, Callable[[], object]]) -> None:
        self._window = window
        self.named: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        for title, commands in MENUS:
            menu = self.menus[title.replace("&", "")] = window.menuBar().addMenu(title)
            menu.setToolTipsVisible(True)
            for command in commands:
                if command is None:
                    menu.addSeparator()
                else:
                    menu.addAction(self._action(command, handlers))
        window.addToolBar(self._tool_bar())

    def _action(self, command: Command, handlers: Mapping[str, Callable[[], object]]) -> QAction:
        action = self.named[command.name] = QAction(command.words, self._window)
        action.setShortcuts([QKeySequence(keys) for keys in command.keys.split("; ")])
        words = command.words.replace("&", "")
        self.explain(command.name, "")
        handler = handlers[command.name]
        action.triggered.connect(lambda: handler())
        action.setIconText(TOOL_WORDS.get(command.name, words))
        return action

    def explain(self, name: str, off: str) -> None:
        """Turn a command off and say why, or on with ""."""
        action = self.named[name]
        words = action.text().replace("&", "").rstrip("…")
        action.setEnabled(not off)
        action.setStatusTip(off)
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{words}: {off}" if off else f"{words} ({keys})")

    def place_below(self, name: str) -> QPoint:
        """Where a menu of a tool button belongs, on the screen."""
        button: QWidget | None = self._bar.widgetForAction(self.named[name])
        if button is None or not button.isVisible():
            return self._window.mapToGlobal(QPoint(60, 60))
        return button.mapToGlobal(button.rect().bottomLeft())

    def _tool_bar(self) -> QToolBar:
        bar = self._bar = QToolBar("Commands", self._window)
        bar.setObjectName("commands")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        for name in TOOLS:
            if name is None:
                bar.addSeparator()
                continue
            bar.addAction(self.named[name])
            button = bar.widgetForAction(self.named[name])
            if isinstance(button, QToolButton):
                button.setProperty("quiet", name in QUIET)
                button.setAccessibleName(self.named[name].text().replace("&", ""))
        return bar
