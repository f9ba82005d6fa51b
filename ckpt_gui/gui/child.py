"""The process that reads a file for the window. No Qt here: the command line starts it before Qt is imported.

It is a process and not a thread so that it can be killed: a runaway file costs a process, not the
window. It runs isolated (``-I -S``): neither the folder one happens to be in nor any environment
variable nor a site-packages of strangers decides what it imports.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
# The package's own folder goes last on the path, so that nothing beside it can stand in for the standard library.
_PROGRAM = f"import sys; sys.path.append({_ROOT!r}); from ckpt_gui.core.reader import main; sys.exit(main(sys.argv[1]))"


def command(path: str) -> list[str]:
    """The command line of a process that reads ``path`` and writes frames to its standard output."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--read-worker", path]
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, path]


def start(path: str, argv: list[str] | None = None) -> subprocess.Popen[bytes]:
    """Start reading ``path``; ``argv`` replaces the command line (tests)."""
    return subprocess.Popen(
        argv or command(path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
