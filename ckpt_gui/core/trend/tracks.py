"""What each tensor is called in each file of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ckpt_gui.core import text
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.roles import Role
from ckpt_gui.core.search.values import Bad, Pattern, read_glob
from ckpt_gui.core.trend.nouns import Run, Subject, Track
from ckpt_gui.core.wire import Opened

Identity = tuple[bool, str]
"""Is it a weight, and the name: of weights relative to where they lie, so that a wrapper more or less does not
matter (``state_dict``, ``model``); of all else the path text."""


def tracks(opened: Sequence[Opened | None]) -> tuple[Track, ...]:
    """Every tensor, in the order of the first file that holds it. None: a file that could not be opened."""
    rows: dict[Identity, list[int]] = {}
    paths: dict[Identity, text.Path] = {}
    for place, one in enumerate(opened):
        if one is None:
            continue
        for tensor, (identity, path) in enumerate(_identified(one)):
            row = rows.get(identity)
            if row is None:
                row = rows[identity] = [-1] * len(opened)
                paths[identity] = path
            row[place] = tensor
    return tuple(Track(paths[identity], tuple(row)) for identity, row in rows.items())


def identities(opened: Opened) -> list[Identity]:
    """What each tensor is, by tensor id; no two are equal."""
    return [identity for identity, _path in _identified(opened)]


def _identified(opened: Opened) -> list[tuple[Identity, text.Path]]:
    checkpoint, anatomy = opened.checkpoint, opened.anatomy
    top = checkpoint.path_of(anatomy.weights) if anatomy.weights >= 0 else ()
    found: list[tuple[Identity, text.Path]] = []
    seen: set[Identity] = set()
    for tensor, path in enumerate(_paths(checkpoint)):
        identity = (False, text.path_text(path))
        if anatomy.weights >= 0 and anatomy.roles[checkpoint.tensors.node[tensor]] == Role.weights:
            relative = (True, ".".join(map(str, path[len(top) :])))
            if path[: len(top)] == top and len(path) > len(top) and relative not in seen:
                identity = relative
        while identity in seen:  # one tensor under one path twice: a damaged or odd file
            identity = (identity[0], identity[1] + "\0")
        seen.add(identity)
        found.append((identity, path))
    return found


def _paths(checkpoint: Checkpoint) -> Iterable[text.Path]:
    """The path of each tensor; that above a node is found once."""
    above: dict[int, text.Path] = {}
    parents = checkpoint.nodes.parent
    for tensor in range(checkpoint.rows):
        node = checkpoint.tensors.node[tensor]
        if node <= 0:
            yield ()
            continue
        parent = parents[node]
        if parent not in above:
            above[parent] = checkpoint.path_of(parent)
        yield above[parent] + checkpoint.keys(node)


def strangers(opened: Sequence[Opened | None]) -> list[int]:
    """Places of files that have no tensor's name in common with any other, where others have: not of this run."""
    names = [set(identities(one)) if one is not None else set() for one in opened]
    times = Counter(name for held in names for name in held)
    lonely = [place for place, held in enumerate(names)
              if opened[place] is not None and all(times[name] == 1 for name in held)]  # fmt: skip
    readable = sum(one is not None for one in opened)
    return lonely if len(lonely) < readable - 1 else []


def matching(run: Run, globs: Sequence[str]) -> tuple[Track, ...]:
    """The tensors whose path text or last key fits one of the globs; all if there is no glob.

    Raises CheckpointError for a glob that cannot be read, and where nothing fits.
    """
    try:
        patterns = [read_glob(glob) for glob in globs]
    except Bad as exc:
        raise CheckpointError(f"--key: {exc}") from exc
    found = tuple(track for track in run.tracks if not patterns or _fits(track, patterns))
    if not found:
        raise CheckpointError(f"no tensor of these files has a path that fits {' or '.join(globs)}")
    return found


def _fits(track: Track, patterns: Sequence[Pattern]) -> bool:
    words = (track.name, text.key_text(track.path[-1]) if track.path else "")
    return any(one.regex.match(word) for one in patterns for word in words)


def group(path: text.Path, held: Sequence[Track]) -> Subject:
    """Several tensors as one; ``path``: the keys of what they lie under."""
    return Subject(text.path_text(path) or "all tensors", path, tuple(held))
