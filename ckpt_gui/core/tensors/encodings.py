"""Element types as bit patterns, and what the patterns mean.

A *pattern* is an element as it lies in the file, in an unsigned integer of native byte order. Complex
numbers are two patterns (real, imaginary) along a last axis. Types narrower than a byte come as one
byte a number. Values: IEEE 754; OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2); OCP
Microscaling Formats 1.0 (E8M0, E2M1, E2M3, E3M2); arXiv 2206.02915 (the ``fnuz`` types), as
``ml_dtypes`` has them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import numpy.typing as npt

from ckpt_gui.core import dtypes

Array = npt.NDArray[Any]


class Encoding(NamedTuple):
    """How one element type lies in a file."""

    name: str
    """How patterns are decoded: a key of this module's tables."""
    bits: int
    """Width of one pattern in the file."""
    parts: int = 1
    """Patterns of one element: 2 for complex types."""
    numbers: int = 1
    """Numbers in one element: 2 for ``float4_e2m1fn_x2``, low half first."""

    @property
    def element_bits(self) -> int:
        """Width of one element in the file."""
        return self.bits * self.parts

    @property
    def pattern(self) -> np.dtype[Any]:
        """The unsigned type that patterns are delivered in."""
        return np.dtype(f"uint{max(self.bits, 8)}")

    @property
    def nbytes(self) -> int:
        """Bytes of one element as it is delivered, before its numbers are parted."""
        return self.pattern.itemsize * self.parts


_SMALL_FLOATS: dict[str, Any] = {
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn, "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz, "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu, "float4_e2m1fn": ml_dtypes.float4_e2m1fn,
    "f6_e2m3": ml_dtypes.float6_e2m3fn, "f6_e3m2": ml_dtypes.float6_e3m2fn,
}  # fmt: skip
_WIDTHS = {"float4_e2m1fn": 4, "f6_e2m3": 6, "f6_e3m2": 6}
_NUMPY = {
    name: np.dtype(name)
    for name in (
        "float64", "float32", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    )
}  # fmt: skip
_COMPLEX = {"complex32": "float16", "bcomplex32": "bfloat16", "complex64": "float32", "complex128": "float64"}
_PLAIN = {"qint8": "int8", "quint8": "uint8", "qint32": "int32", "quint4x2": "uint8", "quint2x4": "uint8"}
_UNSIGNED = frozenset(["bool", "float8_e8m0fnu"])
_NO_MINUS_ZERO = frozenset(["float8_e4m3fnuz", "float8_e5m2fnuz"])


