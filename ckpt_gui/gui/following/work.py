"""What a run is asked, on a job's thread: plain functions of the core, with what bounds them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.progress import Report

if TYPE_CHECKING:
    from ckpt_gui.core.stats.edges import Axis
    from ckpt_gui.core.stats.known import Snapshot
    from ckpt_gui.core.trend.evolution import Evolution
    from ckpt_gui.core.trend.first_nan import FirstNan
    from ckpt_gui.core.trend.ledger import Ledger
    from ckpt_gui.core.trend.nouns import Run, Subject
    from ckpt_gui.core.trend.series import Line

UNASKED_NBYTES = 4 << 30
"""So much is read for one question without asking back: some seconds from a disk."""


@dataclass(frozen=True, slots=True)
class Lines:
    """An answer: a statistic of some subjects over the run."""

    statistic: str
    lines: tuple[Line, ...]


def files_of(paths: Sequence[str]) -> tuple[list[str], bool]:
    """The files of a run, and whether a folder holds them. Raises OpenError with a sentence."""
    from ckpt_gui.core.trend.gather import members

    found, folder = members(paths)
    if not found:
        raise OpenError(f"{paths[0]} holds no checkpoint")
    return found, folder


Facts = dict[str, tuple[int, int] | None]
"""Size and time of change of each file; None where it cannot be told."""


def listed(paths: Sequence[str]) -> tuple[Facts, bool]:
    """What a run holds at the moment, and whether a folder holds it. Raises OpenError with a sentence."""
    found, folder = files_of(paths)
    return {path: _facts(Path(path)) for path in found}, folder


def _facts(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def run_of(found: list[Any], folder: bool) -> tuple[Run, Ledger]:
    """The run of files that were read, and what will be known of it."""
    from ckpt_gui.core.trend.gather import arranged
    from ckpt_gui.core.trend.ledger import Ledger

    run = arranged(found, folder=folder)
    return run, Ledger(run)


def _too_much(ledger: Ledger, subjects: Sequence[Subject], asked: bool) -> int:
    """Bytes, if that is more than is read without asking; else 0."""
    from ckpt_gui.core.trend.pick import nbytes

    total = 0 if asked else nbytes(ledger.run, subjects)
    return total if total > UNASKED_NBYTES else 0


def lines(
    ledger: Ledger,
    subjects: Sequence[Subject],
    statistic: str,
    asked: bool,
    report: Report,
    executor: Executor,
    workers: int,
) -> Lines | int:
    """A statistic of these subjects; the bytes that would have to be read, if nobody has asked for so much."""
    from ckpt_gui.core.trend.change import changes
    from ckpt_gui.core.trend.series import series
    from ckpt_gui.core.trend.statistics import CHANGE

    if too_much := _too_much(ledger, subjects, asked):
        return too_much
    how: dict[str, Any] = {"ledger": ledger, "report": report, "executor": executor, "workers": workers}
    found = (
        changes(ledger.run, subjects, **how) if statistic == CHANGE else series(ledger.run, subjects, statistic, **how)
    )
    return Lines(statistic, found)


def evolve(
    ledger: Ledger, subject: Subject, axis: Axis | None, asked: bool, report: Report, executor: Executor, workers: int
) -> Evolution | int:
    """How a subject's histogram changes; or the bytes, as for ``lines``."""
    from ckpt_gui.core.trend.evolution import evolution

    return _too_much(ledger, [subject], asked) or evolution(
        ledger.run, subject, axis=axis, report=report, executor=executor, workers=workers
    )


def look_at(
    ledger: Ledger,
    place: int,
    tensors: list[int],
    asked: bool,
    report: Report,
    executor: Executor,
    workers: int,
) -> Snapshot | int:
    """What is known of one file once these tensors were looked at; or the bytes, as for ``lines``."""
    known, checkpoint = ledger.known(place), ledger.run.stops[place].checkpoint
    if (nbytes := ledger.nbytes(place, tensors)) > UNASKED_NBYTES and not asked:
        return nbytes
    ledger.look_at(place, tensors, report=report, executor=executor, workers=workers)
    return known.snapshot(checkpoint)


def find_nan(ledger: Ledger, subjects: Sequence[Subject], report: Report, executor: Executor, workers: int) -> FirstNan:
    """The first step at which any of these subjects has NaN."""
    from ckpt_gui.core.trend.first_nan import first_nan

    tracks = list(dict.fromkeys(track for one in subjects for track in one.tracks))
    return first_nan(ledger.run, tracks, ledger=ledger, report=report, executor=executor, workers=workers)
