"""The question for the first step with NaN, and its answer in words with a way to the two files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from ckpt_gui.core.trend import words
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.trend.first_nan import FirstNan
    from ckpt_gui.core.trend.nouns import Run


class NanLine(QFrame):
    """A frame with the answer; hidden until there is one.

    Signals:
        pair_wanted: two stops are to be compared.
    """

    pair_wanted = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._pair = (-1, -1)
        self._words = spoken(QLabel(self), "The first step with NaN")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.compare = QPushButton(self)
        self.compare.clicked.connect(lambda: self.pair_wanted.emit(*self._pair))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.addWidget(self._words, 1)
        row.addWidget(self.compare, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def answer(self) -> str:
        """What it says."""
        return self._words.text()

    def show_answer(self, run: Run, found: FirstNan) -> None:
        """Say what was found."""
        self._say(" ".join(words.nan_answer(run, found)), alarm=found.place is not None)
        if found.place is not None and found.before is not None:
            self._pair = (found.before, found.place)
            self.compare.setText(words.pair_words(run, *self._pair))
            self.compare.setAccessibleName(self.compare.text())
            self.compare.show()

    def show_trouble(self, sentence: str) -> None:
        """Say why there is no answer."""
        self._say(sentence, alarm=True)

    def _say(self, sentence: str, *, alarm: bool) -> None:
        self.compare.hide()
        self.setProperty("alarm", alarm)
        self.style().unpolish(self)
        self.style().polish(self)
        self._words.setText(sentence)
        self.show()