def encoding_of(dtype: str) -> Encoding | None:
    """How that element type (torch's name) lies in a file; None for one that is not known.

    ``bits8`` and its like are what they are, bytes. ``int1`` … ``uint7`` take a byte each, as in torch,
    which has no conversion that would say more; the byte is shown as a whole.
    """
    kind = dtypes.named(dtype)
    if dtype == "float4_e2m1fn_x2":
        return Encoding("float4_e2m1fn", 8, numbers=2)
    if dtype in _COMPLEX:
        return Encoding(dtype, kind.bits // 2, parts=2)
    if kind.kind == "quantized":
        return Encoding(_PLAIN[dtype], kind.stored_bits)
    if kind.kind in ("int", "uint", "bits"):
        return Encoding(f"{'int' if kind.kind == 'int' else 'uint'}{kind.bits}", kind.bits)
    return Encoding(dtype, kind.bits) if kind.bits else None


def decode(array: Array, encoding: str) -> Array:
    """The values of patterns: a view where NumPy knows the type, a new array otherwise.

    float64/32/16, integers and complex64/128 come as such, bool as ``pattern != 0``; bfloat16, float8,
    float6 and float4 as float32 (exact; a bfloat16 NaN keeps its payload), complex32 as complex64.
    """
    if encoding in _COMPLEX:
        return _decode_complex(array, encoding)
    if encoding in _NUMPY:
        return array.view(_NUMPY[encoding])
    if encoding == "bool":
        return np.asarray(array != 0)
    if encoding == "bfloat16":
        wide = array.astype(np.uint32, order="K")
        wide <<= np.uint32(16)
        return wide.view(np.float32)
    return np.asarray(_small(encoding)[array])


def _decode_complex(array: Array, encoding: str) -> Array:
    if encoding in ("complex64", "complex128") and array.strides[-1] == array.itemsize:
        return array.view(encoding)[..., 0]
    part = decode(array, _COMPLEX[encoding])
    made = np.empty(array.shape[:-1], np.complex128 if encoding == "complex128" else np.complex64)
    made.real, made.imag = part[..., 0], part[..., 1]
    return made


def decoded_nbytes(encoding: str) -> int:
    """Bytes of one number that ``decode`` gives."""
    if encoding in _NUMPY:
        return _NUMPY[encoding].itemsize
    return {"bool": 1, "complex128": 16}.get(encoding, 8 if encoding in _COMPLEX else 4)


@lru_cache(maxsize=64)
def table(encoding: str) -> npt.NDArray[np.float64] | None:
    """The value of each of the 256 or 65,536 patterns of an 8- or 16-bit type; None for wider and complex ones.

    NaN where the pattern is NaN, and where a type narrower than a byte has no such pattern. Read-only.
    """
    if encoding in _COMPLEX or (encoding in _NUMPY and _NUMPY[encoding].itemsize > 2):
        return None
    wide = encoding == "bfloat16" or (encoding in _NUMPY and _NUMPY[encoding].itemsize == 2)
    patterns = np.arange(1 << 16, dtype=np.uint16) if wide else np.arange(256, dtype=np.uint8)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        values = decode(patterns, encoding).astype(np.float64)
    values.flags.writeable = False
    return values


@lru_cache(maxsize=16)
def _small(encoding: str) -> npt.NDArray[np.float32]:
    """The value of each of the 256 patterns of a float of at most 8 bits."""
    patterns = np.arange(256, dtype=np.uint8)
    width = _WIDTHS.get(encoding, 8)
    patterns &= np.uint8((1 << width) - 1)
    values: npt.NDArray[np.float32] = patterns.view(_SMALL_FLOATS[encoding]).astype(np.float32)
    values[1 << width :] = np.nan
    values.flags.writeable = False
    return values


def can_negate(dtype: str) -> bool:
    """Whether a negated view of that type means anything."""
    return dtypes.named(dtype).kind in ("float", "complex", "int", "uint") and dtype not in _UNSIGNED


def negate(flat: Array, encoding: Encoding) -> None:
    """Change the sign of all patterns in place: the sign bit of floats, the two's complement of integers."""
    name = encoding.name
    if name in _NUMPY and _NUMPY[name].kind in "iu":
        np.negative(flat, out=flat)
    elif name in _NO_MINUS_ZERO:
        flat ^= ((flat & 0x7F) != 0).astype(flat.dtype) << flat.dtype.type(7)
    else:
        sign = 0x88 if encoding.numbers == 2 else 1 << (encoding.bits - 1)
        flat ^= flat.dtype.type(sign)


def conjugate(flat: Array) -> None:
    """Change the sign of the imaginary parts, the last axis's second patterns, in place."""
    flat[..., 1] ^= flat.dtype.type(1 << (8 * flat.itemsize - 1))


def unpack(raw: npt.NDArray[np.uint8], bits: int, skip: int, flat: npt.NDArray[np.uint8]) -> None:
    """Numbers of 2, 4 or 6 bits, lowest bits first, into one byte each; ``skip`` numbers are passed over.

    ``raw`` begins at a whole group: one byte, or three of 6-bit numbers. No paper fixes the order of
    F6 in safetensors; this is the one of a little-endian bit stream, as with torch's packed types.
    """
    per, group = (4, 3) if bits == 6 else (8 // bits, 1)
    rows = raw.reshape(-1, group).astype(np.uint32)
    word = rows[:, 0] if group == 1 else rows[:, 0] | rows[:, 1] << np.uint32(8) | rows[:, 2] << np.uint32(16)
    shifts = np.arange(per, dtype=np.uint32) * np.uint32(bits)
    numbers = (word[:, None] >> shifts) & np.uint32((1 << bits) - 1)
    flat[:] = numbers.reshape(-1)[skip : skip + len(flat)]


def halves(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The two 4-bit numbers of each byte, low half first, along the last axis, which doubles."""
    made = np.empty((*array.shape, 2), np.uint8)
    np.bitwise_and(array, 15, out=made[..., 0])
    np.right_shift(array, 4, out=made[..., 1])
    return made.reshape(*array.shape[:-1], 2 * array.shape[-1])
