"""What is in front – a file, a comparison or a run – and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from ckpt_gui.gui import status
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.comparisons import Comparisons
from ckpt_gui.gui.file_tabs import Held
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.runs import Runs
from ckpt_gui.gui.shell import Shell
from ckpt_gui.gui.side import Side

if TYPE_CHECKING:
    from ckpt_gui.gui.diff_page import DiffPage
    from ckpt_gui.gui.tree_panel import TreePanel


class Front(Shell):
    """The frame, asked about the tab that is shown. ``Window`` wires what it names."""

    comparisons: Comparisons
    runs: Runs

    def current(self) -> OpenFile | None:
        """The file in front."""
        return self.tabs.current()

    def tree(self) -> TreePanel | None:
        """The tree in front."""
        front = self.tabs.front()
        return self._tree_of(front) if front is not None else None

    def _tree_of(self, held: Held) -> TreePanel | None:
        if isinstance(held, Following):
            return self.runs.page(held).tree
        return self.tabs.page(held).tree if isinstance(held, OpenFile) else None

    def _comparison_page(self) -> DiffPage | None:
        """The comparison in front."""
        front = self.tabs.front()
        return self.comparisons.page(front) if isinstance(front, Comparison) else None

    def side(self) -> Side:
        """The right side in front."""
        page = self._comparison_page()
        return page.side if page is not None else self.details

    def row_commands(self) -> Sequence[QAction]:
        """What can be done with the rows in front."""
        rows, page = self.tree(), self._comparison_page()
        return rows.actions() if rows is not None else page.actions_of_panel() if page is not None else []

    def page_commands(self) -> Sequence[QAction]:
        """What can be done on the page in front on the right."""
        front, page = self.tabs.front(), self._comparison_page()
        if isinstance(front, Following):
            panel = self.runs.page(front).panel
            return panel.actions() if panel is not None else ()
        return page.side.front().actions() if page is not None else self.details.page_commands()

    def _facts(self, held: Held | None) -> str:
        """What is in front, in a line."""
        if isinstance(held, Comparison):
            return status.facts_of_comparison(held)
        if isinstance(held, Following):
            return self.runs.page(held).facts()
        return status.facts_of(held) if held is not None else ""

    def _choose_page(self, name: str) -> None:
        if not self.side().choose(name):
            self.status.mention(f"There is no page {name} here")

    def _focus_filter(self) -> None:
        if (tree := self.tree()) is not None:
            tree.focus_filter()
        elif (page := self._comparison_page()) is not None:
            page.panel.focus_filter()

    def _other_side(self) -> None:
        front = self.tabs.front()
        if isinstance(front, Following):
            self.runs.page(front).cross(QApplication.focusWidget())
            return
        on_right = self.side().isAncestorOf(QApplication.focusWidget() or self)
        target = (self.tree() or self._comparison_page()) if on_right else self.side().front()
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)
