"""Any shape as rows and columns: slices, kernels side by side, one axis folded. Pure arithmetic, no values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

KERNEL_SIDE = 16
"""Last two axes no longer than this are taken for a convolution's kernel."""
_LONG_SIDE = 1 << 12


class Axis(NamedTuple):
    """A part of one axis of the tensor: of index ``i`` it is ``i // step % size``."""

    dim: int
    size: int
    step: int = 1


class Region(NamedTuple):
    """Rows top … bottom - 1 and columns left … right - 1 of a plane."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def sizes(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


@dataclass(frozen=True, slots=True)
class Plane:
    """How a tensor lies in rows and columns. Row and column are mixed-radix numbers of their axes."""

    shape: tuple[int, ...]
    rows: tuple[Axis, ...]
    """The most significant first; none: one row."""
    columns: tuple[Axis, ...]
    fixed: tuple[tuple[int, int], ...]
    """(axis of the tensor, index) of every axis that is neither."""
    tile: tuple[int, int] = (0, 0)
    """A gap is drawn after so many rows, columns; 0: none."""
    name: str = "slice"
    """``slice``, ``kernels``, ``row`` or ``folded``."""

    @property
    def height(self) -> int:
        """Rows, padding included."""
        return math.prod(axis.size for axis in self.rows)

    @property
    def width(self) -> int:
        """Columns, padding included."""
        return math.prod(axis.size for axis in self.columns)

    @property
    def whole(self) -> Region:
        """All of it."""
        return Region(0, self.height, 0, self.width)

    @property
    def simple(self) -> bool:
        """Is each side one whole axis (or nothing)? Then a region is one box of the tensor."""
        return all(len(side) <= 1 for side in (self.rows, self.columns)) and self.split is None

    @property
    def split(self) -> Axis | None:
        """The outer part of an axis that is cut in two; its step is the size of the inner part."""
        return next((axis for axis in (*self.rows, *self.columns) if axis.step > 1), None)

    @property
    def padded(self) -> bool:
        """May some places lie past the end of an axis that is cut in two?"""
        return self.split is not None and self.split.size * self.split.step > self.shape[self.split.dim]

    def index_at(self, row: int, column: int) -> tuple[int, ...] | None:
        """Index in the tensor of a place in the plane; None in the padding."""
        index = [0] * len(self.shape)
        for dim, at in self.fixed:
            index[dim] = at
        for side, number in ((self.rows, row), (self.columns, column)):
            rest = number
            for axis in reversed(side):
                rest, digit = divmod(rest, axis.size)
                index[axis.dim] += digit * axis.step
        return tuple(index) if all(at < size for at, size in zip(index, self.shape, strict=True)) else None

    def place_of(self, index: Sequence[int]) -> tuple[int, int]:
        """Row and column of an index of the tensor, if this slice holds it: the inverse of ``index_at``."""
        found = []
        for side in (self.rows, self.columns):
            number = 0
            for axis in side:
                number = number * axis.size + index[axis.dim] // axis.step % axis.size
            found.append(number)
        return found[0], found[1]

    def holding(self, index: Sequence[int]) -> Plane:
        """The slice, laid out in the same way, that holds an index of the tensor."""
        return replace(self, fixed=tuple((dim, index[dim]) for dim, _at in self.fixed))


def _axis(shape: Sequence[int], dim: int) -> Axis:
    return Axis(dim, shape[dim])


def _fixed(shape: Sequence[int], used: Sequence[int], at: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    """Every axis not used at its index in ``at``, else 0; kept inside the axis."""
    return tuple(
        (dim, min(max(at.get(dim, 0), 0), max(size - 1, 0))) for dim, size in enumerate(shape) if dim not in used
    )


def sliced(shape: Sequence[int], rows: int, columns: int, at: Mapping[int, int] = {}) -> Plane:
    """One axis as rows, another as columns; the others stay at ``at`` (axis → index, 0 where not named)."""
    if rows == columns:
        raise ValueError("rows and columns need two axes")
    sizes = tuple(shape)
    return Plane(sizes, (_axis(sizes, rows),), (_axis(sizes, columns),), _fixed(sizes, (rows, columns), at))


def kernels(shape: Sequence[int], at: Mapping[int, int] = {}) -> Plane:
    """A convolution's kernels side by side: outputs downwards, inputs across; (…, out, in, kh, kw) or (out, in, k).

    Where there are many more outputs than inputs, they go on in further columns, so that the whole is no thin strip.
    """
    sizes = tuple(shape)
    if len(sizes) == 3:
        out, into, high, wide = 0, 1, None, 2
    else:
        out, into, high, wide = (len(sizes) - 4 + number for number in range(4))
    kernel_high = sizes[high] if high is not None else 1
    per_column = _per_column(sizes[out], kernel_high, sizes[into] * sizes[wide])
    rows = [Axis(out, per_column)] if per_column > 1 else []
    rows += [_axis(sizes, high)] if high is not None else []
    columns = [_axis(sizes, into), _axis(sizes, wide)]
    if per_column < sizes[out]:
        columns.insert(0, Axis(out, -(-sizes[out] // per_column), per_column))
    used = [dim for dim in (out, into, high, wide) if dim is not None]
    tile = (kernel_high if kernel_high > 1 else 0, sizes[wide])
    return Plane(sizes, tuple(rows), tuple(columns), _fixed(sizes, used, at), tile, "kernels")


def _per_column(outputs: int, high: int, wide: int) -> int:
    """How many outputs stand under one another: all, unless the picture would be over twice as high as wide."""
    if outputs * high <= 2 * wide:
        return outputs
    columns = max(1, round(math.sqrt(outputs * high / max(wide, 1))))
    return max(1, -(-outputs // columns))


def row(shape: Sequence[int]) -> Plane:
    """A vector as one row."""
    sizes = tuple(shape)
    return Plane(sizes, (), (_axis(sizes, 0),), (), (0, 0), "row")


def folded(shape: Sequence[int], width: int) -> Plane:
    """A vector in lines of ``width`` values, like text; the last one may be short."""
    sizes = tuple(shape)
    width = max(2, width)
    if width >= sizes[0]:
        return row(sizes)
    return Plane(sizes, (Axis(0, -(-sizes[0] // width), width),), (Axis(0, width),), (), (0, 0), "folded")


def square_side(numel: int) -> int:
    """A width that folds a vector into a near square: the divisor nearest to the root, else a power of two."""
    side = max(1, round(math.sqrt(numel)))
    if side > _LONG_SIDE:
        return 1 << (side.bit_length() - 1)
    near = [width for width in range(max(1, side // 2), 2 * side + 1) if numel % width == 0]
    return min(near, key=lambda width: abs(width - side)) if near else 1 << (side.bit_length() - 1)


def has_kernels(shape: Sequence[int]) -> bool:
    """Does the shape look like a convolution's weight?"""
    if len(shape) < 3 or 0 in shape:
        return False
    if len(shape) == 3:
        return 1 < shape[2] <= KERNEL_SIDE and min(shape[:2]) > 1
    return shape[-1] * shape[-2] > 1 and max(shape[-2:]) <= KERNEL_SIDE


def default_plane(shape: Sequence[int]) -> Plane:
    """The layout that is most likely wanted; ``shape`` has at least one axis."""
    if len(shape) == 1:
        return row(shape) if shape[0] <= 256 else folded(shape, square_side(shape[0]))
    if has_kernels(shape):
        return kernels(shape)
    wide = [dim for dim, size in enumerate(shape) if size > 1][-2:]
    if len(wide) < 2:  # (out, 1, 1), (1, n): the axis that is longer than 1 across
        columns = wide[0] if wide else len(shape) - 1
        wide = [columns - 1, columns] if columns else [1, 0]
    return sliced(shape, wide[0], wide[1])
