"""safetensors: a header in JSON that says type, shape and place of each tensor, then their bytes.

Format: README of huggingface/safetensors, "Format"; laid out as its own library does (tensor.rs, ``prepare``): the
widest types first, names in order, the header padded with spaces to 8 bytes. Several files have an index beside
them, as ``save_pretrained`` of transformers writes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Item, Plan, Record
from ckpt_gui.core.convert.pump import Chunks, Pump
from ckpt_gui.core.convert.target import Draft
from ckpt_gui.core.errors import ConvertError, ReadError
from ckpt_gui.core.formats.safetensors import DTYPES, MAX_HEADER, METADATA
from ckpt_gui.core.text import escape, size

TAGS = {dtype: tag for tag, dtype in DTYPES.items()}
"""torch's name of an element type → the header's."""
_RANK = {dtype: place for place, dtype in enumerate(DTYPES.values())}
INDEX = ".index.json"


class Entry(NamedTuple):
    """One tensor of the header."""

    name: str
    dtype: str
    """torch's name."""
    shape: tuple[int, ...]
    """In elements as torch counts them."""
    record: Record


def files(plan: Plan, target: Path) -> tuple[Path, ...]:
    """The files that make the result: the target; or its parts ``NAME-00001-of-0000N.safetensors``, the index last."""
    total = len(plan.shards)
    if total < 2:
        return (target,)
    stem = target.name.removesuffix(INDEX)
    stem = stem.removesuffix(".safetensors")
    parts = [target.with_name(f"{stem}-{number:05d}-of-{total:05d}.safetensors") for number in range(1, total + 1)]
    return (*parts, target.with_name(f"{stem}.safetensors{INDEX}"))


def entries(plan: Plan, records: Iterable[int]) -> list[Entry]:
    """What one file holds, in its order. Raises ConvertError for what safetensors cannot hold."""
    items: dict[int, Item] = {}
    for item in plan.items:
        items.setdefault(item.record, item)
    made = [_entry(plan.records[place], items.get(place)) for place in records]
    return sorted(made, key=lambda one: (-_RANK[one.dtype], one.name.encode()))


def _entry(record: Record, item: Item | None) -> Entry:
    name = escape(record.key)[:80]
    if item is None:
        raise ConvertError(f"safetensors: the bytes of {name} belong to no tensor")
    if item.dtype not in TAGS:
        raise ConvertError(f"safetensors has no {escape(item.dtype)[:40]}, which is the type of {name}")
    if record.key == METADATA or not _is_text(record.key):
        raise ConvertError(f"safetensors cannot have a tensor called {name}")
    shape = _shape(item)
    if dtypes.stored_nbytes(item.dtype, math.prod(item.shape)) != record.nbytes:
        raise ConvertError(f"safetensors: {name} has {record.nbytes:,} bytes, which do not fit its shape {item.shape}")
    return Entry(record.key, item.dtype, shape, record)


def _shape(item: Item) -> tuple[int, ...]:
    """As the header counts: 4-bit numbers by themselves, where torch has two an element."""
    if TAGS[item.dtype] != "F4":
        return item.shape
    return (*item.shape[:-1], 2 * item.shape[-1]) if item.shape else (2,)


def header(listed: Sequence[Entry], metadata: Iterable[tuple[str, str]]) -> bytes:
    """Its length in 8 bytes, and the JSON. ``format: pt`` is in it, which loaders expect."""
    told = {"format": "pt", **dict(metadata)}
    parts = [f'"{METADATA}":{_json(told)}']
    at = 0
    for one in listed:
        end = at + one.record.nbytes
        said = {"dtype": TAGS[one.dtype], "shape": one.shape, "data_offsets": (at, end)}
        parts.append(f"{_json(one.name)}:{_json(said)}")
        at = end
    raw = ("{" + ",".join(parts) + "}").encode()
    raw += b" " * (-len(raw) % 8)
    if len(raw) > MAX_HEADER:
        raise ConvertError(
            f"safetensors allows {size(MAX_HEADER)} of names and shapes, and these take {size(len(raw))}; write shards"
        )
    return len(raw).to_bytes(8, "little") + raw


def write_safetensors(
    draft: Draft,
    listed: Sequence[Entry],
    metadata: Iterable[tuple[str, str]],
    content: Callable[[Record], Chunks],
    executor: Executor | None = None,
) -> None:
    """One file. Raises ConvertError, or ReadError where a record has not the bytes planned."""
    pump = Pump(draft, executor)
    draft.write(header(listed, metadata))
    for one in listed:
        done = pump.run(content(one.record), crc=False).nbytes
        if done != one.record.nbytes:
            raise ReadError(f"{escape(one.name)[:80]} has {size(done)} where {size(one.record.nbytes)} were expected")


def index(plan: Plan, names: Sequence[str]) -> bytes:
    """The file that says which tensor is in which part."""
    where = {plan.records[place].key: name for name, shard in zip(names, plan.shards, strict=True) for place in shard}
    total = sum(record.nbytes for record in plan.records)
    content = {"metadata": {"total_size": total}, "weight_map": where}
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
