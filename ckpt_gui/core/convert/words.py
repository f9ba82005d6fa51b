"""A plan in words: the equivalent command line and Python, and what will be, as rows for people."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass

from ckpt_gui.core import dtypes, text
from ckpt_gui.core.convert.nouns import Dropped, Item, Options, Plan
from ckpt_gui.core.convert.script import python
from ckpt_gui.core.text import path_text, plural, size
from ckpt_gui.core.wire import Opened

__all__ = ["MARKS", "Preview", "Row", "arguments", "command_line", "headline", "preview", "python"]

MARKS = ("kept", "renamed", "cast", "retagged", "dropped", "alias")
"""What may become of a row; one may be several of them."""


def command_line(plan: Plan, target: str) -> str:
    """``ckpt-gui convert …`` as a shell takes it: parsed, it gives the same plan."""
    words = ["ckpt-gui", "convert", plan.source, "-o", target, *arguments(plan.options)]
    return " ".join(map(shlex.quote, words))


def arguments(options: Options) -> list[str]:
    """The options as arguments, not quoted; those that are as they are by default stay out."""
    words: list[str] = []
    for name, flag in _FLAGS.items():
        if getattr(options, name):
            words.append(flag)
    if options.use_ema is not None:
        words.append("--use-ema" if options.use_ema else "--raw")
    if options.ties != "keep":
        words.append(f"--{options.ties}")
    for name, flag in _LISTS.items():
        words += [f"{flag}={value}" for value in getattr(options, name)]
    words += [f"--device={rule.text}" for rule in options.devices]
    if options.select is not None:
        words.append(f"--select={path_text(options.select)}")
    for name, flag in _TEXTS.items():
        if getattr(options, name):
            words.append(f"{flag}={getattr(options, name)}")
    if options.shared != "alias":
        words.append(f"--shared={options.shared}")
    words += [f"--metadata={key}" if value is None else f"--metadata={key}={value}" for key, value in options.metadata]
    return words


_FLAGS = {
    "state_dict": "--state-dict", "strip_optimizer": "--strip-optimizer", "cast_buffers": "--cast-buffers",
    "cast_integers": "--cast-integers", "compact": "--compact", "skip_damaged": "--skip-damaged",
}  # fmt: skip
_LISTS = {"spare": "--spare", "keep": "--keep", "drop": "--drop", "rename": "--rename"}
_TEXTS = {
    "only": "--only", "dtype": "--dtype", "cast": "--cast", "to": "--to", "max_shard": "--max-shard-size",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one tensor, or of one value that is left out."""

    node: int
    """In the source."""
    marks: tuple[str, ...]
    """Of MARKS, at least one."""
    before: str
    """Path text in the source."""
    after: str
    """Path text in the result; of an alias the name that is kept; "" for what is left out."""
    shape: str
    dtype: str
    """``float32``, or ``float32 → bfloat16``; "" for a value."""
    device: str
    """``cpu``, or ``cuda:0 → cpu``; "" where there is none."""
    nbytes: int
    """Logical bytes in the source; 0 for a value."""
    nbytes_after: int
    why: str
    """Why it is left out; that it is taken for a buffer."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan as a table."""

    headline: str
    """``148 of 444 tensors kept · 10.4 GiB → 3.46 GiB``."""
    counts: tuple[tuple[str, int], ...]
    """Mark → rows, in the order of MARKS; marks that no row has stay out."""
    reasons: tuple[tuple[str, int, int], ...]
    """Of what is left out: the reason, how many tensors and how many values; most first."""
    rows: tuple[Row, ...]
    """In the file's order."""


def preview(plan: Plan, opened: Opened) -> Preview:
    """What will be, row by row, and summed up for files with many."""
    told = _Told(plan, opened)
    order = opened.checkpoint.nodes.order
    rows = [*map(told.kept, plan.items), *map(told.left, plan.dropped), *told.aliases()]
    rows.sort(key=lambda row: order[row.node])
    counts = Counter(mark for row in rows for mark in row.marks)
    return Preview(
        headline(plan, opened), tuple((mark, counts[mark]) for mark in MARKS if counts[mark]),
        _reasons(plan, opened), tuple(rows),
    )  # fmt: skip


