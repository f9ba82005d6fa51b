"""Statistics in the background: what is on the screen first, the biggest first, and on demand all of a file.

One job a file takes tensors from a queue that may change under its hands; what it finds is told in batches. Nothing
of a very large file is read without being asked, beyond what is on the screen.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.open_files import OpenFile

if TYPE_CHECKING:
    from ckpt_gui.core.model import Checkpoint
    from ckpt_gui.core.reader import Opened
    from ckpt_gui.core.stats.brief import Brief
    from ckpt_gui.core.stats.cache import Shelf
    from ckpt_gui.core.stats.known import Known, Snapshot
    from ckpt_gui.core.stats.nouns import Summary
    from ckpt_gui.core.tensors import Reading

UNASKED_NBYTES = 4 << 30
"""So much of a file is read without being asked: some seconds from a disk."""
_BATCH_NBYTES = 256 << 20
_BATCH = 1024
"""Tensors taken from the queue at once: what comes onto the screen meanwhile waits for them."""
_BETWEEN_BATCHES = 0.25
"""Seconds between two times that the window is told."""


class _Queue:
    """Tensors to look at; the window fills it, the job takes from it."""

    def __init__(self, checkpoint: Checkpoint, unasked: int) -> None:
        self._checkpoint = checkpoint
        self._lock = Lock()
        self._first: list[int] = []
        """On the screen; the biggest last."""
        self._rest: dict[int, None] = {}
        """The biggest last: taken from the end."""
        self.unasked = unasked
        """Bytes that may still be read without being asked."""
        self.asked = False
        """Did a person ask for all?"""
        self.nbytes = 0
        """Bytes that wait."""

    def __bool__(self) -> bool:
        return bool(self._first or self._rest)

    def put(self, tensors: Iterable[int], *, on_screen: bool = False) -> None:
        """Add tensors; those on the screen replace the ones that were there before."""
        nbytes = self._checkpoint.tensors.nbytes
        ordered = sorted(tensors, key=lambda tensor: (nbytes[tensor], -tensor))
        with self._lock:
            if on_screen:
                self._first = ordered
            else:
                self._rest = dict.fromkeys(ordered)
            self.nbytes = self._sum(self._first) + self._sum(self._rest)

    def waiting(self) -> list[int]:
        """What is still to be taken, but for the screen's."""
        with self._lock:
            return list(self._rest)

    def clear(self) -> None:
        """Forget all that waits."""
        with self._lock:
            self._first, self._rest, self.nbytes = [], {}, 0

    def take(self, known: Known) -> list[int]:
        """The next tensors to look at; none once all is done."""
        with self._lock:
            taken: list[int] = []
            held = 0
            while (self._first or self._rest) and len(taken) < _BATCH and held < _BATCH_NBYTES:
                tensor = self._first.pop() if self._first else self._rest.popitem()[0]
                nbytes = self._sum((tensor,))
                self.nbytes -= nbytes
                if not known.missing((tensor,)) or (nbytes > self.unasked and not self.asked):
                    continue
                self.unasked -= 0 if self.asked else nbytes
                held += nbytes
                taken.append(tensor)
            return taken

    def _sum(self, tensors: Iterable[int]) -> int:
        from ckpt_gui.core.stats.fill import stored_nbytes

        return sum(stored_nbytes(self._checkpoint, tensor) for tensor in tensors)


@dataclass(eq=False, slots=True)
class _Filling:
    """What is known and wanted of one opened checkpoint."""

    opened: Opened
    known: Known
    shelf: Shelf
    snapshot: Snapshot
    queue: _Queue
    stopped: bool = False
    """A person stopped it: nothing begins again without being asked."""
    recalled: bool = False
    """Was the cache asked?"""
    running: bool = False


