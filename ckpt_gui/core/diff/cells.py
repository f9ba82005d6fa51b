"""A pair as a table: in each cell A, B and B − A under one another; and where they differ next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.delta import DeltaReading
from ckpt_gui.core.diff.picked import Picked
from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.table.cells import Cells, Table, fetch, open_table
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.table.numbers import formatter, widest
from ckpt_gui.core.table.seek import Found, find_extreme, find_next
from ckpt_gui.core.table.styles import Style
from ckpt_gui.core.tensors import decode

Array = NDArray[Any]
NAMES = ("A", "B", "Δ")


@dataclass(frozen=True, slots=True)
class PairTable:
    """The tables of a pair, laid out alike; or of a tensor without a counterpart the one."""

    tables: tuple[Table, ...]
    """A, B and B − A; or one."""
    names: tuple[str, ...]
    why: str
    """Why there is only one; "" of a pair."""

    @property
    def start(self) -> Layout:
        """How it is shown first."""
        return self.tables[0].start

    @property
    def shape(self) -> tuple[int, ...]:
        """Of each."""
        return self.tables[0].form.shape


@dataclass(frozen=True, slots=True)
class PairCells:
    """What was read of them."""

    cells: tuple[Cells, ...]

    @property
    def rows(self) -> range:
        """Of the table."""
        return self.cells[0].rows

    @property
    def columns(self) -> range:
        """Of the table."""
        return self.cells[0].columns

    @property
    def labels(self) -> tuple[str, ...]:
        """Where each row stands in a sparse tensor."""
        return self.cells[0].labels

    def cell(self, row: int, column: int) -> tuple[Any, ...]:
        """Value and pattern of each, one after the other."""
        return tuple(held for one in self.cells for held in one.cell(row, column))


def open_pair(found: Picked) -> PairTable:
    """The table of the one pair that is picked. Raises NoValues and ReadError with a sentence."""
    if (alone := found.alone()) is not None:
        name = "B" if found.pairs[0][0] < 0 else "A"
        return PairTable((open_table(*alone),), (name,), found.why_alone())
    if len(found.pairs) != 1:
        raise NoValues(f"A table shows one pair; {len(found.pairs):,} are picked")
    plan = next(iter(found.plans()))
    if not isinstance(plan, Plan):
        raise plan
    sides = tuple(open_table(side.reading, side.tensor) for side in (plan.left, plan.right))
    return PairTable((*sides, open_table(DeltaReading(plan), plan.left.tensor)), NAMES, "")


def fetch_pair(table: PairTable, shown: Layout, rows: range, columns: range) -> PairCells:
    """Read some rows and columns of each. Raises NoValues and ReadError."""
    return PairCells(tuple(fetch(one.reading, one.tensor, shown, rows, columns) for one in table.tables))


def writer(table: PairTable, style: Style) -> Callable[..., str]:
    """Writes what ``PairCells.cell`` gives, a line for each."""
    writes = [formatter(one.form, style) for one in table.tables]
    if len(writes) == 3 and style.kind == "shortest":
        writes[2] = _rounded

    def write(*held: Any) -> str:
        return "\n".join(write(*held[2 * at : 2 * at + 2]) for at, write in enumerate(writes))

    return write


def _rounded(value: Any, _pattern: Any) -> str:
    """A difference as it reads beside the values; all digits of its float64 would be noise."""
    plain = float(value)
    return f"{plain:.7g}" if np.isfinite(plain) else "NaN" if np.isnan(plain) else "Inf" if plain > 0 else "-Inf"


def broadest(table: PairTable, style: Style) -> int:
    """Characters that the longest line of a cell takes, as a rule."""
    sides = table.tables[:2] if style.kind == "shortest" else table.tables
    return max(13, *(widest(one.form, style) for one in sides))


def find_difference(
    table: PairTable, shown: Layout, after: tuple[int, ...] | None, report: Report = SILENT
) -> Found | None:  # fmt: skip
    """The next element that is not equal; NaN on both sides counts as one. Raises as ``find_next`` does."""
    one = table.tables[-1]
    assert isinstance(one.reading, DeltaReading)
    return find_next(_Differences(one.reading.plan), one.tensor, shown, "difference", after, report=report)


class _Differences(DeltaReading):
    """1 where the two are not equal, 0 where they are; NaN equals NaN in place, as everywhere in a comparison."""

    def _delta(self, left: Array, right: Array) -> Array:
        a, b = decode(left, self.plan.left.form), decode(right, self.plan.right.form)
        with np.errstate(invalid="ignore"):
            same = (a == b) | (np.isnan(a) & np.isnan(b))
        marks: Array = np.where(same, 0.0, 1.0)
        return marks.view(np.uint64)


def find_farthest(table: PairTable, shown: Layout, report: Report = SILENT) -> Found | None:
    """Where |B − A| is largest. Raises as ``find_extreme`` does."""
    one = table.tables[-1]
    return find_extreme(one.reading, one.tensor, shown, True, magnitudes=True, report=report)
