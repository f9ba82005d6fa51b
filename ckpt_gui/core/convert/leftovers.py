"""Names of unfinished files: they tell what is being written and by whom, so that what a killed process left is
found and taken away, and two conversions to one target do not meet.

``.NAME.HOST-PID-START.ckpt-gui-part``: NAME is the target's (a long one cut, with a hash), START the process's
start in the clock of ``/proc/PID/stat`` (proc(5)), 0 where there is none: a number that was given to another
process since is not mistaken for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".ckpt-gui-part"
MAX_NAME = 255
"""Bytes of a file's name, on every file system in common use."""
_SHAPE = re.compile(r"\.(.+)\.([0-9A-Za-z_]+)-([0-9]{1,9})-([0-9]{1,19})" + re.escape(SUFFIX), re.DOTALL)


class Owner(NamedTuple):
    """The process that writes a file."""

    host: str
    pid: int
    start: int


class Unfinished(NamedTuple):
    """A file that some conversion has begun."""

    path: Path
    label: str
    owner: Owner


def this_process() -> Owner:
    """Ourselves."""
    host = re.sub(r"[^0-9A-Za-z]+", "_", platform.node())[:40] or "host"
    return Owner(host, os.getpid(), _started(os.getpid()) or 0)


def beside(target: Path, owner: Owner) -> Path:
    """Where ``owner`` writes what will be ``target``."""
    rest = f".{owner.host}-{owner.pid}-{owner.start}{SUFFIX}"
    return target.with_name(f".{label(target.name)}{rest}")


def label(name: str) -> str:
    """The target's name as it stands in those of its unfinished files."""
    room = MAX_NAME - 100  # the rest: host 40, process 9, start 19, suffix and marks
    raw = os.fsencode(name)
    if len(raw) <= room:
        return name
    kept = name[:room]
    while len(os.fsencode(kept)) > room - 17:
        kept = kept[:-1]
    return f"{kept}~{hashlib.blake2b(raw, digest_size=8).hexdigest()}"


def unfinished(folder: Path) -> Iterator[Unfinished]:
    """Every unfinished file of the folder, whoever writes it; none where the folder cannot be listed."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _SHAPE.fullmatch(entry.name) if entry.name.endswith(SUFFIX) else None
            if match is not None and entry.is_file(follow_symlinks=False):
                name, host, pid, start = match.groups()
                yield Unfinished(folder / entry.name, name, Owner(host, int(pid), int(start)))


def clear(folder: Path, here: Owner) -> list[Unfinished]:
    """Remove what processes of this machine left that are gone; returns what is still being written, or may be."""
    left: list[Unfinished] = []
    for one in unfinished(folder):
        if one.owner.host != here.host or running(one.owner) or locked(one.path):
            left.append(one)
            continue
        try:
            one.path.unlink()
        except FileNotFoundError:
            pass
        except OSError:
            left.append(one)  # on Windows: somebody has it open
    return left


def running(owner: Owner) -> bool:
    """Whether that process of this machine is still there, and not another under its number."""
    if os.name == "nt":
        return owner.pid == os.getpid()
    start = _started(owner.pid)
    return start is not None and (0 in (start, owner.start) or start == owner.start)


def _started(pid: int) -> int | None:
    """When the process began, in clock ticks since the system did; 0 where nobody says; None if it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if words[0] in (b"Z", b"X") else int(words[19])
    except (OSError, ValueError, IndexError):
        return None if Path("/proc/self/stat").exists() else _exists(pid)


def _exists(pid: int) -> int | None:
    if os.name == "nt" or pid == os.getpid():
        return 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:  # it belongs to somebody else
        return 0
    return 0


def lock(fd: int) -> None:
    """Mark the open file as being written; the mark goes with the process, even one of another container."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def locked(path: Path) -> bool:
    """Whether somebody has the file open and marked."""
    try:
        import fcntl

        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (ImportError, OSError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without such marks
        return False
    finally:
        os.close(fd)
    return False
