"""The values of an item in C order, piece by piece, as bytes of little-endian byte order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.export.plan import Item
from ckpt_gui.core.table.chunks import chunks, storage_order
from ckpt_gui.core.table.index_line import slice_of
from ckpt_gui.core.tensors import Reading, decode

NBYTES = 8 << 20
"""Read at once."""
NBYTES_TURNED = 48 << 20
"""The same where the file has the dimensions in another order: each piece means going through all of it."""


def pieces(reading: Reading, item: Item) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of the item's numbers. Raises ReadError."""
    ranges = item.index.ranges
    order = tuple(range(len(ranges)))
    turned = storage_order(reading.checkpoint, item.tensor, item.form) != order
    width = max(item.form.pattern.itemsize * item.form.parts, 4)
    most = (NBYTES_TURNED if turned else NBYTES) // width
    for box in chunks([len(picked) for picked in ranges], order, most):
        index = tuple(slice_of(picked[at.start : at.stop]) for picked, at in zip(ranges, box, strict=True))
        patterns = reading.patterns(item.tensor, index, raw=item.raw)
        yield _bytes(patterns, item)


def _bytes(patterns: npt.NDArray[Any], item: Item) -> npt.NDArray[np.uint8]:
    if item.packed:
        flat = patterns.reshape(-1)
        return np.ascontiguousarray(flat[0::2] | flat[1::2] << np.uint8(4))
    keep = item.type in _AS_STORED
    values = patterns if keep else decode(patterns, item.form)
    little = values.dtype.newbyteorder("<")
    return np.ascontiguousarray(values, little).reshape(-1).view(np.uint8)


_AS_STORED = ("BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
"""Types of safetensors that NumPy lacks: their patterns are written."""
