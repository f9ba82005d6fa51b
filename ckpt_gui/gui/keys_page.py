"""F1: every command with its keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from ckpt_gui.gui.palette import words_of
from ckpt_gui.gui.spoken import spoken


class KeysPage(QDialog):
    """A list beside the window, not in its way; Esc closes it."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[QAction]]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = spoken(QTreeWidget(self), "Keyboard shortcuts")
        self.list.setHeaderLabels(["Command", "Keys"])
        for title, actions in groups:
            self._add_group(title, [action for action in actions if words_of(action) and action.shortcuts()])
        self.list.expandAll()
        self.list.setColumnWidth(0, 300)
        box = QVBoxLayout(self)
        box.addWidget(self.list)
        self.resize(520, 560)

    def _add_group(self, title: str, actions: Sequence[QAction]) -> None:
        group = QTreeWidgetItem([title])
        for action in actions:
            keys = [keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in action.shortcuts()]
            group.addChild(QTreeWidgetItem([words_of(action), "   ".join(keys)]))
        if group.childCount():
            self.list.addTopLevelItem(group)
