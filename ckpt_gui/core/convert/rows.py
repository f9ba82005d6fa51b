"""A plan as the diff of what will be: a row for each tensor that is kept and for everything that is left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ckpt_gui.core import dtypes, text
from ckpt_gui.core.convert.nouns import Dropped, Item, Plan
from ckpt_gui.core.model import Checkpoint

CHANGES = ("kept", "dropped", "renamed", "cast", "retagged")
"""What may become of a row. ``kept``: nothing but its place in the file changes."""
GLYPHS = dict(zip(CHANGES, "=−→◇●", strict=True))
"""Beside the word, so that neither colour nor word is needed alone."""
MEANING = {
    "kept": "as it is", "dropped": "left out", "renamed": "under another name", "cast": "as another element type",
    "retagged": "with another device tag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one tensor, or of one value that is left out."""

    node: int
    """In the source; -1 where it stands in no tree."""
    tensor: int
    """In the source; -1 for a value."""
    changes: tuple[str, ...]
    """At least one of CHANGES."""
    name: str
    """Path text in the source."""
    target: str
    """In the result; "" if it is left out."""
    shape: str
    dtype: str
    """"" for a value."""
    to_dtype: str
    device: str | None
    to_device: str | None
    nbytes: int
    """Logical size; 0 for a value."""
    to_nbytes: int
    why: str
    """Why it is left out, or what else is to be said of it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows in the file's order, and what they come to."""

    rows: tuple[Row, ...]
    counts: dict[str, int]
    """Rows of each change."""
    buffers: int
    """Tensors taken for float buffers."""
    has_devices: bool
    """Has the result device tags?"""
    has_reasons: bool
    """Is there anything to be said of a row?"""
    headline: str
    """``148 of 444 tensors kept · 10.4 GiB → 3.46 GiB``."""


def listing(checkpoint: Checkpoint, plan: Plan) -> Listing:
    """What the plan comes to, row by row."""
    order = checkpoint.nodes.order
    made = [
        *(_kept(checkpoint, item, casting=bool(plan.options.dtype)) for item in plan.items),
        *(_left(checkpoint, one) for one in plan.dropped),
    ]
    rows = tuple(sorted(made, key=lambda row: order[row.node] if row.node >= 0 else len(order)))
    counts = Counter(change for row in rows for change in row.changes)
    return Listing(
        rows, {change: counts[change] for change in CHANGES}, sum(item.buffer for item in plan.items),
        any(item.device for item in plan.items), any(row.why for row in rows), headline(checkpoint, plan),
    )  # fmt: skip


def headline(checkpoint: Checkpoint, plan: Plan) -> str:
    """The plan in a line: what stays, and how large the file is then."""
    kept, total = len(plan.items), checkpoint.rows
    words = f"{kept:,} of {text.plural(total, 'tensor')} kept" if kept != total else _all(total)
    return f"{words} · {text.size(plan.nbytes_before)} → {'about ' * bool(plan.items)}{text.size(plan.nbytes_after)}"


def _all(total: int) -> str:
    return f"all {total:,} tensors kept" if total > 1 else "its one tensor kept" if total else "no tensors"


def _kept(checkpoint: Checkpoint, item: Item, *, casting: bool) -> Row:
    tensors, number = checkpoint.tensors, item.tensor
    device = checkpoint.device(number)
    same_type = item.dtype == item.source_dtype
    to_nbytes = tensors.nbytes[number] if same_type else dtypes.nbytes(item.dtype, tensors.numel[number])
    changes = tuple(
        change
        for change, holds in (
            ("renamed", not _same_name(item.path, item.target)),
            ("cast", not same_type),
            ("retagged", device is not None and item.device is not None and item.device != device),
        )
        if holds
    )
    return Row(
        tensors.node[number], number, changes or ("kept",), text.path_text(item.path), text.path_text(item.target),
        text.shape(item.shape), item.source_dtype, item.dtype, device, item.device, tensors.nbytes[number],
        to_nbytes, "taken for a buffer" if casting and item.buffer else "",
    )  # fmt: skip


def _same_name(path: text.Path, target: text.Path) -> bool:
    """Is the name the same, whatever it lies beneath, and whether its parts are keys or parts of one key?"""
    if path[-1:] == target[-1:]:
        return True
    before, after = ([".".join(map(str, keys[start:])) for start in range(len(keys))] for keys in (path, target))
    return not set(before).isdisjoint(after)


def _left(checkpoint: Checkpoint, one: Dropped) -> Row:
    number = checkpoint.nodes.tensor[one.node] if one.node >= 0 else -1
    name = text.path_text(one.path)
    if number < 0:
        return Row(one.node, -1, ("dropped",), name, "", "", "", "", None, None, 0, 0, one.why)
    tensors = checkpoint.tensors
    return Row(
        one.node, number, ("dropped",), name, "", text.shape(checkpoint.shape(number)),
        checkpoint.texts[tensors.dtype[number]], "", checkpoint.device(number), None, tensors.nbytes[number], 0,
        one.why,
    )  # fmt: skip
