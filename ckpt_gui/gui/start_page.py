"""What stands in the window while no file is open: recent files, Open, a sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.spoken import muted, spoken


class StartPage(QWidget):
    """Recent files and three buttons.

    Signals:
        open_wanted, sample_wanted, integrate_wanted: a button was pressed.
        path_wanted: a recent file was chosen.
    """

    open_wanted = Signal()
    sample_wanted = Signal()
    integrate_wanted = Signal()
    path_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Start page")
        column = QWidget(self)
        column.setFixedWidth(620)
        self._box = QVBoxLayout(column)
        self._box.setSpacing(6)
        self._box.addWidget(_title("ckpt_gui", 1.8))
        self._box.addWidget(muted(QLabel("A browser for PyTorch checkpoints. Nothing in a file is ever run.")))
        self._box.addSpacing(10)
        self._box.addLayout(self._buttons())
        self._box.addSpacing(14)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(1)
        self._box.addLayout(self._recent)
        self._box.addSpacing(14)
        self._box.addWidget(muted(QLabel("Or drop files and folders anywhere in this window.")))
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)

    def show_recents(self, paths: Sequence[str]) -> None:
        """List these files, newest first."""
        while (item := self._recent.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if paths:
            self._recent.addWidget(_title("Recent", 1.0))
        for number, path in enumerate(paths, 1):
            self._recent.addWidget(self._recent_button(number, path))

    def _buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        for words, signal in (("&Open…", self.open_wanted), ("Open a &sample", self.sample_wanted)):
            button = spoken(QPushButton(words), words.replace("&", ""))
            button.clicked.connect(signal)
            line.addWidget(button)
        line.addWidget(self._integrate_button())
        line.addStretch(1)
        return line

    def _integrate_button(self) -> QPushButton:
        button = spoken(QPushButton("Open by &double-click"), "Open checkpoints by double-click")
        button.setToolTip("Registers ckpt_gui with this desktop, for you alone; it can be undone (Ctrl+Alt+B)")
        button.clicked.connect(self.integrate_wanted)
        return button

    def _recent_button(self, number: int, path: str) -> QPushButton:
        folder, name = str(Path(path).parent), Path(path).name
        words = f"{number}   {text.escape(name)}   –   {text.escape(folder)}".replace("&", "&&")
        button = spoken(QPushButton(), f"Open {name}")
        button.setFlat(True)
        button.setAccessibleDescription(path)
        button.setText(button.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, 580))
        button.setToolTip(f"{text.escape(path)}   (Ctrl+{number})")
        button.setStyleSheet("text-align: left")
        button.clicked.connect(lambda: self.path_wanted.emit(path))
        return button


def _title(words: str, scale: float) -> QLabel:
    label = QLabel(words)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(True)
    label.setFont(font)
    return label
