"""Which bytes of the source become which storages of the result, for torch's formats.

A storage is copied once, however many tensors use it. Tensors get one of their own only where they are untied, or
where one storage is seen as several element types, which torch.save could not write.
"""

from __future__ import annotations

from typing import NamedTuple

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Options, Record
from ckpt_gui.core.convert.plan.route import Route
from ckpt_gui.core.convert.plan.tags import Tags
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.convert.plan.types import Types
from ckpt_gui.core.info import storages_of
from ckpt_gui.core.text import plural, size

Use = tuple[int, int]
"""A row, and the tensor of it that lies on a storage: the row itself, or a part of it."""
Users = dict[int, Use | list[Use]]


class Place(NamedTuple):
    """Where a tensor lies in the result."""

    record: int
    """Place among the records; -1 where there are no bytes, or several storages."""
    offset: int
    """Elements from the record's start."""
    stride: tuple[int, ...] | None
    """Elements; None where the layout is not strided."""
    shape: tuple[int, ...]


class Records:
    """The storages of the result, and where each tensor lies in them."""

    def __init__(self, tree: Tree, way: Route, types: Types, tags: Tags, options: Options) -> None:
        self.tree, self.types, self.tags, self.options = tree, types, tags, options
        self.nested, self._torch = way.nested, way.target == "torch"
        checkpoint = tree.checkpoint
        self._tensors, self._storages, self._texts = checkpoint.tensors, checkpoint.storages, checkpoint.texts
        self.tell_wide = not way.nested
        """Whether to say what is copied though nothing that stays uses it."""
        self.records: list[Record] = []
        self.warnings: list[str] = []
        self.of_storage: dict[int, int] = {}
        """Storage → its record."""
        self.alone: dict[int, int] = {}
        """Row → the record of its own."""
        self.used: dict[int, tuple[int, int]] = {}
        """Storage → first byte and byte after the last that what stays uses."""
        self._widths = {
            number: dtypes.named(tree.checkpoint.texts[number]) for number in set(tree.checkpoint.tensors.dtype)
        }
        self._big = self._stays_big()
        self._next = -1

    def _stays_big(self) -> bool:
        """Whether big-endian bytes stay so: an archive has one byte order, so only where nothing is made anew."""
        return self._torch and self.nested and not self.types.cast and self.options.ties == "keep"

    def _free_key(self) -> int:
        """The first number that no storage of the source goes by."""
        if not self.nested:
            return 0
        storages, texts = self.tree.checkpoint.storages, self.tree.checkpoint.texts
        numbers = (texts[key] for key in set(storages.key))
        return 1 + max((int(text) for text in numbers if text.isdecimal() and len(text) < 18), default=-1)

    def add(self, rows: list[int], equal: dict[int, int]) -> None:
        """Make the records for these rows. ``equal``: storage → the one of equal bytes that it is tied to."""
        users = self._users(rows)
        self._part(users)
        self._measure(users)
        for storage, found in users.items():
            row, part = found if isinstance(found, tuple) else found[0]
            if self.alone and isinstance(found, list) and all(row in self.alone for row, _ in found):
                continue
            if equal and equal.get(storage, storage) in self.of_storage:
                self.of_storage[storage] = self.of_storage[equal[storage]]
            else:
                self.of_storage[storage] = self._whole(storage, row, part)
        if self.nested:
            self._loose()
        self._tell_wide()

    def _loose(self) -> None:
        """Storages that no tensor of the index uses, but something else does: a state, or a storage by itself."""
        checkpoint = self.tree.checkpoint
        for storage, dtype in checkpoint.facts.get("loose_storages", ()):
            nbytes, bits = checkpoint.storages.nbytes[storage], dtypes.named(dtype).stored_bits or 8
            key = checkpoint.texts[checkpoint.storages.key[storage]]
            big = bool(checkpoint.storages.big_endian[storage]) and self._big
            tag = self.tags.of_storage(storage)
            self.records.append(Record(key, storage, 0, -1, dtype, dtype, nbytes * 8 // bits, nbytes, tag, big))

    def _users(self, rows: list[int]) -> Users:
        """Storage → its one use, or several, in the file's order."""
        checkpoint = self.tree.checkpoint
        storage, extras = checkpoint.tensors.storage, checkpoint.extras
        users: Users = {}
        for row in rows:
            if row not in extras:
                if storage[row] >= 0 and storage[row] not in self.tree.within:
                    _add(users, storage[row], (row, row))
                continue
            for one in sorted(storages_of(checkpoint, row)):
                _add(users, one, (row, self._part_on(row, one)))
        return users

    def _part_on(self, row: int, storage: int) -> int:
        """The part of a tensor that lies on a storage: the tensor itself, or a component of it."""
        checkpoint = self.tree.checkpoint
        pending, seen = [row], {row}
        while pending:
            tensor = checkpoint.tensor(pending.pop())
            if any(piece.storage == storage for piece in tensor.pieces):
                return tensor.id
            further = [part for _, part in tensor.parts if part not in seen]
            pending += further
            seen.update(further)
        return row

    def _part(self, users: Users) -> None:
        """Give a record of their own to tensors that shall not, or cannot, go on sharing one."""
        dtype, mixed = self.tree.checkpoint.tensors.dtype, list[int]()
        for found in users.values():
            if isinstance(found, tuple):
                continue
            plain = [row for row, part in found if row == part and self._strided(row)]
            first = dtype[found[0][1]]
            if self.options.ties == "untie":
                own = plain
            elif not self.nested and any(dtype[part] != first for _, part in found):
                own = [row for row in plain if dtype[row] != first]
                mixed += own
            else:
                continue
            for row in own:
                self.alone[row] = -1
        for row in self.alone:
            self.alone[row] = self._own(row)
        if mixed:
            self.warnings.append(
                f"Parted from a storage that is seen as several element types: {self.tree.rows_listed(mixed, 4)}"
            )

    def _strided(self, row: int) -> bool:
        checkpoint = self.tree.checkpoint
        return row not in checkpoint.extras or len(checkpoint.tensor(row).pieces) == 1

    def _own(self, row: int) -> int:
        """A record made of one tensor's elements."""
        checkpoint = self.tree.checkpoint
        texts, dtype = checkpoint.texts, self.types.of(row)
        numel = checkpoint.tensors.numel[row]
        tag = self.tags.of_row(row)
        source = texts[checkpoint.tensors.dtype[row]]
        made = Record(self._key(), -1, 0, row, source, dtype, numel, dtypes.stored_nbytes(dtype, numel), tag)
        self.records.append(made)
        return len(self.records) - 1

    def _key(self) -> str:
        self._next = self._next + 1 if self._next >= 0 else self._free_key() + 1
        return str(self._next - 1)

    def _whole(self, storage: int, row: int, part: int) -> int:
        """A record of a storage, or of the range of it that is used."""
        tensors, storages, texts = self._tensors, self._storages, self._texts
        kind = self._widths[tensors.dtype[part]]
        begin, nbytes = 0, storages.nbytes[storage]
        if self.options.compact and storage in self.used:
            begin, end = self.used[storage]
            nbytes = end - begin
        dtype, numel = kind.name, nbytes * 8 // (kind.bits // kind.packed or 8)
        if self.types.cast and row in self.types.cast and tensors.dtype[part] == tensors.dtype[row]:
            dtype = self.types.cast[row]
            nbytes = dtypes.nbytes(dtype, numel)
        big = storages.big_endian[storage] > 0 and self._big
        key = texts[storages.key[storage]] if self.nested else self._key()
        tag = self.tags.of_storage(storage)
        self.records.append(Record(key, storage, begin, -1, kind.name, dtype, numel, nbytes, tag, big))
        return len(self.records) - 1

    def _measure(self, users: Users) -> None:
        """What of each storage is used, where that is plain to see and not all of it."""
        nbytes, tensors = self.tree.checkpoint.storages.nbytes, self.tree.checkpoint.tensors
        for storage, found in users.items():
            if isinstance(found, tuple) and tensors.nbytes[found[1]] == nbytes[storage]:
                continue
            low, high = nbytes[storage], 0
            for _, part in (found,) if isinstance(found, tuple) else found:
                begin, end = self._reach(part) if self._plain(part) else (0, nbytes[storage])
                if end > begin:
                    low, high = min(low, begin), max(high, end)
            if low > 0 or high < nbytes[storage]:
                self.used[storage] = (low, high) if high > low else (0, 0)

    def _plain(self, part: int) -> bool:
        extra = self.tree.checkpoint.extras.get(part)
        return extra is None or extra.keys() <= {"python_type", "device", "quantizer", "parts"}

    def _reach(self, row: int) -> tuple[int, int]:
        """Of a plain tensor: its first byte in the storage, and the byte after its last."""
        tensors = self.tree.checkpoint.tensors
        if not tensors.numel[row]:
            return 0, 0
        shape, stride = self.tree.form(row)
        first = last = tensors.offset[row]
        for dim, step in zip(shape, stride, strict=True):
            last += (dim - 1) * step
        bits = self._widths[tensors.dtype[row]].stored_bits
        return first * bits // 8, -(-(last + 1) * bits // 8)

    def _tell_wide(self) -> None:
        """Say how much of the storages nothing that stays uses."""
        nbytes = self.tree.checkpoint.storages.nbytes
        spare = {one: nbytes[one] - high + low for one, (low, high) in self.used.items() if one in self.of_storage}
        if spare and self.tell_wide and not self.options.compact:
            hold = f"{plural(len(spare), 'storage')} {'holds' if len(spare) == 1 else 'hold'}"
            self.warnings.append(
                f"{hold} more than what is kept of them, {size(sum(spare.values()))} in all; --compact leaves that out"
            )

    def place(self, row: int) -> Place:
        """Where a tensor lies."""
        checkpoint = self.tree.checkpoint
        tensors, extras = self._tensors, checkpoint.extras
        if row in self.alone:
            shape = checkpoint.shape(row)
            return Place(self.alone[row], 0, contiguous(shape), shape)
        storage = tensors.storage[row]
        if row not in extras and storage in self.of_storage:
            record, (shape, stride) = self.of_storage[storage], self.tree.form(row)
            if offset := tensors.offset[row]:
                offset -= self._start(record, row)
            return Place(record, offset, stride, shape)
        tensor = checkpoint.tensor(row)
        steps = tensor.stride if tensor.layout == "strided" else None
        storage = tensor.storage if len(tensor.pieces) == 1 else -1
        if storage < 0 or storage in self.tree.within:
            return Place(-1, 0, steps, tensor.shape)
        record = self.of_storage[storage]
        return Place(record, (tensor.offset or 0) - self._start(record, row), steps, tensor.shape)

    def _start(self, record: int, row: int) -> int:
        """Elements that a compacted storage lacks at its beginning."""
        start = self.records[record].start
        return start * 8 // self._widths[self.tree.checkpoint.tensors.dtype[row]].stored_bits if start else 0


def _add(users: Users, storage: int, use: Use) -> None:
    known = users.get(storage)
    if known is None:
        users[storage] = use
    elif isinstance(known, list):
        known.append(use)
    else:
        users[storage] = [known, use]


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a C-contiguous tensor as torch gives them: a size of 0 counts as 1."""
    stride, step = list[int](), 1
    for dim in reversed(shape):
        stride.append(step)
        step *= max(dim, 1)
    return tuple(reversed(stride))
