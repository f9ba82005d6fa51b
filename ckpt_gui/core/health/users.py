"""Which tensors lie on which bytes, and how those that share are named."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property

from ckpt_gui.core.health.nouns import Entry, Index, Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import clip, escape, join_words, path_text, plural

MAX_NAMES = 2
"""Tensors that are named beside the first."""


class Users:
    """The rows of a checkpoint by the bytes they use; made where something is amiss, as it looks at every row."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    @cached_property
    def _rows(self) -> dict[int, list[int]]:
        """Storage → the rows that use it, through their parts and pieces too."""
        tensors, found = self._checkpoint.tensors, dict[int, list[int]]()
        owner = {row: row for row in range(self._checkpoint.rows)}
        for row, extra in sorted(self._checkpoint.extras.items()):
            for _, part in extra.get("parts", ()):
                owner.setdefault(part, owner.get(row, -1))
            for piece in extra.get("pieces", ()):
                if row in owner:
                    found.setdefault(piece[0], []).append(owner[row])
        for tensor, row in owner.items():
            if row >= 0:
                rows = found.setdefault(tensors.storage[tensor], [])
                if row not in rows[-1:]:
                    rows.append(row)
        return found

    @cached_property
    def _places(self) -> list[tuple[int, int, int]]:
        storages = self._checkpoint.storages
        return sorted(
            (storages.source[one], storages.offset[one], one) for one in range(len(storages)) if storages.nbytes[one]
        )

    def within(self, source: int, begin: int, end: int) -> list[int]:
        """Rows whose storages begin within these bytes of a source file, in the file's order."""
        first = bisect_left(self._places, (source, begin, -1))
        last = bisect_left(self._places, (source, max(end, begin + 1), -1))
        rows = {row for _, _, storage in self._places[first:last] for row in self._rows.get(storage, ())}
        return sorted(rows)

    def entry(self, kind: Kind, text: str, rows: list[int], index: Index | None = None) -> Entry:
        """An entry on the first of these rows that names the others."""
        if not rows:
            return Entry(kind, text)
        node = self._checkpoint.tensors.node[rows[0]]
        return Entry(kind, text + self._also(rows[1:]), self._checkpoint.path_of(node), node, index)

    def _also(self, rows: list[int]) -> str:
        if not rows:
            return ""
        names = [self._name(row) for row in rows[:MAX_NAMES]]
        more = [plural(len(rows) - MAX_NAMES, "other")] if len(rows) > MAX_NAMES else []
        return f" (also: {join_words(names + more)})"

    def _name(self, row: int) -> str:
        path = self._checkpoint.path_of(self._checkpoint.tensors.node[row])
        return clip(escape(path_text(path)), 120)
