"""What stands in the zip of a result, and in which order: as torch.save has it, or as the source archive has it.

A state_dict and whatever torch.save wrote get torch.save's layout (torch/serialization.py, ``_save``). TorchScript
and torch.package archives keep theirs: their own records are copied as they lie, the pickles are replaced, and
storages that nothing needs any more are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.convert.nouns import Plan, Record
from ckpt_gui.core.convert.pump import Chunks, gathered
from ckpt_gui.core.convert.zip_out import FORMAT_VERSION, SERIALIZATION_ID, VERSION, ZipOut
from ckpt_gui.core.errors import ConvertError, OpenError, ReadError
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory, read_directory
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.text import escape, join_words, natural, plural

KEEP_LAYOUT = ("torchscript", "torch-package")
"""Formats whose archives hold more than one pickle and its storages."""
NBYTES = 512 << 10
"""Copied at once."""
_SETTINGS = (".format_version", ".storage_alignment", "byteorder", "version", SERIALIZATION_ID)


@dataclass(frozen=True, slots=True)
class Body:
    """One pickle of the result."""

    name: str
    """Of its record, within the archive's folder: ``data.pkl``; "" where the format has no names."""
    pieces: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Archive:
    """What one archive is made of."""

    plan: Plan
    bodies: Sequence[Body]
    content: Callable[[Record], Chunks]
    """The bytes of a record."""


def record_name(archive_format: str, key: str) -> str:
    """The name of a storage's record within the archive's folder, in a file of that format."""
    if archive_format == "torch-package":
        return f".data/{key}.storage"
    if archive_format == "torchscript" and key.startswith("constants/"):
        return key
    return f"data/{key}"


def write_new(
    archive: Archive, out: ZipOut, copied: Callable[[set[str]], None] = lambda _: None, *, numbered: bool = True
) -> None:
    """An archive as torch.save lays it out; ``copied`` adds what else the source has, given the names written.

    ``numbered`` says that the pickle comes to the storages in the order of their records, the first of which is ``0``.
    Only then ``.format_version`` may stand there: from it on torch does not look up where a record is, where it loads
    without data, but adds up their sizes in the order in which it comes to them (``_load``, ``_get_offset``).
    """
    bodies, records = archive.bodies, archive.plan.records
    for body in bodies:
        out.add(body.name, gathered(body.pieces))
    if numbered:
        out.add(".format_version", (FORMAT_VERSION,), len(FORMAT_VERSION))
    out.add(".storage_alignment", (b"64",), 2)
    order = _byteorder(records)
    out.add("byteorder", (order,), len(order))
    for record in sorted(records, key=lambda record: natural(record.key)):
        out.add(record_name("torch-zip", record.key), archive.content(record), record.nbytes)
    copied({body.name for body in bodies} | {record_name("torch-zip", record.key) for record in records})
    out.add("version", (VERSION,), len(VERSION))
    out.close()


