"""What is to be said about a plan or a result: a sentence a line, in sight up to a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.spoken import spoken

LINES = 5
"""So many lines are in sight; the others by scrolling."""
MAX_SHOWN = 200


class Sentences(QScrollArea):
    """Sentences with a mark before each; hidden where there are none."""

    def __init__(self, name: str, parent: QWidget, mark: str = "▲") -> None:
        super().__init__(parent)
        spoken(self, name, style="plain")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._mark = mark
        inside = QWidget(self.viewport())
        self._label = spoken(QLabel(inside), name)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setAlignment(Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(inside)
        box.setContentsMargins(0, 0, 4, 0)
        box.addWidget(self._label)
        self.setWidget(inside)
        self.hide()

    def say(self, sentences: Sequence[str]) -> None:
        """Show these, in place of those before."""
        lines = [f"{self._mark} {text.escape(one)}" for one in sentences[:MAX_SHOWN]]
        if len(sentences) > MAX_SHOWN:
            lines.append(f"and {len(sentences) - MAX_SHOWN:,} more")
        self._label.setText("\n".join(lines))
        self._label.setAccessibleDescription("\n".join(sentences[:MAX_SHOWN]))
        self.setVisible(bool(lines))
        self.verticalScrollBar().setValue(0)
        self._fit()

    def sentences(self) -> str:
        """What it says."""
        return str(self._label.text())

    def _fit(self) -> None:
        needed = self._label.heightForWidth(max(self.viewport().width() - 4, 80))
        line = self.fontMetrics().lineSpacing()
        self.setFixedHeight(min(needed + 4, LINES * line + 4))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]  # a QResizeEvent
        self._fit()
