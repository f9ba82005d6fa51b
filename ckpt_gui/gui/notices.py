"""The bar that tells what went wrong, in sentences: never in the way, never a box to click away.

Each notice has a key; a newer one of the same key takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import spoken

MAX_SHOWN = 1
"""More would push the tree out of sight; the others are counted."""
Answer = tuple[str, Callable[[], object]]
"""A button: its word, and what it does (the notice goes too)."""


class Notice(QFrame):
    """One sentence, its buttons, and details on demand."""

    about: object = None
    """What it is about: it shows while that is in front; None: always."""

    def __init__(self, sentence: str, *, alarm: bool, details: str, answers: Sequence[Answer], close: Answer) -> None:
        super().__init__()
        spoken(self, "Error" if alarm else "Notice", style="notice")
        self.setProperty("alarm", alarm)
        self.setAccessibleDescription(sentence)
        self.sentence = sentence
        line = QHBoxLayout()
        line.addWidget(spoken(QLabel("▲" if alarm else "●"), "Error" if alarm else "Notice"))
        line.addWidget(_words(sentence), 1)
        for word, act in (*answers, *([("Details", self._toggle)] if details else [])):
            line.addWidget(self._button(word, act, close if act != self._toggle else None))
        line.addWidget(self._button("Close", close[1], None))
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 5, 8, 5)
        box.addLayout(line)
        self._details = _details(details) if details else None
        if self._details is not None:
            box.addWidget(self._details)

    def _button(self, word: str, act: Callable[[], object], close: Answer | None) -> QPushButton:
        button = QPushButton(word)
        button.setAutoDefault(False)
        if close is not None:
            button.clicked.connect(lambda: close[1]())
        button.clicked.connect(lambda: act())
        return button

    def _toggle(self) -> None:
        if self._details is not None:
            self._details.setVisible(self._details.isHidden())


def _words(sentence: str) -> QLabel:
    label = QLabel(sentence)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _details(words: str) -> QWidget:
    from PySide6.QtWidgets import QPlainTextEdit

    shown = spoken(QPlainTextEdit(words), "Details")
    shown.setReadOnly(True)
    shown.setMaximumHeight(160)
    shown.hide()
    return shown


def _announce(notice: QWidget) -> None:
    """Have a screen reader say it."""
    from PySide6.QtGui import QAccessible, QAccessibleEvent

    QAccessible.updateAccessibility(QAccessibleEvent(notice, QAccessible.Event.Alert))


class NoticeBar(QWidget):
    """The newest notice, and how many others there are of what is in front."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Notices")
        self._notices: dict[str, Notice] = {}
        self._front: object = None
        self._more = QLabel()
        self._more.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self._more)
        self._arrange()

    def tell(
        self,
        key: str,
        sentence: str,
        *,
        alarm: bool = False,
        details: str = "",
        answers: Sequence[Answer] = (),
        about: object = None,
    ) -> None:
        """Show a sentence until it is closed or dismissed; with ``about`` only while that is in front."""
        self.dismiss(key)
        close = ("Close", lambda: self.dismiss(key))
        notice = Notice(sentence, alarm=alarm, details=details, answers=answers, close=close)
        notice.about = about
        self._notices[key] = notice
        self._box.insertWidget(0, notice)
        self._arrange()
        _announce(notice)

    def dismiss(self, key: str) -> None:
        """Take a notice away, if it is there."""
        if (notice := self._notices.pop(key, None)) is not None:
            self._box.removeWidget(notice)
            notice.hide()
            notice.deleteLater()
            self._arrange()

    def dismiss_newest(self) -> bool:
        """Take away the notice on top; whether there was one."""
        key = next((key for key in reversed(self._notices) if self._concerns(self._notices[key])), None)
        if key is not None:
            self.dismiss(key)
        return key is not None

    def turn_to(self, front: object) -> None:
        """Show what is about this, and what is about nothing in particular."""
        self._front = front
        self._arrange()

    def _concerns(self, notice: Notice) -> bool:
        return notice.about is None or notice.about is self._front

    def sentences(self) -> list[str]:
        """What it says, newest first."""
        return [notice.sentence for notice in reversed(self._notices.values()) if self._concerns(notice)]

    def _arrange(self) -> None:
        newest = [notice for notice in reversed(self._notices.values()) if self._concerns(notice)]
        for notice in self._notices.values():
            notice.setVisible(notice in newest[:MAX_SHOWN])
        hidden = max(0, len(newest) - MAX_SHOWN)
        self._more.setText(f"{hidden} older" if hidden else "")
        self._more.setVisible(hidden > 0)
        self.setVisible(bool(newest))
