"""A converted file beside its source, as torch loads both: what a conversion must not change, and what it should."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.builders.common import quiet
from tests.oracle import kind_of, torch_rows

Row = dict[str, Any]
Key = tuple[str, ...]

PARTS = {
    torch.sparse_coo: ("_indices", "_values"),
    torch.sparse_csr: ("crow_indices", "col_indices", "values"),
    torch.sparse_csc: ("ccol_indices", "row_indices", "values"),
    torch.sparse_bsr: ("crow_indices", "col_indices", "values"),
    torch.sparse_bsc: ("ccol_indices", "row_indices", "values"),
    torch.jagged: ("values", "offsets"),
}
"""Methods that give what a tensor of this layout consists of."""


def key_of(path: Iterable[Any]) -> Key:
    """A path that ``0``, ``"0"``, ``False`` and ``0.0`` give different ones of."""
    return tuple(f"{type(key).__name__}:{key!r}" for key in path)


def rows_of(path: Path) -> dict[Key, Row]:
    """Torch's rows."""
    return {key_of(row["path"]): row for row in torch_rows(path)}


def facts_of(row: Row, *, nested: bool) -> Row:
    """What the result must have in common with its source: all of it, or what a flat mapping holds."""
    tensor: torch.Tensor = row["tensor"]
    facts: Row = {name: row.get(name) for name in ("shape", "dtype", "layout", "numel")}
    if nested:
        kept = ("stride", "offset", "requires_grad", "conj", "neg", "python_type", "in_state_dict")
        facts |= {name: row.get(name) for name in kept}
    if row.get("device") != "meta":
        facts["bytes"] = list(contents(tensor))
    return facts


def contents(tensor: torch.Tensor) -> Iterator[bytes]:
    """The elements of a tensor in C order, to the bit, conj and neg resolved; of a composed one those of its parts."""
    with quiet(), torch.no_grad():
        for name in ("_local_tensor", "_values", "low"):
            part = getattr(tensor, name, None) if type(tensor) is not torch.Tensor else None
            if isinstance(part, torch.Tensor) and tensor.layout != torch.jagged:
                yield from contents(part)
                return
        if tensor.is_nested and tensor.layout == torch.strided:
            for part in tensor.unbind():
                yield from contents(part)
        elif tensor.layout in PARTS:
            for part_name in PARTS[tensor.layout]:
                yield from contents(getattr(tensor, part_name)())
        elif tensor.is_quantized:
            yield from _quantized(tensor)
        else:
            yield _elements(tensor.resolve_conj().resolve_neg())


def _quantized(tensor: torch.Tensor) -> Iterator[bytes]:
    """The stored integers, and what they mean."""
    if tensor.dtype in (torch.quint4x2, torch.quint2x4):  # several a byte: no elements to step over
        yield _raw(tensor).tobytes()
    else:
        yield _elements(tensor)
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        yield f"{tensor.q_scale()!r} {tensor.q_zero_point()!r}".encode()
    else:
        yield from map(_elements, (tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points()))
        yield str(tensor.q_per_channel_axis()).encode()


def _raw(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """The bytes of its storage."""
    found: np.ndarray[Any, Any] = torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage()).numpy()
    return found


def _elements(tensor: torch.Tensor) -> bytes:
    if tensor.numel() == 0 or tensor.is_meta:
        return b""
    raw, width = _raw(tensor), tensor.element_size()
    start = tensor.storage_offset() * width
    strides = (*(step * width for step in tensor.stride()), 1)
    window = np.lib.stride_tricks.as_strided(raw[start:], (*tensor.shape, width), strides)
    return np.ascontiguousarray(window).tobytes()


def sharing(rows: dict[Key, Row]) -> set[frozenset[Key]]:
    """Paths grouped by the storage they share."""
    groups: dict[Any, set[Key]] = {}
    for key, row in rows.items():
        if row["storage"] is not None:
            groups.setdefault(row["storage"], set()).add(key)
    return set(map(frozenset, groups.values()))


def opens_as_script(path: Path) -> Any:
    """What ``torch.jit.load`` gives on a machine without the device that is asked for."""
    with quiet():
        return torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]


def is_script(path: Path) -> bool:
    """Whether ``torch.jit.load`` is the loader."""
    return path.is_file() and zipfile.is_zipfile(path) and kind_of(path) == "torchscript"
