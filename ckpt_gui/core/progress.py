"""How far work has come: told to whoever asked for it, who may also stop it."""

from __future__ import annotations

import time

from ckpt_gui.core.errors import TooLarge


class Report:
    """Receives progress. This one ignores it; shells override ``at``.

    Raising ``Cancelled`` (or any ``OpenError``) from a method ends the work.
    """

    def at(self, done: int, total: int, unit: str) -> None:
        """``done`` of ``total`` (0 where unknown) in ``unit``, such as "bytes" or "records"."""

    def allow(self, stored_nbytes: int) -> None:
        """``stored_nbytes`` of index are about to be read: a time limit may grow with them."""

    def hurry(self) -> bool:
        """Whether work that could be left out should be: time is running short."""
        return False


SILENT = Report()


class Deadline(Report):
    """Stops work that takes longer than a hostile file deserves.

    The allowance is ``seconds`` and one more second for every ``rate`` bytes of index stored, so
    that an honest large file gets the time its size needs and a small file cannot take long.
    """

    def __init__(self, seconds: float = 10.0, rate: int = 1_000_000) -> None:
        self._start = time.monotonic()
        self._seconds = seconds
        self._rate = rate

    def at(self, done: int, total: int, unit: str) -> None:
        """Raises ``TooLarge`` once the time allowed is spent."""
        spent = time.monotonic() - self._start
        if spent > self._seconds:
            far = f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
            raise TooLarge(f"stopped after {spent:.0f} s at {far}; --patient goes on without a time limit")

    def allow(self, stored_nbytes: int) -> None:
        """More time, by the bytes of index stored."""
        self._seconds += stored_nbytes / self._rate

    def hurry(self) -> bool:
        """True once a tenth of the time is gone: what follows on the rows made by then needs the rest."""
        return time.monotonic() - self._start > 0.1 * self._seconds
