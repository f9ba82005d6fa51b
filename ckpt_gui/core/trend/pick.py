"""From rows picked in the tree of one file to what is followed through the run."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core import text
from ckpt_gui.core.depth import tensors_beneath
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.stats.fill import stored_nbytes
from ckpt_gui.core.trend.nouns import Run, Subject, Track, alone

MOST_LINES = 24
"""Lines in one chart; more hide one another."""
ENOUGH_LINES = 6
"""With fewer, the largest part is shown by its own parts."""


def reference(run: Run) -> int:
    """The stop whose tree stands for the run: with the most tensors, the last of several. There must be one to open."""
    counts = {place: sum(track.tensors[place] >= 0 for track in run.tracks) for place in run.readable}
    return max(run.readable, key=lambda place: (counts[place], place))


def subjects(run: Run, place: int, nodes: Sequence[int], *, as_one: bool) -> tuple[Subject, ...]:
    """What these rows of the tree at ``place`` stand for; of a single group its parts, unless it shall be one.

    No rows: the weights, or the whole file where there are none. Rows without tensors give nothing.
    """
    checkpoint = run.stops[place].checkpoint
    tracks = {track.tensors[place]: track for track in run.tracks if track.tensors[place] >= 0}
    rows = [node for node in nodes if node > 0] or [_top(run, place)]
    if len(rows) == 1 and not as_one:
        rows = _parts(checkpoint, rows[0])
    elif as_one and len(rows) > 1:
        held = dict.fromkeys(tensor for node in rows for tensor in tensors_beneath(checkpoint, node))
        together = [tracks[tensor] for tensor in held if tensor in tracks]
        return (Subject(f"{len(rows):,} parts as one", (), tuple(together)),) if together else ()
    return tuple(one for node in rows if (one := _subject(checkpoint, tracks, node)) is not None)


def _top(run: Run, place: int) -> int:
    opened = run.stops[place].opened
    return max(opened.anatomy.weights, 0) if opened is not None else 0


def _parts(checkpoint: Checkpoint, node: int) -> list[int]:
    """What lies beneath a row, opened up until there are some lines to tell apart: the row with most tensors first."""
    rows = [node]
    while len(rows) < ENOUGH_LINES:
        largest = max(rows, key=lambda row: (checkpoint.nodes.tensors[row], -row))
        held = [child for child in checkpoint.children(largest) if checkpoint.nodes.tensors[child]]
        if not held or checkpoint.nodes.tensor[largest] >= 0 or (len(rows) > 1 and len(rows) + len(held) > MOST_LINES):
            break
        at = rows.index(largest)
        rows[at : at + 1] = held
    return rows


def _subject(checkpoint: Checkpoint, tracks: dict[int, Track], node: int) -> Subject | None:
    if (tensor := checkpoint.nodes.tensor[node]) >= 0:
        return alone(tracks[tensor]) if tensor in tracks else None
    held = tuple(tracks[tensor] for tensor in tensors_beneath(checkpoint, node) if tensor in tracks)
    path = _path(checkpoint, node)
    return Subject(_name(path), path, held) if held else None


def _name(path: text.Path) -> str:
    """A group's keys for a person: what looks like a number needs no quotes at the end."""
    return "/".join([*map(text.key_text, path[:-1]), str(path[-1])]) if path else "the whole file"


def _path(checkpoint: Checkpoint, node: int) -> text.Path:
    """The keys of a row; a group of dotted names has none of its own: the part of the names it stands for."""
    labels: list[str] = []
    while node > 0 and not checkpoint.keys(node):
        labels.append(checkpoint.text(checkpoint.nodes.label[node]))
        node = checkpoint.nodes.parent[node]
    above = checkpoint.path_of(node)
    return (*above, ".".join(reversed(labels))) if labels else above


def short_names(held: Sequence[Subject]) -> list[str]:
    """What tells the subjects apart: without the keys and the parts of names that all begin with. Not escaped."""
    if not held:
        return []
    paths = [one.path for one in held]
    shared = _shared(paths)
    if any(len(path) <= shared for path in paths):
        return [one.name for one in held]
    names = [_name(path[shared:]) for path in paths]
    dotted = [name.split(".") for name in names]
    alike = _shared(dotted) if len(names) > 1 else 0
    return [".".join(parts[alike:]) for parts in dotted]


def _shared(rows: Sequence[Sequence[object]]) -> int:
    """How many entries all rows begin with alike; at least one of each is left."""
    shared = 0
    while all(len(row) > shared + 1 and row[shared] == rows[0][shared] for row in rows):
        shared += 1
    return shared


def nbytes(run: Run, held: Sequence[Subject]) -> int:
    """Bytes of these subjects' values in all files together."""
    return sum(
        stored_nbytes(run.stops[place].checkpoint, tensor)
        for one in held
        for track in one.tracks
        for place, tensor in enumerate(track.tensors)
        if tensor >= 0
    )
