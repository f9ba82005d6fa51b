"""Reads the pages of the table that are in sight, off the window's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.values_model import Page
from ckpt_gui.gui.values_panel.grid import Grid

if TYPE_CHECKING:
    from ckpt_gui.core.table.cells import Cells, Table
    from ckpt_gui.core.table.layout import Layout

_SLOT = "values pages"
_AT_ONCE = 24
MAX_CHARACTERS = 48
"""Of a column's width; the line beneath the table has the current value in full."""


class Pages(QObject):
    """One job at a time: scrolling on never undoes what is being read, and what is in sight then comes next.

    Signals:
        failed: nothing can be read; a sentence.
    """

    failed = Signal(str)

    def __init__(self, jobs: Jobs, grid: Grid, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs, self._grid = jobs, grid
        self._table: Table | None = None
        self._under_way = False
        self._characters = 0
        """That columns are wide enough for."""
        grid.seen.connect(self.read)

    def turn_to(self, table: Table | None) -> None:
        """Read from this tensor from now on; None: from none. What is under way is not wanted any more."""
        self._jobs.cancel(_SLOT)
        self._under_way = False
        self._table = table

    def fit(self, characters: int, label: str) -> None:
        """Make columns wide enough for so many characters, and for what is in sight."""
        self._characters = characters
        self._grid.fit(characters, label)
        self._widen()

    def read(self) -> None:
        """Read what is in sight and was not read yet."""
        table, shown = self._table, self._grid.model.layout
        if table is None or shown is None or self._under_way:
            return
        pages = self._grid.model.missing(*self._grid.sight())[:_AT_ONCE]
        if pages:
            self._under_way = True
            self._jobs.run(_SLOT, lambda report: _read(table, shown, pages, report), self._come, failed=self._fail)

    def _come(self, pages: list[Cells]) -> None:
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
        longest = max((len(model.text(row, column)) for row in rows for column in columns), default=0)
        if longest > self._characters:
            self._characters = min(longest, MAX_CHARACTERS)
            self._grid.widen(self._characters)


def _read(table: Table, shown: Layout, pages: list[Page], report: Report) -> list[Cells]:
    """On a job's thread."""
    from ckpt_gui.core.table.cells import fetch

    read = []
    for number, page in enumerate(pages):
        report.at(number, len(pages), "pages")
        read.append(fetch(table.reading, table.tensor, shown, page.rows, page.columns, raw=table.raw))
    return read
