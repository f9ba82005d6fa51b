"""float32 made narrower, and what a cast loses: in NumPy for what is small, else as machine code."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BLOCK = 1 << 16
"""Elements that are done at once: what comes in between stays in the second-level cache."""
WORTH_LOADING = 2_000_000
"""Elements from which on machine code is fetched that a former run left."""
WORTH_COMPILING = 32_000_000
"""Elements from which on there is time to compile it: seconds, for each loop once."""
_NAN32 = 0x7F800000
"""Bits of a float32 above these, its sign apart, are NaN."""


@dataclass(slots=True)
class Loss:
    """What was lost so far. Errors are over elements that are finite before and after; those that overflow are not."""

    taken: int = 0
    nan: int = 0
    """NaN before the cast."""
    infinite: int = 0
    """±Inf that are not the same ±Inf afterwards."""
    overflow: int = 0
    """Finite values beyond the range: they became ±Inf, NaN, the greatest number, or an integer wrapped around."""
    largest: float = 0.0
    """Greatest magnitude among those."""
    underflow: int = 0
    """Values other than 0 that became 0."""
    subnormal: int = 0
    """Results below the least normal number, other than 0."""
    finite: int = 0
    """Elements that errors are over."""
    sum: float = 0.0
    """Of |Δ|."""
    max: float = 0.0
    """Greatest |Δ|."""
    at_max: int = -1
    """Its place in the order that elements came in, the first of several; -1 where nothing changed."""
    relative: float = 0.0
    """Greatest |Δ| / |value| of those that did not become 0."""

    def add(self, other: Loss) -> None:
        """The elements that follow; places count on."""
        if other.at_max >= 0 and (self.at_max < 0 or other.max > self.max):
            self.at_max, self.max = self.taken + other.at_max, other.max
        self.largest, self.relative = max(self.largest, other.largest), max(self.relative, other.relative)
        for one in fields(self):
            if one.name not in ("at_max", "max", "largest", "relative"):
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a floating type can hold."""

    tiny: float
    """Its least normal number."""
    limit: float = np.inf
    """Greatest magnitude that rounds to its greatest number, where larger ones become that too; else Inf."""


def compiled_at_hand(module: str, name: str, taken: int) -> bool:
    """Whether to use the machine code of a loop of which ``taken`` elements are asked in all."""
    full = f"ckpt_gui.core.kernels.{module}"
    loop = getattr(sys.modules.get(full), name, None)  # another thread may be about to import it
    if loop is not None and loop.signatures:
        return True
    if taken <= WORTH_LOADING:
        return False
    if taken > WORTH_COMPILING:
        return True
    from ckpt_gui.core.kernels.compiled import cache_folder

    return any(Path(cache_folder()).glob(f"*/{module}.{name}-*.nbc"))


class Narrowing:
    """float32 to a type of 16 or 8 bits, by patterns; how many there were decides who does it."""

    def __init__(self, name: str, bounds: Bounds, table: Array | None = None, meanings: Array | None = None) -> None:
        """``name``: ``bfloat16``, ``float16``, or one of 8 bits. Those have a ``table`` of patterns, by the upper 16
        bits of a float32 and one more that says whether others are set, and the float32 ``meanings`` of patterns.
        """
        self._name, self._table, self._meanings = name, table, meanings
        self._bounds = bounds
        self._taken = {False: 0, True: 0}
        """Elements so far, without and with their loss."""
        self._loop = f"narrow_{name}" if table is None else "narrow_by_table"

    def narrow(self, bits: Array, out: Array, loss: Loss | None = None) -> None:
        """Fill ``out`` with the patterns (uint16, uint8) of ``bits`` (uint32); ``loss`` takes what that loses."""
        self._taken[loss is not None] += bits.size  # another thread that comes between only postpones the compiler
        loop = self._loop if loss is None else "measure"
        if compiled_at_hand("compiled_casts", loop, self._taken[loss is not None]):
            self._compiled(bits, out, loss)
            return
        for start in range(0, bits.size, BLOCK):
            part, made = bits[start : start + BLOCK], out[start : start + BLOCK]
            _plain(self._name, part, made, self._table)
            if loss is not None:
                loss.add(plain_loss(part.view(np.float32), self._widened(made), self._bounds))

    def _widened(self, patterns: Array) -> Array:
        if self._meanings is not None:
            return np.asarray(self._meanings[patterns])
        if self._name == "float16":
            return patterns.view(np.float16).astype(np.float32)
        return (patterns.astype(np.uint32) << np.uint32(16)).view(np.float32)

    def _compiled(self, bits: Array, out: Array, loss: Loss | None) -> None:
        from ckpt_gui.core.kernels import compiled_casts as code

        tables = () if self._table is None else (self._table,)
        narrow = getattr(code, self._loop)
        if loss is None:
            narrow(bits, *tables, out)
            return
        limit = np.array([min(self._bounds.limit, np.finfo(np.float32).max)], np.float32).view(np.int32)[0]
        k, f = np.zeros(code.BITS_RELATIVE + 1, np.int64), np.zeros(code.RELATIVE + 1)
        k[code.AT_MAX] = -1
        wide = np.empty(min(bits.size, BLOCK), np.uint32)
        for start in range(0, bits.size, BLOCK):
            part, made = bits[start : start + BLOCK], out[start : start + BLOCK]
            narrow(part, *tables, made)
            again = self._widened_compiled(made, wide[: part.size])
            code.measure(part.view(np.float32), again, limit, np.float32(self._bounds.tiny), k, f)
        loss.add(_counted(code, k, f))

    def _widened_compiled(self, patterns: Array, bits: Array) -> Array:
        from ckpt_gui.core.kernels.compiled_casts import widen_float16
        from ckpt_gui.core.kernels.compiled_pairs import look_up, widen_bfloat16

        wide = bits.view(np.float32)
        if self._meanings is not None:
            look_up(patterns, self._meanings, wide)
        elif self._name == "float16":
            widen_float16(patterns, bits, wide)
        else:
            widen_bfloat16(patterns, bits)
        return wide


