"""What the page of values is made of, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import Elided, spoken
from ckpt_gui.gui.values_grid.grid import Grid
from ckpt_gui.gui.values_grid.tools import GoLine, IndexLine, StyleLine, button


class Face(QWidget):
    """Three lines of tools, the table or a sentence, what was said last, and the current value."""

    def __init__(self, commands: Mapping[str, QAction], grid: Grid, parent: QWidget) -> None:
        super().__init__(parent)
        self.grid = grid
        self.index_line, self.style_line = IndexLine(self), StyleLine(self)
        self.go_line = GoLine([commands[name] for name in ("largest", "smallest", "next NaN", "next Inf")], self)
        self._words, self._said = _sentence("Why there is no table"), _sentence("What was said last")
        self._words.setContentsMargins(6, 10, 6, 0)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._said.hide()
        self.cell_line = spoken(Elided(self), "Current value")
        self.cell_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._words)
        self._stack.addWidget(grid)
        self._steps = [button(commands[name]) for name in ("previous part", "next part")]
        self._lay_out([*self._steps, button(commands["copy"]), self._export_button(commands)])

    def _lay_out(self, buttons: list[QPushButton]) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(4)
        middle.addWidget(self.style_line, 1)
        middle.addStretch(0)
        for made in buttons:
            middle.addWidget(made)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 0, 4)
        box.setSpacing(6)
        box.addWidget(self.index_line)
        box.addLayout(middle)
        box.addWidget(self.go_line)
        box.addWidget(self._stack, 1)
        box.addWidget(self._said)
        box.addWidget(self.cell_line)

    def _export_button(self, commands: Mapping[str, QAction]) -> QPushButton:
        made = spoken(QPushButton("Export", self), "Export to a file")
        menu = spoken(QMenu(made), "Export")
        menu.addActions([commands[name] for name in ("export", "export shown", "export picked")])
        made.setMenu(menu)
        return made

    def show_grid(self) -> None:
        """Show the table."""
        self._stack.setCurrentWidget(self.grid)

    def show_sentence(self, words: str) -> None:
        """Show a sentence in the place of the table."""
        self._words.setText(words)
        self._stack.setCurrentWidget(self._words)

    def sentence(self) -> str:
        """The sentence that stands in the place of the table; "" if the table does."""
        return str(self._words.text()) if self._stack.currentWidget() is self._words else ""

    def show_tools(self, shown: bool) -> None:
        """The tools that are of no use without a table."""
        for line in (self.index_line, self.go_line, self.style_line):
            line.setVisible(shown)

    def show_steps(self, shown: bool) -> None:
        """The buttons that step along fixed dimensions."""
        for made in self._steps:
            made.setVisible(shown)

    def say(self, words: str, alarm: bool = False) -> None:
        """How something ended; "" takes it away."""
        self._said.setText(f"▲ {words}" if alarm else words)
        self._said.setVisible(bool(words))

    def said(self) -> str:
        """What was said last."""
        return str(self._said.text())


def _sentence(name: str) -> QLabel:
    made = spoken(QLabel(), name)
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
