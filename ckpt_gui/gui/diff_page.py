"""A comparison's tab: the pairs on the left, what is picked of them on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QWidget

from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.diff_panel import DiffPanel
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.pair_side import PairSide
from ckpt_gui.gui.settings import Settings


class DiffPage(QWidget):
    """Shows one comparison.

    Signals:
        message: a sentence for the status bar.
        node_wanted: a row of one file is to be shown: 0 for A or 1 for B, and the tensor's id.
    """

    message = Signal(str)
    node_wanted = Signal(int, int)

    def __init__(self, comparison: Comparison, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.comparison = comparison
        self.panel = DiffPanel(comparison, self)
        self.side = PairSide(comparison, jobs, settings, self)
        self._wanted: tuple[str, str] = ("", "")
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(self.panel)
        self._splitter.addWidget(self.side)
        self._splitter.setSizes([850, 590])
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._splitter)
        self.setFocusProxy(self.panel)
        self.panel.picked.connect(self.side.show_rows)
        self.panel.overview_wanted.connect(lambda: self.side.choose("overview"))
        self.panel.message.connect(self.message)
        self.panel.node_wanted.connect(self.node_wanted)
        self.side.message.connect(self.message)
        self.side.told.connect(self.panel.tell_story)
        self.side.row_wanted.connect(self.panel.go_to)
        comparison.paired.connect(self._go_to_wanted)

    def want(self, key: str, page: str) -> None:
        """Go to that pair or group, and to that page, once there are rows."""
        self._wanted = (key, page)
        if self.comparison.facts is not None:
            self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        (key, page), self._wanted = self._wanted, ("", "")
        if key and not self.panel.select_key(key):
            self.message.emit(f"Nothing is called {key} here")
        if page:
            self.side.choose(page)

    def actions_of_panel(self) -> list[QAction]:
        """The commands of the pairs, for menus and the palette."""
        return list(self.panel.commands.values())

    def other_side(self, *, from_right: bool) -> QWidget:
        """What takes the keyboard when the person goes across."""
        return self.panel if from_right else self.side.front()

    def let_go(self) -> None:
        """It goes: nothing is worked on any more."""
        self.comparison.stop()
        self.side.let_go()
