"""The shapes of nested tensors, which lie in the values of a small tensor of sizes.

The only values an index reads: at most a few KiB of int64 (torch/_utils.py ``_rebuild_nested_tensor``;
torch/nested/_internal/nested_tensor.py for jagged ones, whose batch size follows from their offsets).
"""

from __future__ import annotations

import struct
from typing import Any

from ckpt_gui.core.nodes.build import Found
from ckpt_gui.core.nodes.table import product
from ckpt_gui.core.pickles.substitute import substitute
from ckpt_gui.core.pickles.values import Tensor
from ckpt_gui.core.sources import Bytes

MAX_SIZES = 1 << 16
RAGGED = -1
"""Stands for a dimension that is not the same in all components."""
_BUILDERS = ("_rebuild_nested_tensor", "_rebuild_njt")


def complete_ragged(found: Found, source: Bytes) -> None:
    """Give every nested tensor its shape; one whose sizes cannot be read keeps what is known."""
    if any(code.name.endswith(_BUILDERS) for code in found.code):
        substitute(found.root, lambda value: _complete(value, source))


def _complete(value: Any, source: Bytes) -> Any:
    if type(value) is Tensor and value.layout in ("nested", "jagged"):
        value.parts = [(name.strip("_"), part) for name, part in value.parts or ()]
        parts = dict(value.parts)
        value.shape = _nested(parts, source) if value.layout == "nested" else _jagged(parts)
        value.stride = ()
    return value


def _nested(parts: dict[str, Tensor], source: Bytes) -> tuple[int, ...]:
    sizes = parts.get("sizes")
    if sizes is None or len(sizes.shape) != 2 or min(sizes.shape) < 0:
        return ()
    count, rank = sizes.shape
    rows = _int64(sizes, source)
    if rows is None or not count:
        return (count, *(RAGGED,) * min(rank, 64))
    columns = [rows[place::rank] for place in range(rank)]
    return (count, *(column[0] if len(set(column)) == 1 else RAGGED for column in columns))


def _jagged(parts: dict[str, Tensor]) -> tuple[int, ...]:
    offsets, values = parts.get("offsets"), parts.get("values")
    count = max(0, product(offsets.shape) - 1) if offsets is not None else RAGGED
    return (count, RAGGED, *(values.shape[1:] if values is not None else ()))


def _int64(tensor: Tensor, source: Bytes) -> tuple[int, ...] | None:
    """The values of a small contiguous int64 tensor; None if they cannot be had."""
    storage, numel = tensor.storage, product(tensor.shape)
    if storage is None or storage.problem or storage.offset < 0 or storage.compression or storage.source:
        return None
    if tensor.dtype != "int64" or numel * 8 > MAX_SIZES or tensor.offset < 0:
        return None
    raw = source.read(storage.offset + 8 * tensor.offset, 8 * numel)
    order = ">" if storage.big_endian else "<"
    return struct.unpack(f"{order}{numel}q", raw) if len(raw) == 8 * numel else None
