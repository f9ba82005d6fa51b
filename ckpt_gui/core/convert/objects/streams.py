"""The pickles of a source, read again as graphs: one for most formats, several for TorchScript and torch.package."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ckpt_gui.core.convert.objects.calls import CLASSES, Calls
from ckpt_gui.core.errors import ConvertError, OpenError, ReadError
from ckpt_gui.core.formats.base import Candidate
from ckpt_gui.core.formats.torch_tar import Table, members, read_table
from ckpt_gui.core.formats.zipdir import read_directory
from ckpt_gui.core.model import Checkpoint, Source
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.graph import Graph, Made, Persistent, Raw, read_graph
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Global, Storage, Tensor
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.text import escape


class Stream(NamedTuple):
    """One pickle of the source."""

    name: str
    """Of its record within the archive's folder."""
    graph: Graph
    folder: str = ""
    """What the index puts before the storage keys of this pickle."""
    suffix: str = ""
    """What the index takes off their ends."""
    listed: bool = True
    """Whether its storages stand in the index; if not, only tags can be changed."""


def read_streams(checkpoint: Checkpoint, calls: Calls, report: Report) -> list[Stream]:
    """Every pickle of a torch zip, TorchScript, torch.package, legacy or tar file; ``calls`` are those of the result.

    Raises ConvertError where one cannot be written again, ReadError where the file cannot be read or has changed.
    """
    with Again(checkpoint.sources[0]).held() as file:
        try:
            return list(_READERS[checkpoint.format](file, calls, report))
        except OpenError as exc:
            raise ReadError(f"{checkpoint.path} cannot be read again: {exc}") from exc


class Again:
    """A source that was read before. Reads whenever asked, opened for as long as that takes: long strings of a pickle
    are read while it is written, long after everything else."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.path = source.path
        self.nbytes = source.nbytes
        self._file: LocalFile | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[Again]:
        """Keep it open meanwhile."""
        with self._open() as file:
            self._file = file
            try:
                yield self
            finally:
                self._file = None

    @contextlib.contextmanager
    def _open(self) -> Iterator[LocalFile]:
        if self._file is not None:
            yield self._file
            return
        try:
            file = LocalFile(self.path)
        except OpenError as exc:
            raise ReadError(str(exc)) from exc
        with file:
            file.check(self.source)
            yield file

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset``. Raises ReadError if the file is no longer what it was."""
        with self._open() as file:
            return file.read(offset, nbytes)

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset``."""
        with self._open() as file:
            return file.read_into(offset, into)


def _zip(file: Again, calls: Calls, report: Report) -> Iterator[Stream]:
    yield from _records(file, ["data.pkl"], report)


def _script(file: Again, calls: Calls, report: Report) -> Iterator[Stream]:
    """Constants keep their storages in a folder of their own; the program for mobile names those, and some more."""
    for stream in _records(file, ["data.pkl", "constants.pkl", "bytecode.pkl", "traced_inputs.pkl"], report):
        main = stream.name in ("data.pkl", "constants.pkl")
        yield stream._replace(folder="" if stream.name == "data.pkl" else "constants/", listed=main)


def _package(file: Again, calls: Calls, report: Report) -> Iterator[Stream]:
    for stream in _records(file, None, report):
        yield stream._replace(suffix=".storage")


def _records(file: Again, names: list[str] | None, report: Report) -> Iterator[Stream]:
    """The pickles of those names that an archive has; all of them for None."""
    directory = read_directory(file, report)
    cut = len(directory.root) + 1 if directory.root else 0
    if names is None:
        names = [entry.name[cut:] for entry in directory.entries if entry.name.endswith(".pkl")]
    for name in names:
        entry = directory.find(name)
        if entry is not None:
            content, trouble = directory.open(entry)
            if trouble:
                raise ConvertError(f"{escape(entry.name)[:80]} cannot be written again: {trouble}")
            yield Stream(entry.name[cut:], read_graph(content, 0, report))


def _legacy(file: Again, calls: Calls, report: Report) -> Iterator[Stream]:
    at = 0
    for _ in range(3):  # magic number, protocol, system
        at = read_pickle(file, at, None, report).end
    yield Stream("data.pkl", read_graph(file, at, report, Persistent if calls.legacy else _without_source))


def _without_source(pid: Any) -> Any:
    """A class that came with its source (``module``) is its name alone where there is no place for a source."""
    if type(pid) is tuple and len(pid) == 4 and text_of(pid[0]) == "module" and type(pid[1]) is Global:
        return pid[1]
    return Persistent(pid)


def _tar(file: Again, calls: Calls, report: Report) -> Iterator[Stream]:
    candidate, found = Candidate(file, report), Found("torch-tar", None, [])
    parts = members(file, found.notes)
    tensors = _TarTensors(read_table(candidate, parts, found), calls)
    yield Stream("data.pkl", read_graph(parts["pickle"], 0, report, tensors.of))


class _TarTensors:
    """Calls that make the tensors which the pickle of a tar knows by numbers."""

    def __init__(self, table: Table, calls: Calls) -> None:
        self._table = table
        self._calls = calls
        self._made: dict[int, Any] = {}
        """By the id of what the table has: one number is one tensor, however often it stands in the pickle."""

    def of(self, pid: Any) -> Any:
        """What stands for a persistent id. Raises ConvertError where that is no tensor and no class."""
        pid = text_of(pid) if type(pid) is Raw else pid
        if type(pid) is tuple and pid and type(pid[0]) is Global:
            return pid[0]
        found = self._table.persist(pid)
        if type(found) is Storage:
            return self._made.setdefault(id(found), self._storage(found, found.root is not None))
        if type(found) is not Tensor or found.storage is None:
            raise ConvertError("the pickle refers to a tensor that the table of tensors does not list")
        if id(found) not in self._made:
            self._made[id(found)] = self._tensor(found, found.storage)
        return self._made[id(found)]

    def _tensor(self, tensor: Tensor, storage: Storage) -> Made:
        home = storage.root or storage
        return self._calls.tensor(
            self._storage(home, False), tensor.offset + storage.root_offset, tensor.shape, tensor.stride
        )

    def _storage(self, storage: Storage, window: bool) -> Persistent:
        if window or storage.dtype not in CLASSES:
            raise ConvertError("the file holds a storage by itself that is a part of another; no other format has that")
        calls = self._calls
        kind, text = calls.storage_class(storage.dtype), calls.text
        pid = (text("storage"), kind, text(storage.key), text(storage.device or "cpu"), storage.numel)
        return Persistent((*pid, None) if calls.legacy else pid)


def text_of(value: Any) -> str | None:
    """Text as a persistent id may have it: of Python 3, of Python 2, or a number; None for anything else."""
    raw = value.raw if type(value) is Raw else value
    if type(raw) is bytes:
        return raw.decode("utf-8", "replace")
    return raw if type(raw) is str else str(raw) if type(raw) is int and raw.bit_length() < 1000 else None


_READERS: dict[str, Callable[[Again, Calls, Report], Iterator[Stream]]] = {
    "torch-zip": _zip, "torchscript": _script, "torch-package": _package, "torch-legacy": _legacy, "torch-tar": _tar,
}  # fmt: skip
