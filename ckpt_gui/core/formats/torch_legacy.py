"""torch.save of 0.1.10 to 1.5: five pickles back to back, then the storages.

Layout: torch/serialization.py ``_legacy_save``/``_legacy_load``; formats.md §2. After the pickles (magic,
protocol 1001, system facts, the object, the list of storage keys) come, for each key in that
order, an int64 count of elements and the raw little-endian data.
"""

from __future__ import annotations

import struct
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, pickle_findings, take_storage, with_sources
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.effects import Pickled
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Mapping, Storage
from ckpt_gui.core.sources import Bytes
from ckpt_gui.core.text import plural

NAME = "torch-legacy"
MAGIC = 0x1950A86A20F9469CFC6C
_MAGIC_BYTES = MAGIC.to_bytes(10, "little")
PROTOCOL = 1001


def sniff(candidate: Candidate) -> bool:
    """The magic number near the start (protocol 4 puts a frame before it, protocol 0 writes it as text)."""
    return _MAGIC_BYTES in candidate.head[:64] or str(MAGIC).encode() in candidate.head[:64]


def read(candidate: Candidate) -> Found:
    """The index; of a cut-off file, what is left of it."""
    source, report = candidate.file, candidate.report
    found = Found(NAME, None, [candidate.file.source])
    report.allow(min(source.nbytes, 64 << 20))
    magic = read_pickle(source, 0, None, report)
    protocol = read_pickle(source, magic.end, None, report)
    system = read_pickle(source, protocol.end, None, report)
    _check_preamble(magic, protocol, system, found)
    table = StorageTable()
    pickled = read_pickle(source, system.end, table, report)
    found.root = pickled.value
    pickle_findings(found, pickled, "the object")
    if found.root is None and pickled.broken:
        raise DamagedFile(f"a legacy checkpoint whose object cannot be read: {pickled.broken or system.broken}")
    if pickled.broken is None:
        _read_storages(source, pickled.end, table, found, candidate)
    else:
        _without_data(table.by_key, "the file is broken before its data")
    if table.refused:
        found.facts.setdefault("refused_by_torch", table.refused)
    found.storages += table.by_key.values()
    found.root = with_sources(found.root, table)
    found.notes += table.notes
    return found


def _check_preamble(magic: Pickled, protocol: Pickled, system: Pickled, found: Found) -> None:
    if magic.value != MAGIC or protocol.value != PROTOCOL:
        found.notes.append("the legacy magic number or protocol is not as torch writes it")
        found.facts["refused_by_torch"] = "its magic number or protocol is wrong"
    facts = {key: value for key, value in system.value.items if type(key) is str} if _is_mapping(system.value) else {}
    if facts.get("little_endian") is False:
        found.notes.append("written on a big-endian machine; torch reads its data as little-endian all the same")
    found.facts["python2"] = system.python2
    found.facts["written_by"] = "torch 0.1.10 to 1.5, or later with the legacy option"


def _is_mapping(value: Any) -> bool:
    return type(value) is Mapping


def _without_data(storages: dict[str, Storage], why: str) -> None:
    for storage in storages.values():
        storage.problem = storage.problem or why


def _read_storages(source: Bytes, at: int, table: StorageTable, found: Found, candidate: Candidate) -> None:
    keys = read_pickle(source, at, None, candidate.report)
    listed = [str(key) for key in keys.value if type(key) in (str, int)] if type(keys.value) is list else []
    if type(keys.value) is list and any(type(key) is not str for key in keys.value):
        found.notes.append("the list of storages holds something else than text; torch refuses that")
        found.facts.setdefault("refused_by_torch", "its list of storages holds something else than text")
    if keys.broken or (type(keys.value) is not list):
        found.notes.append("the list of storages is missing or broken: the file was cut off")
    storages = dict(table.by_key)
    at = keys.end
    for place, key in enumerate(listed):
        if not place & 0xFFF:
            candidate.report.at(place, len(listed), "storages")
        storage = storages.pop(key, None)
        if storage is None:
            found.facts.setdefault("refused_by_torch", "its list of storages names one that nothing refers to")
            found.notes.append("the list of storages names one that nothing refers to; its length is not known")
            break
        at = _take(source, at, storage)
    _without_data(storages, "its bytes are missing: the file was cut off")
    if not storages and at < source.nbytes:
        found.notes.append(f"{plural(source.nbytes - at, 'byte')} after the last storage; torch stops before them")


def _take(source: Bytes, at: int, storage: Storage) -> int:
    """One storage's count and data; returns where the next one begins."""
    needed = dtypes.nbytes(storage.dtype, max(storage.numel, 0))
    head = source.read(at, 8)
    if len(head) < 8:
        storage.problem = "its bytes are missing: the file was cut off"
        return at
    written = struct.unpack("<q", head)[0]
    take_storage(storage, 0, at + 8, needed)
    if written != storage.numel:
        storage.problem = f"its data begin with a count of {written:,} elements where {storage.numel:,} are expected"
    elif at + 8 + needed > source.nbytes:
        storage.problem = f"the file is cut off: {source.nbytes - at - 8:,} of its {needed:,} bytes are there"
    return at + 8 + needed
