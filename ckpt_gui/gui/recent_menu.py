"""File ▸ Open recent: nine places, Ctrl+1 … Ctrl+9."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.settings import MAX_RECENT


class RecentMenu(QMenu):
    """Recently opened files.

    Signals:
        path_wanted: one was chosen.
        clear_wanted: the list should be emptied.
    """

    path_wanted = Signal(str)
    clear_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Open re&cent", parent)
        self._paths: list[str] = []
        self.places = [self._place(number) for number in range(MAX_RECENT)]
        self.addSeparator()
        self.clear_action = QAction("Clear recent files", parent)
        self.clear_action.setShortcut(QKeySequence("Ctrl+Shift+Del"))
        self.clear_action.triggered.connect(self.clear_wanted)
        self.addAction(self.clear_action)
        self.show_recents([])

    def show_recents(self, paths: Sequence[str]) -> None:
        """List these files, newest first."""
        self._paths = list(paths)
        for number, action in enumerate(self.places):
            path = self._paths[number] if number < len(self._paths) else ""
            action.setText(f"Open recent: {text.escape(os.path.basename(path)).replace('&', '&&')}" if path else "")
            action.setToolTip(text.escape(path))
            action.setVisible(bool(path))
            action.setEnabled(bool(path))
        self.clear_action.setEnabled(bool(paths))

    def _place(self, number: int) -> QAction:
        action = QAction(self.parent())
        action.setShortcut(QKeySequence(f"Ctrl+{number + 1}"))
        action.triggered.connect(lambda: self.path_wanted.emit(self._paths[number]))
        self.addAction(action)
        return action
