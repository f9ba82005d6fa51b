"""What is written when the program itself fails: where in its code, and what runs here. Nothing of a person's files.

The message of an exception may hold a key, a path or a value, so it is left out: the type and the lines of code tell.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from ckpt_gui.gui import versions

MOST = 20
"""Reports that are kept; older ones go."""
_PLACES = ("site-packages", "dist-packages", "lib", "ckpt_gui")
"""Folders from which on a path of code is told; what stands before them may name a person."""
_PATHLIKE = re.compile(r"\S*[/\\]\S*")
Trouble = tuple[type[BaseException], BaseException | None, TracebackType | None]


class CrashReports(QObject):
    """Hears of exceptions that nobody caught, in any thread, and of Qt's fatal messages.

    Signals:
        written: a report was written; its path ("" where it could not be).
    """

    written = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def install(self) -> None:
        """From now on, for this process."""
        sys.excepthook = self._caught
        threading.excepthook = lambda trouble: self._caught(trouble.exc_type, trouble.exc_value, trouble.exc_traceback)
        qInstallMessageHandler(self._heard)

    def _caught(self, kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
        if issubclass(kind, (KeyboardInterrupt, SystemExit)):
            sys.__excepthook__(kind, error or kind(), where)
            return
        self.write("\n".join(_told(error, kind, where)))

    def _heard(self, kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if kind == QtMsgType.QtFatalMsg:
            self.write(f"Qt: {_PATHLIKE.sub('…', message)}\n{''.join(_frames(traceback.extract_stack()))}")
        elif sys.stderr is not None:
            sys.stderr.write(f"{message}\n")

    def write(self, words: str) -> None:
        """Write it down, once for each place where it fails: what fails at every paint would fill the disk."""
        with self._lock:
            if words in self._seen:
                return
            self._seen.add(words)
        path = self.folder / time.strftime(f"report-%Y%m%d-%H%M%S-{len(self._seen)}.txt")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{versions.as_text()}\n\n{words}\n", encoding="utf-8")
            self._prune()
        except OSError:
            path = Path()
        place = str(path) if path.name else ""
        if sys.stderr is not None:
            told = f"; a report is in {place}" if place else ""
            sys.stderr.write(f"ckpt-gui: something failed inside the program{told}\n")
        with contextlib.suppress(RuntimeError):  # the window may be gone by now
            self.written.emit(place)

    def _prune(self) -> None:
        for old in sorted(self.folder.glob("report-*.txt"))[:-MOST]:
            old.unlink(missing_ok=True)


def _told(error: BaseException | None, kind: type[BaseException], where: TracebackType | None) -> list[str]:
    """The exception and those it came from, the first one first: types and lines of code."""
    lines: list[str] = []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__) if error else None
    if before is not None:
        lines += [*_told(before, type(before), before.__traceback__), "", "which led to", ""]
    return [*lines, f"{kind.__module__}.{kind.__qualname__}", *_frames(traceback.extract_tb(where))]


def _frames(frames: traceback.StackSummary) -> list[str]:
    return [f"  {_short(frame.filename)}:{frame.lineno} {frame.name}    {frame.line or ''}\n" for frame in frames[-40:]]


def _short(path: str) -> str:
    """The part of a path of code that is the same for everybody."""
    parts = Path(path).parts
    for place in _PLACES:
        if place in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(place) :])
    return Path(path).name
