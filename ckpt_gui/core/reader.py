"""From a path to an opened checkpoint; also the main program of the process the window reads in.

``python -m ckpt_gui.core.reader PATH`` writes frames of ``wire`` to standard output. The window can
kill that process at any time: a runaway file costs a process, not the window.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path

from ckpt_gui.core import wire
from ckpt_gui.core.errors import CheckpointError, OpenError
from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.wire import Opened

__all__ = ["Opened", "main", "read"]

MAX_MEMORY = 16 << 30
"""Address space the reading process may take, in bytes, where the system lets it be bounded."""


def read(path: str | Path, report: Report = SILENT) -> Opened:
    """The checkpoint at ``path`` and its roles. Raises OpenError with a sentence where there is no tree."""
    try:
        checkpoint = open_checkpoint(path, report)
    except MemoryError as exc:
        raise OpenError(f"{path} needs more memory to be read than there is") from exc
    except OpenError:
        raise
    except CheckpointError as exc:
        raise OpenError(str(exc)) from exc
    return Opened(checkpoint, classify(checkpoint))


class _Pipe(Report):
    """Writes progress frames, twenty a second at most."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._next = self._begun + 0.1

    def at(self, done: int, total: int, unit: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 0.05
            told = json.dumps({"done": done, "total": total, "unit": unit})
            _write(wire.frame(wire.PROGRESS, told.encode()))

    def hurry(self) -> bool:
        """After three seconds: somebody sits before the window and waits."""
        return time.monotonic() - self._begun > 3


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def main(path: str) -> int:
    """Read ``path`` and write the frames; returns the exit code."""
    try:
        return _tell(path)
    except BrokenPipeError:
        return 1  # the window is gone


def wait() -> int:
    """Wait to be told a path on the standard input, to its end, then read it; the exit code. Nothing told: 0."""
    path = sys.stdin.buffer.read()
    return main(os.fsdecode(path)) if path else 0


def _tell(path: str) -> int:
    gc.disable()  # millions of young objects that all live: the collector would only walk them again and again
    _bound_memory()
    try:
        parts = list(wire.dump(read(path, _Pipe())))
    except OpenError as exc:
        _write(wire.frame(wire.ERROR, wire.error_payload(exc)))
        return 2
    _write(wire.FRAME_HEAD.pack(wire.RESULT, sum(map(len, parts))))
    for part in parts:
        _write(part)
    os._exit(0)  # tearing down millions of objects would only delay the window


def _bound_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, ValueError, OSError):
        pass  # Windows has no such limit; elsewhere the system may forbid it


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
