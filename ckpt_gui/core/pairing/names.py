"""What the tensors of one side are called: names under the weights, path texts elsewhere."""

from __future__ import annotations

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.pairing.nouns import OUTSIDE, Listing, Side
from ckpt_gui.core.pairing.roots import Root
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import key_text
from ckpt_gui.core.wire import Opened

EXTRA_STATE = "_extra_state"
"""torch/nn/modules/module.py, ``_EXTRA_STATE_KEY_SUFFIX``."""

Place = tuple[str, bool]
"""What stands before the keys in a container, and whether these are names of weights."""


def listing(opened: Opened, root: Root, *, apart: bool) -> Listing:
    """The tensors at and beneath the root. ``apart``: do path texts never meet names of weights?"""
    naming = _Naming(opened, root)
    columns = opened.checkpoint.tensors
    tensors: list[int] = []
    keys: list[str] = []
    scopes: list[str] = []
    for tensor in range(opened.checkpoint.rows):
        found = naming.of(columns.node[tensor])
        if found is not None:
            tensors.append(tensor)
            keys.append(found[0])
            scopes.append("" if found[1] or not apart else OUTSIDE)
    return Listing(tuple(tensors), tuple(keys), tuple(scopes), _twins(keys, scopes))


def extra_states(opened: Opened, root: Root) -> list[str]:
    """Names of what modules keep beside tensors (``get_extra_state``), which loading asks for like a tensor."""
    checkpoint, nodes = opened.checkpoint, opened.checkpoint.nodes
    ids = {number for number, text in enumerate(checkpoint.texts) if text.endswith(EXTRA_STATE)}
    naming, found = _Naming(opened, root), list[str]()
    for node in [node for node, key in enumerate(nodes.key) if key in ids] if ids else ():
        place = naming.of(node) if nodes.kind[node] != Kind.TENSOR else None
        if place is not None and place[1] and nodes.kind[nodes.parent[node]] != Kind.OBJECT:
            found.append(place[0])
    return found


def shapes_of(side: Side) -> list[tuple[int, ...]]:
    """Of each tensor listed; equal ones are one object."""
    known: dict[tuple[int, ...], tuple[int, ...]] = {}
    return [known.setdefault(shape, shape) for shape in map(side.opened.checkpoint.shape, side.listing.tensors)]


def _twins(keys: list[str], scopes: list[str]) -> dict[int, str]:
    """A number for each repetition of a key (``{"a": {"b": …}, "a.b": …}``, ``True`` beside ``"True"``)."""
    marks = list(zip(scopes, keys, strict=True))
    if len(set(marks)) == len(marks):
        return {}
    met: dict[tuple[str, str], int] = {}
    found = {}
    for place, mark in enumerate(marks):
        times = met[mark] = met.get(mark, 0) + 1
        if times > 1:
            found[place] = f"{OUTSIDE}{times}"
    return found


class _Naming:
    """Names by node; what stands before the keys of a container is made once."""

    def __init__(self, opened: Opened, root: Root) -> None:
        self.checkpoint = opened.checkpoint
        self.roles = opened.anatomy.roles
        self.root = root
        self.own = self.roles[root.names] if root.names >= 0 else -1
        self.cut = len(root.prefix)
        """Characters at the beginning of keys that belong to the root, if that is the beginning of names."""
        self.before: dict[int, Place | None] = {root.node: ("", root.names == root.node)}
        """None: not beneath the root."""
        self.before.setdefault(0, None)

    def of(self, node: int) -> Place | None:
        """The node's name, and whether it is one of the weights; None if it is not beneath the root."""
        if node == self.root.node:
            keys = self.checkpoint.path_of(node)
            return str(keys[-1])[self.cut :] if keys else "", self.root.names >= 0
        above = self.checkpoint.nodes.parent[node]
        place = self.before[above] if above in self.before else self._within(above)
        return None if place is None else (place[0] + self._key(node, place[1]), place[1])

    def _key(self, node: int, named: bool) -> str:
        nodes = self.checkpoint.nodes
        text, kind = self.checkpoint.texts[nodes.key[node]], nodes.key_type[node]
        if self.cut and nodes.kind[nodes.parent[node]] == Kind.GROUP:
            text = text[self.cut :]  # all names in the group begin with it
        if named:
            return text
        if kind == KeyType.ATTRIBUTES:
            return "/".join(map(key_text, text.split(".")))
        return key_text(text) if kind == KeyType.TEXT else text.replace("\\", "\\\\").replace("/", "\\/")

    def _within(self, node: int) -> Place | None:
        nodes, chain = self.checkpoint.nodes, list[int]()
        while node not in self.before:  # no recursion: a file may nest as deep as it likes
            chain.append(node)
            node = nodes.parent[node]
        place = self.before[node]
        for link in reversed(chain):
            place = self.before[link] = self._into(link, place)
        return place

    def _into(self, node: int, above: Place | None) -> Place | None:
        if above is None or self.checkpoint.nodes.kind[node] == Kind.GROUP:
            return above
        if node == self.root.names:
            return "", True
        prefix, named = above
        if named and self.roles[node] not in (self.own, Role.weights):
            return self._outside(node), False
        return prefix + self._key(node, named) + ("." if named else "/"), named

    def _outside(self, node: int) -> str:
        """The path text from the root, of a part that lies among the weights without being any."""
        keys = self.checkpoint.path_of(node)[len(self.checkpoint.path_of(self.root.node)) :]
        return "".join(f"{key_text(key)}/" for key in keys)
