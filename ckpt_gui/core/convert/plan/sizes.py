"""How large the result will be, about: its data to the byte, what is around them by rule of thumb."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.convert.nouns import Item, Record
from ckpt_gui.core.convert.plan.left import Left
from ckpt_gui.core.convert.plan.tree import Tree

_ALIGNMENT = 64
_ZIP_RECORD = 130
"""Bytes of a record's headers in a zip, without its name and its padding."""
_PICKLED = 120
"""Bytes of a tensor in a pickle, without its name."""
_ZIP = 1200
"""Bytes of a zip of torch's without any storage."""


def flat_nbytes(items: Sequence[Item], records: Sequence[Record], target: str) -> int:
    """A mapping of names to tensors."""
    around = sum(_PICKLED + 8 * len(item.shape) + sum(len(str(key)) for key in item.target) for item in items)
    return around + _data(records, target)


def nested_nbytes(tree: Tree, gone: Left, records: Sequence[Record], target: str) -> int:
    """The objects of the source, as far as they stay."""
    checkpoint = tree.checkpoint
    around = checkpoint.nbytes - sum(checkpoint.storages.packed)
    if checkpoint.format in ("torch-zip", "torchscript", "torch-package"):
        around -= _ZIP + (_ZIP_RECORD + _ALIGNMENT // 2) * len(checkpoint.storages)
    kept = len(gone.marks) - sum(map(bool, gone.marks))
    return max(around, 0) * kept // max(len(gone.marks), 1) + _data(records, target)


def _data(records: Sequence[Record], target: str) -> int:
    if target == "legacy":
        return sum(record.nbytes + 8 for record in records) + 200
    rounded = sum(-(-record.nbytes // _ALIGNMENT) * _ALIGNMENT for record in records)
    return _ZIP + rounded + _ZIP_RECORD * len(records)
