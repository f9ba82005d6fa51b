"""The nouns: what a format's index is made of.

A ``Checkpoint`` is columns: one array a field, one table of texts. ``Node``, ``TensorInfo``,
``Piece`` and ``StorageRef`` are frozen views made when asked for, so that 500,000 nodes cost
arrays, not objects. Nothing here touches the disk.

Ids: a node's id is its place in breadth-first order (its children are a range of ids, its parent
has a smaller id, the root is 0). A tensor's id is its place in the file's own depth-first order;
parts of sparse and wrapped tensors follow after ``Checkpoint.rows``. A text's id is its place in
``Checkpoint.texts``; -1 means none.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Compression, Flag, KeyType, Kind, Nodes, Storages, Tensors
from ckpt_gui.core.text import Key
from ckpt_gui.core.text import Path as KeyPath


@dataclass(frozen=True, slots=True)
class Source:
    """A file that index and values are read from, as it was when the index was read."""

    path: str
    nbytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class StorageRef:
    """Where a run of element bytes lies. Equal (source, key) means shared memory."""

    source: int
    """Index into ``Checkpoint.sources``."""
    key: str
    offset: int
    """First byte in the source file; -1 where there is none."""
    nbytes: int
    """Bytes once unpacked."""
    packed: int
    """Bytes as they lie in the file."""
    device: str | None
    """The tag as written; None where the format has none."""
    byteorder: str
    """``little`` or ``big``."""
    compression: Compression
    crc: int
    """CRC-32 as written in the container; -1 where there is none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A strided window of one storage, laid at ``origin`` of the tensor."""

    storage: int
    """Storage id; -1 where no data exists (meta)."""
    origin: tuple[int, ...]
    """Elements per dimension, from the tensor's corner."""
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    """Elements."""
    offset: int
    """Elements from the storage's start."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: everything but its values."""

    id: int
    node: int
    """Node id; -1 for a part of another tensor."""
    dtype: str
    shape: tuple[int, ...]
    numel: int
    nbytes: int
    """Logical size: numel × element size."""
    pieces: tuple[Piece, ...]
    """Ordinarily one; none for sparse (see ``parts``); several for sharded tensors."""
    layout: str
    """``strided``, ``sparse_coo``, ``sparse_csr``, ``jagged``, ``nested`` …"""
    flags: Flag
    device: str | None
    quantizer: dict[str, object] | None
    """``scheme``, and ``scale``/``zero_point`` or ``scales``/``zero_points`` (part ids) and ``axis``."""
    python_type: str | None
    """Class, where it is not plain Tensor or Parameter."""
    parts: tuple[tuple[str, int], ...]
    """Named component tensors by id (``indices``, ``values``, ``_local_tensor`` …)."""
    problem: str | None

    @property
    def stride(self) -> tuple[int, ...] | None:
        """Elements per step of each dimension; None unless exactly one piece holds the tensor."""
        return self.pieces[0].stride if len(self.pieces) == 1 else None

    @property
    def offset(self) -> int | None:
        """Elements from the storage's start; None unless exactly one piece holds the tensor."""
        return self.pieces[0].offset if len(self.pieces) == 1 else None

    @property
    def storage(self) -> int:
        """Storage id of the first piece; -1 where there is none."""
        return self.pieces[0].storage if self.pieces else -1


@dataclass(frozen=True, slots=True)
class Node:
    """One row of the tree."""

    id: int
    key: Key
    key_type: KeyType
    label: str
    """Text to show: the key, or the part of a dotted key below its group. Not escaped."""
    kind: Kind
    parent: int
    first_child: int
    child_count: int
    tensor: int
    """Tensor id; -1 if this is no tensor."""
    type_name: str
    """``dict``, ``list``, ``int``, ``argparse.Namespace`` …"""
    text: str
    """The value in words, at most 1,000 characters."""


