"""Which pairs stay: those of the chosen changes that the filter line leaves. Worked out between events."""

from __future__ import annotations

from collections.abc import Generator, Set

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.diff.nouns import CHANGES, UNKNOWN
from ckpt_gui.core.diff.search import Found, PairIndex, finding, read
from ckpt_gui.core.search import TermError
from ckpt_gui.gui.slices import Slices


class Sieve(QObject):
    """One search at a time; the latest wins.

    Signals:
        sifted: one byte a pair, or None where all stay; and how many the filter line alone leaves (-1: nothing typed).
    """

    sifted = Signal(object, int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.errors: tuple[TermError, ...] = ()
        """What is wrong with the latest text."""
        self._facts: Facts | None = None
        self._index: PairIndex | None = None
        self._search: Slices[Found] = Slices(self)

    @property
    def busy(self) -> bool:
        """Is an answer still to come?"""
        return self._search.busy

    def look_in(self, facts: Facts) -> None:
        """Sift other rows from now on."""
        self._search.stop()
        self._facts, self._index = facts, None

    def sift(self, text: str, changes: Set[str]) -> None:
        """Answers at once where it can."""
        self._search.stop()
        if self._facts is None:
            return
        query = read(text)
        self.errors = query.errors
        if not query.terms:
            self.sifted.emit(_of_changes(self._facts, changes), -1)
            return
        named = any(getattr(test, "field", "") == "change" for term in query.terms for test in term.tests)
        wanted = set(CHANGES) if named else changes  # a change that is asked for by name is shown
        self._search.start(self._work(text), lambda found: self._found(found, wanted))

    def _work(self, text: str) -> Generator[None, None, Found]:
        assert self._facts is not None
        if self._index is None:
            facts = self._facts
            self._index = PairIndex(facts.left, facts.right, facts.rows)
            yield
        return (yield from finding(read(text), self._index))

    def _found(self, found: Found, changes: Set[str]) -> None:
        self.errors = found.errors
        assert self._facts is not None
        kept, chosen = found.kept, _of_changes(self._facts, changes)
        if chosen is not None:
            together = int.from_bytes(kept, "little") & int.from_bytes(chosen, "little")
            kept = together.to_bytes(len(kept), "little")
        self.sifted.emit(kept, found.kept.count(1))


def _of_changes(facts: Facts, changes: Set[str]) -> bytes | None:
    """Rows of these changes, and those that were not compared yet."""
    if len(changes) == len(CHANGES):
        return None
    shown = {*changes, UNKNOWN}
    return bytes(row.change in shown for row in facts.rows)
