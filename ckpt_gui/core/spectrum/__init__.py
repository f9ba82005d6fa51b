"""Spectral facts of a matrix: singular values, norms, stable rank, rank, condition."""

from __future__ import annotations

from ckpt_gui.core.spectrum.facts import Spectrum, facts
from ckpt_gui.core.spectrum.matrix import MOST_ELEMENTS, MOST_WORK, is_matrix, matrix_of, rows_of, shape_of, why_not
from ckpt_gui.core.spectrum.solve import answer, head, singular_values
from ckpt_gui.core.tensors import Reading

__all__ = [
    "MOST_ELEMENTS", "MOST_WORK", "Spectrum", "answer", "facts", "head", "is_matrix", "rows_of", "shape_of",
    "spectrum", "why_not",
]  # fmt: skip


def spectrum(reading: Reading, tensor: int) -> Spectrum:
    """The spectrum of a tensor as the matrix of its first dimension by all others.

    Raises NoValues or ReadError with a sentence: no matrix, too large, not finite, and all else that has no values.
    """
    matrix = matrix_of(reading, tensor)
    rows, columns = matrix.shape
    return facts(rows, columns, singular_values(matrix))
