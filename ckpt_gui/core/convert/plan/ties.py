"""Storages of equal bytes, to be written once and shared (``--tie``).

Which are equal follows from checksums in the file, or from whoever has read them. A checksum is no proof: that is
given when the result is compared byte for byte with each source.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan.tags import Tags
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.convert.plan.types import Types

MIN_NBYTES = 4096
"""Smaller storages of equal bytes are mostly zeros and ones, and mean nothing by it."""


def equal(
    tree: Tree, rows: list[int], types: Types, tags: Tags, options: Options, known: Iterable[Iterable[int]]
) -> tuple[dict[int, int], list[str]]:
    """Storage → the first one of equal bytes, type and tag; and warnings."""
    if options.ties != "tie":
        return {}, []
    only = _only_users(tree, rows)
    groups = [list(group) for group in known] or _by_checksum(tree, only)
    found: dict[int, int] = {}
    for group in groups:
        first: dict[tuple[str, str, str | None], int] = {}
        for storage in sorted(group):
            if storage in only:
                row = only[storage]
                dtype = tree.checkpoint.tensors.dtype[row]
                mark = tree.checkpoint.texts[dtype], types.of(row), tags.of_storage(storage)
                kept = first.setdefault(mark, storage)
                if kept != storage:
                    found[storage] = kept
    if found:
        told = tree.rows_listed([only[storage] for storage in found], 4)
        return found, [f"Tied to tensors of equal bytes: {told}"]
    reason = (
        ""
        if groups or any(crc > 0 for crc in tree.checkpoint.storages.crc)
        else "; this file keeps no checksums to tell"
    )
    return {}, [f"No tensors of equal bytes were found to tie{reason}"]


def _only_users(tree: Tree, rows: list[int]) -> dict[int, int]:
    """Storage → its one user, a plain tensor."""
    checkpoint = tree.checkpoint
    found: dict[int, int] = {}
    for row in rows:
        storage = checkpoint.tensors.storage[row]
        found[storage] = -1 if storage in found or row in checkpoint.extras else row
    return {storage: row for storage, row in found.items() if storage >= 0 and row >= 0}


def _by_checksum(tree: Tree, only: dict[int, int]) -> list[list[int]]:
    """Storages of one size and checksum, where the checksums mean something."""
    storages = tree.checkpoint.storages
    groups: dict[tuple[int, int], list[int]] = {}
    for storage, mark in enumerate(zip(storages.crc, storages.nbytes, strict=True)):
        if mark[0] > 0 and mark[1] >= MIN_NBYTES:
            groups.setdefault(mark, []).append(storage)
    if len({crc for crc, _ in groups}) < len(groups):
        return []  # one checksum for different sizes: they were not computed from the data
    return [group for group in groups.values() if len(group) > 1 and all(storage in only for storage in group)]
