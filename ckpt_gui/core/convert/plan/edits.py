"""What changes in the pickled objects, and where what stays lies afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.convert.nouns import Edit
from ckpt_gui.core.convert.plan.average import Average
from ckpt_gui.core.convert.plan.left import Left
from ckpt_gui.core.convert.plan.scope import Scope, holder
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.text import Path

_MADE_FROM = ("args", "kwargs")


class Nested:
    """The edits of a nested plan, and the paths in its result."""

    def __init__(self, tree: Tree, part: Scope, gone: Left, taken: Sequence[Average], keys: dict[int, str]) -> None:
        self.tree, self.gone, self.taken, self.keys = tree, gone, taken, keys
        self.root = holder(tree, part)
        self.base = tree.path(self.root)
        self._moves = [(tree.path(one.inner), tree.path(one.raw)) for one in taken if one.whole]
        """Path that is moved, and where to."""
        self._has_objects = Kind.OBJECT in bytes(tree.nodes.kind)
        self._raw = {row: raw for one in taken if not one.whole for raw, row in one.rows.items()}

    @property
    def moves(self) -> bool:
        """Whether anything lies elsewhere afterwards."""
        return bool(self.base or self.keys or self._moves or self._raw)

    def target(self, row: int, path: Path) -> Path:
        """Where a tensor lies in the result."""
        node_of = self.tree.checkpoint.tensors.node
        node = node_of[self._raw[row]] if row in self._raw else node_of[row]
        if row in self._raw:
            path = self.tree.path(node)
        if node in self.keys:
            path = (*path[:-1], self.keys[node])
        for source, goal in self._moves:
            if path[: len(source)] == source:
                path = goal + path[len(source) :]
                break
        return path[len(self.base) :]

    def edits(self) -> tuple[Edit, ...]:
        """All edits; their paths are those of the source. Raises ConvertError where nothing would be left."""
        tree = self.tree
        if self.root in self.gone.whole and not any(one.whole and one.raw == self.root for one in self.taken):
            raise ConvertError(f"Nothing would be left: all of it is {self.gone.why(self.root) or 'left out'}")
        found = [*self._chosen(), *self._replaced(), *self._drops()]
        found += [Edit("rename", tree.path(node), key) for node, key in self.keys.items()]
        return tuple(found)

    def _chosen(self) -> list[Edit]:
        """The part that was chosen becomes the whole."""
        for one in self.taken:
            if one.whole and one.raw == self.root:
                return [Edit("replace", (), other=self.tree.path(one.inner))]
        return [Edit("replace", (), other=self.base)] if self.base else []

    def _replaced(self) -> list[Edit]:
        tree, node_of = self.tree, self.tree.checkpoint.tensors.node
        found = []
        for one in self.taken:
            if not one.whole:
                found += [
                    Edit("replace", tree.path(node_of[raw]), other=tree.path(node_of[row]))
                    for raw, row in one.rows.items()
                ]
            elif one.raw != self.root:
                found.append(Edit("replace", tree.path(one.raw), other=tree.path(one.inner)))
        return found

    def _drops(self) -> list[Edit]:
        """One edit for the topmost node of what goes; groups of names have no entry of their own."""
        tree, nodes, whole = self.tree, self.tree.nodes, self.gone.whole
        if not any(self.gone.marks):
            return []
        inside, covered, moved = self._inside(), self._covered(), self._moved_entries()
        inner = {one.inner for one in self.taken if one.whole}
        found = []
        for node in range(1, len(nodes)):
            if covered[nodes.parent[node]]:
                covered[node] = 1
            keyed = nodes.key_type[node] != KeyType.NONE
            if keyed and inside[node] and not covered[node] and node != self.root and (node in moved or node in whole):
                covered[node] = 1
                self._check(node)
                found.append(node)
            if node in inner:
                covered[node] = 0  # what is in it stays, elsewhere
        found.sort(key=nodes.order.__getitem__)
        return [Edit("drop", tree.path(node)) for node in found]

    def _inside(self) -> bytearray:
        """1 for what the result is made of."""
        inside = self.tree.beneath(self.root)
        for one in self.taken:
            if one.whole:
                inside = bytearray(map(max, inside, self.tree.beneath(one.inner)))
        return inside

    def _covered(self) -> bytearray:
        """1 for what is replaced as a whole: nothing in it needs an edit of its own."""
        covered = bytearray(len(self.tree.nodes))
        node_of = self.tree.checkpoint.tensors.node
        for one in self.taken:
            covered[one.raw] = one.whole
            for raw in one.rows if not one.whole else ():
                covered[node_of[raw]] = 1
        return covered

    def _moved_entries(self) -> set[int]:
        """Entries that go because what is in them went elsewhere."""
        node_of, nodes = self.tree.checkpoint.tensors.node, self.tree.nodes
        found: set[int] = set()
        for one in self.taken:
            if nodes.kind[one.node] == Kind.GROUP:
                found.update(node_of[row] for row in one.rows.values())
            else:
                found.add(one.node)
        return found

    def tensor_keys(self) -> list[int]:
        """Entries that stay and whose keys are tensors (the state of an optimizer that was pickled whole)."""
        nodes, texts, whole = self.tree.nodes, self.tree.checkpoint.texts, self.gone.whole
        if KeyType.OTHER not in bytes(nodes.key_type):
            return []
        return [
            node
            for node, kind in enumerate(nodes.key_type)
            if kind == KeyType.OTHER and texts[nodes.key[node]].startswith("tensor ") and node not in whole
        ]

    def _check(self, node: int) -> None:
        """Refuse to take away what an object is made from."""
        tree, nodes = self.tree, self.tree.nodes
        if not self._has_objects:
            return
        inner = node
        while inner > self.root:
            above = nodes.parent[inner]
            made_from = nodes.kind[inner] in (Kind.SEQUENCE, Kind.MAPPING) and inner == nodes.first[above]
            named = tree.checkpoint.text(nodes.key[inner]) in _MADE_FROM
            if nodes.kind[above] == Kind.OBJECT and named and made_from:
                raise ConvertError(
                    f"{tree.shown(node)} is what an object ({tree.shown(above)}) is made from, and cannot be left out "
                    "by itself; leave out the object"
                )
            inner = above
