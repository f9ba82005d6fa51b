"""Two tensors compared block by block: in NumPy for what is small, complex or 64-bit whole, else as machine code."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.kernels.passes import WORTH_A_COMPILER, compiled_at_hand

Array = NDArray[Any]


@dataclass(slots=True)
class Apart:
    """What was counted so far. Sums are over elements that are finite on both sides; Δ is right minus left."""

    taken: int = 0
    both: int = 0
    """Elements finite on both sides."""
    changed: int = 0
    """Elements whose values differ; NaN equals NaN."""
    flips: int = 0
    nan_left: int = 0
    """NaN on the left side only."""
    nan_right: int = 0
    inf_left: int = 0
    """Inf on the left side, and another value on the right."""
    inf_right: int = 0
    beyond: int = 0
    """Elements further apart than atol + rtol · |left|, one-sided NaN and Inf among them."""
    other_bits: int = 0
    """Elements whose patterns differ, but for two NaN: 0 means bit for bit the same."""
    at_max: int = -1
    """Place of the largest |Δ| in the order that blocks came in; -1 where nothing differs."""
    max: float = 0.0
    sum: float = 0.0
    """Of |Δ|."""
    squares: float = 0.0
    """Of Δ."""
    left: float = 0.0
    """Sum of squares of the left side."""
    right: float = 0.0
    product: float = 0.0
    """Sum of left · right."""

    def add(self, other: Apart) -> None:
        """The blocks that follow; places count on."""
        if other.at_max >= 0 and (self.at_max < 0 or other.max > self.max):
            self.at_max, self.max = self.taken + other.at_max, other.max
        for one in fields(self):
            if one.name not in ("at_max", "max"):
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


class Difference:
    """Takes blocks of both sides: patterns and what they mean, of one length, one dimension, contiguous."""

    def __init__(self, rtol: float, atol: float, elements: int) -> None:
        self.apart = Apart()
        self._rtol, self._atol = rtol, atol
        self._compiled = elements > WORTH_A_COMPILER or compiled_at_hand()

    def add(self, left: Array, right: Array, bits_left: Array | None, bits_right: Array | None) -> None:
        """Values of one floating, complex or integer type; and their patterns, where both sides are of one type."""
        if self._compiled and left.dtype.kind == "f":
            self._add_compiled(left, right, bits_left, bits_right)
        else:
            found = plain(left, right, self._rtol, self._atol)
            if bits_left is not None and bits_right is not None:
                found.other_bits = _other_bits(left, right, bits_left, bits_right)
            self.apart.add(found)

    def add_equal(self, values: Array) -> None:
        """A block that is the same on both sides, bit for bit."""
        finite = values if values.dtype.kind in "iub" else values[np.isfinite(values)]
        total = self._squares(values)
        self.apart.add(Apart(taken=values.size, both=finite.size, left=total, right=total, product=total))

    def _squares(self, values: Array) -> float:
        if self._compiled and values.dtype.kind == "f":
            from ckpt_gui.core.kernels.compiled_pairs import squares

            total = float(squares(values))
            if np.isfinite(total):
                return total
        with np.errstate(all="ignore"):  # what has no square is told as unknown
            size = np.abs(_wide(values))
            size = size[np.isfinite(size)]
            return float(size @ size)

    def _add_compiled(self, left: Array, right: Array, bits_left: Array | None, bits_right: Array | None) -> None:
        from ckpt_gui.core.kernels import compiled_pairs as code

        k, f = np.zeros(code.BOTH + 1, np.int64), np.zeros(code.PRODUCT + 1)
        k[code.AT_MAX] = -1
        code.compare(left, right, self._rtol, self._atol, k, f)
        found = Apart(
            taken=int(k[code.TAKEN]), both=int(k[code.BOTH]), changed=int(k[code.CHANGED]), flips=int(k[code.FLIPS]),
            nan_left=int(k[code.NAN_LEFT]), nan_right=int(k[code.NAN_RIGHT]), inf_left=int(k[code.INF_LEFT]),
            inf_right=int(k[code.INF_RIGHT]), beyond=int(k[code.BEYOND]), at_max=int(k[code.AT_MAX]),
            max=float(f[code.MAX]), sum=float(f[code.SUM]), squares=float(f[code.SQUARES]), left=float(f[code.LEFT]),
            right=float(f[code.RIGHT]), product=float(f[code.PRODUCT]),
        )  # fmt: skip
        if bits_left is not None and bits_right is not None:
            found.other_bits = int(code.other_bits(bits_left, bits_right, left, right))
        self.apart.add(found)


def same_bits(left: Array, right: Array, *, compiled: bool) -> bool:
    """Whether two blocks of patterns are the same, bit for bit."""
    if compiled and left.size:
        from ckpt_gui.core.kernels.compiled_pairs import equal_bits

        return bool(equal_bits(left, right))
    return bool(np.array_equal(left, right))


def _other_bits(left: Array, right: Array, bits_left: Array, bits_right: Array) -> int:
    apart = bits_left != bits_right
    if apart.ndim > 1:  # complex: real and imaginary part
        apart = apart.any(axis=-1)
    return int(np.count_nonzero(apart & ~(np.isnan(left) & np.isnan(right))))


def plain(left: Array, right: Array, rtol: float, atol: float) -> Apart:
    """One block in NumPy."""
    finite = np.isfinite(left) & np.isfinite(right)
    with np.errstate(all="ignore"):
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        one_sided = ~finite & ~same
        found = Apart(
            taken=left.size,
            both=int(np.count_nonzero(finite)),
            changed=int(np.count_nonzero(~same)),
            nan_left=int(np.count_nonzero(np.isnan(left) & ~np.isnan(right))),
            nan_right=int(np.count_nonzero(np.isnan(right) & ~np.isnan(left))),
            inf_left=int(np.count_nonzero(np.isinf(left) & one_sided)),
            inf_right=int(np.count_nonzero(np.isinf(right) & one_sided)),
        )
        apart = delta(left, right)
        size = np.where(finite, np.abs(apart), 0.0)
        x, y = (_wide(np.where(finite, side, side.dtype.type(0))) for side in (left, right))
        found.beyond = int(np.count_nonzero(one_sided) + np.count_nonzero(finite & (size > atol + rtol * np.abs(x))))
        if x.dtype.kind != "c":
            found.flips = int(np.count_nonzero(np.sign(x) * np.sign(y) < 0))
        if (finite & ~same).any():
            found.at_max, found.max = int(size.argmax()), float(size.max())
        found.sum, found.squares = float(size.sum()), float(size @ size)
        found.left, found.right = float(np.vdot(x, x).real), float(np.vdot(y, y).real)
        found.product = float(np.vdot(x, y).real)
    return found


def _wide(values: Array) -> Array:
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def delta(left: Array, right: Array) -> Array:
    """Right minus left in float64 or complex128; between whole numbers exact wherever the difference fits 64 bits."""
    if left.dtype.kind not in "iu" or left.dtype.itemsize < 8:
        return _wide(right) - _wide(left)
    rough = right.astype(np.float64) - left.astype(np.float64)
    wrapped = (right.view(np.int64) - left.view(np.int64)).astype(np.float64)  # exact unless it went around
    return np.where(np.abs(rough) < 9e18, wrapped, rough)
