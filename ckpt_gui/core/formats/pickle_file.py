"""A bare pickle: scheduler state, old Hugging Face files, scikit-learn and the like. A tree, no storages."""

from __future__ import annotations

from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, pickle_findings
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.text import plural

NAME = "pickle"
_TEXT_STARTS = b"(}])cIFSVLNd"
"""Opcodes that begin a pickle of protocol 0 or 1 (pickletools)."""


def sniff(candidate: Candidate) -> bool:
    """The PROTO opcode with a known protocol; or a short look that shows a whole pickle of protocol 0 or 1."""
    head = candidate.head
    if head[:1] == b"\x80":
        return len(head) > 2 and head[1] <= 5
    if not head or head[0] not in _TEXT_STARTS or candidate.file.nbytes > 64 << 20:
        return False
    return read_pickle(candidate.file, 0, StorageTable(), candidate.report).broken is None


def read(candidate: Candidate) -> Found:
    """The index; of a broken stream, what came before it broke."""
    found = Found(NAME, None, [candidate.file.source])
    candidate.report.allow(min(candidate.file.nbytes, 64 << 20))
    table = StorageTable()
    pickled = read_pickle(candidate.file, 0, table, candidate.report)
    for storage in table.by_key.values():
        storage.problem = "a bare pickle holds no storages; their bytes are elsewhere"
    found.root = pickled.value
    pickle_findings(found, pickled, "the pickle")
    if pickled.broken is None and pickled.end < candidate.file.nbytes:
        found.notes.append(f"{plural(candidate.file.nbytes - pickled.end, 'byte')} after the pickle's end")
    if pickled.broken and pickled.value is None:
        raise DamagedFile(f"a pickle that cannot be read: {pickled.broken}")
    return found