class SourceArchive:
    """The zip that the result is made from. Raises ReadError where it is no longer what was indexed."""

    def __init__(self, checkpoint: Checkpoint, file: LocalFile, report: Report, tick: Callable[[], None]) -> None:
        self._checkpoint = checkpoint
        self._file = file
        self._tick = tick
        file.check(checkpoint.sources[0])
        try:
            self._directory: ZipDirectory = read_directory(file, report)
        except OpenError as exc:
            raise ReadError(f"{file.path} cannot be read again: {exc}") from exc
        self.root = self._directory.root
        self.notes: list[str] = []
        known = checkpoint.storages.key
        self._storages = {record_name(checkpoint.format, checkpoint.texts[key]).lower() for key in known}

    @property
    def numbered(self) -> bool:
        """Whether it says that its pickle comes to the storages in the order of their records."""
        return self._directory.find(".format_version") is not None

    @property
    def unknown(self) -> frozenset[str]:
        """Keys of storages that no tensor has."""
        names = (name for name, _ in self._directory.inside("data") if f"data/{name}".lower() not in self._storages)
        return frozenset(names)

    def copy_others(self, out: ZipOut, written: set[str], bare: frozenset[str]) -> None:
        """As they lie: ``bare`` storages (their keys), which no tensor has but the object needs, and records that
        torch.save knows nothing of. Data that nothing refers to is left out, and told.
        """
        taken = {name.lower() for name in (*written, *_SETTINGS)}
        unused: list[str] = []
        for name, entry in self._entries():
            if name.lower() in taken:
                continue
            if not name.startswith("data/"):
                self._copy(out, name, entry)
            elif name.lower() not in self._storages:
                if name.removeprefix("data/") in bare:
                    self._copy(out, name, entry)
                else:
                    unused.append(name)
        self._tell(unused, "that nothing refers to")

    def rewrite(self, archive: Archive, out: ZipOut) -> None:
        """All records in their order: pickles replaced, storages of the plan from there, the rest as it lies."""
        bodies = {body.name.lower(): body for body in archive.bodies}
        records = {record_name(self._checkpoint.format, one.key).lower(): one for one in archive.plan.records}
        has_id = False
        for name, entry in self._entries():
            low = name.lower()
            if low in bodies:
                out.add(name, gathered(bodies.pop(low).pieces))
            elif low in records:
                record = records.pop(low)
                out.add(name, archive.content(record), record.nbytes)
            elif low == SERIALIZATION_ID:
                has_id = True
            elif low == "byteorder" and archive.plan.records:
                order = _byteorder(archive.plan.records)
                out.add(name, (order,), len(order))
            elif low not in self._storages:
                self._copy(out, name, entry)
        for body in bodies.values():
            out.add(body.name, gathered(body.pieces))
        for record in records.values():
            out.add(record_name(self._checkpoint.format, record.key), archive.content(record), record.nbytes)
        if has_id:
            out.close()
        else:
            out.close_as_is()

    def _entries(self) -> Iterator[tuple[str, Entry]]:
        """Each record that torch sees, once, with its name within the folder; the others are told."""
        directory, prefix = self._directory, f"{self.root}/" if self.root else ""
        unseen: list[str] = []
        for entry in directory.entries:
            name = entry.name[len(prefix) :]
            if not entry.name.startswith(prefix) or directory.find(name) is not entry:
                unseen.append(entry.name)
            elif name:
                yield name, entry
        self._tell(unseen, "that torch does not see")

    def _copy(self, out: ZipOut, name: str, entry: Entry) -> None:
        begin = self._directory.data_offset(entry)
        if begin < 0:
            raise ReadError(f"the record {escape(name)[:80]} is not where the zip's directory says")
        if entry.compression == Compression.NONE and entry.packed != entry.nbytes:
            raise ConvertError(f"the zip's directory gives the record {escape(name)[:80]} two different sizes")
        self._tick()
        out.copy(name, self._raw(begin, entry.packed), entry.packed, entry.nbytes, entry.crc, entry.method, entry.flags)
        self._file.check(self._checkpoint.sources[0])

    def _raw(self, begin: int, nbytes: int) -> Iterator[bytes]:
        for at in range(0, nbytes, NBYTES):
            yield self._file.read(begin + at, min(NBYTES, nbytes - at))

    def _tell(self, names: list[str], what: str) -> None:
        if names:
            listed = join_words((escape(name)[:80] for name in names), 3)
            self.notes.append(f"{plural(len(names), 'record')} {what}, left out: {listed}")


def _byteorder(records: Sequence[Record]) -> bytes:
    """What the record of that name says. Raises ConvertError where the records do not agree."""
    orders = {record.big_endian for record in records}
    if len(orders) > 1:
        raise ConvertError("some storages would be big-endian and others little-endian, which no archive can say")
    return b"big" if True in orders else b"little"
