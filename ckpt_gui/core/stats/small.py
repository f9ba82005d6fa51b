"""Statistics of many small tensors: read together, each in a few dozen microseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.kernels import passes
from ckpt_gui.core.kernels.partial import NOWHERE, Partial, scale_for
from ckpt_gui.core.stats.finish import finish
from ckpt_gui.core.stats.lanes import Way, way
from ckpt_gui.core.stats.nouns import Index, Summary
from ckpt_gui.core.tensors import Reading

Known = dict[tuple[int, tuple[int, ...]], Way]
"""Element type (its text id) and shape → the way; most networks have few of either."""


def summaries(reading: Reading, tensors: Sequence[int], known: Known) -> Iterator[tuple[int, Summary]]:
    """The statistics of those tensors that are small and lie plainly; the others are left out."""
    checkpoint = reading.checkpoint
    for tensor, patterns in reading.plain_patterns(tensors).items():
        shape = checkpoint.shape(tensor)
        key = (checkpoint.tensors.dtype[tensor], shape)
        plan = known.get(key)
        if plan is None:
            plan = known[key] = way(reading, tensor)
        yield tensor, _summary(reading, tensor, plan, patterns, shape)


def _summary(reading: Reading, tensor: int, plan: Way, patterns: NDArray[Any], shape: tuple[int, ...]) -> Summary:
    found = _passed(plan, patterns)
    if (scale := scale_for(found)) != 1.0:
        found = _passed(plan, patterns, scale)

    def where(place: int) -> Index | None:
        return None if place == NOWHERE else tuple(map(int, np.unravel_index(place, shape)))

    whole = finish(plan, reading.checkpoint.tensor(tensor), [found])
    return replace(
        whole, where_min=where(found.at_min), where_max=where(found.at_max), where_nan=where(found.at_nan),
        where_inf=where(found.at_inf),
    )  # fmt: skip


def _passed(plan: Way, patterns: NDArray[Any], scale: float = 1.0) -> Partial:
    work = passes.start(plan.lane, patterns.size, scale)
    work.add(plan.block(patterns))
    return work.result()
