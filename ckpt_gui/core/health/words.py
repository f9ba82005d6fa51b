"""How the outcome of a check is told: as lines for people, grouped and few, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ckpt_gui.core.health.nouns import Entry, Health, Kind
from ckpt_gui.core.info import plain_path
from ckpt_gui.core.text import clip, escape, path_text, plural

TITLES = {
    Kind.STRUCTURE: "Does not hold together", Kind.CHANGED: "Changed on the disk",
    Kind.CRC: "Checksums that do not fit", Kind.UNREADABLE: "Cannot be read", Kind.NAN: "NaN", Kind.INF: "Infinity",
    Kind.CRC_MISSING: "Checksums not computed", Kind.ZERO: "All zero", Kind.CONSTANT: "Constant",
    Kind.DEAD_ROWS: "Dead rows", Kind.FLOAT16_OVERFLOW: "Too large for float16",
    Kind.FLOAT16_UNDERFLOW: "Too small for float16", Kind.OUTLIER: "Outliers", Kind.DENORMAL: "Denormal values",
}  # fmt: skip
MAX_PLACES = 3
"""Tensors named on one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """Entries with the same words: one line."""

    text: str
    """What is true of them all."""
    places: tuple[Entry, ...]
    """The first few that lie at a tensor."""
    count: int
    """How many entries."""

    def words(self, names: Sequence[str] | None = None) -> str:
        """One line: where, and what; ``names`` are the places' as they shall be shown."""
        listed = list(names) if names is not None else [name(entry) for entry in self.places]
        if not listed:
            return self.text
        if self.count == 1:
            return f"{listed[0]}: {self.text}"
        more = f" and {self.count - len(listed):,} more" if self.count > len(listed) else ""
        return f"{plural(self.count, 'tensor')}: {self.text} ({', '.join(listed)}{more})"


@dataclass(frozen=True, slots=True)
class Group:
    """All lines of one kind."""

    kind: Kind
    title: str
    lines: tuple[Line, ...]
    count: int
    """Entries."""


def groups(entries: Iterable[Entry]) -> list[Group]:
    """The entries by kind, in the order of ``Kind``; those that say the same are one line, the most common first."""
    by_kind: dict[Kind, dict[tuple[str, bool], list[Entry]]] = {}
    for entry in entries:
        # What says an index is true of one tensor only; the others may say the same of many.
        by_kind.setdefault(entry.kind, {}).setdefault((entry.text, entry.path is None), []).append(entry)
    return [
        Group(
            kind, TITLES[kind],
            tuple(
                Line(text, () if whole else tuple(alike[:MAX_PLACES]), len(alike))
                for (text, whole), alike in sorted(by_kind[kind].items(), key=lambda item: -len(item[1]))
            ),
            sum(map(len, by_kind[kind].values())),
        )
        for kind in Kind if kind in by_kind
    ]  # fmt: skip


def name(entry: Entry) -> str:
    """The tensor's path as text."""
    return clip(escape(path_text(entry.path or ())), 120) or "(the whole file)"


def verdict(health: Health) -> str:
    """The outcome in one sentence."""
    if health.ok and not health.findings:
        return "It holds together, and all its values are finite." if health.tensors else "It holds together."
    found = plural(len(health.findings), "finding")
    if health.ok:
        return f"It holds together, and all its values are finite; {found}."
    told = plural(len(health.problems), "problem")
    return f"{told} and {found}." if health.findings else f"{told}."


def lines(health: Health, most: int | None = 10) -> Iterator[tuple[str, str]]:
    """The outcome for a terminal: (style, line) with the styles ``title``, ``problem``, ``finding``, ``note``, "".

    ``most`` lines of each kind; None for all.
    """
    yield "problem" if health.problems else "good", verdict(health)
    for style, entries in (("problem", health.problems), ("finding", health.findings)):
        for group in groups(entries):
            yield "", ""
            yield style, f"{group.title} ({group.count:,})" if group.count > 1 else group.title
            yield from (("", f"  {line.words()}") for line in group.lines[:most])
            if most is not None and len(group.lines) > most:
                yield "note", f"  … {len(group.lines) - most:,} more (--all)"
    if health.notes or health.remarks:
        yield "", ""
        yield from (("note", note) for note in (*health.notes, *health.remarks))


def as_json(health: Health, path: str, form: str | None) -> dict[str, Any]:
    """The object of ``ckpt-gui verify --json`` (product.md, "JSON")."""
    return {
        "path": path, "format": form, "ok": health.ok,
        "problems": [_entry(entry) for entry in health.problems],
        "findings": [_entry(entry) for entry in health.findings],
        "checked_nbytes": health.checked_nbytes, "tensors": health.tensors, "records": health.records,
        "notes": [*health.notes, *health.remarks],
    }  # fmt: skip


def _entry(entry: Entry) -> dict[str, Any]:
    index = None if entry.index is None else list(entry.index)
    return {"path": plain_path(entry.path), "index": index, "kind": entry.kind.value, "text": entry.text}
