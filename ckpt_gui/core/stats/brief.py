"""What is kept of a tensor's statistics when there are 50,000 of them: numbers, and a coarse distribution.

A ``Brief`` is what shows; packed it takes some 300 bytes, in memory and in the cache.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.stats.nouns import Distribution, Index, Number, Summary
from ckpt_gui.core.stats.percentile import percentile

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
BINS = 64
_LEAST = -25
"""The smallest magnitudes share a bin: below 2^-24; the largest too: from 2^6."""
_HALF = BINS // 2
VERSION = 1
"""Of the packed form; another one is not read."""

_OF = ("", "stored values", "dequantized", "magnitudes")


@dataclass(frozen=True, slots=True)
class Brief:
    """The statistics of one tensor, as in ``Summary``, without the distribution's detail."""

    numel: int
    count: int
    finite: int
    nan: int
    posinf: int
    neginf: int
    zeros: int
    negative: int
    min: Number | None
    max: Number | None
    mean: float | None
    std: float | None
    l1: float | None
    l2: float | None
    absmax: Number | None
    percentiles: tuple[Number | None, ...]
    """At ``PERCENTILES``; None each where there is no finite value."""
    where_min: Index | None
    where_max: Index | None
    where_nan: Index | None
    where_inf: Index | None
    of: str
    dtype: str
    bins: tuple[int, ...]
    """Finite values other than 0 by sign and power of two: 32 bins below 0, the largest magnitudes first, then 32
    above, the smallest first. Fixed edges, so that the bins of several tensors add up."""

    @property
    def infinite(self) -> int:
        """+Inf and -Inf."""
        return self.posinf + self.neginf

    @property
    def zeros_percent(self) -> float | None:
        """Share of the values that are 0, in percent."""
        return 100 * self.zeros / self.count if self.count else None


def brief(summary: Summary) -> Brief:
    """A tensor's statistics without what takes room."""
    percentiles = tuple(percentile(summary, q) for q in PERCENTILES)
    return Brief(
        summary.numel, summary.count, summary.finite, summary.nan, summary.posinf, summary.neginf, summary.zeros,
        summary.negative, summary.min, summary.max, summary.mean, summary.std, summary.l1, summary.l2, summary.absmax,
        percentiles, summary.where_min, summary.where_max, summary.where_nan, summary.where_inf, summary.of,
        summary.dtypes[0] if summary.dtypes else "", coarse(summary.distribution),
    )  # fmt: skip


def coarse(distribution: Distribution) -> tuple[int, ...]:
    """The 64 bins of a distribution. No cell straddles a power of two."""
    low = np.where(distribution.low < 0, distribution.high, distribution.low)  # the end nearer to 0
    held = (low != 0) & np.isfinite(low)
    powers = np.clip(np.frexp(np.abs(low[held]))[1] - 1, _LEAST, _LEAST + _HALF - 1) - _LEAST
    places = np.where(low[held] < 0, _HALF - 1 - powers, _HALF + powers)
    bins = np.zeros(BINS, np.int64)
    np.add.at(bins, places, distribution.counts[held])
    return tuple(bins.tolist())


def bin_edges() -> NDArray[np.float64]:
    """65 edges of the bins; the outermost are infinite."""
    magnitudes = np.ldexp(1.0, np.arange(_LEAST + 1, _LEAST + _HALF))
    return np.concatenate(([-np.inf], -magnitudes[::-1], [0.0], magnitudes, [np.inf]))


# ---------------------------------------------------------------------------------------------------- packing

_NUMBERS = 7 + len(PERCENTILES)
_HEAD = struct.Struct(f"<8q2B{_NUMBERS}s4B")
"""Counts; what the numbers are of; length of the dtype's name; tags of the numbers; lengths of the indices."""
_TAGS = slice(66, 66 + _NUMBERS)
_NO_INDEX = 0xFF
_BINS = struct.Struct("<Qc")


def pack(brief: Brief) -> bytes:
    """As bytes. Raises OverflowError for counts that no 64 bits hold."""
    numbers = (brief.min, brief.max, brief.mean, brief.std, brief.l1, brief.l2, brief.absmax, *brief.percentiles)
    places = (brief.where_min, brief.where_max, brief.where_nan, brief.where_inf)
    name = brief.dtype.encode()[:255]
    tags = bytes(map(_tag, numbers))
    try:
        head = _HEAD.pack(
            brief.numel, brief.count, brief.finite, brief.nan, brief.posinf, brief.neginf, brief.zeros, brief.negative,
            _OF.index(brief.of), len(name), tags, *(_NO_INDEX if place is None else len(place) for place in places),
        )  # fmt: skip
        held = _form(tags).pack(*(number for number in numbers if number is not None))
        indices = [struct.pack(f"<{len(place)}q", *place) for place in places if place]
    except struct.error as exc:
        raise OverflowError(str(exc)) from exc
    return b"".join((head, name, held, *indices, _packed_bins(brief.bins)))


def _tag(number: Number | None) -> int:
    if number is None:
        return 0
    return 1 if isinstance(number, float) else 2 if -(1 << 63) <= number < 1 << 63 else 3


@lru_cache(256)
def _form(tags: bytes) -> struct.Struct:
    return struct.Struct("<" + "".join(" dqQ"[tag] for tag in tags).replace(" ", ""))


def _packed_bins(bins: tuple[int, ...]) -> bytes:
    """Most bins are empty: a mask of those that are not, and their counts."""
    mask = sum(1 << place for place, count in enumerate(bins) if count)
    held = [count for count in bins if count]
    form = "I" if max(held, default=0) < 1 << 32 else "Q"
    return _BINS.pack(mask, form.encode()) + struct.pack(f"<{len(held)}{form}", *held)


def has_ints(packed: bytes) -> bool:
    """Are there ints among the numbers of a packed brief?"""
    tags = packed[_TAGS]
    return 2 in tags or 3 in tags


def unpack(data: bytes) -> Brief:
    """The inverse. Raises ValueError for bytes that are none of ours."""
    try:
        return _unpack(data)
    except (struct.error, IndexError, UnicodeDecodeError) as exc:
        raise ValueError(f"not packed statistics: {exc}") from exc


def _unpack(data: bytes) -> Brief:
    numel, count, finite, nan, posinf, neginf, zeros, negative, of, length, tags, *ranks = _HEAD.unpack_from(data)
    at = _HEAD.size + length
    dtype = data[_HEAD.size : at].decode()
    form = _form(tags)
    held = iter(form.unpack_from(data, at))
    at += form.size
    least, most, mean, std, l1, l2, absmax, *percentiles = [next(held) if tag else None for tag in tags]
    places: list[Index | None] = []
    for rank in ranks:
        places.append(None if rank == _NO_INDEX else struct.unpack_from(f"<{rank}q", data, at))
        at += 0 if rank == _NO_INDEX else 8 * rank
    return Brief(
        numel, count, finite, nan, posinf, neginf, zeros, negative, least, most, mean, std, l1, l2, absmax,
        tuple(percentiles), places[0], places[1], places[2], places[3], _OF[of], dtype, _unpacked_bins(data, at),
    )  # fmt: skip


def _unpacked_bins(data: bytes, at: int) -> tuple[int, ...]:
    mask, width = _BINS.unpack_from(data, at)
    if width not in (b"I", b"Q"):
        raise ValueError("no such width of counts")
    held = struct.unpack(f"<{mask.bit_count()}{width.decode()}", data[at + _BINS.size :])
    bins = [0] * BINS
    for count in held:
        lowest = mask & -mask
        bins[lowest.bit_length() - 1] = count
        mask ^= lowest
    return tuple(bins)
