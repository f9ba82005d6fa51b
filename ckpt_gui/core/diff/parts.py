"""A group of pairs as a part of both files, to compare by itself."""

from __future__ import annotations

from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pairing import Pairing
from ckpt_gui.core.text import Path


def part(pairing: Pairing, facts: Facts, row: int) -> tuple[Path, Path] | None:
    """Paths of the smallest containers or groups on both sides that hold what stands at and beneath a row.

    None where one side has nothing there, or where that is all that is compared by now.
    """
    rows = [facts.rows[place] for place in facts.grouping.pairs(row)]
    sides = []
    for side, tensors in (
        (pairing.left, [one.left for one in rows if one.left >= 0]),
        (pairing.right, [one.right for one in rows if one.right >= 0]),
    ):
        if not tensors:
            return None
        node = _above(side.checkpoint, [side.checkpoint.tensors.node[tensor] for tensor in tensors])
        sides.append(_path(side.checkpoint, node))
    return sides[0], sides[1]


def _above(checkpoint: Checkpoint, nodes: list[int]) -> int:
    """The lowest node that all of these lie at or beneath."""
    parent = checkpoint.nodes.parent
    pending = set(nodes)
    while len(pending) > 1:
        low = max(pending)  # children have larger ids
        pending.discard(low)
        pending.add(parent[low])
    return pending.pop()


def _path(checkpoint: Checkpoint, node: int) -> Path:
    """Keys to the node; of a group the beginning of its names as the last one."""
    from ckpt_gui.core.pairing.roots import group_prefix

    prefix = group_prefix(checkpoint, node).rstrip(".")
    return (*checkpoint.path_of(node), prefix) if prefix else checkpoint.path_of(node)
