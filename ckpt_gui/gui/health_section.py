"""What a check of health found, in sentences that lead to their tensors; and the button that starts one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui import rich
from ckpt_gui.gui.spoken import muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.health import Health
    from ckpt_gui.core.health.words import Group, Line
    from ckpt_gui.gui.theme import Colours

MAX_LINES = 12
"""Of one kind; ``ckpt-gui verify --all`` lists them all."""


class State(NamedTuple):
    """Where the check of a file stands."""

    nbytes: int
    """Of the file."""
    health: Health | None = None
    running: bool = False
    stopped: str = ""
    """Why there is no outcome, in words."""


class HealthSection(QWidget):
    """The section of the Overview page.

    Signals:
        followed: a link was followed; its address.
        check_wanted: the button was pressed.
    """

    followed = Signal(str)
    check_wanted = Signal()

    def __init__(self, state: State, colours: Colours) -> None:
        super().__init__()
        self._colours = colours
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        title = QLabel("<b>Health</b>")
        title.setContentsMargins(0, 10, 0, 0)
        self._words = spoken(QLabel(), "Health")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.RichText)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self._words.linkActivated.connect(self.followed)
        self._notes = muted(QLabel())
        self._notes.setWordWrap(True)
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._button = QPushButton()
        self._button.clicked.connect(self.check_wanted)
        line = QHBoxLayout()
        line.addWidget(self._button)
        line.addStretch(1)
        for widget in (title, self._words, self._notes):
            box.addWidget(widget)
        box.addLayout(line)
        self.show_state(state)

    def show_state(self, state: State) -> None:
        """Say where the check stands."""
        again = "again " if state.health is not None else ""
        words = f"Check values and checksums {again}({text.size(state.nbytes)})"
        spoken(self._button, words).setText(words)
        self._button.setVisible(not state.running)
        told = list(self._told(state))
        self._words.setText("".join(told))
        self._words.setAccessibleDescription(self._spoken(state))
        self._words.setVisible(bool(told))
        self._notes.setText("\n".join(state.health.notes) if state.health is not None else "")
        self._notes.setVisible(bool(self._notes.text()))

    def _told(self, state: State) -> Iterator[str]:
        if state.running:
            yield _line_of("Looking at every value and every checksum …")
        elif state.health is not None:
            yield from self._found(state.health)
        elif state.stopped:
            yield _line_of(rich.escape(text.escape(state.stopped)))

    def _found(self, health: Health) -> Iterator[str]:
        from ckpt_gui.core.health.words import groups, verdict  # where there is an outcome, it is imported

        mark = "✓" if health.ok else f'<span style="color:{self._colours.alarm}">▲</span>'
        yield _line_of(f"{mark} {rich.escape(verdict(health))}")
        for group in groups((*health.problems, *health.findings)):
            yield from self._group(group)

    def _group(self, group: Group) -> Iterator[str]:
        count = f" ({group.count:,})" if group.count > 1 else ""
        sign, colour = ("▲", self._colours.alarm) if group.kind.problem else ("◇", self._colours.muted)
        yield _line_of(f'<span style="color:{colour}">{sign} {rich.escape(group.title)}{count}</span>')
        if group.kind == "structure":
            yield _line_of("told under “Notes and problems”", 14)
            return
        yield from (_line_of(self._line(line), 14) for line in group.lines[:MAX_LINES])
        if len(group.lines) > MAX_LINES:
            yield _line_of(f"… and {len(group.lines) - MAX_LINES:,} more; ckpt-gui verify --all lists them", 14)

    def _line(self, line: Line) -> str:
        if line.count == 1 and line.places:
            return rich.leading(line.words(), line.places[0].node, self._colours)
        from ckpt_gui.core.health.words import name

        links = [rich.leading(name(place), place.node, self._colours) for place in line.places]
        return replace(line, text=rich.escape(line.text)).words(links)

    def _spoken(self, state: State) -> str:
        """What a screen reader says first."""
        if state.health is None:
            return "being checked" if state.running else state.stopped or "not checked yet"
        from ckpt_gui.core.health.words import verdict

        return verdict(state.health)


def _line_of(words: str, indent: int = 0) -> str:
    """A paragraph, set in by so many pixels, its further lines too."""
    return f'<p style="margin:0 0 3px {indent}px">{words}</p>'
