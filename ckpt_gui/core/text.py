"""Numbers, paths and hostile text, in words a person can read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

Key = str | int | float | bool | None
Path = tuple[Key, ...]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_UNSAFE = re.compile(r"[^\x20-\x7e\xa1-\xac\xae-\u024f\u0391-\u03a1\u03a3-\u03ff\u0400-\u04ff]")
MAX_FLOAT_BITS = 1000
"""Larger ints are lies of a damaged file, and more than a float holds."""
_INT_LIKE = re.compile(r"-?\d+\Z")
_DIGITS = re.compile(r"(\d+)")


def size(nbytes: int) -> str:
    """Bytes in binary units, three significant digits: ``6.75 MiB``."""
    if abs(nbytes) < 1024:
        return f"{nbytes} B"
    if nbytes.bit_length() > MAX_FLOAT_BITS:
        return f"{_power(nbytes)} B"
    value = float(nbytes)
    for unit in _UNITS:
        if abs(value) < 999.5 or unit == _UNITS[-1]:
            return f"{_three(value)} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def count(number: int) -> str:
    """A count in decimal steps, three significant digits: ``38.6 M``; exact below 10,000."""
    if abs(number) < 10_000:
        return str(number)
    if number.bit_length() > MAX_FLOAT_BITS:
        return _power(number)
    value = float(number)
    for step in ("", " k", " M", " G", " T", " P"):
        if abs(value) < 999.5:
            return f"{_three(value)}{step}"
        value /= 1000
    return f"{number:.2e}"


def _power(number: int) -> str:
    return f"about {'-' if number < 0 else ''}10^{int(number.bit_length() * 0.30103)}"


def _three(value: float) -> str:
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:.{digits}f}"


def shape(sizes: Sequence[int]) -> str:
    """A shape as ``768 × 2304``; ``scalar`` for rank 0; a ragged dimension (-1) by that word."""
    return " × ".join("ragged" if dim == -1 else integer(dim) for dim in sizes) if sizes else "scalar"


def plural(number: int, noun: str) -> str:
    """``1 tensor``, ``2 tensors``, ``1,204 entries``."""
    if number == 1:
        return f"1 {noun}"
    many = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
    return f"{number:,} {many}"


def join_words(words: Iterable[str], limit: int = 6) -> str:
    """``a, b and 3 more``: at most ``limit`` of the words."""
    listed = list(words)
    if len(listed) > limit:
        return ", ".join(listed[:limit]) + f" and {len(listed) - limit:,} more"
    return " and ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else "".join(listed)


def escape(text: str) -> str:
    """The text with every character that could mislead the eye shown as an escape.

    Control, bidirectional, format and unassigned characters and lone surrogates become
    ``\\uXXXX``; letters of every script stay.
    """
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(_escape_one, text)


def _escape_one(match: re.Match[str]) -> str:
    char = match.group()
    if char in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char]
    if unicodedata.category(char)[0] in "CZ":
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def clip(text: str, limit: int = 1000) -> str:
    """At most ``limit`` characters; a cut is marked by an ellipsis inside the limit."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def integer(value: int) -> str:
    """An int in decimal; one too long for that (Python refuses over 4,300 digits) by its bits."""
    bits = value.bit_length()
    return str(value) if bits <= 4096 else f"integer, {bits:,} bits"


def key_text(key: Key) -> str:
    """One key as it stands in a path text."""
    if isinstance(key, str):
        quoted = f'"{key}"' if _INT_LIKE.match(key) else key
        return quoted.replace("\\", "\\\\").replace("/", "\\/")
    return integer(key) if type(key) is int else str(key)


def path_text(path: Iterable[Key]) -> str:
    """Keys joined by ``/``; ``/`` and ``\\`` in a key are escaped, int-like text is quoted."""
    return "/".join(map(key_text, path))


def parse_path(text: str) -> Path:
    """The keys of a typed path text; the inverse of ``path_text`` for text and int keys."""
    parts: list[str] = [""]
    escaped = False
    for char in text:
        if escaped:
            parts[-1] += char
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == "/":
            parts.append("")
        else:
            parts[-1] += char
    return tuple(_parse_key(part) for part in parts) if text else ()


def _parse_key(part: str) -> Key:
    if _INT_LIKE.match(part):
        return int(part) if len(part) < 4000 else part
    if len(part) > 2 and part[0] == part[-1] == '"' and _INT_LIKE.match(part[1:-1]):
        return part[1:-1]
    return part


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts ``layer2`` before ``layer10``."""
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) < 4000 else (1, 0, part.casefold())
        for part in _DIGITS.split(text)
        if part
    )
