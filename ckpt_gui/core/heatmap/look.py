"""One element and the row and column through it, at full resolution."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ckpt_gui.core.heatmap.blocks import bounds, layout_of
from ckpt_gui.core.heatmap.gaps import Line, line
from ckpt_gui.core.heatmap.picture import Picture, Want, is_sparse, picture
from ckpt_gui.core.heatmap.plane import Plane, Region
from ckpt_gui.core.heatmap.words import index_text, number_text
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.tensors import Reading

MAX_REACH = 1 << 30
"""Bytes of the file that may be gone through for a row or column of a person's pointing."""


class Look(NamedTuple):
    """What stands at a place."""

    row: int
    column: int
    words: str
    """``[12, 3] = 0.0123``."""
    across: Line | None
    """The row, each value or the largest of some beside one another; None where that would take too long."""
    down: Line | None


def look(
    reading: Reading, tensor: int, seen: Picture, row: int, column: int, *, lines: bool = True, report: Report = SILENT
) -> Look:
    """The exact value, and the row and column as far as ``seen`` shows them.

    Raises NoValues, ReadError, and what ``report`` raises.
    """
    index = seen.plane.index_at(row, column)
    words = "" if index is None else f"{index_text(index)} = {number_text(_value(reading, tensor, seen, index))}"
    found: list[Line | None] = []
    for side, number in enumerate((row, column)):
        region = (
            Region(row, row + 1, seen.region.left, seen.region.right)
            if side == 0
            else Region(seen.region.top, seen.region.bottom, column, column + 1)
        )
        found.append(_line(reading, tensor, seen, region, side, number, report) if lines else None)
    return Look(row, column, words, found[0], found[1])


def _value(reading: Reading, tensor: int, seen: Picture, index: tuple[int, ...]) -> Any:
    if not is_sparse(reading, tensor):
        return reading.values(tensor, tuple(slice(at, at + 1) for at in index)).reshape(-1)[0]
    plane = seen.plane
    row, column = (index[side[0].dim] for side in (plane.rows, plane.columns))
    one = Want(plane, Region(row, row + 1, column, column + 1), (1, 1), face=seen.face)
    return picture(reading, tensor, one).values[0, 0]


def _line(
    reading: Reading, tensor: int, seen: Picture, region: Region, side: int, number: int, report: Report
) -> Line | None:
    if not seen.sampled and seen.block[side] == 1:
        return line(seen, number, side)
    if _reach(reading, tensor, seen.plane, region) > MAX_REACH:
        return None
    want = Want(seen.plane, region, seen.values.shape, "largest", seen.face)
    return line(picture(reading, tensor, want, report=report), number, side)


def _reach(reading: Reading, tensor: int, plane: Plane, region: Region) -> int:
    """Bytes from the first to the last value of a region in the file."""
    if is_sparse(reading, tensor):
        return math.prod(reading.form(tensor, raw=False).shape)
    layout = layout_of(reading, tensor)
    spans = zip(bounds(plane, region), layout.strides, strict=True)
    return int(layout.itemsize * (1 + sum(max(0, one.stop - one.start - 1) * step for one, step in spans)))
