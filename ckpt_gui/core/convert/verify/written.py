"""The files of a result as they lie there now, under the names of their making, read by our own reader."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_gui.core.convert.nouns import Item, Plan
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report

INDEX_SUFFIX = ".index.json"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file of the result that holds tensors."""

    path: Path
    """Where it lies now."""
    name: str
    """What it will be called."""
    checkpoint: Checkpoint
    items: Sequence[int]
    """Places in ``Plan.items`` of what belongs in it."""


def data_files(parts: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Those of the (path now, path then) that hold tensors."""
    return [part for part in parts if not part[1].name.endswith(INDEX_SUFFIX)]


def read_again(
    plan: Plan, parts: Sequence[tuple[Path, Path]], found: Differences, report: Report
) -> Iterator[WrittenFile]:
    """Each file that holds tensors; one that cannot be read is a difference."""
    held = data_files(parts)
    if plan.shards and len(held) != len(plan.shards):
        found.add(None, f"{len(held)} files were written, {len(plan.shards)} planned")
        return
    where = {record: shard for shard, records in enumerate(plan.shards) for record in records}
    belonging: list[list[int]] = [[] for _ in held]
    for place, item in enumerate(plan.items):
        belonging[_shard(item, where)].append(place)
    for (now, then), items in zip(held, belonging, strict=True):
        try:
            checkpoint = open_checkpoint(now, report)
        except OpenError as exc:
            found.add(None, f"{then.name} cannot be read again: {_without(str(exc), now, then)}")
            continue
        yield WrittenFile(now, then.name, checkpoint, items)


def _shard(item: Item, where: dict[int, int]) -> int:
    return where.get(item.record, 0)


def _without(text: str, now: Path, then: Path) -> str:
    """The sentence with the name that the file will have."""
    return text.replace(os.fspath(now), then.name)
