"""The nouns of facts: what is said about a selection, before any shell shows it."""

from __future__ import annotations

from dataclasses import dataclass

MAX_LINKS = 20
"""So many partners or children are listed; the rest is counted."""
MAX_LARGEST = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """One label and what it says."""

    label: str
    text: str
    node: int = -1
    """Where its subject stands; -1 for nowhere else."""
    alarm: bool = False
    """Something does not hold together."""
    place: tuple[int, ...] | None = None
    """Index of the value meant, in the tensor at ``node``."""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under one heading ("" for the first)."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything to say about one selection."""

    prefix: str
    """The path text up to the name, for a heading."""
    name: str
    line: str
    """One line under the heading."""
    summary: tuple[Section, ...]
    info: tuple[Section, ...]
    long_text: str
    """Text too long for a row: code, a configuration; "" for none."""
