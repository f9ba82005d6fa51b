"""One tensor's statistics as ``ckpt-gui stats`` tells them: the row of its JSON and of its CSV (product.md, "JSON")."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.info import plain_path
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.stats.edges import edges
from ckpt_gui.core.stats.histogram import from_distribution
from ckpt_gui.core.stats.nouns import Floats, Histogram, Summary
from ckpt_gui.core.stats.percentile import percentile

MOST_BINS = 100
PERCENTILES = {"p01": 1.0, "p25": 25.0, "p50": 50.0, "p75": 75.0, "p99": 99.0}
NUMBERS = (
    "finite", "nan", "posinf", "neginf", "zeros", "negative", "min", "max", "mean", "std", "l1", "l2", "absmax",
)  # fmt: skip
WHERE = ("where_min", "where_max", "where_nan", "where_inf")
FIELDS = ("path", "dtype", "shape", "numel", *NUMBERS, *PERCENTILES, *WHERE, "histogram", "of", "problem")
"""Every field of a record, in its order."""


def record(checkpoint: Checkpoint, tensor: int, found: Summary | ReadError, bins: int | None = None) -> dict[str, Any]:
    """Plain JSON values. Where there are no statistics, the reason stands under ``problem`` and all else is null."""
    return place(checkpoint, tensor) | numbers(found, bins)


def place(checkpoint: Checkpoint, tensor: int) -> dict[str, Any]:
    """Which tensor it is."""
    info = checkpoint.tensor(tensor)
    return {
        "path": plain_path(checkpoint.path_of(info.node)),
        "dtype": info.dtype,
        "shape": [None if size < 0 else size for size in info.shape],
        "numel": info.numel,
    }


def numbers(found: Summary | ReadError, bins: int | None = None, *, with_histogram: bool = True) -> dict[str, Any]:
    """What is known of its values. A histogram that nobody will see takes as long as all the rest."""
    if isinstance(found, ReadError):
        return dict.fromkeys((*NUMBERS, *PERCENTILES, *WHERE, "histogram", "of")) | {"problem": str(found)}
    row: dict[str, Any] = {name: getattr(found, name) for name in NUMBERS}
    row |= {name: percentile(found, q) for name, q in PERCENTILES.items()}
    row |= {name: list(index) if (index := getattr(found, name)) is not None else None for name in WHERE}
    shown = exact_histogram(found, bins) if with_histogram else None
    row["histogram"] = None if shown is None else {"edges": shown.edges.tolist(), "counts": shown.counts.tolist()}
    return row | {"of": found.of, "problem": None}


def exact_histogram(summary: Summary, bins: int | None = None) -> Histogram | None:
    """A histogram of all finite values whose counts are exact without another look at the data; None if there are none.

    Edges are as even as that allows: of wide types they stand where the distribution's cells begin, at
    most 1/128 of their value away from where they would.
    """
    wanted = edges(summary, bins=bins)
    if not wanted.size:
        return None
    if len(wanted) > MOST_BINS + 1:
        wanted = edges(summary, bins=MOST_BINS)
    if not summary.distribution.exact:
        wanted = _snapped(wanted, summary.distribution.low)
    return from_distribution(summary.distribution, wanted)


def _snapped(wanted: Floats, borders: Floats) -> Floats:
    """Each inner edge moved to the nearest border."""
    inner = wanted[1:-1]
    after = np.searchsorted(borders, inner).clip(1, len(borders) - 1)
    left, right = borders[after - 1], borders[after]
    moved = np.where(inner - left < right - inner, left, right)
    moved = np.unique(moved[(moved > wanted[0]) & (moved < wanted[-1])])
    return np.concatenate([wanted[:1], moved, wanted[-1:]])
