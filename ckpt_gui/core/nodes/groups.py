"""Dotted names → groups, and rows → breadth-first order, where children are a range of ids."""

from __future__ import annotations

import re
from array import array

from ckpt_gui.core.columns import KeyType, Kind, Nodes
from ckpt_gui.core.nodes.flatten import Rows
from ckpt_gui.core.nodes.table import Texts

MAX_PARTS = 64
MAX_NAME = 1000
_DOTTED = re.compile(r"[^\s.'\"{}()\[\]]+(?:\.[^\s.'\"{}()\[\]]+)+\Z")
"""A name such as ``layers.0.attn.q_proj``: parts between dots, no white space, quotes or brackets."""


def is_dotted(name: str) -> bool:
    """Whether a name falls into groups at its dots."""
    return len(name) <= MAX_NAME and name.count(".") <= MAX_PARTS and bool(_DOTTED.match(name))


class _Tree:
    """Children by row; rows from ``count`` on are groups."""

    def __init__(self, rows: Rows, texts: Texts) -> None:
        self.rows = rows
        self.texts = texts
        self.count = len(rows.parent)
        self.label = array("i", rows.key)
        self.children = rows.children
        self.group_order: list[int] = []
        self.group_type: list[int] = []

    def group(self, holder: int, members: list[int]) -> None:
        """Put the dotted members of ``holder`` into groups."""
        classes = self.rows.modules.get(holder, {})
        names, keys = self.texts.list, self.rows.key
        made: dict[str, int] = {}
        top: list[int] = []
        for row in members:
            prefix, _, last = names[keys[row]].rpartition(".")
            if not prefix or not is_dotted(names[keys[row]]):
                top.append(row)
                continue
            group = made.get(prefix)
            if group is None:
                group = self._make(prefix, row, made, top, classes)
            self.children[group].append(row)
            self.label[row] = self.texts.id(last)
        self.children[holder] = top
        self._merge_only_children(list(made.values()), holder)

    def _make(self, prefix: str, first: int, made: dict[str, int], top: list[int], classes: dict[str, str]) -> int:
        parts = prefix.split(".")
        siblings, group = top, -1
        for depth, part in enumerate(parts):
            name = ".".join(parts[: depth + 1])
            group = made.get(name, -1)
            if group < 0:
                group = made[name] = self.count + len(self.group_order)
                self.group_order.append(first)
                self.group_type.append(self.texts.id(classes.get(name, "")))
                self.label.append(self.texts.id(part))
                self.children[group] = []
                siblings.append(group)
            siblings = self.children[group]
        return group

    def _merge_only_children(self, groups: list[int], holder: int) -> None:
        """A group of one becomes that one, with both labels: ``wte.weight``. Deepest groups first."""
        instead: dict[int, int] = {}
        for group in reversed(groups):
            self.children[group] = members = [instead.get(row, row) for row in self.children[group]]
            if len(members) == 1:
                only = members[0]
                self.label[only] = self.texts.id(f"{self._text(group)}.{self._text(only)}")
                instead[group] = only
                del self.children[group]
        self.children[holder] = [instead.get(row, row) for row in self.children[holder]]

    def _text(self, row: int) -> str:
        return self.texts.list[self.label[row]]

    def sorted_layers(self, members: list[int]) -> list[int]:
        """Numbered groups in the order of their numbers; anything else as in the file."""
        if len(members) < 2 or members[0] < self.count:
            return members
        labels = [self._text(row) for row in members]
        if all(label.isdecimal() and len(label) < 19 for label in labels):
            return [row for _, row in sorted(zip(map(int, labels), members, strict=True))]
        return members


def arrange(rows: Rows, texts: Texts) -> tuple[Nodes, array[int]]:
    """The final columns (without roll-ups) and, for each row, its node id."""
    tree = _Tree(rows, texts)
    for holder in _holders(rows, texts):
        tree.group(holder, tree.children[holder])
    order = [0]
    first, count = array("i"), array("i")
    for row in order:
        members = tree.sorted_layers(tree.children.get(row, []))
        first.append(len(order))
        count.append(len(members))
        order.extend(members)
    return _columns(tree, order, first, count)


def _holders(rows: Rows, texts: Texts) -> list[int]:
    """Mappings and modules that hold a tensor, a mapping or an object under a dotted name."""
    names, kinds, keys, key_types = texts.list, rows.kind, rows.key, rows.key_type
    wanted = (Kind.TENSOR, Kind.MAPPING, Kind.OBJECT)

    def dotted(row: int) -> bool:
        name = names[keys[row]]
        named = key_types[row] in (KeyType.TEXT, KeyType.ATTRIBUTES)
        return "." in name and kinds[row] in wanted and named and is_dotted(name)

    return [holder for holder, members in rows.children.items() if any(map(dotted, members))]


def _columns(tree: _Tree, order: list[int], first: array[int], count: array[int]) -> tuple[Nodes, array[int]]:
    rows, split = tree.rows, tree.count
    total = split + len(tree.group_order)
    place = array("i", bytes(4 * total))
    for number, row in enumerate(order):
        place[row] = number
    blank = tree.texts.id("")
    parents = array("i", bytes(4 * len(order)))
    parents[0] = -1
    for number in range(len(order)):
        begin = first[number]
        for child in range(begin, begin + count[number]):
            parents[child] = number
    groups = len(tree.group_order)
    nodes = Nodes()
    nodes.kind = _pick(rows.kind + array("B", [Kind.GROUP]) * groups, order)
    nodes.key_type = _pick(rows.key_type + array("B", [KeyType.NONE]) * groups, order)
    nodes.key = _pick(rows.key + array("i", [blank]) * groups, order)
    nodes.label = _pick(tree.label, order)
    nodes.type_name = _pick(rows.type_name + array("i", tree.group_type), order)
    nodes.text = _pick(rows.text + array("i", [blank]) * groups, order)
    nodes.tensor = _pick(rows.tensor + array("i", [-1]) * groups, order)
    nodes.order = _pick(array("i", range(split)) + array("i", tree.group_order), order)
    nodes.parent, nodes.first, nodes.count = parents, first, count
    return nodes, place


def _pick(column: array[int], order: list[int]) -> array[int]:
    return array(column.typecode, map(column.__getitem__, order))
