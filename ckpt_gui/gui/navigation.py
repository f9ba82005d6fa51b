"""Back and forward through what was looked at: tabs, and rows in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core.text import Path
from ckpt_gui.gui.file_tabs import FileTabs, Held

if TYPE_CHECKING:
    from ckpt_gui.gui.tree_panel import TreePanel

MOST = 200
"""Places that are remembered."""
GLANCE = 0.4
"""Seconds: a place that was left sooner was only passed, as the arrow keys do."""
Tree = Callable[[Held], "TreePanel | None"]


@dataclass(frozen=True, slots=True)
class Place:
    """A tab, and the row that was picked in it; None for none, or where the tab itself knows."""

    held: Held
    row: Path | None = None


class Navigation(QObject):
    """The places in the order they were seen.

    Signals:
        changed: there is another way back or forward.
    """

    changed = Signal()

    def __init__(self, tabs: FileTabs, tree: Tree, clock: Callable[[], float] = time.monotonic) -> None:
        """``tree`` gives the tree of a tab, where it has one."""
        super().__init__(tabs)
        self._tabs, self._tree, self._clock = tabs, tree, clock
        self._places: list[Place] = []
        self._at = -1
        self._came = 0.0
        self._going = False

    def look(self) -> None:
        """Something else is in front, or picked."""
        front = self._tabs.front()
        if front is None or self._going:
            return
        tree = self._tree(front)
        picked = tree.selected_paths()[:1] if tree is not None else []
        place = Place(front, picked[0] if picked else None)
        if self._at >= 0 and self._places[self._at] == place:
            return
        now, passed = self._clock(), self._clock() - self._came < GLANCE
        kept = self._at if passed and self._at >= 0 and self._places[self._at].held is front else self._at + 1
        self._places = [*self._places[:kept], place][-MOST:]
        self._at, self._came = len(self._places) - 1, now
        self.changed.emit()

    def forget(self, held: Held) -> None:
        """Its tab goes."""
        kept: list[Place] = []
        for number, place in enumerate(self._places):
            if place.held is not held and kept[-1:] != [place]:
                kept.append(place)
            if number == self._at:
                at = len(kept) - 1
        self._places, self._at = kept, at if kept else -1
        self.changed.emit()

    def why_not(self, by: int) -> str:
        """Why there is no way back (-1) or forward (1); "" where there is."""
        if 0 <= self._at + by < len(self._places):
            return ""
        return "nothing was looked at before" if by < 0 else "nothing was looked at after"

    def step(self, by: int) -> None:
        """Back (-1) or forward (1)."""
        if self.why_not(by):
            return
        self._at += by
        place = self._places[self._at]
        self._going = True
        try:
            self._tabs.show_tab(place.held)
            tree = self._tree(place.held)
            if tree is not None and place.row is not None:
                tree.select_path(place.row)
            elif tree is not None:
                tree.rows.select([])
        finally:
            self._going = False
        self._came = 0.0
        self.changed.emit()
