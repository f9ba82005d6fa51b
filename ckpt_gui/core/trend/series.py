"""A statistic of tensors, or of groups of them, over the steps of a run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.brief import Brief
from ckpt_gui.core.stats.combine import combined
from ckpt_gui.core.stats.nouns import Number, Summary
from ckpt_gui.core.stats.percentile import percentile
from ckpt_gui.core.stats.summarize import scan
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.trend.ledger import Ledger, Part
from ckpt_gui.core.trend.nouns import Run, Subject
from ckpt_gui.core.trend.statistics import is_percentile, of_one, of_several

_AT_ONCE = 8
"""Summaries with their distributions that are held before they are made one."""


@dataclass(frozen=True, slots=True)
class Line:
    """One subject over the run; every field has an entry for each stop."""

    subject: Subject
    values: tuple[Number | None, ...]
    """None where the subject is not there, cannot be read, or has no such number. Finite."""
    nonfinite: tuple[int, ...]
    """NaN and Inf among its values."""
    members: tuple[int, ...]
    """How many of its tensors the number is of."""
    why: tuple[str, ...]
    """Why there is no number, or not one of all tensors, where there is more to say than that none is there."""


def series(
    run: Run,
    subjects: Sequence[Subject],
    statistic: str,
    *,
    ledger: Ledger | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> tuple[Line, ...]:
    """The statistic (one of ``statistics.TITLES``) of each subject at each stop.

    One file is open at a time; what was computed is kept in the cache on disk, and in the ledger. Raises what
    ``report`` raises; what was found until then is kept.
    """
    ledger = ledger or Ledger(run)
    read(ledger, subjects, report=report, executor=executor, workers=workers)
    return tuple(_line(ledger, subject, statistic, executor, workers) for subject in subjects)


def read(
    ledger: Ledger,
    subjects: Sequence[Subject],
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> None:
    """Have the statistics of all tensors of these subjects in the ledger."""
    wanted = {place: tensors_of(subjects, place) for place in ledger.run.readable}
    sizes = {place: ledger.nbytes(place, tensors) for place, tensors in wanted.items()}
    part = Part(report, sum(sizes.values()))
    for place, tensors in wanted.items():
        ledger.look_at(place, tensors, report=part, executor=executor, workers=workers)
        part.next(sizes[place])


def tensors_of(subjects: Sequence[Subject], place: int) -> list[int]:
    """The tensors of these subjects at a stop, each once."""
    found = (track.tensors[place] for subject in subjects for track in subject.tracks)
    return [tensor for tensor in dict.fromkeys(found) if tensor >= 0]


def _line(ledger: Ledger, subject: Subject, statistic: str, executor: Executor | None, workers: int) -> Line:
    columns = [
        _cell(ledger, subject, statistic, place, executor, workers)
        if stop.opened is not None
        else (None, 0, 0, stop.problem)
        for place, stop in enumerate(ledger.run.stops)
    ]
    values, nonfinite, members, why = zip(*columns, strict=True)
    return Line(subject, values, nonfinite, members, why)


def _cell(
    ledger: Ledger, subject: Subject, statistic: str, place: int, executor: Executor | None, workers: int
) -> tuple[Number | None, int, int, str]:
    tensors = tensors_of([subject], place)
    briefs = {tensor: brief for tensor in tensors if (brief := ledger.brief(place, tensor)) is not None}
    known = ledger.known(place)
    why = next((words for tensor in tensors if (words := known.why_not(tensor))), "")
    held = list(briefs.values())
    bad = sum(one.nan + one.infinite for one in held)
    if not held:
        return None, 0, 0, why
    if is_percentile(statistic) and len(held) > 1:
        value = _percentile(ledger, place, list(briefs), float(statistic[1:]), executor, workers)
    else:
        value = _of(held, statistic)
    return value, bad, len(held), why


def _of(held: Sequence[Brief], statistic: str) -> Number | None:
    return of_one(held[0], statistic) if len(held) == 1 else of_several(held, statistic)


def _percentile(
    ledger: Ledger, place: int, tensors: Sequence[int], q: float, executor: Executor | None, workers: int
) -> Number | None:
    """Of several tensors' values together; briefs do not tell that."""
    with Reading(ledger.run.stops[place].checkpoint) as reading:
        whole = together(reading, tensors, executor=executor, workers=workers)
    return percentile(whole, q) if whole is not None else None


def together(
    reading: Reading,
    tensors: Sequence[int],
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Summary | None:
    """The statistics of several tensors as one, with their distribution; None if not one has values."""
    held: list[Summary] = []
    for _tensor, found in scan(reading, tensors, report=report, executor=executor, workers=workers):
        if isinstance(found, ReadError):
            continue
        held.append(found)
        if len(held) == _AT_ONCE:
            held = [combined(held)]
    return combined(held) if held else None
