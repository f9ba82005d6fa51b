"""Singular values by LAPACK (gesdd, by way of ``numpy.linalg``); also the main program of a process that finds them.

The time grows with the product of the sides and the shorter one, and nothing can stop LAPACK from within: so the
window has it done by a process, which it can end. What such a process hears is a line of JSON, ``{"rows", "columns",
"dtype"}``, and the matrix row by row (float64 or complex128, native byte order); what it says is one line of JSON,
``{"values"}`` or ``{"problem"}``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.errors import ReadError


def singular_values(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Largest first. Raises ReadError where they do not converge."""
    try:
        values: NDArray[np.float64] = np.linalg.svd(matrix, compute_uv=False)
    except np.linalg.LinAlgError as exc:
        raise ReadError("the singular values did not converge") from exc
    return values


def head(rows: int, columns: int, dtype: np.dtype[Any]) -> bytes:
    """The first line that the process hears."""
    return json.dumps({"rows": rows, "columns": columns, "dtype": dtype.name}).encode() + b"\n"


def answer(said: bytes) -> NDArray[np.float64]:
    """What the process said. Raises ReadError with its sentence, or if it said nothing of use."""
    try:
        told = json.loads(said)
    except ValueError:
        raise ReadError("the process that computes singular values ended before it was done") from None
    if "problem" in told:
        raise ReadError(told["problem"])
    return np.array(told["values"], np.float64)


def main() -> int:
    """Hear a matrix, say its singular values; returns the exit code."""
    asked = json.loads(sys.stdin.buffer.readline())
    matrix: NDArray[Any] = np.empty((asked["rows"], asked["columns"]), asked["dtype"])
    row = matrix.itemsize * asked["columns"]
    for number in range(asked["rows"]):
        read = sys.stdin.buffer.read(row)
        if len(read) < row:
            return 1  # whoever asked is gone
        matrix[number] = np.frombuffer(read, matrix.dtype)
    try:
        said: dict[str, Any] = {"values": singular_values(matrix).tolist()}
    except ReadError as exc:
        said = {"problem": str(exc)}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    return 0
