"""The nouns of an integration: files to be written, programs to be told, and what became of it all."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Written(NamedTuple):
    """A file as it is to be."""

    path: Path
    content: bytes
    mode: int = 0o644


class Tool(NamedTuple):
    """A program that has to hear of what was written."""

    command: tuple[str, ...]
    package: str
    """What brings it, where it is missing."""
    effect: str
    """What does not happen without it."""


class Change(NamedTuple):
    """What was or would be done to a file."""

    path: str
    what: str
    """``write``, ``edit``, ``same``, ``remove``, ``restore``, or ``leave``: changed by somebody since."""


class Outcome(NamedTuple):
    """What an integration, or its undoing, did or would do."""

    sentence: str
    """What it comes to, for a person."""
    changes: tuple[Change, ...]
    ran: tuple[str, ...] = ()
    """Commands that were (or would be) run."""
    advice: tuple[str, ...] = ()
    """Sentences: what is left for a person to do, or to know."""
