"""Work away from the UI thread: any plain function that takes a report, latest wins, one place to stop it all.

A function never touches a widget; its result, its failure and its progress arrive on the UI
thread as signals. There is no thread code elsewhere in the window but ``reading``'s pipe.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from shiboken6 import isValid

from ckpt_gui.core.errors import Cancelled, CheckpointError
from ckpt_gui.core.progress import Report

_BETWEEN_REPORTS = 0.05
"""Seconds: more often than this nobody sees."""
_PATIENCE_AT_END_MS = 5_000

Work = Callable[[Report], Any]
"""A plain function of the core, with all but its report bound."""


class Task(QObject):
    """Something under way that a person can watch and stop.

    Signals:
        progressed: done, of how much (0 where unknown), in which unit.
        ended: always the last, however it ended.
    """

    progressed = Signal(object, object, str)  # object: a C++ int would overflow at 2 GiB
    ended = Signal()

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label = label
        """What is being done, for the status bar; "" keeps it out of there."""

    def cancel(self) -> None:
        """Ask it to stop; ``ended`` follows."""
        raise NotImplementedError

    def finish(self) -> None:
        """Stop it and wait, because the window is closing."""
        self.cancel()


class Job(Task):
    """One function on a thread of the pool.

    Signals:
        returned: its result, unless it was cancelled.
        failed: a sentence and details.
    """

    returned = Signal(object)
    failed = Signal(str, str)
    _over = Signal(object, object)

    def __init__(self, label: str, work: Work) -> None:
        super().__init__(label)
        self.stopped = False
        self.runnable = _Runnable(self, work)
        self._over.connect(self._conclude)

    def cancel(self) -> None:
        self.stopped = True

    def _conclude(self, result: object, failure: tuple[str, str] | None) -> None:
        if not self.stopped:
            if failure is None:
                self.returned.emit(result)
            else:
                self.failed.emit(*failure)
        self.ended.emit()


class _Runnable(QRunnable):
    def __init__(self, job: Job, work: Work) -> None:
        super().__init__()
        self.setAutoDelete(False)  # Python owns it; Qt deleting it too is a crash
        self._job = job
        self._work = work

    def run(self) -> None:
        result, failure = None, None
        try:
            if not self._job.stopped:
                result = self._work(_Relay(self._job))
        except Cancelled:
            self._job.stopped = True
        except CheckpointError as exc:
            failure = (str(exc), "")
        except Exception as exc:  # noqa: BLE001 - a fault of ours must reach the bar, not vanish in a thread
            failure = fault(exc)
        self._job._over.emit(result, failure)


class _Relay(Report):
    """Carries a function's progress to its job's signals, and the wish to stop back."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._next = 0.0

    def at(self, done: int, total: int, unit: str) -> None:
        if self._job.stopped:
            raise Cancelled
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _BETWEEN_REPORTS
            self._job.progressed.emit(done, total, unit)


def fault(exc: BaseException) -> tuple[str, str]:
    """Sentence and details for an error that should not have happened."""
    details = "".join(traceback.format_exception(exc))
    return f"ckpt_gui made a mistake: {type(exc).__name__}: {exc}. The details say where.", details


class Jobs(QObject):
    """All that is under way.

    Signals:
        changed: a task began or ended.
        settled: the last one ended.
    """

    changed = Signal()
    settled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._executor: ThreadPoolExecutor | None = None
        self._slots: dict[str, Job] = {}
        self._tasks: list[Task] = []

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is under way, oldest first."""
        return tuple(self._tasks)

    @property
    def workers(self) -> int:
        """How many threads ``executor`` has: one a processor, eight at most, for memory's sake."""
        return min(os.cpu_count() or 1, 8)

    def executor(self) -> Executor:
        """Threads that the core's functions may share their work among."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self.workers, "ckpt_gui-share")
        return self._executor

    def watch(self, task: Task) -> None:
        """List a task until it ends, and keep it alive."""
        self._tasks.append(task)
        task.ended.connect(lambda: self._forget(task))
        self.changed.emit()

    def run(
        self,
        slot: str,
        work: Work,
        done: Callable[[Any], None],
        *,
        failed: Callable[[str, str], None] | None = None,
        label: str = "",
    ) -> Job:
        """Start ``work``; ``done`` gets its result. A job still under way in the same slot is cancelled."""
        self.cancel(slot)
        job = self._slots[slot] = Job(label, work)
        job.returned.connect(done)
        if failed is not None:
            job.failed.connect(failed)
        self.watch(job)
        self._pool.start(job.runnable)
        return job

    def cancel(self, slot: str) -> None:
        """Stop the job in the slot, if there is one; its result will not arrive."""
        if (job := self._slots.pop(slot, None)) is not None:
            job.cancel()

    def close(self) -> None:
        """Stop everything and wait for it; no result arrives afterwards."""
        for task in self.tasks:
            task.finish()
        self._pool.waitForDone(_PATIENCE_AT_END_MS)
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
        self._slots.clear()

    def _forget(self, task: Task) -> None:
        if not isValid(self) or task not in self._tasks:  # the last words of a task may come after the window's end
            return
        self._tasks.remove(task)
        for slot in [slot for slot, job in self._slots.items() if job is task]:
            del self._slots[slot]
        self.changed.emit()
        if not self._tasks:
            self.settled.emit()
