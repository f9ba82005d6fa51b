"""Safetensors files: by the library, and by hand for what the library has no tensor for."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tests.builders.common import numbers
from tests.builders.registry import CASES, add, case
from tests.builders.torch_tensors import tensor_of

DTYPES = (
    "bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "bfloat16", "float32",
    "float64", "complex64", "float8_e5m2", "float8_e4m3fn", "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz",
    "float4_e2m1fn_x2",
)  # fmt: skip
RAW_BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


def raw_file(path: Path, header: str | bytes | dict[str, Any], data: bytes = b"", length: int | None = None) -> Path:
    """Length, header, data; ``length`` lies about the header."""
    if isinstance(header, dict):
        header = json.dumps(header, separators=(",", ":"))
    text = header.encode() if isinstance(header, str) else header
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(dtype: str, shape: list[int], start: int, stop: int) -> dict[str, Any]:
    """One tensor of a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@case("safetensors")
def build_plain(folder: Path) -> Path:
    """Two tensors."""
    save_file({"w": numbers(3, 4), "b": numbers(3)}, folder / "plain.safetensors")
    return folder / "plain.safetensors"


@case("safetensors")
def build_all_dtypes(folder: Path) -> Path:
    """Every element type that the library writes."""
    save_file({name: tensor_of(name, 16) for name in DTYPES}, folder / "dtypes.safetensors")
    return folder / "dtypes.safetensors"


def _build_dtype(name: str) -> None:
    def build(folder: Path) -> Path:
        path = folder / f"{name}.safetensors"
        save_file({"x": tensor_of(name, 16).view(4, 4)}, path)
        return path

    add(CASES, f"safetensors/{name}", build)


for _name in DTYPES:
    _build_dtype(_name)


@case("safetensors")
def build_raw_dtypes(folder: Path) -> Path:
    """Every type the format knows, by hand: F4 and F6 count elements of four and six bits."""
    header: dict[str, Any] = {}
    data = b""
    for name, bits in RAW_BITS.items():
        size = 16 * bits // 8
        header[name] = entry(name, [2, 8], len(data), len(data) + size)
        data += bytes(i % 2 if name == "BOOL" else i * 7 % 256 for i in range(size))
    return raw_file(folder / "raw.safetensors", header, data)


@case("safetensors")
def build_metadata(folder: Path) -> Path:
    """With ``__metadata__``, long and in many scripts."""
    path = folder / "metadata.safetensors"
    notes = {"format": "pt", "author": "Zoë", "config": json.dumps({"a": [1, 2]}), "long": "x" * 5000}
    save_file({"model.layers.0.w": numbers(2)}, path, metadata=notes)
    return path


@case("safetensors")
def build_shapes(folder: Path) -> Path:
    """Scalars, empty tensors, many dimensions."""
    path = folder / "shapes.safetensors"
    state = {"scalar": torch.tensor(1.5), "empty": torch.empty(2, 0, 3), "rank_9": torch.ones((1,) * 8 + (2,))}
    save_file(state, path)
    return path


@case("safetensors")
def build_no_tensors(folder: Path) -> Path:
    """An empty header."""
    return raw_file(folder / "none.safetensors", {})


@case("safetensors")
def build_padded_header(folder: Path) -> Path:
    """Spaces after the header, to align the data."""
    header = json.dumps({"x": entry("F32", [2], 0, 8)})
    return raw_file(folder / "padded.safetensors", header + " " * (-len(header) % 64), struct.pack("<2f", 1, 2))


@case("safetensors")
def build_leading_space(folder: Path) -> Path:
    """White space before the header: against the letter of the format, and the library reads it."""
    header = "  \n" + json.dumps({"x": entry("F32", [1], 0, 4)})
    return raw_file(folder / "leading.safetensors", header, struct.pack("<f", 1))


@case("safetensors")
def build_file_order(folder: Path) -> Path:
    """The header lists tensors in another order than their data lie."""
    header = {"b": entry("F32", [1], 4, 8), "a": entry("F32", [1], 0, 4)}
    return raw_file(folder / "order.safetensors", header, struct.pack("<2f", 1, 2))


@case("safetensors")
def build_odd_keys(folder: Path) -> Path:
    """Names that a path must quote or escape."""
    names = ["", "a/b", "back\\slash", "0", "new\nline", "käse", "日本", "a..b", "\u202ereversed"]
    header = {name: entry("U8", [1], at, at + 1) for at, name in enumerate(names)}
    return raw_file(folder / "keys.safetensors", header, bytes(range(len(names))))


@case("safetensors")
def build_wrong_suffix(folder: Path) -> Path:
    """Safetensors under the name of a torch file."""
    save_file({"w": numbers(2)}, folder / "model.bin")
    return folder / "model.bin"
