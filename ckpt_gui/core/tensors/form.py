"""What a tensor's values are, and the boxes they come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_gui.core.tensors.encodings import Array


@dataclass(frozen=True)
class Form:
    """What is delivered of one tensor."""

    dtype: str
    """torch's name, as stored."""
    shape: tuple[int, ...]
    """Of what is delivered: the logical shape; of a sparse or ragged tensor that of its stored values, of a
    wrapper that of the one part it holds. ``float4_e2m1fn_x2`` has its last dimension doubled."""
    pattern: np.dtype[Any]
    """uint8, uint16, uint32 or uint64: the type of ``Box.array``."""
    parts: int
    """Patterns a number: 1; 2 for complex types, whose boxes have a last axis (real, imaginary) beyond ``shape``."""
    encoding: str
    """What ``decode`` and ``table`` are to make of the patterns: ``float32``, ``bool``, ``float4_e2m1fn`` …
    Numbers narrower than a byte are one byte each."""
    of: str
    """"" – the tensor's own values; ``stored values`` – those that it keeps (sparse, ragged, part of a wrapper);
    ``dequantized``."""
    multiplicity: int
    """How many logical elements each delivered one stands for: the product of the sizes of stride-0 dimensions."""
    elements: int
    """Numbers that all boxes hold together; those of ``shape`` divided by ``multiplicity``."""
    row_major: bool
    """Whether the boxes, in their order, go through the tensor in logical row-major order."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a tensor."""

    origin: tuple[int, ...]
    """Logical index of its corner."""
    array: Array
    """Patterns of native byte order, with the box's logical dimensions (size 1 where the stride is 0), and a
    last axis of 2 for complex types. A view of a buffer that the next box overwrites."""
    order: tuple[int, ...]
    """The permutation of axes that makes ``array.transpose(order)`` C-contiguous where that can be."""
