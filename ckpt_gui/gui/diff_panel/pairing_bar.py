"""How names were paired: rules in force, rules proposed, hints. A rule can be taken on, edited, refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.errors import RenameError
from ckpt_gui.core.pairing import Proposal
from ckpt_gui.core.renames import Rule, parse_rule
from ckpt_gui.gui.spoken import Elided, muted, spoken

MAX_SHOWN = 3
"""Proposals and hints shown; the rest is counted, and opened by a button."""


class PairingBar(QFrame):
    """A line for each rule and hint; hidden where there is nothing to say.

    Signals:
        rules_wanted: A's names are to be renamed by these rules; a tuple of Rule.
    """

    rules_wanted = Signal(tuple)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        spoken(self, "How names were paired", style="pairing")
        self._applied: tuple[tuple[Rule, int], ...] = ()
        self._proposed: tuple[Proposal, ...] = ()
        self._hints: tuple[str, ...] = ()
        self._refused: set[str] = set()
        self._all = False
        self._editor: QWidget | None = None
        self.edit: QLineEdit | None = None
        """The rule being edited."""
        self._reason: QLabel | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(8, 4, 6, 4)
        self._box.setSpacing(2)
        self.hide()

    def show_pairing(
        self, applied: Sequence[tuple[Rule, int]], proposed: Sequence[Proposal], hints: Sequence[str]
    ) -> None:
        """Show these instead."""
        self._applied, self._proposed, self._hints = tuple(applied), tuple(proposed), tuple(hints)
        self._lay_out()

    def open_editor(self, rule: str = "", instead: int = -1) -> None:
        """A line to type a rule in; ``instead``: in place of the rule in force of that number."""
        self._lay_out()
        line = QWidget(self)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        edit = self.edit = spoken(QLineEdit(rule), "Rule: regular expression => text")
        edit.setPlaceholderText(r"^module\. =>      a regular expression, =>, and what takes its place in A's names")
        self._reason = spoken(muted(QLabel()), "What is wrong with the rule")
        self._reason.setWordWrap(True)
        self._reason.hide()
        row.addWidget(edit, 1)
        edit.returnPressed.connect(partial(self._take_edited, instead))
        row.addWidget(_button("Apply", "Apply the rule", partial(self._take_edited, instead)))
        row.addWidget(_button("Cancel", "Leave the rules as they are", self._lay_out))
        self._box.addWidget(line)
        self._box.addWidget(self._reason)
        self.show()
        edit.setFocus()

    def _take_edited(self, instead: int) -> None:
        if self.edit is None or self._reason is None:
            return
        try:
            rule = parse_rule(self.edit.text())
        except RenameError as exc:
            self.edit.setProperty("bad", True)
            self.edit.style().polish(self.edit)
            self._reason.setText(f"▲ {text.escape(str(exc))}")
            self._reason.show()
            return
        rules = [one for one, _matched in self._applied]
        if instead >= 0:
            rules[instead] = rule
        else:
            rules.append(rule)
        self.rules_wanted.emit(tuple(rules))

    def _lay_out(self) -> None:
        while (item := self._box.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.edit = self._reason = None
        for number, (rule, matched) in enumerate(self._applied):
            self._add_applied(number, rule, matched)
        proposed = [one for one in self._proposed if one.rule.text not in self._refused]
        entries: list[Callable[[], None]] = [partial(self._add_proposal, one) for one in proposed]
        entries += [partial(self._add_hint, hint) for hint in self._hints]
        shown = entries if self._all else entries[:MAX_SHOWN]
        for add in shown:
            add()
        if len(entries) > MAX_SHOWN:
            words = "Show less" if self._all else f"{len(entries) - len(shown):,} more"
            self._box.addWidget(_button(words, words, self._toggle), 0, Qt.AlignmentFlag.AlignLeft)
        self.setVisible(bool(self._applied or entries))

    def _toggle(self) -> None:
        self._all = not self._all
        self._lay_out()

    def _add_applied(self, number: int, rule: Rule, matched: int) -> None:
        words = f"Renamed:  {text.escape(rule.text)}   ({text.plural(matched, 'name')})"
        self._line(words, "", [
            ("Edit", f"Edit the rule {rule.text}", partial(self.open_editor, rule.text, number)),
            ("Remove", f"Remove the rule {rule.text}", partial(self._remove, number)),
        ])  # fmt: skip

    def _add_proposal(self, one: Proposal) -> None:
        words = f"Proposed:  {text.escape(one.rule.text)}   would pair {one.matched:,} more.  {text.escape(one.reason)}"
        self._line(words, "", [
            ("Accept", f"Accept the rule {one.rule.text}", partial(self._accept, one.rule)),
            ("Edit", f"Edit the rule {one.rule.text}", partial(self.open_editor, one.rule.text)),
            ("Refuse", f"Refuse the rule {one.rule.text}", partial(self._refuse, one.rule)),
        ])  # fmt: skip

    def _add_hint(self, hint: str) -> None:
        self._line(text.escape(hint), "", [])

    def _line(self, words: str, tip: str, buttons: Sequence[tuple[str, str, Callable[[], object]]]) -> None:
        line = QWidget(self)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = Elided(line)
        label.say(words, tip)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(label, 1)
        for word, spoken_word, act in buttons:
            row.addWidget(_button(word, spoken_word, act))
        self._box.addWidget(line)

    def _accept(self, rule: Rule) -> None:
        self.rules_wanted.emit((*(one for one, _matched in self._applied), rule))

    def _remove(self, number: int) -> None:
        self.rules_wanted.emit(tuple(rule for place, (rule, _matched) in enumerate(self._applied) if place != number))

    def _refuse(self, rule: Rule) -> None:
        self._refused.add(rule.text)
        self._lay_out()


def _button(word: str, name: str, act: Callable[[], object]) -> QPushButton:
    button = spoken(QPushButton(word), name)
    button.setFlat(True)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: act())
    return button
