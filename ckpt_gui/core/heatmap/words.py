"""What a heat-map shows, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_gui.core.heatmap.limits import Limits, Outside
from ckpt_gui.core.heatmap.picture import Picture
from ckpt_gui.core.heatmap.plane import Axis, Plane
from ckpt_gui.core.stats.ticks import minus
from ckpt_gui.core.text import join_words, plural

NOTHING = "There is no heat-map of this tensor: {}."
SCALAR = "A single number has no rows or columns to draw: {}."
EMPTY = "it is empty, one of its sizes is 0"
_HOW = {"largest": "the largest magnitude", "mean": "the mean"}
_OF = {
    "": "",
    "dequantized": "dequantized",
    "stored values": "only the values that the file stores, in the shape they are stored in",
    "sparse": "sparse: what is not stored is 0",
}


def part_shown(picture: Picture) -> str:
    """The region and what a cell of it stands for: ``Rows 0–4,095 of 50,257 × columns 0–767 of 768; …``."""
    plane, region = picture.plane, picture.region
    words = [
        f"{_range('Row', region.top, region.bottom, plane.height)} × "
        f"{_range('column', region.left, region.right, plane.width)}",
        _cell(picture),
    ]
    words += _layout(plane)
    if picture.plane.fixed and any(picture.plane.shape[dim] > 1 for dim, _ in picture.plane.fixed):
        words.append(f"at {slice_text(picture.plane)}")
    if picture.of:
        words.append(_OF.get(picture.of, picture.of))
    if picture.face != "magnitude" or picture.values.dtype.kind == "c":
        words.append(f"{picture.face} part")
    said = "; ".join(words) + "."
    return f"Preview from some of the values. {said}" if picture.sampled else said


def _range(noun: str, start: int, stop: int, size: int) -> str:
    if stop - start == 1:
        return f"{noun} {start:,} of {size:,}"
    return f"{noun}s {start:,}–{stop - 1:,} of {size:,}"


def _cell(picture: Picture) -> str:
    high, wide = min(picture.block[0], picture.region.height), min(picture.block[1], picture.region.width)
    if high == wide == 1:
        return "each cell one value"
    return f"each cell {_HOW[picture.how]} of {high:,} × {wide:,} values"


def _layout(plane: Plane) -> list[str]:
    if plane.name == "folded":
        return [f"a vector in lines of {plane.width:,}"]
    if plane.name != "kernels":
        return []
    into = next(axis for axis in plane.columns if axis.step == 1)
    out = plane.shape[into.dim - 1]
    kernel = " × ".join(f"{plane.shape[dim]:,}" for dim in range(into.dim + 1, len(plane.shape)))
    folded = f" in {plane.split.size:,} columns" if plane.split is not None else ""
    return [
        f"{out:,} × {into.size:,} kernels of {kernel}: {plural(out, 'output')} downwards{folded}, "
        f"{plural(into.size, 'input')} across"
    ]


def slice_text(plane: Plane) -> str:
    """The slice as Python would write it: ``[:, :, 0, 3]``."""
    fixed = dict(plane.fixed)
    return "[" + ", ".join(str(fixed.get(dim, ":")) for dim in range(len(plane.shape))) + "]"


def index_text(index: Sequence[int]) -> str:
    """``[12, 3]``."""
    return "[" + ", ".join(map(str, index)) + "]"


def value_text(picture: Picture, row: int, column: int) -> str:
    """What stands at a place, as far as the picture tells: ``[12, 3] = 0.0123``, or only the index."""
    index = picture.plane.index_at(row, column)
    if index is None:
        return "beyond the end"
    if not picture.exact:
        return index_text(index)
    return f"{index_text(index)} = {number_text(picture.values[_cell_at(picture, row, column)])}"


def cell_text(picture: Picture, row: int, column: int) -> str:
    """What the cell at a place of the plane shows, where it stands for several values; "" otherwise."""
    if picture.exact:
        return ""
    down, across = _cell_at(picture, row, column)
    if not picture.seen[down, across]:
        return ""
    top, left = (picture.region[2 * side] + at * picture.block[side] for side, at in enumerate((down, across)))
    bottom = min(top + picture.block[0], picture.region.bottom)
    right = min(left + picture.block[1], picture.region.right)
    how = "preview of " if picture.sampled else ""
    return (
        f"cell: {how}{_HOW[picture.how]} {number_text(picture.values[down, across])} of "
        f"{_range('row', top, bottom, 0).removesuffix(' of 0')} × "
        f"{_range('column', left, right, 0).removesuffix(' of 0')}"
    )


def _cell_at(picture: Picture, row: int, column: int) -> tuple[int, int]:
    return (row - picture.region.top) // picture.block[0], (column - picture.region.left) // picture.block[1]


def outside_text(found: Outside) -> str:
    """What the scale does not tell apart: ``beyond the scale: 12 cells; 3 cells with NaN``."""
    beyond = found.below + found.above
    said = [f"{plural(beyond, 'cell')} beyond the ends of the scale"] if beyond else []
    names = (("NaN", found.nan), ("+Inf", found.posinf), ("−Inf", found.neginf))
    said += [f"{plural(count, 'cell')} with {name}" for name, count in names if count]
    return join_words(said)


def scale_text(within: Limits) -> str:
    """The scale for those who do not see it."""
    kind = "diverging around zero" if within.diverging else "sequential"
    return f"Colours {kind}, from {within.low:.4g} to {within.high:.4g}"


def number_text(value: Any) -> str:
    """A value as it is read out: whole integers, floats in the digits that tell them apart in their own type."""
    plain = value.item() if hasattr(value, "item") and value.dtype.kind not in "fc" else value
    if isinstance(plain, int):
        return str(plain) if isinstance(plain, bool) else minus(f"{plain:,}")
    return minus(str(plain)).replace("nan", "NaN").replace("inf", "Inf")  # as the page Values writes them


def axis_name(side: Sequence[Axis]) -> str:
    """Which axes of the tensor a side counts: ``axis 0``, ``axes 1, 3``."""
    dims = sorted({axis.dim for axis in side})
    return "" if not dims else f"axis {dims[0]}" if len(dims) == 1 else "axes " + ", ".join(map(str, dims))
