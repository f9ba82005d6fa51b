"""Where the running window listens: one place for each user, display and session, where nobody else can enter."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_MAX_ADDRESS = 100
"""Bytes: a socket's address has room for 104 on macOS, for 108 on Linux."""


class Place(NamedTuple):
    """Where to listen and where to call."""

    address: str
    """A socket's path; on Windows a pipe's name."""
    lock: str
    """The file whose lock the running window holds; "" on Windows."""


def find_place(environ: Mapping[str, str] = os.environ) -> Place | None:
    """The place of this user on this display; None where no folder is private enough, or its name is too long."""
    if sys.platform == "win32":
        return Place(rf"\\.\pipe\{_pipe_name(environ)}", "")
    name = _display(environ)
    for folder in _folders(environ):
        address = str(folder / f"ckpt_gui{name}.sock")
        if len(os.fsencode(address)) <= _MAX_ADDRESS and _private(folder):
            return Place(address, str(folder / f"ckpt_gui{name}.lock"))
    return None


def _display(environ: Mapping[str, str]) -> str:
    """The display as part of a file's name: windows on other displays are nobody's business here."""
    named = [environ.get(name, "") for name in ("WAYLAND_DISPLAY", "DISPLAY", "QT_QPA_PLATFORM")]
    named[1] = re.sub(r"\.0$", "", named[1])  # :0.0 is :0
    return "".join(f"-{re.sub(r'[^A-Za-z0-9.]', '_', each)[-24:]}" for each in named if each)


def _folders(environ: Mapping[str, str]) -> list[Path]:
    """Where a socket may lie, the best place first."""
    if sys.platform == "win32":
        return []
    told = Path(environ.get("XDG_RUNTIME_DIR", ""))
    own = Path(environ.get("TMPDIR") or "/tmp", f"ckpt_gui-{os.geteuid()}")
    return [told, own] if told.is_absolute() else [own]


def _private(folder: Path) -> bool:
    """Whether the folder is the user's, and nobody else's; one of our own is made."""
    if sys.platform == "win32":
        return False
    try:
        if folder.name == f"ckpt_gui-{os.geteuid()}":
            folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.lstat()  # not through a link that somebody laid
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o077


def _pipe_name(environ: Mapping[str, str]) -> str:
    """Pipes have no folders: the user's name and the session's number keep them apart."""
    session = environ.get("SESSIONNAME", "")
    if sys.platform == "win32":
        import ctypes

        number = ctypes.c_ulong()
        if ctypes.windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(number)):
            session = str(number.value)
    named = (environ.get("USERDOMAIN", ""), environ.get("USERNAME", ""), session, environ.get("QT_QPA_PLATFORM", ""))
    return "ckpt_gui-" + "-".join(re.sub(r"[^A-Za-z0-9.]", "_", each)[-40:] for each in named)
