"""safetensors: a JSON header, then raw little-endian data without holes.

Format: README of huggingface/safetensors, "Format"; checks after safetensors/src/tensor.rs
``validate``; formats.md §5. What the reference reader refuses is told here, and shown all the same.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.errors import DamagedFile, TooLarge
from ckpt_gui.core.formats.base import Candidate, take_storage
from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.nodes.table import contiguous, product
from ckpt_gui.core.pickles.values import Mapping, Storage, Tensor
from ckpt_gui.core.sources import Bytes
from ckpt_gui.core.text import escape, plural

NAME = "safetensors"
MAX_HEADER = 100_000_000
METADATA = "__metadata__"

DTYPES = {
    "BOOL": "bool", "F4": "float4_e2m1fn_x2", "F6_E2M3": "f6_e2m3", "F6_E3M2": "f6_e3m2", "U8": "uint8", "I8": "int8",
    "F8_E5M2": "float8_e5m2", "F8_E4M3": "float8_e4m3fn", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz", "I16": "int16", "U16": "uint16",
    "F16": "float16", "BF16": "bfloat16", "I32": "int32", "U32": "uint32", "F32": "float32", "C64": "complex64",
    "F64": "float64", "I64": "int64", "U64": "uint64",
}  # fmt: skip
"""Element type as the header names it → torch's name; in the order of tensor.rs, by which files are sorted."""


def sniff(candidate: Candidate) -> bool:
    """A plausible header length, and a brace where the header begins."""
    head = candidate.head
    if len(head) < 9:
        return False
    size = struct.unpack_from("<Q", head)[0]
    return head[8:].lstrip()[:1] == b"{" and size <= max(MAX_HEADER * 10, candidate.file.nbytes)


def read(candidate: Candidate) -> Found:
    """The index; of a cut-off file, what its header still lists."""
    found = Found(NAME, None, [candidate.file.source])
    root = Mapping()
    root.items = read_items(candidate.file, 0, found)
    found.root = root
    return found


