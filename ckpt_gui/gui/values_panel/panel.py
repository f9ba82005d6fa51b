"""The page of values: it asks the core for pages of a tensor and for places in it, and shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from ckpt_gui.core.progress import Report
from ckpt_gui.core.table.index_line import BadIndex, Place, parse_place
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.table.styles import Style
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.spoken import Elided, spoken
from ckpt_gui.gui.values_model import Page, ValuesModel
from ckpt_gui.gui.values_panel import commands, exporting
from ckpt_gui.gui.values_panel.errands import Errands
from ckpt_gui.gui.values_panel.grid import Grid
from ckpt_gui.gui.values_panel.tools import GoLine, IndexLine, StyleLine, button
from ckpt_gui.gui.values_panel.words import cell_words, no_entries, not_one

if TYPE_CHECKING:
    from ckpt_gui.core.table.cells import Cells, Table
    from ckpt_gui.gui.open_files import OpenFile

READ = "values"
"""The slot of the jobs that read pages."""
PAGES_AT_ONCE = 24
_ON_TABLE = ("copy", "copy value", "go to", "index", "largest", "smallest", "next NaN", "next Inf", "export",
             "export shown")  # fmt: skip


class ValuesPanel(QWidget):
    """Shows the values of the one tensor that is picked.

    Signals:
        node_wanted: never; pages on the right have it.
        message: a word for the status bar.
    """

    node_wanted = Signal(int)
    message = Signal(str)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Values of a tensor")
        self._jobs = jobs
        self._errands = Errands(jobs, self)
        self._file: OpenFile | None = None
        self._nodes: list[int] = []
        self._shown: tuple[object, int] | None = None
        self._table: Table | None = None
        self._reading = False
        """Whether a job reads pages now; the next one begins when it has ended."""
        self.model = ValuesModel(self)
        self.grid = Grid(self.model, self)
        self.index_line, self.style_line = IndexLine(self), StyleLine(self)
        self.commands = commands.make(self, self._handlers())
        picks = ("largest", "smallest", "next NaN", "next Inf")
        self.go_line = GoLine([self.commands[name] for name in picks], self)
        self.cell_line = spoken(Elided(self), "Current value")
        self.cell_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words = QLabel()
        self._stack = QStackedWidget(self)
        self._lay_out()
        self._wire()
        self._dress()
        self._say_instead("Pick a tensor to see its values.")

    def _handlers(self) -> dict[str, Any]:
        return {
            "copy": self._copy, "copy value": self._copy_value,
            "go to": lambda: self.go_line.edit.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "index": lambda: self.index_line.edit.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "largest": lambda: self._seek("largest"), "smallest": lambda: self._seek("smallest"),
            "next NaN": lambda: self._seek("NaN"), "next Inf": lambda: self._seek("Inf"),
            "previous part": lambda: self._step(-1), "next part": lambda: self._step(1),
            "export": lambda: self._export(shown=False), "export shown": lambda: self._export(shown=True),
            "export picked": self._export_picked,
        }  # fmt: skip

    def _lay_out(self) -> None:
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.setContentsMargins(6, 10, 6, 0)
        self._stack.addWidget(self._words)
        self._stack.addWidget(self.grid)
        lower = QHBoxLayout()
        lower.setSpacing(4)
        lower.addWidget(self.style_line, 1)
        self._part_buttons = [button(self.commands[name]) for name in ("previous part", "next part")]
        for made in (*self._part_buttons, button(self.commands["copy"]), self._export_button()):
            lower.addWidget(made)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 0, 4)
        box.setSpacing(6)
        box.addWidget(self.index_line)
        box.addLayout(lower)
        box.addWidget(self.go_line)
        box.addWidget(self._stack, 1)
        box.addWidget(self.cell_line)

    def _export_button(self) -> QToolButton:
        made = spoken(QToolButton(self), "Export")
        made.setText("Export ▾")
        menu = QMenu(made)
        menu.addActions([self.commands[name] for name in ("export", "export shown", "export picked")])
        made.setMenu(menu)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return made

    def _wire(self) -> None:
        self.index_line.changed.connect(self._show_layout)
        self.index_line.enter.connect(self.grid.setFocus)
        self.style_line.changed.connect(self._restyle)
        self.style_line.raw_changed.connect(lambda raw: self._open(raw=raw))
        self.go_line.wanted.connect(self._go_typed)
        self._errands.found.connect(lambda found: self.go_to(found.place))
        self._errands.said.connect(self._tell)
        self.grid.seen.connect(self._read_pages)
        self.grid.current_changed.connect(self._tell_cell)
        self.model.dataChanged.connect(self._tell_cell)
        self.grid.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.grid.view.addActions(self.actions())

    # -------------------------------------------------------------------------------------------- what is picked

    def show_picked(self, file: OpenFile, nodes: list[int]) -> None:
        """Show the values of the one tensor among these rows; a sentence where there is not one."""
        self._file, self._nodes = file, nodes
        self._enable()
        assert file.opened is not None
        checkpoint = file.opened.checkpoint
        tensor = checkpoint.nodes.tensor[nodes[0]] if len(nodes) == 1 else -1
        if self._shown == (file.opened, tensor) and tensor >= 0:
            return
        self._shown = (file.opened, tensor)
        self._jobs.cancel(READ)
        self._errands.forget()
        if tensor < 0:
            self._say_instead(not_one(sum(checkpoint.nodes.tensors[node] for node in nodes or [0]), len(nodes)))
        else:
            self._open()

    def _open(self, *, raw: bool = False) -> None:
        """Ask what there is to show; NumPy is imported on the way, which no click should wait for."""
        if self._file is None or self._shown is None:
            return
        file, tensor = self._file, self._shown[1]
        self._reading = False
        self._table = None
        self.model.show(None, None)
        self.cell_line.say("")

        def work(_report: Report) -> Table:
            from ckpt_gui.core.table.cells import open_table

            return open_table(file.reading(), tensor, raw=raw)

        self._jobs.run(READ, work, self._opened, failed=self._no_table)

    def _opened(self, table: Table) -> None:
        self._table = table
        self._enable()
        self.style_line.show_raw(table.quantized, table.raw)
        self.index_line.show_layout(table.start, wrap=not table.sparse)
        for line in (self.index_line, self.go_line, self.style_line):
            line.setEnabled(True)
        self._show_layout(table.start)

    def _no_table(self, sentence: str, _details: str) -> None:
        self._table = None
        self._say_instead(f"There are no values to show: {sentence}" + ("" if sentence.endswith(".") else "."))

    def _show_layout(self, shown: Layout) -> None:
        table = self._table
        if table is None:
            return
        self._jobs.cancel(READ)
        self._reading = False
        self._part_visible(shown)
        if not shown.count:
            self.model.show(None, None)
            self._words.setText(no_entries(table, shown))
            self._stack.setCurrentIndex(0)
            return
        from ckpt_gui.core.table.numbers import formatter  # NumPy is there since the table was opened

        self._stack.setCurrentWidget(self.grid)
        self.model.show(shown, formatter(table.form, self.style_line.style_chosen()), labelled=self._labelled(shown))
        self._fit()
        self._tell_cell()

    def _labelled(self, shown: Layout) -> bool:
        """Whether rows of a sparse tensor are told by where they stand: they must be entries for that."""
        assert self._table is not None
        return self._table.sparse and shown.column_axis != 0

    def _restyle(self, style: Style) -> None:
        if self._table is not None and self.model.layout is not None:
            from ckpt_gui.core.table.numbers import formatter

            self.model.write_as(formatter(self._table.form, style))
            self._fit()

    def _fit(self) -> None:
        from ckpt_gui.core.table.numbers import widest

        table, shown = self._table, self.model.layout
        assert table is not None
        assert shown is not None
        longest = shown.row_label(shown.rows - 1)
        if self._labelled(shown):
            sizes = self._file.opened.checkpoint.shape(table.tensor) if self._file and self._file.opened else ()
            longest = ", ".join(str(max(size - 1, 0)) for size in sizes)
        head = max(len(shown.column_label(0)), len(shown.column_label(shown.columns - 1)))
        self.grid.fit(max(widest(table.form, self.style_line.style_chosen()), head), longest)

    def _say_instead(self, words: str) -> None:
        """A sentence in the place of the table."""
        self._table = None
        self.model.show(None, None)
        self._words.setText(words)
        self._stack.setCurrentIndex(0)
        self.cell_line.say("")
        self.style_line.show_raw(False, False)
        for line in (self.index_line, self.go_line, self.style_line):
            line.setEnabled(False)
        self._enable()

    def _enable(self) -> None:
        for name in _ON_TABLE:
            self.commands[name].setEnabled(self._table is not None)
        if self._table is None:
            self._part_visible(None)
        self.commands["export picked"].setEnabled(self._file is not None and self._file.opened is not None)

    def _part_visible(self, shown: Layout | None) -> None:
        fixed = shown is not None and any(shown.index.fixed) and len(shown.shape) > 1
        for name, made in zip(("previous part", "next part"), self._part_buttons, strict=True):
            self.commands[name].setEnabled(fixed)
            made.setVisible(fixed)

    # -------------------------------------------------------------------------------------------- pages

    def _read_pages(self) -> None:
        """Read what is in sight and was not read yet; one job at a time, so that none is undone by scrolling on."""
        table, shown = self._table, self.model.layout
        if table is None or shown is None or self._reading:
            return
        pages = self.model.missing(*self.grid.sight())[:PAGES_AT_ONCE]
        if not pages:
            return
        self._reading = True

        def work(report: Report) -> list[Cells]:
            return [_read(table, shown, page, report, number) for number, page in enumerate(pages)]

        self._jobs.run(READ, work, self._pages_read, failed=self._no_table)

    def _pages_read(self, pages: list[Cells]) -> None:
        self._reading = False
        self.model.put(pages)
        self._read_pages()

    # -------------------------------------------------------------------------------------------- going

    def _go_typed(self, typed: str) -> None:
        if self._table is None:
            return
        try:
            place = parse_place(typed, self._table.form.shape)
        except BadIndex as exc:
            self.go_line.tell(exc)
            return
        self.go_line.tell(None)
        self.go_to(place)
        self.grid.setFocus()

    def go_to(self, place: Place) -> None:
        """Make an entry of the tensor the current cell; the index line gives way where it leaves it out."""
        shown = self.model.layout or (self._table.start if self._table is not None else None)
        if shown is None:
            return
        cell = shown.find(place)
        if cell is None:
            wider = shown.showing(place)
            self.index_line.show_layout(wider, wrap=not (self._table is not None and self._table.sparse))
            self._show_layout(wider)
            cell = wider.find(place)
        if cell is not None:
            self.grid.go_to(*cell)

    def _step(self, by: int) -> None:
        if self._table is not None and self.model.layout is not None and any(self.model.layout.index.fixed):
            shown = self.model.layout.stepped(by)
            self.index_line.show_layout(shown, wrap=not self._table.sparse)
            self._show_layout(shown)

    def _place(self) -> Place | None:
        """Logical index of the current cell."""
        cell, shown = self.grid.current(), self.model.layout
        return shown.at(*cell) if cell is not None and shown is not None else None

    def _seek(self, what: str) -> None:
        if self._table is not None and self.model.layout is not None:
            self._errands.seek(self._table, self.model.layout, what, self._place())

    # -------------------------------------------------------------------------------------------- copies and files

    def _copy(self) -> None:
        table, shown, cells = self._table, self.model.layout, self.grid.selected()
        if table is None or shown is None:
            return
        if cells is None:
            self._tell("Nothing is selected.")
        elif self.grid.cut_short(cells):
            self._tell(f"Only {self.model.rowCount():,} rows can be selected at once; Export writes any number.")
        else:
            self._errands.copy(table, shown, cells, self.style_line.style_chosen())

    def _copy_value(self) -> None:
        table, shown, cell = self._table, self.model.layout, self.grid.current()
        if table is not None and shown is not None and cell is not None:
            one = (range(cell[0], cell[0] + 1), range(cell[1], cell[1] + 1))
            self._errands.copy(table, shown, one, self.style_line.style_chosen())

    def _export(self, *, shown: bool) -> None:
        """Write this tensor, or of it what the index line picks, to a file that is asked for."""
        from ckpt_gui.core.export.parts import Part

        table, layout, file = self._table, self.model.layout, self._file
        if table is None or file is None or file.opened is None:
            return
        name = str(file.opened.checkpoint.path_of(self._nodes[0])[-1:][0]) if self._nodes[0] else Path(file.path).stem
        path, overwrite = exporting.ask(self, name, str(Path(file.path).parent), 1)
        if path:
            part = Part(table.tensor, name, raw=table.raw)
            if shown and layout is not None:
                part = Part(table.tensor, name, layout.index, layout.column_axis, table.raw)
            self._errands.export(table.reading, [part], path, overwrite=overwrite)

    def _export_picked(self) -> None:
        file = self._file
        if file is None or file.opened is None:
            return
        nodes, checkpoint = self._nodes or [0], file.opened.checkpoint
        count = sum(checkpoint.nodes.tensors[node] for node in nodes)
        path, overwrite = exporting.ask(self, Path(file.path).stem, str(Path(file.path).parent), count)
        if path:
            raw = self._table is not None and self._table.raw
            self._errands.export_picked(file, nodes, path, raw=raw, overwrite=overwrite)

    # -------------------------------------------------------------------------------------------- words

    def _tell_cell(self) -> None:
        """The line beneath: where the current cell stands, its value in full, its bits."""
        cell = self.grid.current()
        if self._table is None or cell is None or self.model.layout is None:
            return
        cells = self.model.cells(*cell)
        place = self.model.layout.at(*cell)
        if cells is not None and place is not None:
            entry = self.model.label(cell[0]) if self._labelled(self.model.layout) else ""
            self.cell_line.say(cell_words(cells, cell, place, entry))

    def _tell(self, words: str, alarm: bool = False) -> None:
        self.cell_line.say(f"▲ {words}" if alarm else words)
        self.message.emit(words)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._dress)

    def _dress(self) -> None:
        self.model.dress(self.palette())
        self.grid.view.viewport().update()


def _read(table: Table, shown: Layout, page: Page, report: Report, number: int) -> Cells:
    """One page, on a job's thread."""
    from ckpt_gui.core.table.cells import fetch

    report.at(number, 0, "pages")
    return fetch(table.reading, table.tensor, shown, page.rows, page.columns, raw=table.raw)
