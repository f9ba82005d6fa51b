"""torch.save since 1.6: a zip with ``data.pkl`` and one record a storage.

Layout: torch/serialization.py ``_save`` and caffe2/serialize/inline_container.cc; formats.md §1.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, list_names, pickle_findings, take_storage
from ckpt_gui.core.formats.recover import recover
from ckpt_gui.core.formats.zipdir import Entry, ZipDirectory
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.pickles.machine import Pickled, read_pickle
from ckpt_gui.core.pickles.values import Mapping, Storage
from ckpt_gui.core.progress import Report
from ckpt_gui.core.text import escape, plural

NAME = "torch-zip"


def sniff(candidate: Candidate) -> bool:
    """A zip with a ``data.pkl``; or a cut-off zip whose first records look like torch's."""
    if candidate.zip is not None:
        return candidate.zip.find("data.pkl") is not None or _interrupted(candidate.zip)
    return candidate.head[:4] == b"PK\x03\x04" and b"/data.pkl" in candidate.head[:1024]


def _interrupted(directory: ZipDirectory) -> bool:
    names = {entry.name.rpartition("/")[2] for entry in directory.entries}
    return bool(names) and names <= {
        "version",
        "serialization_id",
        "byteorder",
        ".format_version",
        ".storage_alignment",
    }


def read(candidate: Candidate) -> Found:
    """The index; of a cut-off file, what its local headers still give."""
    found = Found(NAME, None, [candidate.file.source])
    directory = candidate.zip
    if directory is None:
        found.notes.append(f"{candidate.zip_trouble}; what the remaining records tell is shown")
        return recover(candidate, found)
    entry = directory.find("data.pkl")
    if entry is None:
        raise DamagedFile("incomplete checkpoint: data.pkl is missing, so its saving was interrupted")
    table = StorageTable()
    pickled = read_record_pickle(directory, entry, table, candidate.report)
    found.root = pickled.value
    big = read_settings(directory, found)
    place_records(directory, table.by_key, "data/{}", big)
    _tell_unused(directory, table, found)
    found.root = _with_sources(found.root, table)
    found.notes = directory.notes + table.notes + found.notes
    pickle_findings(found, pickled)
    if found.root is None and pickled.broken:
        raise DamagedFile(f"data.pkl is broken: {pickled.broken}")
    return found


def read_record_pickle(directory: ZipDirectory, entry: Entry, table: StorageTable, report: Report) -> Pickled:
    """The pickle of one record; what is amiss with the record goes into the directory's notes."""
    content, trouble = directory.open(entry)
    name = escape(entry.name)[:80]
    if trouble:
        directory.notes.append(f"{name}: {trouble}")
    if entry.method == 8:
        directory.notes.append(f"{name} is compressed, which torch.save never does")
    report.allow(entry.packed)
    pickled = read_pickle(content, 0, table, report)
    if pickled.broken is None:
        if content.nbytes > pickled.end:
            directory.notes.append(f"{name}: {plural(content.nbytes - pickled.end, 'byte')} after the pickle's end")
        if content.nbytes <= 256 << 20:
            directory.check_crc(entry, content.read(0, content.nbytes))
    return pickled


def read_settings(directory: ZipDirectory, found: Found) -> bool:
    """The small records: version, byte order and what tells the writer's age; returns whether big-endian."""
    version = directory.read("version") or directory.read(".data/version")
    if version is None:
        found.notes.append("the version record is missing; torch refuses such a file")
        found.facts["refused_by_torch"] = "the version record is missing"
    else:
        text = version.strip().decode("latin-1")[:20]
        found.facts["version"] = text
        if not text.isdecimal() or int(text) > 10:
            found.notes.append(f"file version {escape(text)}; torch reads versions up to 10")
            found.facts["refused_by_torch"] = f"file version {escape(text)} is not known"
    order = directory.read("byteorder")
    found.facts["byteorder"] = order.decode("latin-1")[:20] if order is not None else "not written"
    if order not in (None, b"little", b"big"):
        found.notes.append(
            f"unknown byte order {escape(found.facts['byteorder'])}; little-endian is assumed, torch refuses"
        )
        found.facts["refused_by_torch"] = "its byte order is not known"
    newest = directory.find(".format_version") is not None
    middle = order is not None or directory.find(".data/serialization_id") is not None
    found.facts["written_by"] = (
        "torch 2.7 or later" if newest else "torch 2.1 or later" if middle else "torch 1.6 to 2.0"
    )
    found.facts["root"] = escape(directory.root)
    return order == b"big"


def place_records(directory: ZipDirectory, storages: dict[str, Storage], pattern: str, big_endian: bool) -> None:
    """Give each storage its record. Raises nothing: a missing record is the storage's problem."""
    for key, storage in storages.items():
        entry = directory.find(pattern.format(key))
        storage.big_endian = big_endian
        if entry is None:
            storage.problem = f"its record {escape(pattern.format(key))[:80]} is missing"
            continue
        begin = directory.data_offset(entry)
        storage.compression, storage.crc = entry.compression, entry.crc
        take_storage(storage, 0, begin, entry.nbytes, entry.packed)
        storage.problem = storage.problem or _record_problem(directory, entry, begin)


def _record_problem(directory: ZipDirectory, entry: Entry, begin: int) -> str | None:
    if begin < 0:
        return "its record is not where the directory says"
    if begin + entry.packed > directory.source.nbytes:
        held = max(0, directory.source.nbytes - begin)
        return f"its record is cut off: {held:,} of {entry.packed:,} bytes are in the file"
    if entry.compression == Compression.UNREADABLE:
        return "its record is encrypted or packed in an unknown way"
    if entry.compression == Compression.NONE and entry.packed != entry.nbytes:
        return f"its record is stored in {entry.packed:,} bytes but said to hold {entry.nbytes:,}"
    if entry.compression == Compression.DEFLATE and entry.nbytes > max(1 << 20, 1100 * entry.packed):
        return f"its record cannot grow from {entry.packed:,} to {entry.nbytes:,} bytes"
    return None


def _tell_unused(directory: ZipDirectory, table: StorageTable, found: Found) -> None:
    used = table.by_key
    records = directory.inside("data")
    spare = [name for name, _ in records if name not in used]
    if spare:
        found.notes.append(f"data that nothing refers to in {plural(len(spare), 'record')}: {list_names(spare, 3)}")
    packed = sum(1 for name, entry in records if name in used and entry.method)
    if packed:
        found.notes.append(
            f"{plural(packed, 'compressed storage')}, which torch.save never writes; mmap=True would read garbage"
        )


def _with_sources(root: Any, table: StorageTable) -> Any:
    if not table.documents or type(root) is not Mapping:
        return root
    folder = Mapping("texts")
    folder.items = list(table.documents)
    root.items.append(("source code", folder))
    return root
