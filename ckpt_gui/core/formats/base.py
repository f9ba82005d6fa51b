"""What every format's file works with: the file at hand, persistent ids, and how a pickle's findings are told."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Protocol

from ckpt_gui.core import dtypes
from ckpt_gui.core.code_names import trust
from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.zipdir import MAX_RATIO, ZipDirectory, read_directory
from ckpt_gui.core.model import CodeName, Source
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.nodes.modules import MAX_REPEATS, Repeats, is_module, laid_out
from ckpt_gui.core.pickles.effects import Pickled
from ckpt_gui.core.pickles.machine import unknown_id
from ckpt_gui.core.pickles.values import Document, Global, Mapping, Object, Storage, Value
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import Allowance
from ckpt_gui.core.text import escape, integer

HEAD = 4096
MIN_UNPACKED = 256 << 20
"""All deflated records of a file may together grow to this many bytes, or to MAX_RATIO times the file."""

MIN_CONTAINED = 64 << 20
"""All containers within a file may together take this many bytes and four times the file's."""


class File(Protocol):
    """What a format reads from: a file, or the bytes of a container within one."""

    path: str
    nbytes: int
    source: Source

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset``; fewer only where the end comes first."""
        ...

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset``; returns how many bytes came, fewer only where the end comes first."""
        ...


class Candidate:
    """A file that is about to be recognised: its first bytes, and its zip directory if it has one."""

    def __init__(
        self, file: File, report: Report, kinds: tuple[Format, ...] = (), outer: Candidate | None = None
    ) -> None:
        self.file = file
        self.report = report
        self.kinds = kinds
        """Formats of containers that may lie within this one."""
        self.depth: int = outer.depth + 1 if outer else 0
        self.allowance: Allowance = outer.allowance if outer else Allowance(max(MIN_UNPACKED, MAX_RATIO * file.nbytes))
        """Shared with everything within, so that containers in containers do not multiply."""
        self.contained: Allowance = outer.contained if outer else Allowance(MIN_CONTAINED + 4 * file.nbytes)
        """How many bytes of containers within may still be read."""
        self.head = file.read(0, HEAD)

    @cached_property
    def zip(self) -> ZipDirectory | None:
        """The zip directory, if the file begins as torch expects of a zip and a directory can be read."""
        if self.head[:4] != b"PK\x03\x04":
            return None
        try:
            return read_directory(self.file, self.report, self.allowance)
        except DamagedFile as exc:
            self.zip_trouble = str(exc)
            return None

    zip_trouble: str | None = None
    """Why a file that begins like a zip has no directory."""


class Format(Protocol):
    """A module of this package that reads one format."""

    NAME: str

    def sniff(self, candidate: Candidate) -> bool:
        """Whether the bytes are of this format."""
        ...

    def read(self, candidate: Candidate) -> Found:
        """The index. Raises OpenError only where not even a partial tree can be shown."""
        ...


