"""What is to be exported, and what it is called in the file that is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.table.index_line import Index
from ckpt_gui.core.text import Path, escape, integer


@dataclass(frozen=True, slots=True)
class Part:
    """A tensor, or some entries of it."""

    tensor: int
    name: str
    index: Index | None = None
    """Which entries; None: all."""
    column_axis: int | None = None
    """The dimension along the columns of a csv; None: the last one."""
    raw: bool = False
    """Of a quantized tensor the stored integers, not the numbers they stand for."""


def parts_of(checkpoint: Checkpoint, nodes: Sequence[int], *, raw: bool = False) -> list[Part]:
    """The tensors of these rows and beneath them, in the tree's order, each once.

    A name is the keys joined by dots, without what all of them have in common but the last key.
    """
    found = list(dict.fromkeys(node for picked in nodes or [0] for node in _tensors(checkpoint, picked)))
    paths = [checkpoint.path_of(node) for node in found]
    common = _common([path[:-1] for path in paths])
    parts = [
        Part(checkpoint.nodes.tensor[node], _name(path[common:]), raw=raw)
        for node, path in zip(found, paths, strict=True)
    ]
    return unique(parts)


def unique(parts: Sequence[Part]) -> list[Part]:
    """The parts with names that differ: a second ``w`` becomes ``w.2``."""
    taken: set[str] = set()
    made = []
    for part in parts:
        name, number = part.name, 1
        while name in taken:
            number += 1
            name = f"{part.name}.{number}"
        taken.add(name)
        made.append(replace(part, name=name))
    return made


def _tensors(checkpoint: Checkpoint, picked: int) -> Iterator[int]:
    """Nodes of tensors, depth first."""
    pending = [picked]
    while pending:
        node = pending.pop()
        if checkpoint.nodes.tensor[node] >= 0:
            yield node
        if checkpoint.nodes.tensors[node]:
            pending += reversed(checkpoint.children(node))


def _common(paths: Sequence[Path]) -> int:
    """How many keys all paths begin with."""
    if not paths:
        return 0
    first, last = min(paths, key=_plain), max(paths, key=_plain)
    length = 0
    for one, other in zip(first, last, strict=False):
        if type(one) is not type(other) or one != other:
            break
        length += 1
    return length


def _plain(path: Path) -> list[str]:
    return [repr(key) for key in path]


def _name(keys: Path) -> str:
    """Never empty; control characters and lone surrogates escaped, so that every format can hold it."""
    return escape(".".join(integer(key) if type(key) is int else str(key) for key in keys)) or "tensor"
