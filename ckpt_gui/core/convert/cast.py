"""One element type into another, bit for bit as ``torch.Tensor.to(dtype)`` does it on an x86-64 processor.

Checked against torch 2.13 (``aten/src/ATen/native/cpu/CopyKernel.cpp``, ``c10/util/TypeCast.h``,
``c10/util/Float8_*.h``):

- To float16, bfloat16 and float8, every type goes by way of float32, rounded to nearest even each time.
- ``float8_e4m3fn`` has no Inf: what is beyond, Inf included, becomes ±448 (torch before 2.11: NaN). The ``fnuz``
  types have neither Inf nor −0: what is beyond becomes their one NaN, −0 becomes 0. ``float8_e8m0fnu`` is the exponent
  alone: the sign is lost, 0 becomes 2**-127.
- NaN stays NaN. torch is not of one mind about its bits: a loop over whole vector registers and one over what is left
  at the end of a tensor differ for float32 and float64 → bfloat16 (0xFFFF; left over or strided 0x7FC0) and float16 →
  float32 (quiet, payload kept; left over 0x7FFFFFFF). Here it is always what whole registers give.
- Float to integer goes toward zero. What an integer type cannot hold, NaN and ±Inf among it, has no meaning in C:
  torch's results differ from loop to loop and from processor to processor. Here it is what most of its loops give on
  x86-64: to 8 and 16 bits and int32 by way of int32, to the others by way of int64, whose least number stands for what
  does not fit; then the lower bits. ``Loss.overflow`` counts them.
- Between integers: the lower bits. To bool: whether it is not 0 (NaN is True). To complex: imaginary part 0.

Quantized, ``bits`` and sub-byte types are refused, and complex to real, which would lose the imaginary parts.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core import dtypes
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.kernels.casting import Bounds, Loss, Narrowing, Patterns, plain_loss, unchanged
from ckpt_gui.core.tensors.encodings import decode

Array = NDArray[Any]
Bytes = NDArray[np.uint8]

BLOCK = 1 << 16
"""Elements between two types that are cast in NumPy at once."""
_PARTS = {"complex32": "float16", "complex64": "float32", "complex128": "float64"}
_FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
_NARROW = ("float16", "bfloat16", *_FLOAT8)
_WIDE_FLOATS = ("float32", "float64")
_WHOLE = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_PLAIN = frozenset([*_NARROW, *_WIDE_FLOATS, *_WHOLE, "bool"])
_BOUNDS = {
    "float64": Bounds(2.0**-1022), "float32": Bounds(2.0**-126), "float16": Bounds(2.0**-14),
    "bfloat16": Bounds(2.0**-126), "float8_e4m3fn": Bounds(2.0**-6, 464.0), "float8_e5m2": Bounds(2.0**-14),
    "float8_e4m3fnuz": Bounds(2.0**-7), "float8_e5m2fnuz": Bounds(2.0**-15), "float8_e8m0fnu": Bounds(0.0),
}  # fmt: skip
"""464 lies halfway between 448 and what would come next, and rounds down."""


def why_not(source: str, target: str) -> str:
    """Why one element type cannot be cast to the other, in a sentence; "" if it can."""
    for name in (source, target):
        kind = dtypes.named(name).kind
        if name in _PLAIN or name in _PARTS:
            continue
        if kind == "quantized":
            return f"{name} stores quantized integers, whose meaning lies in their scales: a cast would lose it"
        if kind == "bits":
            return f"{name} is bits without a meaning as numbers"
        if kind == "unknown":
            return f"{name} is no element type that is known"
        return f"PyTorch has no cast from or to {name}"
    if source in _PARTS and target not in _PARTS:
        return f"{source} to {target} would lose the imaginary parts"
    return ""


@lru_cache(maxsize=64)
def caster(source: str, target: str) -> Caster:
    """How elements of one type become elements of the other; torch's names. Raises ConvertError where they cannot.

    There is one for each pair: it remembers how much it did, and calls the compiler where that pays.
    """
    if why := why_not(source, target):
        raise ConvertError(why)
    if source == target:
        return Caster(source, target)
    if target in _PARTS:
        if source in _PARTS:
            return InParts(source, target)
        return WithImaginary(source, target)
    if dtypes.named(source).bits <= 16:
        return ByPattern(source, target)
    if source == "float32" and target in _NARROW:
        return ByNarrowing(source, target)
    return ByValue(source, target)


class Caster:
    """Casts runs of elements; this one leaves them as they are. Any number of threads may use it."""

    def __init__(self, source: str, target: str) -> None:
        self.source, self.target = source, target
        self._from, self._to = _pattern(source), _pattern(target)

    def convert(self, raw: Bytes, loss: Loss | None = None) -> Bytes:
        """Little-endian bytes of whole elements, one dimension, contiguous → those of the target type.

        ``loss`` takes what that loses, in the same pass; of complex numbers by parts, real and imaginary by turns.
        """
        patterns = raw.view(self._from)
        out = np.empty(patterns.size, self._to)
        self._cast(patterns, out, loss)
        return out.view(np.uint8)

    def _cast(self, patterns: Array, out: Array, loss: Loss | None) -> None:
        out[:] = patterns
        if loss is not None:
            loss.add(unchanged(_values(patterns, _PARTS.get(self.source, self.source))))


class InParts(Caster):
    """Complex to complex: real and imaginary parts by turns."""

    def _cast(self, patterns: Array, out: Array, loss: Loss | None) -> None:
        out[:] = caster(_PARTS[self.source], _PARTS[self.target]).convert(patterns.view(np.uint8), loss).view(self._to)


class WithImaginary(Caster):
    """Real to complex."""

    def convert(self, raw: Bytes, loss: Loss | None = None) -> Bytes:
        """See ``Caster``; ``loss`` has the real parts only."""
        part = _PARTS[self.target]
        # Of float16 too every pattern is cast: on its way into a complex number a NaN is made quiet.
        real = (ByPattern("float16", part) if self.source == part == "float16" else caster(self.source, part)).convert(
            raw, loss
        )
        out = np.zeros((len(real) // self._to.itemsize, 2), self._to)
        out[:, 0] = real.view(self._to)
        return out.view(np.uint8).reshape(-1)


class ByNarrowing(Caster):
    """float32 to a narrower floating type."""

    def _cast(self, patterns: Array, out: Array, loss: Loss | None) -> None:
        _narrowing(self.target).narrow(patterns, out, loss)


class ByPattern(Caster):
    """Types of 8 and 16 bits: every pattern is cast once, the rest is looked up."""

    @cached_property
    def _patterns(self) -> Patterns:
        every = np.arange(1 << 8 * self._from.itemsize).astype(self._from)
        before = _values(every, self.source)
        table = _patterns(before, self.target)
        if self.target == "bfloat16":  # what torch's loops over such types give, unlike those over float32
            table[_is_nan(before)] = 0x7FC0
        return Patterns(table, before, _values(table, self.target), _BOUNDS.get(self.target))

    def _cast(self, patterns: Array, out: Array, loss: Loss | None) -> None:
        self._patterns.look_up(patterns, out, loss)


class ByValue(Caster):
    """All others, in NumPy, a block at a time."""

    def _cast(self, patterns: Array, out: Array, loss: Loss | None) -> None:
        for start in range(0, patterns.size, BLOCK):
            values = _values(patterns[start : start + BLOCK], self.source)
            made = out[start : start + BLOCK]
            made[:] = _patterns(values, self.target)
            if loss is not None:
                loss.add(self._lost(values, made))

    def _lost(self, values: Array, made: Array) -> Loss:
        if (self.source, self.target) == ("float32", "float64"):
            return unchanged(values)
        return plain_loss(values, _values(made, self.target), _BOUNDS.get(self.target))


def _pattern(dtype: str) -> np.dtype[Any]:
    return np.dtype(f"uint{dtypes.named(_PARTS.get(dtype, dtype)).bits}")


def _is_nan(values: Array) -> Array:
    return np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)


def _values(patterns: Array, dtype: str) -> Array:
    """What patterns mean, a NaN of a type that float32 stands for with the bits that torch gives it."""
    values = decode(patterns, dtype)
    if dtype != "float16" and dtype not in _FLOAT8:
        return values
    values = values.astype(np.float32)
    nan = np.isnan(values)
    if dtype == "float8_e5m2":  # the upper half of a float16
        patterns, dtype = patterns.astype(np.uint16) << np.uint16(8), "float16"
    bits, own = values.view(np.uint32), patterns[nan].astype(np.uint32)
    if dtype == "float16":
        bits[nan] = (own & 0x8000) << 16 | 0x7FC00000 | (own & 0x3FF) << 13
    elif dtype == "float8_e4m3fn":
        bits[nan] = (own & 0x80) << 24 | 0x7FF00000
    else:
        bits[nan] = 0x7F800001
    return values


@np.errstate(all="ignore")  # Inf from overflow and NaN are wanted
def _patterns(values: Array, dtype: str) -> Array:
    """The patterns of a real type that values become."""
    if dtype == "bool":
        return np.asarray(values != 0).view(np.uint8)
    if dtype in _WIDE_FLOATS:
        return values.astype(dtype).view(_pattern(dtype))
    if dtype in _NARROW:
        bits = values.astype(np.float32).view(np.uint32)
        out = np.empty(bits.size, _pattern(dtype))
        _narrowing(dtype).narrow(bits, out)
        return out
    if values.dtype.kind == "f":
        values = _whole(values, dtype)
    return values.astype(dtype).view(_pattern(dtype))


def _whole(values: Array, dtype: str) -> Array:
    """Floats as whole numbers, toward zero, in int64 (or uint64) of which the lower bits are wanted."""
    wide = values.astype(np.float64)
    bound = 2.0**31 if dtype in ("int8", "uint8", "int16", "uint16", "int32") else 2.0**63
    fits = (wide > -bound - 1) & (wide < bound) if bound < 2.0**63 else (wide >= -bound) & (wide < bound)
    whole = np.where(fits, wide, -bound).astype(np.int64)
    if dtype == "uint64":  # as compilers do it: less 2**63, and that bit set again
        upper = wide >= bound
        less = np.where(upper & (wide < 2.0 * bound), wide - bound, -bound).astype(np.int64)
        whole = np.where(upper, less ^ np.int64(-(2**63)), whole)
    return whole


@lru_cache(maxsize=8)
def _narrowing(dtype: str) -> Narrowing:
    if dtype not in _FLOAT8:
        return Narrowing(dtype, _BOUNDS[dtype])
    every = np.arange(256).astype(np.uint8)
    return Narrowing(dtype, _BOUNDS[dtype], _table(dtype), _values(every, dtype))


@np.errstate(all="ignore")
def _table(dtype: str) -> NDArray[np.uint8]:
    """The 8-bit pattern for the upper 16 bits of a float32 and one bit that says whether lower ones are set.

    Numbers halfway between two of 8 bits end within the upper 16: no more is needed to round.
    """
    key = np.arange(1 << 17, dtype=np.uint32)
    bits: NDArray[np.uint32] = (key >> 1 << 16 | key & 1).astype(np.uint32)
    if dtype == "float8_e8m0fnu":
        return _exponents(bits)
    values = bits.view(np.float32)
    table = values.astype(getattr(ml_dtypes, dtype)).view(np.uint8)
    sign = (bits >> 24 & 0x80).astype(np.uint8)
    if dtype == "float8_e4m3fn":
        table = np.where(np.abs(values) > _BOUNDS[dtype].limit, sign | 0x7E, table)
    if not dtype.endswith("fnuz"):
        table = np.where(np.isnan(values), sign | 0x7F, table)
    return table.astype(np.uint8)


def _exponents(bits: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Rounded to the nearest power of two; a tie goes up unless the exponent is 0 (``c10/util/Float8_e8m0fnu.h``)."""
    exponent = bits >> 23 & 0xFF
    rest = bits & 0x7FFFFF
    up = (rest > 0x400000) | ((rest == 0x400000) & (exponent > 0))
    return np.where(exponent == 0xFF, exponent, exponent + up).astype(np.uint8)
