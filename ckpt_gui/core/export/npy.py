"""NumPy's own files: ``.npy`` (one array) and ``.npz`` (a zip of them), after numpy.lib.format's description."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from typing import IO

import numpy as np

from ckpt_gui.core.export.arrays import pieces
from ckpt_gui.core.export.plan import Item
from ckpt_gui.core.tensors import Reading

Told = Callable[[int], None]
"""Is told of bytes just written."""


def write_npy(file: IO[bytes], reading: Reading, item: Item, told: Told) -> None:
    """One array: the header, then its values in C order."""
    from numpy.lib import format as npy

    little = np.dtype(item.type).newbyteorder("<")
    header = {"descr": npy.dtype_to_descr(little), "fortran_order": False, "shape": item.shape}
    npy.write_array_header_1_0(file, header)
    for piece in pieces(reading, item):
        file.write(piece.data)
        told(piece.nbytes)


def write_npz(file: IO[bytes], reading: Reading, items: Sequence[Item], told: Told) -> None:
    """Several arrays, stored, not compressed: weights hardly get smaller."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for item in items:
            entry = zipfile.ZipInfo(f"{member(item.name)}.npy")
            with archive.open(entry, "w", force_zip64=True) as inside:
                write_npy(inside, reading, item, told)


def member(name: str) -> str:
    """A tensor's name as that of a zip's member: never one that would unpack outside of a folder."""
    parts = name.replace("\\", "/").split("/")
    return "/".join("_" * max(len(part), 1) if part in ("", ".", "..") else part for part in parts)