class Scanning(QObject):
    """Fills in the statistics of the open files.

    Signals:
        changed: statistics of an OpenFile came in, or their computing began or ended.
    """

    changed = Signal(object)
    _came = Signal(object, object, object)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._fillings: dict[OpenFile, _Filling] = {}
        self._begins = True
        self._came.connect(self._take)

    def let_begin(self, unasked: bool) -> None:
        """Whether anything is looked at before a person asks for it; what runs already goes on."""
        if unasked != self._begins:
            self._begins = unasked
            for file, filling in list(self._fillings.items()):
                filling.queue.unasked = self._unasked()
                self.changed.emit(file)

    def _unasked(self) -> int:
        """Bytes of a file that are read without being asked."""
        return UNASKED_NBYTES if self._begins else 0

    # -------------------------------------------------------------------------------------------- what is known

    def snapshot(self, file: OpenFile) -> Snapshot:
        """All that is known of a file's tensors by now; ``opened`` must stand."""
        return self._filling(file).snapshot

    def brief(self, file: OpenFile, tensor: int) -> Brief | None:
        """What is known of one tensor."""
        return self._filling(file).known.brief(tensor)

    def why_not(self, file: OpenFile, tensor: int) -> str:
        """Why a tensor has no statistics; "" where it has, or was not looked at."""
        return self._filling(file).known.why_not(tensor)

    def together(self, file: OpenFile, tensors: Sequence[int]) -> dict[str, float | None]:
        """The numbers of several tensors as one, as far as they are known."""
        return self._filling(file).known.together(tensors)

    def running(self, file: OpenFile) -> bool:
        """Is anything of the file being looked at?"""
        return file in self._fillings and self._fillings[file].running

    def would_ask(self, file: OpenFile, tensors: Iterable[int]) -> int:
        """Bytes that are still to be read of these tensors, where that does not begin unasked; else 0."""
        filling = self._filling(file)
        if filling.running and filling.queue.asked:
            return 0
        nbytes = self._nbytes(filling, tensors)
        return nbytes if filling.stopped or nbytes > filling.queue.unasked else 0

    def _nbytes(self, filling: _Filling, tensors: Iterable[int]) -> int:
        from ckpt_gui.core.stats.fill import nbytes_of

        return nbytes_of(filling.opened.checkpoint, filling.known.missing(tensors))

    # -------------------------------------------------------------------------------------------- what is wanted

    def want(self, file: OpenFile, tensors: Sequence[int], *, on_screen: bool = False) -> None:
        """Have these looked at in the background, as far as nobody need be asked."""
        filling = self._filling(file)
        queue = filling.queue
        missing = filling.known.missing(tensors)
        if filling.stopped or not missing:
            return
        if on_screen:
            queue.put(missing, on_screen=True)
        elif not self.would_ask(file, missing):
            queue.put({*queue.waiting(), *missing})
        if queue or not filling.recalled:
            self._run(file, filling)

    def want_all(self, file: OpenFile) -> None:
        """Every tensor of the file, as far as nobody need be asked."""
        assert file.opened is not None
        self.want(file, range(file.opened.checkpoint.rows))

    def compute_all(self, file: OpenFile) -> None:
        """A person asks for all."""
        filling = self._filling(file)
        filling.queue.asked, filling.stopped = True, False
        filling.queue.put(filling.known.missing(range(filling.opened.checkpoint.rows)))
        self._run(file, filling)

    def note(self, file: OpenFile, tensor: int, found: Summary) -> None:
        """Statistics that were computed elsewhere."""
        from ckpt_gui.core.stats.fill import took

        filling = self._filling(file)
        known, shelf, checkpoint = filling.known, filling.shelf, filling.opened.checkpoint
        kept = took(known, tensor, found)

        def work(_report: Report) -> Snapshot:
            if kept is not None:
                shelf.keep([(tensor, kept)])
            return known.snapshot(checkpoint)

        self._jobs.run(f"note {tensor} of {file.path}", work, lambda snapshot: self._take(file, filling, snapshot))

    def forget(self, file: OpenFile) -> None:
        """The file was closed, or read again."""
        self._fillings.pop(file, None)
        self._jobs.cancel(_slot(file))

    # -------------------------------------------------------------------------------------------- the job

    def _filling(self, file: OpenFile) -> _Filling:
        opened = file.opened
        assert opened is not None
        filling = self._fillings.get(file)
        if filling is None or filling.opened is not opened:
            from ckpt_gui.core.stats.cache import Shelf
            from ckpt_gui.core.stats.known import Known

            self._jobs.cancel(_slot(file))
            known = Known(opened.checkpoint.rows)
            checkpoint = opened.checkpoint
            filling = _Filling(opened, known, Shelf(checkpoint), known.snapshot(checkpoint),
                               _Queue(checkpoint, self._unasked()))  # fmt: skip
            self._fillings[file] = filling
        return filling

    def _run(self, file: OpenFile, filling: _Filling) -> None:
        if filling.running:
            return
        filling.running = True
        reading, executor, workers = file.reading(), self._jobs.executor(), self._jobs.workers

        def work(report: Report) -> None:
            self._fill(file, filling, reading, report, executor, workers)

        job = self._jobs.run(_slot(file), work, lambda _none: None,
                             label=f"Statistics of {text.escape(file.name)}")  # fmt: skip
        job.ended.connect(lambda: self._ended(file, filling, job.stopped))
        self.changed.emit(file)

    def _fill(
        self, file: OpenFile, filling: _Filling, reading: Reading, report: Report, executor: Executor, workers: int
    ) -> None:
        """On the job's thread."""
        from ckpt_gui.core.stats.fill import fill, recalled

        known, checkpoint = filling.known, filling.opened.checkpoint
        if not filling.recalled and recalled(known, filling.shelf):
            self._came.emit(file, filling, known.snapshot(checkpoint))
        filling.recalled = True
        told, progress = time.monotonic(), _Whole(report, filling.queue)
        steps = fill(reading, known, filling.shelf, lambda: progress.next(filling.queue.take(known)), report=progress,
                     executor=executor, workers=workers)  # fmt: skip
        try:
            for _looked_at in steps:
                if time.monotonic() - told > _BETWEEN_BATCHES:
                    self._came.emit(file, filling, known.snapshot(checkpoint))
                    told = time.monotonic()
        finally:
            steps.close()
            self._came.emit(file, filling, known.snapshot(checkpoint))

    def _ended(self, file: OpenFile, filling: _Filling, stopped: bool) -> None:
        filling.running = False
        queue = filling.queue
        if stopped:
            filling.stopped, queue.asked = True, False
            queue.clear()
        if self._fillings.get(file) is not filling:
            return
        if queue:  # wanted just as the job came to its end
            self._run(file, filling)
        else:
            self.changed.emit(file)

    def _take(self, file: OpenFile, filling: _Filling, snapshot: Snapshot) -> None:
        filling.snapshot = snapshot
        if self._fillings.get(file) is filling:
            self.changed.emit(file)


class _Whole(Report):
    """Progress over all batches, where each tells only its own."""

    def __init__(self, report: Report, queue: _Queue) -> None:
        self._report, self._queue = report, queue
        self._before = self._now = 0

    def next(self, tensors: list[int]) -> list[int]:
        """Another batch begins."""
        self._before, self._now = self._before + self._now, 0
        return tensors

    def at(self, done: int, total: int, unit: str) -> None:
        self._now = done
        self._report.at(self._before + done, self._before + total + self._queue.nbytes, unit)


def _slot(file: OpenFile) -> str:
    return f"statistics of {file.path}"
