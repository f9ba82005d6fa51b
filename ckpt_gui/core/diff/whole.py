"""A comparison as a whole, gathered for whoever shows it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_gui.core.diff.frozen import frozen
from ckpt_gui.core.diff.nouns import CHANGES, UNKNOWN, Measures, Row
from ckpt_gui.core.diff.peak import Peak, peak
from ckpt_gui.core.diff.rollup import summary, together
from ckpt_gui.core.pairing import Advice, Pairing, ValueChange, advice, changed_values

MOST_MOVED = 8
"""Pairs that are named."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What there is to say of all pairs."""

    counts: dict[str, int]
    """Pairs of each change."""
    waiting: int
    """Pairs not compared yet."""
    measures: Measures | None
    """Of the weights; where there are none of all pairs."""
    story: str
    """What training left alone, in a sentence; "" while that is not known."""
    peak: Peak | None
    moved: tuple[int, ...]
    """Places of the pairs of weights with the largest relative L2, the largest first."""
    values: tuple[ValueChange, ...]
    advice: Advice
    hints: tuple[str, ...]


def weights_of(pairing: Pairing, rows: Sequence[Row]) -> list[int]:
    """Places of the pairs that are weights; where no side has any, of all."""
    named = [
        {tensor for tensor, scope in zip(side.listing.tensors, side.listing.scopes, strict=True) if not scope}
        for side in (pairing.left, pairing.right)
        if side.names >= 0
    ]
    if len(named) < 2:
        return list(range(len(rows)))
    return [place for place, row in enumerate(rows) if row.left in named[0] or row.right in named[1]]


def network_of(pairing: Pairing, rows: Sequence[Row], places: Sequence[int]) -> list[int]:
    """Places of the pairs among which some stand: the weights if all of them are weights, else all."""
    weights = weights_of(pairing, rows)
    return weights if set(places) <= set(weights) else list(range(len(rows)))


def whole(pairing: Pairing, rows: Sequence[Row]) -> Whole:
    """All of it, as far as values were compared."""
    waiting = sum(row.change == UNKNOWN for row in rows)
    weights = weights_of(pairing, rows)
    sizes = [(found.rel_l2, -place) for place in weights if (found := rows[place].measures) and found.rel_l2]
    return Whole(
        counts={change: count for change, count in summary(rows).items() if change in CHANGES},
        waiting=waiting,
        measures=together([found for place in weights if (found := rows[place].measures) is not None]),
        story="" if waiting else frozen(pairing, rows),
        peak=None if waiting else peak(pairing, rows),
        moved=tuple(-place for _size, place in heapq.nlargest(MOST_MOVED, sizes)),
        values=tuple(changed_values(pairing)),
        advice=advice(pairing),
        hints=pairing.hints,
    )
