"""What the rows of a comparison come to, each pair and each group, kept until a pair beneath changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ckpt_gui.core.diff.grouping import ROOT, Grouping
from ckpt_gui.core.diff.nouns import CHANGES, UNKNOWN, Measures, Row
from ckpt_gui.core.diff.rollup import together
from ckpt_gui.core.model import Checkpoint

ORDER = (UNKNOWN, *CHANGES)
WEIGHT = {name: place for place, name in enumerate(("same", "close", UNKNOWN, "changed", "dtype", "added", "removed",
                                                    "shape", "problem"))}  # fmt: skip
"""Which change tells more."""
QUIET = frozenset(("same", "close", UNKNOWN))
"""Changes that are none."""


_ONE = {change: tuple(int(change == other) for other in ORDER) for change in ORDER}


class Sum(NamedTuple):
    """What several pairs come to."""

    counts: tuple[int, ...]
    """Pairs of each change, in the order of ``ORDER``."""
    measures: Measures | None
    left: int
    """Tensors that A has."""
    right: int

    def of(self, change: str) -> int:
        """Pairs of one change."""
        return self.counts[ORDER.index(change)]

    @property
    def pairs(self) -> int:
        """All of them."""
        return sum(self.counts)


class Facts:
    """Lookups behind the cells. ``rows`` is shared with whoever fills it, and tells by ``forget`` what it changed."""

    def __init__(self, left: Checkpoint, right: Checkpoint, rows: Sequence[Row], grouping: Grouping) -> None:
        self.left, self.right = left, right
        self.rows = rows
        self.grouping = grouping
        self._sums: dict[int, Sum] = {}

    def forget(self, places: Iterable[int]) -> None:
        """These pairs are not what they were: neither are the groups above."""
        parent, sums = self.grouping.parent, self._sums
        for place in places:
            row = parent[place]
            while sums.pop(row, None) is not None and row != ROOT:  # what is above the unknown is unknown
                row = parent[row]

    def sum(self, row: int) -> Sum:
        """A pair's, a group's, or with ROOT everything's."""
        if 0 <= row < self.grouping.count:
            return self._of_pair(row)
        known = self._sums.get(row)
        if known is None:
            known = self._sums[row] = self._of_group(row)
        return known

    def _of_pair(self, place: int) -> Sum:
        row = self.rows[place]
        return Sum(_ONE[row.change], row.measures, int(row.left >= 0), int(row.right >= 0))

    def _of_group(self, row: int) -> Sum:
        counts = dict.fromkeys(ORDER, 0)
        measures: list[Measures] = []
        left = right = 0
        for child in self.grouping.children[row]:
            if child < self.grouping.count:
                one = self.rows[child]
                counts[one.change] += 1
                left += one.left >= 0
                right += one.right >= 0
                found = one.measures
            else:
                beneath = self.sum(child)
                for change, count in zip(ORDER, beneath.counts, strict=True):
                    counts[change] += count
                left += beneath.left
                right += beneath.right
                found = beneath.measures
            if found is not None:
                measures.append(found)
        return Sum(tuple(counts.values()), together(measures), left, right)

    def change(self, row: int) -> str:
        """A pair's change; of a group that of most of the pairs that differ, but a problem where there is one."""
        if row < self.grouping.count:
            return self.rows[row].change
        present = {change: count for change, count in zip(ORDER, self.sum(row).counts, strict=True) if count}
        if "problem" in present:
            return "problem"
        differing = [change for change in present if change not in QUIET]
        if differing:
            return max(differing, key=lambda change: (present[change], WEIGHT[change]))
        return max(present, key=WEIGHT.__getitem__, default=UNKNOWN)

    def measures(self, row: int) -> Measures | None:
        """A pair's or a group's."""
        return self.rows[row].measures if 0 <= row < self.grouping.count else self.sum(row).measures
