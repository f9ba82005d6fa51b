"""Which way of counting a tensor's elements take: by pattern, as floats, as integers, or by magnitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.kernels.passes import Lane
from ckpt_gui.core.tensors import Form, Reading, decode, table

_INFINITY = {"float16": 0x7C00, "bfloat16": 0x7F80}
_WIDE = {name: np.dtype(name) for name in ("float32", "float64", "int32", "int64", "uint32", "uint64")}


@dataclass(frozen=True, slots=True)
class Way:
    """How one tensor's values are counted."""

    form: Form
    lane: Lane
    of: str
    """As ``Summary.of``."""

    @property
    def integral(self) -> bool:
        """Are the values whole numbers, to be told as ints?"""
        return self.form.encoding.startswith(("int", "uint", "bool"))

    @property
    def nbytes(self) -> int:
        """Bytes that a pass reads, about: what is expanded is read once."""
        return self.form.elements * self.form.pattern.itemsize * self.form.parts

    def block(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Patterns in any shape → the lane's block: one dimension, contiguous. Copies only what is not contiguous."""
        if self.form.parts > 1:
            return magnitudes(decode(raw, self.form)).reshape(-1)
        return raw.reshape(-1).view(self.lane.dtype)


def way(reading: Reading, tensor: int) -> Way:
    """The way for a tensor. Raises NoValues with a sentence."""
    form = reading.form(tensor, raw=False)
    name = form.encoding
    if form.parts > 1:
        return Way(form, Lane(np.dtype(np.float64)), form.of or "magnitudes")
    patterns = table(name)
    if patterns is None:
        return Way(form, Lane(_WIDE[name]), form.of)
    order = "float" if name in _INFINITY else "int" if name == "int16" else "uint"
    return Way(form, Lane(form.pattern, patterns, order, _INFINITY.get(name, 0x8000)), form.of)


def numbers(raw: NDArray[Any], form: Form) -> NDArray[Any]:
    """The values of patterns as real numbers, complex ones by magnitude; in the patterns' shape."""
    values = decode(raw, form)
    return magnitudes(values) if form.parts > 1 else values


def magnitudes(values: NDArray[Any]) -> NDArray[np.float64]:
    """|z| in float64; what overflows is infinite."""
    with np.errstate(all="ignore"):
        sizes: NDArray[np.float64] = np.abs(values.astype(np.complex128))
    return sizes
