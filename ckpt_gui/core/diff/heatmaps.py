"""Heat-maps of a pair: A and B in common colours, and B − A in its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.delta import DeltaReading
from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.heatmap.drawn import Drawn, draw
from ckpt_gui.core.heatmap.limits import Limits, limits
from ckpt_gui.core.heatmap.picture import Picture, Want, picture, preview
from ckpt_gui.core.heatmap.words import index_text, number_text
from ckpt_gui.core.progress import Report
from ckpt_gui.core.stats.ticks import minus
from ckpt_gui.core.table.chunks import repeated
from ckpt_gui.core.tensors import Reading


@dataclass(frozen=True, slots=True)
class View:
    """One of the pictures: what is read, and of which tensor."""

    name: str
    reading: Reading
    tensor: int


def views(plan: Plan) -> tuple[View, View, View]:
    """A, B and B − A. Raises NoValues with a sentence."""
    a, b = plan.left, plan.right
    if not plan.alike and repeated(a.reading.checkpoint, a.tensor, a.form):
        raise NoValues("its elements repeat themselves in A’s file and not in B’s, which no picture can show yet")
    return (
        View("A", a.reading, a.tensor),
        View("B", b.reading, b.tensor),
        View("B − A", DeltaReading(plan), a.tensor),
    )


def repeats(plan: Plan) -> bool:
    """Does an axis of one side repeat itself in the file, so that only plain slices can be drawn?"""
    return any(repeated(side.reading.checkpoint, side.tensor, side.form) for side in (plan.left, plan.right))


def whole(shown: Sequence[View], want: Want, scale: str, span: str, *, quick: bool, report: Report) -> list[Drawn]:
    """All of a plane of each, with limits that suit: A and B share theirs; of B − A zero is in the middle.

    ``quick``: previews. Raises NoValues, ReadError, and what ``report`` raises.
    """
    seen = [_picture(one, want, quick, report) for one in shown]
    return [draw(one, within) for one, within in zip(seen, _limits(seen, scale, span), strict=True)]


def part(shown: Sequence[View], wants: Sequence[Want], within: Sequence[Limits], report: Report) -> list[Drawn]:
    """A part of each at its own resolution, in the colours of the whole."""
    seen = [_picture(one, want, False, report) for one, want in zip(shown, wants, strict=True)]
    return [draw(one, scale) for one, scale in zip(seen, within, strict=True)]


def _picture(one: View, want: Want, quick: bool, report: Report) -> Picture:
    if quick:
        return preview(one.reading, one.tensor, want)
    return picture(one.reading, one.tensor, want, report=report)


def _limits(seen: Sequence[Picture], scale: str, span: str) -> list[Limits]:
    if len(seen) < 2:
        return [limits(one, scale, span) for one in seen]
    both = replace(
        seen[0],
        values=np.concatenate([one.values.astype(np.float64) for one in seen[:2]]),
        seen=np.concatenate([one.seen for one in seen[:2]]),
    )
    common = limits(both, scale, span)
    return [common, common, limits(seen[2], "diverging", span)]


def values_text(shown: Sequence[View], index: tuple[int, ...]) -> str:
    """The values at an index: ``[3, 17]   A 0.5   B 0.25   B − A −0.25``. Raises NoValues and ReadError."""
    at = tuple(slice(one, one + 1) for one in index)
    values = [one.reading.values(one.tensor, at).reshape(-1)[0] for one in shown]
    told = [f"{one.name} {number_text(value)}" for one, value in zip(shown[:2], values, strict=False)]
    told += [f"{one.name} {minus(f'{value:.7g}')}" for one, value in zip(shown[2:], values[2:], strict=True)]
    return "   ".join([index_text(index), *told])
