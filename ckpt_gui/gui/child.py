"""The processes that work for the window. No Qt here: the command line starts one before Qt is imported.

They are processes and not threads so that they can be killed: a runaway file, or a computation that nobody
wants any more, costs a process, not the window. They run isolated (``-I -S``): neither the folder one happens to
be in nor any environment variable nor a site-packages of strangers decides what they import.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
# The package's own folder goes last on the path, so that nothing beside it can stand in for the standard library.
_PROGRAM = f"import sys; sys.path.append({_ROOT!r}); from ckpt_gui.core.reader import main; sys.exit(main(sys.argv[1]))"
_WAITER = f"import sys; sys.path.append({_ROOT!r}); from ckpt_gui.core.reader import wait; sys.exit(wait())"
_SOLVER = "import sys; sys.path += sys.argv[1:]; from ckpt_gui.core.spectrum.solve import main; sys.exit(main())"


def command(path: str) -> list[str]:
    """The command line of a process that reads ``path`` and writes frames to its standard output."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--read-worker", path]
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, path]


def waiter() -> list[str]:
    """The command line of a process that waits to be told what to read."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--read-worker"]
    return [sys.executable, "-I", "-S", "-c", _WAITER]


def solver() -> list[str]:
    """The command line of a process that hears a matrix and says its singular values."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--solve-worker"]
    # NumPy lies where this process would find it.
    installed = [place for place in sys.path if Path(place).name in ("site-packages", "dist-packages")]
    return [sys.executable, "-I", "-S", "-c", _SOLVER, _ROOT, *installed]


def start(path: str, argv: list[str] | None = None) -> subprocess.Popen[bytes]:
    """Start reading ``path``; ``argv`` replaces the command line (tests)."""
    return _start(argv or command(path), subprocess.DEVNULL)


def start_solver(argv: list[str] | None = None) -> subprocess.Popen[bytes]:
    """Start a process that waits for a matrix on its standard input; ``argv`` replaces the command line (tests)."""
    return _start(argv or solver(), subprocess.PIPE)


def _start(argv: list[str], stdin: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


class Spare:
    """A reading process kept ready: the next file need not wait for Python to start. It ends when the window does."""

    def __init__(self) -> None:
        self._waiting: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Have one wait, if none does."""
        if self._waiting is None:
            with suppress(OSError):
                self._waiting = _start(waiter(), subprocess.PIPE)

    def start(self, path: str) -> subprocess.Popen[bytes]:
        """Start reading ``path``: by the one that waits, else by a new one."""
        process, self._waiting = self._waiting, None
        if process is not None and process.stdin is not None:
            with suppress(OSError):  # it was killed meanwhile
                with process.stdin as told:
                    told.write(os.fsencode(path))
                return process
            _end(process)
        return start(path)

    def close(self) -> None:
        """End the one that waits."""
        if self._waiting is not None:
            _end(self._waiting)
            self._waiting = None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, wait for it and close its pipes."""
    process.kill()
    with suppress(OSError), process:
        pass
