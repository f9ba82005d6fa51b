"""Checksums: every record of a zip against the CRC-32 that its directory gives (APPNOTE.TXT 6.3.10, 4.4.7).

torch writes them, unless told not to (``torch.serialization.set_crc32_options``: then each is 0), and never
looks at them again when it loads. The other formats have none.
"""

from __future__ import annotations

import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.errors import OpenError, ReadError
from ckpt_gui.core.formats.zipdir import MAX_RATIO, MIN_INFLATED, ZipDirectory, read_directory
from ckpt_gui.core.health.nouns import Entry, Kind
from ckpt_gui.core.health.users import Users
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.text import clip, escape, plural

BLOCK = 1 << 20
"""Bytes read at once, by each worker."""
BATCH = 16 << 20
"""Bytes of records that a worker takes on at once; a longer record is taken on alone."""
_LOOK = 0.1
"""Seconds between two looks at how far the workers are."""
_OVERLAPPING = 4
"""All records of a file together may lie on this many times its bytes: more are the same bytes again and again."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a zip, and where its bytes lie."""

    source: int
    name: str
    offset: int
    packed: int
    nbytes: int
    deflated: bool
    crc: int


@dataclass(slots=True)
class Checked:
    """What became of one record."""

    record: Record
    crc: int = 0
    trouble: str = ""
    """Why its bytes could not all be looked at; "" if they could."""

    @property
    def fits(self) -> bool:
        """Whether the bytes are there and have the checksum written."""
        return not self.trouble and self.crc == self.record.crc


class Records:
    """The records of one source file that have a checksum to compare."""

    def __init__(self, source: int, file: LocalFile) -> None:
        self.file = file
        self.directory = _directory(file)
        self.listed = list(self._records(source, self.directory)) if self.directory is not None else []
        self._budget = max(MIN_INFLATED * 4, MAX_RATIO * file.nbytes)
        """Bytes that the deflated records may grow to, all together: a bomb must not take hours."""
        self._lock = threading.Lock()

    def _records(self, source: int, directory: ZipDirectory) -> Iterator[Record]:
        """Each run of bytes once, and only as many as an honest directory lists."""
        seen: set[tuple[int, int, int]] = set()
        left = _OVERLAPPING * self.file.nbytes + MIN_INFLATED
        for entry in directory.entries:
            at = directory.data_offset(entry)
            mark = (at, entry.packed, entry.crc)
            if at < 0 or entry.compression == Compression.UNREADABLE or mark in seen:
                continue
            seen.add(mark)
            left -= entry.packed + 64
            if left < 0 or at + entry.packed > self.file.nbytes:
                continue  # the index tells of both: records overlap, a record reaches beyond the file's end
            yield Record(source, entry.name, at, entry.packed, entry.nbytes, entry.method == 8, entry.crc)

    @property
    def nbytes(self) -> int:
        """Bytes of all records, as they lie in the file."""
        return sum(record.packed for record in self.listed)

    def check(self, record: Record, progress: Progress) -> Checked:
        """Read one record from end to end."""
        checked = Checked(record)
        try:
            self._read(checked, progress)
        except ReadError as exc:
            checked.trouble = f"cannot be read: {exc}"
        return checked

    def _read(self, checked: Checked, progress: Progress) -> None:
        record = checked.record
        engine = zlib.decompressobj(-15) if record.deflated else None
        at, end, grown = record.offset, record.offset + record.packed, 0
        while at < end and not checked.trouble:
            chunk = self.file.read(at, min(BLOCK, end - at))
            if not chunk:
                checked.trouble = f"is cut off: {end - at:,} of its {record.packed:,} bytes are missing"
            at += len(chunk)
            progress.add(len(chunk))
            grown += self._sum(checked, engine, chunk, grown)
        if not checked.trouble and (grown != record.nbytes or (engine is not None and not engine.eof)):
            checked.trouble = f"holds {grown:,} bytes where the container says {record.nbytes:,}"

    def _sum(self, checked: Checked, engine: zlib._Decompress | None, chunk: bytes, before: int) -> int:
        """Take a chunk into the checksum; returns how many bytes it unpacks to."""
        if engine is None:
            checked.crc = zlib.crc32(chunk, checked.crc)
            return len(chunk)
        grown = 0
        try:
            while chunk and not checked.trouble:
                data = engine.decompress(chunk, BLOCK)
                chunk = engine.unconsumed_tail
                grown += len(data)
                checked.crc = zlib.crc32(data, checked.crc)
                self._spend(checked, len(data), before + grown)
        except zlib.error as exc:
            checked.trouble = f"cannot be unpacked ({exc})"
        return grown

    def _spend(self, checked: Checked, nbytes: int, grown: int) -> None:
        with self._lock:
            self._budget -= nbytes
        if grown > checked.record.nbytes:
            checked.trouble = f"unpacks to more than the {checked.record.nbytes:,} bytes that the container says"
        elif self._budget < 0:
            checked.trouble = f"was left after {grown:,} bytes: it grows far beyond the file that holds it"


