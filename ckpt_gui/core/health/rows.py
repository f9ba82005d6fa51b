"""Rows that are all zero: a neuron, a filter or an embedding that says nothing."""

from __future__ import annotations

import math

import numpy as np

from ckpt_gui.core.progress import Report
from ckpt_gui.core.tensors import Reading, decode

BLOCK = 1 << 20
"""Bytes of a block."""


def may_have_dead_rows(shape: tuple[int, ...], stride: tuple[int, ...] | None, zeros: int) -> bool:
    """Whether a tensor with so many zeros can have a row of nothing else. Most have not, and need no second look."""
    if len(shape) < 2 or stride is None or shape[0] < 2 or 0 in stride:
        return False
    width = math.prod(shape[1:])
    return width > 1 and zeros >= width


def dead_rows(reading: Reading, tensor: int, rows: int, report: Report) -> tuple[int, int]:
    """How many of the ``rows`` (indices of the first dimension) are all zero, and the first of them; -1 for none.

    Raises ReadError, and what ``report`` raises to stop it.
    """
    form = reading.form(tensor)
    alive = np.zeros(rows, np.bool_)
    for box in reading.boxes(tensor, BLOCK):
        report.at(0, 0, "rows")
        held = decode(box.array, form) != 0
        some = held.reshape(held.shape[0], -1).any(axis=1)
        first = box.origin[0]
        alive[first : first + len(some)] |= some
    dead = np.flatnonzero(~alive)
    return len(dead), int(dead[0]) if len(dead) else -1
