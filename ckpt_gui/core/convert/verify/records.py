"""Every byte of the result against its source, both read by place; what was made on the way, against its making."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.convert.contents import chunks
from ckpt_gui.core.convert.nouns import Plan, Record
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.convert.verify.structure import Homes
from ckpt_gui.core.convert.verify.written import WrittenFile
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.stats.summarize import in_any_order
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.text import plural

BLOCK = 512 << 10
"""Bytes compared at once; a thread holds them twice, and both fit into its cache."""
WORK = 32 << 20
"""Bytes that a thread takes at once."""
AHEAD = 128 << 10
"""Bytes read at least: small records lie close together."""
SMALL = 16 << 10
"""Up to so many bytes are compared as Python's bytes, which takes less to begin."""

Bytes = npt.NDArray[np.uint8]
Outcome = tuple[int, dict[int, int]]
"""(bytes compared, record → first byte that differs)."""


class Stretch(NamedTuple):
    """Bytes of one record that should be the same in both files."""

    record: int
    at: int
    """Within the record."""
    here: tuple[int, int]
    """(file of the source, byte)."""
    there: tuple[int, int]
    """(file of the result, byte)."""
    nbytes: int


def compare(
    source: Checkpoint,
    plan: Plan,
    written: Sequence[WrittenFile],
    homes: Homes,
    found: Differences,
    *,
    report: Report,
    executor: Executor | None,
    workers: int,
) -> int:
    """Tell every record whose bytes differ; returns how many bytes were compared.

    Raises ReadError where the source cannot be read any more, and what ``report`` raises.
    """
    total = sum(plan.records[number].nbytes for number in homes.of)
    done, first = 0, dict[int, int]()
    with ExitStack() as stack:
        reading = stack.enter_context(Reading(source))
        there = [stack.enter_context(LocalFile(file.path)) for file in written]
        comparison = _Comparison(source, plan, homes, written, reading, _sources(stack, source, plan, homes), there)
        for _, (nbytes, differing) in in_any_order(comparison.works(), executor, workers):
            done += nbytes
            report.at(done, total, "bytes")
            for record, at in differing.items():
                first[record] = min(at, first.get(record, at))
        comparison.check_sources()
    for record in sorted(first):
        path, one = homes.user.get(record), plan.records[record]
        whose = "its" if path is not None else f"storage {one.key}: its"
        found.add(
            path, f"{whose} {plural(one.nbytes, 'byte')} are not those of the source, first at byte {first[record]:,}"
        )
    return done


def _sources(stack: ExitStack, source: Checkpoint, plan: Plan, homes: Homes) -> dict[int, LocalFile]:
    """The files that storages are copied from. Raises ReadError for one that has changed."""
    storages = (plan.records[number].storage for number in homes.of)
    files = {}
    for number in sorted({source.storages.source[storage] for storage in storages if storage >= 0}):
        files[number] = stack.enter_context(LocalFile(source.sources[number].path))
        files[number].check(source.sources[number])
    return files


