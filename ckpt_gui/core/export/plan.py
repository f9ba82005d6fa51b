"""What a format makes of each tensor: its type there, its shape, its bytes; and in words what is not kept.

NumPy knows no bfloat16, float8, float6, float4 and complex32: they are written as float32 (complex64),
which holds every value of them. safetensors keeps all element types that it has. Sparse and ragged
tensors are written as the component tensors that they consist of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_gui.core.errors import ExportError, NoValues
from ckpt_gui.core.export.parts import Part
from ckpt_gui.core.table.index_line import Index, whole
from ckpt_gui.core.tensors import Form, Reading
from ckpt_gui.core.text import escape, plural

SUFFIXES = {".npy": "npy", ".npz": "npz", ".csv": "csv", ".safetensors": "safetensors"}
"""How a file's name ends → its format."""
ONE_TENSOR = ("npy", "csv")
"""Formats that hold a single tensor."""
TAGS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "bool": "BOOL", "complex64": "C64",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ", "float4_e2m1fn": "F4",
}  # fmt: skip
"""Encoding → element type of safetensors (its format description and tensor.rs)."""
_KNOWN_TO_NUMPY = frozenset([*(name for name in TAGS if name.startswith(("int", "uint", "complex"))), "complex128",
                             "float64", "float32", "float16", "bool"])  # fmt: skip
_CSV_WIDTH = 12
"""Characters a value takes in a csv, roughly."""


@dataclass(frozen=True, slots=True)
class Item:
    """One array of the file to write."""

    name: str
    tensor: int
    index: Index
    form: Form
    raw: bool
    type: str
    """``F32`` … in safetensors, NumPy's name (``float32`` …) elsewhere."""
    packed: bool = False
    """Written as patterns, two 4-bit numbers a byte; else as values."""
    column_axis: int | None = None
    entries: int = 0
    """Of a sparse tensor in a csv: how many leading dimensions count its stored entries."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the dimensions that the index leaves."""
        return tuple(len(self.index.ranges[dim]) for dim in self.index.free)

    @property
    def count(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers in the file."""
        if self.packed:
            return self.count // 2
        width = {"F64": 8, "I64": 8, "U64": 8, "C64": 8, "F32": 4, "I32": 4, "U32": 4, "BOOL": 1}.get(self.type)
        if width is None and self.type in TAGS.values():
            width = 2 if self.type.endswith("16") else 1
        return self.count * (width if width is not None else np.dtype(self.type).itemsize)


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be written."""

    format: str
    items: tuple[Item, ...]
    notes: tuple[str, ...]
    """Sentences on what is written otherwise than it stands in the file, or left out."""

    @property
    def nbytes(self) -> int:
        """Bytes the file will have, headers aside; of a csv roughly."""
        return sum(item.count * _CSV_WIDTH if self.format == "csv" else item.nbytes for item in self.items)


def plan(reading: Reading, parts: Sequence[Part], file_format: str) -> Plan:
    """What exporting these parts writes. Without I/O.

    Raises ExportError where the format cannot hold them.
    """
    notes: dict[str, None] = {}
    items: list[Item] = []
    missing: list[str] = []
    for part in parts:
        try:
            items += _items(reading, part, file_format, notes)
        except NoValues as exc:
            missing.append(f"{part.name}: {exc}")
    if not items:
        raise ExportError(missing[0] if len(missing) == 1 else "none of these tensors has values that can be exported")
    if file_format in ONE_TENSOR and len(items) > 1:
        raise ExportError(f"{file_format} holds one array, and these are {len(items):,}; choose npz or safetensors")
    if missing:
        notes[f"{plural(len(missing), 'tensor')} without values left out ({missing[0]})"] = None
    return Plan(file_format, tuple(items), tuple(notes))


def _items(reading: Reading, part: Part, file_format: str, notes: dict[str, None]) -> Iterator[Item]:
    info = reading.checkpoint.tensor(part.tensor)
    sparse = info.layout.startswith("sparse_")
    reason = reading.why_not(part.tensor)
    if reason:
        raise NoValues(reason)
    if (sparse or info.layout in ("nested", "jagged")) and part.index is None and file_format != "csv":
        sizes = ", ".join(map(str, info.shape))
        names = ", ".join(escape(name) for name, _part in info.parts)
        notes[f"a {escape(info.layout)} tensor of shape ({sizes}) is written as its components: {names}"] = None
        for name, number in info.parts:
            yield _item(reading, Part(number, f"{part.name}.{escape(name)}", raw=part.raw), file_format, notes)
        return
    item = _item(reading, part, file_format, notes)
    if file_format == "csv":
        _say_csv(item, sparse, notes)
    yield item


def _item(reading: Reading, part: Part, file_format: str, notes: dict[str, None]) -> Item:
    form = reading.form(part.tensor, raw=part.raw)
    index = part.index or whole(form.shape)
    if reading.checkpoint.tensor(part.tensor).quantizer is not None:
        notes["quantized integers are written as stored" if part.raw else "quantized values are written as numbers"] = (
            None
        )
    if file_format != "safetensors":
        kept = form.encoding in _KNOWN_TO_NUMPY
        wide = form.encoding if kept else "complex64" if form.parts > 1 else "float32"
        if not kept and file_format != "csv":
            notes[f"NumPy has no {form.dtype}: written as {wide}, which holds each of its values exactly"] = None
        return Item(part.name, part.tensor, index, form, part.raw, wide, column_axis=part.column_axis)
    kind, packed = _tagged(form, index, notes)
    return Item(part.name, part.tensor, index, form, part.raw, kind, packed)


def _tagged(form: Form, index: Index, notes: dict[str, None]) -> tuple[str, bool]:
    """The element type in safetensors, and whether patterns are packed."""
    if form.encoding == "complex128":
        raise ExportError("safetensors has no complex128; npy and npz keep it")
    tag = TAGS.get(form.encoding)
    even = bool(index.free) and len(index.ranges[index.free[-1]]) % 2 == 0
    if tag == "F4" and not even:
        notes["an odd number of 4-bit numbers a row is written as float32, which holds each value exactly"] = None
        return "F32", False
    if tag is None:
        tag = "C64" if form.parts > 1 else "F32"
        wide = "complex64" if form.parts > 1 else "float32"
        notes[f"safetensors has no {form.dtype}: written as {wide}, which holds each of its values exactly"] = None
    return tag, tag == "F4"


def _say_csv(item: Item, sparse: bool, notes: dict[str, None]) -> None:
    if sparse and item.index == whole(item.form.shape):
        notes["each line of the csv is a stored entry: its index, then its value"] = None
    elif len(item.index.free) > 2:
        down = [dim for dim in item.index.free if dim != (item.column_axis or item.index.free[-1])]
        words = ", ".join(map(str, down))
        notes[f"lines of the csv count through dimensions {words}, the last of them fastest"] = None
