"""The pairs that changed most, looked at closely: histograms of A, of B and of B − A."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ckpt_gui.core.diff.compare import plan
from ckpt_gui.core.diff.delta import DeltaReading
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.stats.combine import combined
from ckpt_gui.core.stats.edges import edges
from ckpt_gui.core.stats.histogram import histogram
from ckpt_gui.core.stats.nouns import Histogram
from ckpt_gui.core.stats.summarize import summarize
from ckpt_gui.core.tensors import Reading

MOST = 8


@dataclass(frozen=True, slots=True)
class Look:
    """One pair from nearby."""

    row: Row
    left: Histogram
    """On the same edges as ``right``."""
    right: Histogram
    apart: Histogram
    """Of B − A."""


def looks(
    rows: Sequence[Row], left: Reading, right: Reading, *, executor: Executor | None = None, workers: int = 1
) -> list[Look]:
    """The few pairs whose relative L2 is largest; those that cannot be read any more are left out."""
    changed = [row for row in rows if row.measures is not None and row.measures.changed]
    changed.sort(key=lambda row: -(_size(row)))
    found = []
    for row in changed[:MOST]:
        try:
            found.append(_look(row, left, right, executor, workers))
        except ReadError:
            continue
    return [one for one in found if one is not None]


def _size(row: Row) -> float:
    assert row.measures is not None
    return row.measures.rel_l2 or 0.0


def _look(row: Row, left: Reading, right: Reading, executor: Executor | None, workers: int) -> Look | None:
    delta = DeltaReading(plan(left, row.left, right, row.right))
    sides = [(left, row.left), (right, row.right), (delta, row.left)]
    seen = [summarize(reading, tensor, executor=executor, workers=workers) for reading, tensor in sides]
    common, own = edges(combined(seen[:2]), bins=60), edges(seen[2], bins=60)
    if not common.size or not own.size:
        return None
    counted = [
        histogram(reading, [tensor], wanted, executor=executor, workers=workers)
        for (reading, tensor), wanted in zip(sides, (common, common, own), strict=True)
    ]
    return Look(row, *counted)
