"""Strided windows of a storage, cut into boxes that lie close together. Integers only; nothing is read.

All positions are counted in elements from the storage's start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MAX_READS = 4096
"""Reads that one box may take, where what it needs lies far apart."""


@dataclass(frozen=True, slots=True)
class Window:
    """A strided window: element ``i`` lies at ``first + Σ i[d] · stride[d]``."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    first: int

    def select(self, ranges: Sequence[range]) -> Window:
        """The window of the given indices of each dimension; steps are positive, and all indices exist."""
        shape = tuple(map(len, ranges))
        stride = tuple(step * one.step for step, one in zip(self.stride, ranges, strict=True))
        first = self.first + sum(step * one.start for step, one in zip(self.stride, ranges, strict=True) if len(one))
        return Window(shape, stride, first)

    @property
    def end(self) -> int:
        """One past the last element; ``first`` where there is none."""
        if 0 in self.shape:
            return self.first
        return self.first + 1 + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))


class Axis(NamedTuple):
    """A dimension along which the window moves."""

    dim: int
    size: int
    step: int


class Cut(NamedTuple):
    """One box: where it lies in the tensor, what to read for it, and how that is laid out once read."""

    origin: tuple[int, ...]
    shape: tuple[int, ...]
    """Size 1 in dimensions of stride 0."""
    steps: tuple[int, ...]
    """Elements per dimension, within what was read."""
    starts: Sequence[int]
    """First element of each read; they lie behind each other once read."""
    span: int
    """Elements of each read."""


class Cuts:
    """A window as a sequence of boxes, each of at most ``most`` elements and (but for far ones) so many in reach.

    They come in *storage order*: nearest dimensions innermost, so that a transposed matrix is read once,
    from its first byte to its last. Where dimensions overlap or interleave, they come in logical order,
    row by row, and elements are delivered as often as the window shows them. What lies more than ``gap``
    elements apart is read piece by piece, nearer things with what stands between them. Dimensions of
    stride 0 are delivered once, but for those of ``kept``.
    """

    def __init__(self, window: Window, most: int, gap: int, kept: frozenset[int] = frozenset()) -> None:
        self.window = window
        rank = len(window.shape)
        axes = [
            Axis(dim, size, step)
            for dim, (size, step) in enumerate(zip(window.shape, window.stride, strict=True))
            if size > 1 and (step or dim in kept)
        ]
        inner_first = sorted(axes, key=lambda axis: axis.step)
        self.nested = _nested(inner_first)
        """Whether no element is delivered twice, and boxes come in storage order."""
        if not self.nested:
            inner_first = axes[::-1]
        moving = [axis.dim for axis in reversed(inner_first)]
        self.order = (*(dim for dim in range(rank) if dim not in moving), *moving)
        """Dimensions from the farthest to the nearest, those that do not move first."""
        self.row_major = moving == sorted(moving)
        self._layout(inner_first, max(most, 1), gap)
        self.elements = math.prod(axis.size for axis in axes) if 0 not in window.shape else 0
        """How many elements all boxes hold together."""
        outer = math.prod(axis.size for axis in self._outer)
        self.count = outer * self._slices if self.elements else 0
        """How many boxes there are."""

    def _layout(self, inner_first: list[Axis], most: int, gap: int) -> None:
        self._whole: list[tuple[Axis, int]] = []
        """Dimensions that every box has in full, with their steps once read."""
        self._far: list[Axis] = []
        """Of these, those that take a read for each index."""
        self._split: Axis | None = None
        self._outer: list[Axis] = []
        self._size = self._slices = self._reads = self._span = 1
        self._split_far = False
        self._split_step = 0
        held = 1
        for place, axis in enumerate(inner_first):
            far = bool(self._far) or (self.nested and axis.step - self._span > gap)
            fits = self._fitting(axis, far, most, held)
            if fits < axis.size:
                self._slices = -(-axis.size // fits)
                self._size = -(-axis.size // self._slices)
                self._slices = -(-axis.size // self._size)
                self._split, self._split_far = axis, far
                self._split_step = self._span * self._reads if far else axis.step
                self._outer = inner_first[place + 1 :]
                return
            self._take(axis, far)
            held *= axis.size

    def _fitting(self, axis: Axis, far: bool, most: int, held: int) -> int:
        """How many indices of the dimension a box can have."""
        if far:
            return max(1, min(most // self._span, MAX_READS) // self._reads)
        reach = (most - self._span) // axis.step + 1 if axis.step else most
        return max(1, min(reach, most // held))

    def _take(self, axis: Axis, far: bool) -> None:
        if far:
            self._whole.append((axis, self._span * self._reads))
            self._far.append(axis)
            self._reads *= axis.size
        else:
            self._whole.append((axis, axis.step))
            self._span += (axis.size - 1) * axis.step

    @property
    def room(self) -> int:
        """Elements that must be held for the largest box."""
        return self._reach(self._size) * self._reads * (self._size if self._split_far else 1)

    def _reach(self, size: int) -> int:
        """Elements of one read for a box with ``size`` indices of the split dimension."""
        near = self._split is not None and not self._split_far
        return self._span + (size - 1) * self._split_step if near else self._span

    def __iter__(self) -> Iterator[Cut]:
        return map(self.__getitem__, range(self.count))

    def __getitem__(self, number: int) -> Cut:
        rank = len(self.window.shape)
        origin, shape, steps = [0] * rank, [1] * rank, [0] * rank
        rest, slice_ = divmod(number, self._slices)
        start, size = self.window.first, 1
        for axis in self._outer:
            rest, at = divmod(rest, axis.size)
            origin[axis.dim] = at
            start += at * axis.step
        for axis, step in self._whole:
            shape[axis.dim], steps[axis.dim] = axis.size, step
        if self._split is not None:
            dim, begin = self._split.dim, slice_ * self._size
            size = min(self._size, self._split.size - begin)
            origin[dim], shape[dim], steps[dim] = begin, size, self._split_step
            start += begin * self._split.step
        return Cut(tuple(origin), tuple(shape), tuple(steps), self._starts(start, size), self._reach(size))

    def _starts(self, start: int, size: int) -> list[int]:
        starts = [start]
        for axis in self._far:
            starts = [one + at * axis.step for at in range(axis.size) for one in starts]
        if self._split is not None and self._split_far:
            starts = [one + at * self._split.step for at in range(size) for one in starts]
        return starts


def share(count: int, part: tuple[int, int]) -> range:
    """The ``k``-th of ``n`` shares of ``count`` things in a row."""
    k, n = part
    if not 0 <= k < n:
        raise ValueError(f"share {k} of {n}")
    return range(count * k // n, count * (k + 1) // n)


def _nested(inner_first: list[Axis]) -> bool:
    """Whether each dimension steps over all that the nearer ones reach: no element lies in two places."""
    span = 1
    for axis in inner_first:
        if axis.step < span:
            return False
        span += (axis.size - 1) * axis.step
    return True
