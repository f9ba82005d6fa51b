"""The statistics that stand as lines in a histogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from ckpt_gui.core.stats.edges import Axis
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.percentile import percentile

Kind = Literal["mean", "median", "sigma", "percentiles"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PERCENTILES = (1.0, 99.0)


class Marker(NamedTuple):
    """One statistic."""

    kind: Kind
    name: str
    values: tuple[float, ...]
    """Where its lines stand; two for what has two ends, unless both are one."""
    series: int = -1
    """Which of several series it is of; -1: of all that is shown."""


def markers(summary: Summary, axis: Axis = "linear") -> tuple[Marker, ...]:
    """Mean, median, mean ± σ and the 1st and 99th percentile, of the magnitudes for a ``log`` axis.

    None of a summary without a finite value.
    """
    of, source = ("", summary) if axis != "log" else (" of |x|", magnitudes(summary))
    if not source.finite or source.mean is None or source.std is None:
        return ()
    median, ends = percentile(source, 50), [percentile(source, q) for q in PERCENTILES]
    found: tuple[tuple[Kind, str, list[float | None]], ...] = (
        ("mean", "mean", [source.mean]),
        ("median", "median", [median]),
        ("sigma", "mean ± σ", [source.mean - source.std, source.mean + source.std]),
        ("percentiles", "1st, 99th percentile", [*ends]),
    )
    return tuple(Marker(kind, f"{name}{of}", _shown(places, axis)) for kind, name, places in found)


def _shown(places: Sequence[float | None], axis: Axis) -> tuple[float, ...]:
    there = [float(at) for at in places if at is not None and math.isfinite(at) and (axis != "log" or at > 0)]
    return tuple(dict.fromkeys(there))
