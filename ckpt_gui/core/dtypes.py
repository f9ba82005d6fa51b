"""Element types: their names, widths and kinds. No torch, no NumPy.

Names are torch's without the prefix; types torch lacks keep their lower-case name
(safetensors' ``f6_e2m3``). Widths are bits *per element as torch counts elements*:
``float4_e2m1fn_x2`` is a byte that holds two numbers.
"""

from __future__ import annotations

from typing import NamedTuple

MAX_SIZE_BITS = 12_000
"""Of all sizes of one tensor together: what keeps their product within the 4,300 digits that Python writes."""


class Dtype(NamedTuple):
    """One element type."""

    name: str
    bits: int
    """Width of one element, in bits as torch counts (packed quantized types: a byte each)."""
    kind: str
    """``float``, ``complex``, ``int``, ``uint``, ``bool``, ``quantized``, ``bits`` or ``unknown``."""
    packed: int = 1
    """How many elements share one byte on disk (``quint4x2``, ``quint2x4``); 1 for all else."""

    @property
    def stored_bits(self) -> int:
        """Width of one element on disk, in bits."""
        return self.bits // self.packed


def _table() -> dict[str, Dtype]:
    rows: list[tuple[str, int, str]] = [
        ("float64", 64, "float"), ("float32", 32, "float"), ("float16", 16, "float"), ("bfloat16", 16, "float"),
        ("float8_e4m3fn", 8, "float"), ("float8_e5m2", 8, "float"), ("float8_e4m3fnuz", 8, "float"),
        ("float8_e5m2fnuz", 8, "float"), ("float8_e8m0fnu", 8, "float"), ("float4_e2m1fn_x2", 8, "float"),
        ("f6_e2m3", 6, "float"), ("f6_e3m2", 6, "float"),
        ("complex128", 128, "complex"), ("complex64", 64, "complex"), ("complex32", 32, "complex"),
        ("bcomplex32", 32, "complex"), ("bool", 8, "bool"),
        ("qint8", 8, "quantized"), ("quint8", 8, "quantized"), ("qint32", 32, "quantized"),
        ("bits8", 8, "bits"), ("bits16", 16, "bits"), ("bits1x8", 8, "bits"), ("bits2x4", 8, "bits"),
        ("bits4x2", 8, "bits"),
    ]  # fmt: skip
    rows += [(f"int{bits}", bits, "int") for bits in (8, 16, 32, 64)]
    rows += [(f"uint{bits}", bits, "uint") for bits in (8, 16, 32, 64)]
    rows += [(f"{sign}{bits}", 8, sign) for sign in ("int", "uint") for bits in range(1, 8)]
    table = {name: Dtype(name, bits, kind) for name, bits, kind in rows}
    table["quint4x2"] = Dtype("quint4x2", 8, "quantized", 2)
    table["quint2x4"] = Dtype("quint2x4", 8, "quantized", 4)
    return table


DTYPES = _table()

ALIASES = {
    "double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32",
    "short": "int16", "cdouble": "complex128", "cfloat": "complex64", "chalf": "complex32",
}  # fmt: skip

STORAGE_DTYPES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16",
    "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "ComplexDoubleStorage": "complex128", "ComplexFloatStorage": "complex64",
    "QInt8Storage": "qint8", "QInt32Storage": "qint32", "QUInt8Storage": "quint8",
    "QUInt4x2Storage": "quint4x2", "QUInt2x4Storage": "quint2x4",
    "UntypedStorage": "uint8", "TypedStorage": "uint8",
}  # fmt: skip
"""Storage class (the last part of its name) → element type; formats.md §1.3."""

TENSOR_DTYPES = {name.replace("Storage", "Tensor"): dtype for name, dtype in STORAGE_DTYPES.items()}
"""Tensor class of the legacy tar format → element type."""


def named(name: str) -> Dtype:
    """The type of that name; an unknown name gives a type of unknown kind and no width."""
    return DTYPES.get(name) or Dtype(name, 0, "unknown")


def countable(*sizes: int) -> bool:
    """Whether sizes, and all that can come of multiplying them, can be written down."""
    return sum(max(size.bit_length() - 1, 0) for size in sizes) <= MAX_SIZE_BITS


def nbytes(name: str, numel: int) -> int:
    """Size of ``numel`` elements, in bytes; a last part of a byte counts whole."""
    return -(-numel * named(name).bits // 8)


def stored_nbytes(name: str, numel: int) -> int:
    """Bytes that ``numel`` elements take on disk; less than ``nbytes`` for packed quantized types only."""
    return -(-numel * named(name).stored_bits // 8)
