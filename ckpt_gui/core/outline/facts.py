"""Lookups behind the cells of one checkpoint, each made when first asked for and kept."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag, KeyType, Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import Path, escape, path_text, plural

NAMED_PARTNERS = 2
"""Partners named in a key's note; further ones are counted."""
MAX_COMPARED = 500
"""Tensors of one storage that are looked at for a common window."""
_AT_ONCE = 4096
"""Nodes looked at before asking whether the answer is known already."""
_DIGITS = re.compile(r"\d+")
_INT_LIKE = re.compile(r"-?\d+\Z", re.ASCII)
_WORDS = ("None", "True", "False")
"""Text keys that read like keys of other types; with the int-like ones they are quoted."""


def natural_text(text: str) -> str:
    """A text that sorts ``layer2`` before ``layer10``: numbers are led by their length. Quicker than tuples."""
    return _DIGITS.sub(_by_length, text.casefold())


def _by_length(match: re.Match[str]) -> str:
    digits = match.group().lstrip("0")
    return chr(1 + min(len(digits), 28)) + digits


def occurrences(column: array[int], number: int) -> Iterator[int]:
    """Places of a number in a column, at the speed of ``index``."""
    place = -1
    while True:
        try:
            place = column.index(number, place + 1)
        except ValueError:
            return
        yield place


def path_or_prefix(checkpoint: Checkpoint, node: int) -> str:
    """The node's path text; of a group, which stands in no path, what the paths beneath it begin with."""
    path = path_text(checkpoint.path_of(node))
    nodes, steps = checkpoint.nodes, list[str]()
    while node > 0 and nodes.kind[node] == Kind.GROUP:
        steps.append(checkpoint.text(nodes.label[node]))
        node = nodes.parent[node]
    name = ".".join(reversed(steps)).replace("\\", "\\\\").replace("/", "\\/")
    return "/".join(filter(None, (path, name)))


