"""A run of checkpoints that is being followed: its files read by processes that can be killed, its questions by jobs.

State only: what is found is told by signals, to whoever shows it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import child
from ckpt_gui.gui.jobs import Job, Jobs, Task
from ckpt_gui.gui.reading import ReadTask

if TYPE_CHECKING:
    from ckpt_gui.core.stats.edges import Axis
    from ckpt_gui.core.stats.known import Snapshot
    from ckpt_gui.core.trend.evolution import Evolution
    from ckpt_gui.core.trend.first_nan import FirstNan
    from ckpt_gui.core.trend.ledger import Ledger
    from ckpt_gui.core.trend.nouns import Run, Subject
    from ckpt_gui.core.trend.series import Line
    from ckpt_gui.core.wire import Opened

AT_ONCE = 2
"""Processes that read files at the same time."""
UNASKED_NBYTES = 4 << 30
"""So much is read for one question without asking back: some seconds from a disk."""
QUESTIONS = ("lines", "evolution", "nan", "tree")
"""What may be asked at the same time; of each the latest wins."""

Start = Callable[[str], subprocess.Popen[bytes]]


@dataclass(frozen=True, slots=True)
class Lines:
    """An answer: a statistic of some subjects over the run."""

    statistic: str
    lines: tuple[Line, ...]


class _ReadAll(Task):
    """Reads many files, a few at a time.

    Signals:
        done: (path, Opened or OpenError) for each, unless it was cancelled.
    """

    done = Signal(object)

    def __init__(self, label: str, paths: Sequence[str], start: Start) -> None:
        super().__init__(label)
        self._paths, self._start = list(paths), start
        self._found: dict[str, Opened | OpenError] = {}
        self._waiting = list(reversed(self._paths))
        self._tasks: list[ReadTask] = []
        self.stopped = False

    def begin(self) -> None:
        """Start; connect the signals first."""
        for _process in range(AT_ONCE):
            self._next()
        self._conclude()

    def cancel(self) -> None:
        self.stopped = True
        self._waiting.clear()
        for task in list(self._tasks):
            task.cancel()

    def finish(self) -> None:
        self.cancel()
        for task in self._tasks:
            task.finish()

    def _next(self) -> None:
        if not self._waiting:
            return
        path = self._waiting.pop()
        try:
            task = ReadTask("", self._start(path))
        except OSError as exc:
            self._take(path, OpenError(f"the process that reads files cannot be started: {exc.strerror}"))
            self._next()
            return
        self._tasks.append(task)
        task.opened.connect(partial(self._take, path))
        task.failed.connect(lambda sentence, _details: self._take(path, OpenError(sentence)))
        task.ended.connect(lambda: self._ended(task))
        task.begin()

    def _take(self, path: str, found: Opened | OpenError) -> None:
        self._found[path] = found
        self.progressed.emit(len(self._found), len(self._paths), "files")

    def _ended(self, task: ReadTask) -> None:
        self._tasks.remove(task)
        self._next()
        self._conclude()

    def _conclude(self) -> None:
        if self._tasks or self._waiting:
            return
        if not self.stopped:
            self.done.emit([(path, self._found[path]) for path in self._paths])
        self.ended.emit()


class Following(QObject):
    """One run.

    Signals:
        begun: its files are being read.
        ready: ``run`` stands.
        failed: there is no run; a sentence and details.
        stopped: reading was cancelled.
        lines_found: ``Lines`` that were asked for.
        evolved: an ``Evolution`` that was asked for.
        nan_found: a ``FirstNan``.
        known: a ``Snapshot`` of the tensors of the file whose tree is shown.
        too_much: (slot, bytes): the question would read so much; ``asked=True`` asks all the same.
        trouble: a question failed: slot, sentence, details.
        question_stopped: (slot): a person stopped the work on a question.
    """

    begun = Signal()
    ready = Signal()
    failed = Signal(str, str)
    stopped = Signal()
    lines_found = Signal(object)
    evolved = Signal(object)
    nan_found = Signal(object)
    known = Signal(object)
    too_much = Signal(str, object)
    trouble = Signal(str, str, str)
    question_stopped = Signal(str)

    def __init__(
        self, jobs: Jobs, paths: Sequence[str], parent: QObject | None = None, *, start: Start = child.start
    ) -> None:
        super().__init__(parent)
        self._jobs, self._start = jobs, start
        self.paths = tuple(paths)
        """As asked for: files, or one folder; absolute."""
        self.run: Run | None = None
        self.error = ""
        """Why there is no run."""
        self._ledger: Ledger | None = None
        self._reading: _ReadAll | None = None
        self._asked: dict[str, Job] = {}

    @property
    def name(self) -> str:
        """For a tab."""
        paths = self.paths
        if len(paths) > 1 and self.run is not None:
            paths = tuple(stop.path for stop in self.run.stops)
        first, last = Path(paths[0]).name, Path(paths[-1]).name
        return first if first == last else f"{first} … {last}"

    @property
    def tip(self) -> str:
        """The paths, a line each."""
        shown = list(self.paths[:12])
        more = [f"… {len(self.paths) - 12:,} more"] if len(self.paths) > 12 else []
        return "\n".join(shown + more)

    @property
    def busy(self) -> bool:
        """Are the files still being read?"""
        return self._reading is not None

    # -------------------------------------------------------------------------------------------- the files

    def start(self) -> None:
        """Read the files (again)."""
        self.close()
        self.error = ""
        self.begun.emit()
        self._jobs.run(self._slot("files"), lambda _report: _members(self.paths), self._listed, failed=self._failed)

    def _listed(self, listed: tuple[list[str], bool]) -> None:
        paths, folder = listed
        label = f"Reading {text.plural(len(paths), 'checkpoint')}"
        task = self._reading = _ReadAll(label, paths, self._start)
        task.done.connect(lambda found: self._read(found, folder))
        task.ended.connect(lambda: self._reading_ended(task))
        self._jobs.watch(task)
        task.begin()

    def _reading_ended(self, task: _ReadAll) -> None:
        if self._reading is task:
            self._reading = None
            if task.stopped:
                self.stopped.emit()

    def _read(self, found: list[Any], folder: bool) -> None:
        self._jobs.run(self._slot("files"), lambda _report: _arranged(found, folder), self._arranged,
                       failed=self._failed)  # fmt: skip

    def _arranged(self, made: tuple[Run, Ledger]) -> None:
        for what in QUESTIONS:  # they were about the files as they were
            self.let_go(what)
        self.run, self._ledger = made
        if not self.run.readable:
            told = "; ".join(stop.problem for stop in self.run.stops[:3])
            self._failed(f"Not one of these files can be opened. {told}", "")
        else:
            self.ready.emit()

    def _failed(self, sentence: str, details: str) -> None:
        self.run, self.error = None, sentence
        self.failed.emit(sentence, details)

    def close(self) -> None:
        """Stop all work on it."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
        for what in ("files", *QUESTIONS):
            self.let_go(what)

    # -------------------------------------------------------------------------------------------- questions

    def follow(self, subjects: Sequence[Subject], statistic: str, *, asked: bool = False) -> None:
        """A statistic of these over the run; the latest question wins."""
        work = partial(_lines, self._ledger, tuple(subjects), statistic, asked)
        self._ask("lines", work, self.lines_found, "Statistics of the run")

    def evolve(self, subject: Subject, axis: Axis | None, *, asked: bool = False) -> None:
        """How its histogram changes; the latest question wins."""
        work = partial(_evolution, self._ledger, subject, axis, asked)
        self._ask("evolution", work, self.evolved, "Histograms of the run")

    def find_nan(self, subjects: Sequence[Subject]) -> None:
        """The first step at which any of them has NaN."""
        work = partial(_first_nan, self._ledger, tuple(subjects))
        self._ask("nan", work, self.nan_found, "Looking for the first NaN")

    def look_at(self, place: int, tensors: Sequence[int], *, asked: bool = False) -> None:
        """Statistics of tensors of one file, for the columns and the filter of its tree; the latest question wins."""
        work = partial(_look_at, self._ledger, place, list(tensors), asked)
        self._ask("tree", work, self.known, "Statistics of the tree")

    def let_go(self, what: str) -> None:
        """Nobody waits for that answer any more: one of ``QUESTIONS``."""
        self._asked.pop(what, None)
        self._jobs.cancel(self._slot(what))

    def _ask(self, what: str, work: Callable[..., Any], found: Any, label: str) -> None:
        executor, workers = self._jobs.executor(), self._jobs.workers

        def take(answer: object) -> None:
            if isinstance(answer, int):
                self.too_much.emit(what, answer)
            else:
                found.emit(answer)

        job = self._jobs.run(
            self._slot(what), lambda report: work(report, executor, workers), take,
            failed=lambda sentence, details: self.trouble.emit(what, sentence, details), label=label,
        )  # fmt: skip
        self._asked[what] = job
        job.ended.connect(lambda: self._answered(what, job))

    def _answered(self, what: str, job: Job) -> None:
        if self._asked.get(what) is job:  # or else a newer question took its place
            del self._asked[what]
            if job.stopped:
                self.question_stopped.emit(what)

    def _slot(self, what: str) -> str:
        return f"{what} of run {id(self)}"


