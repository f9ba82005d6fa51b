"""One conversion of one open file: planned again at each change, audited, carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.converting import work
from ckpt_gui.gui.converting.work import Preview
from ckpt_gui.gui.jobs import Job, Jobs
from ckpt_gui.gui.open_files import OpenFile

if TYPE_CHECKING:
    from ckpt_gui.core.convert.nouns import Options, Receipt


class Conversion(QObject):
    """The plan for ``options``, and what came of it. One plan is made at a time; the latest wish wins.

    Signals:
        planning: a plan is being made.
        planned: ``preview`` is another now.
        refused: it cannot be planned so; a sentence and details.
        begun: it is being carried out.
        progressed: done, of how much (0 where unknown), in which unit.
        finished: ``receipt`` stands.
        failed: nothing was written; a sentence and details.
        stopped: a person stopped it; nothing is left of it.
        audited: what casting would do to the values; a tuple of CastAudit.
        audit_failed: a sentence and details.
    """

    planning = Signal()
    planned = Signal()
    refused = Signal(str, str)
    begun = Signal()
    progressed = Signal(object, object, str)
    finished = Signal()
    failed = Signal(str, str)
    stopped = Signal()
    audited = Signal(object)
    audit_failed = Signal(str, str)

    def __init__(self, jobs: Jobs, file: OpenFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.file = file
        self.preview: Preview | None = None
        """What was planned last; None where the last wish could not be planned."""
        self.receipt: Receipt | None = None
        self._wish: tuple[Options, str] | None = None
        """What is to be planned next."""
        self._planning: Job | None = None
        self._job: Job | None = None

    @property
    def running(self) -> bool:
        """Is it being carried out?"""
        return self._job is not None

    @property
    def settled(self) -> bool:
        """Does ``preview`` stand for the latest wish?"""
        return self._planning is None and self._wish is None

    def plan(self, options: Options, target: str) -> None:
        """Plan this; ``target`` "": a name is proposed."""
        self._wish = (options, target)
        if self._planning is None:
            self._plan_next()

    def _plan_next(self) -> None:
        opened, wish = self.file.opened, self._wish
        if opened is None or wish is None:
            return
        self._wish = None
        self.planning.emit()
        options, target = wish
        job = self._planning = self._jobs.run(
            f"plan {id(self)}",
            lambda _report: work.preview(opened, options, target),
            self._planned,
            failed=self._refuse,
        )
        job.ended.connect(lambda: self._plan_ended(job))

    def _planned(self, made: Preview) -> None:
        if self._wish is None:  # else another follows
            self.preview = made
            self.planned.emit()

    def _refuse(self, words: str, details: str) -> None:
        if self._wish is None:
            self.preview = None
            self.refused.emit(words, details)

    def _plan_ended(self, job: Job) -> None:
        if self._planning is job:
            self._planning = None
            self._plan_next()

    # -------------------------------------------------------------------------------------------- carrying out

    def start(self, *, overwrite: bool, digests: bool) -> None:
        """Carry out what was planned last."""
        preview, opened = self.preview, self.file.opened
        if preview is None or opened is None or self.running:
            return
        executor, made = self._jobs.executor(), list["Receipt"]()

        def do(report: Report) -> None:
            made.append(work.convert(opened, preview.plan, preview.place.path, report, executor,
                                     overwrite=overwrite, digests=digests))  # fmt: skip

        label = f"Converting {text.escape(self.file.name)}"
        job = self._job = self._jobs.run(f"convert {id(self)}", do, lambda _none: None, failed=self._fail,
                                         label=label)  # fmt: skip
        job.progressed.connect(self.progressed)
        job.ended.connect(lambda: self._ended(job, made))
        self.receipt = None
        self.begun.emit()

    def stage(self, done: int, total: int) -> tuple[str, int, int]:
        """What is being done, and how far that has come, of how much; of the progress of all together."""
        stages = work.stages(self.preview.plan) if self.preview is not None else []
        for name, nbytes in stages:
            if done < nbytes:
                return name, done, nbytes
            done, total = done - nbytes, total - nbytes
        return "Computing SHA-256", done, total

    def stop(self) -> None:
        """Stop carrying it out; ``stopped`` follows once nothing is left of it."""
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Forget it: nothing more is told."""
        self._wish = self.preview = None
        self._jobs.cancel(f"plan {id(self)}")
        self._jobs.cancel(f"audit {id(self)}")
        self.stop()
        self._planning = self._job = None

    def _fail(self, words: str, details: str) -> None:
        self._job = None
        self.failed.emit(words, details)

    def _ended(self, job: Job, made: list[Receipt]) -> None:
        if self._job is not job:
            return
        self._job = None
        if made:  # also where stopping it came too late
            self.receipt = made[0]
            self.finished.emit()
        else:
            self.stopped.emit()

    # -------------------------------------------------------------------------------------------- audit

    def audit(self) -> None:
        """See what casting would do to the values."""
        preview, opened = self.preview, self.file.opened
        if preview is None or opened is None:
            return
        executor = self._jobs.executor()
        self._jobs.run(f"audit {id(self)}", lambda report: work.audit(opened, preview.plan, report, executor),
                       self.audited.emit, failed=self.audit_failed.emit,
                       label=f"Auditing {text.escape(self.file.name)}")  # fmt: skip

    def stop_audit(self) -> None:
        """Stop looking at the values."""
        self._jobs.cancel(f"audit {id(self)}")
