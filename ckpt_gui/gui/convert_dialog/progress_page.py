"""A conversion under way: what is being done, how far it has come, how quick it goes."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.spoken import Elided, muted, spoken

_SPEED_AFTER = 0.4
"""Seconds before a speed is told."""


class ProgressPage(QWidget):
    """One bar for each stage, one after the other."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Progress")
        self._stage, self._begun, self._first = "", 0.0, 0
        self.headline = spoken(Elided(self), "What is being done", style="headline")
        self.bar = spoken(QProgressBar(), "Progress")
        self.bar.setTextVisible(False)
        self.figures = spoken(QLabel(), "How far")
        self.target = muted(Elided(self))
        self.note = muted(QLabel("The source is only read. The result gets its name when it is proven; "
                                 "stopping before that leaves nothing behind."))  # fmt: skip
        self.note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 24, 0, 0)
        column.setSpacing(10)
        for widget in (self.headline, self.target, self.bar, self.figures, self.note):
            column.addWidget(widget)
        column.addStretch(1)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def begin(self, target: str) -> None:
        """Nothing is done yet."""
        self._stage = ""
        self.headline.say("Beginning …")
        self.target.say(text.escape(target))
        self.figures.setText("")
        self.bar.setRange(0, 0)

    def tell(self, stage: str, done: int, total: int, unit: str) -> None:
        """How far a stage has come; total 0 where unknown."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._begun, self._first = stage, now, done
            self.headline.say(stage)
        spent, moved = now - self._begun, done - self._first
        parts = [text.size(done) if unit == "bytes" else f"{done:,} {unit}"]
        if total:
            parts[0] += f" of {text.size(total) if unit == 'bytes' else f'{total:,}'}"
        if unit == "bytes" and spent > _SPEED_AFTER and moved > 0:
            parts.append(f"{moved / spent / 1e9:.2f} GB/s")
            if total > done:
                parts.append(f"about {max(1, round((total - done) * spent / moved)):,} s left")
        self.figures.setText(" · ".join(parts))
        self.bar.setRange(0, 1000 if total else 0)
        self.bar.setValue(min(1000, 1000 * done // total) if total else 0)

    def stopping(self) -> None:
        """It was asked to stop."""
        self.headline.say("Stopping …")
        self.bar.setRange(0, 0)
