"""Long work on the window's own thread, a few milliseconds between two events.

A busy Python thread would hold the interpreter for 5 ms at each of the thousands of calls a repaint makes; slices keep
the window quick, and newer work simply replaces what is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

T = TypeVar("T")
AT_ONCE = 0.030
"""Seconds spent at once: what is done by then never shows as unfinished."""
SLICE = 0.012
"""Seconds between two looks at the event queue, plus one step of the work."""


class Slices(QObject, Generic[T]):
    """Runs one piece of work at a time; the latest wins."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Generator[None, None, T] | None = None
        self._done: Callable[[T], None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def busy(self) -> bool:
        """Is anything under way?"""
        return self._work is not None

    def start(self, work: Generator[None, None, T], done: Callable[[T], None]) -> None:
        """Begin; ``done`` is called with the result, at once if it comes quickly."""
        self._work, self._done = work, done
        self._spend(AT_ONCE)
        if self._work is not None:
            self._timer.start()

    def stop(self) -> None:
        """Forget what is under way."""
        self._timer.stop()
        self._work = self._done = None

    def _go_on(self) -> None:
        self._spend(SLICE)

    def _spend(self, seconds: float) -> None:
        from ckpt_gui.core.search import run  # after the first paint, not before it

        work, done = self._work, self._done
        if work is None or done is None:
            return
        finished, result = run(work, seconds)
        if finished:
            self.stop()
            done(result)  # type: ignore[arg-type]
