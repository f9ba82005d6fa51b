"""What is known of the values of a run: statistics by stop, from the cache or computed, and what pairs came to."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from threading import Lock

from ckpt_gui.core.diff.nouns import Measures
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.stats.brief import Brief
from ckpt_gui.core.stats.cache import Shelf
from ckpt_gui.core.stats.fill import fill, nbytes_of, recalled
from ckpt_gui.core.stats.known import Known
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.trend.nouns import Run

PairOf = tuple[int, int, int, int]
"""Stop and tensor on the left, stop and tensor on the right."""


class Ledger:
    """One for a run; grows with every question. Any thread may ask."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._known: dict[int, tuple[Known, Shelf]] = {}
        self._measures: dict[PairOf, Measures | str] = {}
        self._lock = Lock()

    def known(self, place: int) -> Known:
        """What is known of a stop's tensors; what the cache on disk has is taken over first."""
        return self._kept(place)[0]

    def brief(self, place: int, tensor: int) -> Brief | None:
        """The statistics of one tensor at a stop; None if it was not looked at, or has none."""
        return self.known(place).brief(tensor)

    def missing(self, place: int, tensors: Sequence[int]) -> list[int]:
        """Those that were not looked at yet."""
        return self.known(place).missing(tensors)

    def look_at(
        self,
        place: int,
        tensors: Sequence[int],
        *,
        report: Report = SILENT,
        executor: Executor | None = None,
        workers: int = 1,
    ) -> None:
        """Read what is not known yet of these tensors of one stop. Raises what ``report`` raises."""
        missing = self.missing(place, tensors)
        if not missing:
            return
        known, shelf = self._kept(place)
        waiting = [missing]
        with Reading(self.run.stops[place].checkpoint) as reading:
            steps = fill(reading, known, shelf, lambda: waiting.pop() if waiting else (), report=report,
                         executor=executor, workers=workers)  # fmt: skip
            for _looked_at in steps:
                pass

    def nbytes(self, place: int, tensors: Sequence[int]) -> int:
        """Bytes that ``look_at`` would read."""
        return nbytes_of(self.run.stops[place].checkpoint, self.missing(place, tensors))

    def measures(self, pair: PairOf) -> Measures | str | None:
        """What comparing a pair came to: measures, the reason why there are none, or None if nobody compared it."""
        return self._measures.get(pair)

    def note(self, pair: PairOf, found: Measures | str) -> None:
        """A pair was compared."""
        self._measures[pair] = found

    def _kept(self, place: int) -> tuple[Known, Shelf]:
        with self._lock:
            kept = self._known.get(place)
            if kept is None:
                checkpoint = self.run.stops[place].checkpoint
                kept = self._known[place] = (Known(checkpoint.rows), Shelf(checkpoint))
                recalled(*kept)
        return kept


class Part(Report):
    """Progress of one piece of work of several; all count in bytes."""

    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total, self._before = report, total, 0

    def at(self, done: int, total: int, unit: str) -> None:
        """Bytes of the piece at hand."""
        self._report.at(min(self._before + done, self._total), self._total, "bytes")

    def next(self, nbytes: int) -> None:
        """A piece of so many bytes is done."""
        self._before += nbytes
        self._report.at(min(self._before, self._total), self._total, "bytes")
