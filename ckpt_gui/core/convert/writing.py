"""A plan becomes files: beside their places, on the disk, waiting for proof and for their names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ckpt_gui.core.convert import contents, safetensors_out
from ckpt_gui.core.convert.archive import KEEP_LAYOUT, Archive, Body, SourceArchive, write_new
from ckpt_gui.core.convert.legacy_out import write_legacy
from ckpt_gui.core.convert.nouns import Plan, Record
from ckpt_gui.core.convert.target import Target
from ckpt_gui.core.convert.zip_out import ZipOut, root_of
from ckpt_gui.core.errors import ConvertError, OpenError, ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.text import escape, join_words


class Written:
    """A result that is whole and on the disk, but does not yet have its name. Leaving it without ``commit`` removes
    it, and all is as it was.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.parts = target.parts
        """(Where it is now, where it will be) of each file; the index of a sharded result comes last."""
        self.notes = tuple(target.notes)
        """Sentences on links that were followed, and on what the source had that nothing refers to."""
        self.nbytes = sum(path.stat().st_size for path, _ in self.parts)
        """Of all files together."""

    def commit(self) -> None:
        """Give the files their names. Raises ConvertError, and then leaves the old state."""
        self._target.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._target.discard()


def write(
    checkpoint: Checkpoint,
    plan: Plan,
    target: Path,
    *,
    overwrite: bool = False,
    executor: Executor | None = None,
    report: Report = SILENT,
) -> Written:
    """Write what the plan says beside ``target``. Progress comes in bytes of data.

    Raises ConvertError where it cannot be written, ReadError where the source cannot be read or has changed, and
    Cancelled by ``report``; whichever it is, nothing is left behind and what stood there is untouched.
    """
    wanted = safetensors_out.files(plan, target) if plan.target_format == "safetensors" else (target,)
    sources = [checkpoint.path, *(source.path for source in checkpoint.sources)]
    needed = max(plan.nbytes_after, sum(record.nbytes for record in plan.records))
    place = Target(wanted, sources, overwrite=overwrite, nbytes=needed)
    try:
        with Reading(checkpoint) as reading:
            _Work(checkpoint, plan, place, reading, executor, report).run()
        _check_sources(checkpoint)
        return Written(place)
    except BaseException:
        place.discard()
        raise


class _Work:
    """One conversion under way."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        plan: Plan,
        place: Target,
        reading: Reading,
        executor: Executor | None,
        report: Report,
    ) -> None:
        self._checkpoint = checkpoint
        self._plan = plan
        self._place = place
        self._reading = reading
        self._executor = executor
        self._report = report
        self._done = 0
        self._total = sum(record.nbytes for record in plan.records)
        self._roots: list[Any] = []
        self._needed: frozenset[str] | None = None

    def run(self) -> None:
        """Write every file."""
        self._tick()
        if self._plan.target_format == "safetensors":
            self._safetensors()
        elif self._plan.target_format == "legacy":
            self._legacy()
        else:
            self._zip()

    def _content(self, record: Record) -> Iterator[Any]:
        for chunk in contents.chunks(self._reading, record):
            yield chunk
            self._done += len(chunk)
            self._tick()

    def _tick(self) -> None:
        self._report.at(self._done, self._total, "bytes")

    def _bodies(self) -> Sequence[Body]:
        from ckpt_gui.core.convert.objects import pickles
        from ckpt_gui.core.pickles.writer import write_graph

        made = pickles(self._checkpoint, self._plan, self._report)
        self._roots = [one.root for one in made]
        return [Body(one.record_name, write_graph(one.root, one.protocol)) for one in made]

    def _zip(self) -> None:
        plan, checkpoint = self._plan, self._checkpoint
        draft = self._place.draft(0)
        archive = Archive(plan, self._bodies(), self._content)
        if not plan.nested or checkpoint.format not in (*KEEP_LAYOUT, "torch-zip"):
            self._check_needs()
            out = ZipOut(draft, root_of(draft.final), self._executor)
            write_new(archive, out, numbered=not plan.nested and all(record.tensor < 0 for record in plan.records))
        else:
            with self._source() as file:
                source = SourceArchive(checkpoint, file, self._report, self._tick)
                if checkpoint.format in KEEP_LAYOUT:
                    source.rewrite(archive, ZipOut(draft, source.root, self._executor))
                else:
                    out = ZipOut(draft, root_of(draft.final), self._executor)
                    unknown = source.unknown
                    bare = unknown & self._needs() if unknown else unknown  # looking through the object takes a while
                    numbered = source.numbered and not bare and self._keeps_order()
                    write_new(archive, out, lambda written: source.copy_others(out, written, bare), numbered=numbered)
                self._place.notes += source.notes
        draft.finish()

    def _keeps_order(self) -> bool:
        """Whether the pickle comes to the storages in the same order as that of the source, each under its key."""
        plan = self._plan
        return not plan.edits and plan.options.ties == "keep" and all(record.tensor < 0 for record in plan.records)

    def _needs(self) -> frozenset[str]:
        """Keys of all storages that the pickled objects refer to (formats.md §1.3)."""
        if self._needed is None:
            self._needed = _storages_of(self._roots)
        return self._needed

    def _check_needs(self) -> None:
        """Raise ConvertError for a storage that no tensor has: the plan knows nothing of it."""
        if not self._plan.nested:
            return
        missing = self._needs() - {record.key for record in self._plan.records}
        if missing:
            names = join_words(sorted(map(escape, missing)), 3)
            raise ConvertError(
                f"the file holds storages by themselves, without a tensor ({names}); only a zip made from a zip "
                "can keep them"
            )

    @contextlib.contextmanager
    def _source(self) -> Iterator[LocalFile]:
        try:
            file = LocalFile(self._checkpoint.sources[0].path)
        except OpenError as exc:
            raise ReadError(str(exc)) from exc
        with file:
            yield file

    def _legacy(self) -> None:
        bodies = self._bodies()
        if len(bodies) != 1:
            raise ConvertError("torch's older stream holds one object, and this is an archive of several")
        self._check_needs()
        draft = self._place.draft(0)
        write_legacy(draft, bodies[0].pieces, self._plan.records, self._content, self._executor)
        draft.finish()

    def _safetensors(self) -> None:
        plan, files = self._plan, self._place.files
        sharded = len(files) > 1
        shards = plan.shards if sharded else (range(len(plan.records)),)
        listed = [safetensors_out.entries(plan, shard) for shard in shards]  # refuses before anything is written
        for number, entries in enumerate(listed):
            draft = self._place.draft(number)
            safetensors_out.write_safetensors(draft, entries, plan.metadata, self._content, self._executor)
            draft.finish()
        if sharded:
            draft = self._place.draft(len(files) - 1)
            draft.write(safetensors_out.index(plan, [path.name for path in files[:-1]]))
            draft.finish()


def _storages_of(roots: list[Any]) -> frozenset[str]:
    from ckpt_gui.core.pickles.graph import Persistent, reachable

    found = (value.pid for value in reachable(roots).values() if type(value) is Persistent)
    keys = [pid[2] for pid in found if type(pid) is tuple and len(pid) >= 5 and pid[0] in ("storage", b"storage")]
    return frozenset(key.decode("utf-8", "surrogateescape") if type(key) is bytes else str(key) for key in keys)


def _check_sources(checkpoint: Checkpoint) -> None:
    """Raise ReadError where a source is no longer what was indexed."""
    for source in checkpoint.sources:
        try:
            with LocalFile(source.path) as file:
                file.check(source)
        except OpenError as exc:
            raise ReadError(str(exc)) from exc
