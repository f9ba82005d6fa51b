"""The whole check, in order: the files as they lie there, the index, the checksums, the values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack

from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.core.health.nouns import Entries, Entry, Health, Kind
from ckpt_gui.core.health.records import Records, compare, told
from ckpt_gui.core.health.remarks import damage, remarks
from ckpt_gui.core.health.scan import Targets, scanned, targets, what_was_left
from ckpt_gui.core.health.users import Users
from ckpt_gui.core.model import Checkpoint, Source
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.text import escape, join_words, plural, size
from ckpt_gui.core.wire import Opened


def check(
    opened: Opened, reading: Reading, *, report: Report = SILENT, executor: Executor | None = None, workers: int = 1
) -> Health:
    """Look at every record and every value of a checkpoint, in bounded memory; ``reading`` is the way to its values.

    Progress is told in bytes. Raises Cancelled, and nothing else for whatever the files hold.
    """
    checkpoint, users, found = opened.checkpoint, Users(opened.checkpoint), Entries()
    with ExitStack() as stack:
        files: list[LocalFile] = []
        changed: list[Entry] = []
        for source in checkpoint.sources:
            file, entry = _open(source)
            changed += [entry] if entry is not None else []
            files += [stack.enter_context(file)] if file is not None else []
        if changed:
            found.add([*changed, *damage(checkpoint, checksums=False)])
            return _health(found, ["What is on the disk was not looked at any further."], remarks(checkpoint.notes))
        every = [Records(number, file) for number, file in enumerate(files)]
        found.add(damage(checkpoint, checksums=any(one.listed for one in every)))
        wanted = targets(checkpoint)
        packed = sum(one.nbytes for one in every)
        total = packed + wanted.nbytes
        checked = compare(every, report, total, executor, workers)
        for number in range(len(files)):
            found.add(told([one for one in checked if one.record.source == number], users))
        later = _Later(report, packed, total)
        found.add(scanned(opened, reading, wanted, users, report=later, executor=executor, workers=workers))
        found.add(_changed_meanwhile(checkpoint.sources, files))
    nbytes = packed + _values_nbytes(checkpoint, wanted, {one.listed[0].source for one in every if one.listed})
    rows = sum(map(len, wanted.rows.values()))
    notes = [*_account(checkpoint, every, rows, nbytes), *what_was_left(wanted)]
    return _health(found, notes, remarks(checkpoint.notes), rows, len(checked), nbytes)


def refused(exc: CheckpointError) -> Health:
    """The health of a file that is too damaged to be opened."""
    return Health((Entry(Kind.STRUCTURE, escape(str(exc))),), (), ())


class _Later(Report):
    """Progress of the values, counted on from that of the checksums."""

    def __init__(self, report: Report, before: int, total: int) -> None:
        self._report, self._before, self._total = report, before, total
        self._done = 0

    def at(self, done: int, total: int, unit: str) -> None:
        """So many bytes of values; other units only ask whether to go on."""
        if unit == "bytes":
            self._done = done
        self._report.at(min(self._before + self._done, self._total), self._total, "bytes")


def _open(source: Source) -> tuple[LocalFile | None, Entry | None]:
    """The file, if it is still the one whose index was read; else what became of it."""
    try:
        file = LocalFile(source.path)
    except CheckpointError as exc:
        return None, Entry(Kind.CHANGED, escape(str(exc)))
    try:
        file.check(source)
    except CheckpointError as exc:
        file.close()
        return None, Entry(Kind.CHANGED, escape(str(exc)))
    return file, None


def _changed_meanwhile(sources: Sequence[Source], files: Sequence[LocalFile]) -> Iterator[Entry]:
    for source, file in zip(sources, files, strict=True):
        try:
            file.check(source)
        except CheckpointError as exc:
            yield Entry(Kind.CHANGED, f"while it was checked: {escape(str(exc))}")


def _health(
    found: Entries,
    notes: Sequence[str],
    remarked: Sequence[str],
    tensors: int = 0,
    records: int = 0,
    nbytes: int = 0,
) -> Health:
    entries = found.all()
    return Health(
        tuple(entry for entry in entries if entry.kind.problem),
        tuple(entry for entry in entries if not entry.kind.problem),
        tuple(notes), tuple(remarked), tensors, records, nbytes,
    )  # fmt: skip


def _values_nbytes(checkpoint: Checkpoint, wanted: Targets, counted: set[int]) -> int:
    """Bytes of the storages looked at, but for those in files whose records are counted already."""
    storages = checkpoint.storages
    seen = {checkpoint.tensors.storage[tensor] for tensor in wanted.rows} - {-1}
    return sum(storages.packed[one] for one in seen if storages.source[one] not in counted)


def _account(checkpoint: Checkpoint, every: Sequence[Records], rows: int, nbytes: int) -> Iterator[str]:
    """What was looked at, in sentences."""
    records = sum(len(one.listed) for one in every)
    words = [f"the values of {plural(rows, 'tensor')}"] if rows else []
    words += [f"the checksums of {plural(records, 'record')}"] if records else []
    if words:
        yield f"Looked at {join_words(words)}: {size(nbytes)}."
    with_values = set(checkpoint.storages.source)
    bare = sum(1 for number, one in enumerate(every) if not one.listed and number in with_values)
    if bare and records:
        yield f"{plural(bare, 'file')} of {len(every):,} without checksums: there, flipped bits show only in values."
    elif bare and checkpoint.format.startswith("torch-zip"):
        yield "The checksums are lost with the zip's directory; a flipped bit shows only where it makes a value odd."
    elif bare:
        yield "This format has no checksums; a flipped bit shows only where it makes a value odd."
