"""What a second start hands to the running window: one line of JSON, with limits, checked before it is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

VERSION = 1
GREETING = b"ckpt_gui %d\n" % VERSION
"""The window's first line; of another version nothing is asked."""
TAKEN, REFUSED = b"taken\n", b"refused\n"
MAX_LINE = 1 << 20
"""Bytes of a request, its newline included."""
MAX_FILES = 1_000
MAX_TEXT = 1 << 16
"""Characters of one address, of ``select`` and of ``token``."""
_FIELDS = {"version", "files", "select", "tab", "token"}


class Request(NamedTuple):
    """Files to open, and where to go in them."""

    files: tuple[str, ...] = ()
    """Absolute addresses: FILE or FILE::PATH. Without any the window only comes forward."""
    select: str | None = None
    tab: str | None = None
    token: str = ""
    """What the desktop gave the second start, that its window may come to the front (XDG_ACTIVATION_TOKEN)."""


def absolute(address: str) -> str:
    """The address from the root on, for the running window stands in another folder. Links are not followed."""
    if "::" in address and not Path(address).exists():
        head, _, tail = address.partition("::")
        return f"{_absolute(head)}::{tail}"
    return _absolute(address)


def _absolute(path: str) -> str:
    return os.path.normpath(Path(path).absolute())


def encode(request: Request) -> bytes | None:
    """The request's line; None if it is longer than a window would take."""
    line = json.dumps({"version": VERSION, **request._asdict()}).encode("ascii") + b"\n"
    return line if len(line) <= MAX_LINE and len(request.files) <= MAX_FILES else None


def decode(line: bytes, tabs: Sequence[str] | None = None) -> Request:
    """The request of a line; ``tabs``: the pages there are. Raises ValueError for whatever is not exactly one."""
    if len(line) > MAX_LINE:
        raise ValueError("the request is too long")
    try:
        told = json.loads(line)
    except RecursionError as exc:
        raise ValueError("the request is nested too deeply") from exc
    if not isinstance(told, dict) or told.keys() != _FIELDS or type(told["version"]) is not int:
        raise ValueError("this is no request")
    if told["version"] != VERSION:
        raise ValueError(f"requests of version {told['version']} are not understood")
    tab = _optional(told["tab"])
    if tab is not None and tabs is not None and tab not in tabs:
        raise ValueError("there is no such page")
    return Request(_files(told["files"]), _optional(told["select"]), tab, _text(told["token"]))


def _files(told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) > MAX_FILES:
        raise ValueError("files is no list, or too long a one")
    files = tuple(map(_text, told))
    if not all(map(os.path.isabs, files)):
        raise ValueError("a file's address is not absolute")
    return files


def _optional(told: object) -> str | None:
    return None if told is None else _text(told)


def _text(told: object) -> str:
    if not isinstance(told, str) or len(told) > MAX_TEXT or "\0" in told:
        raise ValueError("text was expected")
    return told
