"""Which rows of a comparison stand where: for what a filter leaves, in an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any

from ckpt_gui.core.diff.grouping import ROOT, Grouping
from ckpt_gui.core.text import escape

MAX_SIBLINGS = 2000
"""More than these under one parent are shown by the thousand: Qt lays out every sibling at once."""
PART = 1000


class Arrangement:
    """Rows beneath rows, computed when a row is opened. From ``len(grouping)`` on they are runs of siblings."""

    def __init__(
        self,
        grouping: Grouping,
        *,
        kept: bytes | bytearray | None = None,
        value: Callable[[int], Any] | None = None,
        downwards: bool = False,
    ) -> None:
        """``kept``: one byte a pair, 0 for those left out. ``value``: what rows are sorted by."""
        self.grouping = grouping
        self._kept = kept if kept is None else _with_groups(grouping, kept)
        self._value, self._downwards = value, downwards
        self._rows: dict[int, Sequence[int]] = {}
        self._place: dict[int, int] = {}
        self._runs: list[tuple[int, Sequence[int]]] = []
        """Above which row, and which rows."""
        self._above: dict[int, int] = {}

    def rows(self, parent: int) -> Sequence[int]:
        """The rows beneath, in order."""
        known = self._rows.get(parent)
        if known is None:
            known = self._rows[parent] = self._laid_out(parent)
            self._place.update(zip(known, range(len(known)), strict=True))
        return known

    def parent(self, row: int) -> int:
        """The row above; its rows must have been asked for."""
        if row >= len(self.grouping):
            return self._runs[row - len(self.grouping)][0]
        return self._above.get(row, self.grouping.parent[row])

    def place(self, row: int) -> int:
        """The row's place among its siblings."""
        self.rows(self.parent(row))
        return self._place[row]

    def opens(self, row: int) -> bool:
        """Do rows stand beneath?"""
        return row >= self.grouping.count

    def shows(self, row: int) -> bool:
        """Is the row left by the filter?"""
        return self._kept is None or row >= len(self.grouping) or bool(self._kept[row])

    def trail(self, row: int) -> list[int]:
        """The rows from the topmost down to that one, which is no run; none if the filter leaves it out."""
        if not self.shows(row):
            return []
        trail: list[int] = []
        for one in (*reversed(list(self.grouping.above(row))), row):
            self.rows(trail[-1] if trail else ROOT)
            steps = [one]
            while (above := self.parent(steps[-1])) != (trail[-1] if trail else ROOT):
                steps.append(above)
            for step in steps[:0:-1]:
                self.rows(step)
            trail += reversed(steps)
        return trail

    def pairs(self, row: int) -> list[int]:
        """The places of the pairs that the row speaks for; of a group all, also those the filter leaves out."""
        if row < len(self.grouping):
            return list(self.grouping.pairs(row))
        return [place for one in self._runs[row - len(self.grouping)][1] for place in self.pairs(one)]

    def run_label(self, row: int) -> str:
        """What a run of siblings is called."""
        _above, rows = self._runs[row - len(self.grouping)]
        labels = self.grouping.labels
        return f"{escape(labels[rows[0]])} … {escape(labels[rows[-1]])}   ({len(rows):,})"

    def following(self, row: int, by: int) -> Iterator[int]:
        """The pairs after a row in the order in which they stand (by 1), or before it (-1); of ROOT all."""
        if row == ROOT or (by > 0 and self.opens(row)):
            yield from self._beneath(row, by)
        while row != ROOT:
            above = self.parent(row)
            siblings, place = self.rows(above), self.place(row)
            for one in siblings[place + 1 :] if by > 0 else siblings[:place][::-1]:
                yield from self._beneath(one, by)
            row = above

    def _beneath(self, row: int, by: int) -> Iterator[int]:
        pending = [row]
        while pending:
            one = pending.pop()
            if one != ROOT and not self.opens(one):
                yield one
            else:
                pending += self.rows(one)[::-1] if by > 0 else self.rows(one)

    def opened(self, limit: int, start: int = ROOT, level: int = 1000) -> tuple[list[int], bool]:
        """Rows to open so that ``level`` levels show, from the top; and whether that met ``limit`` rows in sight."""
        opened: list[int] = []
        shown = len(self.rows(start))
        pending = [(row, 1) for row in reversed(self.rows(start)) if self.opens(row)]
        while pending:
            row, depth = pending.pop()
            rows = self.rows(row)
            if shown + len(rows) > limit:
                return opened, True
            shown += len(rows)
            opened.append(row)
            if depth < level:
                pending += [(one, depth + 1) for one in reversed(rows) if self.opens(one)]
        return opened, False

    def _laid_out(self, parent: int) -> Sequence[int]:
        if parent >= len(self.grouping):
            return self._runs[parent - len(self.grouping)][1]
        rows: Sequence[int] = self.grouping.children[parent]
        if (kept := self._kept) is not None:
            rows = [row for row in rows if kept[row]]
        rows = self._sorted(rows)
        return self._parted(parent, rows) if len(rows) > MAX_SIBLINGS else rows

    def _sorted(self, rows: Sequence[int]) -> Sequence[int]:
        """By what was chosen; rows with nothing to sort by come last either way."""
        if self._value is None or len(rows) < 2:
            return rows
        valued = [(self._value(row), row) for row in rows]
        last = [row for value, row in valued if value is None]
        first = [pair for pair in valued if pair[0] is not None]
        first.sort(key=lambda pair: pair[0], reverse=self._downwards)
        return [row for _, row in first] + last

    def _parted(self, parent: int, rows: Sequence[int]) -> Sequence[int]:
        runs = []
        for start in range(0, len(rows), PART):
            number = len(self.grouping) + len(self._runs)
            part = rows[start : start + PART]
            self._runs.append((parent, part))
            self._above.update(dict.fromkeys(part, number))
            runs.append(number)
        return runs


def _with_groups(grouping: Grouping, kept: bytes | bytearray) -> bytearray:
    """One byte a row: a group stays if a pair beneath it does."""
    every = bytearray(len(grouping))
    every[: grouping.count] = kept
    parent = grouping.parent
    above = set(compress(parent, kept))
    above.discard(ROOT)
    while above:
        for row in above:
            every[row] = 1
        above = {parent[row] for row in above if parent[row] != ROOT and not every[parent[row]]}
    return every
