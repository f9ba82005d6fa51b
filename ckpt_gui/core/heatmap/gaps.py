"""Places on a picture: rows and columns with a gap between kernels, marks along the sides, lines across.

A *place* counts cells from the plane's corner; with a ``tile`` of 3, row 3 stands at place 4, behind a gap of one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.heatmap.limits import ABSENT
from ckpt_gui.core.heatmap.picture import Picture
from ckpt_gui.core.heatmap.plane import Plane, Region
from ckpt_gui.core.stats.nouns import Floats
from ckpt_gui.core.stats.ticks import Tick


def place(number: int, tile: int) -> int:
    """Where a row or column begins."""
    return number + number // tile if tile else number


def number_at(position: float, tile: int, count: int) -> int:
    """The row or column at a place; the nearest one, beside a gap or beyond the ends."""
    whole = int(max(0.0, min(position, float(place(count, tile)))))
    if tile:
        kernel, inside = divmod(whole, tile + 1)
        whole = kernel * tile + min(inside, tile - 1)
    return max(0, min(whole, count - 1))


def extent(plane: Plane) -> tuple[int, int]:
    """Rows and columns with gaps."""
    return _end(plane.height, plane.tile[0]), _end(plane.width, plane.tile[1])


def _end(stop: int, tile: int) -> int:
    return place(stop - 1, tile) + 1 if stop else 0


def pixels(plane: Plane, room: tuple[float, float]) -> tuple[int, int]:
    """Pixels for the rows and columns of a whole plane in a room of so many; cells are square if it is ``square``."""
    rows, columns = extent(plane)
    if square(plane):
        scale = min(room[0] / max(rows, 1), room[1] / max(columns, 1))
        room = rows * scale, columns * scale
    return max(16, int(room[0])), max(16, int(room[1]))


def square(plane: Plane) -> bool:
    """Are cells drawn as high as wide? Kernels are little images; other rows and columns may fill the page."""
    return plane.name == "kernels"


class Frame(NamedTuple):
    """Where an image of cells stands, in places; it may reach a little beyond the plane's ends."""

    left: int
    top: int
    width: int
    height: int


def frame(picture: Picture) -> Frame:
    """Where the picture stands; its last cells in full, though they may hold fewer values."""
    sides = []
    for side in (0, 1):
        start, tile, block = picture.region[2 * side], picture.plane.tile[side], picture.block[side]
        cells = picture.values.shape[side]
        if tile and block == 1:
            sides.append((place(start, tile), _end(start + cells, tile) - place(start, tile)))
        else:
            sides.append((place(start, tile), cells * (block + block // tile if tile else block)))
    return Frame(sides[1][0], sides[0][0], sides[1][1], sides[0][1])


def with_gaps(shades: NDArray[np.uint8], picture: Picture) -> NDArray[np.uint8]:
    """The steps of the cells with a line of ABSENT between kernels, where a kernel is more than one cell."""
    for side in (0, 1):
        tile, start = picture.plane.tile[side], picture.region[2 * side]
        if tile and picture.block[side] == 1:
            numbers = np.arange(start + 1, start + shades.shape[side])
            shades = np.insert(shades, np.flatnonzero(numbers % tile == 0) + 1, ABSENT, axis=side)
    return shades


def seen_region(plane: Plane, left: float, right: float, top: float, bottom: float) -> Region:
    """The rows and columns that a part of the picture shows, whole kernels; at least one of each."""
    rows = _seen(top, bottom, plane.tile[0], plane.height)
    columns = _seen(left, right, plane.tile[1], plane.width)
    return Region(*rows, *columns)


def _seen(low: float, high: float, tile: int, count: int) -> tuple[int, int]:
    first, last = number_at(low, tile, count), number_at(np.nextafter(high, low), tile, count)
    if tile:
        first, last = first // tile * tile, min(last // tile * tile + tile, count) - 1
    return first, last + 1


def marks(low: float, high: float, room: int, plane: Plane, side: int) -> list[Tick]:
    """About ``room`` marks between two places of the rows (``side`` 0) or columns: indices; of kernels, theirs."""
    axes, tile = (plane.rows, plane.columns)[side], plane.tile[side]
    count = (plane.height, plane.width)[side]
    if not axes or (tile and axes[0].step > 1):  # outputs in several columns: their numbers would start again and again
        return []
    first, last = (number_at(at, tile, count) for at in sorted((low, high)))
    unit = tile or 1
    step = unit * _round((last - first) / unit / max(room, 2))
    begin = -(-first // step) * step
    middle = (tile or 1) / 2
    return [Tick(place(at, tile) + middle, f"{at // unit:,}") for at in range(begin, last + 1, step)]


def _round(rough: float) -> int:
    """1, 2 or 5 times a power of ten, at least ``rough``."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= rough:
                return factor * power
        power *= 10


def strongest(picture: Picture) -> tuple[int, int]:
    """Row and column in the middle of the cell with the largest finite magnitude; the first cell if there is none."""
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(picture.values.astype(np.float64))
    sizes[~(np.isfinite(sizes) & picture.seen)] = -1
    cell = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
    found = []
    for side in (0, 1):
        start = picture.region[2 * side] + int(cell[side]) * picture.block[side]
        stop = min(start + picture.block[side], picture.region[2 * side + 1])
        found.append((start + stop - 1) // 2)
    return found[0], found[1]


class Line(NamedTuple):
    """What stands in one row or column of a picture."""

    places: Floats
    """The middle of each cell."""
    values: Floats
    """NaN where there is none."""
    alone: NDArray[np.bool_]
    """Which have no neighbour, so that no line between values shows them."""


def line(picture: Picture, number: int, side: int) -> Line:
    """The cells of the row (``side`` 0) or column that holds row or column ``number`` of the plane."""
    at = (number - picture.region[2 * side]) // picture.block[side]
    at = max(0, min(at, picture.values.shape[side] - 1))
    across = 1 - side
    cells: Any = picture.values[at] if side == 0 else picture.values[:, at]
    seen = picture.seen[at] if side == 0 else picture.seen[:, at]
    block, tile, start = picture.block[across], picture.plane.tile[across], picture.region[2 * across]
    starts = start + block * np.arange(len(cells))
    stops = np.minimum(starts + block, picture.region[2 * across + 1])
    if tile:
        starts, stops = starts + starts // tile, stops + (stops - 1) // tile
    with np.errstate(invalid="ignore", over="ignore"):
        values = np.where(seen, cells.astype(np.float64), np.nan)
    values[~np.isfinite(values)] = np.nan
    there = np.concatenate([[False], np.isfinite(values), [False]])
    return Line((starts + stops) / 2, values, there[1:-1] & ~there[:-2] & ~there[2:])
