"""The nouns of statistics: what is known of a tensor's values after one pass, before any shell shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Number = int | float
Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in each bin; what ``np.histogram(values, edges)`` gives."""

    edges: Floats
    """n + 1 edges, increasing (two equal ones for a single value); a bin holds its lower edge, the last both."""
    counts: Counts
    below: int
    """Finite values under the first edge."""
    above: int
    """Finite values over the last edge."""
    exact: bool
    """False: from a sample, or from a distribution whose cells straddle the edges."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The finite values as sorted cells, each with its lowest and highest possible value and its count.

    Of small tensors, 8- and 16-bit types every cell is one value. Of wider types a cell is what
    shares sign, exponent and the first seven bits of the mantissa: 1/128 of its value wide.
    """

    low: Floats
    high: Floats
    """Equal to ``low`` where a cell is one value."""
    counts: Counts

    @property
    def exact(self) -> bool:
        """Is every cell one value?"""
        return bool(np.array_equal(self.low, self.high))

    @property
    def total(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Summary:
    """The statistics of one tensor, or of several together. min … distribution are over finite values."""

    numel: int
    """Elements as torch counts them."""
    count: int
    """Numbers these statistics are of: finite + nan + posinf + neginf. Not ``numel`` for sparse tensors (stored
    values only) and packed types (two numbers an element)."""
    finite: int
    nan: int
    posinf: int
    neginf: int
    zeros: int
    """+0 and -0."""
    negative: int
    """Finite values below 0."""
    min: Number | None
    """Exact; an int for integers and bool. None where there is no finite value."""
    max: Number | None
    mean: float | None
    std: float | None
    """The population's: divided by the count."""
    l1: float | None
    """Sum of magnitudes."""
    l2: float | None
    """Square root of the sum of squares."""
    absmax: Number | None
    where_min: Index | None
    """Index of the first smallest value in row-major order; None of a group, or where there is none."""
    where_max: Index | None
    where_nan: Index | None
    """Index of the first NaN."""
    where_inf: Index | None
    """Index of the first +Inf or -Inf."""
    of: str
    """What the numbers are: "" (the values themselves), ``stored values``, ``dequantized``, ``magnitudes``."""
    sampled: bool
    """A preview from some of the values; counts are those of the sample."""
    dtypes: tuple[str, ...]
    """Element types, as stored."""
    tensors: int
    """How many tensors this is about."""
    distribution: Distribution
