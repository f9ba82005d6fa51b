"""Where the change stands out: the layer that moved far more than the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ckpt_gui.core.depth import depth, network
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.diff.rollup import together
from ckpt_gui.core.pairing import Pairing

STANDS_OUT = 5.0
"""So many times the median layer's relative L2 is worth a word."""


@dataclass(frozen=True, slots=True)
class Peak:
    """One layer, and the pair in it that changed most."""

    name: str
    """``blocks.2``."""
    place: int
    """Place of the pair among the rows."""
    rel_l2: float
    """Of the layer as a whole."""


def peak(pairing: Pairing, rows: Sequence[Row]) -> Peak | None:
    """The layer of the left side's network whose relative L2 is far above that of the others that changed."""
    side = pairing.left
    seen = depth(side.checkpoint, network(side.checkpoint, side.opened.anatomy, side.root))
    place_of = {row.left: place for place, row in enumerate(rows) if row.measures is not None}
    held: dict[int, list[int]] = {}
    for members in seen.kinds.values():
        for stop, tensor in members:
            if tensor in place_of:
                held.setdefault(stop, []).append(place_of[tensor])
    sizes = {stop: size for stop, places in held.items() if (size := _size(rows, places)) > 0}
    if len(sizes) < 2:
        return None
    highest = max(sizes, key=sizes.__getitem__)
    if sizes[highest] < STANDS_OUT * median(size for stop, size in sizes.items() if stop != highest):
        return None
    place = max(held[highest], key=lambda one: _size(rows, [one]))
    return Peak(seen.stops[highest].name, place, sizes[highest])


def _size(rows: Sequence[Row], places: Sequence[int]) -> float:
    """Relative L2 of several pairs together; 0 for none."""
    found = together([one for place in places if (one := rows[place].measures) is not None])
    return (found.rel_l2 or 0.0) if found is not None else 0.0
