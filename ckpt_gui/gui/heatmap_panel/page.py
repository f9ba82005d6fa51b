"""The page's frame: choices, words, picture and read-out under one another, or a sentence in place of them all."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import Elided, muted, spoken

_ABOVE, _BESIDE = 240, 220
"""About how many pixels of the page are not picture."""


class Page(QStackedWidget):
    """One of the two is in sight."""

    def __init__(self, controls: QWidget, plot: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.words = muted(spoken(QLabel(self), "What the heat-map shows"))
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.readout = muted(spoken(Elided(self), "The value under the cross-hair"))
        chart = QWidget(self)
        box = QVBoxLayout(chart)
        box.setContentsMargins(0, 6, 0, 6)
        for widget in (controls, self.words):
            box.addWidget(widget)
        box.addWidget(plot, 1)
        box.addWidget(self.readout)
        self._sentence = spoken(QLabel(self), "Why there is no heat-map")
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.addWidget(self._sentence)
        self.addWidget(chart)

    @property
    def drawn(self) -> bool:
        """Is the picture in sight?"""
        return self.currentIndex() == 1

    def say(self, sentence: str) -> None:
        """A sentence in place of the picture."""
        self._sentence.setText(sentence)
        self.setCurrentIndex(0)

    def sentence(self) -> str:
        """What stands in place of the picture; "" where there is one."""
        return "" if self.drawn else str(self._sentence.text())

    def likely_room(self) -> tuple[float, float]:
        """About the pixels, down and across, that a picture will have that was not in sight yet."""
        ratio = self.devicePixelRatioF()
        return (self.height() - _ABOVE) * ratio, (self.width() - _BESIDE) * ratio
