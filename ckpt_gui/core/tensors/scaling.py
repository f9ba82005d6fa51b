"""Quantized integers as numbers: ``scale · (q - zero_point)`` in float32.

After ATen/native/quantized/AffineQuantizerBase.cpp (``dequantize_val``) and AffineQuantizer.cpp (per channel).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.tensors.encodings import Array, decode


class Dequantizer:
    """Makes float32 patterns of integer patterns; of one pair of scale and zero point, or of one a channel."""

    def __init__(self, scales: Array, zero_points: Array, axis: int) -> None:
        self._scales = scales.astype(np.float32)
        self._zeros = zero_points
        self._axis = axis
        """-1: one pair for all."""

    def at(self, indices: range) -> Dequantizer:
        """The same for a tensor of which only those ``indices`` along the axis are left."""
        if self._axis < 0:
            return self
        picked = slice(indices.start, indices.stop, indices.step)
        return Dequantizer(self._scales[picked], self._zeros[picked], self._axis)

    def __call__(self, array: Array, encoding: str, origin: Sequence[int]) -> Array:
        """float32 patterns of the integer patterns of a box at ``origin``."""
        scales, zeros = self._along(self._scales, array, origin), self._along(self._zeros, array, origin)
        integers = decode(array, encoding)
        with np.errstate(all="ignore"):
            if zeros.dtype.kind == "f":
                shifted = integers.astype(np.float32, order="K") - zeros.astype(np.float32)
            else:
                shifted = (integers.astype(np.int64, order="K") - zeros.astype(np.int64)).astype(np.float32)
            numbers: npt.NDArray[np.float32] = shifted * scales
        return numbers.view(np.uint32)

    def _along(self, values: Array, array: Array, origin: Sequence[int]) -> Array:
        if self._axis < 0:
            return values
        begin = origin[self._axis]
        shape = [1] * array.ndim
        shape[self._axis] = array.shape[self._axis]
        return values[begin : begin + array.shape[self._axis]].reshape(shape)
