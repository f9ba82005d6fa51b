"""Statistics of tensors: one pass over the bytes, shared among threads, never more than a few blocks in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.kernels import passes
from ckpt_gui.core.kernels.partial import Partial, scale_for
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.finish import finish
from ckpt_gui.core.stats.lanes import Way, way
from ckpt_gui.core.stats.nouns import Index, Summary
from ckpt_gui.core.stats.places import Places, first_of
from ckpt_gui.core.stats.small import Known, summaries
from ckpt_gui.core.tensors import Reading

BLOCK = 1 << 19
"""Bytes read at once: half a megabyte stays in the second-level cache until it has been counted."""
SHARE = 32 << 20
"""Bytes one task takes. Its counters hold 32 bits: a share has fewer elements than that."""
SAMPLE = 65_536
"""Values of a preview, about."""
_RUNS = 64
"""Places of the tensor that a preview is taken from."""
BATCH = 1 << 20
"""Bytes of small tensors that one task takes."""
MOST_IN_BATCH = 64
_AHEAD = 3
"""Tasks in waiting for each thread: more would only grow the memory."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Shared:
    """What one share of a tensor gave: counts, and where in the tensor."""

    partial: Partial
    places: dict[str, Index | None]


def summarize(
    reading: Reading,
    tensor: int,
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Summary:
    """All statistics of one tensor. Raises NoValues or ReadError with a sentence, and what ``report`` raises."""
    plan = way(reading, tensor)
    parts = max(1, -(-plan.nbytes // SHARE))
    works = [partial(_share, reading, tensor, plan, (number, parts)) for number in range(parts)]
    shares: dict[int, Shared] = {}
    for done, (number, share) in enumerate(in_any_order(works, executor if parts > 1 else None, workers), 1):
        shares[number] = share
        report.at(min(done * SHARE, plan.nbytes), plan.nbytes, "bytes")
    return _whole(reading, tensor, plan, [shares[number] for number in range(parts)], report)


def preview(reading: Reading, tensor: int) -> Summary:
    """Statistics of some 65,536 values from all over the tensor: a few milliseconds, whatever its size."""
    plan = way(reading, tensor)
    if plan.form.elements <= SAMPLE:
        return summarize(reading, tensor)
    width = plan.form.pattern.itemsize * plan.form.parts
    work = passes.start(plan.lane, SAMPLE)
    runs = min(_RUNS, plan.form.elements)
    for number in range(runs):
        box = next(reading.boxes(tensor, SAMPLE // runs * width, (number, runs), raw=False), None)
        if box is not None:
            work.add(plan.block(box.array.transpose(box.order)))
    return finish(plan, reading.checkpoint.tensor(tensor), [work.result()], sampled=True)


def scan(
    reading: Reading,
    tensors: Sequence[int],
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Iterator[tuple[int, Summary | ReadError]]:
    """The statistics of many tensors as they are done, begun in the order given; ReadError for those that have none.

    Large tensors are shared among the threads, small ones handed out by the dozen; tensors that are the
    same window of the same storage are read once.
    """
    alike = {group[0]: group for group in _alike(reading.checkpoint, tensors)}
    for tensor, found in _scan(reading, list(alike), report, executor, workers):
        for twin in alike[tensor]:
            yield twin, found


def _alike(checkpoint: Checkpoint, tensors: Iterable[int]) -> list[list[int]]:
    """The tensors, those together that show the same values."""
    groups: dict[Hashable, list[int]] = {}
    for tensor in dict.fromkeys(tensors):
        groups.setdefault(checkpoint.window(tensor), []).append(tensor)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Unit:
    """What one task does: several small tensors, or one share of a large one."""

    tensors: tuple[int, ...]
    nbytes: int
    plan: Way | None = None
    """Of a large one."""
    number: int = 0
    parts: int = 1


def _units(reading: Reading, tensors: Iterable[int]) -> Iterator[Unit | tuple[int, ReadError]]:
    """The work, in the order given; and at once those large tensors that have no values."""
    checkpoint = reading.checkpoint
    batch: list[int] = []
    held = 0
    for tensor in tensors:
        nbytes = _about(checkpoint, tensor)
        if nbytes > BATCH:
            try:
                plan = way(reading, tensor)
            except ReadError as exc:
                yield tensor, exc
                continue
            parts = max(1, -(-plan.nbytes // SHARE))
            yield from (Unit((tensor,), plan.nbytes // parts, plan, number, parts) for number in range(parts))
            continue
        if held + nbytes > BATCH or len(batch) == MOST_IN_BATCH:
            yield Unit(tuple(batch), held)
            batch, held = [], 0
        batch.append(tensor)
        held += nbytes
    if batch:
        yield Unit(tuple(batch), held)


def _about(checkpoint: Checkpoint, tensor: int) -> int:
    """Bytes to read, at most; without a closer look."""
    storage = checkpoint.tensors.storage[tensor]
    nbytes = checkpoint.tensors.nbytes[tensor]
    return min(nbytes, checkpoint.storages.nbytes[storage]) if storage >= 0 else nbytes


def _scan(
    reading: Reading, tensors: Sequence[int], report: Report, executor: Executor | None, workers: int
) -> Iterator[tuple[int, Summary | ReadError]]:
    units: list[Unit] = []
    for unit in _units(reading, tensors):
        if isinstance(unit, Unit):
            units.append(unit)
        else:
            yield unit
    total, done = sum(unit.nbytes for unit in units), 0
    waiting: dict[int, dict[int, Shared | ReadError]] = {}
    known: Known = {}
    works = (partial(_unit, reading, unit, known) for unit in units)
    for number, found in in_any_order(works, executor, workers):
        unit = units[number]
        done += unit.nbytes
        report.at(done, total, "bytes")
        if unit.plan is None:
            yield from found.items()
            continue
        tensor = unit.tensors[0]
        shares = waiting.setdefault(tensor, {})
        shares[unit.number] = found[tensor]
        if len(shares) == unit.parts:
            yield tensor, _joined(reading, tensor, unit.plan, waiting.pop(tensor))


def _unit(reading: Reading, unit: Unit, known: Known) -> dict[int, Any]:
    """Summaries by tensor; of a share of a large one what it gave. Trouble stands where the result would."""
    found: dict[int, Any] = {} if unit.plan is not None else dict(summaries(reading, unit.tensors, known))
    for tensor in unit.tensors:
        if tensor in found:
            continue
        try:
            if unit.plan is not None:
                found[tensor] = _share(reading, tensor, unit.plan, (unit.number, unit.parts))
            else:
                plan = way(reading, tensor)
                found[tensor] = _whole(reading, tensor, plan, [_share(reading, tensor, plan, (0, 1))], SILENT)
        except ReadError as exc:
            found[tensor] = exc
    return found


def _joined(reading: Reading, tensor: int, plan: Way, shares: dict[int, Shared | ReadError]) -> Summary | ReadError:
    ordered = [shares[number] for number in sorted(shares)]
    for share in ordered:
        if isinstance(share, ReadError):
            return share
    try:
        return _whole(reading, tensor, plan, [share for share in ordered if isinstance(share, Shared)], SILENT)
    except ReadError as exc:
        return exc


def in_any_order(
    works: Iterable[Callable[[], Result]], executor: Executor | None, workers: int
) -> Iterator[tuple[int, Result]]:
    """Do each piece of work, on the executor's threads if there are any; number and result as they come.

    Only a few are ever in waiting. Whoever stops listening waits for those under way: they use the file.
    """
    if executor is None:
        for number, work in enumerate(works):
            yield number, work()
        return
    numbered = enumerate(works)
    running: dict[Future[Result], int] = {}
    try:
        while True:
            for number, work in islice(numbered, workers * _AHEAD - len(running)):
                running[executor.submit(work)] = number
            if not running:
                return
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                yield running.pop(future), future.result()
    finally:
        for future in running:
            future.cancel()
        wait(running)


def _share(reading: Reading, tensor: int, plan: Way, part: tuple[int, int], scale: float = 1.0) -> Shared:
    """One pass over one share, block by block."""
    work = passes.start(plan.lane, plan.form.elements // part[1], scale)
    places = Places(len(plan.form.shape))
    for box in reading.boxes(tensor, BLOCK, part, raw=False):
        places.add(box)
        work.add(plan.block(box.array.transpose(box.order)))
    found = work.result()
    if scale == 1.0 and (needed := scale_for(found)) != 1.0:  # once more, with all values brought near 1
        return _share(reading, tensor, plan, part, needed)
    at = {"min": found.at_min, "max": found.at_max, "nan": found.at_nan, "inf": found.at_inf}
    return Shared(found, {name: places.index(place) for name, place in at.items()})


def _whole(reading: Reading, tensor: int, plan: Way, shares: Sequence[Shared], report: Report) -> Summary:
    """The shares as one. Where blocks did not come in row-major order, what stands first is looked for once more."""
    summary = finish(plan, reading.checkpoint.tensor(tensor), [share.partial for share in shares])
    if plan.form.row_major:
        where = {name: _first(shares, name) for name in ("min", "max", "nan", "inf")}
    else:
        where = first_of(reading, tensor, plan, summary, report)
    return replace(
        summary, where_min=where["min"], where_max=where["max"], where_nan=where["nan"], where_inf=where["inf"]
    )


def _first(shares: Sequence[Shared], name: str) -> Index | None:
    """Where the extreme (or the first NaN, the first Inf) stands: in the first share that holds it."""
    if name in ("nan", "inf"):
        return next((index for share in shares if (index := share.places[name]) is not None), None)
    holding = [share for share in shares if share.places[name] is not None]
    if not holding:
        return None
    best = (min if name == "min" else max)(holding, key=lambda share: getattr(share.partial, name))
    return best.places[name]
