"""Which tensors are looked at, and what each says: every window of every storage once, however many rows show it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.health.nouns import Entry, Kind
from ckpt_gui.core.health.rows import dead_rows, may_have_dead_rows
from ckpt_gui.core.health.users import Users
from ckpt_gui.core.health.values import TRAINED, judged
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.summarize import scan
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.text import escape, plural
from ckpt_gui.core.wire import Opened

VIEWS = 4
"""All windows of one storage together may take this many times its bytes: a small file can show a large storage in
a million slightly different ways. Further ones are left out; their bytes have been looked at."""
SMALL = 1 << 20
"""A storage's windows may always take this many bytes."""


@dataclass(slots=True)
class Targets:
    """What there is to look at."""

    tensors: list[int] = field(default_factory=list)
    """One tensor for each window, in the file's order."""
    rows: dict[int, list[int]] = field(default_factory=dict)
    """Tensor → all rows that show the same window, itself the first."""
    nbytes: int = 0
    """Bytes of all windows, roughly."""
    without: dict[str, int] = field(default_factory=dict)
    """Why tensors have no values → how many."""
    left_out: int = 0
    """Windows of bytes that others show."""


def targets(checkpoint: Checkpoint) -> Targets:
    """Every tensor row that has elements and is all right as far as the index tells."""
    columns, found = checkpoint.tensors, Targets()
    known: dict[object, int] = {}
    spent: dict[int, int] = {}
    for row in range(checkpoint.rows):
        if columns.problem[row] >= 0 or not columns.numel[row]:
            continue
        mark = _window(checkpoint, row)
        first = known.setdefault(mark, row) if mark is not None else row
        if first != row:
            if first in found.rows:
                found.rows[first].append(row)
            continue
        storage = columns.storage[row]
        held = checkpoint.storages.nbytes[storage] if storage >= 0 else columns.nbytes[row]
        size = min(columns.nbytes[row], held)
        spent[storage] = spent.get(storage, 0) + size
        if storage >= 0 and spent[storage] > VIEWS * held + SMALL:
            found.left_out += 1
            continue
        found.tensors.append(row)
        found.rows[row] = [row]
        found.nbytes += size
    return found


def _window(checkpoint: Checkpoint, row: int) -> object:
    """Equal for rows that show the same values; None where that is not plain to see."""
    columns = checkpoint.tensors
    if row in checkpoint.extras or columns.storage[row] < 0:
        return None
    at, rank = columns.sizes_at[row], columns.rank[row]
    sizes = columns.sizes[at : at + 2 * rank].tobytes()
    seen_as = columns.flags[row] & (Flag.CONJ | Flag.NEG)
    return columns.storage[row], columns.offset[row], columns.dtype[row], sizes, seen_as


def scanned(
    opened: Opened,
    reading: Reading,
    wanted: Targets,
    users: Users,
    *,
    report: Report,
    executor: Executor | None,
    workers: int,
) -> Iterator[Entry]:
    """Problems and findings of these tensors; those without values are taken out of ``wanted`` and counted there.

    Raises what ``report`` raises to stop it.
    """
    for tensor, summary in scan(reading, wanted.tensors, report=report, executor=executor, workers=workers):
        rows = wanted.rows[tensor]
        if isinstance(summary, NoValues):
            wanted.without[str(summary)] = wanted.without.get(str(summary), 0) + len(wanted.rows.pop(tensor))
            continue
        if isinstance(summary, ReadError):
            yield users.entry(Kind.UNREADABLE, escape(str(summary)), rows)
            continue
        yield from _told(opened, reading, tensor, summary, rows, users, report)


def _told(
    opened: Opened,
    reading: Reading,
    tensor: int,
    summary: Summary,
    rows: list[int],
    users: Users,
    report: Report,
) -> Iterator[Entry]:
    checkpoint = opened.checkpoint
    dtype, shape = checkpoint.texts[checkpoint.tensors.dtype[tensor]], checkpoint.shape(tensor)
    # The most telling of what the rows are: shared by weights and optimizer, it is judged as weights.
    role = min(opened.anatomy.role(checkpoint.tensors.node[row]) for row in rows)
    silent = False
    for kind, words, index in judged(summary, dtype, len(shape), role):
        silent = silent or kind is Kind.ZERO
        yield users.entry(kind, words, rows, index)
    whole = summary.of in ("", "magnitudes")
    if role not in TRAINED or silent or not whole or dtypes.named(dtype).kind not in ("float", "complex"):
        return
    info = checkpoint.tensor(tensor)
    if not may_have_dead_rows(shape, info.stride, summary.zeros):
        return
    try:
        dead, first = dead_rows(reading, tensor, shape[0], report)
    except ReadError as exc:
        yield users.entry(Kind.UNREADABLE, escape(str(exc)), rows)
        return
    if dead:
        words = f"{dead:,} of {plural(shape[0], 'row')} {'is' if dead == 1 else 'are'} all zero, the first: {first}"
        yield users.entry(Kind.DEAD_ROWS, words, rows, (first,))


def what_was_left(wanted: Targets) -> Iterator[str]:
    """Sentences on tensors that were not looked at."""
    for why, number in wanted.without.items():
        yield f"{plural(number, 'tensor')} without values: {escape(why)}"
    if wanted.left_out:
        yield f"{plural(wanted.left_out, 'view')} of bytes that others show too, not looked at one by one"
