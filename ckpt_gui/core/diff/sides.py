"""The same block of two tensors, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.tensors import Box, Form, Reading

BLOCK = 1 << 17
"""Elements of a block: half a megabyte of float32, of which two stay in the second-level cache."""
TILE = 1 << 20
"""Elements of a tile, where the two lie differently in their files."""
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One tensor of a pair."""

    reading: Reading
    tensor: int
    form: Form

    @staticmethod
    def of(reading: Reading, tensor: int) -> Side:
        """Raises NoValues with a sentence."""
        return Side(reading, tensor, reading.form(tensor, raw=False))

    @property
    def width(self) -> int:
        """Bytes of an element."""
        return self.form.pattern.itemsize * self.form.parts

    def boxes(self, part: tuple[int, int]) -> Iterator[Box]:
        """Its boxes in storage order, of BLOCK elements at most."""
        return self.reading.boxes(self.tensor, BLOCK * self.width, part, raw=False)

    def patterns(self, index: tuple[slice, ...]) -> Array:
        """The patterns of a sub-box."""
        return self.reading.patterns(self.tensor, index, raw=False)


@dataclass(frozen=True, slots=True)
class Both:
    """One block of both sides: contiguous patterns of equal length (complex ones with a last axis of 2)."""

    left: Array
    right: Array
    origin: tuple[int, ...]
    shape: tuple[int, ...]
    """Of the box, in logical dimensions."""
    order: tuple[int, ...]
    """The permutation of dimensions in which the elements come."""

    def index(self, place: int) -> tuple[int, ...]:
        """Where an element of the block stands in the tensor."""
        local = np.unravel_index(place, tuple(self.shape[dim] for dim in self.order))
        index = list(self.origin)
        for dim, at in zip(self.order, local, strict=True):
            index[dim] += int(at)
        return tuple(index)


def alike(left: Side, right: Side) -> bool:
    """Whether both tensors lie in their files in the same way, so that their boxes are the same."""
    if left.form.multiplicity != right.form.multiplicity:
        return False
    one, other = next(left.boxes((0, 1)), None), next(right.boxes((0, 1)), None)
    if one is None or other is None:
        return one is other
    return _fits(one, other)


def _fits(one: Box, other: Box) -> bool:
    return (one.origin, one.array.shape, one.order) == (other.origin, other.array.shape, other.order)


def together(left: Side, right: Side, part: tuple[int, int]) -> Iterator[Both]:
    """The blocks of one share of both, which are ``alike``: read in step, in storage order."""
    dims = len(left.form.shape)
    for one, other in zip_longest(left.boxes(part), right.boxes(part)):
        if one is None or other is None or not _fits(one, other):
            raise AssertionError("two tensors that lie alike came in boxes that differ")
        yield Both(_flat(one, left), _flat(other, right), one.origin, one.array.shape[:dims], one.order[:dims])


def _flat(box: Box, side: Side) -> Array:
    array = box.array.transpose(box.order)
    return array.reshape(-1, side.form.parts) if side.form.parts > 1 else array.reshape(-1)


def tiles(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Sub-boxes of at most TILE elements that together are the whole; as near to cubes as halving makes them."""
    tile = list(shape)
    while math.prod(tile) > TILE:
        longest = max(range(len(tile)), key=tile.__getitem__)
        tile[longest] = -(-tile[longest] // 2)
    steps = [range(0, size, step or 1) for size, step in zip(shape, tile, strict=True)]
    for corner in product(*steps):
        yield tuple(slice(at, min(at + n, size)) for at, n, size in zip(corner, tile, shape, strict=True))


def by_tiles(left: Side, right: Side, part: tuple[int, int]) -> Iterator[Both]:
    """The same of tensors that lie differently, a tile at a time."""
    order = tuple(range(len(left.form.shape)))
    for number, index in enumerate(tiles(left.form.shape)):
        if number % part[1] == part[0]:
            one, other = (np.ascontiguousarray(side.patterns(index)) for side in (left, right))
            shape = one.shape[: len(order)]
            origin = tuple(span.start for span in index)
            ends = (-1, left.form.parts) if left.form.parts > 1 else (-1,)
            others = (-1, right.form.parts) if right.form.parts > 1 else (-1,)
            yield Both(one.reshape(ends), other.reshape(others), origin, shape, order)
