"""How far a long verb has come: one line on standard error that goes away in the end."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ckpt_gui.core.progress import Report


class ProgressBar(Report):
    """Bytes done of all, speed and time left, ten times a second; for a terminal only."""

    def __init__(self, what: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as Speed

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(True), Speed(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(what, total=None)

    def at(self, done: int, total: int, unit: str) -> None:
        """Move the bar; units other than bytes are not shown."""
        if unit == "bytes":
            self._progress.update(self._task, completed=done, total=total or None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
