"""Plans that change nothing, made by hand: what the proof is tried on."""

from __future__ import annotations

from pathlib import Path

from ckpt_gui.core.convert.nouns import Item, Options, Plan, Record
from ckpt_gui.core.model import TensorInfo
from ckpt_gui.core.reader import read
from ckpt_gui.core.wire import Opened


def as_it_is(opened: Opened, target: str = "torch") -> Plan:
    """The pickled object written back as it is."""
    checkpoint = opened.checkpoint
    dtypes: dict[int, str] = {}
    for tensor in range(len(checkpoint.tensors)):
        info = checkpoint.tensor(tensor)
        dtypes.setdefault(info.storage, info.dtype)
    records: list[Record] = []
    places: dict[int, int] = {}
    for storage, dtype in dtypes.items():
        if storage >= 0:
            places[storage] = len(records)
            records.append(_record(opened, storage, dtype))
    items = [_item(opened, tensor, places) for tensor in range(checkpoint.rows)]
    return _plan(opened, target, True, items, records)


def flat(opened: Opened, target: str = "safetensors") -> Plan:
    """Every tensor by itself, its elements in C order, under its keys joined with dots."""
    checkpoint = opened.checkpoint
    items: list[Item] = []
    records: list[Record] = []
    for tensor in range(checkpoint.rows):
        info = checkpoint.tensor(tensor)
        path = checkpoint.path_of(info.node)
        name = ".".join(map(str, path))
        records.append(Record(name, -1, 0, tensor, info.dtype, info.dtype, info.numel, info.nbytes, None))
        stride = _contiguous(info.shape)
        items.append(Item(tensor, path, (name,), len(items), 0, stride, info.shape, info.dtype, info.dtype, None))
    return _plan(opened, target, False, items, records)


def opened_at(path: Path) -> Opened:
    return read(path)


def _record(opened: Opened, storage: int, dtype: str) -> Record:
    ref = opened.checkpoint.storage(storage)
    width = max(1, ref.nbytes)
    return Record(ref.key, storage, 0, -1, dtype, dtype, width, ref.nbytes, ref.device, ref.byteorder == "big")


def _item(opened: Opened, tensor: int, places: dict[int, int]) -> Item:
    info: TensorInfo = opened.checkpoint.tensor(tensor)
    path = opened.checkpoint.path_of(info.node)
    plain = info.layout == "strided"
    record = places.get(info.storage, -1) if plain else -1
    offset = info.offset if plain and info.offset is not None else 0
    stride = info.stride if plain else None
    return Item(tensor, path, path, record, offset, stride, info.shape, info.dtype, info.dtype, info.device)


def _plan(opened: Opened, target: str, nested: bool, items: list[Item], records: list[Record]) -> Plan:
    checkpoint = opened.checkpoint
    nbytes = sum(record.nbytes for record in records)
    return Plan(
        checkpoint.path, checkpoint.format, target, nested, Options(), tuple(items), tuple(records), (), (), (),
        checkpoint.nbytes, nbytes, changes=False,
    )  # fmt: skip


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(1, size)
    return tuple(reversed(strides))
