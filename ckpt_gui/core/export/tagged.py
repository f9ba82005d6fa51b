"""safetensors: a header in JSON that says type, shape and place of each array, then their bytes.

After the format's description (https://github.com/huggingface/safetensors#format). Its own library wants
all arrays in memory; this writes them as they are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import IO

from ckpt_gui.core.errors import ExportError
from ckpt_gui.core.export.arrays import pieces
from ckpt_gui.core.export.plan import Item
from ckpt_gui.core.tensors import Reading

MAX_HEADER = 100_000_000
"""Bytes; the library refuses longer ones."""


def write_safetensors(file: IO[bytes], reading: Reading, items: Sequence[Item], told: Callable[[int], None]) -> None:
    """All arrays, wide types first, so that each is aligned. Raises ExportError for too many of them."""
    ordered = sorted(items, key=lambda item: (-_alignment(item), item.name))
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for item in ordered:
        name = item.name if item.name != "__metadata__" else "__metadata__.tensor"
        header[name] = {"dtype": item.type, "shape": list(item.shape), "data_offsets": [at, at + item.nbytes]}
        at += item.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ExportError("these tensors have too many or too long names for safetensors, whose header ends at 100 MB")
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for item in ordered:
        for piece in pieces(reading, item):
            file.write(piece.data)
            told(piece.nbytes)


def _alignment(item: Item) -> int:
    """Bytes of one element, at most 8."""
    return item.nbytes // item.count if item.count else 1
