"""How far work has come, on the terminal; nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from ckpt_gui.core.progress import Report

_FIRST_AFTER = 0.5
"""Seconds: what is done by then needs no bar."""


class Shown(Report):
    """A bar with speed on standard error, if that is a terminal; gone when the work is done."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._begun = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def at(self, done: int, total: int, unit: str) -> None:
        """Move the bar."""
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._begun < _FIRST_AFTER:
                return
            self._start(total, unit)
        self._bar.update(self._task, completed=done, total=total or None)

    def _start(self, total: int, unit: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        counts = (
            (DownloadColumn(), TransferSpeedColumn()) if unit == "bytes" else (TextColumn("{task.completed:,.0f}"),)
        )
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), *counts, TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._bar.start()
        self._task = self._bar.add_task(self._label, total=total or None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
