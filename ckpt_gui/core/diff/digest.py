"""Digests of tensors' values, by which equal ones are known whatever their names."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.tensors import Reading

SLAB = 1 << 20
"""Elements read at once."""
MOST = 2_000
"""Tensors of a side: a rule that holds for thousands shows itself in as many."""
GLANCE = 1 << 10
"""Elements that a first look takes: what differs there need not be read whole."""

Index = tuple[slice, ...]


def digests(
    left: Reading, ones: Sequence[int], right: Reading, others: Sequence[int], report: Report = SILENT
) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Digests of the values, in order, by tensor id; only of tensors that may have an equal one on the other side.

    What cannot be read has none. Raises what ``report`` raises.
    """
    first, second = _glances(left, ones), _glances(right, others)
    both = set(first.values()) & set(second.values())
    pending = [(left, tensor) for tensor, seen in first.items() if seen in both]
    split = len(pending)
    pending += [(right, tensor) for tensor, seen in second.items() if seen in both]
    found: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
    total = sum(reading.checkpoint.tensors.nbytes[tensor] for reading, tensor in pending)
    done = 0
    for number, (reading, tensor) in enumerate(pending):
        report.at(done, total, "bytes")
        seen = (second if number >= split else first)[tensor]
        short = reading.checkpoint.tensors.numel[tensor] <= GLANCE
        whole = seen if short else _digest(reading, tensor, report, (done, total))
        if whole is not None:
            found[number >= split][tensor] = whole
        done += reading.checkpoint.tensors.nbytes[tensor]
    return found


def rarest(left: Reading, ones: Sequence[int], right: Reading, others: Sequence[int]) -> tuple[list[int], list[int]]:
    """At most ``MOST`` tensors of each side: of the types and shapes that are rarest, which tell most."""
    first, second = ([_form(reading, one) for one in tensors] for reading, tensors in ((left, ones), (right, others)))
    counts = Counter(first) + Counter(second)
    found = []
    for tensors, forms in ((ones, first), (others, second)):
        order = sorted(range(len(tensors)), key=lambda place: counts[forms[place]])
        found.append(sorted(tensors[place] for place in order[:MOST]))
    return found[0], found[1]


def _form(reading: Reading, tensor: int) -> tuple[int, tuple[int, ...]]:
    return reading.checkpoint.tensors.numel[tensor], reading.checkpoint.shape(tensor)


def _glances(reading: Reading, tensors: Sequence[int]) -> dict[int, bytes]:
    seen = {}
    for tensor in tensors:
        try:
            index = next(slabs(reading.form(tensor).shape, GLANCE))
            seen[tensor] = _bytes(reading, tensor, index)
        except ReadError:
            continue
    return seen


def _digest(reading: Reading, tensor: int, report: Report, progress: tuple[int, int]) -> bytes | None:
    work = hashlib.blake2b(digest_size=16)
    try:
        for index in slabs(reading.form(tensor).shape):
            report.at(*progress, "bytes")
            work.update(_bytes(reading, tensor, index))
    except ReadError:
        return None
    return work.digest()


def _bytes(reading: Reading, tensor: int, index: Index) -> bytes:
    return np.ascontiguousarray(reading.patterns(tensor, index)).tobytes()


def slabs(shape: Sequence[int], most: int = SLAB) -> Iterator[Index]:
    """Sub-boxes of at most ``most`` elements that follow each other in row-major order and together are the whole."""
    axis = next((dim for dim in range(len(shape)) if math.prod(shape[dim + 1 :]) <= most), len(shape))
    if not shape:
        yield ()
        return
    step = max(1, most // max(1, math.prod(shape[axis + 1 :])))
    rest = tuple(slice(0, size) for size in shape[axis + 1 :])
    for corner in product(*(range(size) for size in shape[:axis])):
        head = tuple(slice(at, at + 1) for at in corner)
        for start in range(0, shape[axis], step):
            yield (*head, slice(start, min(start + step, shape[axis])), *rest)
