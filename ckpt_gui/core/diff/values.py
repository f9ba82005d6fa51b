"""Values beside the tensors that differ, folded: of hundreds in one list a few stand for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ckpt_gui.core.pairing import ValueChange
from ckpt_gui.core.text import path_text

SHOWN_ALIKE = 3
MIN_ALIKE = 8
"""Entries of one container that are worth folding."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    path: str
    """The path in words; of several values that of their container."""
    left: str | None
    """None: A has none."""
    right: str | None
    more: int = 0
    """If not 0, the line stands for so many further values beneath ``path``."""


def lines(values: Sequence[ValueChange]) -> list[Line]:
    """The values in order, long runs in one container cut short."""
    found: list[Line] = []
    for above, run in groupby(values, lambda one: one.path[:-1]):
        members = list(run)
        shown = members if len(members) < MIN_ALIKE or not above else members[:SHOWN_ALIKE]
        found += [Line(path_text(one.path), one.left, one.right) for one in shown]
        if len(shown) < len(members):
            found.append(Line(path_text(above), None, None, len(members) - len(shown)))
    return found
