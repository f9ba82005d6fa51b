"""What to lay beside what: whole files, or the weights taken out of what they are wrapped in, or what was asked for.

Taking the wrapper off is the only thing that happens by itself: ``state_dict``, ``model``, a pickled module or
TorchScript against a bare mapping. Where both files keep the weights at one place, all of both is compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.errors import PairingError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import Path, escape, path_text
from ckpt_gui.core.wire import Opened

_NAMED = (Role.weights, Role.ema, Role.other)
"""Roles of parts whose tensors are told by names joined with dots, if they are asked for."""


@dataclass(frozen=True, slots=True)
class Root:
    """What of one file is compared, and where in it the names begin."""

    node: int
    names: int
    whole: bool
    prefix: str = ""
    """What all names in it begin with, if it was asked for by the beginning of names; dot included."""


def choose(left: Opened, right: Opened, left_path: Path | None, right_path: Path | None) -> tuple[Root, Root]:
    """The roots of both sides. Raises PairingError where a path leads nowhere."""
    if left_path is None and right_path is None:
        return _unasked(left, right)
    if left_path is None:
        asked = _asked(right, right_path, "right")
        return _counterpart(left, right, asked, right_path), asked
    first = _asked(left, left_path, "left")
    if right_path is None:
        return first, _counterpart(right, left, first, left_path)
    return first, _asked(right, right_path, "right")


def _unasked(left: Opened, right: Opened) -> tuple[Root, Root]:
    first, second = left.anatomy.weights, right.anatomy.weights
    at_one_place = (first < 0) == (second < 0) and (
        first < 0 or left.checkpoint.path_of(first) == right.checkpoint.path_of(second)
    )
    if at_one_place:
        return Root(0, first, True), Root(0, second, True)
    return _weights(left), _weights(right)


def _weights(opened: Opened) -> Root:
    """The weights by themselves; the whole file where there are none."""
    node = opened.anatomy.weights
    return Root(max(node, 0), node, node < 0)


def _asked(opened: Opened, path: Path | None, word: str) -> Root:
    found = find(opened.checkpoint, path or ())
    if found is None:
        raise PairingError(f"{opened.checkpoint.path} has nothing at {escape(path_text(path or ()))} (the {word} path)")
    return Root(found[0], _names(opened, found[0]), False, found[1])


def _counterpart(opened: Opened, other: Opened, asked: Root, path: Path | None) -> Root:
    """The other side of a part that was asked for: what lies at the same path, or the weights.

    An average is laid beside the weights: a file's own one too, if need be.
    """
    same = find(opened.checkpoint, path or ())
    if same is not None and other.anatomy.role(asked.node) is not Role.ema:
        return Root(same[0], _names(opened, same[0]), False, same[1])
    return _weights(opened)


def _names(opened: Opened, root: int) -> int:
    """Where names begin in a part that was asked for; -1 for an optimizer's state and the like."""
    checkpoint, weights = opened.checkpoint, opened.anatomy.weights
    if weights >= 0 and (root == weights or root in checkpoint.ancestors(weights)):
        return weights
    if opened.anatomy.role(root) not in _NAMED:
        return -1
    return _inner(checkpoint, root)


def _inner(checkpoint: Checkpoint, node: int) -> int:
    """Into what holds one thing only: ``ema`` → ``ema/module``."""
    nodes = checkpoint.nodes
    while nodes.count[node]:
        filled = [child for child in checkpoint.children(node) if nodes.tensors[child]]
        if len(filled) != 1 or nodes.kind[filled[0]] not in (Kind.MAPPING, Kind.OBJECT):
            break
        node = filled[0]
    return node


def find(checkpoint: Checkpoint, path: Path) -> tuple[int, str] | None:
    """The node at a path. The last key may be the beginning of dotted names too (``state_dict/encoder``): then what
    they begin with stands beside it."""
    node = checkpoint.find(path)
    if node is not None:
        return node, ""
    last, holder = path[-1], checkpoint.find(path[:-1])
    if holder is None or not isinstance(last, str):
        return None
    group = _group(checkpoint, holder, f"{last}.")
    return None if group is None else (group, f"{last}.")


def _group(checkpoint: Checkpoint, node: int, prefix: str) -> int | None:
    """Where the names that begin so lie; a group of one is that one, and bears both labels."""
    nodes = checkpoint.nodes
    while prefix:
        for child in checkpoint.children(node):
            label = checkpoint.text(nodes.label[child]) + ("." if nodes.kind[child] == Kind.GROUP else "")
            if "." in label and (prefix.startswith(label) or label.startswith(prefix)):
                node, prefix = child, prefix[len(label) :]
                break
        else:
            return None
    return node


def group_prefix(checkpoint: Checkpoint, node: int) -> str:
    """What the names in a group begin with, dot included: ``find`` takes it back. "" for all that is no group."""
    nodes, labels = checkpoint.nodes, list[str]()
    while node > 0 and nodes.kind[node] == Kind.GROUP:
        labels.append(checkpoint.text(nodes.label[node]))
        node = nodes.parent[node]
    return "".join(f"{label}." for label in reversed(labels))
