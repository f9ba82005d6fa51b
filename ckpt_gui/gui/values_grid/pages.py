"""Reads the pages of the table that are in sight, off the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.values_grid.grid import Grid
from ckpt_gui.gui.values_model import Page, Read

if TYPE_CHECKING:
    from ckpt_gui.core.table.layout import Layout

Fetch = Callable[["Layout", range, range], Read]
"""Reads some rows and columns of a layout; on a job's thread."""
_AT_ONCE = 24
MAX_CHARACTERS = 48
"""Of a column's width; the line beneath the table has the current value in full."""


class Pages(QObject):
    """One job at a time: scrolling on never undoes what is being read, and what is in sight then comes next.

    Signals:
        failed: nothing can be read; a sentence.
    """

    failed = Signal(str)

    def __init__(self, jobs: Jobs, grid: Grid, parent: QObject, slot: str = "values pages") -> None:
        super().__init__(parent)
        self._jobs, self._grid, self._slot = jobs, grid, slot
        self._fetch: Fetch | None = None
        self._under_way = False
        self._characters = 0
        """That columns are wide enough for."""
        grid.seen.connect(self.read)

    def turn_to(self, fetch: Fetch | None) -> None:
        """Read in this way from now on; None: not at all. What is under way is not wanted any more."""
        self._jobs.cancel(self._slot)
        self._under_way = False
        self._fetch = fetch

    def fit(self, characters: int, label: str) -> None:
        """Make columns wide enough for so many characters, and for what is in sight."""
        self._characters = characters
        self._grid.fit(characters, label)
        self._widen()

    def read(self) -> None:
        """Read what is in sight and was not read yet."""
        fetch, shown = self._fetch, self._grid.model.layout
        if fetch is None or shown is None or self._under_way:
            return
        pages = self._grid.model.missing(*self._grid.sight())[:_AT_ONCE]
        if pages:
            self._under_way = True
            self._jobs.run(self._slot, lambda report: _read(fetch, shown, pages, report), self._come, failed=self._fail)

    def _come(self, pages: list[Read]) -> None:
        self._under_way = False
        self._grid.model.put(pages)
        self._widen()
        self.read()

    def _fail(self, sentence: str, _details: str) -> None:
        self.turn_to(None)
        self.failed.emit(sentence)

    def _widen(self) -> None:
        """Columns grow with what is in sight, never shrink: numbers cut short would be other numbers."""
        model = self._grid.model
        rows, columns = self._grid.sight()
        lines = (line for row in rows for column in columns for line in model.text(row, column).split("\n"))
        longest = max(map(len, lines), default=0)
        if longest > self._characters:
            self._characters = min(longest, MAX_CHARACTERS)
            self._grid.widen(self._characters)


def _read(fetch: Fetch, shown: Layout, pages: list[Page], report: Report) -> list[Read]:
    """On a job's thread."""
    read = []
    for number, page in enumerate(pages):
        report.at(number, len(pages), "pages")
        read.append(fetch(shown, page.rows, page.columns))
    return read
