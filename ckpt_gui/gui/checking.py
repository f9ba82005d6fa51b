"""Checks of health: begun by themselves for small files, else when somebody asks; kept with the file."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Job, Jobs
from ckpt_gui.gui.open_files import OpenFile

if TYPE_CHECKING:
    from ckpt_gui.core.health import Health
    from ckpt_gui.core.reader import Opened
    from ckpt_gui.core.tensors import Reading

SMALL = 64 << 20
"""Bytes up to which a file is checked without being asked."""
FEW = 2_000
"""The same in tensors: each costs time of its own, which the window would feel."""


class Checking(QObject):
    """Runs the checks, one a file.

    Signals:
        changed: a check began or ended; the ``OpenFile``.
    """

    changed = Signal(object)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs

    def offer(self, file: OpenFile) -> None:
        """Check a small file that was not checked yet. On one thread: nobody asked, nobody waits."""
        if file.opened is None or file.check is not None or file.health is not None or file.check_stopped:
            return
        checkpoint = file.opened.checkpoint
        if checkpoint.nbytes <= SMALL and sum(checkpoint.storages.nbytes) <= SMALL and checkpoint.rows <= FEW:
            self._begin(file, workers=1)

    def start(self, file: OpenFile) -> None:
        """Check a file because somebody asked, on all threads; a check under way goes on."""
        if file.opened is not None and file.check is None:
            file.health = None
            self._begin(file, workers=self._jobs.workers)

    def _begin(self, file: OpenFile, workers: int) -> None:
        assert file.opened is not None
        opened, reading = file.opened, file.reading()
        executor = self._jobs.executor() if workers > 1 else None

        def work(report: Report) -> Health:
            return _check(opened, reading, report, executor, workers)

        job = self._jobs.run(
            f"health of {file.path}",
            work,
            lambda health: self._done(file, health),
            failed=lambda sentence, _details: self._failed(file, sentence),
            label=f"Checking {text.escape(file.name)}",
        )
        file.check, file.check_stopped = job, ""
        job.ended.connect(lambda: self._ended(file, job))
        self.changed.emit(file)

    def _done(self, file: OpenFile, health: Health) -> None:
        file.health = health

    def _failed(self, file: OpenFile, sentence: str) -> None:
        file.check_stopped = sentence

    def _ended(self, file: OpenFile, job: Job) -> None:
        if file.check is not job:
            return  # the file was closed or read again
        file.check = None
        if file.health is None and not file.check_stopped:
            file.check_stopped = "The check was stopped."
        self.changed.emit(file)


def _check(opened: Opened, reading: Reading, report: Report, executor: Executor | None, workers: int) -> Health:
    from ckpt_gui.core.health import check  # NumPy and the kernels: on the job's thread, not before

    return check(opened, reading, report=report, executor=executor, workers=workers)
