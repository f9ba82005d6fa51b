"""A value as text: exact and short, with fixed digits, as bits … NaN, infinities and -0.0 are shown as such.

``shortest`` is the shortest decimal that reads back as the very same value *of the element's own type*:
0.1 of a bfloat16 is ``0.1``, although its float32 value is 0.10009765625. After Steele and White, "How to
print floating-point numbers accurately" (PLDI 1990); NumPy does it for the types it knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.table.styles import Style
from ckpt_gui.core.tensors import Form, table

_TOO_LONG = 1e16
"""From here on fixed digits would show more than the value says."""


def formatter(form: Form, style: Style) -> Callable[[Any, Any], str]:
    """The function that writes one value of that form: (value, pattern) → text; patterns of complex types are two."""
    if style.kind == "bits":
        return _bits(form)
    if form.parts > 1:
        part = _real(_part_encoding(form.encoding), style)
        return lambda value, _pattern: f"{part(value.real)}{_signed(part(value.imag))}j"
    if form.encoding == "bool":
        return lambda value, _pattern: str(bool(value))
    if form.encoding.startswith(("int", "uint")):
        whole = _whole(style)
        return lambda value, _pattern: whole(int(value))
    real = _real(form.encoding, style)
    return lambda value, _pattern: real(value)


def widest(form: Form, style: Style) -> int:
    """Characters that values of that form take, as a rule; integers may take more."""
    bits = 8 * form.pattern.itemsize
    if form.encoding == "bool" and style.kind != "bits":
        return 5
    if style.kind == "bits":
        one = bits // 4 + 2
    elif style.kind == "scientific":
        one = style.digits + 7
    elif form.encoding.startswith(("int", "uint")):
        one = 5
    elif style.kind == "fixed":
        one = style.digits + 5
    elif style.kind == "hexadecimal":
        one = {64: 22, 32: 15}.get(bits, 11)
    else:
        one = {64: 20, 32: 13}.get(bits, 9) if style.kind == "shortest" else 8
    return 2 * one + 1 if form.parts > 1 else one


def _part_encoding(encoding: str) -> str:
    return {"complex32": "float16", "bcomplex32": "bfloat16", "complex64": "float32"}.get(encoding, "float64")


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _bits(form: Form) -> Callable[[Any, Any], str]:
    digits = {"float4_e2m1fn": 1, "f6_e2m3": 2, "f6_e3m2": 2}.get(form.encoding, form.pattern.itemsize * 2)
    if form.parts > 1:
        return lambda _value, pattern: " ".join(f"0x{int(one):0{digits}x}" for one in pattern)
    return lambda _value, pattern: f"0x{int(pattern):0{digits}x}"


def _whole(style: Style) -> Callable[[int], str]:
    """Integers, exact whatever their size."""
    if style.kind == "scientific":
        return lambda value: _scientific(value, style.digits)
    if style.kind == "hexadecimal":
        return hex
    return str


def _scientific(value: int, digits: int) -> str:
    """An integer with a power of ten; through decimals, which hold every digit of it."""
    from decimal import Decimal

    if not value:
        return f"{0:.{digits}e}"
    mantissa, _, exponent = f"{Decimal(value):.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent):+03d}"


def _real(encoding: str, style: Style) -> Callable[[Any], str]:
    finite = _finite(encoding, style)

    def write(value: Any) -> str:
        return finite(value) if math.isfinite(value) else _unending(float(value))

    return write


def _unending(value: float) -> str:
    return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"


def _finite(encoding: str, style: Style) -> Callable[[Any], str]:
    if style.kind == "fixed":
        return lambda value: f"{float(value):.{style.digits}{'f' if abs(float(value)) < _TOO_LONG else 'e'}}"
    if style.kind == "scientific":
        return lambda value: f"{float(value):.{style.digits}e}"
    if style.kind == "integer":
        return _rounded
    if style.kind == "hexadecimal":
        return lambda value: _hexadecimal(float(value))
    return lambda value: str(value) if value.dtype.name == encoding else shortest(float(value), encoding)


def _rounded(value: Any) -> str:
    number = float(value)
    if not number.is_integer():
        return f"≈{round(number)}"
    return "-0" if number == 0 and math.copysign(1, number) < 0 else str(int(number))


def _hexadecimal(value: float) -> str:
    """C's ``%a`` with the fewest digits: ``0x1.8p+1``."""
    mantissa, _, exponent = value.hex().partition("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}"


def shortest(value: float, encoding: str) -> str:
    """The shortest decimal that reads back as this finite value of a type of at most 16 bits.

    None that stands half way between two values: which way that goes is each reader's own.
    """
    if value == 0:
        return str(value)
    low, high = _between(abs(value), encoding)
    for digits in range(17):
        text = f"{abs(value):.{digits}e}"
        # As float32 too: who reads by way of it must not come out on the border between two values.
        if low < float(text) < high and low < float(np.float32(text)) < high:
            break
    return repr(math.copysign(float(text), value))


def _between(value: float, encoding: str) -> tuple[float, float]:
    """The open interval of what rounds to a positive value: half way to its neighbours."""
    known = _magnitudes(encoding)
    at = int(np.searchsorted(known, value))
    below = float(known[at - 1]) if at else 0.0
    above = float(known[at + 1]) if at + 1 < len(known) else value + (value - below)
    return (below + value) / 2, (value + above) / 2


@lru_cache(maxsize=16)
def _magnitudes(encoding: str) -> npt.NDArray[np.float64]:
    """All finite values of the type from 0 on, increasing."""
    values = table(encoding)
    assert values is not None, encoding
    return np.unique(np.abs(values[np.isfinite(values)]))
