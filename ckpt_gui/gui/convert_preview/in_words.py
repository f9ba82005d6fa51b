"""How to ask for the same on the command line and in Python, to be copied."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QPushButton, QTabBar, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import spoken

KINDS = ("Command line", "Python")
LINES = (2, 7)
"""Of each, in sight."""


class InWords(QWidget):
    """Two texts of which one is shown, and a button that copies it.

    Signals:
        message: a sentence about what was done.
    """

    message = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("The same in words")
        self._texts = ["", ""]
        self._tabs = spoken(QTabBar(self), "Command line or Python", style="pages")
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        for kind in KINDS:
            self._tabs.addTab(kind)
        self._shown = spoken(QPlainTextEdit(self), "The same in words")
        self._shown.setReadOnly(True)
        self._shown.setTabChangesFocus(True)
        self._shown.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._shown.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._copy = spoken(QPushButton("&Copy"), "Copy what is shown")
        self._copy.setAutoDefault(False)
        self._copy.clicked.connect(self.copy)
        self._tabs.currentChanged.connect(lambda _place: self._show())
        self._show()
        head = QHBoxLayout()
        head.addWidget(self._tabs, 1)
        head.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._shown)

    def tell(self, command: str, python: str) -> None:
        """Show these."""
        if self._texts != [command, python]:
            self._texts = [command, python]
            self._show()

    def texts(self) -> tuple[str, str]:
        """The command line, and Python."""
        return self._texts[0], self._texts[1]

    def copy(self) -> None:
        """Put what is shown on the clipboard."""
        place = self._tabs.currentIndex()
        QApplication.clipboard().setText(self._texts[place].encode("utf-8", "backslashreplace").decode("utf-8"))
        self.message.emit(f"Copied: {KINDS[place]}")

    def _show(self) -> None:
        place = self._tabs.currentIndex()
        wraps = QPlainTextEdit.LineWrapMode.NoWrap if place else QPlainTextEdit.LineWrapMode.WidgetWidth
        self._shown.setLineWrapMode(wraps)
        self._shown.setFixedHeight((LINES[place] + 1) * self._shown.fontMetrics().lineSpacing() + 6)
        self._shown.setPlainText(self._texts[place])
