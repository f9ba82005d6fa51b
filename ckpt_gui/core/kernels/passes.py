"""A pass over a tensor's values, fed block by block: machine code where that pays, NumPy elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.kernels.cells import float32_cells, float64_cells
from ckpt_gui.core.kernels.partial import Moments, Partial
from ckpt_gui.core.kernels.plain import PlainNumbers, PlainPatterns, filled, of_patterns

FEW = 16_384
"""Of at most so many values each is counted by itself: sorting them costs no more than clearing a table of cells."""
WORTH_A_COMPILER = 2_000_000
"""Elements; fewer are done in NumPy before the machine code could be loaded."""


class Pass(Protocol):
    """Takes blocks of values, or of patterns, as they come."""

    def add(self, block: NDArray[Any]) -> None:
        """The next block: one dimension, contiguous."""
        ...

    def result(self) -> Partial:
        """What all blocks together gave."""
        ...


@dataclass(frozen=True, slots=True)
class Lane:
    """How the elements of a type are counted."""

    dtype: np.dtype[Any]
    """Of the blocks: float32, float64, an integer of 32 or 64 bits, or uint8 or uint16 patterns."""
    table: NDArray[np.float64] | None = None
    """The value of each pattern; None for the wide types."""
    order: str = ""
    """How 16-bit patterns sort: ``float`` (sign and magnitude), ``int``, ``uint``."""
    infinity: int = 0x8000
    """The 16-bit pattern of +Inf; 0x8000 where there is none."""


def compiled_at_hand() -> bool:
    """Whether the machine code was needed before in this process: some of it is compiled, or was loaded."""
    modules = [sys.modules.get(f"ckpt_gui.core.kernels.{name}") for name in ("compiled", "compiled_pairs")]
    found = [one for module in modules if module is not None for one in list(vars(module).values())]
    return any(getattr(one, "signatures", None) for one in found)


def load(lane: Lane) -> bool:
    """Have the machine code for a lane at hand before it is needed, if a former run left it; False: it did not.

    Never compiles: that takes seconds, in which passes over medium tensors would wait for it.
    """
    from ckpt_gui.core.kernels import compiled

    name = (
        "pattern8_pass" if lane.dtype.itemsize == 1 else "pattern16_pass" if lane.table is not None else "integer_pass"
    )
    if lane.dtype.kind == "f":
        name = f"{lane.dtype.name}_pass"
    if not any(Path(compiled.cache_folder()).glob(f"*/compiled.{name}-*.nbc")):
        return False
    start(lane, WORTH_A_COMPILER + 1).add(np.zeros(4096, lane.dtype))
    return True


def start(lane: Lane, elements: int, scale: float = 1.0) -> Pass:
    """A pass over so many elements; ``scale`` (a power of two) keeps squares of extreme float64 values in range."""
    small = elements <= FEW or (elements <= WORTH_A_COMPILER and not compiled_at_hand())
    if lane.table is not None:
        if small:
            return PlainPatterns(lane.table)
        return Bytes(lane.table) if lane.dtype.itemsize == 1 else Halves(lane)
    if small:
        cells = float32_cells() if lane.dtype == np.float32 else float64_cells()
        return PlainNumbers(None if elements <= FEW else cells, scale)
    return Floats(lane.dtype, scale) if lane.dtype.kind == "f" else Integers()


class Floats:
    """float32 and float64, compiled."""

    def __init__(self, dtype: np.dtype[Any], scale: float) -> None:
        from ckpt_gui.core.kernels import compiled

        self._code = compiled
        self._wide = dtype == np.float64
        self._k, self._f = _state(compiled)
        self._f[compiled.SCALE] = scale
        self._even = np.zeros(1 << (19 if self._wide else 16), np.uint32)
        self._odd = np.zeros(1 if self._wide else 1 << 16, np.uint32)
        self._begun = False

    def add(self, block: NDArray[Any]) -> None:
        """The next values."""
        if not self._begun:
            finite = block[np.isfinite(block)] if self._wide else block[:0]
            if finite.size:
                self._f[self._code.PILOT_F] = finite[0]
            self._begun = bool(finite.size) or not self._wide
        if self._wide:
            self._code.float64_pass(block, block.view(np.int64), self._even, self._k, self._f)
        else:
            self._code.float32_pass(block, block.view(np.int32), self._even, self._odd, self._k, self._f)

    def result(self) -> Partial:
        """What all blocks together gave."""
        code, k, f = self._code, self._k, self._f
        part = _counted(code, k)
        part.moments = Moments(
            int(f[code.COUNT]), float(f[code.PILOT_F]), f[code.MEAN], f[code.M2], f[code.L1], f[code.SCALE]
        )
        if k[code.STARTED]:
            part.min, part.max = (_from_key(int(k[place]), self._wide) for place in (code.KEY_MIN, code.KEY_MAX))
        counts = self._even.astype(np.int64)
        if not self._wide:
            counts += self._odd
        cells = float64_cells() if self._wide else float32_cells()
        part.low, part.high, part.counts = filled(cells, counts, part)
        return part


class Integers:
    """Integers of 32 and 64 bits, compiled."""

    def __init__(self) -> None:
        from ckpt_gui.core.kernels import compiled

        self._code = compiled
        self._k, self._f = _state(compiled)
        self._table = np.zeros(1 << 19, np.uint32)
        self._pilot: int | None = None
        self._unsigned = False

    def add(self, block: NDArray[Any]) -> None:
        """The next values."""
        if self._pilot is None and block.size:
            self._pilot = int(block[0])
            self._unsigned = block.dtype.kind == "u"
            self._k[self._code.PILOT] = block[:1].astype(np.int64)[0]
            self._f[self._code.PILOT_F] = float(self._pilot)
        self._code.integer_pass(block, self._table, self._k, self._f)

    def result(self) -> Partial:
        """What all blocks together gave."""
        code, k, f = self._code, self._k, self._f
        part = _counted(code, k)
        part.moments = Moments(int(f[code.COUNT]), self._pilot or 0, f[code.MEAN], f[code.M2], f[code.L1])
        if k[code.STARTED]:
            wrap = 1 << 64 if self._unsigned else 0
            part.min, part.max = (
                value + wrap if value < 0 else value for value in (int(k[code.KEY_MIN]), int(k[code.KEY_MAX]))
            )
        part.low, part.high, part.counts = filled(float64_cells(), self._table.astype(np.int64), part)
        return part


class Bytes:
    """Types of 8 bits, compiled."""

    def __init__(self, table: NDArray[np.float64]) -> None:
        from ckpt_gui.core.kernels import compiled

        self._code = compiled
        self._plain = PlainPatterns(table)
        self._k, _ = _state(compiled)

    def add(self, block: NDArray[Any]) -> None:
        """The next patterns."""
        self._code.pattern8_pass(block, self._plain.counts, self._plain.first, self._k)

    def result(self) -> Partial:
        """What all blocks together gave."""
        return self._plain.result()


class Halves:
    """Types of 16 bits, compiled."""

    def __init__(self, lane: Lane) -> None:
        from ckpt_gui.core.kernels import compiled

        assert lane.table is not None
        self._code, self._table = compiled, lane.table
        self._k, _ = _state(compiled)
        self._even, self._odd = np.zeros(1 << 16, np.uint32), np.zeros(1 << 16, np.uint32)
        self._flip = np.int16(-0x8000 if lane.order == "uint" else 0)
        self._mask = np.int16(0x7FFF if lane.order == "float" else 0)
        self._infinity = lane.infinity

    def add(self, block: NDArray[Any]) -> None:
        """The next patterns."""
        bits = block.view(np.int16)
        self._code.pattern16_pass(bits, self._even, self._odd, self._flip, self._mask, self._infinity, self._k)

    def result(self) -> Partial:
        """What all blocks together gave."""
        part = of_patterns(self._table, self._even.astype(np.int64) + self._odd)
        places = _counted(self._code, self._k)
        part.at_nan, part.at_inf = places.at_nan, places.at_inf
        part.at_min, part.at_max = places.at_min, places.at_max
        return part


def _state(code: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    k = np.zeros(code.STARTED + 1, np.int64)
    k[[code.AT_MIN, code.AT_MAX, code.AT_NAN, code.AT_INF]] = -1
    f = np.zeros(code.SCALE + 1)
    f[code.SCALE] = 1.0
    return k, f


def _counted(code: Any, k: NDArray[np.int64]) -> Partial:
    part = Partial()
    for name in ("nan", "posinf", "neginf", "plus_zeros", "minus_zeros", "at_min", "at_max", "at_nan", "at_inf"):
        setattr(part, name, int(k[getattr(code, name.upper())]))
    return part


def _from_key(key: int, wide: bool) -> float:
    """The float whose order-preserving key that is."""
    size = 64 if wide else 32
    bits = key if key >= 0 else (key ^ ((1 << (size - 1)) - 1)) & ((1 << size) - 1)
    pattern = np.array([bits], np.uint64 if wide else np.uint32)
    return float(pattern.view(np.float64 if wide else np.float32)[0])
