"""From a tensor of the index to the strided windows that hold its values, or the sentence why there are none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ckpt_gui.core.columns import Compression, Flag
from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.model import Checkpoint, Piece, TensorInfo
from ckpt_gui.core.tensors.encodings import Encoding, can_negate, encoding_of
from ckpt_gui.core.tensors.form import Form
from ckpt_gui.core.tensors.windows import Cuts, Window
from ckpt_gui.core.text import escape

MAX_OVERLAPPING = 1 << 33
"""Elements of a view that shows some of them repeatedly: they are visited one by one."""
MAX_PIECES = 10_000
MAX_WRAPPED = 8
"""Wrappers within wrappers."""

_HOLDERS = {"nested": "buffer", "jagged": "values"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A window of one storage, and where in the tensor it lies."""

    storage: int
    origin: tuple[int, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class Scaling:
    """How stored integers become numbers: ``scale · (q - zero_point)``."""

    scale: float
    zero_point: int
    axis: int = -1
    """The dimension along which both change; -1: they do not."""
    scales: int = -1
    """Tensor id of the scales along the axis."""
    zero_points: int = -1


@dataclass(frozen=True, slots=True)
class Target:
    """What to read for a tensor, and how."""

    tensor: int
    """The id of the tensor that holds the bytes: the one asked for, or a part of it."""
    encoding: Encoding
    """Of the stored patterns."""
    shape: tuple[int, ...]
    """Elements of the stored type."""
    pieces: tuple[Placed, ...]
    negated: bool
    conjugated: bool
    kept: frozenset[int]
    """Dimensions whose indices differ in value even though their stride is 0."""
    scaling: Scaling | None
    form: Form


def target_of(checkpoint: Checkpoint, number: int, raw: bool = True) -> Target:
    """Where the values of tensor ``number`` lie; ``raw``: quantized ones as integers. Raises NoValues. No I/O."""
    info, of = _holder(checkpoint, number)
    encoding = encoding_of(info.dtype)
    if encoding is None:
        raise NoValues(
            f"its element type {escape(info.dtype)[:40]} is not known, so its bytes cannot be read as numbers"
        )
    _check_flags(info)
    scaling = None if raw or info.quantizer is None else _scaling(info)
    if encoding.numbers > 1 and not info.shape:
        info = _one_dimensional(info)
    pieces = _placed(checkpoint, info, encoding)
    kept = _kept(info, encoding, scaling)
    cuts = [Cuts(piece.window, 1, 1 << 62, kept) for piece in pieces]
    if any(not cut.nested and cut.elements > MAX_OVERLAPPING for cut in cuts):
        raise NoValues("it is a view that shows the same elements over and over, too often to be gone through")
    form = _form(info, encoding, scaling, "dequantized" if scaling else of, cuts)
    flags = (bool(info.flags & Flag.NEG), bool(info.flags & Flag.CONJ) and encoding.parts == 2)
    return Target(info.id, encoding, info.shape, pieces, *flags, kept, scaling, form)


def _holder(checkpoint: Checkpoint, number: int) -> tuple[TensorInfo, str]:
    """The tensor whose bytes are the values of tensor ``number``, and what they are of it."""
    outer = info = checkpoint.tensor(number)
    for _ in range(MAX_WRAPPED):
        _check_whole(info)
        if info.layout == "strided" and (info.storage >= 0 or len(info.pieces) > 1):
            same = info is outer or (outer.layout == "strided" and outer.shape == info.shape)
            return info, "" if same else "stored values"
        info = checkpoint.tensor(_part_of(info))
    raise NoValues("it is wrapped in too many other tensors")


def _check_whole(info: TensorInfo) -> None:
    if info.problem:
        raise NoValues(f"its values cannot be read: {info.problem}")
    if info.device == "meta":
        raise NoValues("it is on the meta device: the file holds its shape and type, but no values")


def _part_of(info: TensorInfo) -> int:
    """The id of the part that holds the values of a tensor without bytes of its own."""
    parts = dict(info.parts)
    if info.layout in _HOLDERS or info.layout.startswith("sparse_"):
        held = parts.get(_HOLDERS.get(info.layout, "values"))
        if held is None:
            raise NoValues(f"the file holds no values for this {escape(info.layout)[:40]} tensor")
        return held
    if info.layout != "strided":
        raise NoValues(f"its layout, {escape(info.layout)[:40]}, cannot be read")
    if "_local_tensor" in parts:
        return parts["_local_tensor"]
    if len(parts) > 1:
        names = ", ".join(escape(name)[:40] for name in list(parts)[:5]) + (" …" if len(parts) > 5 else "")
        raise NoValues(
            f"its values are spread over {len(parts)} tensors ({names}), which only its class can put together"
        )
    if not parts:
        raise NoValues("the file holds no bytes for it")
    return next(iter(parts.values()))


def _check_flags(info: TensorInfo) -> None:
    if info.flags & Flag.NEG and not can_negate(info.dtype):
        raise NoValues(f"it is marked as negated, which means nothing for {escape(info.dtype)[:40]}")


def _one_dimensional(info: TensorInfo) -> TensorInfo:
    """A single byte of two numbers: torch calls it 0-dimensional, its numbers are a row."""
    pieces = tuple(Piece(one.storage, (0,), (1,), (1,), one.offset) for one in info.pieces)
    return replace(info, shape=(1,), pieces=pieces)


def _placed(checkpoint: Checkpoint, info: TensorInfo, encoding: Encoding) -> tuple[Placed, ...]:
    if len(info.pieces) > 1:
        _check_tiling(info)
    placed = []
    for piece in info.pieces:
        window = Window(piece.shape, piece.stride, piece.offset)
        if 0 not in piece.shape:
            _check_piece(checkpoint, piece, window, encoding)
            placed.append(Placed(piece.storage, piece.origin, window))
    return tuple(placed)


def _check_piece(checkpoint: Checkpoint, piece: Piece, window: Window, encoding: Encoding) -> None:
    if piece.storage < 0:
        raise NoValues("the file holds no bytes for a part of it")
    storage = checkpoint.storage(piece.storage)
    if storage.compression == Compression.UNREADABLE:
        raise NoValues("its bytes are encrypted, or compressed by a method that is not known here")
    if storage.offset < 0:
        raise NoValues("its bytes lie in a container within the file that can only be unpacked as a whole")
    if min(piece.stride, default=0) < 0 or piece.offset < 0:
        raise NoValues("its values cannot be read: negative stride or offset")
    if -(-window.end * encoding.element_bits // 8) > storage.nbytes:
        raise NoValues("its values cannot be read: it reaches beyond its storage")


def _check_tiling(info: TensorInfo) -> None:
    """Several pieces must cover the tensor, each element once."""
    if len(info.pieces) > MAX_PIECES:
        raise NoValues(f"it lies in {len(info.pieces):,} pieces, more than {MAX_PIECES:,}")
    begin = np.array([piece.origin for piece in info.pieces], np.int64)
    end = begin + np.array([piece.shape for piece in info.pieces], np.int64)
    inside = bool((begin >= 0).all() and (end <= np.array(info.shape, np.int64)).all())
    filled = (begin < end).all(axis=1)
    begin, end = begin[filled], end[filled]
    held = sum(int(np.prod(size.astype(object))) for size in end - begin)
    apart = all(
        not ((begin[at + 1 :] < end[at]) & (begin[at] < end[at + 1 :])).all(axis=1).any() for at in range(len(begin))
    )
    if not inside or not apart or held != info.numel:
        raise NoValues("its pieces do not cover it, each element once")


def _kept(info: TensorInfo, encoding: Encoding, scaling: Scaling | None) -> frozenset[int]:
    rank = len(info.shape)
    if len(info.pieces) > 1:
        return frozenset(range(rank))
    kept = {rank - 1} if encoding.numbers > 1 else set()
    if scaling is not None and scaling.axis >= 0:
        kept.add(scaling.axis)
    return frozenset(kept)


def _scaling(info: TensorInfo) -> Scaling:
    """What the quantizer says. Raises NoValues where that is not enough to make numbers of the integers."""
    said: dict[str, Any] = dict(info.quantizer or {})
    parts, axis = dict(info.parts), said.get("axis")
    if "scales" in parts and "zero_points" in parts and type(axis) is int and 0 <= axis < len(info.shape):
        return Scaling(1.0, 0, axis, parts["scales"], parts["zero_points"])
    scale, zero = said.get("scale"), said.get("zero_point")
    if type(scale) not in (int, float) or type(zero) is not int or not -(1 << 63) <= zero < 1 << 63:
        raise NoValues("its quantizer does not say how its integers become numbers")
    return Scaling(float(scale or 0), zero)


def _form(info: TensorInfo, encoding: Encoding, scaling: Scaling | None, of: str, cuts: list[Cuts]) -> Form:
    elements = sum(cut.elements for cut in cuts)
    shape, times = info.shape, encoding.numbers
    if times > 1:
        shape = (*shape[:-1], shape[-1] * times)
    return Form(
        dtype=info.dtype,
        shape=shape,
        pattern=np.dtype(np.uint32) if scaling else encoding.pattern,
        parts=encoding.parts,
        encoding="float32" if scaling else encoding.name,
        of=of,
        multiplicity=info.numel // elements if elements else 1,
        elements=elements * times,
        row_major=len(cuts) <= 1 and all(cut.row_major for cut in cuts),
    )
