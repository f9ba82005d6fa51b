"""The files that are open, and what became of each: the only state of the window that changes.

Everything else shows it. A file is read by another process (``child``, ``reading``); what it holds
is frozen; a reload replaces it whole.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import child
from ckpt_gui.gui.jobs import Job, Jobs
from ckpt_gui.gui.reading import Load, ReadTask

if TYPE_CHECKING:
    from ckpt_gui.core.health import Health
    from ckpt_gui.core.model import Source
    from ckpt_gui.core.overview import Overview
    from ckpt_gui.core.reader import Opened
    from ckpt_gui.core.spectrum import Spectrum
    from ckpt_gui.core.tensors import Reading

Start = Callable[[str], subprocess.Popen[bytes]]


@dataclass(eq=False, slots=True)
class OpenFile:
    """One open file: a tab."""

    path: str
    """Absolute."""
    opened: Opened | None = None
    """What it holds; None until it was read, or if it could not be."""
    overview: Overview | None = None
    """Follows a moment after ``opened``."""
    error: str = ""
    """Why it could not be read; "" if it could."""
    wanted: text.Path | None = None
    """Keys to go to once it is shown."""
    task: ReadTask | None = None
    """While it is being read."""
    on_disk: str = ""
    """What became of it since: ``changed`` or ``gone``, as was told; "" if it is as it was read."""
    nodes: list[int] = field(default_factory=list)
    """Rows picked in its tree."""
    health: Health | None = None
    """What the last check of it found; None before the first, and after a reload."""
    check: Job | None = None
    """While it is checked."""
    check_stopped: str = ""
    """Why the last check gave nothing, in words; "" if it was not asked for or is done."""
    spectra: dict[int, Spectrum] = field(default_factory=dict)
    """Singular values that somebody asked for, by tensor."""
    _reading: Reading | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return Path(self.path).name or self.path

    def forget_health(self) -> None:
        """Stop a check that is under way and forget what the last one found."""
        if self.check is not None:
            self.check.cancel()
        self.health, self.check, self.check_stopped = None, None, ""

    def reading(self) -> Reading:
        """The way to its values, one for all who look; ``opened`` must stand. Closed once nobody holds it any more."""
        assert self.opened is not None
        if self._reading is None:
            from ckpt_gui.core.tensors import Reading  # NumPy: not before a value is wanted

            self._reading = Reading(self.opened.checkpoint)
        return self._reading


def split_address(address: str) -> tuple[str, text.Path | None]:
    """``file.pt::model/w`` → the absolute path and the keys; a file whose own name holds ``::`` stays whole."""
    if "::" in address and not Path(address).exists():
        head, _, tail = address.partition("::")
        return _absolute(head), text.parse_path(tail)
    return _absolute(address), None


def _absolute(path: str) -> str:
    """Without following links: ``latest.ckpt`` keeps its name, and so does a file of Hugging Face's cache."""
    return os.path.normpath(Path(path).absolute())


