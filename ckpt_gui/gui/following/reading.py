"""Many files being read by processes that can be killed, as one task."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from ckpt_gui.core.errors import OpenError
from ckpt_gui.gui.jobs import Task
from ckpt_gui.gui.reading import ReadTask

if TYPE_CHECKING:
    from ckpt_gui.core.wire import Opened

AT_ONCE = 2
"""Processes that read files at the same time."""

Start = Callable[[str], subprocess.Popen[bytes]]


class ReadAll(Task):
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