# ---------------------------------------------------------------------------------------------------- on a job's thread


def _members(paths: Sequence[str]) -> tuple[list[str], bool]:
    from ckpt_gui.core.trend.gather import members

    found, folder = members(paths)
    if not found:
        raise OpenError(f"{paths[0]} holds no checkpoint")
    return found, folder


def _arranged(found: list[Any], folder: bool) -> tuple[Run, Ledger]:
    from ckpt_gui.core.trend.gather import arranged
    from ckpt_gui.core.trend.ledger import Ledger

    run = arranged(found, folder=folder)
    return run, Ledger(run)


def _too_much(ledger: Ledger, subjects: Sequence[Subject], asked: bool) -> int:
    """Bytes, if that is more than is read without asking; else 0."""
    from ckpt_gui.core.trend.pick import nbytes

    total = 0 if asked else nbytes(ledger.run, subjects)
    return total if total > UNASKED_NBYTES else 0


def _lines(
    ledger: Ledger,
    subjects: Sequence[Subject],
    statistic: str,
    asked: bool,
    report: Report,
    executor: Any,
    workers: int,
) -> Lines | int:
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


def _evolution(
    ledger: Ledger, subject: Subject, axis: Axis | None, asked: bool, report: Report, executor: Any, workers: int
) -> Evolution | int:
    from ckpt_gui.core.trend.evolution import evolution

    return _too_much(ledger, [subject], asked) or evolution(
        ledger.run, subject, axis=axis, report=report, executor=executor, workers=workers
    )


def _look_at(
    ledger: Ledger,
    place: int,
    tensors: list[int],
    asked: bool,
    report: Report,
    executor: Any,
    workers: int,
) -> Snapshot | int:
    known, checkpoint = ledger.known(place), ledger.run.stops[place].checkpoint
    if (nbytes := ledger.nbytes(place, tensors)) > UNASKED_NBYTES and not asked:
        return nbytes
    ledger.look_at(place, tensors, report=report, executor=executor, workers=workers)
    return known.snapshot(checkpoint)


def _first_nan(ledger: Ledger, subjects: Sequence[Subject], report: Report, executor: Any, workers: int) -> FirstNan:
    from ckpt_gui.core.trend.first_nan import first_nan

    tracks = list(dict.fromkeys(track for one in subjects for track in one.tracks))
    return first_nan(ledger.run, tracks, ledger=ledger, report=report, executor=executor, workers=workers)
