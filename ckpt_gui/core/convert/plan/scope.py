"""Of what part of a file a result is made, and where the names in it begin.

Where a state_dict is asked for and it is not plain which tensors that would be, the sentence says so and names
what there is, each with the ``--select PATH`` that chooses it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan.route import Route
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.pairing.roots import find
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import Path, escape, path_text, plural

STATE = (Role.optimizer, Role.scheduler, Role.scaler, Role.rng)
"""What training keeps beside the weights."""
MAX_CANDIDATES = 8


class Scope(NamedTuple):
    """A part of the file."""

    root: int
    """Node; 0 for the whole file."""
    prefix: str
    """What the names in it begin with, where it is the beginning of names; dot included."""
    asked: bool
    """Whether somebody asked for it."""


def scope(tree: Tree, way: Route, options: Options) -> Scope:
    """The part. Raises ConvertError where none was asked for and several could be meant."""
    if options.select is not None:
        return _selected(tree, way, options.select)
    if options.state_dict:
        return Scope(weights(tree), "", False)
    return Scope(0, "", False)


def _selected(tree: Tree, way: Route, path: Path) -> Scope:
    found = find(tree.checkpoint, path) if path else (0, "")
    if found is None:
        raise ConvertError(f"There is nothing at {escape(path_text(path))} (--select)")
    node, prefix = found
    if way.nested and prefix and tree.nodes.kind[_holder(tree, node)] == Kind.OBJECT:
        raise ConvertError(f"{escape(path_text(path))} are names within an object; --state-dict saves tensors by them")
    return Scope(node, prefix, True)


def _holder(tree: Tree, node: int) -> int:
    """The nearest container that is no group."""
    while tree.nodes.kind[node] in (Kind.GROUP, Kind.TENSOR):
        node = tree.nodes.parent[node]
    return node


def weights(tree: Tree) -> int:
    """The node of the weights. Raises ConvertError where there are several, or none that has names."""
    nodes, root = tree.nodes, tree.opened.anatomy.weights
    if not tree.rows:
        raise ConvertError("There are no tensors in this file, so there is no state_dict in it")
    if nodes.kind[0] == Kind.TENSOR:
        raise ConvertError("The file is one tensor without a name; --select '' saves it under the name “tensor”")
    found = [part.node for part in tree.opened.anatomy.parts if part.role is Role.weights]
    if len(found) > 1:
        raise ConvertError(
            f"There are {plural(len(found), 'network')} in this file; choose one. {_listed(tree, found)}"
        )
    if root < 0:
        raise ConvertError(f"No part of this file is known as the weights of a network; choose one. {_offers(tree)}")
    if nodes.kind[root] == Kind.SEQUENCE:
        raise ConvertError(
            f"The tensors lie in a list and have no names; choose it to number them. {_listed(tree, [root])}"
        )
    if _strays(tree, root):
        raise ConvertError(f"There are tensors in lists, without names; choose a part. {_offers(tree)}")
    if lists := list(_lists_within(tree, root)):
        raise ConvertError(
            f"Some of the weights lie in lists ({tree.listed(lists, 3)}); choose the part to number them. "
            f"{_listed(tree, [root])}"
        )
    return root


def _strays(tree: Tree, root: int) -> bool:
    """Whether the weights lie in a list, and tensors that are no part that is known beside them."""
    if all(tree.nodes.kind[above] != Kind.SEQUENCE for above in tree.checkpoint.ancestors(root)):
        return False
    hidden, tensors = int(Flag.NOT_IN_STATE_DICT), tree.checkpoint.tensors
    inside = tree.beneath(root)
    return any(
        tree.roles[node] == Role.other and not inside[node] and not tensors.flags[row] & hidden
        and tree.nodes.kind[tree.nodes.parent[node]] == Kind.SEQUENCE
        for row, node in enumerate(tensors.node[: tree.rows])
    )  # fmt: skip


def _lists_within(tree: Tree, root: int) -> Iterator[int]:
    """Lists among the weights that hold some of them."""
    nodes = tree.nodes
    if Kind.SEQUENCE not in bytes(nodes.kind):
        return
    inside, hidden, tensors = tree.beneath(root), int(Flag.NOT_IN_STATE_DICT), tree.checkpoint.tensors
    listed = {
        nodes.parent[node]
        for row, node in enumerate(tensors.node[: tree.rows])
        if inside[node] and tree.roles[node] == tree.roles[root] and not tensors.flags[row] & hidden
    }
    for node in sorted(listed):
        while node != root and node > 0:
            if nodes.kind[node] == Kind.SEQUENCE:
                yield node
                break
            node = nodes.parent[node]


def _offers(tree: Tree) -> str:
    """Parts that hold tensors, largest first, as they may be chosen."""
    return _listed(tree, candidates(tree))


def candidates(tree: Tree) -> list[int]:
    """Containers that tensors lie in, topmost ones of each role; the largest first."""
    nodes, tensors = tree.nodes, tree.checkpoint.tensors
    found: dict[int, None] = {}
    for node in tensors.node[: tree.rows]:
        above = nodes.parent[node] if node else 0
        while above > 0 and nodes.kind[above] == Kind.GROUP:
            above = nodes.parent[above]
        while above > 0 and _only(tree, nodes.parent[above]):
            above = nodes.parent[above]
        found[max(above, 0)] = None
    return sorted(found, key=lambda node: -nodes.params[node])


def _only(tree: Tree, node: int) -> bool:
    """Whether the container is a part by itself: all its tensors lie in containers of their own, of one role."""
    children = tree.checkpoint.children(node)
    filled = {tree.roles[child] for child in children if tree.nodes.tensors[child]}
    own = any(tree.nodes.kind[child] == Kind.TENSOR for child in children)
    return node > 0 and len(filled) == 1 and not own


def _listed(tree: Tree, nodes: Sequence[int]) -> str:
    told = [
        f"--select {shlex.quote(path_text(tree.path(node)))} ({plural(tree.nodes.tensors[node], 'tensor')})"
        for node in nodes[:MAX_CANDIDATES]
    ]
    more = f"; and {len(nodes) - len(told):,} more" if len(nodes) > len(told) else ""
    return escape("; ".join(told)) + more


def inside(tree: Tree, part: Scope) -> bytearray:
    """1 for every node of the part."""
    if not part.root and not part.prefix:
        return bytearray(b"\1") * len(tree.nodes)
    return tree.beneath(part.root)


def holder(tree: Tree, part: Scope) -> int:
    """Where names begin: the part itself; of the beginning of names, what holds them."""
    return _holder(tree, part.root) if part.prefix else part.root


def said_to_hold_weights(tree: Tree, marks: bytearray) -> bool:
    """Whether some tensor in the part is one of a network's."""
    node_of = tree.checkpoint.tensors.node
    return any(marks[node] and tree.roles[node] == Role.weights for node in node_of[: tree.rows])
