"""Spectral facts of a matrix: singular values, norms, stable rank, condition.

One call of LAPACK (gesdd, by way of ``numpy.linalg``) over the whole matrix in float64; the time grows
with the product of the sides and the shorter one, and nothing can stop it from within. Shells run it in a
process of its own, which they can end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.tensors import Reading

MOST_ELEMENTS = 1 << 25
"""Elements of a matrix: 256 MiB as float64."""
MOST_WORK = 1 << 38
"""Elements times the shorter side: a minute or so on two processors."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What the singular values of one matrix tell. Sizes are in the tensor's own units."""

    rows: int
    columns: int
    singular_values: NDArray[np.float64]
    """Largest first; as many as the shorter side."""
    spectral_norm: float
    """The largest."""
    nuclear_norm: float
    """Their sum."""
    frobenius_norm: float
    """Square root of the sum of their squares."""
    stable_rank: float
    """(Frobenius norm / spectral norm) squared; 0 of a zero matrix."""
    rank: int
    """How many are over largest × longer side × 2^-52, as ``numpy.linalg.matrix_rank`` counts."""
    condition: float | None
    """Largest over smallest; None where the smallest is 0."""


def why_not(shape: tuple[int, ...]) -> str:
    """Why there is no spectrum for that shape, in words; "" if there is."""
    if len(shape) < 2 or 0 in shape:
        return "singular values need a matrix: two dimensions or more, none of size 0"
    rows, columns = shape[0], math.prod(shape[1:])
    if rows * columns > MOST_ELEMENTS or rows * columns * min(rows, columns) > MOST_WORK:
        return f"{rows:,} × {columns:,} is too large a matrix for its singular values to be computed here"
    return ""


def spectrum(reading: Reading, tensor: int) -> Spectrum:
    """The spectrum of a tensor as the matrix of its first dimension by all others (a convolution's usual unfolding).

    Raises NoValues or ReadError with a sentence: no matrix, too large, not finite, complex parts and all else
    that has no values.
    """
    form = reading.form(tensor, raw=False)
    if reason := why_not(form.shape):
        raise ReadError(reason)
    matrix: NDArray[Any] = reading.values(tensor).reshape(form.shape[0], -1)
    matrix = matrix.astype(np.complex128 if matrix.dtype.kind == "c" else np.float64)
    if not np.isfinite(matrix).all():
        raise ReadError("the matrix holds NaN or Inf, so it has no singular values")
    try:
        values = np.linalg.svd(matrix, compute_uv=False)
    except np.linalg.LinAlgError as exc:
        raise ReadError("the singular values did not converge") from exc
    return _facts(matrix.shape[0], matrix.shape[1], values)


def _facts(rows: int, columns: int, values: NDArray[np.float64]) -> Spectrum:
    largest, smallest = float(values[0]), float(values[-1])
    relative = values / largest if largest else values
    frobenius = largest * math.sqrt(float((relative**2).sum()))
    return Spectrum(
        rows=rows,
        columns=columns,
        singular_values=values,
        spectral_norm=largest,
        nuclear_norm=float(values.sum()),
        frobenius_norm=frobenius,
        stable_rank=float((relative**2).sum()) if largest else 0.0,
        rank=int(np.count_nonzero(values > largest * max(rows, columns) * np.finfo(np.float64).eps)),
        condition=largest / smallest if smallest and math.isfinite(largest / smallest) else None,
    )