def read_items(source: Bytes, number: int, found: Found) -> list[tuple[str, Any]]:
    """Names and tensors of one file, its metadata last; ``number`` is its place among the sources.

    Raises DamagedFile or TooLarge where there is no header to read.
    """
    size = struct.unpack("<Q", source.read(0, 8))[0]
    if size > MAX_HEADER:
        raise TooLarge(f"the safetensors header claims {size:,} bytes; the format allows {MAX_HEADER:,}")
    raw = source.read(8, size)
    if len(raw) < size:
        found.notes.append(f"the file is cut off within its header: {len(raw):,} of {size:,} bytes")
    header = _parse(raw, found)
    items, spans = [], []
    for name, entry in header:
        if name == METADATA:
            items.append((METADATA, _metadata(entry, found)))
        else:
            tensor, span = _tensor(source, number, 8 + size, name, entry)
            items.append((name, tensor))
            if span is not None:
                spans.append((*span, name))
    _check_cover(spans, source.nbytes - 8 - size, found)
    return sorted(items, key=lambda item: item[0] == METADATA)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys in order, repeated ones included."""


def _parse(raw: bytes, found: Found) -> list[tuple[str, Any]]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        found.notes.append(f"the header is no valid UTF-8 at byte {exc.start:,}")
        text = raw.decode("utf-8", "replace")
    decoder = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=_no_constant)
    try:
        whole = decoder.decode(text)
        if not isinstance(whole, _Pairs):
            raise DamagedFile("the safetensors header is no JSON object")
        header: list[tuple[str, Any]] = whole
    except (ValueError, RecursionError) as exc:
        why = "nested too deep" if isinstance(exc, RecursionError) else str(exc)[:120]
        if "int_max_str_digits" in str(exc) or "integer string conversion" in str(exc):
            why = "a number of thousands of digits"
        header = _salvage(text, decoder)
        if not header:
            raise DamagedFile(f"the safetensors header cannot be read: {why}") from exc
        found.notes.append(
            f"the safetensors header is broken ({why}); the {len(header):,} entries before that are shown"
        )
    names = [name for name, _ in header]
    if any("\ud800" <= char <= "\udfff" for name in names for char in name if char > "\ud7ff"):
        found.notes.append("a name holds half a surrogate pair, which is no text; the reference reader refuses it")
    if len(set(names)) < len(names):
        found.notes.append("the header names an entry twice; the later one counts, as in the reference reader")
        header = list(dict(header).items())
    return header


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _salvage(text: str, decoder: json.JSONDecoder) -> list[tuple[str, Any]]:
    """Entries of a broken header, up to where it breaks."""
    items: list[tuple[str, Any]] = []
    at = text.find("{") + 1
    try:
        while at > 0:
            at += len(text[at : at + 64]) - len(text[at : at + 64].lstrip(" \n\r\t,"))
            name, at = decoder.raw_decode(text, at)
            at = text.index(":", at) + 1
            at += len(text[at : at + 64]) - len(text[at : at + 64].lstrip())
            value, at = decoder.raw_decode(text, at)
            if type(name) is str:
                items.append((name, value))
    except (ValueError, RecursionError):
        pass
    return items


def _metadata(entry: Any, found: Found) -> Any:
    made = Mapping()
    if isinstance(entry, _Pairs):
        made.items = [(key, _plain(value)) for key, value in entry]
        if any(type(value) is not str for _, value in entry):
            found.notes.append("__metadata__ holds something else than text, which the format does not allow")
    elif entry is not None:
        found.notes.append("__metadata__ is no JSON object")
    return made


def _plain(value: Any) -> Any:
    return value if type(value) in (str, int, float, bool, type(None)) else json.dumps(value)[:10_000]


def _ints(value: Any) -> tuple[int, ...] | None:
    if type(value) is not list or any(type(item) is not int for item in value) or not dtypes.countable(*value):
        return None
    return tuple(value)


def _tensor(source: Bytes, number: int, start: int, name: str, entry: Any) -> tuple[Tensor, tuple[int, int] | None]:
    """The tensor of one header entry, and the bytes it takes, counted from the data's start."""
    fields = dict(entry) if isinstance(entry, _Pairs) else {}
    written = fields.get("dtype")
    dtype = DTYPES.get(written, written.lower()) if type(written) is str else "unknown"
    shape, span = _ints(fields.get("shape")), _ints(fields.get("data_offsets"))
    if shape is None or span is None or len(span) != 2:
        lost = Tensor(None, 0, (0,), (1,), dtype)
        lost.problem = "its header entry is malformed"
        return lost, None
    problem = None
    if dtype == "float4_e2m1fn_x2" and shape:
        # The header counts 4-bit numbers, torch counts bytes of two.
        problem = "an odd number of 4-bit values in a row" if shape[-1] % 2 else None
        shape = (*shape[:-1], shape[-1] // 2)
    storage = Storage(dtype, name, None, product(shape))
    begin, end = span
    take_storage(storage, number, start + begin, end - begin)
    if begin < 0 or end < begin:
        storage.problem = f"its place {begin:,} … {end:,} is no range"
    elif start + end > source.nbytes:
        storage.problem = f"the file is cut off: its bytes end at {start + end:,}, the file at {source.nbytes:,}"
    tensor = Tensor(storage, 0, shape, contiguous(shape), dtype)
    tensor.problem = problem
    if not dtypes.named(dtype).bits:
        tensor.problem = f"element type {escape(str(written))[:40]} is not known"
    return tensor, (begin, end)


def _check_cover(spans: list[tuple[int, int, str]], nbytes: int, found: Found) -> None:
    """The data must be covered from end to end without holes or overlaps."""
    at, holes, overlaps = 0, 0, 0
    for begin, end, _ in sorted(spans):
        holes += max(0, begin - at)
        overlaps += max(0, at - begin) if end > begin else 0
        at = max(at, end)
    if holes:
        found.notes.append(
            f"{plural(holes, 'byte')} between the tensors belong to none; the reference reader refuses holes"
        )
    if overlaps:
        found.notes.append("tensors overlap; the reference reader refuses that")
    if nbytes > at:
        found.notes.append(f"{plural(nbytes - at, 'byte')} after the last tensor; the reference reader refuses them")
