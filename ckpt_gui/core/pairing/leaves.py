"""Everything that is no tensor: what was added, removed or changed between two checkpoints.

Values are compared as the files hold them, with their types: 1, 1.0 and True are three values. Floats are equal
if Python writes them alike, so NaN equals NaN. Containers have no value of their own, only what is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.info import value_nodes
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pairing.nouns import Pairing, Side
from ckpt_gui.core.text import Path, clip

MAX_TEXT = 1000
"""Characters of a value's text; longer ones are compared whole all the same."""
_FORMAT = ("__metadata__", "format")
"""What a safetensors file says of its framework: nothing that another format could say."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that differs."""

    path: Path
    """Keys relative to the roots."""
    left: str | None
    """The value in words; None: there is none on this side."""
    right: str | None
    left_node: int
    """Node id; -1 if there is none."""
    right_node: int


def changed_values(pairing: Pairing) -> tuple[ValueChange, ...]:
    """The values beneath the roots that differ, in the left file's order; then those only the right one has."""
    left, right = pairing.left, pairing.right
    first, second = _values(left, right), _values(right, left)
    pairs = _paired(first, second)
    names, others = left.opened.checkpoint, right.opened.checkpoint
    places, others_places = _Paths(left), _Paths(right)
    found = []
    for one, other in pairs:
        if (other < 0 and _has_fields(names, one)) or (one < 0 and _has_fields(others, other)):
            continue  # they tell
        if other < 0:
            found.append(ValueChange(places.of(one), _text(names, one), None, one, -1))
        elif one < 0:
            found.append(ValueChange(others_places.of(other), None, _text(others, other), -1, other))
        elif not _equal(names, one, others, other):
            found.append(ValueChange(places.of(one), *_texts(names, one, others, other), one, other))
    return tuple(found)


def _paired(first: dict[str, int], second: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Nodes at equal paths; where nothing else claims it, at paths that differ by a number's being text only."""
    rest = {_loosely(mark): mark for mark in second if mark not in first}
    taken = set()
    for mark, node in first.items():
        hit = mark if mark in second else rest.pop(_loosely(mark), "")
        taken.add(hit)
        yield node, second.get(hit, -1)
    for mark, node in second.items():
        if mark not in taken:
            yield -1, node


def _loosely(mark: str) -> str:
    return mark.replace(f"\0{int(KeyType.INT)}", f"\0{int(KeyType.TEXT)}")


def _values(side: Side, other: Side) -> dict[str, int]:
    """Mark of the path → node of a value, in the file's order."""
    checkpoint = side.opened.checkpoint
    marks = _Marks(checkpoint, side.root)
    plain = other.opened.checkpoint.format not in ("safetensors", "sharded")
    found: dict[str, int] = {}
    again = count()
    for node in value_nodes(checkpoint):
        if plain and checkpoint.format in ("safetensors", "sharded") and checkpoint.path_of(node) == _FORMAT:
            continue
        mark = marks.of(node)
        if mark is not None:
            if mark in found:  # keys that are told in words may be alike
                mark += f"\0again {next(again)}"
            found[mark] = node
    return found


class _Marks:
    """A node's path below the root as a text, with the types of its keys."""

    def __init__(self, checkpoint: Checkpoint, root: int) -> None:
        self.checkpoint = checkpoint
        self.known: dict[int, str | None] = {0: None, root: ""}

    def of(self, node: int) -> str | None:
        """None for what does not lie beneath the root."""
        chain = []
        while node not in self.known:
            chain.append(node)
            node = self.checkpoint.nodes.parent[node]
        mark = self.known[node]
        for link in reversed(chain):
            if mark is not None:
                mark += self._key(link)
            self.known[link] = mark
        return mark

    def _key(self, node: int) -> str:
        nodes = self.checkpoint.nodes
        kind, text = nodes.key_type[node], self.checkpoint.text(nodes.key[node])
        if kind == KeyType.NONE:
            return ""
        if kind == KeyType.ATTRIBUTES:
            return "".join(f"\0{int(KeyType.TEXT)}{part}" for part in text.split("."))
        return f"\0{kind}{text}"


class _Paths:
    """Paths below the root; that of a container is made once."""

    def __init__(self, side: Side) -> None:
        self.checkpoint = side.opened.checkpoint
        self.known: dict[int, Path] = {side.root: ()}

    def of(self, node: int) -> Path:
        """Keys from the root to the node, which lies beneath it."""
        chain = []
        while node not in self.known:
            chain.append(node)
            node = self.checkpoint.nodes.parent[node]
        path = self.known[node]
        for link in reversed(chain):
            path = self.known[link] = path + self.checkpoint.keys(link)
        return path


def _has_fields(checkpoint: Checkpoint, node: int) -> bool:
    return checkpoint.nodes.kind[node] == Kind.OBJECT and checkpoint.nodes.count[node] > 0


def _whole(checkpoint: Checkpoint, node: int) -> str:
    """The value's text, uncut where the file's index has it so."""
    if _has_fields(checkpoint, node):
        return ""  # they are values of their own
    return checkpoint.long_texts.get(node, checkpoint.text(checkpoint.nodes.text[node]))


def _type(checkpoint: Checkpoint, node: int) -> str:
    return checkpoint.text(checkpoint.nodes.type_name[node])


def _equal(left: Checkpoint, one: int, right: Checkpoint, other: int) -> bool:
    kinds = left.nodes.kind[one] == right.nodes.kind[other]
    return kinds and _type(left, one) == _type(right, other) and _whole(left, one) == _whole(right, other)


def _text(checkpoint: Checkpoint, node: int) -> str:
    """A value in words; of a container that is empty, and of an object, what it is."""
    nodes = checkpoint.nodes
    kind, type_name, text = nodes.kind[node], _type(checkpoint, node), checkpoint.text(nodes.text[node])
    if kind in (Kind.MAPPING, Kind.SEQUENCE):
        return f"empty {type_name}"
    if kind == Kind.OBJECT:
        return type_name if nodes.count[node] or text == "empty" else f"{type_name}: {text}"
    return clip(text, MAX_TEXT)


def _texts(left: Checkpoint, one: int, right: Checkpoint, other: int) -> tuple[str, str]:
    """Both values in words that differ: by their types, or by what lies beyond the cut, if by nothing else."""
    first, second = _text(left, one), _text(right, other)
    types = _type(left, one), _type(right, other)
    if types[0] != types[1] and Kind.VALUE == left.nodes.kind[one] == right.nodes.kind[other]:
        return f"{first} ({types[0]})", f"{second} ({types[1]})"
    if first != second:
        return first, second
    whole = _whole(left, one), _whole(right, other)
    place = next((at for at, (a, b) in enumerate(zip(*whole, strict=False)) if a != b), min(map(len, whole)))
    begin = clip(first, 200)
    said = [f"{begin} ({len(text):,} characters; from {place:,} on: {clip(text[place:], 200)})" for text in whole]
    return said[0], said[1]
