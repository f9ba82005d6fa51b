"""A large selection as boxes of bounded size, in one order or another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.tensors import Form

Box = tuple[range, ...]
"""Positions a dimension."""


def chunks(sizes: Sequence[int], order: Sequence[int], most: int) -> Iterator[Box]:
    """Boxes of at most ``most`` elements that cover ``sizes``; the last of ``order`` runs fastest.

    Read in ``order``, each box goes on where the one before ended. Nothing where a size is 0.
    """
    if 0 in sizes:
        return
    inner, split = 1, len(order)
    while split and inner * sizes[order[split - 1]] <= most:
        split -= 1
        inner *= sizes[order[split]]
    box = [range(size) for size in sizes]
    if not split:
        yield tuple(box)
        return
    outer, axis = order[: split - 1], order[split - 1]
    step = max(1, most // inner)
    for number in range(math.prod(sizes[dim] for dim in outer)):
        for dim in reversed(outer):
            number, at = divmod(number, sizes[dim])
            box[dim] = range(at, at + 1)
        for start in range(0, sizes[axis], step):
            box[axis] = range(start, min(start + step, sizes[axis]))
            yield tuple(box)


def storage_order(checkpoint: Checkpoint, tensor: int, form: Form) -> tuple[int, ...]:
    """The dimensions from the farthest to the nearest in the file, as far as that is known; else row-major."""
    strides = checkpoint.tensor(tensor).stride
    dims = range(len(form.shape))
    if strides is None or len(strides) != len(form.shape):
        return tuple(dims)
    return tuple(sorted(dims, key=lambda dim: -strides[dim]))


def repeated(checkpoint: Checkpoint, tensor: int, form: Form) -> frozenset[int]:
    """The dimensions along which a tensor only repeats itself: stride 0, and neither scales nor halves of bytes."""
    strides = checkpoint.tensor(tensor).stride
    scaled = form.of == "dequantized" or form.encoding == "float4_e2m1fn"
    if strides is None or len(strides) != len(form.shape) or form.multiplicity == 1 or scaled:
        return frozenset()
    return frozenset(dim for dim, step in enumerate(strides) if step == 0 and form.shape[dim] > 1)
