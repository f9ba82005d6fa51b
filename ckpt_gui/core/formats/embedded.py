"""Containers within containers: a torch.save in a pickle's bytes or in a record of another archive.

Where they come from: ``torch.storage._load_from_bytes(bytes)`` is how a plain ``pickle.dumps`` writes every
storage (torch/storage.py, ``TypedStorage.__reduce__``); e3nn keeps TorchScript archives as byte strings in
a module's state; torch.export writes a nested torch.save for what is no plain tensor. Nothing is
called: the bytes are recognised and read as a file of their own would be.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats.base import Candidate
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.substitute import substitute
from ckpt_gui.core.pickles.values import Object, Span, Storage, Tensor
from ckpt_gui.core.sources import Bytes, Memory, Window

MAX_DEPTH = 4
MAX_CONTAINERS = 20_000
MAX_NOTES = 200
DEEPER = 128 << 10
"""What a container within a container costs beside its own bytes."""
MAX_DECODED = 64 << 20
"""Byte strings of protocol 2 are written as text: unlike others, they are decoded in memory, up to this many bytes."""
_BYTES_BY_NAME = {"torch.storage._load_from_bytes", "_codecs.encode"}
_BYTES_BY_OPCODE = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINSTRING", "STRING"}
_LEGACY_MAGIC = bytes.fromhex("6cfc9c46f9206aa85019")  # torch/serialization.py, MAGIC_NUMBER


class Inner:
    """The bytes of a container within a file, as a file of their own."""

    def __init__(self, outer: Candidate, data: Bytes, name: str) -> None:
        self._data = data
        self.path = f"{name} in {outer.file.path}"
        self.nbytes = data.nbytes
        self.source = outer.file.source

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset`` of the container."""
        return self._data.read(offset, nbytes)

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset`` of the container."""
        return self._data.read_into(offset, into)


def open_inner(outer: Candidate, data: Bytes, at: int | None, name: str, into: Found) -> Any:
    """The root value of the container in ``data``; None if there is none, or it cannot be read.

    ``at`` is where ``data`` begin in the outer bytes; None where they lie nowhere as they are (inflated, or in
    a pickle), and then neither do the storages. What was noticed on the way goes ``into`` the outer findings.
    """
    if outer.depth >= MAX_DEPTH:
        _tell(into, f"containers lie in each other deeper than {MAX_DEPTH} levels; the tree ends there")
        return None
    # What lies directly in the file is bounded by its size. Deeper down every container costs extra, since a
    # deflated pickle may hold thousands of containers, each with a deflated pickle that holds thousands.
    outer.contained.left -= data.nbytes + (DEEPER if outer.depth else 0)
    if outer.contained.left < 0:
        _tell(into, "containers within containers take far more bytes than the file; the rest is not followed")
        return None
    try:
        candidate = Candidate(Inner(outer, data, name), outer.report, outer.kinds, outer)
        form = next((one for one in candidate.kinds if one.sniff(candidate)), None)
        if form is None:
            return None
        found = form.read(candidate)
    except OpenError as exc:
        _tell(into, f"{name}: {exc}")
        return None
    open_embedded(found, candidate)
    _move(found.root, at, name)
    _merge(found, into, name)
    return found.root


def _tell(into: Found, note: str) -> None:
    if note not in into.notes[-MAX_NOTES:] and len(into.notes) < MAX_NOTES:
        into.notes.append(note)


def _merge(found: Found, into: Found, name: str) -> None:
    known = {code.name for code in into.code}
    into.code += [code for code in found.code if code.name not in known]
    for note in found.notes[:MAX_NOTES]:
        # What a container tells of its own containers needs no list of all their names.
        _tell(into, note if note.startswith("containers ") else f"{name}: {note}"[:1000])


def _move(root: Any, at: int | None, name: str) -> None:
    """Count the places of all storages in ``root`` from the outer bytes."""
    for storage in storages_of(root):
        storage.offset = storage.offset + at if at is not None and storage.offset >= 0 else -1
        storage.key = f"{name}:{storage.key}"


def storages_of(root: Any) -> list[Storage]:
    """Every storage that ``root`` and its tensors use, once."""
    found: dict[int, Storage] = {}
    seen: set[int] = set()
    pending: list[Any] = []

    def collect(value: Any) -> Any:
        if type(value) in (Tensor, Storage):
            pending.append(value)
        return value

    substitute(root, collect)
    while pending:
        value = pending.pop()
        if type(value) is Tensor and id(value) not in seen:
            seen.add(id(value))
            pending += [
                value.storage,
                *(part for _, part in value.parts or ()),
                *(one for one, _ in value.pieces or ()),
            ]
        elif type(value) is Storage and id(value) not in found:
            found[id(value)] = value
            pending.append(value.root)
    return list(found.values())


def open_embedded(found: Found, candidate: Candidate) -> None:
    """Replace byte strings and nested saves in what a format ``found`` by the trees they hold."""
    # Most files hold no byte string at all, and half a million tensors need not be walked to learn that.
    names = {code.name for code in found.code}
    if names & _BYTES_BY_NAME or _BYTES_BY_OPCODE & set(found.facts.get("refused", ())):
        found.root = _Opener(found, candidate).run()


class _Opener:
    def __init__(self, found: Found, candidate: Candidate) -> None:
        self.found = found
        self.candidate = candidate
        self.opened = 0

    def run(self) -> Any:
        root = substitute(self.found.root, self._instead)
        if self.opened > MAX_CONTAINERS:
            self.found.notes.append(f"more than {MAX_CONTAINERS:,} containers in byte strings; the others stay closed")
        if self.opened:
            self.found.facts["embedded"] = min(self.opened, MAX_CONTAINERS)
        return root

    def _instead(self, value: Any) -> Any:
        kind = type(value)
        if kind is Tensor:
            self._complete(value)
        elif kind is Storage and value.content is not None:
            root = self._open(value.content)
            return value if root is None else root
        elif (kind is bytes or kind is Span) and _looks_saved(value if kind is bytes else value.head):
            root = self._open(value)
            return value if root is None else root
        return value

    def _complete(self, tensor: Tensor) -> None:
        """Of a tensor whose storage is a nested save: what that says of the storage."""
        storage = tensor.storage
        if storage is None or (storage.content is None and storage.dtype):
            return
        if storage.content is not None:
            inner = self._open(storage.content)
            storage.content = None
            if type(inner) is Storage:
                for name in ("dtype", "key", "device", "numel", "nbytes", "packed", "big_endian", "problem"):
                    setattr(storage, name, getattr(inner, name))
        if not tensor.dtype:
            tensor.dtype = storage.dtype or "unknown"

    def _open(self, value: Any) -> Any:
        data = _content(value)
        if data is None:
            return None
        self.opened += 1
        self.candidate.report.at(self.opened, 0, "nested containers")
        if self.opened > MAX_CONTAINERS:
            return None
        return open_inner(self.candidate, data, None, f"nested {self.opened}", self.found)


def _looks_saved(head: bytes) -> bool:
    return head[:4] == b"PK\x03\x04" or _LEGACY_MAGIC in head[:32]


def _content(value: Any) -> Bytes | None:
    """The bytes of a byte string, wherever they lie; None if ``value`` is none."""
    if type(value) is bytes:
        return Memory(value)
    if type(value) is Span and value.source is not None:
        return Window(value.source, value.offset, value.nbytes) if value.type_name == "bytes" else None
    if type(value) is Object and value.full == "_codecs.encode" and type(value.args) is tuple and value.args:
        text = value.args[0]
        if type(text) is Span and text.source is not None and text.nbytes <= MAX_DECODED:
            try:
                return Memory(text.source.read(text.offset, text.nbytes).decode("utf-8").encode("latin-1"))
            except UnicodeError:
                return None
    return None
