"""Plans made by hand, for rooms that only carry them out."""

from __future__ import annotations

from dataclasses import replace

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Item, Options, Plan, Record
from ckpt_gui.core.model import Checkpoint


def plan_of(checkpoint: Checkpoint, records: list[Record], items: list[Item], to: str, *, nested: bool) -> Plan:
    """A plan of these records and nothing else."""
    nbytes = sum(record.nbytes for record in records)
    return Plan(
        checkpoint.path, checkpoint.format, to, nested, Options(), tuple(items), tuple(records), (), (), (),
        checkpoint.nbytes, nbytes,
    )  # fmt: skip


def untouched(checkpoint: Checkpoint, to: str = "torch") -> Plan:
    """Every storage under its own key, as it lies."""
    records = []
    for number in range(len(checkpoint.storages)):
        ref = checkpoint.storage(number)
        if ref.nbytes >= 0:
            big = ref.byteorder == "big"
            records.append(
                Record(ref.key, number, 0, -1, "uint8", "uint8", ref.nbytes, ref.nbytes, ref.device, big_endian=big)
            )
    return plan_of(checkpoint, records, [], to, nested=True)


def each(checkpoint: Checkpoint, to: str = "safetensors", dtype: str | None = None) -> Plan:
    """Every strided tensor by itself, its elements in C order; ``dtype`` for all of them."""
    records: list[Record] = []
    items: list[Item] = []
    for number in range(checkpoint.rows):
        info = checkpoint.tensor(number)
        if info.layout != "strided" or info.quantizer is not None or info.problem:
            continue
        path = checkpoint.path_of(info.node)
        made = dtype or info.dtype
        nbytes = dtypes.stored_nbytes(made, info.numel)
        key = ".".join(map(str, path))
        item = Item(
            number, path, (key,), len(records), 0, None, info.shape, info.dtype, made, None
        )  # fmt: skip
        records.append(Record(key, -1, 0, number, info.dtype, made, info.numel, nbytes, None))
        items.append(item)
    return plan_of(checkpoint, records, items, to, nested=False)


def sharded(plan: Plan, parts: int) -> Plan:
    """The same in so many files."""
    places = range(len(plan.records))
    return replace(plan, shards=tuple(tuple(places[part::parts]) for part in range(parts)))
