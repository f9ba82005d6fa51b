"""Elements of one storage, read into a reused buffer as patterns of native byte order."""

from __future__ import annotations

import sys

import numpy as np

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.sources import Bytes
from ckpt_gui.core.tensors.encodings import Array, Encoding, conjugate, negate, unpack
from ckpt_gui.core.tensors.windows import Cut


class Elements:
    """Reads the boxes of one window. Not for several threads: the buffer is its own."""

    def __init__(
        self, storage: Bytes, path: str, encoding: Encoding, *, big: bool, negated: bool, conjugated: bool, room: int
    ) -> None:
        self._path = path
        self._storage = storage
        self._encoding = encoding
        self._pattern, self._width = encoding.pattern, encoding.nbytes
        self._tail = (encoding.parts,) if encoding.parts > 1 else ()
        self._swapped = big != (sys.byteorder == "big") and encoding.bits > 8
        self._negated, self._conjugated = negated, conjugated
        self._bytes = np.empty(room * self._width, np.uint8)
        self._view = self._bytes.data

    def read(self, cut: Cut) -> Array:
        """The box's patterns, in the box's shape (and a last axis of 2 for complex types); a view of the buffer.

        Raises ReadError where the storage ends early.
        """
        span, width = cut.span, self._width
        for place, start in enumerate(cut.starts):
            if self._encoding.bits < 8:
                self._unpack(start, span, place * span)
            else:
                self._fill(start, span, place * span)
        flat = self._bytes[: len(cut.starts) * span * width].view(self._pattern)
        if self._tail:
            flat = flat.reshape(-1, *self._tail)
        self._settle(flat)
        steps = tuple([step * width for step in cut.steps]) + ((flat.itemsize,) if self._tail else ())
        return np.ndarray(cut.shape + self._tail, self._pattern, flat, 0, steps)

    def _fill(self, start: int, count: int, at: int) -> None:
        width = self._width
        into = self._view[at * width : (at + count) * width]
        self._whole(self._storage.read_into(start * width, into), len(into))

    def _unpack(self, start: int, count: int, at: int) -> None:
        """Numbers narrower than a byte: whole groups are read, four of 6 bits or what one byte holds."""
        bits = self._encoding.bits
        per, group = (4, 3) if bits == 6 else (8 // bits, 1)
        begin = start // per * group
        nbytes = -(-(start + count) * bits // 8) - begin
        raw = np.zeros(-(-nbytes // group) * group, np.uint8)
        self._whole(self._storage.read_into(begin, raw.data[:nbytes]), nbytes)
        unpack(raw, bits, start % per, self._bytes[at : at + count])

    def _whole(self, got: int, wanted: int) -> None:
        if got != wanted:
            raise ReadError(
                f"the bytes of this tensor end too early, after {got:,} of {wanted:,}: "
                f"{self._path} is damaged, or was cut off since it was opened"
            )

    def _settle(self, flat: Array) -> None:
        """Byte order, sign and conjugation, in place; elements that stand between those wanted are changed alike."""
        if self._swapped:
            flat.byteswap(inplace=True)
        if self._negated:
            negate(flat, self._encoding)
        if self._conjugated:
            conjugate(flat)
