"""Brings the statistics that are computed in the background to the trees that show them, and their wishes back."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ckpt_gui.core import text
from ckpt_gui.gui.file_page import FilePage
from ckpt_gui.gui.open_files import OpenFile, OpenFiles
from ckpt_gui.gui.scanning import Scanning


class FileStatistics(QObject):
    """Between ``Scanning`` and the pages of the open files."""

    def __init__(self, files: OpenFiles, scanning: Scanning) -> None:
        super().__init__(files)
        self._scanning = scanning
        self._pages: dict[OpenFile, FilePage] = {}
        self._told: set[OpenFile] = set()
        scanning.changed.connect(self._show)
        files.removed.connect(self._forget)
        files.opened.connect(self._read_again)

    def add(self, file: OpenFile, page: FilePage) -> None:
        """A file's page."""
        self._pages[file] = page
        page.statistics_wanted.connect(lambda tensors: self._want(file, tensors))
        page.compute_wanted.connect(lambda: self._compute(file))

    def _want(self, file: OpenFile, on_screen: list[int]) -> None:
        if file.opened is None:
            return
        rows = range(file.opened.checkpoint.rows)
        if (nbytes := self._scanning.would_ask(file, rows)) and file not in self._told:
            self._told.add(file)
            self._pages[file].message.emit(
                f"{text.size(nbytes)} of values are not read unasked: “Compute statistics of all tensors” does it"
            )
        self._scanning.want(file, on_screen, on_screen=True)
        self._scanning.want_all(file)
        self._show(file)

    def _compute(self, file: OpenFile) -> None:
        if file.opened is None:
            return
        if self._scanning.snapshot(file).complete(range(file.opened.checkpoint.rows)):
            self._pages[file].message.emit(
                "The statistics of all tensors are there; the header's menu shows the columns"
            )
        else:
            self._scanning.compute_all(file)

    def _show(self, file: OpenFile) -> None:
        page = self._pages.get(file)
        if page is not None and page.tree is not None and file.opened is not None:
            page.tree.show_statistics(self._scanning.snapshot(file), done=not self._scanning.running(file))

    def _read_again(self, file: OpenFile) -> None:
        self._scanning.forget(file)
        self._told.discard(file)

    def _forget(self, file: OpenFile) -> None:
        self._pages.pop(file, None)
        self._told.discard(file)
        self._scanning.forget(file)
