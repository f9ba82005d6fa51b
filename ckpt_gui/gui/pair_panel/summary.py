"""The page Pair: what there is to say of a pair, or of several together; measures at once, the values follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core.diff import sections
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.facts_text import FactsText
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.pair_panel.frame import GONE, Chosen, Frame, Selection

if TYPE_CHECKING:
    from ckpt_gui.core.diff.sections import Looked
    from ckpt_gui.core.facts import Section
    from ckpt_gui.gui.comparing import Comparison

_LOOK, _AT, _TELL = "pair values", "pair at its largest difference", "pairs in words"
UNASKED_NBYTES, UNASKED_PAIRS = 1 << 30, 2_000
"""Bytes of both sides together, and pairs, that a mere click has looked at."""


class PairSummary(QWidget):
    """Facts to read, select and copy.

    Signals:
        message: a word for the status bar.
        place_wanted: a link to a pair was followed; its place.
        value_wanted: a link to a value was followed; the pair's place, and the index.
        word_wanted: a word of the glossary is to be explained.
    """

    message = Signal(str)
    place_wanted = Signal(int)
    value_wanted = Signal(int, tuple)
    word_wanted = Signal(str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("The pair in words")
        self._jobs = jobs
        self._selection = Selection()
        self._chosen_pairs: Chosen | None = None
        self._looked: Looked | None = None
        self._values = ""
        """The two where they are furthest apart."""
        self._where: tuple[int, ...] | None = None
        self.facts = FactsText("The pair in words", self)
        self.facts.node_wanted.connect(self.place_wanted)
        self.facts.place_wanted.connect(self.value_wanted)
        self.facts.word_wanted.connect(self.word_wanted)
        self._frame = Frame("pair", self.facts, self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 6)
        box.addWidget(self._frame)
        self.setFocusProxy(self.facts)

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """Show these pairs; called again while values come in."""
        if not self._selection.is_same(comparison, places):
            self.let_go()
            self._chosen_pairs = self._selection.take(comparison, places)
            if self._chosen_pairs is not None:
                self._look(self._chosen_pairs)
        if self._chosen_pairs is None:
            self._frame.say(GONE)
        elif not places:
            self._frame.say("There is no pair of tensors in what is picked")
        else:
            self._tell()
            self._look_there(self._chosen_pairs)

    def let_go(self) -> None:
        """Stop what is under way and forget the files."""
        for slot in (_LOOK, _AT, _TELL):
            self._jobs.cancel(slot)
        self._selection.forget()
        self._chosen_pairs, self._looked, self._values, self._where = None, None, "", None

    def _look(self, found: Chosen) -> None:
        """Statistics of the values; those of a large group only where they are asked for."""
        executor, workers = self._jobs.executor(), self._jobs.workers

        def work(report: Report) -> Looked | None:
            if not 0 < len(found.rows) <= UNASKED_PAIRS or sum(found.picked.nbytes()) > UNASKED_NBYTES:
                return None
            return sections.look(found.picked, report, executor, workers)

        self._jobs.run(
            _LOOK,
            work,
            self._looked_at,
            failed=lambda _sentence, _details: None,  # the change, or the problem, says as much
            label=f"Values of {self._selection.name()}",
        )

    def _looked_at(self, looked: Looked | None) -> None:
        self._looked = looked
        self._tell()

    def _look_there(self, found: Chosen) -> None:
        """The two values where they are furthest apart, once that is known."""
        comparison, places = self._selection.comparison, self._selection.places
        assert comparison is not None
        measures = comparison.rows[places[0]].measures if len(places) == 1 else None
        where = measures.where if measures is not None else None
        if where is None or where == self._where:
            return
        self._where = where

        def work(_report: Report) -> str:
            return sections.at_largest(found.picked, where)

        self._jobs.run(_AT, work, self._read_there, failed=lambda sentence, _details: self.message.emit(sentence))

    def _read_there(self, values: str) -> None:
        self._values = values
        self._tell()

    def _tell(self) -> None:
        comparison, places = self._selection.comparison, self._selection.places
        if comparison is None or self._chosen_pairs is None or not places:
            return
        left, right = self._chosen_pairs.left.checkpoint, self._chosen_pairs.right.checkpoint
        looked, rows = self._looked, comparison.rows
        if len(places) == 1:
            self._show(sections.of_pair(left, right, rows[places[0]], places[0], values=self._values, looked=looked))
            return
        rows = list(rows)  # a job is not to see it change
        self._jobs.run(
            _TELL,
            lambda _report: sections.of_several(rows, places, looked),
            self._show,
            failed=lambda sentence, _details: self._frame.say(sentence),
        )

    def _show(self, made: tuple[Section, ...]) -> None:
        self.facts.show_sections(made)
        self._frame.show_content()

    def sentence(self) -> str:
        """What stands in place of the facts; "" where they are there."""
        return self._frame.sentence()
