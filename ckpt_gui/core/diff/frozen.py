"""Which layers training left alone, and where the change is largest, in one sentence. From rows and names alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from ckpt_gui.core import text
from ckpt_gui.core.depth import Stop, by_names
from ckpt_gui.core.diff.nouns import Row
from ckpt_gui.core.diff.rollup import together

EMBEDDING = ("emb", "wte", "wpe", "tok")
"""What a module's last name holds, or begins with, if it is an embedding."""
PEAK = 5.0
"""So many times the median layer's relative L2 is worth a word."""
MAX_NAMED = 4


@dataclass(frozen=True, slots=True)
class Story:
    """What training did, in short."""

    text: str
    """A sentence; "" where nothing was compared."""
    peak: int = -1
    """Place of the pair with the largest relative L2 in the layer that stands out; -1 for none."""
    peak_name: str = ""
    """That layer's name."""


def story(rows: Sequence[Row], places: Sequence[int]) -> Story:
    """What became of the network whose pairs stand at ``places``, all of them compared."""
    members = [place for place in places if rows[place].left >= 0 and rows[place].right >= 0]
    if not members:
        return Story("")
    moved = [place for place in members if rows[place].change != "same"]
    if not moved:
        return Story(f"All {text.plural(len(members), 'tensor')} are the same, bit for bit.")
    depth = by_names([tuple(rows[place].key.split(".")) for place in members], members)
    held: dict[int, list[int]] = {}
    for kind in depth.kinds.values():
        for stop, place in kind:
            held.setdefault(stop, []).append(place)
    still = [all(rows[place].change == "same" for place in held.get(stop, ())) for stop in range(len(depth.stops))]
    names = _names(depth.stops, still)
    figures = f"{len(moved):,} of {text.plural(len(members), 'tensor')} changed"
    frozen = f"{text.join_words(names, MAX_NAMED)} frozen; " if names else "Nothing is frozen; "
    peak, place = _peak(rows, held, still)
    name = depth.stops[peak].name if peak >= 0 else ""
    largest = f"; the change is largest in {text.escape(name)}" if name else ""
    return Story(f"{frozen[0].upper()}{frozen[1:]}{figures}{largest}.", place, name)


def _names(stops: Sequence[Stop], still: Sequence[bool]) -> list[str]:
    """What is frozen: embeddings, other modules by name, layers from … to."""
    towers = {stop.tower for stop in stops if stop.tower}
    names: list[str] = []
    for (tower, frozen), run in groupby(zip(stops, still, strict=True), lambda one: (one[0].tower, one[1])):
        if not frozen:
            continue
        members = [stop for stop, _ in run]
        if tower:
            names.append(_layers(members, tower if len(towers) > 1 else ""))
        else:
            names += ["embeddings" if _is_embedding(stop) else text.escape(stop.name) for stop in members]
    return list(dict.fromkeys(names))


def _layers(members: Sequence[Stop], tower: str) -> str:
    noun = "layer" if len(members) == 1 else "layers"
    named = f"{text.escape(tower)} {noun}" if tower else noun
    return f"{named} {members[0].label}" + (f"–{members[-1].label}" if len(members) > 1 else "")


def _is_embedding(stop: Stop) -> bool:
    last = stop.label.lower()
    return "emb" in last or last.startswith(EMBEDDING)


def _peak(rows: Sequence[Row], held: dict[int, list[int]], still: Sequence[bool]) -> tuple[int, int]:
    """The layer that changed far more than the others, and its pair that changed most; (-1, -1) for none."""
    sizes: dict[int, float] = {}
    for stop, places in held.items():
        found = together([one for place in places if (one := rows[place].measures) is not None])
        if not still[stop] and found is not None and found.rel_l2:
            sizes[stop] = found.rel_l2
    if len(sizes) < 2:
        return -1, -1
    peak = max(sizes, key=sizes.__getitem__)
    if sizes[peak] < PEAK * median(size for stop, size in sizes.items() if stop != peak):
        return -1, -1

    def size(place: int) -> float:
        measures = rows[place].measures
        return (measures.rel_l2 or 0.0) if measures is not None else 0.0

    return peak, max(held[peak], key=size)