@dataclass
class _Comparison:
    source: Checkpoint
    plan: Plan
    homes: Homes
    written: Sequence[WrittenFile]
    reading: Reading
    here: dict[int, LocalFile]
    there: list[LocalFile]
    _spare: list[tuple[Bytes, Bytes]] = field(default_factory=list)
    """Buffers that no thread uses now."""

    def works(self) -> Iterator[Callable[[], Outcome]]:
        """Pieces of work of about WORK bytes each."""
        batch: list[Stretch] = []
        held = 0
        for number in sorted(self.homes.of):
            record = self.plan.records[number]
            if not self._is_copy(record):
                yield partial(self._made, number)
                continue
            for stretch in self._stretches(number, record):
                batch.append(stretch)
                held += stretch.nbytes
                if held >= WORK:
                    yield partial(self._copied, batch)
                    batch, held = [], 0
        if batch:
            yield partial(self._copied, batch)

    def check_sources(self) -> None:
        """Raise ReadError unless the source is still what was planned from."""
        for number, file in self.here.items():
            file.check(self.source.sources[number])

    def _is_copy(self, record: Record) -> bool:
        """Whether its bytes lie in the source just as they are."""
        storage, columns = record.storage, self.source.storages
        if storage < 0 or record.source_dtype != record.dtype:
            return False
        plain = columns.compression[storage] == Compression.NONE and columns.offset[storage] >= 0
        return plain and bool(columns.big_endian[storage]) == record.big_endian

    def _stretches(self, number: int, record: Record) -> Iterator[Stretch]:
        columns, file = self.source.storages, self._home(number)
        here = columns.source[record.storage], columns.offset[record.storage] + record.start
        for at in range(0, record.nbytes, BLOCK):
            nbytes = min(BLOCK, record.nbytes - at)
            yield Stretch(number, at, (here[0], here[1] + at), (file[0], file[1] + at), nbytes)

    def _home(self, number: int) -> tuple[int, int]:
        """File of the result and the record's first byte in it."""
        file, storage = self.homes.of[number]
        return file, self.written[file].checkpoint.storages.offset[storage]

    def _copied(self, batch: list[Stretch]) -> Outcome:
        left, right = self._buffers()
        here, there = _Ahead(left), _Ahead(right)
        differing: dict[int, int] = {}
        for one in batch:
            wanted = here.read(self.here[one.here[0]], one.here[1], one.nbytes)
            if len(wanted) < one.nbytes:
                raise ReadError(f"{self.here[one.here[0]].path} ends before the bytes that were indexed; reload it")
            at = _first_difference(wanted, there.read(self.there[one.there[0]], one.there[1], one.nbytes))
            if at >= 0:
                differing.setdefault(one.record, one.at + at)
        self._spare.append((left, right))
        return sum(one.nbytes for one in batch), differing

    def _made(self, number: int) -> Outcome:
        """A record that was cast, unpacked, swapped or put together: made once more."""
        left, right = self._buffers()
        there, record = _Ahead(right), self.plan.records[number]
        file, begin = self._home(number)
        done = 0
        differing: dict[int, int] = {}
        for chunk in chunks(self.reading, record, BLOCK):
            wanted = np.frombuffer(chunk, np.uint8)
            for start in range(0, len(wanted), BLOCK):
                part = wanted[start : start + BLOCK]
                at = _first_difference(part, there.read(self.there[file], begin + done, len(part)))
                if at >= 0:
                    differing.setdefault(number, done + at)
                done += len(part)
        if done != record.nbytes:
            differing.setdefault(number, min(done, record.nbytes))
        self._spare.append((left, right))
        return record.nbytes, differing

    def _buffers(self) -> tuple[Bytes, Bytes]:
        try:
            return self._spare.pop()
        except IndexError:
            return np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint8)


class _Ahead:
    """Reads a file forward into a buffer, a little more than asked for."""

    def __init__(self, buffer: Bytes) -> None:
        self._buffer = buffer
        self._file: LocalFile | None = None
        self._at = self._held = 0

    def read(self, file: LocalFile, offset: int, nbytes: int) -> Bytes:
        """At most BLOCK bytes; fewer than asked for only at the end of the file. Valid until the next call."""
        skip = offset - self._at
        if file is not self._file or skip < 0 or skip + nbytes > self._held:
            self._file, self._at, skip = file, offset, 0
            self._held = file.read_into(offset, self._buffer.data[: max(nbytes, AHEAD)])
        return self._buffer[skip : min(skip + nbytes, self._held)]


def _first_difference(one: Bytes, two: Bytes) -> int:
    """Place of the first byte that differs (the length of the shorter, if one goes on); -1 if they are equal."""
    if len(one) == len(two):
        whole = len(one) // 8 * 8 if len(one) > SMALL else 0
        large = not whole or bool((one[:whole].view(np.uint64) == two[:whole].view(np.uint64)).all())
        if large and one[whole:].tobytes() == two[whole:].tobytes():
            return -1
    shared = min(len(one), len(two))
    unequal = np.flatnonzero(one[:shared] != two[:shared])
    return int(unequal[0]) if len(unequal) else shared
