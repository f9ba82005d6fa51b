"""Pictures with all that is shown of them: what a page's job makes, so that the window only has to draw."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.heatmap import gaps, words
from ckpt_gui.core.heatmap.limits import Limits, Outside, limits, outside, shades
from ckpt_gui.core.heatmap.picture import Picture, Want, picture, preview, shape_of
from ckpt_gui.core.progress import Report
from ckpt_gui.core.tensors import Reading


class Drawn(NamedTuple):
    """A picture and all that is said of it, worked out off the window's thread."""

    picture: Picture
    limits: Limits
    outside: Outside
    image: tuple[gaps.Frame, NDArray[np.uint8]]
    """Where it stands, and the colour step of each cell."""
    words: str
    """What part is shown."""
    odd: str
    """What the colours do not tell apart."""
    aloud: str


def draw(seen: Picture, within: Limits) -> Drawn:
    """Everything a picture needs on the screen."""
    found = outside(seen, within)
    part, odd = words.part_shown(seen), words.outside_text(found)
    aloud = f"{part} {words.scale_text(within)}." + (f" {odd}." if odd else "")
    image = gaps.frame(seen), gaps.with_gaps(shades(seen, within), seen)
    return Drawn(seen, within, found, image, part, odd, aloud)


def whole(reading: Reading, tensor: int, want: Want, scale: str, span: str, *, quick: bool, report: Report) -> Drawn:
    """All of a plane, with the limits that suit it; ``quick``: a preview."""
    seen = preview(reading, tensor, want) if quick else picture(reading, tensor, want, report=report)
    return draw(seen, limits(seen, scale, span))


def part(reading: Reading, tensor: int, want: Want, within: Limits, report: Report) -> Drawn:
    """A part at its own resolution, in the colours of the whole."""
    return draw(picture(reading, tensor, want, report=report), within)


def lines(seen: Picture, at: tuple[int, int]) -> tuple[gaps.Line, gaps.Line]:
    """Row and column of a picture that is there already."""
    return gaps.line(seen, at[0], 0), gaps.line(seen, at[1], 1)


def shape(reading: Reading, tensor: int) -> tuple[int, ...]:
    """The shape to lay out. Raises NoValues where there is nothing to draw. No I/O."""
    found = shape_of(reading, tensor)
    if 0 in found:
        raise NoValues(words.EMPTY)
    return found


def single(reading: Reading, tensor: int) -> str:
    """A sentence on a tensor without axes."""
    value: Any = reading.values(tensor).reshape(-1)[0]
    return words.SCALAR.format(words.number_text(value))


def shows(seen: Picture, want: Want) -> bool:
    """Does a picture show all that is wanted, as finely?"""
    inside = (
        seen.region.top <= want.region.top
        and want.region.bottom <= seen.region.bottom
        and seen.region.left <= want.region.left
        and want.region.right <= seen.region.right
    )
    return inside and seen.block[0] <= want.block[0] and seen.block[1] <= want.block[1]