class Progress:
    """How many bytes the workers have looked at, and whether they should stop."""

    def __init__(self) -> None:
        self.done = 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()

    def add(self, nbytes: int) -> None:
        """So many more. Raises _Stopped once nobody waits for the outcome."""
        with self._lock:
            self.done += nbytes
        if self.stopped.is_set():
            raise _Stopped


class _Stopped(Exception):
    """Within this module: a worker gives up, because whoever started it does not wait any more."""


def _directory(file: LocalFile) -> ZipDirectory | None:
    if file.read(0, 4) != b"PK\x03\x04":
        return None
    try:
        return read_directory(file, SILENT)
    except OpenError:
        return None  # which the index tells of


def compare(
    every: Sequence[Records], report: Report, total: int, executor: Executor | None, workers: int
) -> list[Checked]:
    """Every record of these files, looked at by ``workers`` at once; ``total`` is what ``report`` counts up to.

    Raises whatever ``report`` raises to stop it.
    """
    progress = Progress()
    batches = deque((one, batch) for one in every for batch in _batches(one.listed))
    if executor is None or workers < 2:
        return [checked for one, batch in batches for checked in _here(one, batch, progress, report, total)]
    pending: dict[Future[list[Checked]], int] = {}
    found: dict[int, list[Checked]] = {}
    try:
        while batches or pending:
            # No more than can be worked on: others may want the executor for something that a person waits for.
            while batches and len(pending) < workers:
                pending[executor.submit(_batch, *batches.popleft(), progress)] = len(found) + len(pending)
            report.at(progress.done, total, "bytes")
            for future in wait(pending, _LOOK, FIRST_COMPLETED).done:
                found[pending.pop(future)] = future.result()
    finally:
        progress.stopped.set()
        wait(pending)  # they read from files that are closed next
    return [checked for _, batch in sorted(found.items()) for checked in batch]


def _here(one: Records, batch: Sequence[Record], progress: Progress, report: Report, total: int) -> Iterator[Checked]:
    """The same on this thread, telling how far it is after each block."""
    for record in batch:
        yield one.check(record, _Telling(progress, report, total))


class _Telling(Progress):
    """Progress that is reported at once."""

    def __init__(self, progress: Progress, report: Report, total: int) -> None:
        super().__init__()
        self._progress, self._report, self._total = progress, report, total

    def add(self, nbytes: int) -> None:
        """So many more, and tell."""
        self._progress.done += nbytes
        self._report.at(self._progress.done, self._total, "bytes")


def _batch(one: Records, batch: Sequence[Record], progress: Progress) -> list[Checked]:
    try:
        return [one.check(record, progress) for record in batch]
    except _Stopped:
        return []


def _batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Records in runs of about BATCH bytes."""
    batch: list[Record] = []
    held = 0
    for record in records:
        batch.append(record)
        held += record.packed + 4096  # what a small record costs beside its bytes
        if held >= BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def told(checked: Sequence[Checked], users: Users) -> Iterator[Entry]:
    """What is wrong with these records of one file, and which tensors lie in them.

    A checksum of 0 means nothing where those of all records of its folder are 0: torch writes them so when it is
    told not to compute any, and for storages that are filled in later (``torch.serialization.skip_data``).
    """
    proven = {_folder(one.record) for one in checked if one.record.crc}
    unproven = 0
    for one in checked:
        if one.fits:
            continue
        if one.trouble or one.record.crc or _folder(one.record) in proven:
            yield _entry(one, users)
        else:
            unproven += 1
    if unproven:
        which = "every record" if not proven else "every storage" if unproven > 1 else "a storage"
        yield Entry(
            Kind.CRC_MISSING,
            f"CRC not computed: the checksum of {which} is 0, so that flipped bits in "
            f"{plural(unproven, 'record')} cannot be noticed",
        )


def _folder(record: Record) -> str:
    return record.name.rpartition("/")[0]


def _entry(checked: Checked, users: Users) -> Entry:
    record = checked.record
    rows = users.within(record.source, record.offset, record.offset + record.packed)
    says = checked.trouble or (
        f"its bytes have the CRC-32 {checked.crc:08x}, the container says {record.crc:08x}: they are not what was saved"
    )
    name = clip(escape(record.name), 120)
    kind = Kind.UNREADABLE if checked.trouble else Kind.CRC
    return users.entry(kind, f"the record {name}{' ' if checked.trouble else ': '}{says}", rows)
