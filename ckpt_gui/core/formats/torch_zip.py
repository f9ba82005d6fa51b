"""torch.save since 1.6: a zip with ``data.pkl`` and one record a storage.

Layout: torch/serialization.py ``_save`` and caffe2/serialize/inline_container.cc; formats.md §1.
"""

from __future__ import annotations

from ckpt_gui.core.errors import DamagedFile
from ckpt_gui.core.formats.base import Candidate, StorageTable, list_names, pickle_findings, with_sources
from ckpt_gui.core.formats.records import place_records, read_record_pickle, read_settings
from ckpt_gui.core.formats.recover import recover
from ckpt_gui.core.formats.zipdir import ZipDirectory
from ckpt_gui.core.nodes.build import Found
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
    if entry.method == 8:
        directory.notes.append(f"{escape(entry.name)[:80]} is compressed, which torch.save never does")
    found.root = pickled.value
    big = read_settings(directory, found)
    if not directory.root:
        directory.refused.append("its records do not lie in a folder")
        directory.notes.append("the records do not lie in a folder, as torch wants them to")
    if directory.refused:
        found.facts.setdefault("refused_by_torch", directory.refused[0])
    place_records(directory, table.by_key, "data/{}", big)
    _tell_unused(directory, table, found)
    found.storages += table.by_key.values()
    found.root = with_sources(found.root, table)
    found.notes = directory.notes + table.notes + found.notes
    pickle_findings(found, pickled)
    if found.root is None and pickled.broken:
        raise DamagedFile(f"data.pkl is broken: {pickled.broken}")
    return found


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
