"""The blocks of a tensor that a region of a plane needs, read in storage order, and where each one lies in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ckpt_gui.core.heatmap.canvas import Bins, list_bins, run_bins
from ckpt_gui.core.heatmap.keys import Array
from ckpt_gui.core.heatmap.plane import Axis, Plane, Region
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.tensors.targets import target_of

TILE = 4 << 20
"""Bytes of a block."""
REACH = 64 << 20
"""Bytes of the file that a block may span: what is read before anyone can cancel."""
_MOST = 3
"""A region of over one part in so many of the tensor is read as a whole, which is quicker."""


class Block(NamedTuple):
    """Patterns of a part of the tensor; an axis of stride 0 has size 1 and stands for all its indices."""

    origin: tuple[int, ...]
    array: Array


@dataclass(frozen=True, slots=True)
class Layout:
    """What the reading of one tensor goes by."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    """Elements from one index to the next in the file; of several pieces those of the first."""
    repeated: frozenset[int]
    """Axes of stride 0: every index holds the same values, which are delivered once."""
    itemsize: int
    """Bytes an element, decoded or in the file, whichever is more."""


def layout_of(reading: Reading, tensor: int) -> Layout:
    """How the tensor lies in its file. No I/O; raises NoValues."""
    target = target_of(reading.checkpoint, tensor, raw=False)
    shape = target.form.shape
    strides = target.pieces[0].window.stride if target.pieces else (1,) * len(shape)
    repeated = {dim for dim, step in enumerate(strides) if not step and shape[dim] > 1} - target.kept
    return Layout(shape, strides, frozenset(repeated), target.form.pattern.itemsize * target.form.parts)


def bounds(plane: Plane, region: Region) -> tuple[slice, ...]:
    """The smallest box of the tensor that holds a region of the plane."""
    index = [slice(0, size) for size in plane.shape]
    for dim, at in plane.fixed:
        index[dim] = slice(at, at + 1)
    outer: dict[int, slice] = {}
    inner: dict[int, slice] = {}
    sides = ((plane.rows, region.top, region.bottom), (plane.columns, region.left, region.right))
    for side, start, stop in sides:
        for axis, digits in zip(side, _digits(side, start, stop), strict=True):
            (outer if axis.step > 1 else inner)[axis.dim] = digits
    for dim, digits in inner.items():
        index[dim] = digits
    if plane.split is not None:
        dim, step = plane.split.dim, plane.split.step
        tens, ones = outer[dim], inner.get(dim, slice(0, step))
        single = tens.stop - tens.start == 1
        low, high = (ones.start, ones.stop) if single else (0, step)
        last = tens.start if single else tens.stop - 1
        index[dim] = slice(tens.start * step + low, min(last * step + high, plane.shape[dim]))
    return tuple(index)


def _digits(side: Sequence[Axis], start: int, stop: int) -> list[slice]:
    """Of the numbers start … stop - 1, the range each digit takes while all before it stay the same."""
    found: list[slice] = []
    scale, same = math.prod(axis.size for axis in side), True
    for axis in side:
        scale //= max(axis.size, 1)
        low, high = (start // scale % axis.size, (stop - 1) // scale % axis.size) if same else (0, axis.size - 1)
        found.append(slice(low, high + 1))
        same = same and low == high
    return found


def blocks(reading: Reading, tensor: int, plane: Plane, region: Region, part: tuple[int, int]) -> Iterator[Block]:
    """The ``k``-th of ``n`` shares of the blocks that hold the region (and maybe more), in storage order."""
    layout = layout_of(reading, tensor)
    index = bounds(plane, region)
    held = math.prod(1 if dim in layout.repeated else one.stop - one.start for dim, one in enumerate(index))
    every = math.prod(1 if dim in layout.repeated else size for dim, size in enumerate(layout.shape))
    if held * _MOST >= every:
        for box in reading.boxes(tensor, TILE, part, raw=False):
            yield Block(box.origin, box.array)
        return
    tiles = list(_tiles(layout, index))
    for tile in tiles[len(tiles) * part[0] // part[1] : len(tiles) * (part[0] + 1) // part[1]]:
        yield Block(tuple(one.start for one in tile), reading.patterns(tensor, tile))


def _tiles(layout: Layout, index: tuple[slice, ...]) -> Iterator[tuple[slice, ...]]:
    """A box cut along its outermost axes of the file into parts of bounded size and reach."""
    narrow = tuple(slice(one.start, one.start + 1) if dim in layout.repeated else one for dim, one in enumerate(index))
    order = sorted(range(len(index)), key=lambda dim: layout.strides[dim])
    elements, reach, split = 1, 1, -1
    for dim in order:
        size = narrow[dim].stop - narrow[dim].start
        grown = reach + (size - 1) * layout.strides[dim]
        if elements * size * layout.itemsize > TILE or grown * layout.itemsize > REACH:
            split = dim
            break
        elements, reach = elements * size, grown
    if split < 0:
        yield narrow
        return
    step = layout.strides[split] * layout.itemsize
    fits = max(1, min(TILE // (elements * layout.itemsize), REACH // max(step, 1)))
    outer = order[order.index(split) + 1 :]
    for places in np.ndindex(*(narrow[dim].stop - narrow[dim].start for dim in reversed(outer))):
        tile = list(narrow)
        for dim, at in zip(reversed(outer), places, strict=True):
            tile[dim] = slice(narrow[dim].start + at, narrow[dim].start + at + 1)
        for begin in range(narrow[split].start, narrow[split].stop, fits):
            tile[split] = slice(begin, min(begin + fits, narrow[split].stop))
            yield tuple(tile)


class Laid(NamedTuple):
    """A block as rows and columns of a region."""

    array: Array
    rows: Bins
    columns: Bins


def lay(plane: Plane, region: Region, block: tuple[int, int], repeated: frozenset[int], part: Block) -> Iterator[Laid]:
    """Where a block lies in a region of cells of ``block`` rows × columns; nothing if it is outside."""
    array: Array = part.array
    for dim, at in plane.fixed:
        here = 0 if dim in repeated else at - part.origin[dim]
        if not 0 <= here < array.shape[dim]:
            return
        array = array[(slice(None),) * dim + (slice(here, here + 1),)]
    if plane.simple:
        yield from _lay_simple(plane, region, block, repeated, Block(part.origin, array))
        return
    if repeated & {axis.dim for axis in (*plane.rows, *plane.columns)}:
        raise ValueError("an axis of stride 0 is rows or columns only by itself")
    for piece, starts in _cut(plane, part.origin, array):
        yield from _lay_digits(plane, region, block, piece, starts)


def _lay_simple(
    plane: Plane, region: Region, block: tuple[int, int], repeated: frozenset[int], part: Block
) -> Iterator[Laid]:
    dims = [side[0].dim if side else -1 for side in (plane.rows, plane.columns)]
    used = [dim for dim in dims if dim >= 0]
    others = [dim for dim in range(len(plane.shape)) if dim not in used]
    array = part.array.transpose(*others, *used).reshape(tuple(part.array.shape[dim] for dim in used))
    if dims[0] < 0:
        array = array[None, :]
    elif dims[1] < 0:
        array = array[:, None]
    bins: list[Bins] = []
    for side, dim in enumerate(dims):
        low, high = (region.top, region.bottom) if side == 0 else (region.left, region.right)
        if dim in repeated:
            cells = -(-(high - low) // block[side])
            shape = (cells, array.shape[1]) if side == 0 else (array.shape[0], cells)
            array = np.broadcast_to(array, shape)
            bins.append(run_bins(0, cells, 1))
            continue
        origin = part.origin[dim] if dim >= 0 else 0
        start, stop = max(low, origin), min(high, origin + array.shape[side])
        if start >= stop:
            return
        cut = slice(start - origin, stop - origin)
        array = array[cut] if side == 0 else array[:, cut]
        bins.append(run_bins(start - low, stop - start, block[side]))
    yield Laid(array, bins[0], bins[1])


def _cut(plane: Plane, origin: tuple[int, ...], array: Array) -> Iterator[tuple[Array, tuple[int, ...]]]:
    """The block in parts that do not cross a line of the axis that is cut in two, which becomes two axes."""
    if plane.split is None:
        yield array, origin
        return
    dim, size = plane.split.dim, plane.split.step
    start, stop = origin[dim], origin[dim] + array.shape[dim]
    at = start
    while at < stop:
        whole = (stop - at) // size if at % size == 0 else 0
        end = at + whole * size if whole else min(stop, at - at % size + size)
        part = array[(slice(None),) * dim + (slice(at - start, end - start),)]
        shape = (*array.shape[:dim], max(whole, 1), (end - at) // max(whole, 1), *array.shape[dim + 1 :])
        yield part.reshape(shape), (*origin[:dim], at // size, at % size, *origin[dim + 1 :])
        at = end


def _lay_digits(
    plane: Plane, region: Region, block: tuple[int, int], array: Array, starts: tuple[int, ...]
) -> Iterator[Laid]:
    split = plane.split
    places = {
        axis: axis.dim + (split is not None and (axis.dim > split.dim or (axis.dim == split.dim and axis.step == 1)))
        for axis in (*plane.rows, *plane.columns)
    }
    sides = [[places[axis] for axis in side] for side in (plane.rows, plane.columns)]
    rest = [place for place in range(array.ndim) if place not in places.values()]
    numbers: list[Any] = []
    for side in (plane.rows, plane.columns):
        found = np.zeros(1, np.int64)
        for axis in side:
            place = places[axis]
            digits = np.arange(starts[place], starts[place] + array.shape[place])
            found = (found[:, None] * axis.size + digits).reshape(-1)
        numbers.append(found)
    turned = array.transpose(*sides[0], *sides[1], *rest)
    low = [int(np.searchsorted(one, at)) for one, at in zip(numbers, (region.top, region.left), strict=True)]
    high = [int(np.searchsorted(one, at)) for one, at in zip(numbers, (region.bottom, region.right), strict=True)]
    if low[0] >= high[0] or low[1] >= high[1]:
        return
    flat = turned.reshape(len(numbers[0]), len(numbers[1]))[low[0] : high[0], low[1] : high[1]]
    rows = _bins(numbers[0][low[0] : high[0]] - region.top, block[0])
    columns = _bins(numbers[1][low[1] : high[1]] - region.left, block[1])
    yield Laid(flat, rows, columns)


def _bins(numbers: Any, block: int) -> Bins:
    if int(numbers[-1] - numbers[0]) == len(numbers) - 1:
        return run_bins(int(numbers[0]), len(numbers), block)
    return list_bins(numbers, block)
