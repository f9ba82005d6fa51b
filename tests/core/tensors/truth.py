"""What torch itself holds, as bit patterns; and how our boxes are put together again."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Box, Form, Reading
from tests.builders.common import quiet
from tests.oracle_walk import _component

Array = npt.NDArray[Any]


def opened(path: Path) -> Checkpoint:
    """The index of a good file."""
    return read(path).checkpoint


def saved(path: Path, value: object) -> Checkpoint:
    """Save with torch, and open."""
    with quiet():
        torch.save(value, path)
    return opened(path)


def deflated(path: Path, level: int = 6) -> Path:
    """The same zip with every record compressed, as torch still reads it."""
    packed = path.with_name("packed-" + path.name)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return packed


def stored(tensor: torch.Tensor) -> torch.Tensor:
    """The plain tensor whose elements are shown: itself, or the values that it keeps."""
    if tensor.is_nested and tensor.layout == torch.strided:
        return torch.cat([one.flatten() for one in tensor.unbind()])
    if tensor.layout == torch.jagged:
        return tensor.values()
    return _component(tensor).detach()


def bits(tensor: torch.Tensor) -> Array:
    """torch's elements as patterns in logical order: unsigned integers, for complex numbers two on a last axis."""
    with quiet():
        tensor = stored(tensor).resolve_conj().resolve_neg()
        if tensor.is_quantized:
            return _quantized(tensor)
        part = tensor.dtype.itemsize // (2 if tensor.is_complex() else 1)
        plain = tensor.clone(memory_format=torch.contiguous_format).reshape(-1)
        flat = plain.view(torch.uint8).numpy().view(f"u{part}") if tensor.numel() else np.empty(0, f"u{part}")
    if tensor.is_complex():
        return flat.reshape(*tensor.shape, 2)
    if tensor.dtype == torch.float4_e2m1fn_x2:
        shape = tuple(tensor.shape) or (1,)
        both = [number for byte in flat.tolist() for number in (byte % 16, byte // 16)]
        return np.array(both, np.uint8).reshape(*shape[:-1], 2 * shape[-1])
    return flat.reshape(tensor.shape)


def _quantized(tensor: torch.Tensor) -> Array:
    per = {torch.quint4x2: 2, torch.quint2x4: 4}.get(tensor.dtype, 1)
    whole = tensor.int_repr().numpy()
    if per == 1:
        return whole.view(f"u{whole.itemsize}")
    width = 8 // per
    numbers = [byte >> shift & (2**width - 1) for byte in whole.tolist() for shift in range(0, 8, width)]
    return np.array(numbers, np.uint8)[: tensor.numel()].reshape(tensor.shape)


def put_together(boxes: Iterable[Box], form: Form, stride: tuple[int, ...] | None) -> tuple[Array, Array]:
    """All boxes in their places, and how often each place was filled. Stride-0 dimensions are filled whole."""
    tail = (2,) if form.parts == 2 else ()
    whole, filled = np.zeros(form.shape + tail, form.pattern), np.zeros(form.shape, int)
    for box in boxes:
        assert sorted(box.order) == list(range(box.array.ndim))
        place = tuple(
            slice(None) if n == 1 and steps == 0 else slice(at, at + n)
            for at, n, steps in zip(box.origin, box.array.shape, stride or (1,) * len(form.shape), strict=False)
        )
        whole[place] = box.array
        filled[place] += 1
    return whole, filled


def check_all_ways(reading: Reading, number: int, wanted: Array) -> None:
    """The tensor's values at once, in tiny boxes, and in three shares of them, are what torch holds, bit for bit."""
    form = reading.form(number)
    assert (form.shape, form.pattern) == (wanted.shape[: len(form.shape)], wanted.dtype)
    np.testing.assert_array_equal(reading.patterns(number, raw=True), wanted)
    stride = reading.checkpoint.tensor(number).stride
    for boxes in (
        list_of(reading, number, 64),
        [one for k in range(3) for one in list_of(reading, number, 40, (k, 3))],
    ):
        whole, filled = put_together(boxes, form, stride)
        np.testing.assert_array_equal(whole, wanted)
        assert (filled == 1).all()
        held = sum(one.array.size for one in boxes) // form.parts
        assert held == form.elements
        assert held * form.multiplicity == np.prod(form.shape, dtype=int) or form.multiplicity == 1


def list_of(reading: Reading, number: int, nbytes: int, part: tuple[int, int] = (0, 1), raw: bool = True) -> list[Box]:
    """Boxes that stay as they are."""
    return [Box(box.origin, box.array.copy("K"), box.order) for box in reading.boxes(number, nbytes, part, raw)]
