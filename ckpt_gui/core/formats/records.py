"""The records of any zip that torch writes: pickles, storages, settings and texts.

Layout: caffe2/serialize/inline_container.cc; formats.md §1.1. What is told here holds for
torch.save, TorchScript and torch.package alike; what only one of them does stands in its own file.
"""

from __future__ import annotations

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.formats.base import StorageTable, take_storage
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.effects import Pickled
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Document, Mapping, Storage, Value
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import Inflating, Memory, inflate
from ckpt_gui.core.text import escape, plural, size

MAX_TEXT = 1 << 20
"""A text record is shown up to this many bytes."""
MAX_TEXTS = 32 << 20
"""All texts of one file together, in bytes."""
MAX_TEXT_RECORDS = 20_000


def read_record_pickle(directory: ZipDirectory, entry: Entry, table: StorageTable, report: Report) -> Pickled:
    """The pickle of one record; what is amiss with the record goes into the directory's notes."""
    content, trouble = directory.open(entry)
    name = escape(entry.name)[:80]
    if isinstance(content, Memory) and content.nbytes != entry.nbytes:
        directory.refused.append(f"{name} is not as long as the zip says")
        directory.notes.append(f"{name}: unpacks to {content.nbytes:,} bytes, the zip says {entry.nbytes:,}")
    if trouble:
        directory.notes.append(f"{name}: {trouble}")
    report.allow(entry.packed)
    pickled = read_pickle(content, 0, table, report)
    if pickled.broken is None:
        if content.nbytes > pickled.end and isinstance(content, Inflating) and not content.read(pickled.end, 1):
            directory.refused.append(f"{name} is not as long as the zip says")
            directory.notes.append(f"{name}: ends after {pickled.end:,} bytes, the zip says {entry.nbytes:,}")
        elif content.nbytes > pickled.end:
            directory.notes.append(f"{name}: {plural(content.nbytes - pickled.end, 'byte')} after the pickle's end")
        if content.nbytes <= 64 << 20:
            directory.check_crc(entry, content.read(0, content.nbytes))
    return pickled


def read_settings(directory: ZipDirectory, found: Found) -> bool:
    """The small records: version, byte order and what tells the writer's age; returns whether big-endian."""
    version = directory.read("version") or directory.read(".data/version")
    if version is None:
        found.notes.append("the version record is missing; torch refuses such a file")
        found.facts["refused_by_torch"] = "the version record is missing"
    else:
        text = version.strip().decode("latin-1")[:20]
        found.facts["version"] = text
        if not text.isdecimal() or int(text) > 10:
            found.notes.append(f"file version {escape(text)}; torch reads versions up to 10")
            found.facts["refused_by_torch"] = f"file version {escape(text)} is not known"
    order = directory.read("byteorder")
    found.facts["byteorder"] = order.decode("latin-1")[:20] if order is not None else "not written"
    if order not in (None, b"little", b"big"):
        written = escape(found.facts["byteorder"])
        found.notes.append(f"unknown byte order {written}; little-endian is assumed, torch refuses")
        found.facts["refused_by_torch"] = "its byte order is not known"
    newest = directory.find(".format_version") is not None
    middle = order is not None or directory.find(".data/serialization_id") is not None
    older = "torch 2.1 or later" if middle else "torch 1.6 to 2.0"
    found.facts["written_by"] = "torch 2.7 or later" if newest else older
    found.facts["root"] = escape(directory.root)
    return order == b"big"


def place_records(directory: ZipDirectory, storages: dict[str, Storage], pattern: str, big_endian: bool) -> None:
    """Give each storage its record. Raises nothing: a missing record is the storage's problem."""
    for key, storage in storages.items():
        place_record(directory, storage, pattern.format(key), big_endian)


def place_record(directory: ZipDirectory, storage: Storage, name: str, big_endian: bool) -> None:
    """Say where the storage's bytes lie: in the record of that name."""
    entry = directory.find(name)
    storage.big_endian = big_endian
    if entry is None:
        storage.problem = f"its record {escape(name)[:80]} is missing"
        return
    begin = directory.data_offset(entry)
    storage.compression, storage.crc = entry.compression, entry.crc
    take_storage(storage, 0, begin, entry.nbytes, entry.packed)
    storage.problem = storage.problem or _record_problem(directory, entry, begin)
    if name.endswith("/") and entry.nbytes:  # miniz: mz_zip_reader_is_file_a_directory; its extraction does nothing
        storage.problem = f"its record {escape(name)[:80]} is a folder to torch, which reads nothing from it"


def _record_problem(directory: ZipDirectory, entry: Entry, begin: int) -> str | None:
    if begin < 0:
        return "its record is not where the directory says"
    if begin + entry.packed > directory.source.nbytes:
        held = max(0, directory.source.nbytes - begin)
        return f"its record is cut off: {held:,} of {entry.packed:,} bytes are in the file"
    if entry.compression == Compression.UNREADABLE:
        return "its record is encrypted or packed in an unknown way"
    if entry.compression == Compression.NONE and entry.packed != entry.nbytes:
        return f"its record is stored in {entry.packed:,} bytes but said to hold {entry.nbytes:,}"
    if entry.compression == Compression.DEFLATE and entry.nbytes > max(1 << 20, 1100 * entry.packed):
        return f"its record cannot grow from {entry.packed:,} to {entry.nbytes:,} bytes"
    return None


class TextRecords:
    """Text records on demand, with one allowance for all of them (entries may point at the same packed bytes)."""

    def __init__(self, directory: ZipDirectory) -> None:
        self.directory = directory
        self.left = MAX_TEXTS
        self._known: dict[int, str | None] = {}

    def text(self, entry: Entry) -> str | None:
        """The record's text, cut at MAX_TEXT bytes; None where it is no UTF-8 text or cannot be read."""
        if entry.header not in self._known:
            data = self._bytes(entry)
            self._known[entry.header] = None if data is None or b"\0" in data[:4096] else _decoded(data)
        return self._known[entry.header]

    def _bytes(self, entry: Entry) -> bytes | None:
        begin, most = self.directory.data_offset(entry), min(MAX_TEXT, self.left)
        if begin < 0 or entry.compression == Compression.UNREADABLE or most <= 0:
            return None
        if entry.method == 8:
            data, _ = inflate(self.directory.source, begin, entry.packed, most)
        else:
            data = self.directory.source.read(begin, min(entry.packed, most))
        # Even an empty text costs something: a directory may list millions of them.
        self.left -= len(data) + 64
        return data

    def folder(self, name: str, type_name: str, skip: tuple[str, ...] = ()) -> Mapping:
        """The texts below ``root/name`` as read-only documents; what is no text is named with its size."""
        folder = Mapping("texts")
        wanted = [(path, entry) for path, entry in self.directory.inside(name) if not path.endswith(skip or ("/",))]
        for path, entry in wanted[:MAX_TEXT_RECORDS]:
            text = self.text(entry)
            shown = Value("bytes", f"{size(entry.nbytes)}, not shown") if text is None else Document(text, type_name)
            folder.items.append((path, shown))
        if len(wanted) > MAX_TEXT_RECORDS:
            self.directory.notes.append(f"{len(wanted):,} records in {name}; the first {MAX_TEXT_RECORDS:,} are shown")
        return folder


def _decoded(data: bytes) -> str | None:
    try:
        # A cut may fall into a character; anything else that does not fit is no text.
        return data.decode("utf-8", "ignore" if len(data) >= MAX_TEXT else "strict")
    except UnicodeDecodeError:
        return None
