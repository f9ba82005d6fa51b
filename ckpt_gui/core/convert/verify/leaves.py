"""The values beside the tensors: those that were to stay are there and equal, those that were dropped are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.convert.nouns import Edit, Plan
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import Path, clip, path_text

Leaf = tuple[str, str]
"""(type, text)."""
_TAGGED = "Storage"
"""Types whose text tells a tag or a type that a plan may change."""


def compare(source: Checkpoint, plan: Plan, result: Checkpoint, found: Differences) -> None:
    """Tell the values of a result that was written back as it was (``Plan.nested``) and are not as in the source."""
    gone = {one.node for one in plan.dropped}
    moves = _Moves(plan.edits)
    wanted: dict[str, tuple[Path, Leaf]] = {}
    for node, path, leaf in _leaves(source):
        if node not in gone and (moved := moves(path)) is not None:
            wanted[path_text(moved)] = (moved, leaf)
    there = {path_text(path): (path, leaf) for _, path, leaf in _leaves(result)}
    for text, (path, leaf) in wanted.items():
        if text not in there:
            found.add(path, f"the value {_told(leaf)} is missing")
        elif there[text][1] != leaf:
            found.add(path, f"is {_told(there[text][1])}, in the source {_told(leaf)}")
    for text, (path, leaf) in there.items():
        if text not in wanted:
            found.add(path, f"the value {_told(leaf)} is there, which was not planned")


def _leaves(checkpoint: Checkpoint) -> Iterator[tuple[int, Path, Leaf]]:
    nodes = checkpoint.nodes
    for node, kind in enumerate(nodes.kind):
        leaf = kind == Kind.VALUE or (not nodes.count[node] and kind not in (Kind.TENSOR, Kind.GROUP, Kind.ALIAS))
        name = checkpoint.text(nodes.type_name[node]) if leaf else ""
        if leaf and _TAGGED not in name:
            text = checkpoint.long_texts.get(node) or checkpoint.text(nodes.text[node])
            yield node, checkpoint.path_of(node), (name, text)


def _told(leaf: Leaf) -> str:
    return f"{clip(leaf[1], 80)} ({leaf[0]})"


class _Moves:
    """Where a path of the source is in the result."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._dropped = {edit.path for edit in edits if edit.what == "drop"}
        self._renamed = {edit.path: edit.key for edit in edits if edit.what == "rename"}
        self._replaced = {edit.path: edit.other for edit in edits if edit.what == "replace"}

    def __call__(self, path: Path) -> Path | None:
        """None where it is dropped."""
        for before, after in self._replaced.items():
            if path[: len(after)] == after:
                path = (*before, *path[len(after) :])
                break
            if path[: len(before)] == before:
                return None
        beginnings = [path[:length] for length in range(len(path) + 1)]
        if any(one in self._dropped for one in beginnings):
            return None
        return tuple(self._renamed.get(one, one[-1]) for one in beginnings[1:])
