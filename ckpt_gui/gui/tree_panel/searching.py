"""Typed text → what it leaves of one checkpoint, without the window waiting: the index is built between events, too."""

from __future__ import annotations

from collections.abc import Generator

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.search import Found, SearchIndex, TermError, finding, indexing, parse
from ckpt_gui.gui.tree_panel.slices import Slices


class Searching(QObject):
    """One search at a time; the latest text wins. ``found`` carries a Found, or None for no filter."""

    found = Signal(object)
    begun = Signal()
    """The answer takes longer than a moment."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.errors: tuple[TermError, ...] = ()
        """What is wrong with the latest text."""
        self._index: SearchIndex | None = None
        self._indexing: Generator[None, None, None] | None = None
        self._search: Slices[Found] = Slices(self)
        self._warm_up: Slices[None] = Slices(self)

    @property
    def busy(self) -> bool:
        """Whether an answer, or the index for later ones, is still being worked on."""
        return self._search.busy or self._warm_up.busy

    def look_in(self, checkpoint: Checkpoint, roles: bytes | None) -> None:
        """Search another checkpoint from now on; its index is begun at once."""
        self._search.stop()
        self._index = SearchIndex(checkpoint, roles)
        self._indexing = indexing(self._index)
        self._warm_up.start(self._indexed(), lambda _none: None)

    def search(self, text: str) -> None:
        """Answers at once where it can, between two events where it cannot."""
        if self._index is None:
            return
        query = parse(text, statistics=self._index.statistics)
        self.errors = query.errors
        if not query.terms:
            self._search.stop()
            self.found.emit(None)
            return
        self._search.start(self._answer(text, self._index), self._answered)
        if self._search.busy:
            self.begun.emit()

    def _answered(self, found: Found) -> None:
        self.errors = found.errors
        self.found.emit(found)

    def _indexed(self) -> Generator[None, None, None]:
        """Step by step: a search that is given up must not take the index's own generator down with it."""
        work = self._indexing
        while work is not None and next(work, "done") is None:
            yield

    def _answer(self, text: str, index: SearchIndex) -> Generator[None, None, Found]:
        yield from self._indexed()
        return (yield from finding(parse(text, statistics=index.statistics), index))
