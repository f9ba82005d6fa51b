"""What is open, as plain values that can be kept until the next start, and its way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.comparisons import Comparisons
from ckpt_gui.gui.file_tabs import FileTabs, Held
from ckpt_gui.gui.open_files import OpenFile, OpenFiles
from ckpt_gui.gui.runs import Runs
from ckpt_gui.gui.settings import Settings

_NAME = "session"
MAX_TABS = 60


class Session(QObject):
    """The tabs of last time: a list of their files each, which of them was in front, and where one was in each tree.

    Signals:
        files_wanted: paths that are to be opened.
    """

    files_wanted = Signal(list)

    def __init__(
        self, settings: Settings, files: OpenFiles, tabs: FileTabs, comparisons: Comparisons, runs: Runs
    ) -> None:
        super().__init__(tabs)
        self._settings, self._files, self._tabs = settings, files, tabs
        self._comparisons, self._runs = comparisons, runs
        self._views: dict[str, dict[str, Any]] = {}
        files.opened.connect(self._restore_view)

    def keep(self) -> None:
        """Remember what is open, if the person wants that; else forget what was kept."""
        if not self._settings.preferences.reopen:
            self._settings.keep(_NAME, {})
            return
        held = self._tabs.all()[:MAX_TABS]
        front = self._tabs.front()
        views = {one.path: self._view(one) for one in held if isinstance(one, OpenFile)}
        self._settings.keep(
            _NAME,
            {"tabs": [_paths(one) for one in held], "front": held.index(front) if front in held else 0, "views": views},
        )

    def reopen(self) -> None:
        """Open what was open last time; files that are gone say so in their tabs."""
        kept: dict[str, Any] = self._settings.value(_NAME, {})
        listed = kept.get("tabs")
        tabs = [paths for paths in listed if _are_paths(paths)] if isinstance(listed, list) else []
        if not self._settings.preferences.reopen or not tabs:
            return
        views = kept.get("views")
        self._views = views if isinstance(views, dict) else {}
        self.files_wanted.emit([paths[0] for paths in tabs if len(paths) == 1])
        opened = [self._open(paths) for paths in tabs]
        front = kept.get("front")
        shown = opened[front] if type(front) is int and 0 <= front < len(opened) else None
        if shown is not None:
            self._tabs.show_tab(shown)

    def _open(self, paths: Sequence[str]) -> Held | None:
        """The tab of these: a file, a comparison of two that are open, a run."""
        if len(paths) == 1:
            return self._files.at(paths[0])
        if paths[0]:
            left, right = self._files.at(paths[0]), self._files.at(paths[1])
            return self._comparisons.open(left, right) if left is not None and right is not None else None
        return self._runs.open(paths[1:])

    def _view(self, file: OpenFile) -> dict[str, Any]:
        tree = self._tabs.page(file).tree
        return tree.view_state() if tree is not None and file.opened is not None else self._views.get(file.path, {})

    def _restore_view(self, file: OpenFile) -> None:
        """Once, when a file of last time was read."""
        view, tree = self._views.pop(file.path, None), self._tabs.page(file).tree
        if view and tree is not None and file.wanted is None:
            try:
                tree.restore_view(view)
            except (TypeError, KeyError, IndexError, ValueError):
                return  # written by another version, or by hand


def _paths(held: Held) -> list[str]:
    """One path is a file, two are a comparison, an empty one and others a run."""
    if isinstance(held, OpenFile):
        return [held.path]
    return [held.left.path, held.right.path] if isinstance(held, Comparison) else ["", *held.paths]


def _are_paths(paths: object) -> bool:
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        return False
    return len(paths) > 1 or paths not in ([], [""])
