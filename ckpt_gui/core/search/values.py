"""What may stand after a field's colon: ranges with units, shapes, element types, name patterns.

Each reader returns a frozen test or raises ``Bad`` with the reason in words.
"""

from __future__ import annotations

import fnmatch
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.patterns import MAX_PATTERN, Bad, Pattern, read_regex

__all__ = [
    "Bad", "Device", "OneOf", "Pattern", "Range", "Shape", "Test", "Word",
    "meant", "read_dtype", "read_glob", "read_range", "read_regex", "read_shape",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """Lower-case text that must stand somewhere in the path."""

    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field's text is one of these."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Device:
    """A tag (``cuda:1``), a kind of device (``cuda``), or "none" for formats without tags."""

    tag: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes in order; ``_`` is any one size, ``..`` any run of them."""

    dims: tuple[int | str, ...]

    def matches(self, sizes: tuple[int, ...]) -> bool:
        """Does a tensor of these sizes fit?"""
        fixed = [dim for dim in self.dims if dim != ".."]
        if len(fixed) == len(self.dims):
            return len(sizes) == len(fixed) and _fit(self.dims, sizes)
        return len(sizes) >= len(fixed) and _fit_runs(self.dims, sizes)


def _fit(dims: tuple[int | str, ...], sizes: tuple[int, ...]) -> bool:
    return all(dim in ("_", size) for dim, size in zip(dims, sizes, strict=True))


def _fit_runs(dims: tuple[int | str, ...], sizes: tuple[int, ...]) -> bool:
    """Classic two-row matching: no backtracking, sizes × dims steps."""
    reach = [True] + [False] * len(sizes)
    for dim in dims:
        if dim == "..":
            start = reach.index(True) if True in reach else len(reach)
            reach = [place >= start for place in range(len(reach))]
        else:
            reach = [False] + [ok and dim in ("_", size) for ok, size in zip(reach, sizes, strict=False)]
    return reach[-1]


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``low`` to ``high`` of a field; an open end leaves out the number itself."""

    field: str
    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def holds(self, value: float) -> bool:
        """Does the value lie within? NaN never does."""
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)


Test = Word | Pattern | OneOf | Device | Shape | Range

_NUMBER = re.compile(r"([+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,3})?)\s*([a-z%]*)\Z", re.I)
_COUNT_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_SIZE_UNITS = {"": 1, "b": 1} | {
    letter + end: base**power
    for power, letter in enumerate("kmgtp", 1)
    for end, base in (("", 1024), ("ib", 1024), ("b", 1000))
}


def read_range(field: str, text: str) -> Range:
    """``>1M`` ``>=3`` ``<1e-6`` ``2..4`` ``1MiB..`` ``4096``; ends of ``a..b`` belong to it."""
    for sign in (">=", "<=", ">", "<", "="):
        if text.startswith(sign):
            return _compared(field, sign, _number(field, text[len(sign) :])[0])
    low, dots, high = text.partition("..")
    if dots:
        if not low and not high:
            raise Bad("a range needs a number on at least one side of ..")
        first = _number(field, low)[0] if low else -math.inf
        last = _number(field, high)[0] if high else math.inf
        if first > last:
            raise Bad(f"the range {text} is empty: it ends before it begins")
        return Range(field, first, last)
    value, slack = _number(field, text)
    return Range(field, value - slack, value + slack, high_open=slack > 0)


def _compared(field: str, sign: str, value: float) -> Range:
    if sign[0] == ">":
        return Range(field, value, math.inf, low_open=sign == ">")
    return Range(field, -math.inf if sign[0] == "<" else value, value, high_open=sign == "<")


def _number(field: str, text: str) -> tuple[float, float]:
    """The number, and how far a rounded one (``38.6M``, as the tree shows it) may be off."""
    found = _NUMBER.match(text.strip())
    if found is None:
        raise Bad(f"“{text}” is not a number" if text else "a number is missing")
    digits, unit = found[1], found[2].lower()
    units = _SIZE_UNITS if field == "size" else _COUNT_UNITS if field in ("params", "dim", "rank") else {"": 1, "%": 1}
    if unit not in units:
        shown = "B, KiB, MiB, GiB, kB, MB, GB" if field == "size" else "k, M, G, T"
        raise Bad(f"the unit “{found[2]}” is not one of {shown}" if len(units) > 2 else f"{field} has no units")
    value = Decimal(digits) * units[unit]
    slack = Decimal(1).scaleb(int(Decimal(digits).as_tuple().exponent)) * units[unit] / 2 if units[unit] > 1 else 0
    exact = int(value) if value == value.to_integral_value() and abs(value) < 1 << 63 else float(value)
    return exact, float(slack)


def read_shape(text: str) -> Shape:
    """``(_,4096)`` ``(..,3,3)`` ``()``; ``×``, ``x`` and spaces separate too, parentheses may be left out."""
    if text.startswith("(") and ")" not in text:
        raise Bad("the ) is missing")
    inner = text[1:] if text.startswith("(") else text
    inner = inner[:-1] if inner.endswith(")") else inner
    parts = [part for part in re.split(r"[\s,x×]+", inner.strip()) if part]
    for part in parts:
        if part not in ("_", "..", "...", "*") and not (part.isascii() and part.isdecimal() and len(part) < 20):
            raise Bad(f"“{part}” is not a size; write a number, _ for any one or .. for any run")
    names = {"...": "..", "*": "_"}
    return Shape(tuple(int(part) if part.isdecimal() else names.get(part, part) for part in parts))


_SHORT = {
    "f": "float", "fp": "float", "i": "int", "u": "uint", "c": "complex", "bf": "bfloat", "s": "int",
}  # fmt: skip


def read_dtype(text: str) -> OneOf:
    """torch's names, short ones (``bf16`` ``i8``), a beginning with a star (``float8*``), ``f8`` for all such."""
    name = text.lower().removeprefix("torch.")
    known = dtypes.DTYPES
    split = re.match(r"([a-z]+)(\d.*)\Z", name)
    long = _SHORT.get(split[1], split[1]) + split[2] if split else name
    for candidate in (name, dtypes.ALIASES.get(name, ""), long, long + "fn"):
        if candidate in known:
            return OneOf("dtype", frozenset([candidate]))
    if name.endswith("*") or long == "float8":
        stem = (long if split else name).rstrip("*")
        return OneOf("dtype", frozenset(one for one in known if one.startswith(stem)))
    raise Bad(f"“{text}” is not an element type{meant(long, known)}")


def meant(word: str, known: Any) -> str:
    """``; did you mean float32?``, or nothing."""
    close = get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def read_glob(text: str) -> Pattern:
    """``*.weight``: the whole path text or the last key, upper and lower case as written."""
    if len(text) > MAX_PATTERN:
        raise Bad(f"the pattern is longer than {MAX_PATTERN} characters")
    return Pattern(re.compile(fnmatch.translate(text)), whole=True)
