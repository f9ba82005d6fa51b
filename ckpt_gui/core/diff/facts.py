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
"""Which change tells more: that of a group is the one of its pairs that tells most."""


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
            row = place
            while sums.pop(row, None) is not None or row == place:
                if row == ROOT:
                    break
                row = parent[row]

    def sum(self, row: int) -> Sum:
        """A pair's, a group's, or with ROOT everything's."""
        known = self._sums.get(row)
        if known is None:
            known = self._sums[row] = self._of_pair(row) if 0 <= row < self.grouping.count else self._of_group(row)
        return known

    def _of_pair(self, place: int) -> Sum:
        row = self.rows[place]
        counts = tuple(int(change == row.change) for change in ORDER)
        return Sum(counts, row.measures, int(row.left >= 0), int(row.right >= 0))

    def _of_group(self, row: int) -> Sum:
        sums = [self.sum(child) for child in self.grouping.children[row]]
        counts = tuple(map(sum, zip(*(one.counts for one in sums), strict=True))) or (0,) * len(ORDER)
        measures = together([one.measures for one in sums if one.measures is not None])
        return Sum(counts, measures, sum(one.left for one in sums), sum(one.right for one in sums))

    def change(self, row: int) -> str:
        """A pair's change; of a group the one that tells most."""
        if row < self.grouping.count:
            return self.rows[row].change
        counts = self.sum(row).counts
        present = [change for change, count in zip(ORDER, counts, strict=True) if count]
        return max(present, key=WEIGHT.__getitem__, default=UNKNOWN)

    def measures(self, row: int) -> Measures | None:
        """A pair's or a group's."""
        return self.rows[row].measures if 0 <= row < self.grouping.count else self.sum(row).measures
