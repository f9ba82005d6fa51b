"""Zip containers with one field of one member replaced (hostile-files.md §3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.builders.hostile_zip import changed
from tests.builders.rawzip import DEFLATED, pack
from tests.builders.registry import add_hostile

FIELDS: list[tuple[str, str, str, dict[str, Any]]] = [
    # Name of the case, what is expected, the member, the fields.
    # The directory's name counts, as for torch; the difference is noted.
    ("local_name_differs", "noted", "data/0", {"local_name": "archive/data/9"}),
    # A note; torch and we read on.
    ("bad_crc_pickle", "noted", "data.pkl", {"crc": 0xDEADBEEF}),
    # Found by verify only: the index does not read storages.
    ("bad_crc_storage", "tree", "data/0", {"crc": 0xDEADBEEF}),
    # Nobody can read the index.
    ("encrypted_pickle", "refused", "data.pkl", {"flags": 0x801}),
    # The tree stands, the tensor's values are off.
    ("encrypted_storage", "noted", "data/0", {"flags": 0x801}),
    # Legal: inflated under a limit.
    ("deflated_pickle", "noted", "data.pkl", {"method": DEFLATED}),
    # Legal for torch; values are inflated, never mapped.
    ("deflated_storage", "noted", "data/0", {"method": DEFLATED}),
    ("deflated_size_too_small", "either", "data.pkl", {"method": DEFLATED, "size": 5}),
    ("deflated_size_too_large", "either", "data.pkl", {"method": DEFLATED, "size": 2**31}),
    ("deflated_storage_size_lies", "noted", "data/0", {"method": DEFLATED, "size": 64}),
    ("unknown_method_pickle", "refused", "data.pkl", {"method": 99}),
    ("unknown_method_storage", "noted", "data/0", {"method": 99}),
    ("not_deflated_after_all", "refused", "data.pkl", {"method": 8, "data": b"\xff" * 40, "packed_already": True}),
    # Sizes and offsets beyond the file are never trusted.
    ("pickle_beyond_file", "either", "data.pkl", {"size": 2**30, "packed": 2**30}),
    ("storage_beyond_file", "noted", "data/0", {"size": 2**30, "packed": 2**30}),
    ("pickle_offset_beyond_file", "refused", "data.pkl", {"offset": 2**31}),
    ("storage_offset_beyond_file", "noted", "data/0", {"offset": 2**31}),
    ("offset_into_data", "either", "data.pkl", {"offset": 7}),
    ("packed_and_size_differ", "noted", "data/0", {"size": 16, "packed": 8}),
    ("local_size_differs", "tree", "data/0", {"local_size": 4}),
    # The sentinels of zip64 without the extra field that they announce.
    ("zip64_sentinel_size", "noted", "data/0", {"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}),
    ("zip64_sentinel_offset", "noted", "data/0", {"offset": 0xFFFFFFFF}),
    ("zip64_sentinel_pickle", "either", "data.pkl", {"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF}),
    ("zip64_short_extra", "noted", "data/0", {"size": 0xFFFFFFFF, "central_extra": b"\1\0\4\0abcd"}),
    ("extra_runs_over", "either", "data/0", {"central_extra": b"\1\0\xff\xff"}),
    ("unaligned", "tree", "data/0", {"align": 1}),
    # Never extracted to disk, so a link is just bytes.
    ("symlink_attribute", "tree", "data/0", {"attributes": 0o120777 << 16}),
    # Whatever the byte order may be, it is not known; torch refuses.
    ("byteorder_unknown", "either", "byteorder", {"data": b"middle"}),
    ("byteorder_huge", "either", "byteorder", {"data": b"x" * 2**20}),
    ("version_11", "either", "version", {"data": b"11\n"}),
    ("version_text", "either", "version", {"data": b"three"}),
    ("alignment_zero", "tree", ".storage_alignment", {"data": b"0"}),
    ("empty_pickle", "refused", "data.pkl", {"data": b""}),
    ("storage_empty", "noted", "data/0", {"data": b""}),
]


def _sign_up(name: str, expected: str, member: str, fields: dict[str, Any]) -> None:
    def build(folder: Path) -> Path:
        path = folder / "archive.pt"
        path.write_bytes(pack(changed(member, **fields)))
        return path

    build.__doc__ = f"{member}: {fields}"
    add_hostile(f"zip/{name}", build, expected)


for _case in FIELDS:
    _sign_up(*_case)
