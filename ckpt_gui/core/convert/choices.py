"""What there is to choose from in a file: its device tags, its training state, its averages, its parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ckpt_gui.core import text
from ckpt_gui.core.columns import Kind
from ckpt_gui.core.convert.plan import ema_choice
from ckpt_gui.core.convert.plan.strip import state_nodes
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.wire import Opened

MAX_CONTAINERS = 5_000


@dataclass(frozen=True, slots=True)
class Part:
    """Something that only training needs."""

    name: str
    """Path text; a GLOB that means it alone."""
    why: str
    """``optimizer``, ``scheduler``, ``loop state`` …"""
    nbytes: int
    """Of its tensors, logical."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a dialog offers of one file."""

    tags: tuple[tuple[str, int], ...]
    """Device tags and how many tensors have them, the most frequent first; empty where the format has none."""
    strippable: tuple[Part, ...]
    """In the file's order."""
    averages: str
    """The question to ask where raw and averaged weights are both there; "" if not."""
    prefers_average: bool
    """Is the average what its framework runs?"""
    containers: tuple[str, ...]
    """Path texts of what holds tensors."""


def choices(opened: Opened) -> Choices:
    """All of it, from the index alone."""
    tree, checkpoint = Tree(opened), opened.checkpoint
    counts = Counter(checkpoint.device(row) for row in range(checkpoint.rows))
    ema = ema_choice(opened)
    strippable = [Part(_name(tree, node), why, _nbytes(tree, node)) for node, why in state_nodes(tree).items()]
    holders = (
        node for node in tree.containers
        if node and checkpoint.nodes.tensors[node] and checkpoint.nodes.kind[node] != Kind.GROUP
    )  # fmt: skip
    return Choices(
        tuple((tag, count) for tag, count in counts.most_common() if tag is not None),
        tuple(strippable), ema.text if ema is not None else "", ema is not None and ema.suggested,
        tuple(_name(tree, node) for node, _ in zip(holders, range(MAX_CONTAINERS), strict=False)),
    )  # fmt: skip


def _name(tree: Tree, node: int) -> str:
    return text.path_text(tree.path(node))


def _nbytes(tree: Tree, node: int) -> int:
    nodes = tree.nodes
    return nodes.nbytes[node] if nodes.tensors[node] else 0