class StorageTable:
    """Persistent ids → storages; as in torch, the first use of a key decides (serialization.py, persistent_load)."""

    def __init__(self) -> None:
        self.by_key: dict[str, Storage] = {}
        self.notes: list[str] = []
        self.refused = ""
        """Why torch would not take a storage, though its tensors can be shown."""
        self.documents: list[tuple[str, Document]] = []

    def __call__(self, pid: Any) -> Any:
        """The value of one persistent id."""
        if type(pid) is tuple and len(pid) >= 5 and pid[0] in ("storage", b"storage") and type(pid[0]) in (str, bytes):
            key = pid[2]
            known = self.by_key.get(key) if type(key) is str else None
            if known is not None and len(pid) == 5:
                if known.numel != pid[4] or known.device != pid[3]:
                    self._conflict(known, pid)
                return known
            return self._storage(pid)
        if type(pid) is tuple and len(pid) == 4 and pid[0] == "module" and type(pid[1]) is Global:
            if type(pid[3]) is str:
                self.documents.append((pid[1].full, Document(pid[3], "Python source")))
            return pid[1]
        if type(pid) is tuple and len(pid) == 4 and pid[0] == "reduce_package":
            return Object(pid[2], pid[3])
        return unknown_id(pid)

    def _storage(self, pid: tuple[Any, ...]) -> Any:
        kind, key, location, numel = pid[1:5]
        key = key.decode("latin-1") if type(key) is bytes else integer(key) if type(key) is int else key
        location = location.decode("latin-1") if type(location) is bytes else location
        texts = type(key) is str and type(location) is str
        if type(kind) is not Global or not texts or type(numel) is not int or not dtypes.countable(numel):
            return Value("persistent id", "malformed storage")
        storage = self.by_key.get(key)
        if storage is None:
            dtype = dtypes.STORAGE_DTYPES.get(kind.name.rpartition(".")[2], kind.name)
            storage = self.by_key[key] = Storage(dtype, key, location, numel)
        if len(pid) > 5 and type(pid[5]) is tuple and len(pid[5]) == 3:
            return self._view(storage, pid[5])
        if len(pid) > 5 and pid[5] is not None and not self.refused:
            self.refused = "a storage of it is described as torch never does"
            self.notes.append(f"storage {escape(key)[:80]} has malformed view metadata, which is left out")
        return storage

    def _view(self, root: Storage, view: tuple[Any, ...]) -> Storage:
        """Legacy view metadata ``(key, offset, size)`` in elements: a window of ``root``."""
        key, offset, size = view
        if type(offset) is not int or type(size) is not int or not dtypes.countable(offset, size):
            return root
        window = Storage(root.dtype, key if type(key) is str else "", root.device, size)
        window.root, window.root_offset = root, offset
        return window

    def _conflict(self, known: Storage, pid: tuple[Any, ...]) -> None:
        note = f"storage {escape(known.key)} is described in two ways; the first counts, as in torch"
        if note not in self.notes and len(self.notes) < 100:
            self.notes.append(note)


def take_storage(storage: Storage, source: int, offset: int, nbytes: int, packed: int | None = None) -> None:
    """Say where a storage's bytes lie, and whether they are as many as it needs."""
    storage.source, storage.offset, storage.nbytes = source, offset, nbytes
    storage.packed = nbytes if packed is None else packed
    width = dtypes.named(storage.dtype).bits
    needed = -(-storage.numel * width // 8)
    if not width:
        storage.problem = f"storage type {escape(storage.dtype)} is not known"
    elif storage.numel < 0:
        storage.problem = f"its storage claims {storage.numel:,} elements"
    elif needed != nbytes:
        storage.problem = f"its storage should hold {needed:,} bytes, but {nbytes:,} are in the file"


def pickle_findings(found: Found, pickled: Pickled, what: str = "data.pkl") -> None:
    """Add what a pickle stream showed: names of code, notes, protocol, refused opcodes."""
    known = {name.name for name in found.code}
    for module, name in pickled.globals:
        full = f"{module}.{name}"
        if full not in known:
            known.add(full)
            found.code.append(CodeName(full, trust(module, name)))
    found.notes += [f"{what}: {note}" for note in pickled.notes]
    if pickled.broken:
        found.notes.append(f"{what} is broken: {pickled.broken}; what came before is shown")
        found.facts["broken"] = True
    found.facts["protocol"] = max(found.facts.get("protocol", 0), pickled.protocol)
    if pickled.oddities:
        found.facts["oddities"] = [*found.facts.get("oddities", ()), *pickled.oddities]
    refused = found.facts.setdefault("refused", [])
    refused += [name for name in pickled.refused if name not in refused]


def with_sources(root: Any, table: StorageTable) -> Any:
    """The root, and beside it the Python source that came with its classes (``module`` persistent ids), if any."""
    if not table.documents:
        return root
    folder = Mapping("texts")
    folder.items = list(table.documents)
    if type(root) is Mapping:
        root.items.append(("source code", folder))
    elif is_module(root):
        repeats = Repeats(set(), MAX_REPEATS)
        root = laid_out(root, repeats)
        root.add_beside([("source code", folder)])
        table.notes += repeats.notes()
    return root


def list_names(names: Iterable[str], limit: int = 5) -> str:
    """A few names, escaped, and how many more."""
    listed = [escape(name)[:200] for name in names]
    more = f" and {len(listed) - limit:,} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more