class Facts:
    """What the columns ask about the nodes of one checkpoint."""

    def __init__(self, checkpoint: Checkpoint, roles: bytes | None = None, role_names: Sequence[str] = ()) -> None:
        self.checkpoint = checkpoint
        self.nodes = checkpoint.nodes
        self.roles = roles
        """One small int a node, an index into ``role_names``."""
        self.role_names = role_names
        self.statistics: Mapping[str, Mapping[int, float]] = {}
        """Column key (``min`` … ``nan``) → tensor id → number; empty until they are computed."""
        self.group_statistics: Mapping[str, Mapping[int, float]] = {}
        """The same by node id, of what stands above tensors."""
        self.looked_at = b""
        """One byte a tensor, 1 where its statistics are known; empty where all that will be known is."""
        self._common: dict[tuple[str, int], str] = {}
        self._natural: dict[int, str] = {}

    @cached_property
    def dtype(self) -> list[str]:
        """Element type by tensor id; "" at the end, which is where tensor id -1 leads."""
        texts = self.checkpoint.texts
        return [texts[number] for number in self.checkpoint.tensors.dtype[: self.checkpoint.rows]] + [""]

    @cached_property
    def device(self) -> list[str]:
        """Device tag by tensor id, "" where there is none; "" at the end."""
        checkpoint = self.checkpoint
        tags = [checkpoint.text(number) for number in checkpoint.storages.device] + [""]
        found = [tags[storage] for storage in checkpoint.tensors.storage[: checkpoint.rows]] + [""]
        for tensor, extra in checkpoint.extras.items():
            if "device" in extra and tensor < checkpoint.rows:
                found[tensor] = checkpoint.device(tensor) or ""
        return found

    @cached_property
    def sharing(self) -> dict[int, list[int]]:
        """Storage id → tensor ids, for storages that more than one tensor uses."""
        storage = self.checkpoint.tensors.storage[: self.checkpoint.rows]
        if len(set(storage)) == len(storage):
            return {}
        uses = Counter(storage)
        shared: dict[int, list[int]] = {one: [] for one, times in uses.items() if times > 1 and one >= 0}
        if shared:
            for tensor, one in enumerate(storage):
                if one in shared:
                    shared[one].append(tensor)
        return shared

    def statistic(self, name: str, node: int) -> float | None:
        """A statistic of a tensor, or of all beneath a group; None where it is not known."""
        tensor = self.nodes.tensor[node]
        known = self.statistics if tensor >= 0 else self.group_statistics
        return known[name].get(tensor if tensor >= 0 else node) if name in known else None

    @cached_property
    def by_path(self) -> dict[int, int]:
        """Node ids of the tensors → their rank by path, siblings in natural order."""
        nodes, ranks, pending = self.nodes, dict[int, int](), [0]
        while pending:
            node = pending.pop()
            if nodes.count[node]:
                pending += sorted(self.checkpoint.children(node), key=self.natural, reverse=True)
            elif nodes.tensor[node] >= 0:
                ranks[node] = len(ranks)
        return ranks

    def find(self, path: Path) -> int | None:
        """The node at that path; ``Checkpoint.find`` asks every node beneath a dotted mapping, this finds the text."""
        if not path:
            return 0
        checkpoint = self.checkpoint
        try:
            number = checkpoint.texts.index(path[-1] if isinstance(path[-1], str) else str(path[-1]))
        except ValueError:
            return None
        for node in occurrences(self.nodes.key, number):
            found = checkpoint.path_of(node)
            if found == path and self.nodes.key_type[node] and list(map(type, found)) == list(map(type, path)):
                return node
        return None

    def levels(self, node: int) -> Iterator[range]:
        """The node, its children, their children …: breadth first, each level is a range of ids."""
        first, count = self.nodes.first, self.nodes.count
        low, high = node, node + 1
        while low < high:
            yield range(low, high)
            low, high = first[low], first[high - 1] + count[high - 1]

    def common(self, what: str, node: int) -> str:
        """The ``dtype`` or ``device`` of all tensors at and beneath the node: its name, "mixed", or "" for none."""
        mark = (what, node)
        if mark not in self._common:
            self._common[mark] = self._find_common(what, node) if self.nodes.tensors[node] else ""
        return self._common[mark]

    @cached_property
    def _everywhere(self) -> dict[str, str]:
        """The dtype or device, where the whole file has only one: no subtree need be looked at."""
        checkpoint = self.checkpoint
        dtypes_used = set(checkpoint.tensors.dtype[: checkpoint.rows])
        found = {"dtype": checkpoint.texts[dtypes_used.pop()]} if len(dtypes_used) == 1 else {}
        devices = set(checkpoint.storages.device)
        if len(devices) == 1 and not any("device" in extra for extra in checkpoint.extras.values()):
            found["device"] = checkpoint.text(devices.pop())
        return found

    def _find_common(self, what: str, node: int) -> str:
        if what in self._everywhere:
            return self._everywhere[what]
        names = self.dtype if what == "dtype" else self.device
        found: set[str] = set()
        for level in self.levels(node):
            for start in range(level.start, level.stop, _AT_ONCE):
                found.update(map(names.__getitem__, self.nodes.tensor[start : min(start + _AT_ONCE, level.stop)]))
                if len(found - {""}) > 1:
                    return "mixed"
        return next(iter(found - {""}), "")

    def natural(self, node: int) -> str:
        """The node's label, for sorting."""
        number = self.nodes.label[node]
        if number not in self._natural:
            self._natural[number] = natural_text(self.checkpoint.texts[number])
        return self._natural[number]

    def path(self, node: int) -> str:
        """The node's path text, not escaped for showing."""
        return path_text(self.checkpoint.path_of(node))

    def problem(self, node: int) -> str:
        """Why the tensor does not hold together; "" if it does or is none."""
        tensor = self.nodes.tensor[node]
        return self.checkpoint.text(self.checkpoint.tensors.problem[tensor]) if tensor >= 0 else ""

    def partners(self, tensor: int) -> list[int]:
        """Other tensors that use some of the same elements of the same storage (tied weights, views)."""
        others = self.sharing.get(self.checkpoint.tensors.storage[tensor], ())
        low, high = self._window(tensor) if others else (0, 0)
        return [
            other
            for other in others[:MAX_COMPARED]
            if other != tensor and (window := self._window(other))[0] < high and low < window[1]
        ]

    def _window(self, tensor: int) -> tuple[int, int]:
        """First bit and bit after the last of the storage that the tensor reaches."""
        tensors = self.checkpoint.tensors
        at, rank, first = tensors.sizes_at[tensor], tensors.rank[tensor], tensors.offset[tensor]
        sizes, strides = tensors.sizes[at : at + rank], tensors.sizes[at + rank : at + 2 * rank]
        reach = sum((size - 1) * step for size, step in zip(sizes, strides, strict=True))
        width = dtypes.named(self.dtype[tensor]).bits
        return first * width, (first + reach + 1) * width if tensors.numel[tensor] else first * width

    def label(self, node: int) -> str:
        """What the tree shows as the node's name."""
        number = self.nodes.label[node]
        text = self.checkpoint.texts[number]
        if text in _WORDS or _INT_LIKE.match(text):
            whole = number == self.nodes.key[node] and self.nodes.kind[node] != Kind.GROUP
            return f'"{text}"' if whole and self.nodes.key_type[node] == KeyType.TEXT else text
        return escape(text) if text else "(the file)" if node == 0 else "“”"

    def note(self, node: int) -> str:
        """What stands behind the name: partners, class, trouble."""
        tensor = self.nodes.tensor[node]
        if tensor < 0:
            troubled = self.nodes.troubled[node]
            parts = [f"({self._class(node)})"] if self.nodes.kind[node] == Kind.OBJECT else []
            return "   ".join(parts + [f"▲ {troubled:,}"] * (troubled > 0))
        parts = []
        if partners := self.partners(tensor):
            named = [self._partner_name(node, other) for other in partners[:NAMED_PARTNERS]]
            more = len(partners) - len(named)
            parts.append("⟷ " + ", ".join(named) + (f" +{more}" if more else ""))
        if self.checkpoint.tensors.flags[tensor] & Flag.NOT_IN_STATE_DICT:
            parts.append("not in the state_dict")
        return "   ".join(parts)

    def _class(self, node: int) -> str:
        return escape(self.checkpoint.text(self.nodes.type_name[node]))

    def _partner_name(self, node: int, other: int) -> str:
        there = self.checkpoint.tensors.node[other]
        same = self.nodes.key[there] == self.nodes.key[node]
        return escape(self.path(there) if same else self.checkpoint.text(self.nodes.key[there]) or self.path(there))

    def tip(self, node: int) -> str:
        """Sentences on the node, a line each."""
        checkpoint, tensor = self.checkpoint, self.nodes.tensor[node]
        beneath = ".*" if self.nodes.kind[node] == Kind.GROUP else ""
        lines = [escape(path_or_prefix(checkpoint, node)) + beneath or "the file"]
        if problem := self.problem(node):
            lines.append(f"▲ {escape(problem)}")
        elif troubled := self.nodes.troubled[node]:
            lines.append(f"▲ {troubled:,} of the tensors beneath do not hold together")
        if tensor < 0:
            lines.append(escape(" · ".join(filter(None, (self._class(node), checkpoint.text(self.nodes.text[node]))))))
        else:
            lines += self._sharing_lines(node, tensor)
        return "\n".join(filter(None, lines))

    def _sharing_lines(self, node: int, tensor: int) -> list[str]:
        others = len(self.sharing.get(self.checkpoint.tensors.storage[tensor], ())) - 1
        partners = self.partners(tensor)
        lines = []
        if partners:
            named = ", ".join(self._partner_name(node, other) for other in partners[:8])
            lines.append(f"the same elements as {named}" + (", …" if len(partners) > 8 else ""))
        if others > len(partners):
            lines.append(f"its storage holds {plural(others - len(partners), 'other tensor')}")
        if self.checkpoint.tensors.flags[tensor] & Flag.NOT_IN_STATE_DICT:
            lines.append("found in the pickled module, but not in its state_dict")
        return lines
