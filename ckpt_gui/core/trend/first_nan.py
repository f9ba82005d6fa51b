"""The first step of a run with NaN, by bisection: log2 of the files are looked at, not all.

NaN is taken to stay once it is there (an optimizer spreads it and never loses it). The two neighbours of the answer
are always looked at themselves, so that the answer's own step has NaN and the one before it has none, whatever holds
of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.fill import stored_nbytes
from ckpt_gui.core.stats.nouns import Index
from ckpt_gui.core.trend.ledger import Ledger
from ckpt_gui.core.trend.nouns import Run, Track

BATCH = 64 << 20
"""Bytes that are read at once before looking whether there was a NaN among them."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A tensor with NaN."""

    track: Track
    count: int
    where: Index | None
    """Index of the first."""


@dataclass(frozen=True, slots=True)
class FirstNan:
    """The answer."""

    place: int | None
    """The first stop with NaN; None: there is none at the last stop, and so none before it."""
    before: int | None
    """The stop before it, which was looked at and has none; None: there is no stop before it."""
    found: tuple[Bad, ...]
    """What has NaN at ``place``, in the order of the file."""
    looked_at: tuple[int, ...]
    """Stops that were read, or known; ascending."""
    skipped: tuple[tuple[int, str], ...]
    """Stops that could not be read, and why."""
    candidates: int
    """How many stops there were to choose from."""


def first_nan(
    run: Run,
    tracks: Sequence[Track],
    *,
    ledger: Ledger | None = None,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> FirstNan:
    """The first stop at which any of these tensors has a NaN. Raises what ``report`` raises."""
    return _Search(run, tracks, ledger or Ledger(run), report, executor, workers).answer()


class _Search:
    def __init__(
        self,
        run: Run,
        tracks: Sequence[Track],
        ledger: Ledger,
        report: Report,
        executor: Executor | None,
        workers: int,
    ) -> None:
        self._run, self._tracks, self._ledger, self._report = run, tracks, ledger, report
        self._executor, self._workers = executor, workers
        self._stops = [at for at in run.readable if any(track.tensors[at] >= 0 for track in tracks)]
        self._candidates = len(self._stops)
        self._has: dict[int, bool] = {}
        self._skipped: dict[int, str] = {}

    def answer(self) -> FirstNan:
        last = self._readable(len(self._stops) - 1)
        if last is None or not self._has[self._stops[last]]:
            return self._told(None, None)
        clean, bad = -1, last  # places in self._stops: the one has none (or is before the first), the other has NaN
        while bad - clean > 1:
            middle = (clean + bad) // 2
            if not self._look(self._stops[middle]):
                bad -= 1  # it is taken out, and what follows moves up
            elif self._has[self._stops[middle]]:
                bad = middle
            else:
                clean = middle
        return self._told(self._stops[bad], self._stops[clean] if clean >= 0 else None)

    def _readable(self, at: int) -> int | None:
        """The last place at or before ``at`` that can be read."""
        while at >= 0 and not self._look(self._stops[at]):
            at -= 1
        return at if at >= 0 else None

    def _look(self, place: int) -> bool:
        """See whether the stop has NaN; one of which nothing can be read is taken out. Returns whether it stays."""
        self._report.at(len(self._has), max(self._candidates.bit_length() + 1, 1), "files")
        held = [track.tensors[place] for track in self._tracks if track.tensors[place] >= 0]
        checkpoint = self._run.stops[place].checkpoint
        ordered = sorted(dict.fromkeys(held), key=lambda tensor: stored_nbytes(checkpoint, tensor))
        found = any(self._nan(place, tensor) for tensor in ordered)  # what is known costs nothing
        waiting = [] if found else self._ledger.missing(place, ordered)
        while waiting and not found:
            batch, waiting = self._batch(place, waiting)
            self._read(place, batch)
            found = any(self._nan(place, tensor) for tensor in batch)
        if not found and all(self._ledger.brief(place, tensor) is None for tensor in ordered):
            self._skipped[place] = self._ledger.known(place).why_not(ordered[0])
            self._stops.remove(place)
            return False
        self._has[place] = found
        return True

    def _batch(self, place: int, waiting: list[int]) -> tuple[list[int], list[int]]:
        taken, held, checkpoint = 0, 0, self._run.stops[place].checkpoint
        while taken < len(waiting) and (not taken or held < BATCH):
            held += stored_nbytes(checkpoint, waiting[taken])
            taken += 1
        return waiting[:taken], waiting[taken:]

    def _read(self, place: int, tensors: Sequence[int]) -> None:
        self._ledger.look_at(
            place, tensors, report=_Quiet(self._report), executor=self._executor, workers=self._workers
        )

    def _nan(self, place: int, tensor: int) -> bool:
        brief = self._ledger.brief(place, tensor)
        return brief is not None and brief.nan > 0

    def _told(self, place: int | None, before: int | None) -> FirstNan:
        found: list[Bad] = []
        if place is not None:
            self._read(place, [track.tensors[place] for track in self._tracks if track.tensors[place] >= 0])
            for track in self._tracks:
                brief = self._ledger.brief(place, track.tensors[place]) if track.tensors[place] >= 0 else None
                if brief is not None and brief.nan:
                    found.append(Bad(track, brief.nan, brief.where_nan))
        return FirstNan(
            place, before, tuple(found), tuple(sorted(self._has)), tuple(sorted(self._skipped.items())),
            self._candidates,
        )  # fmt: skip


class _Quiet(Report):
    """Bytes of one file are no measure of how far a search has come; but it can be stopped."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def at(self, done: int, total: int, unit: str) -> None:
        self._report.at(0, 0, "files")
