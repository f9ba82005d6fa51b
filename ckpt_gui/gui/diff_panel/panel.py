"""The panel: both names and the story in short, filter and buttons, how names were paired, the tree of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import search, text
from ckpt_gui.core.diff.facts import ORDER
from ckpt_gui.core.diff.grouping import ROOT
from ckpt_gui.core.diff.nouns import CHANGES, UNKNOWN
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.diff_panel import commands
from ckpt_gui.gui.diff_panel.classes import Classes
from ckpt_gui.gui.diff_panel.pairing_bar import PairingBar
from ckpt_gui.gui.diff_panel.rows import Rows
from ckpt_gui.gui.diff_panel.sieve import Sieve
from ckpt_gui.gui.filter_line import FilterLine
from ckpt_gui.gui.spoken import Elided, muted, spoken
from ckpt_gui.gui.tolerance_control import ToleranceControl

ARRANGE_AGAIN_MS = 1_500
"""Between two times that rows come and go while values are compared; numbers come in more often."""


class DiffPanel(QWidget):
    """Shows one comparison.

    Signals:
        picked: ids of the selected rows, pairs and groups.
        message: a sentence for the status bar.
        node_wanted: a row of one file is to be shown: 0 for A or 1 for B, and the tensor's id.
        overview_wanted: the comparison as a whole is to be shown.
    """

    picked = Signal(list)
    message = Signal(str)
    node_wanted = Signal(int, int)
    overview_wanted = Signal()

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Comparison")
        self.comparison = comparison
        self.filter = FilterLine(self, "words, change:changed, rel:>1e-3, cos:<0.99, shape:(_,4096) …", builds=False)
        self.classes = Classes(self)
        self.tolerance = ToleranceControl(self)
        self.pairing_bar = PairingBar(self)
        self.rows = Rows(self)
        self._sieve = Sieve(self)
        self._sides = Elided(self)
        self._story = muted(Elided(self))
        self._names: Sequence[str] = ()
        self._same_names = False
        """Are the rows of the names that were shown before?"""
        self._fresh = False
        """Are there other rows, not shown yet?"""
        self._arranged = 0.0
        self._again = QTimer(self, singleShot=True, interval=ARRANGE_AGAIN_MS)
        self._again.timeout.connect(self._sift)
        self.commands = commands.make(self, self._handlers())
        self._lay_out()
        self._connect()
        self.setFocusProxy(self.rows)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        rows = self.rows
        return {
            "next": partial(self.step, 1), "previous": partial(self.step, -1), "copy key": self._copy_key,
            "filter to this": self._filter_to_this, "compare part": self._compare_part,
            "compare whole": lambda: self.comparison.choose_parts(None, None),
            "open left": partial(self._open_in, 0), "open right": partial(self._open_in, 1),
            "expand below": rows.expand_below, "collapse below": rows.collapse_below, "expand all": rows.expand_all,
            "collapse all": rows.collapse_all, "whole": self._show_whole, "swap": self.comparison.swap,
            "rules": self.pairing_bar.open_editor, "again": self.comparison.compare_again,
            "columns": rows.tree.open_columns, "menu": lambda: self._open_menu(QPoint(-1, -1)),
            **{f"show {change}": partial(self.classes.toggle, change) for change in CHANGES},
        }  # fmt: skip

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._sides, 1)
        for name, word in (("swap", "⇄ Swap"), ("previous", "↑ Previous"), ("next", "↓ Next"), ("rules", "Rules…")):
            head.addWidget(self._button(name, word))
        below = QHBoxLayout()
        below.addWidget(self.classes, 1)
        below.addWidget(self.tolerance)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(head)
        column.addWidget(self._story)
        column.addWidget(self.filter)
        column.addLayout(below)
        column.addWidget(self.pairing_bar)
        column.addWidget(self.rows, 1)

    def _button(self, name: str, word: str) -> QPushButton:
        action = self.commands[name]
        button = spoken(QPushButton(word), action.text().rstrip("…"))
        button.setToolTip(f"{action.text().rstrip('…')} ({action.shortcut().toString()})")
        button.setAutoDefault(False)
        button.clicked.connect(action.trigger)
        return button

    def _connect(self) -> None:
        one = self.comparison
        one.begun.connect(self._begun)
        one.paired.connect(self._paired)
        one.rows_changed.connect(self._rows_changed)
        one.proposals_changed.connect(self._show_pairing)
        one.finished.connect(self._finished)
        one.stopped.connect(self._stopped)
        one.failed.connect(lambda words, _details: self._failed(words))
        self.filter.changed.connect(lambda _text: self._sift())
        self.filter.left_downwards.connect(self.rows.go_to)
        self.classes.changed.connect(self._sift)
        self._sieve.sifted.connect(self._sifted)
        self.rows.picked.connect(self.picked)
        self.rows.message.connect(self.message)
        self.pairing_bar.rules_wanted.connect(one.apply_rules)
        self.tolerance.chosen.connect(one.set_tolerance)
        self.rows.tree.customContextMenuRequested.connect(self._open_menu)

    # -------------------------------------------------------------------------------------------- what is known

    def busy(self) -> bool:
        """Are rows still being sifted?"""
        return self._sieve.busy or self._again.isActive()

    def _begun(self) -> None:
        one = self.comparison
        names = (text.escape(file.name) for file in (one.left, one.right))
        parts = (f" · {text.escape(text.path_text(path))}" if path else "" for path in (one.left_path, one.right_path))
        words = "     ".join(f"{letter}  {name}{part}" for letter, name, part in zip("AB", names, parts, strict=True))
        self._sides.say(words)
        self.tolerance.show_tolerance(one.tolerance)
        self.tell_story("")
        if one.pairing is None:
            self.rows.say("Pairing names …")

    def _paired(self) -> None:
        one = self.comparison
        assert one.facts is not None
        keys = one.facts.grouping.keys
        self._same_names, self._names = keys == self._names, keys
        self._sieve.look_in(one.facts)
        self._fresh = True
        self._tell_counts()
        self._show_pairing()
        self._sift()

    def _show_pairing(self) -> None:
        pairing = self.comparison.pairing
        if pairing is not None:
            self.pairing_bar.show_pairing(pairing.renames, self.comparison.proposals, pairing.hints)

    def _rows_changed(self, _places: list[int]) -> None:
        self._tell_counts()
        self.rows.say_anew()
        if not self._again.isActive():
            self._again.start()

    def _finished(self) -> None:
        self._again.stop()
        self._sift()

    def tell_story(self, words: str) -> None:
        """What happened from A to B, in a sentence."""
        self._story.say(text.escape(words))
        self._story.setVisible(bool(words))

    def _stopped(self) -> None:
        self._again.stop()
        if self.comparison.pairing is None:
            self.rows.say("Comparing was stopped. F5 begins again.")
            return
        self._sift()
        waiting = sum(row.change == UNKNOWN for row in self.comparison.rows)
        again = self.commands["again"].shortcut().toString()
        self.tell_story(f"Stopped: {waiting:,} of {text.plural(len(self.comparison.rows), 'pair')} not compared; "
                        f"{again} compares them")  # fmt: skip

    def _failed(self, words: str) -> None:
        if self.comparison.pairing is None:
            self.rows.say(text.escape(words))

    def _tell_counts(self) -> None:
        facts = self.comparison.facts
        if facts is not None:
            self.classes.tell(dict(zip(ORDER, facts.sum(ROOT).counts, strict=True)))

    # -------------------------------------------------------------------------------------------- what stays

    def _sift(self) -> None:
        self._sieve.sift(self.filter.edit.text(), self.classes.shown())

    def _sifted(self, kept: bytes | None, matching: int) -> None:
        facts = self.comparison.facts
        if facts is None:
            return
        rows, total = self.rows, len(facts.rows)
        rows.filtered = matching >= 0
        shown = total if kept is None else kept.count(1)
        if self._fresh:
            self._fresh = False
            rows.show_facts(facts, kept, again=self._same_names)
        else:
            rows.kept = kept
            rows.arrange()
        hidden = f"   ({total - shown:,} hidden)" if shown < total else ""
        self.filter.tell(self._sieve.errors, f"{shown:,} of {text.plural(total, 'pair')}{hidden}")
        rows.say("" if shown else self._why_nothing(total, matching))

    def _why_nothing(self, total: int, matching: int) -> str:
        if not total:
            return "There is no tensor on either side."
        one = self.comparison
        if one.left is one.right and one.left_path == one.right_path:
            return f"Both sides are the same file.\n{text.plural(total, 'tensor')}; Alt+1 shows them."
        if matching >= 0:
            return "No pair matches the filter." if not matching else "What matches is hidden by the buttons above."
        facts = self.comparison.facts
        if facts is not None and facts.sum(ROOT).of("same") == total:
            return f"All {text.plural(total, 'tensor')} are the same, bit for bit.\nAlt+1 shows them."
        return "All pairs are hidden by the buttons above."

    # -------------------------------------------------------------------------------------------- commands

    def step(self, by: int) -> None:
        """Go to the next difference (1) or the one before (-1), in the order in which rows stand."""
        facts = self.comparison.facts
        if facts is None or self.rows.model.arrangement is None:
            return
        current = self.rows.current()
        ahead = self.rows.arrangement.following(ROOT if current is None else current, by)
        place = next((place for place in ahead if facts.rows[place].change not in ("same", UNKNOWN)), None)
        if place is not None:
            self.rows.select([place])
        elif current is None:
            self.message.emit("There is no difference among the rows shown")
        else:
            self.message.emit("There is no further difference below" if by > 0 else "There is no difference above")

    def select_key(self, key: str) -> bool:
        """Select the pair, or the group, of that name; whether there is one."""
        facts = self.comparison.facts
        if facts is None:
            return False
        names = {row.key: place for place, row in enumerate(facts.rows)}
        grouping = facts.grouping
        groups = {name: grouping.count + number for number, name in enumerate(grouping.names)}
        row = names.get(key, groups.get(key))
        return row is not None and self.go_to(row)

    def go_to(self, row: int) -> bool:
        """Select a row, whatever must be cleared for it."""
        if self.rows.select([row]):
            return True
        self.filter.edit.clear()
        if not self.rows.select([row]):
            self.classes.show_only(set(CHANGES))
        return self.rows.select([row])

    def focus_filter(self) -> None:
        """Put the keyboard into the filter line."""
        self.filter.edit.setFocus()
        self.filter.edit.selectAll()

    def _show_whole(self) -> None:
        self.rows.tree.clearSelection()
        self.overview_wanted.emit()

    def _current(self) -> int | None:
        """The row the keyboard is on, if that is a pair or a group."""
        row, facts = self.rows.current(), self.comparison.facts
        return row if row is not None and facts is not None and row < len(facts.grouping) else None

    def _copy_key(self) -> None:
        facts = self.comparison.facts
        if facts is None or not self.rows.selected:
            return
        grouping = facts.grouping
        names = [grouping.name(row) if grouping.is_group(row) else facts.rows[row].key for row in self.rows.selected]
        QGuiApplication.clipboard().setText("\n".join(names))
        self.message.emit(f"Copied {text.plural(len(names), 'key')}")

    def _filter_to_this(self) -> None:
        row, facts = self._current(), self.comparison.facts
        if row is None or facts is None:
            return
        grouping = facts.grouping
        if grouping.is_group(row):
            term = search.exactly(grouping.name(row), below=grouping.joints[row - grouping.count])
        else:
            term = search.exactly(facts.rows[row].key)
        self.filter.edit.setText(term)
        self.rows.tree.setFocus()

    def _compare_part(self) -> None:
        from ckpt_gui.core.diff.parts import part

        row, one = self._current(), self.comparison
        if row is None or one.pairing is None or one.facts is None:
            return
        paths = part(one.pairing, one.facts, row)
        if paths is None:
            self.message.emit("This part has no counterpart on the other side")
        else:
            one.choose_parts(*paths)

    def _open_in(self, side: int) -> None:
        row, facts = self._current(), self.comparison.facts
        if row is None or facts is None:
            return
        for place in facts.grouping.pairs(row):
            tensor = (facts.rows[place].left, facts.rows[place].right)[side]
            if tensor >= 0:
                self.node_wanted.emit(side, tensor)
                return
        self.message.emit(f"{'AB'[side]} has no tensor here")

    def _open_menu(self, place: QPoint) -> None:
        menu = commands.context_menu(self, self.commands, on_row=self.rows.current() is not None)
        menu.popup(self.rows.tree.menu_place(place))
