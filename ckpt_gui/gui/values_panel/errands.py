"""What takes a while on the page of values, as jobs: looking for a place, copying, exporting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.values_panel.words import exported_words

if TYPE_CHECKING:
    from ckpt_gui.core.table.cells import Table
    from ckpt_gui.core.table.index_line import Place
    from ckpt_gui.core.table.layout import Layout
    from ckpt_gui.core.table.styles import Style
    from ckpt_gui.gui.open_files import OpenFile

SEEK, COPY, EXPORT = "values seek", "values copy", "values export"
"""Slots."""
EXTREMES = ("largest", "smallest")


class Errands(QObject):
    """Runs them.

    Signals:
        found: what was looked for was found, at this ``Found``.
        said: how it ended in words; and whether that is bad news.
    """

    found = Signal(object)
    said = Signal(str, bool)

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs

    def forget(self) -> None:
        """Another tensor is shown: what is looked for and copied of the former is not wanted any more."""
        self._jobs.cancel(SEEK)
        self._jobs.cancel(COPY)

    def _run(self, slot: str, work: Any, done: Any, label: str) -> None:
        self._jobs.run(slot, work, done, failed=lambda sentence, _details: self.said.emit(sentence, True), label=label)

    def seek(self, table: Table, shown: Layout, what: str, after: Place | None) -> None:
        """Look for the next ``NaN`` or ``Inf``, or the ``largest`` or ``smallest`` value."""

        def work(report: Report) -> object:
            from ckpt_gui.core.table.seek import find_extreme, find_next

            reading, tensor, raw = table.reading, table.tensor, table.raw
            if what in EXTREMES:
                return find_extreme(reading, tensor, shown, what == "largest", raw=raw, report=report)
            return find_next(reading, tensor, shown, what, after, raw=raw, report=report)

        def done(found: Any) -> None:
            if found is None:
                none = "no finite value" if what in EXTREMES else f"no {what}"
                self.said.emit(f"There is {none} in what is shown.", False)
                return
            self.found.emit(found)
            if found.wrapped:
                self.said.emit(f"No {what} behind this; back at the first.", False)

        self._run(SEEK, work, done, f"Looking for the {what if what in EXTREMES else f'next {what}'}")

    def copy(self, table: Table, shown: Layout, cells: tuple[range, range], style: Style) -> None:
        """Put cells on the clipboard."""
        rows, columns = cells

        def work(report: Report) -> str:
            from ckpt_gui.core.table.tsv import tsv

            return tsv(table.reading, table.tensor, shown, rows, columns, style, raw=table.raw, report=report)

        def done(words: str) -> None:
            QGuiApplication.clipboard().setText(words)
            count = len(rows) * len(columns)
            what = words if count == 1 else f"{text.plural(len(rows), 'row')} of {text.plural(len(columns), 'column')}"
            self.said.emit(f"Copied {what}", False)

        self._run(COPY, work, done, "Copying values")

    def export(self, table: Table, shown: Layout | None, name: str, path: str, *, overwrite: bool) -> None:
        """Write a tensor to a file; with a layout only what its index picks."""

        def work(report: Report) -> object:
            from ckpt_gui.core.export.parts import Part
            from ckpt_gui.core.export.write import export

            part = Part(table.tensor, name, raw=table.raw)
            if shown is not None:
                part = Part(table.tensor, name, shown.index, shown.column_axis, table.raw)
            return export(table.reading, [part], path, overwrite=overwrite, report=report)

        self._run(EXPORT, work, self._exported, "Exporting")

    def export_picked(self, file: OpenFile, nodes: list[int], path: str, *, raw: bool, overwrite: bool) -> None:
        """Write the tensors of these rows, and beneath them, to a file."""
        assert file.opened is not None
        checkpoint = file.opened.checkpoint

        def work(report: Report) -> object:
            from ckpt_gui.core.export.parts import parts_of
            from ckpt_gui.core.export.write import export

            parts = parts_of(checkpoint, nodes, raw=raw)
            return export(file.reading(), parts, path, overwrite=overwrite, report=report)

        self._run(EXPORT, work, self._exported, "Exporting")

    def _exported(self, made: Any) -> None:
        self.said.emit(exported_words(made), False)
