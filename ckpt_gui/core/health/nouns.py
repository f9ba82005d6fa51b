"""What a check of a checkpoint gives: problems, findings, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ckpt_gui.core.text import Path

Index = tuple[int, ...]
MAX_LISTED = 10_000
"""Entries of one kind; more of them are counted."""


class Kind(StrEnum):
    """What an entry is about; the value is the word of the JSON contract."""

    STRUCTURE = "structure"
    """Problem: the format's own account of the file does not add up, or part of it is missing."""
    CHANGED = "changed"
    """Problem: the file on the disk is not the one whose index was read."""
    CRC = "crc"
    """Problem: bytes that do not have the checksum their container gives them."""
    UNREADABLE = "unreadable"
    """Problem: values or records that could not be read."""
    NAN = "nan"
    """Problem."""
    INF = "inf"
    """Problem."""
    CRC_MISSING = "crc-not-computed"
    """Finding, and all that follow: every checksum of a container is 0."""
    ZERO = "all-zero"
    CONSTANT = "constant"
    DEAD_ROWS = "dead-rows"
    FLOAT16_OVERFLOW = "float16-overflow"
    FLOAT16_UNDERFLOW = "float16-underflow"
    OUTLIER = "outlier"
    DENORMAL = "denormal"

    @property
    def problem(self) -> bool:
        """Whether it means that the file is not all right; else it is only worth knowing."""
        return self in (Kind.STRUCTURE, Kind.CHANGED, Kind.CRC, Kind.UNREADABLE, Kind.NAN, Kind.INF)


@dataclass(frozen=True, slots=True)
class Entry:
    """One problem or finding."""

    kind: Kind
    text: str
    """What is the matter, without the path: ``3 of 4,096 values are NaN, the first at [0, 5]``. Escaped."""
    path: Path | None = None
    """The tensor; None for the file as a whole, or for a record that no tensor uses."""
    node: int = -1
    """The same as a node id; -1 for none."""
    index: Index | None = None
    """The first value it is true of; of dead rows, the first row."""


@dataclass(frozen=True, slots=True)
class Health:
    """The outcome of one check."""

    problems: tuple[Entry, ...]
    findings: tuple[Entry, ...]
    notes: tuple[str, ...]
    """What was checked, and what could not be."""
    remarks: tuple[str, ...] = ()
    """The index's own notes that mean no damage."""
    tensors: int = 0
    """Tensor rows whose values were looked at, tied ones included."""
    records: int = 0
    """Records whose checksum was compared."""
    checked_nbytes: int = 0
    """Bytes of the files that were looked at, each counted once."""

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


class Entries:
    """Collects entries; a kind that fills up is counted, not listed."""

    def __init__(self) -> None:
        self._listed: list[Entry] = []
        self._counts: dict[Kind, int] = {}

    def add(self, entries: Iterable[Entry]) -> None:
        """Take these too."""
        for entry in entries:
            seen = self._counts[entry.kind] = self._counts.get(entry.kind, 0) + 1
            if seen <= MAX_LISTED:
                self._listed.append(entry)

    def all(self) -> list[Entry]:
        """Every entry, by kind, and one at the end of a kind for those that were only counted."""
        more = [
            Entry(kind, f"{seen - MAX_LISTED:,} more like the {MAX_LISTED:,} listed")
            for kind, seen in self._counts.items()
            if seen > MAX_LISTED
        ]
        order = list(Kind)
        listed = sorted(self._listed, key=lambda entry: entry.node)  # they came as they were found
        return sorted(listed + more, key=lambda entry: order.index(entry.kind))