def _counted(code: Any, k: Array, f: Array) -> Loss:
    return Loss(
        taken=int(k[code.TAKEN]), nan=int(k[code.NAN]), infinite=int(k[code.INFINITE]),
        overflow=int(k[code.OVERFLOW]), largest=float(f[code.LARGEST]), underflow=int(k[code.UNDERFLOW]),
        subnormal=int(k[code.SUBNORMAL]), finite=int(k[code.FINITE]), sum=float(f[code.SUM]), max=float(f[code.MAX]),
        at_max=int(k[code.AT_MAX]), relative=float(f[code.RELATIVE]),
    )  # fmt: skip


def _plain(name: str, bits: Array, out: Array, table: Array | None) -> None:
    """One block in NumPy."""
    if table is not None:
        upper = (bits >> np.uint32(16)) << np.uint32(1)
        upper |= (bits & np.uint32(0xFFFF)) != 0
        np.take(table, upper, out=out)
        return
    nan = (bits & np.uint32(0x7FFFFFFF)) > _NAN32
    if name == "bfloat16":
        odd = (bits >> np.uint32(16)) & np.uint32(1)
        out[:] = (bits + np.uint32(0x7FFF) + odd) >> np.uint32(16)
        out[nan] = 0xFFFF
        return
    with np.errstate(all="ignore"):
        out[:] = bits.view(np.float32).astype(np.float16).view(np.uint16)
    if nan.any():
        odd = bits[nan]
        out[nan] = ((odd >> np.uint32(16)) & 0x8000) | ((odd >> np.uint32(13)) & 0x3FF) | 0x7E00


class _Each(NamedTuple):
    """What becomes of each of some values."""

    kinds: NDArray[np.bool_]
    """Row by row as in ``_KINDS``."""
    size: NDArray[np.float64]
    """|value|."""
    apart: NDArray[np.float64]
    """|Δ|; 0 where it is not finite on both sides."""
    relative: NDArray[np.float64]
    """|Δ| / |value|; 0 where one of the two is 0 or not finite."""


_KINDS = ("nan", "infinite", "overflow", "underflow", "subnormal", "finite")


def plain_loss(x: Array, y: Array, bounds: Bounds | None) -> Loss:
    """Values before and after, one dimension each: floats, integers or bools. ``bounds`` of the floating type they
    became; None for integers and bools.
    """
    each = _each(x, y, bounds)
    counts = np.count_nonzero(each.kinds, axis=1)
    found = Loss(taken=x.size, **{name: int(count) for name, count in zip(_KINDS, counts, strict=True)})
    found.largest = float(each.size[each.kinds[2]].max(initial=0.0))
    found.sum, found.max = float(each.apart.sum()), float(each.apart.max(initial=0.0))
    found.at_max = int(each.apart.argmax()) if found.max else -1
    found.relative = float(each.relative.max(initial=0.0))
    return found


def unchanged(values: Array) -> Loss:
    """What is lost where the values stay what they are."""
    if values.dtype.kind != "f":
        return Loss(taken=values.size, finite=values.size)
    nan, finite = np.count_nonzero(np.isnan(values)), np.count_nonzero(np.isfinite(values))
    return Loss(taken=values.size, nan=int(nan), finite=int(finite))


