"""torch.save of 0.1.1 to 0.1.9: an uncompressed tar of ``sys_info``, ``pickle``, ``storages`` and ``tensors``.

Layout: torch/serialization.py ``legacy_load``; formats.md §3. The tar itself is read here, not by
``tarfile``: four regular members are wanted, and neither links nor sparse nor pax headers.
"""

from __future__ import annotations

import struct
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, pickle_findings, take_storage
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Global, Storage, Tensor, Value
from ckpt_gui.core.sources import Bytes, Window
from ckpt_gui.core.text import escape, integer

NAME = "torch-tar"
MEMBERS = ("sys_info", "pickle", "storages", "tensors")
MAX_MEMBERS = 10_000
_BLOCK = 512


def sniff(candidate: Candidate) -> bool:
    """A tar header whose checksum fits, and members called as torch called them."""
    return _checksum_fits(candidate.head[:_BLOCK]) and "pickle" in members(candidate.file, [])


def _checksum_fits(block: bytes) -> bool:
    """The header's checksum (POSIX.1-1988 ustar): the sum of its bytes, the field itself as blanks."""
    if len(block) < _BLOCK or not block[0]:
        return False
    written = _octal(block[148:156])
    return written == sum(block[:148]) + 8 * 32 + sum(block[156:_BLOCK])


def _octal(field: bytes) -> int:
    text = field.strip(b" \0")
    return int(text, 8) if text and all(48 <= char < 56 for char in text) else -1


def members(source: Bytes, notes: list[str]) -> dict[str, Window]:
    """Regular members by name; the first of a name counts. What is odd goes into ``notes``."""
    found: dict[str, Window] = {}
    at = 0
    for _ in range(MAX_MEMBERS):
        block = source.read(at, _BLOCK)
        if not _checksum_fits(block):
            break
        name = block[:100].split(b"\0")[0].decode("utf-8", "replace")
        size = _octal(block[124:136])
        name = name.removeprefix("./")
        if size < 0 or at + _BLOCK + size > source.nbytes:
            notes.append(f"the tar member {escape(name)[:80]} claims more bytes than the file has")
            size = max(0, source.nbytes - at - _BLOCK)
        if block[156:157] in (b"0", b"\0"):
            if name in found:
                notes.append(f"the tar member {escape(name)[:80]} appears twice; the first is shown")
            found.setdefault(name, Window(source, at + _BLOCK, size))
        elif name in MEMBERS:
            notes.append(f"the tar member {escape(name)[:80]} is a link or something else that holds no data")
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK
    return found


def read(candidate: Candidate) -> Found:
    """The index; of a cut-off file, what its members still give."""
    found = Found(NAME, None, [candidate.file.source])
    found.facts["refused_by_torch"] = "weights_only=True refuses the tar format"
    found.facts["written_by"] = "torch 0.1.1 to 0.1.9"
    parts = members(candidate.file, found.notes)
    missing = [name for name in MEMBERS if name not in parts]
    if missing:
        found.notes.append(f"the tar has no {' and no '.join(missing)}")
    candidate.report.allow(min(candidate.file.nbytes, 64 << 20))
    table = read_table(candidate, parts, found)
    pickled = read_pickle(parts["pickle"], 0, table.persist, candidate.report)
    pickle_findings(found, pickled, "pickle")
    found.root = pickled.value
    found.storages += table.storages.values()
    if found.root is None and pickled.broken:
        raise DamagedFile(f"a checkpoint of the old tar format whose pickle cannot be read: {pickled.broken}")
    return found


def read_table(candidate: Candidate, parts: dict[str, Window], found: Found) -> Table:
    """What the ids in the pickle stand for; ``parts`` are the tar's ``members``."""
    table = Table(candidate, found)
    if "storages" in parts:
        table.read_storages(parts["storages"])
    if "tensors" in parts:
        table.read_tensors(parts["tensors"])
    return table


