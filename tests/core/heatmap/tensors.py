"""Checkpoints of one tensor, and what their pictures must be, worked out a cell at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.heatmap.picture import Picture
from ckpt_gui.core.tensors import Reading

Array = NDArray[Any]


def reading(tensor: torch.Tensor, folder: Path) -> Reading:
    """A file that holds the tensor as it lies in memory, strides and all."""
    path = folder / "one.pt"
    torch.save(tensor, path)
    return Reading(open_checkpoint(path))


def expected(values: Array, picture: Picture) -> tuple[Array, Array]:
    """Largest magnitudes (NaN first, of +x and -x either) and float64 means of each cell; NaN where there is none."""
    high, wide = picture.block
    rows, columns = -(-picture.region.height // high), -(-picture.region.width // wide)
    largest, mean = np.full((rows, columns), np.nan), np.full((rows, columns), np.nan)
    for row in range(rows):
        for column in range(columns):
            held = _held(values, picture, row, column)
            if len(held):
                with np.errstate(invalid="ignore"):
                    largest[row, column] = np.nan if np.isnan(held).any() else held[np.argmax(np.abs(held))]
                    mean[row, column] = held.mean()
    return largest, mean


def _held(values: Array, picture: Picture, row: int, column: int) -> Array:
    top, bottom, left, right = picture.region
    (high, wide), plane = picture.block, picture.plane
    places = [
        plane.index_at(down, across)
        for down in range(top + row * high, min(top + (row + 1) * high, bottom))
        for across in range(left + column * wide, min(left + (column + 1) * wide, right))
    ]
    return np.array([float(values[place]) for place in places if place is not None])
