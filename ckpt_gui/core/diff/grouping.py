"""Pairs as a tree by their dotted names, as the tree of a file shows them.

A row is an int: below ``count`` the place of a pair, from there on a group. ``ROOT`` is what is above the topmost.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

from ckpt_gui.core.nodes.groups import MAX_PARTS, is_dotted

ROOT = -1
MAX_DEPTH = MAX_PARTS
"""Containers above a pair; a name with more of them stays whole."""


class Grouping:
    """Which pairs stand beneath which groups. Frozen once made."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.count = len(keys)
        """Pairs."""
        self.keys = keys
        self.labels: list[str] = list(keys)
        """What a row is called beneath its group."""
        self.names: list[str] = []
        """Of each group, the whole name: ``encoder.layers``; without the separator at its end."""
        self.joints: list[str] = []
        """Of each group, what parts its name from those beneath: ``.`` or ``/``."""
        self.parent = array("i", [ROOT]) * self.count
        self.children: dict[int, list[int]] = {ROOT: []}
        self._groups: dict[tuple[str, str], int] = {}
        for place, key in enumerate(keys):
            head, _, label = key.rpartition(".")
            known = self._groups.get((head, "."))
            if known is not None and label.isidentifier():  # ordinary, and most are
                self.labels[place] = label
                self.parent[place] = known
                self.children[known].append(place)
            else:
                self._add(place, key)
        self._merge_only_children()
        for rows in self.children.values():
            _number(rows, self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def is_group(self, row: int) -> bool:
        """Do pairs stand beneath it?"""
        return row >= self.count

    def name(self, row: int) -> str:
        """The whole name of a group."""
        return self.names[row - self.count]

    def pairs(self, row: int) -> Iterator[int]:
        """The places of all pairs at and beneath a row, in order."""
        pending = [row]
        while pending:
            one = pending.pop()
            if 0 <= one < self.count:
                yield one
            else:
                pending += reversed(self.children[one])

    def above(self, row: int) -> Iterator[int]:
        """The groups above a row, from the nearest."""
        while (row := self.parent[row]) != ROOT:
            yield row

    def _add(self, row: int, key: str) -> None:
        """Hang a row under its group; groups that are new hang under theirs."""
        joint = ""
        while True:
            prefix, joint, label = cut(key, dotted=joint == ".")
            self.labels[row] = label
            known = self._groups.get((prefix, joint), ROOT) if joint else ROOT
            above = known
            if joint and known == ROOT:
                above = self._groups[prefix, joint] = len(self.labels)
                self.labels.append(prefix)
                self.names.append(prefix)
                self.joints.append(joint)
                self.parent.append(ROOT)
                self.children[above] = []
            self.parent[row] = above
            self.children[above].append(row)
            if not joint or known != ROOT:
                return
            row, key = above, prefix

    def _merge_only_children(self) -> None:
        """A group of one becomes that one, with both labels: ``wte.weight``. Deepest groups first."""
        instead: dict[int, int] = {}
        for group in self._deepest_first():
            members = self.children[group] = [instead.get(row, row) for row in self.children[group]]
            if len(members) == 1:
                only = instead[group] = members[0]
                self.labels[only] = f"{self.labels[group]}{self.joints[group - self.count]}{self.labels[only]}"
                self.parent[only] = self.parent[group]
                del self.children[group]
        self.children[ROOT] = [instead.get(row, row) for row in self.children[ROOT]]

    def _deepest_first(self) -> list[int]:
        order = [ROOT]
        for row in order:
            order += [child for child in self.children[row] if child >= self.count]
        return order[:0:-1]


def cut(key: str, *, dotted: bool = False) -> tuple[str, str, str]:
    """A name parted before its last key: what stands before, the separator (``.``, ``/``, or "" for none), the rest.

    ``dotted``: it is known already that the name after its last ``/`` falls into groups at its dots, if it has any.
    """
    slash = key.rfind("/")
    if slash > 0 and key.count("/") > MAX_DEPTH:
        return "", "", key
    while slash > 0 and key[slash - 1] == "\\":  # a / in a key, not between keys
        slash = key.rfind("/", 0, slash)
    dot = key.rfind(".")
    if dot > slash and (dotted or is_dotted(key[slash + 1 :])):
        return key[:dot], ".", key[dot + 1 :]
    return (key[:slash], "/", key[slash + 1 :]) if 0 < slash < len(key) - 1 else ("", "", key)


def _number(rows: list[int], labels: Sequence[str]) -> None:
    """Numbered layers in the order of their numbers; anything else stays as it is."""
    names = [labels[row] for row in rows]
    if len(rows) > 1 and all(name.isascii() and name.isdecimal() and len(name) < 19 for name in names):
        rows.sort(key=lambda row: int(labels[row]))
