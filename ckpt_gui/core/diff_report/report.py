"""Everything a comparison has to say, gathered once for whoever tells it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_gui.core.diff.nouns import Measures, Row, Tolerance
from ckpt_gui.core.diff.rollup import summary, together
from ckpt_gui.core.diff.whole import weights_of
from ckpt_gui.core.pairing import Advice, Pairing, ValueChange, advice, changed_values

SORTS = ("file", "key", "change", "max_abs", "mean_abs", "l2", "rel_l2", "cosine", "share", "flips")
"""What rows can be ordered by: the largest first, of cosine the smallest."""
_WORST = {"changed": 0, "dtype": 1, "shape": 2, "removed": 3, "added": 4, "problem": 5, "close": 6, "same": 7}


@dataclass(frozen=True, slots=True)
class Report:
    """One comparison. Rows are in the order they shall be told."""

    pairing: Pairing
    rows: tuple[Row, ...]
    shown: tuple[Row, ...]
    """Those that were asked for."""
    summary: dict[str, int]
    whole: Measures | None
    """Of the weights together; where there are none of all pairs."""
    values: tuple[ValueChange, ...]
    advice: Advice
    tolerance: Tolerance | None

    @property
    def equal(self) -> bool:
        """Is all the same, or close where a tolerance was given, and no value beside the tensors differs?"""
        fine = ("same", "close") if self.tolerance is not None else ("same",)
        return not self.values and all(row.change in fine for row in self.rows)


def gather(
    pairing: Pairing,
    rows: Sequence[Row],
    *,
    tolerance: Tolerance | None = None,
    only: Sequence[str] = (),
    sort: str = "file",
) -> Report:
    """The report; ``only`` (changes) and ``sort`` (one of SORTS) say which rows are shown, and how ordered."""
    shown = [row for row in rows if not only or row.change in only]
    if sort != "file":
        shown.sort(key=lambda row: _rank(row, sort))
    measures = [found for place in weights_of(pairing, rows) if (found := rows[place].measures) is not None]
    return Report(
        pairing, tuple(rows), tuple(shown), summary(rows), together(measures), tuple(changed_values(pairing)),
        advice(pairing), tolerance,
    )  # fmt: skip


def _rank(row: Row, sort: str) -> tuple[float | str, ...]:
    if sort == "key":
        return (row.key,)
    if sort == "change":
        return (_WORST.get(row.change, 9), row.key)
    if row.measures is None:
        return (math.inf, row.key)
    name = {"flips": "sign_flips"}.get(sort, sort)
    value = getattr(row.measures, name)
    if value is None:
        return (math.inf, row.key)
    return (value if sort == "cosine" else -value, row.key)
