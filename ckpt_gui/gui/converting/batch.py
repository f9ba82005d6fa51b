"""One recipe for many files, one after the other: each read by a process of its own, planned, converted, proven."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import child
from ckpt_gui.gui.converting import work
from ckpt_gui.gui.converting.labels import in_window
from ckpt_gui.gui.jobs import Job, Jobs
from ckpt_gui.gui.reading import ReadTask

if TYPE_CHECKING:
    from ckpt_gui.core.convert.nouns import Options, Receipt
    from ckpt_gui.core.wire import Opened


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file so far."""

    path: str
    state: str = "waiting"
    """``waiting``, ``reading``, ``converting``, ``done``, ``failed`` or ``stopped``."""
    target: str = ""
    words: str = ""
    """Why it failed, or what is to be said of it."""
    receipt: Receipt | None = None


class Batch(QObject):
    """The files of a batch and what became of them.

    Signals:
        changed: something else is known of the file at this place.
        progressed: how far the file that is worked on has come: done, of how much, in which unit.
        ended: every file is done, failed, or was stopped.
    """

    changed = Signal(int)
    progressed = Signal(object, object, str)
    ended = Signal()

    def __init__(
        self,
        jobs: Jobs,
        parent: QObject | None = None,
        *,
        start: Callable[[str], subprocess.Popen[bytes]] = child.start,
    ) -> None:
        super().__init__(parent)
        self._jobs, self._start = jobs, start
        self.outcomes: list[Outcome] = []
        self._place = -1
        """The file that is worked on; -1: none is."""
        self._folder, self._overwrite = "", False
        self._options: Options | None = None
        self._task: ReadTask | Job | None = None
        self._stopped = self._closed = False

    @property
    def running(self) -> bool:
        """Is a file being worked on?"""
        return self._place >= 0

    def begin(self, paths: Sequence[str], folder: str, options: Options, *, overwrite: bool) -> None:
        """Convert these files into a folder ("": each beside its source)."""
        self.outcomes = [Outcome(path) for path in dict.fromkeys(paths)]
        self._folder, self._options, self._overwrite = folder, options, overwrite
        self._stopped = False
        self._next()

    def stop(self) -> None:
        """Stop; files that are done stay, of the one under way nothing is left."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Forget it: nothing more is told."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self._place, self._closed = -1, True

    def _next(self) -> None:
        if self._closed:
            return
        self._task = None
        self._place = -1 if self._stopped else self._place + 1
        if self._stopped or self._place >= len(self.outcomes):
            self._place = -1
            for place, one in enumerate(self.outcomes):
                if one.state == "waiting":
                    self._tell(place, state="stopped")
            self.ended.emit()
        else:
            self._read(self._place)

    def _tell(self, place: int, **facts: object) -> None:
        if self._closed:
            return
        self.outcomes[place] = replace(self.outcomes[place], **facts)  # type: ignore[arg-type]  # fields by name
        self.changed.emit(place)

    def _read(self, place: int) -> None:
        path = self.outcomes[place].path
        self._tell(place, state="reading")
        try:
            process = self._start(path)
        except OSError as exc:
            self._over(place, state="failed", words=f"The process that reads files cannot be started: {exc.strerror}")
            return
        task = self._task = ReadTask(f"Reading {text.escape(Path(path).name)}", process)
        task.opened.connect(lambda opened: self._convert(place, opened))
        task.failed.connect(partial(self._failed, place))
        task.stopped.connect(lambda: self._over(place, state="stopped"))
        self._jobs.watch(task)
        task.begin()

    def _convert(self, place: int, opened: Opened) -> None:
        if self._closed:
            return
        options, taken = self._options, {one.target for one in self.outcomes if one.target}
        assert options is not None
        self._tell(place, state="converting")
        executor, folder, overwrite, made = self._jobs.executor(), self._folder, self._overwrite, list["Receipt"]()

        def do(report: Report) -> None:
            made.append(work.convert_one(opened, options, folder, taken, report, executor, overwrite=overwrite))

        label = f"Converting {text.escape(Path(opened.checkpoint.path).name)}"
        failed = partial(self._failed, place)
        job = self._task = self._jobs.run(f"batch {id(self)}", do, lambda _none: None, failed=failed, label=label)
        job.progressed.connect(self.progressed)
        job.ended.connect(lambda: self._converted(place, job, made))

    def _converted(self, place: int, job: Job, made: list[Receipt]) -> None:
        if self._task is not job:
            return  # it failed, and that was told
        if made:
            one = made[0]
            self._over(place, state="done", target=one.target, receipt=one, words=in_window(" · ".join(one.warnings)))
        else:
            self._over(place, state="stopped")

    def _failed(self, place: int, words: str, _details: str) -> None:
        self._over(place, state="failed", words=in_window(words))

    def _over(self, place: int, **facts: object) -> None:
        self._tell(place, **facts)
        self._next()
