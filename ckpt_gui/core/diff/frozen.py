"""Which parts of a network training left alone, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ckpt_gui.core.depth import Stop, depth, network
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.pairing import Pairing
from ckpt_gui.core.text import join_words, plural

MOST_PARTS = 6
"""Of those that are named; a list of more says nothing at a glance."""


def frozen(pairing: Pairing, rows: Sequence[Row]) -> str:
    """``Bit-identical: embeddings, layers 0-11; 144 of 288 weights changed.`` "" while values are not compared yet.

    Of the left side's network, those tensors that were compared; a layer is frozen if all of it is.
    """
    side = pairing.left
    seen = depth(side.checkpoint, network(side.checkpoint, side.opened.anatomy, side.root))
    changes = {row.left: row.change for row in rows if row.measures is not None}
    held: dict[int, list[bool]] = {}
    for members in seen.kinds.values():
        for stop, tensor in members:
            if tensor in changes:
                held.setdefault(stop, []).append(changes[tensor] == "same")
    every = [same for stop in held.values() for same in stop]
    if not every:
        return ""
    moved = len(every) - sum(every)
    if not moved:
        return f"All {plural(len(every), 'weight')} that were compared are bit-identical."
    still = [stop for stop in sorted(held) if all(held[stop])]
    counts = f"{moved:,} of {plural(len(every), 'weight')} changed"
    if not still:
        return f"{counts}; no layer is left as it was."
    parts = list(_parts(still, seen.stops))
    return f"Bit-identical: {join_words(parts, MOST_PARTS)}; {counts}."


def _parts(still: Sequence[int], stops: Sequence[Stop]) -> Iterator[str]:
    """Runs of neighbouring layers of one tower as ``layers 0-11``, all else by name."""
    runs = groupby(enumerate(still), key=lambda one: (stops[one[1]].tower, one[1] - one[0]))
    for (tower, _), run in runs:
        found = [stops[stop] for _, stop in run]
        if not tower:
            yield from (stop.name for stop in found)
        elif len(found) == 1:
            yield found[0].name
        else:
            yield f"{tower} {found[0].label}-{found[-1].label}"
