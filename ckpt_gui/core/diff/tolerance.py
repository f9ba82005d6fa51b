"""What counts as close, by element type: as in torch.testing.assert_close (torch 2.13, testing/_comparison.py)."""

from __future__ import annotations

from ckpt_gui.core.diff.nouns import Tolerance

_DEFAULTS = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5), "bcomplex32": (1.6e-2, 1e-5), "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
    "quint8": (1.3e-6, 1e-5), "quint2x4": (1.3e-6, 1e-5), "quint4x2": (1.3e-6, 1e-5), "qint8": (1.3e-6, 1e-5),
    "qint32": (1.3e-6, 1e-5),
}  # fmt: skip
EXACT = (0.0, 0.0)
"""For integers, bool and the float8 types, for which torch has no entry."""


def tolerance(left: str, right: str, wanted: Tolerance | None = None) -> tuple[float, float]:
    """(rtol, atol) for two element types: the larger of both defaults, unless it was said otherwise."""
    pairs = (_DEFAULTS.get(left, EXACT), _DEFAULTS.get(right, EXACT))
    rtol, atol = (max(both) for both in zip(*pairs, strict=True))
    if wanted is None:
        return rtol, atol
    return (rtol if wanted.rtol is None else wanted.rtol), (atol if wanted.atol is None else wanted.atol)
