"""Singular values found by another process, which is killed when nobody wants them any more."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import child

if TYPE_CHECKING:
    from ckpt_gui.core.spectrum import Spectrum
    from ckpt_gui.core.tensors import Reading

_LOOK = 0.05
"""Seconds between two looks at whether it is done, or no longer wanted."""


def solve(reading: Reading, tensor: int, report: Report, argv: list[str] | None = None) -> Spectrum:
    """The spectrum of a tensor; a job's work. Memory: a few rows, the matrix is the other process's.

    Raises ReadError with a sentence, and what ``report`` raises; the process is gone then. ``argv`` replaces its
    command line (tests).
    """
    from ckpt_gui.core.spectrum import answer, facts, head, rows_of

    (rows, columns), dtype, parts = rows_of(reading, tensor)
    try:
        process = child.start_solver(argv)
    except OSError as exc:
        raise ReadError(f"the process that computes singular values cannot be started: {exc.strerror}") from exc
    with process:
        try:
            assert process.stdin is not None
            process.stdin.write(head(rows, columns, dtype))
            sent = 0
            for part in parts:
                report.at(sent, rows * columns * dtype.itemsize, "bytes")
                left = memoryview(part.tobytes())
                while left:  # a pipe takes what it has room for
                    left = left[process.stdin.write(left) :]
                sent += part.nbytes
            return facts(rows, columns, answer(_heard(process, report)))
        except BrokenPipeError:
            raise ReadError("the process that computes singular values ended before it was done") from None
        finally:
            process.kill()


def _heard(process: subprocess.Popen[bytes], report: Report) -> bytes:
    """All that it says until its end."""
    begun = time.monotonic()
    while True:
        report.at(int(time.monotonic() - begun), 0, "s")
        try:
            return process.communicate(timeout=_LOOK)[0]
        except subprocess.TimeoutExpired:
            continue
