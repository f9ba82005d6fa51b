"""A zip's directory, read as torch reads it (miniz through caffe2/serialize/inline_container.cc).

The central directory is the only truth; names are looked up without regard to ASCII case; of
equal names miniz's own order decides; offsets are absolute. Python's ``zipfile`` differs in each of these, and
so every place where two readers could see two different archives is told in ``notes``.
Layout: APPNOTE.TXT 6.3.10 (PKWARE).
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.errors import DamagedFile, TooLarge
from ckpt_gui.core.formats.miniz import picks
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import Allowance, Bytes, Inflating, Memory, Window, inflate
from ckpt_gui.core.text import escape, plural

MAX_DIRECTORY = 512 << 20
MAX_ENTRIES = 5_000_000
MAX_SORTED = 200_000
"""Records up to which equal names are resolved as torch does; beyond, the first counts."""
MIN_INFLATED = 64 << 20
"""A deflated record may always grow to this many bytes …"""
MAX_RATIO = 100
"""… or to this many times its stored size, whichever is more."""

_END = struct.Struct("<4sHHHHIIH")
_END64_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_AHEAD = 1 << 18


class Entry(NamedTuple):
    """One record of the central directory."""

    name: str
    header: int
    """Place of the local header, in bytes."""
    packed: int
    """Bytes as stored."""
    nbytes: int
    """Bytes unpacked, as the directory says."""
    method: int
    flags: int
    crc: int

    @property
    def compression(self) -> Compression:
        """How the record can be read."""
        if self.flags & 1 or self.method not in (0, 8):
            return Compression.UNREADABLE
        return Compression.DEFLATE if self.method == 8 else Compression.NONE


class ZipDirectory:
    """All records, and whatever is ambiguous about them."""

    def __init__(self, source: Bytes, allowance: Allowance | None = None) -> None:
        self.source = source
        self.allowance = allowance or Allowance(max(4 * MIN_INFLATED, MAX_RATIO * source.nbytes))
        """Of all records together: many may point at the same packed bytes."""
        self.entries: list[Entry] = []
        self.notes: list[str] = []
        self.refused: list[str] = []
        """Why torch would not take the archive, though it can be read."""
        self.root = ""
        """The first record's folder: torch looks for everything in it."""
        self._by_name: dict[str, Entry] = {}
        self._data: dict[int, int] = {}

    def add(self, entries: list[Entry]) -> None:
        """Take the records in directory order."""
        self.entries = entries
        twins: list[str] = []
        names = self._by_name
        for entry in entries:
            folded = entry.name.lower()
            if folded == entry.name:
                folded = entry.name  # one text, not two, for each of half a million records
            if folded in names:
                twins.append(entry.name)
            else:
                names[folded] = entry
        if twins:
            self._choose(twins)
        if entries:
            root, slash, _ = entries[0].name.partition("/")
            self.root = root if slash else ""
        self._tell_names(twins)

    def _choose(self, twins: list[str]) -> None:
        """Of records with equal names take the one torch would; see ``miniz``."""
        if len(self.entries) <= MAX_SORTED:
            names = [entry.name.encode("utf-8", "surrogateescape") for entry in self.entries]
            for index in picks(names, {name.encode("utf-8", "surrogateescape") for name in twins}):
                self._by_name[self.entries[index].name.lower()] = self.entries[index]

    def _tell_names(self, twins: list[str]) -> None:
        if twins:
            shown = ", ".join(escape(name)[:80] for name in twins[:3])
            self.notes.append(
                f"ambiguous zip: {plural(len(twins), 'record')} appear twice, or differ only in case ({shown}); "
                "the one torch would read is shown, while other readers may take another"
            )
        outside = (
            [entry.name for entry in self.entries if not entry.name.startswith(self.root + "/")] if self.root else []
        )
        if outside:
            self.refused.append("some of its records lie outside its folder")
            self.notes.append(
                f"{plural(len(outside), 'record')} outside the folder {escape(self.root)[:80]}, unseen by torch: "
                f"{', '.join(escape(name)[:80] for name in outside[:3])}"
            )
        odd = [entry.name for entry in self.entries if "\\" in entry.name or "\0" in entry.name or ".." in entry.name]
        if odd:
            self.notes.append(f"odd record names, shown escaped: {', '.join(escape(name)[:80] for name in odd[:3])}")
        secret = [entry.name for entry in self.entries if entry.flags & 1]
        if secret:
            self.notes.append(
                f"{plural(len(secret), 'record')} encrypted ({escape(secret[0])[:80]}); torch cannot read it"
            )

    def find(self, name: str) -> Entry | None:
        """The record ``root/name``."""
        return self._by_name.get((f"{self.root}/{name}" if self.root else name).lower())

    def inside(self, folder: str) -> list[tuple[str, Entry]]:
        """Records below ``root/folder``, with their names relative to it, in directory order."""
        prefix = f"{self.root}/{folder}/" if self.root else f"{folder}/"
        cut = len(prefix)
        return [(entry.name[cut:], entry) for entry in self.entries if entry.name.startswith(prefix)]

    def locate(self, report: Report) -> None:
        """Find where every record's data begin (their local headers say), and check what overlaps."""
        ordered = sorted(self.entries, key=lambda entry: entry.header)
        window, base = b"", 0
        wrong: list[str] = []
        for place, entry in enumerate(ordered):
            if not place & 0x3FFF:
                report.at(place, len(ordered), "records")
            at = entry.header - base
            if at < 0 or at + 30 > len(window):
                near = place + 8 < len(ordered) and ordered[place + 8].header - entry.header < _AHEAD
                base, at = entry.header, 0
                window = self.source.read(base, _AHEAD if near else 30)
            begin = self._data_offset(window, at, entry, wrong)
            if begin >= 0:
                self._data[entry.header] = begin
        self._tell_layout(ordered, wrong)

    def _data_offset(self, window: bytes, at: int, entry: Entry, wrong: list[str]) -> int:
        if len(window) < at + 30:
            wrong.append(f"{escape(entry.name)[:80]}: its place {entry.header:,} lies beyond the file's end")
            return -1
        sign, _, flags, method, _, _, _, _, _, name_size, extra_size = _LOCAL.unpack_from(window, at)
        if sign != b"PK\x03\x04":
            wrong.append(f"{escape(entry.name)[:80]}: no record begins at its place {entry.header:,}")
            return -1
        name = window[at + 30 : at + 30 + name_size]
        if len(name) < name_size:
            name = self.source.read(entry.header + 30, name_size)
        if name != entry.name.encode("utf-8", "surrogateescape") and _decode(name) != entry.name:
            wrong.append(f"{escape(entry.name)[:80]}: its own header calls it {escape(_decode(name))[:80]}")
        if method != entry.method or (flags ^ entry.flags) & 1:
            wrong.append(f"{escape(entry.name)[:80]}: header and directory differ on how it is stored")
        return int(entry.header + 30 + name_size + extra_size)

    def _tell_layout(self, ordered: list[Entry], wrong: list[str]) -> None:
        end, before, beyond = 0, "", False
        overlaps: list[str] = []
        for entry in ordered:
            begin = self._data.get(entry.header, entry.header)
            if entry.header < end:
                overlaps.append(f"{escape(entry.name)[:60]} and {escape(before)[:60]}")
            if begin + entry.packed > end:
                end, before = begin + entry.packed, entry.name
            if begin + entry.packed > self.source.nbytes:
                beyond = True
                wrong.append(f"{escape(entry.name)[:80]}: its {entry.packed:,} bytes reach beyond the file's end")
        if overlaps:
            self.notes.append(
                f"records overlap: {overlaps[0]}" + (f" and {len(overlaps) - 1:,} more" if overlaps[1:] else "")
            )
        if beyond:
            self.refused.append("a record of it reaches beyond the file's end")
        if wrong:
            self.notes.append(f"zip headers: {wrong[0]}" + (f"; {len(wrong) - 1:,} more like it" if wrong[1:] else ""))
        if ordered and ordered[0].header > 0:
            self.notes.append(f"{plural(ordered[0].header, 'byte')} before the first record")

    def data_offset(self, entry: Entry) -> int:
        """Where the record's data begin, in bytes; -1 if its header is not where it should be."""
        return self._data.get(entry.header, -1)

    def open(self, entry: Entry) -> tuple[Bytes, str | None]:
        """The record's content, and what is amiss with it. Raises DamagedFile where there is none."""
        begin = self.data_offset(entry)
        if begin < 0 or entry.compression == Compression.UNREADABLE:
            why = "is not where the directory says" if begin < 0 else "is encrypted or packed in an unknown way"
            raise DamagedFile(f"the record {escape(entry.name)[:200]} {why}")
        if entry.method == 0:
            return Window(self.source, begin, entry.packed), None
        if entry.nbytes > MIN_INFLATED:
            # Too long to hold: a pickle's reader only goes forward anyway.
            return Inflating(self.source, begin, entry.packed, min(entry.nbytes, MAX_RATIO * entry.packed)), None
        limit = min(max(MIN_INFLATED, MAX_RATIO * entry.packed), self.allowance.left)
        data, trouble = inflate(self.source, begin, entry.packed, limit)
        self.allowance.left -= len(data)
        return Memory(data), trouble

    def read(self, name: str, limit: int = 1 << 20) -> bytes | None:
        """A small record whole (at most ``limit`` bytes); None if it is not there or cannot be read."""
        entry = self.find(name)
        if entry is None:
            return None
        try:
            content, trouble = self.open(entry)
        except DamagedFile as exc:
            self.notes.append(str(exc))
            return None
        if trouble:
            self.notes.append(f"{escape(entry.name)[:80]}: {trouble}")
        data = content.read(0, limit)
        self.check_crc(entry, data)
        return data

    def check_crc(self, entry: Entry, data: bytes) -> None:
        """Note a checksum that does not fit (torch never looks; a writer may leave all at 0)."""
        if len(data) == entry.nbytes and entry.crc and zlib.crc32(data) != entry.crc:
            self.notes.append(
                f"{escape(entry.name)[:80]}: the checksum (CRC-32) does not fit its bytes; torch does not look"
            )


