"""Where a person was in a tree, by names: it holds after a reload, when every id may be another.

A row's name is the labels from the topmost row down, each with its key's type (``0`` and ``"0"`` differ); groups of
dotted names have labels like the rest. Plain lists, so that a session can be written down.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline import Outline

Name = list[list[object]]
SPAN = "span"
"""First part of the name of a row that stands for several; the name of the first of them follows."""


def name_of(outline: Outline, row: int) -> Name:
    """The row's name."""
    checkpoint = outline.facts.checkpoint
    if row >= len(checkpoint.nodes):
        return [[SPAN, -1], *name_of(outline, outline.members(row)[0])]
    nodes, name = checkpoint.nodes, list[list[object]]()
    while row > 0:
        name.append([checkpoint.texts[nodes.label[row]], nodes.key_type[row]])
        row = nodes.parent[row]
    return name[::-1]


class Finder:
    """Names → rows of an outline; children's labels are looked up once a parent."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._checkpoint: Checkpoint = outline.facts.checkpoint
        self._labels: dict[int, dict[tuple[object, object], int]] = {}

    def row(self, name: Name) -> int | None:
        """The row of that name, its trail asked for; None where there is none (any more)."""
        if name and name[0] == [SPAN, -1]:
            first = self.row(name[1:])
            above = self._outline.parent(first) if first is not None else -1
            return above if above >= len(self._checkpoint.nodes) else None
        node = self._node(name)
        return node if node is not None and self._outline.trail(node) else None

    def _node(self, name: Sequence[Sequence[object]]) -> int | None:
        node = 0
        for label, key_type in name:
            found = self._below(node).get((label, key_type))
            if found is None:
                return None
            node = found
        return node

    def _below(self, node: int) -> dict[tuple[object, object], int]:
        if node not in self._labels:
            nodes, texts = self._checkpoint.nodes, self._checkpoint.texts
            self._labels[node] = {
                (texts[nodes.label[child]], nodes.key_type[child]): child for child in self._checkpoint.children(node)
            }
        return self._labels[node]