@np.errstate(all="ignore")
def _each(x: Array, y: Array, bounds: Bounds | None) -> _Each:
    kinds = np.zeros((len(_KINDS), x.size), bool)
    nan, infinite, over, under, subnormal, kept = kinds
    size, apart, relative = np.abs(_wide(x)), np.zeros(x.shape), np.zeros(x.shape)
    if x.dtype.kind == "f":
        nan[:], infinite[:] = np.isnan(x), np.isinf(x)
    if y.dtype.kind == "b":  # says only whether there is something: nothing to measure
        infinite[:] = False
        return _Each(kinds, size, apart, relative)
    over[:] = _beyond(x, y, size, bounds) & ~(nan | infinite)
    kept[:] = ~(nan | infinite | over)
    infinite &= x != y
    under[:] = kept & (y == 0) & (x != 0)
    apart[:] = np.where(kept, _apart(x, y), 0.0)
    relative[:] = np.where(kept & (y != 0) & (x != 0), apart / size, 0.0)
    if bounds is not None:
        subnormal[:] = kept & (y != 0) & (np.abs(y) < bounds.tiny)
    return _Each(kinds, size, apart, relative)


def _wide(values: Array) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _beyond(x: Array, y: Array, size: Array, bounds: Bounds | None) -> Array:
    """Whether a finite value is out of range of what it became."""
    if bounds is not None:
        return np.asarray(~np.isfinite(y) | (size > bounds.limit))
    return np.asarray((np.trunc(x) if x.dtype.kind == "f" else x) != y)


def _apart(x: Array, y: Array) -> Array:
    """|y − x| in float64; of 64-bit integers taken in two halves, which float64 holds exactly."""
    if x.dtype.kind in "iu" and x.dtype.itemsize == 8:
        if y.dtype.kind in "iu":
            return np.zeros(x.shape)  # what fits stayed as it was
        upper, lower = x >> 32, x & np.array(0xFFFFFFFF, x.dtype)
        return np.abs((_wide(y) - _wide(upper) * 2.0**32) - _wide(lower))
    return np.abs(_wide(y) - _wide(x))


class Patterns:
    """Types of 8 and 16 bits: what becomes of each pattern is known, how often it occurs is counted."""

    def __init__(self, table: Array, before: Array, after: Array, bounds: Bounds | None) -> None:
        """``table``: the new pattern of each; ``before``, ``after``: what the old and the new one mean."""
        self._table, self._before, self._after, self._bounds = table, before, after, bounds
        self._taken = 0

    def look_up(self, patterns: Array, out: Array, loss: Loss | None = None) -> None:
        """Fill ``out``; ``loss`` takes what that loses."""
        self._taken += patterns.size
        if compiled_at_hand("compiled_pairs", "look_up", self._taken):
            from ckpt_gui.core.kernels.compiled_pairs import look_up

            look_up(patterns, self._table, out)
        else:
            np.take(self._table, patterns, out=out)
        if loss is not None and patterns.size:
            loss.add(self._lost(patterns, loss.max))

    @cached_property
    def _each(self) -> tuple[_Each, NDArray[np.float64]]:
        """What becomes of each pattern; and the kinds once more, in numbers to multiply with."""
        each = _each(self._before, self._after, self._bounds)
        return each, each.kinds.astype(np.float64)

    def _lost(self, patterns: Array, most: float) -> Loss:
        """Looks for the place of the greatest error only if it is more than ``most``."""
        each, kinds = self._each
        there, times = self._counts(patterns)
        counts = kinds[:, there] @ times
        found = Loss(taken=patterns.size, **{name: int(count) for name, count in zip(_KINDS, counts, strict=True)})
        found.largest = float(each.size[there][each.kinds[2, there]].max(initial=0.0))
        found.sum, found.max = float(each.apart[there] @ times), float(each.apart[there].max())
        found.relative = float(each.relative[there].max())
        if found.max > most:
            wanted = np.zeros(len(self._table), bool)
            wanted[there] = each.apart[there] == found.max
            found.at_max = int(wanted[patterns].argmax())
        return found

    def _counts(self, patterns: Array) -> tuple[Array, Array]:
        """Which patterns there are, in order, and how often."""
        kinds = len(self._table)
        if patterns.size < kinds:
            return np.unique(patterns, return_counts=True)
        if compiled_at_hand("compiled_casts", "count_patterns", self._taken):
            from ckpt_gui.core.kernels.compiled_casts import count_patterns

            every = np.zeros(kinds, np.int64)
            count_patterns(patterns, every)
        else:
            every = np.bincount(patterns, minlength=kinds)
        there = np.flatnonzero(every)
        return there, every[there]
