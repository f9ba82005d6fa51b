"""The plan of a safetensors result: each name has bytes of its own, tied names are recorded, shards are cut."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag
from ckpt_gui.core.convert.nouns import Item, Options, Record
from ckpt_gui.core.convert.plan.records import contiguous
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.convert.plan.types import Types
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.text import Path, escape, join_words, plural

METADATA = "__metadata__"
MAX_HEADER = 100_000_000
"""Bytes of a header that the reference reader takes."""
_LAZY = int(Flag.CONJ | Flag.NEG)


class TensorFile(NamedTuple):
    """What a result holds, or several shards of it."""

    items: list[Item]
    records: list[Record]
    aliases: list[tuple[str, str]]
    aliased: list[int]
    """Rows of the aliases."""
    metadata: dict[str, str]
    shards: tuple[tuple[int, ...], ...]
    warnings: list[str]
    nbytes: int
    """On disk, all files together."""


def tensor_file(
    tree: Tree, rows: Sequence[int], names: Sequence[str], types: Types, options: Options, metadata: dict[str, str]
) -> TensorFile:
    """The plan. Raises ConvertError for names that the format cannot hold."""
    _check_names(names)
    maker = _Maker(tree, types, options)
    maker.add(rows, names)
    told = _metadata(metadata, maker.aliases, options, maker.warnings)
    shards = _shards(maker.records, options.max_shard)
    nbytes = sum(record.nbytes for record in maker.records) + _headers(tree, maker, told, max(len(shards), 1))
    maker.tell()
    return TensorFile(
        maker.items, maker.records, maker.aliases, maker.aliased, told, shards, maker.warnings, nbytes
    )  # fmt: skip


def _check_names(names: Sequence[str]) -> None:
    bad = [name for name in names if not _is_text(name)]
    if bad:
        raise ConvertError(
            f"safetensors cannot hold {plural(len(bad), 'name')} with half a surrogate pair, which is no text: "
            f"{join_words([escape(name)[:100] for name in bad], 4)}; rename or drop them"
        )
    if METADATA in names:
        raise ConvertError(f"safetensors keeps the name {METADATA} for itself; rename or drop that tensor")


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Maker:
    def __init__(self, tree: Tree, types: Types, options: Options) -> None:
        self.tree, self.types, self.options = tree, types, options
        self.items: list[Item] = []
        self.records: list[Record] = []
        self.aliases: list[tuple[str, str]] = []
        self.aliased: list[int] = []
        self.warnings: list[str] = []
        self.first: dict[tuple[Hashable, str], str] = {}
        """Window and type → the first name of it."""
        self.cloned: list[int] = []
        self.resolved: list[int] = []
        self.straightened: list[int] = []
        self.users: dict[int, list[int]] = {}
        self._strides: dict[tuple[int, ...], tuple[int, ...]] = {}

    def add(self, rows: Sequence[int], names: Sequence[str]) -> None:
        """Take in tensors: as records of their own, or as other names of ones that are there."""
        storage = self.tree.checkpoint.tensors.storage
        uses = Counter(storage[row] for row in rows)
        paths = self.tree.paths([self.tree.checkpoint.tensors.node[row] for row in rows])
        for row, name, path in zip(rows, names, paths, strict=True):
            dtype = self.types.of(row)
            if uses[storage[row]] < 2 or not self._is_alias(row, name, dtype):
                self._record(row, name, path, dtype)

    def _is_alias(self, row: int, name: str, dtype: str) -> bool:
        """Whether the tensor is all the memory of an earlier one, and needs no record."""
        tensors = self.tree.checkpoint.tensors
        if tensors.storage[row] < 0 or not tensors.numel[row]:
            return False
        kept = self.first.setdefault((self.tree.checkpoint.window(row), dtype), name)
        if kept == name:
            self.users.setdefault(tensors.storage[row], []).append(row)
            return False
        if self.options.shared == "clone" or self.options.ties == "untie":
            self.cloned.append(row)
            return False
        self.aliases.append((name, kept))
        self.aliased.append(row)
        return True

    def _record(self, row: int, name: str, path: Path, dtype: str) -> None:
        tensors, texts = self.tree.checkpoint.tensors, self.tree.checkpoint.texts
        shape, own, offset = self._window(row)
        source, numel = texts[tensors.dtype[row]], tensors.numel[row]
        stride, start, storage, made = self._contiguous(shape), 0, tensors.storage[row], row
        if not numel:
            storage, made = -1, -1
        elif self._as_it_lies(row, shape, own, stride):
            start, made = offset * dtypes.named(source).stored_bits // 8, -1
        else:
            storage = -1
        nbytes = tensors.nbytes[row] if dtype == source else dtypes.nbytes(dtype, numel)
        place, buffer = len(self.records), row in self.types.buffers
        self.records.append(Record(name, storage, start, made, source, dtype, numel, nbytes, None))
        self.items.append(Item(row, path, (name,), place, 0, stride, shape, source, dtype, None, buffer))

    def _window(self, row: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """Shape, stride and offset in elements."""
        if row not in self.tree.checkpoint.extras:
            return *self.tree.form(row), self.tree.checkpoint.tensors.offset[row]
        tensor = self.tree.checkpoint.tensor(row)
        return tensor.shape, tensor.stride or (), tensor.offset or 0

    def _contiguous(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        found = self._strides.get(shape)
        if found is None:
            found = self._strides[shape] = contiguous(shape)
        return found

    def _as_it_lies(self, row: int, shape: tuple[int, ...], own: tuple[int, ...], stride: tuple[int, ...]) -> bool:
        """Whether the tensor's elements lie in C order in one run; else it is told why not."""
        if self.tree.checkpoint.tensors.flags[row] & _LAZY:
            self.resolved.append(row)
            return False
        if own == stride:
            return True
        if len(own) == len(shape) and all(size == 1 or a == b for size, a, b in zip(shape, own, stride, strict=True)):
            return True
        self.straightened.append(row)
        return False

    def tell(self) -> None:
        """What became of the memory, in sentences."""
        tree, told = self.tree, self.warnings
        if self.aliases:
            pairs = [f"{escape(name)[:100]} = {escape(kept)[:100]}" for name, kept in self.aliases]
            told.append(f"{plural(len(pairs), 'tied name')} recorded in {METADATA}: {join_words(pairs, 4)}")
        if self.cloned:
            told.append(f"Tied tensors written anew, no longer tied: {tree.rows_listed(self.cloned, 4)}")
        if self.resolved:
            told.append(f"Lazily conjugated or negated; written as they read: {tree.rows_listed(self.resolved, 4)}")
        if self.straightened:
            told.append(f"Not contiguous; written in C order: {tree.rows_listed(self.straightened, 4)}")
        if overlapping := self._overlapping():
            told.append(f"They share memory in part, and will not any more: {tree.rows_listed(overlapping, 4)}")

    def _overlapping(self) -> list[int]:
        """Rows of one storage whose bytes overlap without being the same."""
        tensors, found = self.tree.checkpoint.tensors, dict[int, None]()
        for rows in self.users.values():
            if len(rows) < 2:
                continue
            spans = sorted((*self._span(row), row) for row in rows if row not in self.tree.checkpoint.extras)
            reach, last = -1, -1
            for low, high, row in spans:
                if low < reach:
                    found |= {last: None, row: None}
                if high > reach:
                    reach, last = high, row
        return sorted(found, key=lambda row: tensors.node[row])

    def _span(self, row: int) -> tuple[int, int]:
        tensor = self.tree.checkpoint.tensor(row)
        low = high = tensor.offset or 0
        for dim, step in zip(tensor.shape, tensor.stride or (), strict=False):
            high += (dim - 1) * step
        return low, high + 1


