"""What was written and what stood there before: a file that makes an integration reversible, and the way back.

A file goes back to what it was only if it still is as we left it; what somebody changed since is theirs.
"""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ckpt_gui.desktop.written import Change, Written


@dataclass(slots=True)
class Entry:
    """One file."""

    after: str
    """Digest of what we wrote."""
    before: str | None = None
    """What stood there, in base64; None: nothing did."""


@dataclass(slots=True)
class Record:
    """Everything that was written, by path."""

    files: dict[str, Entry] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    """Folders we made, outermost first."""
    generated: list[str] = field(default_factory=list)
    """What other programs made of our files, where nothing had been."""
    defaults: dict[str, str] = field(default_factory=dict)
    """MIME type → the program we made its first choice."""


def load(path: Path) -> Record:
    """The record kept there; an empty one where there is none, or none that can be understood."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        files = {name: Entry(**entry) for name, entry in told["files"].items()}
        return Record(files, list(told["folders"]), list(told["generated"]), dict(told["defaults"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Record()


def save(path: Path, record: Record) -> None:
    """Keep it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")


def digest(content: bytes) -> str:
    """What tells whether a file is as we left it."""
    return hashlib.sha256(content).hexdigest()


def content(path: Path) -> bytes | None:
    """What stands in a file; None: there is none. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def base(record: Record, path: Path) -> bytes | None:
    """What a file would be without us, as far as the record knows. Raises OSError."""
    now, entry = content(path), record.files.get(str(path))
    if entry is None or now is None or digest(now) != entry.after:
        return now
    return None if entry.before is None else base64.b64decode(entry.before)


def note(record: Record, file: Written) -> Change:
    """Enter a file that is about to be written; what will be done to it. Raises OSError."""
    now, before = content(file.path), base(record, file.path)
    kept = None if before is None else base64.b64encode(before).decode()
    record.files[str(file.path)] = Entry(digest(file.content), kept)
    missing = [folder for folder in file.path.parents if not folder.exists()]
    record.folders += [str(folder) for folder in reversed(missing) if str(folder) not in record.folders]
    what = "write" if now is None else "same" if now == file.content else "edit"
    return Change(str(file.path), what)


def write(file: Written) -> None:
    """Write one file, whole or not at all. Raises OSError."""
    if content(file.path) == file.content:
        return
    # Through a link: people keep such files elsewhere and link to them.
    path = file.path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.ckpt_gui")
    temporary.write_bytes(file.content)
    temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else file.mode)
    temporary.replace(path)


def undo(path: Path, entry: Entry, *, dry: bool) -> Change | None:
    """Put one file back; None where nothing is to be done. Raises OSError."""
    now = content(path)
    before = None if entry.before is None else base64.b64decode(entry.before)
    if now is None or now == before:
        return None
    if digest(now) != entry.after:
        return Change(str(path), "leave")
    if before is None:
        if not dry:
            path.unlink()
        return Change(str(path), "remove")
    if not dry:
        write(Written(path, before))
    return Change(str(path), "restore")


def forget(path: Path, record: Record) -> None:
    """Remove the record, and the folders we made where nothing of anybody's lies in them. Raises OSError."""
    path.unlink(missing_ok=True)
    for folder in (path.parent, *map(Path, reversed(record.folders))):
        with suppress(OSError):
            folder.rmdir()
