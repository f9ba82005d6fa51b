"""File ▸ Open recent: nine places, Ctrl+1 … Ctrl+9, and what is remembered in them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.settings import MAX_RECENT, Settings


class RecentMenu(QMenu):
    """Recently opened files.

    Signals:
        path_wanted: one was chosen.
        changed: the list is another; the paths, newest first.
    """

    path_wanted = Signal(str)
    changed = Signal(list)

    def __init__(self, settings: Settings, jobs: Jobs, parent: QWidget) -> None:
        super().__init__("Open re&cent", parent)
        self._settings, self._jobs = settings, jobs
        self.places = [self._place(number) for number in range(MAX_RECENT)]
        self.addSeparator()
        self._clear = QAction("Clear recent files", parent)
        self._clear.setShortcut(QKeySequence("Ctrl+Shift+Del"))
        self._clear.triggered.connect(self.clear_all)
        self.addAction(self._clear)
        settings.chosen.connect(self._show)
        self._show()

    def paths(self) -> list[str]:
        """Newest first."""
        return self._settings.recents()

    def commands(self) -> list[QAction]:
        """The actions that can be used now."""
        return [*(action for action in self.places if action.isVisible()), self._clear]

    def add(self, path: str) -> None:
        """Put a path at the head."""
        self._settings.add_recent(path)
        self._show()

    def forget(self, gone: set[str]) -> None:
        """Take paths out."""
        if gone:
            self._settings.forget_recents(gone)
            self._show()

    def clear_all(self) -> None:
        """Remember none of them."""
        self.forget(set(self.paths()))

    def prune(self) -> None:
        """Take files that are gone out; a job looks, for a lost network share may take long to answer."""
        if paths := self.paths():
            self._jobs.run("recents", lambda _report: {path for path in paths if not Path(path).exists()}, self.forget)

    def _show(self) -> None:
        paths = self.paths()
        for number, action in enumerate(self.places):
            path = paths[number] if number < len(paths) else ""
            action.setText(f"Open recent: {text.escape(Path(path).name).replace('&', '&&')}" if path else "")
            action.setToolTip(text.escape(path))
            action.setVisible(bool(path))
            action.setEnabled(bool(path))
        self._clear.setEnabled(bool(paths))
        self.changed.emit(paths)

    def _place(self, number: int) -> QAction:
        action = QAction(self.parent())
        action.setShortcut(QKeySequence(f"Ctrl+{number + 1}"))
        action.triggered.connect(lambda: self.path_wanted.emit(self.paths()[number]))
        self.addAction(action)
        return action
