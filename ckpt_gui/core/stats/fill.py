"""Fills in the statistics of a checkpoint: from the cache what was seen before, the rest from the bytes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.brief import brief
from ckpt_gui.core.stats.cache import Shelf
from ckpt_gui.core.stats.known import Known
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.summarize import scan
from ckpt_gui.core.tensors import Reading

KEPT_AT_ONCE = 2_000
"""Tensors after which what was found goes into the cache."""
WORTH_SHARING = 128 << 10
"""Bytes of a tensor, on the average, from which several threads are quicker than one."""
Next = Callable[[], Sequence[int]]
"""Which tensors to look at next, by id; none once all is done."""


def recalled(known: Known, shelf: Shelf) -> int:
    """Take what the cache has; how many tensors that were."""
    found = shelf.load()
    try:
        known.recall(found)
    except ValueError:
        shelf.throw_away()
        return 0
    return len(found)


def fill(
    reading: Reading,
    known: Known,
    shelf: Shelf,
    wanted: Next,
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Generator[int, None, None]:
    """Look at what is ``wanted``, until that is nothing; yields after each tensor how many were looked at.

    What has no values, or cannot be read, is noted with its reason. Raises Cancelled; what was found is kept too.
    """
    looked_at = 0
    found: list[tuple[int, bytes]] = []
    try:
        while tensors := wanted():
            readable = []
            for tensor in tensors:
                if why := reading.why_not(tensor):
                    known.take(tensor, why)
                else:
                    readable.append(tensor)
            # Small tensors are all Python: threads would only take turns, and the window's with them.
            shared = executor if nbytes_of(reading.checkpoint, readable) > len(readable) * WORTH_SHARING else None
            for tensor, summary in scan(reading, readable, report=report, executor=shared, workers=workers):
                if (packed := took(known, tensor, summary)) is not None:
                    found.append((tensor, packed))
                looked_at += 1
                yield looked_at
                if len(found) >= KEPT_AT_ONCE:
                    shelf.keep(found)
                    found = []
    finally:
        shelf.keep(found)


def took(known: Known, tensor: int, summary: Summary | Exception) -> bytes | None:
    """Note one tensor's statistics, or why it has none."""
    return known.take(tensor, brief(summary) if isinstance(summary, Summary) else str(summary))


def nbytes_of(checkpoint: Checkpoint, tensors: Sequence[int]) -> int:
    """Bytes of values to be looked at, as far as they are stored."""
    columns = checkpoint.tensors
    return sum(stored_nbytes(checkpoint, tensor) for tensor in tensors if columns.problem[tensor] < 0)


def stored_nbytes(checkpoint: Checkpoint, tensor: int) -> int:
    """Bytes that looking at a tensor reads: its own, at most those of its storage."""
    storage = checkpoint.tensors.storage[tensor]
    own = checkpoint.tensors.nbytes[tensor]
    return min(own, checkpoint.storages.nbytes[storage]) if storage >= 0 else own
