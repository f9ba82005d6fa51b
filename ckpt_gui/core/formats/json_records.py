"""JSON records of archives, read as the hostile text they may be: bounded, and every value's type checked."""

from __future__ import annotations

import json
from typing import Any

from ckpt_gui.core.errors import DamagedFile, TooLarge
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory
from ckpt_gui.core.text import escape

MAX_JSON = 256 << 20
"""A stored JSON record may be this long, in bytes …"""
MIN_UNPACKED = 4 << 20
"""… a deflated one may grow to this, or to MAX_RATIO times its stored size: ``[{},{},…`` takes 24 times its text."""
MAX_RATIO = 20


def read_json(directory: ZipDirectory, entry: Entry) -> dict[str, Any]:
    """The object in a record. Raises DamagedFile or TooLarge, with a sentence that names the record."""
    name = escape(entry.name)[:80]
    limit = max(MIN_UNPACKED, MAX_RATIO * entry.packed) if entry.method else MAX_JSON
    if max(entry.nbytes, entry.packed) > min(limit, MAX_JSON):
        raise TooLarge(f"{name} holds {entry.nbytes:,} bytes of JSON, more than {min(limit, MAX_JSON):,}")
    content, trouble = directory.open(entry)
    if trouble or content.nbytes > limit:
        raise DamagedFile(f"{name}: {trouble or 'longer than the directory says'}")
    try:
        value = json.loads(content.read(0, content.nbytes))
    except RecursionError:
        raise DamagedFile(f"{name} is nested too deeply to be what it claims") from None
    except ValueError as exc:
        # Bad UTF-8 and integers of thousands of digits end here too.
        raise DamagedFile(f"{name} is not valid JSON: {escape(str(exc))[:200]}") from None
    if type(value) is not dict:
        raise DamagedFile(f"{name} is JSON, but not an object")
    return value


def field(holder: Any, name: str, kind: type, default: Any = None) -> Any:
    """A field of a JSON object, if it is of exactly this type (a bool is no int); else ``default``."""
    value = holder.get(name) if type(holder) is dict else None
    return value if type(value) is kind else default
