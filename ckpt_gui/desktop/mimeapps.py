"""Which program opens which type: the text of ``mimeapps.list``, read and edited line by line. Pure.

Source: the freedesktop.org specification "Association between MIME types and applications". A person's own
lines, comments and order stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

DEFAULTS = "[Default Applications]"
_CACHE = "[MIME Cache]"


class Handler(NamedTuple):
    """The program that opens a type."""

    entry: str
    chosen: bool
    """Somebody chose it; otherwise it is only the first that can."""


def default_of(text: str, mime: str) -> list[str]:
    """The desktop entries that a text of ``mimeapps.list`` names as defaults of a type, the first choice first."""
    return _values(text, DEFAULTS, mime)


def handlers_of(cache: str, mime: str) -> list[str]:
    """The desktop entries that a ``mimeinfo.cache`` knows for a type."""
    return _values(cache, _CACHE, mime)


def with_default(text: str, mime: str, entry: str) -> str:
    """The text with ``entry`` as the first choice for a type; those before it come after it."""
    others = [each for each in default_of(text, mime) if each != entry]
    return _replaced(text, mime, "".join(f"{each};" for each in (entry, *others)))


def without(text: str, mime: str, entry: str) -> str:
    """The text with ``entry`` no longer a default of a type."""
    listed = default_of(text, mime)
    if entry not in listed:
        return text
    return _replaced(text, mime, "".join(f"{each};" for each in listed if each != entry))


def first_handler(
    mime: str, choices: Sequence[str], caches: Sequence[str], usable: Callable[[str], bool], *, but: str
) -> Handler | None:
    """The program that opens a type now, but for ``but``.

    ``choices``: texts of ``mimeapps.list`` and ``caches``: of ``mimeinfo.cache``, those that count more first.
    """
    for text in choices:
        for entry in default_of(text, mime):
            if entry != but and usable(entry):
                return Handler(entry, chosen=True)
    for text in caches:
        for entry in handlers_of(text, mime):
            if entry != but and usable(entry):
                return Handler(entry, chosen=False)
    return None


def with_defaults(text: str, chosen: Mapping[str, str]) -> str:
    """The text with a first choice for each of these types."""
    for mime, entry in chosen.items():
        if default_of(text, mime)[:1] != [entry]:
            text = with_default(text, mime, entry)
    return text


def _values(text: str, section: str, mime: str) -> list[str]:
    found: list[str] = []
    for _number, key, value in _entries(text, section):
        if key == mime:
            found += [each.strip() for each in value.split(";") if each.strip()]
    return found


def _entries(text: str, section: str) -> Iterator[tuple[int, str, str]]:
    """Line number, key and value of each line of a section."""
    inside = False
    for number, line in enumerate(_lines(text)):
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped == section
        elif inside and "=" in stripped and not stripped.startswith("#"):
            key, _, value = stripped.partition("=")
            yield number, key.strip(), value


def _lines(text: str) -> list[str]:
    """Without what Python takes for the ends of lines besides: these are somebody's."""
    return text.removesuffix("\n").split("\n") if text else []


def _replaced(text: str, mime: str, value: str) -> str:
    """The text with one line for a type in the section of defaults, or none where ``value`` is empty."""
    lines = _lines(text)
    old = [number for number, key, _value in _entries(text, DEFAULTS) if key == mime]
    kept = [f"{mime}={value}"] if value else []
    if old:
        lines[old[0] : old[0] + 1] = kept
        for number in reversed(old[1:]):
            del lines[number + len(kept) - 1]
    elif kept:
        heads = [number for number, line in enumerate(lines) if line.strip() == DEFAULTS]
        if not heads:
            lines += [*([""] if lines and lines[-1].strip() else []), DEFAULTS]
            heads = [len(lines) - 1]
        lines[heads[0] + 1 : heads[0] + 1] = kept
    return "".join(f"{line}\n" for line in lines)
