"""A checkpoint's rows as a plan needs them: paths, names, what a GLOB or a filter finds, marks that are inherited.

A mark is one byte a node, 0 for none. Ids are breadth first, so that a container's children are one slice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.patterns import Bad
from ckpt_gui.core.roles import Role
from ckpt_gui.core.search import build_index, find, parse
from ckpt_gui.core.search.values import read_glob
from ckpt_gui.core.text import Path, escape, join_words, key_text, path_text
from ckpt_gui.core.wire import Opened

FEW = 64
_LITERAL = (KeyType.INT, KeyType.FLOAT, KeyType.BOOL, KeyType.NULL)


class Tree:
    """One opened checkpoint, with what is asked for again and again kept."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.checkpoint = opened.checkpoint
        self.nodes = opened.checkpoint.nodes
        self.roles = opened.anatomy.roles
        self.rows = opened.checkpoint.rows
        self.containers = [node for node, count in enumerate(self.nodes.count) if count]
        storages = opened.checkpoint.storages
        self.within = {one for one, offset in enumerate(storages.offset) if offset < 0 < storages.nbytes[one]}
        """Storages whose bytes lie in a pickle within the pickle: they are written back with it, and not copied."""
        self._above: list[Path] = []
        self._forms: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._texts: list[str] | None = None

    def path(self, node: int) -> Path:
        """Keys from the root to the node."""
        return self.paths((node,))[0]

    def paths(self, nodes: Collection[int]) -> list[Path]:
        """The path of each node; where there are many, those of containers are put together once."""
        if len(nodes) < FEW and not self._above:
            return list(map(self.checkpoint.path_of, nodes))
        above = self._above or self._containers()
        columns, texts, keys_of = self.nodes, self.checkpoint.texts, self.checkpoint.keys
        parent, key, key_type = columns.parent, columns.key, columns.key_type
        return [
            () if not node
            else above[parent[node]] + ((texts[key[node]],) if key_type[node] == KeyType.TEXT else keys_of(node))
            for node in nodes
        ]  # fmt: skip

    def _containers(self) -> list[Path]:
        """The path of each container by its id; a child has a larger id than its parent."""
        above: list[Path] = [()] * len(self.nodes)
        parent, keys_of = self.nodes.parent, self.checkpoint.keys
        for node in self.containers[1:]:
            above[node] = above[parent[node]] + keys_of(node)
        self._above = above
        return above

    def form(self, row: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape and stride of a plain tensor; equal ones are one object."""
        tensors = self.checkpoint.tensors
        at, rank = tensors.sizes_at[row], tensors.rank[row]
        found = self._forms.get(at << 8 | rank)
        if found is None:
            sizes = tensors.sizes
            found = tuple(sizes[at : at + rank]), tuple(sizes[at + rank : at + 2 * rank])
            self._forms[at << 8 | rank] = found
        return found

    def is_within(self, row: int) -> bool:
        """Whether a tensor's bytes lie in a pickle within the pickle."""
        return bool(self.within) and self.checkpoint.tensors.storage[row] in self.within

    def shown(self, node: int) -> str:
        """The path for a sentence."""
        return escape(path_text(self.path(node)))[:200] or "the whole file"

    def listed(self, nodes: Iterable[int], limit: int = 6) -> str:
        """``a, b and 3 more``."""
        return join_words([self.shown(node) for node in nodes], limit)

    def rows_listed(self, rows: Iterable[int], limit: int = 6) -> str:
        """The same of tensors."""
        return self.listed([self.checkpoint.tensors.node[row] for row in rows], limit)

    def role_of(self, row: int) -> int:
        """The role of a tensor."""
        return self.roles[self.checkpoint.tensors.node[row]]

    def has_role(self, roles: Iterable[Role]) -> bytearray:
        """1 for each node of these roles."""
        table = bytearray(256)
        for role in roles:
            table[role] = 1
        return bytearray(self.roles.translate(bytes(table)))

    def inherit(self, marks: bytearray) -> bytearray:
        """Hand every container's mark down to what has none, in place."""
        first, count = self.nodes.first, self.nodes.count
        for node in self.containers:
            mark = marks[node]
            if mark:
                begin, end = first[node], first[node] + count[node]
                marks[begin:end] = marks[begin:end].replace(b"\0", bytes([mark]))
        return marks

    def beneath(self, node: int) -> bytearray:
        """1 for the node and everything in it."""
        marks = bytearray(len(self.nodes))
        marks[node] = 1
        return self.inherit(marks)

    def matching(self, globs: Sequence[str]) -> bytearray:
        """1 for what a GLOB matches by its whole path or its last key, and for everything in it."""
        marks = bytearray(len(self.nodes))
        if not globs:
            return marks
        patterns = [_glob(text) for text in globs]
        texts, names, keys = self._path_texts(), self.checkpoint.texts, self.nodes.key
        for node in range(1, len(marks)):
            path, key = texts[node], names[keys[node]]
            if any(pattern.match(path) or pattern.match(key) for pattern in patterns):
                marks[node] = self.nodes.key_type[node] != KeyType.NONE
        return self.inherit(marks)

    def _path_texts(self) -> list[str]:
        """The path text of every node, as ``text.path_text`` gives it; groups have that of what they lie in."""
        if self._texts is None:
            nodes, names = self.nodes, self.checkpoint.texts
            found = [""] * len(nodes)
            for node in range(1, len(nodes)):
                kind, text, before = nodes.key_type[node], names[nodes.key[node]], found[nodes.parent[node]]
                if kind == KeyType.NONE:
                    found[node] = before
                    continue
                if kind == KeyType.ATTRIBUTES:
                    text = "/".join(map(key_text, text.split(".")))
                elif kind not in _LITERAL:
                    text = key_text(text)
                found[node] = f"{before}/{text}" if before or self._keyed_above(node) else text
            self._texts = found
        return self._texts

    def _keyed_above(self, node: int) -> bool:
        """Whether a container on the way has a key: one that is the empty text, then."""
        nodes, node = self.nodes, self.nodes.parent[node]
        while node > 0:
            if nodes.key_type[node] != KeyType.NONE:
                return True
            node = nodes.parent[node]
        return False

    def filtered(self, text: str, what: str) -> set[int]:
        """Rows of the tensors that a typed filter finds. Raises ConvertError where it cannot be read."""
        query = parse(text)
        found = find(query, build_index(self.checkpoint, self.roles)) if not query.errors else None
        errors = query.errors or (found.errors if found else ())
        if errors:
            bad = text[errors[0].start : errors[0].end]
            raise ConvertError(f"The filter of {what} cannot be used: “{escape(bad)[:100]}”: {errors[0].reason}")
        tensors = self.nodes.tensor
        return {tensors[node] for node in found.matches if tensors[node] >= 0} if found else set()


def _glob(text: str) -> re.Pattern[str]:
    try:
        return read_glob(text).regex
    except Bad as exc:
        raise ConvertError(f"“{escape(text)[:60]}” cannot be used: {exc}") from exc


class Names:
    """Names of what lies beneath one node: its keys joined with dots."""

    def __init__(self, tree: Tree, root: int) -> None:
        self.tree = tree
        self.before: dict[int, str | None] = {root: ""}
        self.before.setdefault(0, None)
        self.root = root

    def of(self, node: int) -> str | None:
        """The node's name; None if it does not lie beneath the root. A root that is a tensor goes by its last key."""
        nodes, texts = self.tree.nodes, self.tree.checkpoint.texts
        if node == self.root:
            return texts[nodes.key[node]] or "tensor"
        before = self._within(nodes.parent[node])
        return None if before is None else before + texts[nodes.key[node]]

    def _within(self, node: int) -> str | None:
        known, nodes = self.before, self.tree.nodes
        if node in known:
            return known[node]
        chain, texts = list[int](), self.tree.checkpoint.texts
        while node not in known:
            chain.append(node)
            node = nodes.parent[node]
        before = known[node]
        for link in reversed(chain):
            if before is not None and nodes.kind[link] != Kind.GROUP:
                before = f"{before}{texts[nodes.key[link]]}."
            known[link] = before
        return before
