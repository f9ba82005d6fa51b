"""A tensor as a matrix: its first dimension by all others, a convolution's usual unfolding; in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.tensors import Reading

MOST_ELEMENTS = 1 << 25
"""Elements of a matrix: 256 MiB as float64."""
MOST_WORK = 1 << 38
"""Elements times the shorter side: a minute or so on two processors."""
STEP = 4 << 20
"""Bytes of rows that are read at once."""


def size_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns."""
    return shape[0], math.prod(shape[1:])


def is_matrix(shape: tuple[int, ...]) -> bool:
    """Two dimensions or more, none of size 0?"""
    return len(shape) >= 2 and 0 not in shape


def why_not(shape: tuple[int, ...]) -> str:
    """Why there are no singular values for that shape, in words; "" if there are."""
    if not is_matrix(shape):
        return "singular values need a matrix: two dimensions or more, none of size 0"
    rows, columns = size_of(shape)
    if rows * columns > MOST_ELEMENTS or rows * columns * min(rows, columns) > MOST_WORK:
        return (
            f"a matrix of {rows:,} × {columns:,} is too large for its singular values to be computed here: "
            f"{MOST_ELEMENTS / 1e6:.0f} million elements are the most, fewer where the shorter side is long"
        )
    return ""


def shape_of(reading: Reading, tensor: int) -> tuple[int, ...]:
    """The shape whose singular values can be told, without I/O. Raises NoValues with a sentence."""
    form = reading.form(tensor, raw=False)
    if form.of == "stored values":
        raise NoValues("its stored values are not the matrix, so they do not tell its singular values")
    return form.shape


def rows_of(reading: Reading, tensor: int) -> tuple[tuple[int, int], np.dtype[Any], Iterator[NDArray[Any]]]:
    """Rows and columns, float64 or complex128, and the rows of the matrix, some at a time.

    Raises ReadError with a sentence, at once or on the way: no matrix, too large, not finite, no values.
    """
    shape = shape_of(reading, tensor)
    if reason := why_not(shape):
        raise ReadError(reason)
    dtype = np.dtype(np.complex128 if reading.form(tensor, raw=False).parts > 1 else np.float64)
    return size_of(shape), dtype, _rows(reading, tensor, shape, dtype)


def _rows(reading: Reading, tensor: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    rows, columns = size_of(shape)
    step = max(1, STEP // (columns * dtype.itemsize))
    for first in range(0, rows, step):
        values = reading.values(tensor, (slice(first, first + step),)).reshape(-1, columns).astype(dtype)
        if not np.isfinite(values).all():
            raise ReadError("the matrix holds NaN or Inf, so it has no singular values")
        yield values


def matrix_of(reading: Reading, tensor: int) -> NDArray[Any]:
    """All of it. Raises as ``rows_of`` does."""
    size, dtype, parts = rows_of(reading, tensor)
    matrix = np.empty(size, dtype)
    first = 0
    for part in parts:
        matrix[first : first + len(part)] = part
        first += len(part)
    return matrix
