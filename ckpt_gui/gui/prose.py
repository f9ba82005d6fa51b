"""A page that is read from top to bottom: figures, titles, lists of lines that may lead somewhere."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui import rich
from ckpt_gui.gui.spoken import muted, spoken

MAX_LINES = 100
"""Of one list; a label of ten thousand lines would take seconds to lay out."""
MAX_TEXT = 6_000
"""Characters of code that are shown; copied is all of it."""


class Prose(QWidget):
    """Filled once, from the top; entries are rich text, everything else plain.

    Signals:
        followed: a link was followed; its address.
        copied: a word for the status bar.
    """

    followed = Signal(str)
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QVBoxLayout(self)
        """Where other widgets may be added."""
        self.box.setContentsMargins(6, 8, 14, 12)
        self.box.setSpacing(4)

    def add_figures(self, figures: Sequence[tuple[str, str]], across: int = 4) -> None:
        """Names with their figures below, ``across`` of them beside each other."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(1)
        for number, (name, figure) in enumerate(figures):
            row, column = divmod(number, across)
            value = self.add_text(f"<b>{rich.escape(figure)}</b>", add=False)
            value.setAccessibleName(f"{name}: {figure}")
            grid.addWidget(muted(QLabel(name)), 2 * row, column)
            grid.addWidget(value, 2 * row + 1, column)
            grid.setColumnStretch(column, 1)
        self.box.addLayout(grid)

    def add_title(self, words: str) -> None:
        """A line in bold with room above."""
        title = QLabel(f"<b>{rich.escape(words)}</b>")
        title.setContentsMargins(0, 10, 0, 0)
        self.box.addWidget(title)

    def add_list(self, title: str, entries: Sequence[str]) -> None:
        """A title and lines of rich text; nothing where there are none."""
        if entries:
            more = [f"… and {len(entries) - MAX_LINES:,} more"] if len(entries) > MAX_LINES else []
            self.add_title(title)
            self.add_text(rich.lines([*entries[:MAX_LINES], *more]))

    def add_text(self, words: str, *, add: bool = True) -> QLabel:
        """Rich text that can be selected, its links followed; ``add``: at the end of the page."""
        label = QLabel(words)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.RichText)
        reach = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
        if "<a " in words:
            reach |= Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        label.setTextInteractionFlags(reach)
        label.linkActivated.connect(self.followed)
        if add:
            self.box.addWidget(label)
        return label

    def add_code(self, name: str, words: str) -> None:
        """Text in a fixed width, and a button that copies all of it."""
        holder = QWidget(self)
        shown = spoken(QPlainTextEdit(text.clip(words, MAX_TEXT)), name)
        shown.setReadOnly(True)
        shown.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(max(5.0, self.font().pointSizeF()))
        shown.setFont(font)
        lines = min(words.count("\n") + 1, 10)
        shown.setFixedHeight(lines * shown.fontMetrics().lineSpacing() + 26)
        button = spoken(QPushButton("Copy"), f"Copy: {name}")
        button.clicked.connect(lambda: self._copy(name, words))
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(shown, 1)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.box.addWidget(holder)

    def _copy(self, name: str, words: str) -> None:
        QGuiApplication.clipboard().setText(words)
        self.copied.emit(f"Copied: {name}")