def headline(plan: Plan, opened: Opened) -> str:
    """How many tensors stay, and the size before and after."""
    rows, kept = opened.checkpoint.rows, len(plan.items) + len(plan.aliases)
    told = f"{kept:,} of {plural(rows, 'tensor')} kept" if kept < rows else f"All {plural(rows, 'tensor')} kept"
    told = told if rows != 1 else "Its one tensor kept" if kept else "Its one tensor left out"
    return f"{told if rows else 'No tensors'} · {size(plan.nbytes_before)} → {size(plan.nbytes_after)}"


def _reasons(plan: Plan, opened: Opened) -> tuple[tuple[str, int, int], ...]:
    tensor = opened.checkpoint.nodes.tensor
    tensors = Counter(one.why for one in plan.dropped if tensor[one.node] >= 0)
    values = Counter(one.why for one in plan.dropped if tensor[one.node] < 0)
    found = [(why, tensors[why], values[why]) for why in dict.fromkeys([*tensors, *values])]
    return tuple(sorted(found, key=lambda one: (-one[1], -one[2])))


class _Told:
    def __init__(self, plan: Plan, opened: Opened) -> None:
        self.plan = plan
        self.checkpoint = opened.checkpoint
        self.base = _base(plan)

    def kept(self, item: Item) -> Row:
        """The row of a tensor that stays."""
        checkpoint, row = self.checkpoint, item.tensor
        tensors, device = checkpoint.tensors, checkpoint.device(item.tensor)
        cast, moved = item.dtype != item.source_dtype, None not in (device, item.device) and item.device != device
        marks = [
            mark for mark, holds in (("renamed", self._renamed(item)), ("cast", cast), ("retagged", moved)) if holds
        ]
        nbytes = dtypes.nbytes(item.dtype, tensors.numel[row]) if cast else tensors.nbytes[row]
        return Row(
            tensors.node[row], tuple(marks) or ("kept",), path_text(item.path), path_text(item.target),
            text.shape(item.shape), f"{item.source_dtype} → {item.dtype}" if cast else item.dtype,
            f"{device} → {item.device}" if moved else item.device or "", tensors.nbytes[row], nbytes,
            "taken for a buffer" if item.buffer else "",
        )  # fmt: skip

    def _renamed(self, item: Item) -> bool:
        """Whether the name is another one, not just out of its wrapper or joined with dots."""
        if item.target == item.path[self.base :]:
            return False
        own = ".".join(map(str, item.path))
        name = ".".join(map(str, item.target))
        return not (own == name or own.endswith(f".{name}"))

    def left(self, one: Dropped) -> Row:
        """The row of what is left out."""
        row, name = self.checkpoint.nodes.tensor[one.node], path_text(one.path)
        if row < 0:
            return Row(one.node, ("dropped",), name, "", "", "", "", 0, 0, one.why)
        checkpoint, tensors = self.checkpoint, self.checkpoint.tensors
        dtype, device = checkpoint.texts[tensors.dtype[row]], checkpoint.device(row) or ""
        shape = text.shape(checkpoint.shape(row))
        return Row(one.node, ("dropped",), name, "", shape, dtype, device, tensors.nbytes[row], 0, one.why)

    def aliases(self) -> list[Row]:
        """Rows of tensors that are recorded as other names of ones that are written."""
        checkpoint, tensors = self.checkpoint, self.checkpoint.tensors
        return [
            Row(
                tensors.node[row], ("alias",), path_text(checkpoint.path_of(tensors.node[row])), kept,
                text.shape(checkpoint.shape(row)), checkpoint.texts[tensors.dtype[row]], "", tensors.nbytes[row], 0,
                f"the same memory as {text.escape(kept)[:200]}",
            )
            for row, (_, kept) in zip(self.plan.aliased, self.plan.aliases, strict=True)
        ]  # fmt: skip


def _base(plan: Plan) -> int:
    """Keys that all paths of a nested result lost at their beginning."""
    return next((len(edit.other) for edit in plan.edits if edit.what == "replace" and not edit.path), 0)
