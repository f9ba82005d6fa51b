"""Safetensors files that lie (hostile-files.md §6)."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.builders.registry import add_hostile
from tests.builders.safetensors_files import entry, raw_file

Header = str | bytes | dict[str, Any]
EIGHT = struct.pack("<2f", 1, 2)


def _add(
    name: str, expected: str, header: Header | Callable[[], Header], data: bytes, doc: str, **options: Any
) -> None:
    def build(folder: Path) -> Path:
        made = header() if callable(header) else header
        return raw_file(folder / "lies.safetensors", made, data, **options)

    build.__doc__ = doc
    add_hostile(f"safetensors/{name}", build, expected)


def _raw(name: str, content: bytes, doc: str) -> None:
    def build(folder: Path) -> Path:
        path = folder / "lies.safetensors"
        path.write_bytes(content)
        return path

    build.__doc__ = doc
    add_hostile(f"safetensors/{name}", build, "refused")


GOOD = {"w": entry("F32", [2], 0, 8)}
ROW = "The row tells what is wrong; other rows stand."
PARTLY = "One row is wrong, or the whole header: both are right, with the reason."

# The length comes first: checked against the file and 100 MB before anything is read.
for _name, _length in {
    "zero": 0,
    "one": 1,
    "past_end": 10_000,
    "huge": 2**40,
    "2_63": 2**63,
    "all_ones": 2**64 - 1,
}.items():
    _add(f"length_{_name}", "either", GOOD, EIGHT, "The length of the header is checked first.", length=_length)
_add("length_short", "refused", GOOD, EIGHT, "The header ends in the middle of its JSON.", length=20)
_raw("seven_bytes", b"\x10\0\0\0\0\0\0", "Shorter than the length itself.")
_raw("only_length", struct.pack("<Q", 100), "Cut right after the length.")
_add("truncated_data", "noted", GOOD, EIGHT[:5], "Ends before the last tensor does: its row has a problem.")
_add("no_data", "noted", GOOD, b"", "All data are missing.")
_add("trailing_bytes", "noted", GOOD, EIGHT + b"hidden" * 50, "Tells how many bytes follow.")
_add("hole", "noted", {"w": entry("F32", [1], 4, 8)}, EIGHT, "Bytes that belong to no tensor: told.")
_add("hole_between", "noted", {"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 6, 8)}, EIGHT, "Told.")
_add("overlap", "noted", {"a": entry("F32", [2], 0, 8), "b": entry("F32", [1], 4, 8)}, EIGHT, "Told.")
_add("same_bytes", "noted", {"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 0, 8)}, EIGHT, "Told.")

_add("not_json", "refused", "hello", b"", "No header.")
_add("list", "refused", "[1, 2]", b"", "The header is no object.")
_add("number", "refused", "12345678", b"", "The header is no object.")
_add("bom", "refused", b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), EIGHT, "A byte order mark before the header.")
_add("not_utf8", "either", b'{"\xff\xfe": 1}', b"", "No text.")
_add("surrogate", "either", '{"\\ud800": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT, "An escaped half.")
_add("junk_after_header", "either", json.dumps(GOOD) + "x", EIGHT, "Junk behind the object.")
_add("nul_after_header", "either", json.dumps(GOOD) + "\0\0", EIGHT, "Zeros behind the object.")
_add("deep", "refused", '{"a":' * 100_000 + "1" + "}" * 100_000, b"", "100,000 levels of JSON: no recursion.")
_add("deep_lists", "refused", '{"a":' + "[" * 500_000, b"", "500,000 open lists.")
_add("deep_metadata", "either", '{"__metadata__":' + "[" * 5000 + "]" * 5000 + "}", b"", "Metadata that is no text.")

_NUMBER = '{"w":{"dtype":"F32","shape":[%s],"data_offsets":[%s]}}'
for _name, _shape, _offsets in (
    ("nan", "NaN", "0,8"), ("infinity", "Infinity", "0,8"), ("float", "2.0", "0,8"), ("exponent", "2e0", "0,8"),
    ("negative", "-2", "0,8"), ("text", '"2"', "0,8"), ("bool", "true,2", "0,8"), ("null", "null", "0,8"),
    ("nested", "[2]", "0,8"), ("2_62", "4611686018427387904", "0,8"), ("overflow", "4611686018427387904,4,0", "0,0"),
    ("wrong_product", "3", "0,8"), ("offsets_swapped", "2", "8,0"), ("offsets_negative", "2", "-8,0"),
    ("offsets_float", "2", "0.0,8.0"), ("offsets_huge", "2", "0,18446744073709551624"), ("offsets_one", "2", "0"),
    ("offsets_three", "2", "0,8,8"), ("offsets_nan", "2", "0,NaN"), ("offsets_past_end", "1000000", "0,4000000"),
):  # fmt: skip
    _add(f"number_{_name}", "either", _NUMBER % (_shape, _offsets), EIGHT, PARTLY)
_add("number_5000_digits", "either", lambda: _NUMBER % ("7" * 5000, "0,8"), EIGHT, "Python refuses such ints.")
_add("rank_100_000", "either", lambda: _NUMBER % (",".join(["1"] * 100_000), "0,4"), EIGHT[:4], PARTLY)
_add("dtype_unknown", "either", {"w": entry("F3", [2], 0, 8)}, EIGHT, "A row without values, or a sentence.")
_add("dtype_number", "either", {"w": {**entry("F32", [2], 0, 8), "dtype": 7}}, EIGHT, PARTLY)
_add("dtype_f4_odd", "either", {"w": entry("F4", [3], 0, 2)}, EIGHT[:2], "Twelve bits are no whole bytes.")
_add("dtype_lower_case", "either", {"w": entry("f32", [2], 0, 8)}, EIGHT, "Not a name of the format.")
_add("entry_list", "either", {"w": [1, 2]}, EIGHT, PARTLY)
_add("entry_null", "either", {"w": None, "v": entry("F32", [2], 0, 8)}, EIGHT, PARTLY)
_add("entry_empty", "either", {"w": {}}, EIGHT, PARTLY)
_add("entry_extra", "tree", {"w": {**GOOD["w"], "comment": "x"}}, EIGHT, "Unknown fields are legal for the library.")
_add("entry_missing_shape", "either", {"w": {"dtype": "F32", "data_offsets": [0, 8]}}, EIGHT, PARTLY)

_TWICE = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}'
_add("duplicate_key", "noted", _TWICE, EIGHT, "The library takes the last; that there are two is told.")
_FIELD = '{"w":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}'
_add("duplicate_field", "either", _FIELD, EIGHT, "Two element types for one tensor: told.")
_META = '{"__metadata__":%s,"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
_add("metadata_null", "tree", _META % "null", EIGHT, "The library reads it.")
_add("metadata_number", "either", _META % '{"a":1}', EIGHT, "Metadata that is no text.")
_add("metadata_list", "either", _META % "[]", EIGHT, "Metadata that is no object.")
_add("metadata_duplicate", "noted", _META % '{"a":"1","a":"2"}', EIGHT, "The library reads it, and takes the last.")
_add("metadata_twice", "either", '{"__metadata__":{},' + (_META % "{}")[1:], EIGHT, "The library refuses it.")
_add("metadata_8_mb", "tree", lambda: {"__metadata__": {"x": "y" * 8_000_000}, **GOOD}, EIGHT, "Long text is cut.")
_add("pickle_in_metadata", "tree", {"__metadata__": {"x": "cos\nsystem\n(S'x'\ntR."}, **GOOD}, EIGHT, "Text only.")
_add("pickle_in_padding", "either", json.dumps(GOOD) + " " * 40 + "\x80\x02N.", EIGHT, "Junk behind the object.")
_add("spaces_9_mb", "either", lambda: json.dumps(GOOD) + " " * 9_000_000, EIGHT, "A header of spaces: bounded time.")


def _many() -> Header:
    return {f"t{i}": entry("U8", [0], 0, 0) for i in range(120_000)}


_add("120_000_tensors", "tree", _many, b"", "Seven megabytes of header, all of it legal.")


def _build_header_100_mb(folder: Path) -> Path:
    """Claims a header of 100 MB in a sparse file of that size: refused, or read in bounded time."""
    path = folder / "sparse.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 100_000_000) + b"{" + b" " * 4096)
        file.truncate(100_000_008)
    return path


add_hostile("safetensors/header_100_mb", _build_header_100_mb, "refused")
