"""What the format tests compare: rows of a Checkpoint and tensors of torch as plain tuples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ckpt_gui.core.columns import Flag
from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.model import Checkpoint, TensorInfo
from ckpt_gui.core.text import Path as KeyPath


class Row(NamedTuple):
    """All of a tensor but its values."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...] | None
    offset: int | None
    device: str | None
    requires_grad: bool


def ours(checkpoint: Checkpoint) -> dict[KeyPath, TensorInfo]:
    """Every tensor row by its path; paths are unique."""
    infos = [checkpoint.tensor(number) for number in range(checkpoint.rows)]
    found = {checkpoint.path_of(info.node): info for info in infos}
    assert len(found) == len(infos)
    return found


def state_dict_rows(checkpoint: Checkpoint) -> dict[str, Row]:
    """The rows that a module's ``state_dict()`` would name."""
    listed = {path: info for path, info in ours(checkpoint).items() if not info.flags & Flag.NOT_IN_STATE_DICT}
    assert all(len(path) == 1 for path in listed)
    return {str(path[0]): row_of(info) for path, info in listed.items()}


def others(checkpoint: Checkpoint) -> list[KeyPath]:
    """Paths of the tensors that are in no ``state_dict()``."""
    return [path for path, info in ours(checkpoint).items() if info.flags & Flag.NOT_IN_STATE_DICT]


def row_of(info: TensorInfo) -> Row:
    """One of our rows."""
    grad = bool(info.flags & Flag.REQUIRES_GRAD)
    return Row(info.dtype, info.shape, info.stride, info.offset, info.device, grad)


def torch_rows(tensors: Mapping[Any, torch.Tensor]) -> dict[Any, Row]:
    """The same of torch's own tensors."""
    return {
        name: Row(
            str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), tensor.stride(),
            int(tensor.storage_offset()), str(tensor.device), tensor.requires_grad,
        )
        for name, tensor in tensors.items()
    }  # fmt: skip


def sharing(storages: Mapping[Any, int]) -> set[frozenset[Any]]:
    """Names grouped by the storage they share."""
    groups: dict[int, set[Any]] = {}
    for name, storage in storages.items():
        groups.setdefault(storage, set()).add(name)
    return set(map(frozenset, groups.values()))


def values(checkpoint: Checkpoint, path: Path, found: KeyPath) -> bytes:
    """The bytes of a contiguous tensor as they lie in the file."""
    info = ours(checkpoint)[found]
    at = checkpoint.byte_offset(info.id)
    assert at is not None, found
    return path.read_bytes()[at : at + info.nbytes]


def opens_or_says_why(path: Path, damaged: bytes) -> Checkpoint | None:
    """The tree of damaged bytes, or None where a sentence says why there is none. Nothing else may escape."""
    path.write_bytes(damaged)
    try:
        checkpoint = open_checkpoint(path)
    except OpenError:
        return None
    assert all(checkpoint.tensor(number).dtype for number in range(len(checkpoint.tensors)))
    return checkpoint


def flipped(data: bytes, flips: Iterable[tuple[float, int]]) -> bytes:
    """``data`` with bytes replaced: each flip is a place (0 … 1 of the length) and the new byte."""
    damaged = bytearray(data)
    for place, byte in flips:
        damaged[min(int(place * len(damaged)), len(damaged) - 1)] = byte
    return bytes(damaged)


def cuts(data: bytes, step: int) -> list[bytes]:
    """The first bytes of ``data``, a step more each time."""
    return [data[:end] for end in range(0, len(data), step)]


Save = Callable[[Path], None]