def _metadata(
    found: dict[str, str], aliases: Sequence[tuple[str, str]], options: Options, warnings: list[str]
) -> dict[str, str]:
    """The source's, what loaders expect, which name stands for which, and what was asked for."""
    told = dict(found)
    told.setdefault("format", "pt")
    clash = [name for name, _ in aliases if name in told]
    told.update((name, kept) for name, kept in aliases if name not in told)
    if clash:
        warnings.append(f"Tied names that {METADATA} has another text for: {join_words(map(escape, clash), 4)}")
    for key, text in options.metadata:
        if text is None:
            told.pop(key, None)
        else:
            told[key] = text
    if not all(_is_text(text) for pair in told.items() for text in pair):
        raise ConvertError(f"safetensors cannot hold half a surrogate pair in {METADATA}, which is no text")
    return told


def _shards(records: Sequence[Record], limit: int | None) -> tuple[tuple[int, ...], ...]:
    """Records in order, as many a file as fit; one that is larger than the limit has a file of its own."""
    if limit is None or sum(record.nbytes for record in records) <= limit:
        return ()
    if limit < 1:
        raise ConvertError("A shard must be allowed at least one byte (--max-shard-size)")
    shards: list[list[int]] = []
    room = -1
    for place, record in enumerate(records):
        if not shards or record.nbytes > room:
            shards.append([])
            room = limit
        shards[-1].append(place)
        room -= record.nbytes
    return tuple(map(tuple, shards))


def _headers(tree: Tree, maker: _Maker, metadata: dict[str, str], files: int) -> int:
    """Bytes of the headers, about; of shards, with their index. Raises ConvertError for one that nobody reads."""
    one = len(json.dumps(metadata, ensure_ascii=False).encode()) + 24
    entries = sum(len(record.key) + len(str(record.nbytes)) * 3 + 60 for record in maker.records)
    if entries > MAX_HEADER * files:
        raise ConvertError(f"The header would be larger than the {MAX_HEADER // 10**6} MB that safetensors reads")
    index = sum(len(record.key) + 50 for record in maker.records) if files > 1 else 0
    return one * files + entries + index
