"""What the first look at a large tensor needs, had at hand before somebody looks."""

from __future__ import annotations

from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.kernels import passes
from ckpt_gui.core.stats.fill import stored_nbytes
from ckpt_gui.core.stats.lanes import way
from ckpt_gui.core.tensors import Reading

MOST = 5_000
"""Tensors that are looked through for a large one."""


def load_machine_code(reading: Reading) -> bool:
    """Load what the largest tensor's pass needs, if it is large and a former run left it. Without I/O on the file."""
    checkpoint = reading.checkpoint
    largest = max(range(min(checkpoint.rows, MOST)), key=lambda tensor: stored_nbytes(checkpoint, tensor), default=-1)
    if largest < 0:
        return False
    try:
        plan = way(reading, largest)
    except ReadError:
        return False
    return plan.form.elements > passes.WORTH_A_COMPILER and passes.load(plan.lane)
