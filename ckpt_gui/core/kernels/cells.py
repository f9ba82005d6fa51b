"""How values of wide types are cut into cells, so that one table counts them whatever their range.

A float32's cell is its top 16 bits, a float64's its top 19: sign, exponent and seven bits of the
mantissa, so a cell is 1/128 of its value wide. Integers of 32 and 64 bits are counted as the
float64 they convert to. Non-finite values have cells of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Cells:
    """One way of cutting: every cell's lowest and highest value, NaN for those of non-finite values."""

    shift: int
    """Bits of a pattern beneath the cell's number."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.low)


@cache
def float32_cells() -> Cells:
    """65,536 cells by the top 16 bits."""
    first = np.arange(1 << 16, dtype=np.uint32) << np.uint32(16)
    return _cells(16, first.view(np.float32), (first | np.uint32(0xFFFF)).view(np.float32))


@cache
def float64_cells() -> Cells:
    """524,288 cells by the top 19 bits."""
    first = np.arange(1 << 19, dtype=np.uint64) << np.uint64(45)
    return _cells(45, first.view(np.float64), (first | np.uint64((1 << 45) - 1)).view(np.float64))


def _cells(shift: int, first: NDArray[np.floating], last: NDArray[np.floating]) -> Cells:
    with np.errstate(invalid="ignore"):  # casting a signalling NaN
        one, other = first.astype(np.float64), last.astype(np.float64)
    finite = np.isfinite(one)
    low, high = np.minimum(one, other), np.maximum(one, other)
    low[~finite] = high[~finite] = np.nan
    return Cells(shift, low, high)
