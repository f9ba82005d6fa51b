"""Patterns of any element type as values of the one type that two sides are compared in."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.tensors import Form, decode, table

Array = NDArray[Any]


class Widener:
    """Patterns → values of the one type that both sides are compared in."""

    def __init__(self, left: Form, right: Form) -> None:
        self.dtype = common(left, right)
        self._rooms: dict[int, Array] = {}

    def __call__(self, patterns: Array, form: Form, room: int) -> Array:
        """Values; a view of the patterns, or in one of two reused buffers (``room`` 0 and 1)."""
        values = decode(patterns, form) if form.encoding not in _LOOKED_UP else None
        if values is not None and values.dtype == self.dtype:
            return np.ascontiguousarray(values)
        if self.dtype != np.float32 or form.encoding not in _LOOKED_UP:
            found = decode(patterns, form) if values is None else values
            with np.errstate(invalid="ignore"):  # signalling NaN
                return np.ascontiguousarray(found.astype(self.dtype))
        out = self._rooms.get(room)
        if out is None or out.size < patterns.size:
            out = self._rooms[room] = np.empty(patterns.size, np.float32)
        return _looked_up(patterns, form.encoding, out[: patterns.size])


_LOOKED_UP = frozenset(
    ("bfloat16", "float16", "bool", "int8", "uint8", "int16", "uint16", "float8_e4m3fn", "float8_e5m2",
     "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "f6_e2m3", "f6_e3m2")
)  # fmt: skip
"""Types whose every pattern has a float32 value."""


@cache
def _table(encoding: str) -> Array:
    values = table(encoding)
    assert values is not None
    with np.errstate(invalid="ignore"):  # signalling NaN
        return values.astype(np.float32)


def _looked_up(patterns: Array, encoding: str, out: Array) -> Array:
    from ckpt_gui.core.kernels.passes import compiled_at_hand

    values = _table(encoding)
    if not compiled_at_hand():
        np.take(values, patterns, out=out)
        return out
    from ckpt_gui.core.kernels import compiled_pairs

    if encoding == "bfloat16":
        compiled_pairs.widen_bfloat16(patterns, out.view(np.uint32))
    else:
        compiled_pairs.look_up(patterns, values, out)
    return out


def common(left: Form, right: Form) -> np.dtype[Any]:
    """float32 if it holds every value of both types; a 64-bit integer if both are that; complex128; else float64."""
    names = (left.encoding, right.encoding)
    if left.parts > 1 or right.parts > 1:
        return np.dtype(np.complex128)
    if names[0] == names[1] and names[0] in ("int64", "uint64"):
        return np.dtype(names[0])
    narrow = all(name in _LOOKED_UP or name == "float32" for name in names)
    return np.dtype(np.float32 if narrow else np.float64)
