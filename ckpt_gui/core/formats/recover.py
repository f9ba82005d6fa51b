"""A torch zip that was cut off before its directory: what the local headers still tell.

torch writes ``data.pkl`` first, so a download that stopped half-way usually has the whole tree.
Sizes of streamed records are not in their headers; the pickle says how long each storage is.
"""

from __future__ import annotations

import struct

from ckpt_gui.core import dtypes
from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, pickle_findings, take_storage
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Storage
from ckpt_gui.core.sources import Bytes

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_SEARCH = 1 << 16
MAX_RECORDS = 5_000_000


def recover(candidate: Candidate, found: Found) -> Found:
    """Fill ``found`` from the records that are left. Raises DamagedFile where not even data.pkl is."""
    source = candidate.file
    table = StorageTable()
    at = _record(source, 0, "data.pkl")
    if at is None:
        raise DamagedFile(f"{candidate.zip_trouble or 'the zip is damaged'}; data.pkl is not at its beginning either")
    candidate.report.allow(min(source.nbytes, 256 << 20))
    pickled = read_pickle(source, at, table, candidate.report)
    found.root = pickled.value
    if found.root is None and pickled.broken:
        raise DamagedFile(f"the file is cut off within data.pkl: {pickled.broken}")
    pickle_findings(found, pickled)
    found.facts["refused_by_torch"] = "the zip directory is missing"
    _place(source, pickled.end, table.by_key)
    return found


def _record(source: Bytes, offset: int, wanted: str) -> int | None:
    """Where the data of the record at ``offset`` begin, if it is called ``wanted``."""
    header = source.read(offset, 30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        return None
    *_, name_size, extra_size = _LOCAL.unpack(header)
    name = source.read(offset + 30, name_size)
    return offset + 30 + name_size + extra_size if name.endswith(wanted.encode()) else None


def _place(source: Bytes, at: int, storages: dict[str, Storage]) -> None:
    """Walk from record to record; a storage's own length tells where the next may begin."""
    left = dict(storages)
    big = False
    for _ in range(MAX_RECORDS):
        found = source.read(at, _SEARCH).find(b"PK\x03\x04") if left else -1
        header = source.read(at + found, 30) if found >= 0 else b""
        if len(header) < 30:
            break
        *_, name_size, extra_size = _LOCAL.unpack(header)
        name = source.read(at + found + 30, name_size).decode("utf-8", "replace")
        begin = at = at + found + 30 + name_size + extra_size
        if name.endswith("/byteorder"):
            big = source.read(begin, 3) == b"big"
        storage = left.pop(name.rpartition("/data/")[2], None) if "/data/" in name else None
        if storage is not None:
            storage.big_endian = big
            at += _take(source, storage, begin)
    for storage in left.values():
        storage.problem = "its bytes lie in the part of the file that is missing"


def _take(source: Bytes, storage: Storage, begin: int) -> int:
    needed = dtypes.nbytes(storage.dtype, max(storage.numel, 0))
    held = max(0, min(needed, source.nbytes - begin))
    take_storage(storage, 0, begin, needed)
    if held < needed:
        storage.problem = f"the file is cut off: {held:,} of its {needed:,} bytes are there"
    return held
