"""Which of a checkpoint's notes mean damage, and which are mere remarks.

A note is taken for damage unless it is one of these remarks: a format that learns a new note makes
``verify`` too strict, never too lenient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ckpt_gui.core.health.nouns import Entry, Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import escape

_HARMLESS = re.compile(
    "|".join((
        # Bytes that readers pass over, before, after or beside what counts.
        r"bytes? after the last storage;", r"bytes? after the pickle's end$", r"bytes? after the zip's end$",
        r"bytes? as the zip's comment$", r"bytes? before the first record$",
        r"that nothing refers to", r"tensors the index does not name", r"outside the folder .*, unseen by torch",
        # Legal, if unusual.
        r"compressed, which torch\.save never does$", r"compressed storages?, which torch\.save never writes",
        r"odd record names, shown escaped", r"do not lie in a folder, as torch wants",
        r"native code, which loading would run", r"written on a big-endian machine",
        r"file version .*; torch reads versions up to", r"written twice in one mapping; the later one counts",
        r"the header names an entry twice; the later one counts",
        r"^__metadata__ (is no|holds something)", r"holds half a surrogate pair",
        # What the tree leaves out is whole in the file.
        r"contains itself", r"the tree ends there$", r"named, not repeated$", r"the rest is left out$",
        r"are shown$", r"the others stay closed$", r"the rest is not followed$",
    ))
)  # fmt: skip
_BROKEN = re.compile(
    r"is broken|is damaged|cut off|what (came|it lists) before|the remaining records|entries before that"
)
"""Notes that say this are never harmless, whatever else they say."""
_SUMS_UP = re.compile(r"^[\d,]+ of [\d,]+ tensors do not hold together; ")
"""Said of the tensors' own problems, which are listed one by one."""
_CHECKSUM = re.compile(r"the checksum \(CRC-32\) does not fit its bytes")
"""Found again, with the figures, when every record is looked at; unless that cannot be done."""


def damage(checkpoint: Checkpoint, *, checksums: bool) -> Iterator[Entry]:
    """Problems that the index tells of; ``checksums``: those of all records are compared on their own."""
    for note in checkpoint.notes:
        if is_damage(note) and not (checksums and _CHECKSUM.search(note)):
            yield Entry(Kind.STRUCTURE, escape(note))
    for problem in checkpoint.problems:
        if problem.path is None:
            yield Entry(Kind.STRUCTURE, escape(problem.text))
    problems, nodes = checkpoint.tensors.problem, checkpoint.tensors.node
    for row in range(checkpoint.rows):
        if problems[row] >= 0:
            text = escape(checkpoint.texts[problems[row]])
            yield Entry(Kind.STRUCTURE, text, checkpoint.path_of(nodes[row]), nodes[row])


def remarks(notes: Iterable[str]) -> list[str]:
    """The notes that mean no damage."""
    return [escape(note) for note in notes if not is_damage(note) and not _SUMS_UP.search(note)]


def is_damage(note: str) -> bool:
    """Whether a note says that something is broken, missing or ambiguous."""
    if _SUMS_UP.search(note):
        return False
    return not _HARMLESS.search(note) or _BROKEN.search(note) is not None