class Table:
    """Storages and tensors by id."""

    def __init__(self, candidate: Candidate, found: Found) -> None:
        self.report = candidate.report
        self.found = found
        self.storages: dict[Any, Storage] = {}
        self.tensors: dict[Any, Tensor] = {}

    def persist(self, pid: Any) -> Any:
        """A tensor id, or ``(class, source file, source text)`` of a container."""
        if type(pid) is tuple and pid and type(pid[0]) is Global:
            return pid[0]
        number = int(pid) if type(pid) is str and pid.isdecimal() and len(pid) < 30 else pid
        known = type(number) in (int, str)
        if known and number in self.tensors:
            return self.tensors[number]
        if known and number in self.storages:
            return self.storages[number]
        lost = Tensor(None, 0, (0,), (1,), "float32")
        lost.problem = "the table of tensors does not list it"
        return lost if known else Value("persistent id", "of a kind torch never writes")

    def _pickle(self, source: Window, at: int, what: str) -> tuple[Any, int]:
        pickled = read_pickle(source, at, None, self.report)
        pickle_findings(self.found, pickled, what)
        return (None, -1) if pickled.broken else (pickled.value, pickled.end)

    def _count(self, source: Window, what: str) -> tuple[int, int]:
        count, at = self._pickle(source, 0, what)
        return (count, at) if type(count) is int and 0 <= count <= source.nbytes else (0, -1)

    def read_storages(self, source: Window) -> None:
        """Each storage's description, count of elements and data; then the views."""
        count, at = self._count(source, "storages")
        for _ in range(count):
            described, at = self._pickle(source, at, "storages")
            if type(described) is not tuple or len(described) != 3 or type(described[2]) is not Global:
                return self._cut("storages")
            at = self._storage(source, at, described)
            if at > source.nbytes:
                return self._cut("storages")
        views, _ = self._pickle(source, at, "storages") if at >= 0 else (None, -1)
        for view in views if type(views) is list else ():
            self._view(view)
        return None

    def _cut(self, what: str) -> None:
        self.found.notes.append(f"the table of {what} is cut off or malformed; what it lists before is shown")

    def _storage(self, source: Window, at: int, described: tuple[Any, ...]) -> int:
        key, location, kind = described
        head = source.read(at, 8)
        numel = struct.unpack("<q", head)[0] if len(head) == 8 else -1
        dtype = dtypes.STORAGE_DTYPES.get(kind.name, kind.name)
        storage = Storage(dtype, str(key), location if type(location) is str else None, numel)
        needed = dtypes.nbytes(dtype, max(numel, 0))
        take_storage(storage, 0, source.offset + at + 8, needed)
        if at + 8 + needed > source.nbytes:
            storage.problem = (
                f"the file is cut off: {max(0, source.nbytes - at - 8):,} of its {needed:,} bytes are there"
            )
        if type(key) in (int, str):
            self.storages.setdefault(key, storage)
        return at + 8 + needed

    def _view(self, view: Any) -> None:
        if type(view) not in (tuple, list) or len(view) != 4 or not all(type(item) is int for item in view):
            return
        if not dtypes.countable(*view):
            return
        target, root, offset, size = view
        if root in self.storages:
            window = Storage(self.storages[root].dtype, integer(target), self.storages[root].device, size)
            window.root, window.root_offset = self.storages[root], offset
            self.storages.setdefault(target, window)

    def read_tensors(self, source: Window) -> None:
        """Each tensor's description, rank, sizes, strides and offset."""
        count, at = self._count(source, "tensors")
        for _ in range(count):
            described, at = self._pickle(source, at, "tensors")
            if type(described) is not tuple or len(described) != 3:
                return self._cut("tensors")
            at = self._tensor(source, at, described)
            if at < 0:
                return self._cut("tensors")
        return None

    def _tensor(self, source: Window, at: int, described: tuple[Any, ...]) -> int:
        key, storage_id, _ = described
        head = source.read(at, 8)
        rank = struct.unpack_from("<i", head)[0] if len(head) == 8 else -1
        body = source.read(at + 8, 16 * rank + 8) if 0 <= rank <= 4096 else b""
        if rank < 0 or len(body) < 16 * rank + 8:
            return -1
        sizes = struct.unpack(f"<{2 * rank + 1}q", body)
        storage = self.storages.get(storage_id) if type(storage_id) in (int, str) else None
        tensor = Tensor(storage, sizes[-1], sizes[:rank], sizes[rank:-1], storage.dtype if storage else "float32")
        if storage is None:
            tensor.problem = "the table of storages does not list its storage"
        if type(key) in (int, str):
            self.tensors.setdefault(key, tensor)
        return at + 8 + len(body)
