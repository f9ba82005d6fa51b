"""The state of a run: its files read by processes, its questions answered by jobs, what is found told by signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.gui import child
from ckpt_gui.gui.following import work
from ckpt_gui.gui.following.reading import ReadAll, Start
from ckpt_gui.gui.jobs import Job, Jobs

if TYPE_CHECKING:
    from ckpt_gui.core.stats.edges import Axis
    from ckpt_gui.core.trend.ledger import Ledger
    from ckpt_gui.core.trend.nouns import Run, Subject

QUESTIONS = ("lines", "evolution", "nan", "tree")
"""What may be asked at the same time; of each the latest wins."""


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
        self._reading: ReadAll | None = None
        self._asked: dict[str, Job] = {}
        self._found: list[tuple[str, Any]] = []
        """What was read: each path with what it holds, or why it cannot be opened."""
        self._held: work.Facts = {}
        """The files as they were read, and as they were seen last: one that is being written changes meanwhile."""
        self._seen: work.Facts = {}
        self._looking = False

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
        self._jobs.run(self._slot("files"), lambda _report: work.listed(self.paths), self._listed, failed=self._failed)

    def look(self) -> None:
        """See whether the folder holds another checkpoint by now; it appears once it is the same in two looks."""
        if len(self.paths) != 1 or self.run is None or self.busy or self._looking:
            return
        self._looking = True  # a dead network share may keep the last look
        job = self._jobs.run(self._slot("look"), lambda _report: work.listed(self.paths)[0], self._looked,
                             failed=lambda _sentence, _details: None)  # fmt: skip
        job.ended.connect(self._look_ended)

    def _look_ended(self) -> None:
        self._looking = False

    def _looked(self, now: work.Facts) -> None:
        settled, self._seen = now == self._seen, now
        if not settled or now == self._held or self.run is None or self.busy:
            return
        other = [path for path in now if now[path] != self._held.get(path)]
        kept = [(path, what) for path, what in self._found if path in now and path not in other]
        self._held = now
        task = self._reading = ReadAll(f"Reading {text.plural(len(other), 'checkpoint')}", other, self._start)
        task.done.connect(lambda found: self._read([*kept, *found], True))
        task.ended.connect(lambda: self._reading_ended(task))
        self._jobs.watch(task)
        task.begin()

    def _listed(self, listed: tuple[work.Facts, bool]) -> None:
        self._held, folder = listed
        self._seen, paths = {}, list(self._held)
        label = f"Reading {text.plural(len(paths), 'checkpoint')}"
        task = self._reading = ReadAll(label, paths, self._start)
        task.done.connect(lambda found: self._read(found, folder))
        task.ended.connect(lambda: self._reading_ended(task))
        self._jobs.watch(task)
        task.begin()

    def _reading_ended(self, task: ReadAll) -> None:
        if self._reading is task:
            self._reading = None
            if task.stopped:
                self.stopped.emit()

    def _read(self, found: list[Any], folder: bool) -> None:
        self._found = found
        self._jobs.run(self._slot("files"), lambda _report: work.run_of(found, folder), self._arranged,
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
        for what in ("files", "look", *QUESTIONS):
            self.let_go(what)

    # -------------------------------------------------------------------------------------------- questions

    def follow(self, subjects: Sequence[Subject], statistic: str, *, asked: bool = False) -> None:
        """A statistic of these over the run; the latest question wins."""
        question = partial(work.lines, self._known(), tuple(subjects), statistic, asked)
        self._ask("lines", question, self.lines_found, "Statistics of the run")

    def evolve(self, subject: Subject, axis: Axis | None, *, asked: bool = False) -> None:
        """How its histogram changes; the latest question wins."""
        question = partial(work.evolve, self._known(), subject, axis, asked)
        self._ask("evolution", question, self.evolved, "Histograms of the run")

    def find_nan(self, subjects: Sequence[Subject]) -> None:
        """The first step at which any of them has NaN."""
        question = partial(work.find_nan, self._known(), tuple(subjects))
        self._ask("nan", question, self.nan_found, "Looking for the first NaN")

    def look_at(self, place: int, tensors: Sequence[int], *, asked: bool = False) -> None:
        """Statistics of tensors of one file, for the columns and the filter of its tree; the latest question wins."""
        question = partial(work.look_at, self._known(), place, list(tensors), asked)
        self._ask("tree", question, self.known, "Statistics of the tree")

    def let_go(self, what: str) -> None:
        """Nobody waits for that answer any more: one of ``QUESTIONS``."""
        self._asked.pop(what, None)
        self._jobs.cancel(self._slot(what))

    def _known(self) -> Ledger:
        assert self._ledger is not None  # there is a run
        return self._ledger

    def _ask(self, what: str, question: Callable[..., Any], found: Any, label: str) -> None:
        executor, workers = self._jobs.executor(), self._jobs.workers

        def take(answer: object) -> None:
            if isinstance(answer, int):
                self.too_much.emit(what, answer)
            else:
                found.emit(answer)

        job = self._jobs.run(
            self._slot(what), lambda report: question(report, executor, workers), take,
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
