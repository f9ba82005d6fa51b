"""One comparison of two open files: paired at once, values as they come in. Its state is shown by whoever listens."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Job, Jobs
from ckpt_gui.gui.open_files import OpenFile

if TYPE_CHECKING:
    from ckpt_gui.core.diff.compare import Plan
    from ckpt_gui.core.diff.facts import Facts
    from ckpt_gui.core.diff.nouns import Row, Tolerance
    from ckpt_gui.core.pairing import Pairing, Proposal
    from ckpt_gui.core.renames import Rule
    from ckpt_gui.core.tensors import Reading
    from ckpt_gui.core.wire import Opened

Rules = Sequence["Rule"] | Literal["auto"]
BATCH = 1_000
"""Rows told at once, at most: what follows from them takes some milliseconds."""
BETWEEN_BATCHES = 0.2
"""Seconds."""
MOST_DIGESTS = 2_000
"""Tensors of a side that are looked at for the same bytes under another name: a rule shows itself in as many."""
WORTH_SHARING = 128 << 10
"""Bytes of a tensor, on the average, from which several threads are quicker than one; smaller ones are all Python."""


@dataclass(frozen=True, slots=True)
class _Paired:
    """What a job has made first."""

    pairing: Pairing
    rows: list[Row]
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a job is to do."""

    files: tuple[OpenFile, OpenFile]
    left: Opened
    right: Opened
    left_path: text.Path | None
    right_path: text.Path | None
    rules: Rules
    tolerance: Tolerance | None
    paired: _Paired | None
    """If names were paired already, and only values are to be compared."""


class Comparison(QObject):
    """A on the left, B on the right, what differs in ``rows``.

    Signals:
        begun: the work began (again); what was known stays until ``paired``.
        paired: names are paired; ``pairing``, ``rows`` and ``facts`` are others now.
        rows_changed: places of rows whose values were compared meanwhile.
        proposals_changed: what identical bytes under another name suggest is known too.
        finished: every row is compared.
        stopped: a person stopped it; the rows stay as they are.
        failed: it cannot be done; a sentence and details.
    """

    begun = Signal()
    paired = Signal()
    rows_changed = Signal(list)
    proposals_changed = Signal()
    finished = Signal()
    stopped = Signal()
    failed = Signal(str, str)
    _came = Signal(object, object)

    def __init__(
        self,
        jobs: Jobs,
        left: OpenFile,
        right: OpenFile,
        *,
        left_path: text.Path | None = None,
        right_path: text.Path | None = None,
        rules: Rules = (),
        tolerance: Tolerance | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.left, self.right = left, right
        self.left_path, self.right_path = left_path, right_path
        """Which part of each; None: what fits."""
        self.rules: Rules = rules
        self.tolerance = tolerance
        """None: torch.testing's by element type."""
        self.pairing: Pairing | None = None
        self.rows: list[Row] = []
        self.facts: Facts | None = None
        """What pairs and groups come to; of these rows."""
        self.found: tuple[Proposal, ...] = ()
        """Renames that identical bytes suggest."""
        self.error = ""
        """Why there is nothing to see; "" if there is."""
        self.done = False
        """Was every row compared?"""
        self._job: Job | None = None
        self._turn: object = None
        self._came.connect(self._take)

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.left.name} ↔ {self.right.name}"

    @property
    def running(self) -> bool:
        """Is it being worked on?"""
        return self._job is not None

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """All rules that would pair more, and that nobody has applied."""
        return (*(self.pairing.proposed if self.pairing is not None else ()), *self.found)

    def concerns(self, file: OpenFile) -> bool:
        """Is it one of the two?"""
        return file in (self.left, self.right)

    def plan(self, place: int) -> Plan:
        """How one pair is compared. Raises NoValues or ReadError with a sentence where it cannot be."""
        from ckpt_gui.core.diff.compare import plan

        row = self.rows[place]
        return plan(self.left.reading(), row.left, self.right.reading(), row.right, self.tolerance)

    # -------------------------------------------------------------------------------------------- what is wanted

    def start(self) -> None:
        """Pair and compare, from the beginning; ``opened`` of both must stand."""
        self._run(None)

    def compare_again(self) -> None:
        """Compare the values again, with the same names."""
        if self.pairing is None or self.facts is None:
            self.start()
            return
        from ckpt_gui.core.diff.compare import structure

        rows = list(structure(self.pairing))
        self._run(_Paired(self.pairing, rows, self._facts_of(self.pairing, rows, self.facts)))

    def swap(self) -> None:
        """A becomes B. Rules were for A's names: they go."""
        self.left, self.right = self.right, self.left
        self.left_path, self.right_path = self.right_path, self.left_path
        self.rules = ()
        self.start()

    def apply_rules(self, rules: Rules) -> None:
        """Rename A's tensors by these, instead of those before."""
        self.rules = rules if rules == "auto" else tuple(rules)
        self.start()

    def set_tolerance(self, tolerance: Tolerance | None) -> None:
        """Call close what is within this."""
        if tolerance != self.tolerance:
            self.tolerance = tolerance
            self.compare_again()

    def choose_parts(self, left_path: text.Path | None, right_path: text.Path | None) -> None:
        """Compare these parts; None: what fits."""
        self.left_path, self.right_path, self.rules = left_path, right_path, ()
        self.start()

    def stop(self) -> None:
        """Nothing more is told."""
        self._turn = None
        if self._job is not None:
            self._job.cancel()
            self._job = None

    # -------------------------------------------------------------------------------------------- the job

    def _run(self, paired: _Paired | None) -> None:
        assert self.left.opened is not None
        assert self.right.opened is not None
        self.stop()
        turn = self._turn = object()
        self.error, self.done = "", False
        files = (self.left, self.right)
        wanted = _Wanted(files, self.left.opened, self.right.opened, self.left_path, self.right_path, self.rules,
                         self.tolerance, paired)  # fmt: skip
        executor, workers = self._jobs.executor(), self._jobs.workers

        def work(report: Report) -> None:
            with _no_collector():
                for news in _work(wanted, report, executor, workers):
                    self._came.emit(turn, news)

        label = f"Comparing {text.escape(self.left.name)} and {text.escape(self.right.name)}"
        job = self._job = self._jobs.run(f"compare {id(self)}", work, lambda _none: None,
                                         failed=lambda words, details: self._fail(turn, words, details),
                                         label=label)  # fmt: skip
        job.ended.connect(lambda: self._ended(turn, job))
        self.begun.emit()

    def _facts_of(self, pairing: Pairing, rows: list[Row], known: Facts) -> Facts:
        from ckpt_gui.core.diff.facts import Facts

        return Facts(pairing.left.checkpoint, pairing.right.checkpoint, rows, known.grouping)

    def _take(self, turn: object, news: object) -> None:
        if turn is not self._turn:
            return
        if isinstance(news, _Paired):
            self.pairing, self.rows, self.facts, self.found = news.pairing, news.rows, news.facts, ()
            self.paired.emit()
        elif isinstance(news, dict):
            for place, row in news.items():
                self.rows[place] = row
            assert self.facts is not None
            self.facts.forget(news)
            self.rows_changed.emit(list(news))
        elif isinstance(news, tuple):
            self.found = news
            self.proposals_changed.emit()

    def _fail(self, turn: object, words: str, details: str) -> None:
        if turn is self._turn:
            self.error = words
            self.failed.emit(words, details)

    def _ended(self, turn: object, job: Job) -> None:
        if turn is not self._turn:
            return
        self._job = None
        if job.stopped:
            self.stopped.emit()
        elif not self.error:
            self.done = True
            self.finished.emit()


