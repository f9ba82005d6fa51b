"""Checkpoints of torch 0.1.1 to 0.1.9: a tar of four members, written by hand from the layout."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.builders.opcodes import BINPERSID, MARK, SETITEMS, Assembler, floats
from tests.builders.registry import case
from tests.builders.torch_legacy import SYSTEM


@dataclass
class Storage:
    """A storage and the number of elements its header claims."""

    key: int
    tag: str
    kind: tuple[str, str]
    numel: int
    data: bytes


@dataclass
class Tensor:
    """A tensor of the table, by the id of its storage."""

    key: int
    storage: int
    size: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int = 0
    kind: tuple[str, str] = ("torch", "FloatTensor")
    rank: int | None = None


View = tuple[int, int, int, int]
"""Key of the view, key of its root, offset and length in elements."""


def storages_member(storages: Sequence[Storage], views: Sequence[View] = (), count: int | None = None) -> bytes:
    """The number of storages; for each its description, length and data; then the views."""
    out = io.BytesIO()
    out.write(pickle.dumps(len(storages) if count is None else count, 2))
    for one in storages:
        described = Assembler().raw(MARK).integer(one.key).text(one.tag).name(*one.kind).raw(b"t").stop()
        out.write(described + struct.pack("<q", one.numel) + one.data)
    out.write(pickle.dumps(list(views), 2))
    return out.getvalue()


def tensors_member(tensors: Sequence[Tensor], count: int | None = None) -> bytes:
    """The number of tensors; for each its description, rank, sizes, strides and offset."""
    out = io.BytesIO()
    out.write(pickle.dumps(len(tensors) if count is None else count, 2))
    for one in tensors:
        described = Assembler().raw(MARK).integer(one.key).integer(one.storage).name(*one.kind).raw(b"t").stop()
        rank = len(one.size) if one.rank is None else one.rank
        out.write(described + struct.pack("<ii", rank, 0))
        out.write(struct.pack(f"<{len(one.size)}q", *one.size) + struct.pack(f"<{len(one.stride)}q", *one.stride))
        out.write(struct.pack("<q", one.offset))
    return out.getvalue()


def object_member(names: dict[str, int]) -> bytes:
    """A dictionary of tensors, each a persistent id in text."""
    code = Assembler().raw(b"}", MARK)
    for name, key in names.items():
        code.text(name).text(str(key)).raw(BINPERSID)
    return code.raw(SETITEMS).stop()


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    """An uncompressed tar of regular files."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


STORAGES = [
    Storage(101, "cpu", ("torch", "FloatStorage"), 6, floats(1, 2, 3, 4, 5, 6)),
    Storage(102, "cuda:0", ("torch.cuda", "LongStorage"), 2, struct.pack("<2q", 7, -8)),
]
TENSORS = [
    Tensor(1, 101, (2, 3), (3, 1)),
    Tensor(2, 101, (3,), (1,), 3),
    Tensor(3, 102, (2,), (1,), 0, ("torch.cuda", "LongTensor")),
    Tensor(4, 103, (2,), (1,)),
]
NAMES = {"weight": 1, "second_row": 2, "steps": 3, "window": 4}


def members(
    *, storages: bytes | None = None, tensors: bytes | None = None, pickled: bytes | None = None
) -> dict[str, bytes]:
    """The four members of a good file; any of them may be replaced."""
    return {
        "sys_info": pickle.dumps(SYSTEM, 2),
        "pickle": object_member(NAMES) if pickled is None else pickled,
        "storages": storages_member(STORAGES, [(103, 101, 2, 2)]) if storages is None else storages,
        "tensors": tensors_member(TENSORS) if tensors is None else tensors,
    }


@case("torch-tar")
def build_plain(folder: Path) -> Path:
    """Two storages on two devices, a shared one, a view of a storage, four tensors."""
    return write_tar(folder / "plain.pth", members())


@case("torch-tar")
def build_empty(folder: Path) -> Path:
    """An empty dictionary."""
    parts = members(storages=storages_member([]), tensors=tensors_member([]), pickled=object_member({}))
    return write_tar(folder / "empty.pth", parts)
