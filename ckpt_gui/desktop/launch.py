"""How a desktop starts the program: by an absolute path, for it knows no virtual environment."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

NAME = "ckpt-gui-w"


def command() -> tuple[str, ...]:
    """The program and its first arguments; files follow."""
    if getattr(sys, "frozen", False):
        # An AppImage is mounted somewhere else each time; its own path is where it can be started again.
        return (os.environ.get("APPIMAGE") or sys.executable,)
    for folder in _folders():
        found = folder / (f"{NAME}.exe" if sys.platform == "win32" else NAME)
        if os.access(found, os.X_OK) and found.is_file():
            return (str(found),)
    python = Path(sys.executable)
    windowed = python.with_name("pythonw.exe")
    return (str(windowed if windowed.exists() else python), "-m", "ckpt_gui")


def _folders() -> Iterator[Path]:
    """Where an installation puts its scripts; the one that runs comes first. Links are not followed: a virtual
    environment's python is one."""
    yield Path(sys.executable).absolute().parent
    yield Path(sysconfig.get_path("scripts"))
    yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))
