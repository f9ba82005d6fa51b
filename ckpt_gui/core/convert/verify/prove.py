"""The whole proof, in order: the files are read again, their structure, their values, their bytes, the loaders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from ckpt_gui.core.convert.nouns import Plan, Proof
from ckpt_gui.core.convert.verify import archived, leaves, loaders, records, structure
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.convert.verify.loaders import Loader
from ckpt_gui.core.convert.verify.written import INDEX_SUFFIX, WrittenFile, data_files, read_again
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.wire import Opened

MAX_INDEX = 256 << 20
"""Bytes of a sharded result's index."""


def prove(
    opened: Opened,
    plan: Plan,
    files: Sequence[tuple[Path, Path]],
    prover: Loader | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 2,
) -> Proof:
    """Whether the written files are what ``plan`` says of the source; ``files`` are (path now, path then).

    Progress is told in bytes compared, of ``nbytes_of(plan)``. Without ``prover``, or where it has nothing to ask, our
    reader alone decides and a warning says so. Raises ReadError where the source cannot be read (any more), and what
    ``report`` raises.
    """
    source, found, quiet = opened.checkpoint, Differences(), _Asking(report, nbytes_of(plan))
    for now, _ in files:
        with LocalFile(now) as file:
            file.forget()
    written = list(read_again(plan, files, found, quiet))
    checked, opinion = 0, loaders.Opinion(loaders.OURS, ())
    if len(written) == len(data_files(files)):
        homes = structure.compare(source, plan, written, found)
        _around(source, plan, files, written, found, quiet)
        checked = records.compare(
            source, plan, written, homes, found, report=report, executor=executor, workers=workers
        )
        quiet.done = quiet.total
        opinion = loaders.check(source, plan, written, found, prover, quiet)
    return Proof(not found, found.all(), checked, opinion.loader, opinion.warnings)


def nbytes_of(plan: Plan) -> int:
    """Bytes that a proof compares."""
    return sum(record.nbytes for record in plan.records)


def _around(
    source: Checkpoint,
    plan: Plan,
    files: Sequence[tuple[Path, Path]],
    written: Sequence[WrittenFile],
    found: Differences,
    report: Report,
) -> None:
    """What stands beside the tensors: values, pickled objects, metadata, the index of shards."""
    if plan.nested:
        leaves.compare(source, plan, written[0].checkpoint, found)
    if plan.target_format != "safetensors":
        archived.compare(source, plan, written[0], found, report)
        return
    for file in written:
        _metadata(plan, file, found)
    for now, then in files:
        if then.name.endswith(INDEX_SUFFIX):
            _index(plan, now, then.name, written, found)


def _metadata(plan: Plan, written: WrittenFile, found: Differences) -> None:
    """``__metadata__`` as the header says, to the letter."""
    with LocalFile(written.path) as file:
        held = int.from_bytes(file.read(0, 8), "little")
        header = file.read(8, min(held, file.nbytes))
    if (json.loads(header).get("__metadata__") or {}) != {"format": "pt", **dict(plan.metadata)}:
        found.add(None, f"{written.name}: its __metadata__ are not those planned")


def _index(plan: Plan, now: Path, name: str, written: Sequence[WrittenFile], found: Differences) -> None:
    """The index of shards: every tensor with the file it is in, and their bytes together."""
    with LocalFile(now) as file:
        text = file.read(0, min(file.nbytes, MAX_INDEX))
    try:
        said = json.loads(text)
        listed, total = dict(said["weight_map"]), said["metadata"]["total_size"]
    except (ValueError, KeyError, TypeError, RecursionError):
        found.add(None, f"{name} is not the index of a sharded model")
        return
    wanted = {str(plan.items[place].target[0]): file.name for file in written for place in file.items}
    for tensor in sorted(set(wanted) | set(listed)):
        if listed.get(tensor) != wanted.get(tensor):
            found.add((tensor,), f"is said to be in {listed.get(tensor)}, planned was {wanted.get(tensor)}")
    if total != nbytes_of(plan):
        found.add(None, f"{name} tells {total} bytes of tensors, planned were {nbytes_of(plan)}")


class _Asking(Report):
    """Asks whether to go on, without telling how far it is."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self.done, self.total = 0, total

    def at(self, done: int, total: int, unit: str) -> None:
        self._report.at(self.done, self.total, "bytes")