class OpenFiles(QObject):
    """Opens, reloads and closes. Signals carry the ``OpenFile``.

    Signals:
        added, removed: a tab comes, a tab goes.
        reading: its process began (again).
        opened, failed, stopped: how that ended; ``failed`` with the details.
        described: its overview is there.
        slow: its reading takes long.
        outdated: the disk holds something else, or nothing any more: ``on_disk`` says which; or it is back as it was.
    """

    added = Signal(object)
    removed = Signal(object)
    reading = Signal(object)
    opened = Signal(object)
    failed = Signal(object, str)
    stopped = Signal(object)
    described = Signal(object)
    slow = Signal(object)
    outdated = Signal(object)

    def __init__(
        self, jobs: Jobs, parent: QObject | None = None, *, start: Start = child.start, load: Load | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._start = start
        self._load = load
        self._files: list[OpenFile] = []
        self._looking = False

    def all(self) -> tuple[OpenFile, ...]:
        """The open files, in the order they were opened."""
        return tuple(self._files)

    def at(self, path: str) -> OpenFile | None:
        """The open file of that absolute path."""
        return next((file for file in self._files if os.path.normcase(file.path) == os.path.normcase(path)), None)

    def open(
        self, path: str, wanted: text.Path | None = None, process: subprocess.Popen[bytes] | None = None
    ) -> OpenFile:
        """Open an absolute path, once; ``process`` is reading it already, if given."""
        file = self.at(path)
        if file is not None:
            file.wanted = wanted
            if process is not None:  # the same file under two names on one command line
                with process:  # which closes its pipe and waits for it
                    process.kill()
            return file
        file = OpenFile(path, wanted=wanted)
        self._files.append(file)
        self.added.emit(file)
        self._read(file, process)
        return file

    def reload(self, file: OpenFile) -> None:
        """Read it again; what is shown stays until that is done."""
        if file.task is None:
            self._read(file, None)

    def close(self, file: OpenFile) -> None:
        """Forget it; a reading process is killed."""
        self._files.remove(file)
        self._jobs.cancel(_slot(file))
        file.forget_health()
        if file.task is not None:
            file.task.cancel()
        self.removed.emit(file)

    def check_disk(self) -> None:
        """See whether the open files are still as they were read; ``outdated`` tells."""
        shown = [
            (file, file.opened.checkpoint.sources)
            for file in self._files
            if file.opened and not file.task and file.on_disk != "changed"
        ]
        if not shown or self._looking:  # a dead network share may keep the last look
            return
        self._looking = True
        job = self._jobs.run(
            "check disk",
            lambda report: [(file, _became(sources, report)) for file, sources in shown],
            self._tell_outdated,
        )
        job.ended.connect(self._looked)

    def _looked(self) -> None:
        self._looking = False

    def _tell_outdated(self, found: list[tuple[OpenFile, str]]) -> None:
        for file, became in found:
            if file in self._files and not file.task and became != file.on_disk:
                file.on_disk = became
                self.outdated.emit(file)

    def _read(self, file: OpenFile, process: subprocess.Popen[bytes] | None) -> None:
        try:
            task = ReadTask(f"Reading {text.escape(file.name)}", process or self._start(file.path), self._load)
        except OSError as exc:
            self._failed(file, f"The process that reads files cannot be started: {exc.strerror}", "")
            return
        file.task = task
        task.opened.connect(lambda opened: self._opened(file, opened))
        task.failed.connect(lambda sentence, details: self._failed(file, sentence, details))
        task.stopped.connect(lambda: self._stopped(file))
        task.slow.connect(lambda: self.slow.emit(file))
        self._jobs.watch(task)
        self.reading.emit(file)
        task.begin()

    def _opened(self, file: OpenFile, opened: Opened) -> None:
        file.task = None
        if file not in self._files:
            return
        file.opened, file.overview, file.error, file.on_disk = opened, None, "", ""
        file._reading = None
        file.spectra = {}
        file.forget_health()
        self.opened.emit(file)
        self._jobs.run(_slot(file), lambda _report: _overview(opened), lambda made: self._described(file, made))

    def _described(self, file: OpenFile, made: Overview) -> None:
        file.overview = made
        self.described.emit(file)

    def _failed(self, file: OpenFile, sentence: str, details: str) -> None:
        file.task = None
        file.error = sentence
        if file in self._files:
            self.failed.emit(file, details)

    def _stopped(self, file: OpenFile) -> None:
        file.task = None
        if file in self._files:
            self.stopped.emit(file)


def _slot(file: OpenFile) -> str:
    return f"overview of {file.path}"


def _overview(opened: Opened) -> Overview:
    from ckpt_gui.core.overview import overview  # after the tree, not before it

    return overview(opened.checkpoint, opened.anatomy)


def _became(sources: tuple[Source, ...], report: Report) -> str:
    """``gone``, ``changed`` or "". On a job's thread: a dead network share may block."""
    for number, source in enumerate(sources):
        report.at(number, len(sources), "files")
        try:
            facts = Path(source.path).stat()
        except OSError:
            return "gone"
        if (facts.st_size, facts.st_mtime_ns, facts.st_ino) != (source.nbytes, source.mtime_ns, source.inode):
            return "changed"
    return ""