def _decode(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")


def read_directory(source: Bytes, report: Report, allowance: Allowance | None = None) -> ZipDirectory:
    """The directory of the zip in ``source``. Raises DamagedFile where torch would find none."""
    directory = ZipDirectory(source, allowance)
    offset, size, count, end = _find_end(source, directory)
    if size > MAX_DIRECTORY:
        raise TooLarge(f"the zip directory takes {size:,} bytes, more than {MAX_DIRECTORY:,}")
    if offset + size > source.nbytes:
        raise DamagedFile(f"the zip directory should lie at byte {offset:,}, beyond what the file holds")
    if offset + size != end:
        directory.notes.append(
            f"ambiguous zip: the directory at byte {offset:,} does not reach the end record "
            f"({end - offset - size:,} bytes between); another archive may lie in this file, "
            "which other readers would show instead"
        )
    report.allow(size)
    entries = _central(source.read(offset, size), count, report, directory)
    if len(entries) != count:
        directory.refused.append("its zip directory does not list as many records as it says")
        directory.notes.append(f"the zip says it has {plural(count, 'record')}, its directory lists {len(entries):,}")
    if not entries:
        raise DamagedFile("the zip directory lists no record")
    directory.add(entries)
    directory.locate(report)
    return directory


def _find_end(source: Bytes, directory: ZipDirectory) -> tuple[int, int, int, int]:
    """Directory offset, size, number of records, and where the end record (64 or not) begins."""
    notes = directory.notes
    tail_at = max(0, source.nbytes - 65_557)
    tail = source.read(tail_at, 65_557)
    place = tail.rfind(b"PK\x05\x06", 0, max(0, len(tail) - 18))
    if place < 0:
        raise DamagedFile("the zip's directory is missing: the file was cut off, or never finished")
    _, _, _, _, count, size, offset, comment = _END.unpack_from(tail, place)
    end = tail_at + place
    extra = source.nbytes - end - 22
    if extra != comment:
        notes.append(
            f"{plural(abs(extra - comment), 'byte')} {'after' if extra > comment else 'missing from'} the zip's end"
        )
    elif comment:
        notes.append(f"{plural(comment, 'trailing byte')} as the zip's comment")
    locator = source.read(end - 20, 20) if end >= 20 else b""
    if locator[:4] == b"PK\x06\x07":
        at = _END64_LOCATOR.unpack(locator)[2]
        record = source.read(at, 56) if at <= source.nbytes else b""
        if len(record) == 56 and record[:4] == b"PK\x06\x06":
            _, _, _, _, _, _, _, count, size, offset = _END64.unpack(record)
            return offset, size, count, at
        notes.append("the zip64 end record is missing where its locator points")
        directory.refused.append("its zip64 end record is missing")
    if 0xFFFFFFFF in (size, offset):
        raise DamagedFile("the zip's end record refers to a zip64 record that is not there")
    return offset, size, count, end


def _central(data: bytes, count: int, report: Report, directory: ZipDirectory) -> list[Entry]:
    entries: list[Entry] = []
    at, unpack = 0, _CENTRAL.unpack_from
    while at + 46 <= len(data) and data[at : at + 4] == b"PK\x01\x02":
        if not len(entries) & 0x3FFF:
            report.at(len(entries), count, "records")
            if len(entries) > MAX_ENTRIES:
                raise TooLarge(f"more than {MAX_ENTRIES:,} records in the zip")
        _, _, _, flags, method, _, _, crc, packed, nbytes, name_n, extra_n, comment_n, _, _, _, header = unpack(
            data, at
        )
        raw = data[at + 46 : at + 46 + name_n]
        name = _decode(raw)
        if not directory.refused and name.encode("utf-8", "replace") != raw:
            directory.refused.append("a record's name is no UTF-8 text")
            directory.notes.append(f"the name of a record is no UTF-8 text: {escape(name)[:80]}; torch refuses that")
        if 0xFFFFFFFF in (packed, nbytes, header):
            extra = data[at + 46 + name_n : at + 46 + name_n + extra_n]
            nbytes, packed, header = _zip64(extra, nbytes, packed, header)
        entries.append(Entry(name, header, packed, nbytes, method, flags, crc))
        at += 46 + name_n + extra_n + comment_n
    return entries


def _zip64(extra: bytes, nbytes: int, packed: int, header: int) -> tuple[int, int, int]:
    """Sizes and offset out of extra field 0x0001, in this order, for each that is 2^32-1."""
    at = 0
    while at + 4 <= len(extra):
        tag, size = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            values = list(struct.unpack_from(f"<{min(size, len(extra) - at - 4) // 8}Q", extra, at + 4))
            sizes = [nbytes, packed, header]
            for place, value in enumerate(sizes):
                if value == 0xFFFFFFFF and values:
                    sizes[place] = values.pop(0)
            return sizes[0], sizes[1], sizes[2]
        at += 4 + size
    return nbytes, packed, header
