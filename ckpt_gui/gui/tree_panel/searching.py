"""Typed text → what it leaves of one checkpoint, without the window waiting: the index is built between events, too."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.gui.slices import Slices

if TYPE_CHECKING:
    from ckpt_gui.core.search import Found, SearchIndex, TermError

WARM_UP_MS = 150
"""The tree is painted first; the index for the first keystroke comes after it."""


class Searching(QObject):
    """One search at a time; the latest text wins. ``found`` carries a Found, or None for no filter."""

    found = Signal(object)
    begun = Signal()
    """The answer takes longer than a moment."""
    statistics_wanted = Signal()
    """The text asks for numbers that must be computed from the values."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.errors: tuple[TermError, ...] = ()
        """What is wrong with the latest text."""
        self._looked_in: tuple[Checkpoint, bytes | None] | None = None
        self._index: SearchIndex | None = None
        self._indexing: Generator[None, None, None] | None = None
        self._statistics: Mapping[str, Mapping[int, float]] = {}
        self._search: Slices[Found] = Slices(self)
        self._warm_up: Slices[None] = Slices(self)
        self._later = QTimer(self, singleShot=True, interval=WARM_UP_MS)
        self._later.timeout.connect(self._prepare)

    @property
    def busy(self) -> bool:
        """Whether an answer, or the index for later ones, is still to come."""
        return self._search.busy or self._warm_up.busy or self._later.isActive()

    def look_in(self, checkpoint: Checkpoint, roles: bytes | None) -> None:
        """Search another checkpoint from now on; its index is begun once the tree is painted."""
        self._search.stop()
        self._warm_up.stop()
        self._looked_in, self._index, self._statistics = (checkpoint, roles), None, {}
        self._later.start()

    def _prepare(self) -> None:
        if self._index is None and self._looked_in is not None:
            self._warm_up.start(self._indexed(self._begun_index()), lambda _none: None)

    def _begun_index(self) -> SearchIndex:
        from ckpt_gui.core.search import SearchIndex, indexing  # after the first paint, not before it

        assert self._looked_in is not None
        if self._index is None:
            self._index = SearchIndex(*self._looked_in)
            self._indexing = indexing(self._index)
            self._index.know(self._statistics)
        return self._index

    def know(self, statistics: Mapping[str, Mapping[int, float]]) -> None:
        """Statistics came in; the next search goes by them."""
        self._statistics = statistics
        if self._index is not None:
            self._index.know(statistics)

    def asks_for_statistics(self, text: str) -> bool:
        """Does a term of the text rest on the values?"""
        from ckpt_gui.core.search import asks_for_statistics

        return asks_for_statistics(text)

    def search(self, text: str, *, asking: bool = True) -> None:
        """Answers at once where it can, between two events where it cannot. ``asking``: for statistics it needs."""
        if self._looked_in is None:
            return
        if not text.strip():
            self.errors = ()
            self._search.stop()
            self.found.emit(None)
            return
        from ckpt_gui.core.search import parse

        if asking and self.asks_for_statistics(text):
            self.statistics_wanted.emit()
        index = self._begun_index()
        query = parse(text, statistics=index.statistics)
        self.errors = query.errors
        if not query.terms:
            self._search.stop()
            self.found.emit(None)
            return
        self._search.start(self._answer(text, index), self._answered)
        if self._search.busy:
            self.begun.emit()

    def _answered(self, found: Found) -> None:
        self.errors = found.errors
        self.found.emit(found)

    def _indexed(self, _index: SearchIndex) -> Generator[None, None, None]:
        """Step by step: a search that is given up must not take the index's own generator down with it."""
        work = self._indexing
        while work is not None and next(work, "done") is None:
            yield

    def _answer(self, text: str, index: SearchIndex) -> Generator[None, None, Found]:
        from ckpt_gui.core.search import finding, parse

        yield from self._indexed(index)
        return (yield from finding(parse(text, statistics=index.statistics), index))
