"""What lone tensors hold, as digests: identical bytes under another name are found whatever the name."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from hashlib import blake2b

import numpy as np

from ckpt_gui.core.diff.sides import tiles
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pairing import Pairing, by_content, candidates
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.summarize import in_any_order
from ckpt_gui.core.tensors import Reading

MOST_TILED = 1 << 26
"""Elements of a tensor that does not lie row by row; a larger one would be read over and over."""


def with_content(
    pairing: Pairing,
    left: Reading,
    right: Reading,
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
    most: int | None = None,
) -> Pairing:
    """The pairing with the renames proposed that the values of unpaired tensors speak for.

    Only tensors are read that have no partner although one of equal type and shape stands alone on the
    other side; at most ``most`` of each side, those of the rarest types and shapes. Raises what ``report`` raises.
    """
    ones, others = candidates(pairing)
    if most is not None:
        ones, others = _rarest(pairing, ones, others, most)
    if not ones or not others:
        return pairing
    work = [(left, tensor) for tensor in ones] + [(right, tensor) for tensor in others]
    works = [partial(digest, reading, tensor) for reading, tensor in work]
    found: list[bytes | None] = [None] * len(work)
    for done, (number, made) in enumerate(in_any_order(works, executor, workers), 1):
        found[number] = made
        report.at(done, len(work), "tensors")
    known: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
    for place, ((_, tensor), made) in enumerate(zip(work, found, strict=True)):
        if made is not None:
            known[place >= len(ones)][tensor] = made
    fresh = by_content(pairing, known[0], known[1])
    told = {one.rule for one in fresh}
    return replace(pairing, proposed=(*fresh, *(one for one in pairing.proposed if one.rule not in told)))


def _rarest(pairing: Pairing, ones: list[int], others: list[int], most: int) -> tuple[list[int], list[int]]:
    """Those that tell most: of types and shapes that few have."""
    return _rare(pairing.left.checkpoint, ones, most), _rare(pairing.right.checkpoint, others, most)


def _rare(checkpoint: Checkpoint, tensors: list[int], most: int) -> list[int]:
    if len(tensors) <= most:
        return tensors
    forms = {one: (checkpoint.text(checkpoint.tensors.dtype[one]), checkpoint.shape(one)) for one in tensors}
    counts = Counter(forms.values())
    return sorted(sorted(tensors, key=lambda one: counts[forms[one]])[:most])


def digest(reading: Reading, tensor: int) -> bytes | None:
    """BLAKE2b of type, shape and patterns in row-major order; None where they cannot be read."""
    try:
        form = reading.form(tensor)
        made = blake2b(f"{form.dtype} {form.shape} {form.of}".encode(), digest_size=16)
        if form.row_major and form.multiplicity == 1:
            for box in reading.boxes(tensor):
                made.update(np.ascontiguousarray(box.array).data)
        elif form.elements * form.multiplicity <= MOST_TILED:
            for index in _rows(form.shape):
                made.update(np.ascontiguousarray(reading.patterns(tensor, index, raw=True)).data)
        else:
            return None
    except ReadError:
        return None
    return made.digest()


def _rows(shape: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """The whole as pieces that follow one another in row-major order: parts of the first dimension."""
    if not shape:
        return [()]
    most = max(len(list(tiles(shape))), 1)
    step = -(-shape[0] // most) or 1
    return [(slice(at, min(at + step, shape[0])),) for at in range(0, shape[0], step)]
