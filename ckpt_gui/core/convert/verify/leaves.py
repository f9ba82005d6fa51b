"""The values beside the tensors: those that were to stay are there and equal, those that were dropped are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.convert.nouns import Edit, Plan
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import Path, clip, key_text, path_text

Leaf = tuple[str, str]
"""(type, text)."""
_CONTAINERS = (Kind.MAPPING, Kind.SEQUENCE, Kind.OBJECT)
_TAGGED = "storage"
"""The type whose text tells a tag and an element type, which a plan may change."""


def compare(source: Checkpoint, plan: Plan, result: Checkpoint, found: Differences) -> None:
    """Tell the values of a result that was written back as it was (``Plan.nested``) and are not as in the source."""
    gone = {one.node for one in plan.dropped}
    moves = _Moves(plan.edits)
    cast = any(item.dtype != item.source_dtype for item in plan.items)
    gone |= _under_odd_keys(source) if cast else set()
    wanted: dict[str, tuple[int, Leaf]] = {}
    for node, text, leaf in _leaves(source):
        if node not in gone and (moved := moves.text(source, node, text)) is not None:
            wanted[moved] = (node, leaf)
    odd = _under_odd_keys(result) if cast else set()
    there = {text: (node, leaf) for node, text, leaf in _leaves(result) if node not in odd}
    for text, (node, leaf) in wanted.items():
        if text not in there:
            found.add(moves(source.path_of(node)), f"the value {_told(leaf)} is missing")
        elif there[text][1] != leaf:
            found.add(moves(source.path_of(node)), f"is {_told(there[text][1])}, in the source {_told(leaf)}")
    if more := [one for text, one in there.items() if text not in wanted]:
        emptied = _containers(source, moves) | _blanks(source, plan, moves)
        for node, leaf in more:
            path = result.path_of(node)
            if path_text(path) not in emptied:
                found.add(path, f"the value {_told(leaf)} is there, which was not planned")


def _leaves(checkpoint: Checkpoint) -> Iterator[tuple[int, str, Leaf]]:
    """Values, and containers with nothing in them: their path texts, of which what lies above is put together once."""
    nodes = checkpoint.nodes
    above = {-1: ""}
    for node, kind in enumerate(nodes.kind):  # parents come first
        keys = "/".join(map(key_text, checkpoint.keys(node))) if node else ""
        keyed = nodes.key_type[node] != KeyType.NONE
        if nodes.count[node]:
            above[node] = above[nodes.parent[node]] + (f"{keys}/" if node and keyed else "")
        leaf = kind == Kind.VALUE or (kind in _CONTAINERS and not nodes.count[node])
        name = checkpoint.text(nodes.type_name[node]) if leaf else ""
        if leaf and name != _TAGGED:
            text = checkpoint.long_texts.get(node) or checkpoint.text(nodes.text[node])
            yield node, above[nodes.parent[node]] + keys, (name, text)


def _under_odd_keys(checkpoint: Checkpoint) -> set[int]:
    """Nodes under a key that is a tensor, a tuple …: its text may tell a type, which a cast changes."""
    nodes, found = checkpoint.nodes, set[int]()
    if KeyType.OTHER in bytes(nodes.key_type):
        for node in range(1, len(nodes)):  # parents come first
            if nodes.key_type[node] == KeyType.OTHER or nodes.parent[node] in found:
                found.add(node)
    return found


def _containers(source: Checkpoint, moves: _Moves) -> set[str]:
    """Where containers lie that hold something in the source, and may be empty in the result."""
    nodes = source.nodes
    held = (node for node, kind in enumerate(nodes.kind) if kind in _CONTAINERS and nodes.count[node])
    return {path_text(moved) for node in held if (moved := moves(source.path_of(node))) is not None}


def _blanks(source: Checkpoint, plan: Plan, moves: _Moves) -> set[str]:
    """Where None stands for what was dropped from a sequence, whose other items keep their places."""
    found = set()
    for edit in plan.edits:
        if edit.what == "drop" and type(edit.path[-1]) is int and (above := moves(edit.path[:-1])) is not None:
            holder = source.find(edit.path[:-1])
            if holder is not None and source.nodes.kind[holder] == Kind.SEQUENCE:
                found.add(path_text((*above, edit.path[-1])))
    return found


def _told(leaf: Leaf) -> str:
    return f"{clip(leaf[1], 80)} ({leaf[0]})"


class _Moves:
    """Where a path of the source is in the result."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._dropped = {edit.path for edit in edits if edit.what == "drop"}
        self._renamed = {edit.path: edit.key for edit in edits if edit.what == "rename"}
        self._replaced = {edit.path: edit.other for edit in edits if edit.what == "replace"}

    def text(self, source: Checkpoint, node: int, text: str) -> str | None:
        """The same of a node by its path text, which most plans leave as it is."""
        if not (self._dropped or self._renamed or self._replaced):
            return text
        moved = self(source.path_of(node))
        return None if moved is None else path_text(moved)

    def __call__(self, path: Path) -> Path | None:
        """None where it is dropped, or another value takes its place."""
        for before, after in self._replaced.items():
            if path[: len(after)] == after:
                above = self._kept(before, 0)
                within = self._kept(path, len(after))
                return None if above is None or within is None else above + within
        if any(path[: len(before)] == before for before in self._replaced):
            return None
        return self._kept(path, 0)

    def _kept(self, path: Path, start: int) -> Path | None:
        """The keys from ``start`` on by their new names; None where one of them is dropped."""
        beginnings = [path[:length] for length in range(start + 1, len(path) + 1)]
        if any(one in self._dropped for one in beginnings):
            return None
        return tuple(self._renamed.get(one, one[-1]) for one in beginnings)
