"""Names, order, shapes, strides, offsets, types, tags, flags and sharing of the result against the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag, KeyType
from ckpt_gui.core.convert.nouns import Item, Plan, Record
from ckpt_gui.core.convert.plan.types import loses_gradient
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.convert.verify.written import WrittenFile
from ckpt_gui.core.model import Checkpoint, TensorInfo
from ckpt_gui.core.text import Path, path_text, shape

Home = tuple[int, int]
"""(file of the result, storage id in it)."""
_VIEWS = int(Flag.CONJ | Flag.NEG)
_NAMES = {int(Flag.CONJ): "conjugated", int(Flag.NEG): "negated", int(Flag.REQUIRES_GRAD): "requires_grad"}


@dataclass
class Homes:
    """Which storage of the result each record became, as the tensors in it tell."""

    plan: Plan
    found: Differences
    of: dict[int, Home] = field(default_factory=dict)
    """Record → storage."""
    user: dict[int, Path] = field(default_factory=dict)
    """Record → a tensor in it."""
    _taken: dict[Home, int] = field(default_factory=dict)

    def meet(self, record: int, home: Home, path: Path) -> None:
        """The tensor at ``path`` should lie in ``record``, and lies in ``home``."""
        if home[1] < 0:
            self.found.add(path, "has no bytes in the result")
            return
        known = self.of.setdefault(record, home)
        owner = self._taken.setdefault(home, record)
        if known != home:
            other = path_text(self.user[record])
            self.found.add(path, f"no longer shares memory with {other}")
        elif owner != record:
            self.found.add(path, f"shares memory with {path_text(self.user[owner])}, which was not planned")
        self.user.setdefault(record, path)


def compare(source: Checkpoint, plan: Plan, written: Sequence[WrittenFile], found: Differences) -> Homes:
    """Tell every difference; returns where each record lies in the result."""
    comparison = _Comparison(source, plan, written, found)
    for number, file in enumerate(written):
        comparison.file(number, file)
    comparison.others()
    return comparison.homes


class _Comparison:
    def __init__(self, source: Checkpoint, plan: Plan, written: Sequence[WrittenFile], found: Differences) -> None:
        self.source, self.plan, self.written, self.found = source, plan, written, found
        self.homes = Homes(plan, found)
        self._kept = _VIEWS | (int(Flag.REQUIRES_GRAD) if plan.nested else 0)
        self._ranges: dict[int, list[int]] = {}
        for number, record in enumerate(plan.records):
            self._ranges.setdefault(record.storage, []).append(number)

    def file(self, number: int, file: WrittenFile) -> None:
        """The tensors of one file against the items that belong in it."""
        there = file.checkpoint
        paths = [there.path_of(there.tensors.node[tensor]) for tensor in range(there.rows)]
        wanted = [self.plan.items[place].target for place in file.items]
        if len(paths) == len(wanted) and all(map(self._same_path, paths, wanted, repeat(there), range(len(paths)))):
            for tensor, place in enumerate(file.items):
                self._item(self.plan.items[place], number, tensor)
            return
        self._names(paths, wanted, file.name)
        at = {path_text(path): tensor for tensor, path in enumerate(paths)}
        for place in file.items:
            item = self.plan.items[place]
            if (tensor := at.get(path_text(item.target), -1)) >= 0:
                self._item(item, number, tensor)

    def _same_path(self, have: Path, want: Path, there: Checkpoint, tensor: int) -> bool:
        """Equal, but for keys that are no plain values: their text may tell a type, which a cast changes."""
        if path_text(have) == path_text(want):
            return True
        node, odd = there.tensors.node[tensor], False
        while node > 0 and not odd:
            odd = there.nodes.key_type[node] == KeyType.OTHER
            node = there.nodes.parent[node]
        pairs = [pair for pair in zip(have, want, strict=False) if pair[0] != pair[1]]
        return odd and len(have) == len(want) and all(type(key) is str for pair in pairs for key in pair)

    def _names(self, paths: list[Path], wanted: list[Path], name: str) -> None:
        have, want = Counter(map(path_text, paths)), Counter(map(path_text, wanted))
        by_text = {path_text(path): path for path in (*paths, *wanted)}
        for text in want - have:
            self.found.add(by_text[text], "is missing")
        for text in have - want:
            self.found.add(by_text[text], "is there, which was not planned")
        if have == want and self.plan.target_format != "safetensors":  # which lays them out by its own rule
            at = next(at for at, (one, two) in enumerate(zip(paths, wanted, strict=True)) if one != two)
            text = f"{name}: the tensors stand in another order: number {at + 1:,} is {path_text(paths[at])}, "
            self.found.add(None, f"{text}planned was {path_text(wanted[at])}")

    def _is_within(self, here: TensorInfo, there: TensorInfo, number: int) -> bool:
        """Whether a tensor's bytes lie in a pickle within the pickle, in both files, and have one checksum."""
        if here.storage < 0:
            return False
        one, other = self.source.storage(here.storage), self.written[number].checkpoint.storage(there.storage)
        return one.offset < 0 and other.offset < 0 and (one.nbytes, one.crc) == (other.nbytes, other.crc)

    def _item(self, item: Item, number: int, tensor: int) -> None:
        """One row of the result."""
        here, there = self.source.tensor(item.tensor), self.written[number].checkpoint.tensor(tensor)
        path = item.target
        self._equal(path, "is of shape", there.shape, item.shape, shape)
        self._equal(path, "is of type", there.dtype, item.dtype)
        self._equal(path, "is tagged", there.device, item.device)
        if there.problem is not None:
            self.found.add(path, f"does not hold together: {there.problem}")
        if item.stride is not None:
            self._equal(path, "has strides", there.stride, item.stride)
            self._equal(path, "begins at element", there.offset, item.offset)
            self._equal(path, "has layout", there.layout, "strided")
        made = item.record >= 0 and self.plan.records[item.record].tensor >= 0
        self._facts(item, here, there, made)
        if item.record >= 0:
            self.homes.meet(item.record, (number, there.storage), path)
        elif len(here.pieces) > 1:
            self._pieces(path, here, there, number)
        elif item.stride is not None and there.storage >= 0 and not self._is_within(here, there, number):
            self.found.add(path, "has bytes in the result, which were not planned")
        if not made and (here.parts or there.parts):
            self._parts(path, here, there, number)

    def _facts(self, item: Item, here: TensorInfo, there: TensorInfo, made: bool) -> None:
        """What no plan changes: flags, quantizer, class."""
        path = item.target
        have, want = int(there.flags) & self._kept, int(here.flags) & self._kept
        if made:
            want &= ~_VIEWS
        if item.dtype != here.dtype and loses_gradient(item.dtype, int(here.flags)):
            want &= ~int(Flag.REQUIRES_GRAD)
        if have != want:
            for flag, name in _NAMES.items():
                if (have ^ want) & flag:
                    self.found.add(path, f"is {'' if have & flag else 'not '}marked {name}, against the plan")
        if made:
            return
        self._equal(path, "is quantized by", _plain(there.quantizer), _plain(here.quantizer))
        if self.plan.nested:
            self._equal(path, "has layout", there.layout, here.layout)
            self._equal(path, "is of class", there.python_type, here.python_type)

    def _pieces(self, path: Path, here: TensorInfo, there: TensorInfo, number: int) -> None:
        """A tensor that lies in several storages."""
        forms = [[(one.origin, one.shape, one.stride) for one in info.pieces] for info in (there, here)]
        self._equal(path, "lies in pieces", *forms)
        for one, other in zip(here.pieces, there.pieces, strict=False):
            record = self._record_of(one.storage, one.offset, here.dtype)
            if record >= 0:
                self.homes.meet(record, (number, other.storage), path)

    def _parts(self, path: Path, here: TensorInfo, there: TensorInfo, number: int) -> None:
        """Tensors that a tensor is made of: indices, values, scales …"""
        names = [name for name, _ in here.parts]
        self._equal(path, "has parts", [name for name, _ in there.parts], names)
        then = dict(there.parts)
        for name, tensor in here.parts:
            if name in then:
                one = self.source.tensor(tensor)
                self._part((*path, name), one, self.written[number].checkpoint.tensor(then[name]), number)

    def _part(self, path: Path, here: TensorInfo, there: TensorInfo, number: int) -> None:
        self._equal(path, "is of shape", there.shape, here.shape, shape)
        self._equal(path, "has strides", there.stride, here.stride)
        record = self._record_of(here.storage, here.offset or 0, here.dtype)
        if record < 0:
            self._equal(path, "is of type", there.dtype, here.dtype)
        else:
            made = self.plan.records[record]
            self._equal(path, "is of type", there.dtype, made.dtype if made.dtype != made.source_dtype else here.dtype)
            if here.offset is not None:
                moved = made.start * 8 // max(1, dtypes.named(here.dtype).stored_bits)
                self._equal(path, "begins at element", there.offset, here.offset - moved)
            self.homes.meet(record, (number, there.storage), path)
        if there.parts:
            self._parts(path, here, there, number)

    def _record_of(self, storage: int, offset: int, dtype: str) -> int:
        """The record that holds an element of a storage of the source; -1 where it has no bytes."""
        among = self._ranges.get(storage, []) if storage >= 0 else []
        begin = offset * dtypes.named(dtype).stored_bits // 8
        for number in among:
            record = self.plan.records[number]
            if record.start <= begin <= record.start + self._source_nbytes(record):
                return number
        return -1

    def _source_nbytes(self, record: Record) -> int:
        if record.source_dtype == record.dtype:
            return record.nbytes
        widths = [max(1, dtypes.named(name).stored_bits) for name in (record.source_dtype, record.dtype)]
        return record.nbytes * widths[0] // widths[1]

    def others(self) -> None:
        """Records that no tensor told of, found by their key; and the size and tag of every one."""
        keys = [_by_key(file.checkpoint) for file in self.written]
        shards = {record: shard for shard, records in enumerate(self.plan.shards) for record in records}
        for number, record in enumerate(self.plan.records):
            file = shards.get(number, 0)
            if number not in self.homes.of and file < len(keys):
                if record.key not in keys[file]:
                    if not self.found:
                        self.found.add(None, f"storage {record.key} is not in the result")
                    continue
                self.homes.of[number] = (file, keys[file][record.key])
            if number in self.homes.of:
                self._record(number, record)

    def _record(self, number: int, record: Record) -> None:
        file, storage = self.homes.of[number]
        there = self.written[file].checkpoint.storages
        path = self.homes.user.get(number)
        self._equal(path, "lies in a storage with bytes", there.nbytes[storage], record.nbytes)
        if there.compression[storage] or there.offset[storage] < 0:
            self.found.add(path, "is not stored plainly")
        if record.nbytes and bool(there.big_endian[storage]) != record.big_endian:
            self.found.add(path, "is in another byte order than planned")
        tag = self.written[file].checkpoint.text(there.device[storage]) or None
        self._equal(path, "lies in a storage tagged", tag, record.device)

    def _equal(self, path: Path | None, what: str, have: object, want: object, words: object = None) -> None:
        if have != want:
            told = [words(one) if callable(words) else one for one in (have, want)]
            self.found.add(path, f"{what} {told[0]}, planned was {told[1]}")


def _plain(quantizer: dict[str, object] | None) -> dict[str, object] | None:
    """Without the ids of its parts, which are compared as tensors."""
    parts = ("scales", "zero_points")
    return None if quantizer is None else {name: one for name, one in quantizer.items() if name not in parts}


def _by_key(checkpoint: Checkpoint) -> dict[str, int]:
    storages = checkpoint.storages
    return {checkpoint.texts[key]: number for number, key in enumerate(storages.key)}
