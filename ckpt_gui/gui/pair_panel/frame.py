"""What the pages of pairs have in common: a sentence in the place of the content, and what was picked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QWidget

from ckpt_gui.core.diff.picked import Picked, picked
from ckpt_gui.gui.spoken import muted, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ckpt_gui.core.diff.nouns import Row
    from ckpt_gui.core.tensors import Reading
    from ckpt_gui.gui.comparing import Comparison

PATIENCE_MS = 150
"""So long the former picture stays while a new one is made; then it would mislead."""
GONE = "One of the two files is not open any more."


class Frame(QStackedWidget):
    """A sentence, or the content. ``wait`` says that it is being read, unless the content comes soon."""

    def __init__(self, name: str, content: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._sentence = spoken(QLabel(self), f"Why there is no {name}")
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setMargin(24)
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.addWidget(self._sentence)
        self.addWidget(content)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(lambda: self.say("Reading the values …"))

    def wait(self) -> None:
        """The content is on its way."""
        self._patience.start()

    def show_content(self) -> None:
        """It is there."""
        self._patience.stop()
        self.setCurrentIndex(1)

    def say(self, sentence: str) -> None:
        """A sentence in place of the content."""
        self._patience.stop()
        self._sentence.setText(sentence[:1].upper() + sentence[1:] + ("" if sentence.endswith((".", "…")) else "."))
        self.setCurrentIndex(0)

    def rest(self) -> None:
        """Nothing is awaited any more."""
        self._patience.stop()

    @property
    def drawn(self) -> bool:
        """Is the content in sight?"""
        return self.currentIndex() == 1

    def sentence(self) -> str:
        """What stands in place of the content; "" where that is there."""
        return "" if self.drawn else str(self._sentence.text())


class Chosen:
    """The rows picked; which of them repeat others is found out on a job's thread, for there may be many."""

    def __init__(self, left: Reading, right: Reading, rows: Sequence[Row]) -> None:
        self.left, self.right = left, right
        self.rows = rows

    @cached_property
    def picked(self) -> Picked:
        """The same as the core wants it."""
        return picked(self.left, self.right, self.rows)


class Selection:
    """Which pairs of which comparison a page shows."""

    def __init__(self) -> None:
        self.comparison: Comparison | None = None
        self.places: tuple[int, ...] = ()
        self._pairing: object = None

    def is_same(self, comparison: Comparison, places: list[int]) -> bool:
        """Was exactly this picked before, with the same pairing?"""
        return (self.comparison, self.places, self._pairing) == (comparison, tuple(places), comparison.pairing)

    def take(self, comparison: Comparison, places: list[int]) -> Chosen | None:
        """Remember it; what is picked, None where a file is not open any more."""
        self.comparison, self.places, self._pairing = comparison, tuple(places), comparison.pairing
        if comparison.left.opened is None or comparison.right.opened is None or comparison.pairing is None:
            return None
        rows = [comparison.rows[place] for place in places]
        return Chosen(comparison.left.reading(), comparison.right.reading(), rows)

    def forget(self) -> None:
        """Nothing is picked."""
        self.comparison, self.places, self._pairing = None, (), None

    def name(self) -> str:
        """What is picked, for the name of a job."""
        from ckpt_gui.core import text

        if self.comparison is None or len(self.places) != 1:
            return text.plural(len(self.places), "pair")
        return text.escape(text.clip(self.comparison.rows[self.places[0]].key, 60))


def words_label(name: str, parent: QWidget) -> QLabel:
    """A line of muted words that wraps, and gives way to the width there is."""
    made = muted(spoken(QLabel(parent), name))
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.RichText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made
