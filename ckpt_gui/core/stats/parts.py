"""What picked rows mean for a picture: which tensors together make one series, and what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ckpt_gui.core import text
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline.facts import path_or_prefix

MAX_SERIES = 12
"""So many pictures can be told apart when they lie on each other; more are shown as one."""


class Part(NamedTuple):
    """One series: a tensor, or all tensors beneath a row."""

    name: str
    """Escaped."""
    tensors: tuple[int, ...]
    """Tensor ids; of tensors that are the same window of the same memory only the first."""
    tied: int
    """How many were left out for that."""


def parts(checkpoint: Checkpoint, nodes: Sequence[int]) -> tuple[Part, ...]:
    """A series for each picked row with tensors, their names without what all have in common; of more than
    ``MAX_SERIES`` rows one series of them all. Without rows: of the whole file.
    """
    picked = [node for node in dict.fromkeys(nodes or [0]) if checkpoint.nodes.tensors[node]]
    if len(picked) > MAX_SERIES:
        return (_part(checkpoint, f"{len(picked):,} rows together", picked),)
    names = _shortened([path_or_prefix(checkpoint, node) for node in picked])
    return tuple(_part(checkpoint, name or _root(checkpoint), [node]) for name, node in zip(names, picked, strict=True))


def _root(checkpoint: Checkpoint) -> str:
    return checkpoint.path.replace("\\", "/").rpartition("/")[2]


def _part(checkpoint: Checkpoint, name: str, nodes: Sequence[int]) -> Part:
    found = dict.fromkeys(tensor for node in nodes for tensor in _beneath(checkpoint, node))
    kept: dict[object, int] = {}
    for tensor in found:
        kept.setdefault(_window(checkpoint, tensor), tensor)
    return Part(text.escape(name), tuple(kept.values()), len(found) - len(kept))


def _beneath(checkpoint: Checkpoint, node: int) -> Iterator[int]:
    """Tensor ids at and beneath a node: breadth-first ids make each level one range."""
    nodes = checkpoint.nodes
    low, high = node, node + 1
    while low < high:
        yield from (tensor for tensor in nodes.tensor[low:high] if tensor >= 0)
        parents = [number for number in range(low, high) if nodes.count[number]]
        if not parents:
            return
        low, high = nodes.first[parents[0]], nodes.first[parents[-1]] + nodes.count[parents[-1]]


def _window(checkpoint: Checkpoint, tensor: int) -> object:
    """Equal for tensors of the same elements of the same storage."""
    columns = checkpoint.tensors
    storage = columns.storage[tensor]
    if storage < 0 or tensor in checkpoint.extras:
        return tensor
    at, rank = columns.sizes_at[tensor], columns.rank[tensor]
    sizes = columns.sizes[at : at + 2 * rank].tobytes()
    return storage, columns.offset[tensor], columns.dtype[tensor], columns.flags[tensor] & 6, sizes


def _shortened(names: Sequence[str]) -> list[str]:
    """The names without the steps of the path that all of them begin with; one alone keeps its last step."""
    if len(names) < 2:
        return [name.rpartition("/")[2] or name for name in names]
    first, last = min(names), max(names)
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    cut = max(first.rfind("/", 0, same), first.rfind(".", 0, same)) + 1
    if any(len(name) == cut for name in names):
        return list(names)
    return [name[cut:] for name in names]
