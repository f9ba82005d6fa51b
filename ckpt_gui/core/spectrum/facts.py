"""What the singular values of a matrix tell: norms, stable rank, rank, condition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What the singular values of one matrix tell. Sizes are in the tensor's own units."""

    rows: int
    columns: int
    singular_values: NDArray[np.float64]
    """Largest first; as many as the shorter side."""
    spectral_norm: float
    """The largest."""
    nuclear_norm: float | None
    """Their sum; None where it is no float64."""
    frobenius_norm: float | None
    """Square root of the sum of their squares; None where it is no float64."""
    stable_rank: float
    """(Frobenius norm / spectral norm) squared; 0 of a zero matrix."""
    rank: int
    """How many are over largest × longer side × 2^-52, as ``numpy.linalg.matrix_rank`` counts."""
    condition: float | None
    """Largest over smallest; None where the smallest is 0, or the ratio no float64."""


def facts(rows: int, columns: int, values: NDArray[np.float64]) -> Spectrum:
    """Of a matrix of that size and its singular values, largest first (at least one)."""
    largest, smallest = float(values[0]), float(values[-1])
    relative = values / largest if largest else values
    return Spectrum(
        rows=rows,
        columns=columns,
        singular_values=values,
        spectral_norm=largest,
        nuclear_norm=_finite(largest * float(relative.sum())),
        frobenius_norm=_finite(largest * math.sqrt(float((relative**2).sum()))),
        stable_rank=float((relative**2).sum()) if largest else 0.0,
        rank=int(np.count_nonzero(values > largest * max(rows, columns) * np.finfo(np.float64).eps)),
        condition=_finite(largest / smallest) if smallest else None,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
