"""What stands in the window while no file is open: what it is for, recent files, Open, a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.spoken import Elided, muted, spoken

USES = (
    ("Look inside", "Drop files or folders anywhere in this window, or Ctrl+O. Click a tensor: facts, histogram, "
                    "heat-map, values. Type dtype:bf16 or params:>1M above the tree to filter it (Ctrl+F)."),
    ("Compare two", "Open both, then Ctrl+D: what changed, what was added, by how much. Three and more, or the folder "
                    "of a training, are a run: Ctrl+Shift+R."),
    ("Convert", "To the CPU or a GPU, without the optimizer, as a plain state_dict: the tool bar. The file itself is "
                "never touched; the result is read again and proven."),
)  # fmt: skip
_WIDTH = 88
"""Average letters."""


class StartPage(QScrollArea):
    """The three uses, recent files and buttons.

    Signals:
        open_wanted, sample_wanted, integrate_wanted, help_wanted: a button was pressed.
        path_wanted: a recent file was chosen.
    """

    open_wanted = Signal()
    sample_wanted = Signal()
    integrate_wanted = Signal()
    help_wanted = Signal()
    path_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        spoken(self, "Start page", style="plain")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        self._column = QWidget(page)
        self._box = QVBoxLayout(self._column)
        self._box.setSpacing(6)
        self._box.addWidget(_title("ckpt_gui", "xx-large"))
        self._box.addWidget(_words("A browser for PyTorch checkpoints. Nothing in a file is ever run."))
        self._box.addSpacing(8)
        self._box.addWidget(self._buttons())
        for head, words in USES:
            self._box.addSpacing(8)
            self._box.addWidget(_title(head, "medium"))
            self._box.addWidget(_words(words))
        self._box.addSpacing(12)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(1)
        self._box.addLayout(self._recent)
        outer = QVBoxLayout(page)
        outer.addStretch(2)
        middle = QHBoxLayout()  # and no alignment, which would give wrapped lines the height of one
        middle.addStretch(1)
        middle.addWidget(self._column)
        middle.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(3)
        self.setWidget(page)
        self._fit()

    def show_recents(self, paths: Sequence[str]) -> None:
        """List these files, newest first."""
        while (item := self._recent.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if paths:
            self._recent.addWidget(_title("Recent", "medium"))
        for number, path in enumerate(paths, 1):
            self._recent.addWidget(self._recent_row(number, path))

    def _fit(self) -> None:
        """As wide as lines are read well, whatever the size of the text."""
        wanted = _WIDTH * self.fontMetrics().averageCharWidth()
        self._column.setFixedWidth(min(wanted, max(320, self.width() - 60)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_column"):
            QTimer.singleShot(0, self, self._fit)

    def _buttons(self) -> QWidget:
        row = QWidget(self._column)
        line = Flow(row)
        tips = (
            ("&Open…", "Open files (Ctrl+O)", self.open_wanted),
            ("Open a &sample", "Two small training checkpoints, compared (Ctrl+Alt+O)", self.sample_wanted),
            ("Open by &double-click", "Registers this program for you alone; it can be undone (Ctrl+Alt+B)",
             self.integrate_wanted),
            ("&What is a state_dict?", "The words of checkpoints, explained (Ctrl+F1)", self.help_wanted),
        )  # fmt: skip
        for words, tip, signal in tips:
            button = spoken(QPushButton(words, row), words.replace("&", "").rstrip("…"))
            button.setToolTip(tip)
            button.clicked.connect(signal)
            line.addWidget(button)
        return row

    def _recent_row(self, number: int, path: str) -> QWidget:
        folder, name = str(Path(path).parent), Path(path).name
        row = QWidget(self._column)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        button = spoken(QPushButton(f"{number}   {text.escape(name)}".replace("&", "&&"), row), f"Open {name}")
        button.setFlat(True)
        button.setAccessibleDescription(path)
        button.setToolTip(f"{text.escape(path)}   (Ctrl+{number})")
        button.setStyleSheet("text-align: left")
        button.clicked.connect(lambda: self.path_wanted.emit(path))
        where = muted(Elided(row))
        where.say(text.escape(folder))
        line.addWidget(button)
        line.addWidget(where, 1)
        return row


def _title(words: str, size: str) -> QLabel:
    """Its size follows the text's, as rich text's does."""
    label = QLabel(f'<b style="font-size:{size}">{words}</b>')
    label.setAccessibleName(words)
    return label


def _words(words: str) -> QLabel:
    label = muted(QLabel(words))
    label.setWordWrap(True)
    return label