def _work(wanted: _Wanted, report: Report, executor: Executor, workers: int) -> Iterator[object]:
    """On the job's thread: what is found, bit by bit."""
    from ckpt_gui.core.diff.compare import compare
    from ckpt_gui.core.diff.nouns import UNKNOWN

    paired = wanted.paired or _paired(wanted)
    yield paired
    report.at(0, 0, "bytes")
    pairing = paired.pairing
    first, second = _reading(wanted.files[0], wanted.left), _reading(wanted.files[1], wanted.right)
    open_pairs = [place for place, row in enumerate(paired.rows) if row.change == UNKNOWN]
    sizes = pairing.left.checkpoint.tensors.nbytes
    nbytes = sum(sizes[paired.rows[place].left] for place in open_pairs)
    shared = executor if nbytes > len(open_pairs) * WORTH_SHARING else None
    batch: dict[int, Row] = {}
    told = time.monotonic()
    for place, row in compare(pairing, first, second, tolerance=wanted.tolerance, only=open_pairs, report=report,
                              executor=shared, workers=workers):  # fmt: skip
        batch[place] = row
        if len(batch) >= BATCH or time.monotonic() > told + BETWEEN_BATCHES:
            yield batch
            batch, told = {}, time.monotonic()
    if batch:
        yield batch
    yield _same_bytes(pairing, first, second, report, shared, workers)


def _reading(file: OpenFile, opened: Opened) -> Reading:
    """The way to the values that were paired; the file may have been read anew meanwhile."""
    from ckpt_gui.core.tensors import Reading

    return file.reading() if file.opened is opened else Reading(opened.checkpoint)


def _same_bytes(
    pairing: Pairing, left: Reading, right: Reading, report: Report, executor: Executor | None, workers: int
) -> tuple[Proposal, ...]:
    """What tensors without partner suggest whose bytes the other side has under another name."""
    from ckpt_gui.core.diff.digests import with_content

    found = with_content(pairing, left, right, report=report, executor=executor, workers=workers, most=MOST_DIGESTS)
    return tuple(one for one in found.proposed if one not in pairing.proposed)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's collector, which would walk all rows again and again, the window waiting, and find nothing."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _paired(wanted: _Wanted) -> _Paired:
    from ckpt_gui.core.diff.compare import structure
    from ckpt_gui.core.diff.facts import Facts
    from ckpt_gui.core.diff.grouping import ROOT, Grouping
    from ckpt_gui.core.pairing import pair

    pairing = pair(wanted.left, wanted.right, left_path=wanted.left_path, right_path=wanted.right_path,
                   rules=wanted.rules)  # fmt: skip
    rows = list(structure(pairing))
    grouping = Grouping([row.key for row in rows])
    facts = Facts(pairing.left.checkpoint, pairing.right.checkpoint, rows, grouping)
    facts.sum(ROOT)  # here, and not on the window's own thread
    return _Paired(pairing, rows, facts)
