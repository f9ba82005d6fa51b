"""From patterns to what a canvas combines, and from its cells back to values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_gui.core.heatmap.canvas import Canvas
from ckpt_gui.core.heatmap.keys import Array, from_keys, to_keys
from ckpt_gui.core.tensors import Form, decode, table

FACES = ("magnitude", "real", "imaginary")
"""What of a complex number can be shown."""
_PLAIN = ("float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
"""Sign and magnitude, NaN above Inf."""
_WHOLE = ("int64", "int32", "int16", "int8")
_COUNTS = ("uint64", "uint32", "uint16", "uint8", "bool")


class Measure:
    """Of one form: the largest magnitude, or the mean, of ``face`` of its numbers."""

    def __init__(self, form: Form, how: str, face: str = "magnitude") -> None:
        self._form, self._how, self._face = form, how, face
        self._ranks: Array | None = None
        self._order = "uint"
        self.dtype: np.dtype[Any]
        if how == "mean":
            self.dtype = np.dtype(np.float64)
        elif form.parts > 1:
            self._order = "float"
            self.dtype = np.dtype(np.uint64 if form.encoding == "complex128" else np.uint32)
        elif form.encoding in (*_PLAIN, *_WHOLE, *_COUNTS):
            self._order = "float" if form.encoding in _PLAIN else "int" if form.encoding in _WHOLE else "uint"
            self.dtype = form.pattern
        else:
            self._ranks, self._patterns = _ranked(form.encoding)
            self.dtype = self._ranks.dtype

    def open(self, patterns: Array) -> Array:
        """An array with the tensor's own axes: complex numbers lose the axis of their parts."""
        return decode(patterns, self._form) if self._form.parts > 1 else patterns

    def prepare(self, values: Array) -> Array:
        """Keys, or float64 numbers to sum up."""
        if self._form.parts > 1:
            with np.errstate(all="ignore"):
                faced = _face(values, self._face)
            return faced.astype(np.float64) if self._how == "mean" else to_keys(_bits(faced), "float")
        if self._how == "mean":
            with np.errstate(invalid="ignore"):  # signalling NaNs
                return decode(values, self._form).astype(np.float64, order="K")
        if self._ranks is not None:
            return self._ranks[values]
        return to_keys(values, self._order)

    def close(self, canvas: Canvas) -> Array:
        """The values of a canvas' cells, of the type they decode to; float64 of a mean, NaN where there is none."""
        if self._how == "mean":
            with np.errstate(all="ignore"):
                return canvas.cells / canvas.counts
        if self._ranks is not None:
            return decode(self._patterns[canvas.cells], self._form)
        bits = from_keys(canvas.cells, self._order)
        if self._form.parts > 1:
            return bits.view(np.float64 if bits.itemsize == 8 else np.float32)
        return decode(bits, self._form)


def _face(values: Array, face: str) -> Array:
    if face == "real":
        return values.real
    return values.imag if face == "imaginary" else np.abs(values)


def _bits(values: Array) -> Array:
    return np.ascontiguousarray(values).view(f"u{values.itemsize}")


def _ranked(encoding: str) -> tuple[Array, Array]:
    """Of a type of at most 8 bits: each pattern's place by magnitude (NaN last), and the pattern at each place."""
    values: Any = table(encoding)
    magnitude = np.where(np.isnan(values), np.inf, np.abs(values))
    patterns = np.lexsort((values < 0, magnitude, np.isnan(values))).astype(np.uint8)
    ranks = np.empty(256, np.uint8)
    ranks[patterns] = np.arange(256, dtype=np.uint8)
    return ranks, patterns