@dataclass(frozen=True, slots=True)
class CodeName:
    """A name the file's pickles refer to. It was never imported."""

    name: str
    """``module.name``."""
    trust: str
    """``data`` (inert values), ``constructor`` (known torch or NumPy) or ``unknown``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not hold together."""

    path: KeyPath | None
    """Where; None for the file as a whole."""
    text: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The index of one checkpoint: what is in it and where its bytes lie."""

    path: str
    format: str
    nbytes: int
    """On disk, all source files together."""
    nodes: Nodes
    tensors: Tensors
    storages: Storages
    texts: list[str]
    rows: int
    """How many tensors have a row of their own (their ids are 0 … rows-1)."""
    extras: dict[int, dict[str, Any]]
    """Rare facts of a tensor by id, as plain JSON values (see ``tensor``)."""
    long_texts: dict[int, str]
    """Texts longer than a node's ``text`` by node id: configurations, TorchScript code."""
    sources: tuple[Source, ...]
    code: tuple[CodeName, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    """Sentences on whatever is damaged, ambiguous or cut; empty only if nothing is amiss."""
    facts: dict[str, Any]
    """What else the format knows, as plain JSON values: protocol, versions, refused opcodes …"""

    def text(self, number: int) -> str:
        """The text of that id; "" for -1."""
        return self.texts[number] if number >= 0 else ""

    def children(self, node: int) -> range:
        """Ids of the node's children."""
        first = self.nodes.first[node]
        return range(first, first + self.nodes.count[node])

    def key(self, node: int) -> Key:
        """The node's key in its own type (OTHER: its text; root and groups: None)."""
        return read_key(self.nodes.key_type[node], self.text(self.nodes.key[node]))

    def keys(self, node: int) -> KeyPath:
        """What the node adds to its parent's path: one key; several for an attribute of attributes; none for groups."""
        kind = self.nodes.key_type[node]
        if kind == KeyType.ATTRIBUTES:
            return tuple(self.text(self.nodes.key[node]).split("."))
        return () if kind == KeyType.NONE else (self.key(node),)

    def path_of(self, node: int) -> KeyPath:
        """Keys from the root to the node, as they stand in the file."""
        nodes = self.nodes
        keys: list[Key] = []
        while node > 0:
            if nodes.key_type[node] != KeyType.NONE:
                keys += reversed(self.keys(node))
            node = nodes.parent[node]
        return tuple(reversed(keys))

    def ancestors(self, node: int) -> Iterator[int]:
        """The node's parent, its parent … down to the root."""
        while node > 0:
            node = self.nodes.parent[node]
            yield node

    def find(self, path: KeyPath) -> int | None:
        """The node at that path, or None. Key types count: 0 and "0" differ."""
        level = [(0, 0)]
        while level:
            node, used = level.pop()
            if used == len(path):
                return node
            level += reversed(list(self._keyed(node, path, used)))
        return None

    def _keyed(self, node: int, path: KeyPath, used: int) -> Iterator[tuple[int, int]]:
        """Children of ``node``, within groups too, whose keys go on with ``path``; and how much of it is used then."""
        pending = [node]
        while pending:
            for child in self.children(pending.pop()):
                keys = self.keys(child)
                if not keys:
                    pending.append(child)
                elif all(
                    type(key) is type(wanted) and key == wanted for key, wanted in zip(keys, path[used:], strict=False)
                ) and len(keys) <= len(path) - used:  # fmt: skip
                    yield child, used + len(keys)

    def node(self, number: int) -> Node:
        """A view of one node."""
        n = self.nodes
        return Node(
            number, self.key(number), KeyType(n.key_type[number]), self.text(n.label[number]), Kind(n.kind[number]),
            n.parent[number], n.first[number], n.count[number], n.tensor[number],
            self.text(n.type_name[number]), self.text(n.text[number]),
        )  # fmt: skip

    def shape(self, number: int) -> tuple[int, ...]:
        """The tensor's sizes, as torch would load them."""
        extra = self.extras.get(number)
        if extra is not None and "shape" in extra:
            return tuple(extra["shape"])
        at = self.tensors.sizes_at[number]
        return tuple(self.tensors.sizes[at : at + self.tensors.rank[number]])

    def device(self, number: int) -> str | None:
        """The tensor's device tag as written, or None where the format has none."""
        extra = self.extras.get(number)
        if extra is not None and "device" in extra:
            return str(extra["device"]) if extra["device"] is not None else None
        storage = self.tensors.storage[number]
        if storage < 0 or self.storages.device[storage] < 0:
            return None
        return self.texts[self.storages.device[storage]]

    def tensor(self, number: int) -> TensorInfo:
        """A view of one tensor."""
        t = self.tensors
        extra = self.extras.get(number, {})
        shape = self.shape(number)
        return TensorInfo(
            id=number,
            node=t.node[number],
            dtype=self.texts[t.dtype[number]],
            shape=shape,
            numel=extra.get("numel", t.numel[number]),
            nbytes=extra.get("nbytes", t.nbytes[number]),
            pieces=self._pieces(number, shape, extra),
            layout=self.texts[t.layout[number]],
            flags=Flag(t.flags[number]),
            device=self.device(number),
            quantizer=extra.get("quantizer"),
            python_type=extra.get("python_type"),
            parts=tuple((str(name), int(part)) for name, part in extra.get("parts", ())),
            problem=self.text(t.problem[number]) or None,
        )

    def _pieces(self, number: int, shape: tuple[int, ...], extra: dict[str, Any]) -> tuple[Piece, ...]:
        t = self.tensors
        if "pieces" in extra:
            return tuple(
                Piece(storage, tuple(origin), tuple(sizes), tuple(stride), offset)
                for storage, origin, sizes, stride, offset in extra["pieces"]
            )
        at = t.sizes_at[number] + t.rank[number]
        stride = tuple(extra["stride"]) if "stride" in extra else tuple(t.sizes[at : at + t.rank[number]])
        offset = extra.get("offset", t.offset[number])
        return (Piece(t.storage[number], (0,) * len(shape), shape, stride, offset),)

    def window(self, number: int) -> Hashable:
        """Equal for tensors that show the same values of the same storage; its own id where that is not plain."""
        t, storage = self.tensors, self.tensors.storage[number]
        if storage < 0 or number in self.extras or t.problem[number] >= 0:
            return number
        at, views = t.sizes_at[number], t.flags[number] & (Flag.CONJ | Flag.NEG)
        sizes = t.sizes[at : at + 2 * t.rank[number]].tobytes()
        return storage, t.offset[number], t.dtype[number], t.layout[number], views, sizes

    def storage(self, number: int) -> StorageRef:
        """A view of one storage."""
        s = self.storages
        return StorageRef(
            s.source[number], self.texts[s.key[number]], s.offset[number], s.nbytes[number], s.packed[number],
            self.text(s.device[number]) or None, "big" if s.big_endian[number] else "little",
            Compression(s.compression[number]), s.crc[number],
        )  # fmt: skip

    def byte_offset(self, number: int) -> int | None:
        """Place of the tensor's first element in its file; None if none, compressed or problematic."""
        t, s = self.tensors, self.storages
        storage = t.storage[number]
        if storage < 0 or s.offset[storage] < 0 or s.compression[storage] or t.numel[number] == 0:
            return None
        if t.problem[number] >= 0:
            return None
        kind = dtypes.named(self.texts[t.dtype[number]])
        return s.offset[storage] + t.offset[number] * kind.stored_bits // 8


def read_key(key_type: int, text: str) -> Key:
    """A key from its column form."""
    if key_type in (KeyType.INT, KeyType.FLOAT):
        try:
            return int(text) if key_type == KeyType.INT else float(text)
        except ValueError:  # an int too long for digits is told in words
            return text
    if key_type == KeyType.BOOL:
        return text == "True"
    if key_type in (KeyType.NONE, KeyType.NULL):
        return None
    return text
