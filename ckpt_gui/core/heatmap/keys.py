"""Unsigned integers that order values by magnitude, so that the largest of a block is one integer maximum.

Each key is a one-to-one image of the bits it came from, sign included:

- sign-and-magnitude floats: the bits rotated left by one, sign last. NaN patterns lie above Inf's, so a NaN
  anywhere in a block is what the block shows; of +x and -x the negative one wins.
- two's complement integers: zigzag, 0 -1 1 -2 2 …
- unsigned integers and bool bytes: themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_CHUNK = 1 << 19
"""Bytes worked on at a time: what the processor's own memory holds with its two companions."""


def to_keys(bits: Array, order: str) -> Array:
    """Keys of unsigned ``bits`` (``order``: float, int, uint); a new array, unless they are keys already."""
    if order == "uint":
        return bits
    dtype = bits.dtype.type
    keys: Array = np.left_shift(bits, dtype(1))
    high: Array = np.right_shift(bits, dtype(8 * bits.itemsize - 1))
    if order == "float":
        keys |= high
    else:
        keys ^= np.negative(high, out=high)  # all ones where the number is negative
    return keys


def from_keys(keys: Array, order: str) -> Array:
    """The bits those keys came from."""
    if order == "uint":
        return keys
    dtype = keys.dtype.type
    bits: Array = np.right_shift(keys, dtype(1))
    low: Array = np.bitwise_and(keys, dtype(1))
    if order == "float":
        bits |= np.left_shift(low, dtype(8 * keys.itemsize - 1))
    else:
        bits ^= np.negative(low)
    return bits


def rows_at_once(array: Array) -> int:
    """How many rows of a two-dimensional array to work on at a time."""
    return max(1, _CHUNK // max(1, int(array.shape[1]) * array.itemsize))
