"""A tab's content: a word while the file is read, its tree, or the sentence why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QLabel, QStackedWidget, QVBoxLayout, QWidget

from ckpt_gui.gui.tree_panel import TreePanel

if TYPE_CHECKING:
    from ckpt_gui.core.reader import Opened


class FilePage(QStackedWidget):
    """Shows one file.

    Signals:
        picked: rows were picked in the tree; their node ids.
        message: a word for the status bar.
        compare_wanted, convert_wanted: from the tree's menu, with a node id.
        statistics_wanted: tensor ids on the screen, whose statistics the tree would show.
        compute_wanted: the statistics of all tensors are asked for.
        painted: the tree stands on the screen for the first time.
    """

    picked = Signal(list)
    message = Signal(str)
    compare_wanted = Signal(int)
    convert_wanted = Signal(int)
    statistics_wanted = Signal(list)
    compute_wanted = Signal()
    painted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        holder = QWidget(self)
        box = QVBoxLayout(holder)
        box.setContentsMargins(32, 32, 32, 32)
        box.addWidget(self._words)
        self.addWidget(holder)
        self.tree: TreePanel | None = None

    def say(self, words: str) -> None:
        """Show words in place of a tree."""
        self._words.setText(words)
        self.setCurrentIndex(0)

    def show_opened(self, opened: Opened) -> None:
        """Show the tree of what was read, at the place where the former one was."""
        kept: dict[str, Any] | None = self.tree.view_state() if self.tree is not None else None
        tree = self._panel()
        tree.show_checkpoint(opened.checkpoint, opened.anatomy.roles)
        if kept is not None:
            tree.restore_view(kept)
        self.setCurrentWidget(tree)

    def _panel(self) -> TreePanel:
        if self.tree is None:
            self.tree = TreePanel(self)
            for signal, mine in (
                (self.tree.picked, self.picked), (self.tree.message, self.message),
                (self.tree.compare_wanted, self.compare_wanted), (self.tree.convert_wanted, self.convert_wanted),
                (self.tree.statistics_wanted, self.statistics_wanted), (self.tree.compute_wanted, self.compute_wanted),
            ):  # fmt: skip
                signal.connect(mine)
            self.addWidget(self.tree)
            for view in self.tree.findChildren(QAbstractItemView):
                view.viewport().installEventFilter(self)
            self.setFocusProxy(self.tree)
        return self.tree

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            self.painted.emit()
        return False
