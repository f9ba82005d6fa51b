"""What a search needs to know of a checkpoint, laid out once.

Only leaves are looked at (tensors, values, empty containers): a container's path is the beginning of
its leaves' paths, so whatever matches it matches them.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Generator, Mapping
from itertools import compress

from ckpt_gui.core.columns import KeyType
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.search.query import ROLES
from ckpt_gui.core.search.values import Test
from ckpt_gui.core.text import key_text

STEP = 1 << 12
"""Leaves or nodes between two pauses: a few milliseconds."""
_PLAIN = re.compile(r"[^/\\]*[^/\\\d]\Z")
"""Key text that stands in a path as it is."""

Steps = Generator[None, None, None]


class SearchIndex:
    """Columns over the leaves of one checkpoint, and the answers to recent terms."""

    def __init__(self, checkpoint: Checkpoint, roles: bytes | None, role_names: tuple[str, ...] = ROLES) -> None:
        self.checkpoint = checkpoint
        self.roles = roles
        """One small int a node, an index into ``role_names``; None where they are not known."""
        self.role_names = role_names
        self.statistics: Mapping[str, Mapping[int, float]] = {}
        """Name (``min`` … ``inf``) → tensor id → number; empty until they are computed."""
        self.leaves = array("i")
        """Node ids, ascending. All other columns here have one entry a leaf."""
        self.parent = array("i")
        self.tensor = array("i")
        """Tensor id, -1 for other leaves."""
        self.params: list[int] = []
        """Elements; a list of few distinct ints, which sums at three times the speed of an array."""
        self.nbytes: list[int] = []
        """Logical bytes."""
        self.paths: list[str] = []
        self.lower: list[str] = []
        self.is_tensor = b""
        """1 for a tensor, 0 for another leaf."""
        self.runs: list[tuple[int, int, int]] = []
        """Leaves with neighbouring node ids: first node, first leaf, leaf after the last."""
        self.longest = 0
        """Characters of the longest path."""
        self.shape_of = array("i")
        """Tensor id → place in ``shapes``; -1 at the end, which is where tensor id -1 leads."""
        self.shapes: list[tuple[int, ...]] = []
        self.repeats: list[list[int]] = []
        """Places of leaves that are the same elements of one storage (tied tensors)."""
        self.answers: dict[tuple[bool, tuple[Test, ...]], bytes] = {}
        """Recent terms → 1 for each leaf that holds; the oldest goes first."""

    def know(self, statistics: Mapping[str, Mapping[int, float]]) -> None:
        """Take in statistics; answers that rest on older ones are forgotten."""
        self.statistics = statistics
        self.answers.clear()


def build_index(checkpoint: Checkpoint, roles: bytes | None = None) -> SearchIndex:
    """The index, in one go."""
    index = SearchIndex(checkpoint, roles)
    for _ in indexing(index):
        pass
    return index


def indexing(index: SearchIndex) -> Steps:
    """Fill the index, pausing every few milliseconds."""
    nodes = index.checkpoint.nodes
    for start in range(0, len(nodes), STEP):
        childless = [not count for count in nodes.count[start : start + STEP]]
        index.leaves.extend(compress(range(start, start + len(childless)), childless))
        yield
    yield from _paths(index)
    yield from _columns(index)
    yield from _shapes(index)
    yield from _repeats(index)


def _paths(index: SearchIndex) -> Steps:
    """Path texts of the leaves, as ``text.path_text`` would give them."""
    nodes, texts = index.checkpoint.nodes, index.checkpoint.texts
    key, key_type, parent, count = nodes.key, nodes.key_type, nodes.parent, nodes.count
    prefix: dict[int, str] = {-1: ""}
    plain = _PLAIN.match
    literal = (KeyType.INT, KeyType.BOOL, KeyType.FLOAT, KeyType.NULL)
    paths = index.paths
    for start in range(0, len(nodes), STEP):
        for node in range(start, min(start + STEP, len(nodes))):
            kind, text = key_type[node], texts[key[node]]
            if kind and kind not in literal and not plain(text):
                text = key_text(text)
            if not count[node]:
                paths.append(prefix[parent[node]] + text)
            elif kind:
                prefix[node] = prefix[parent[node]] + text + "/"
            else:
                prefix[node] = prefix[parent[node]]
        yield
    for start in range(0, len(paths), STEP):
        part = paths[start : start + STEP]
        index.lower += [path if path.islower() else path.lower() for path in part]
        index.longest = max(index.longest, max(map(len, part)))
        yield


def _columns(index: SearchIndex) -> Steps:
    nodes, leaves = index.checkpoint.nodes, index.leaves
    pairs = [(index.parent, nodes.parent), (index.tensor, nodes.tensor)]
    sums = [(index.params, nodes.params), (index.nbytes, nodes.nbytes)]
    one: dict[int, int] = {}
    flags = bytearray()
    first, expected = 0, -1
    for start in range(0, len(leaves), STEP):
        part = leaves[start : start + STEP]
        for mine, theirs in pairs:
            mine.extend(map(theirs.__getitem__, part))
        flags += bytes([tensor >= 0 for tensor in index.tensor[start:]])
        for numbers, column in sums:
            numbers.extend([one.setdefault(number, number) for number in map(column.__getitem__, part)])
        for place, node in enumerate(part, start):
            if node != expected and place:
                index.runs.append((leaves[first], first, place))
                first = place
            expected = node + 1
        yield
    index.runs.append((leaves[first], first, len(leaves)))
    index.is_tensor = bytes(flags)
    yield


def _shapes(index: SearchIndex) -> Steps:
    checkpoint = index.checkpoint
    tensors, extras = checkpoint.tensors, checkpoint.extras
    known: dict[tuple[int, ...], int] = {}
    sizes = tensors.sizes
    for start in range(0, checkpoint.rows, STEP):
        stop = min(start + STEP, checkpoint.rows)
        shapes = [
            tuple(sizes[at : at + rank])
            for at, rank in zip(tensors.sizes_at[start:stop], tensors.rank[start:stop], strict=True)
        ]
        index.shape_of.extend([known.setdefault(shape, len(known)) for shape in shapes])
        yield
    for tensor in extras:
        if tensor < checkpoint.rows:
            shape = checkpoint.shape(tensor)
            index.shape_of[tensor] = known.setdefault(shape, len(known))
    index.shapes = list(known)
    index.shape_of.append(-1)


def _repeats(index: SearchIndex) -> Steps:
    tensors = index.checkpoint.tensors
    uses: Counter[int] = Counter()
    for start in range(0, index.checkpoint.rows, STEP):
        uses.update(tensors.storage[start : min(start + STEP, index.checkpoint.rows)])
        yield
    if len(uses) == index.checkpoint.rows:
        return
    shared = {storage for storage, times in uses.items() if times > 1 and storage >= 0}
    if not shared:
        return
    windows: dict[tuple[int, ...], list[int]] = {}
    for start in range(0, len(index.leaves), STEP):
        for place in range(start, min(start + STEP, len(index.leaves))):
            tensor = index.tensor[place]
            if tensor >= 0 and tensors.storage[tensor] in shared:
                window = (tensors.storage[tensor], tensors.offset[tensor], index.params[place], index.nbytes[place])
                windows.setdefault(window, []).append(place)
        yield
    index.repeats = [places for places in windows.values() if len(places) > 1]
