"""The page of values: it asks the core for pages of a tensor and for places in it, and shows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core.progress import Report
from ckpt_gui.core.table.index_line import BadIndex, Place, parse_place
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.table.styles import Style
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.values_grid.grid import Grid
from ckpt_gui.gui.values_grid.pages import Pages
from ckpt_gui.gui.values_model import ValuesModel
from ckpt_gui.gui.values_panel import commands, exporting
from ckpt_gui.gui.values_panel.errands import Errands
from ckpt_gui.gui.values_panel.face import Face
from ckpt_gui.gui.values_panel.words import cell_words, no_entries, not_one, table_words

if TYPE_CHECKING:
    from ckpt_gui.core.table.cells import Cells, Table
    from ckpt_gui.gui.open_files import OpenFile

_OPEN = "values"
"""The slot of the job that opens a tensor."""
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
        """What was opened, and the tensor of it that is shown, or is about to be."""
        self._table: Table | None = None
        self.model = ValuesModel(self)
        self.grid = Grid(self.model, self)
        self._pages = Pages(jobs, self.grid, self)
        self.commands = commands.make(self, self._handlers())
        self.face = Face(self.commands, self.grid, self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.face)
        self.setFocusProxy(self.grid)
        self._wanted: Place | None = None
        """Where to go once the table stands."""
        self._wire()
        self._dress()
        self._say_instead("Pick a tensor to see its values.")

    def _handlers(self) -> dict[str, Callable[[], object]]:
        shortcut = Qt.FocusReason.ShortcutFocusReason
        return {
            "copy": self._copy, "copy value": self._copy_value,
            "go to": lambda: self.face.go_line.edit.setFocus(shortcut),
            "index": lambda: self.face.index_line.edit.setFocus(shortcut),
            "largest": lambda: self._seek("largest"), "smallest": lambda: self._seek("smallest"),
            "next NaN": lambda: self._seek("NaN"), "next Inf": lambda: self._seek("Inf"),
            "previous part": lambda: self._step(-1), "next part": lambda: self._step(1),
            "export": lambda: self._export(whole=True), "export shown": lambda: self._export(whole=False),
            "export picked": self._export_picked,
        }  # fmt: skip

    def _wire(self) -> None:
        face = self.face
        face.index_line.changed.connect(self._show_layout)
        face.index_line.enter.connect(self.grid.setFocus)
        face.style_line.changed.connect(self._restyle)
        face.style_line.raw_changed.connect(lambda raw: self._open(raw=raw))
        face.go_line.wanted.connect(self._go_typed)
        self._errands.found.connect(lambda found: self.go_to(found.place))
        self._errands.said.connect(self._say)
        self._pages.failed.connect(self._no_table)
        self.grid.current_changed.connect(self._tell_cell)
        self.grid.current_changed.connect(lambda: face.say(""))
        self.model.dataChanged.connect(self._tell_cell)
        self.grid.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.grid.view.addActions(self.actions())

    # -------------------------------------------------------------------------------------------- what is picked

    def show_picked(self, file: OpenFile, nodes: list[int]) -> None:
        """Show the values of the one tensor among these rows; a sentence where there is not one."""
        assert file.opened is not None
        self._file, self._nodes = file, nodes
        checkpoint = file.opened.checkpoint
        tensor = checkpoint.nodes.tensor[nodes[0]] if len(nodes) == 1 else -1
        if self._shown == (file.opened, tensor) and tensor >= 0:
            return
        self.let_go()
        self._shown = (file.opened, tensor)
        if tensor < 0:
            self._say_instead(not_one(sum(checkpoint.nodes.tensors[node] for node in nodes or [0]), len(nodes)))
        else:
            self._open()

    def let_go(self) -> None:
        """Stop what is under way, but for an export, and hold no file any more; another row is about to be picked."""
        self._jobs.cancel(_OPEN)
        self._errands.forget()
        self._wanted = None
        self._pages.turn_to(None)
        self._shown = self._table = None

    def _open(self, *, raw: bool = False) -> None:
        """Ask what there is to show; NumPy is imported on the way, which no click should wait for."""
        if self._file is None or self._shown is None:
            return
        file, tensor = self._file, self._shown[1]
        self._table = None
        self._pages.turn_to(None)
        self.model.show(None, None)
        self.face.say("")
        self.face.cell_line.say("")

        def work(_report: Report) -> Table:
            from ckpt_gui.core.table.cells import open_table

            return open_table(file.reading(), tensor, raw=raw)

        self._jobs.run(_OPEN, work, self._opened, failed=lambda sentence, _details: self._no_table(sentence))

    def _opened(self, table: Table) -> None:
        self._table = table
        self._enable()
        self.face.show_tools(True)
        self.face.go_line.edit.clear()
        self.face.go_line.tell(None)
        self.face.style_line.show_raw(table.quantized, table.raw)
        self._turn(table.start)
        self.face.cell_line.say(table_words(table))
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.go_to(wanted)

    def _no_table(self, sentence: str) -> None:
        self._say_instead(f"There are no values to show: {sentence}" + ("" if sentence.endswith(".") else "."))

    def _say_instead(self, words: str) -> None:
        """A sentence in the place of the table."""
        self._table = None
        self._pages.turn_to(None)
        self.model.show(None, None)
        self.face.show_sentence(words)
        self.face.show_tools(False)
        self.face.say("")
        self.face.cell_line.say("")
        self._enable()

    def _enable(self) -> None:
        for name in _ON_TABLE:
            self.commands[name].setEnabled(self._table is not None)
        if self._table is None:
            self._show_steps(None)
        self.commands["export picked"].setEnabled(self._file is not None and self._file.opened is not None)

    def _show_steps(self, shown: Layout | None) -> None:
        fixed = shown is not None and any(shown.index.fixed) and len(shown.shape) > 1
        for name in ("previous part", "next part"):
            self.commands[name].setEnabled(fixed)
        self.face.show_steps(fixed)

    # -------------------------------------------------------------------------------------------- how it is shown

    def _turn(self, shown: Layout) -> None:
        """Show other entries of the same tensor, and say so in the index line."""
        if self._table is not None:
            self.face.index_line.show_layout(shown, wrap=not self._table.sparse)
            self._show_layout(shown)

    def _show_layout(self, shown: Layout) -> None:
        table = self._table
        if table is None:
            return
        self._pages.turn_to(partial(_fetch, table))
        self._show_steps(shown)
        self.face.cell_line.say("")
        if not shown.count:
            self.model.show(None, None)
            self.face.show_sentence(no_entries(table, shown))
            return
        from ckpt_gui.core.table.numbers import formatter  # NumPy is there since the table was opened

        self.face.show_grid()
        style = self.face.style_line.style_chosen()
        self.model.show(shown, formatter(table.form, style), labelled=table.labels_rows(shown))
        self._fit(style)

    def _restyle(self, style: Style) -> None:
        if self._table is not None and self.model.layout is not None:
            from ckpt_gui.core.table.numbers import formatter

            self.model.write_as(formatter(self._table.form, style))
            self._fit(style)

    def _fit(self, style: Style) -> None:
        from ckpt_gui.core.table.numbers import widest

        table, shown = self._table, self.model.layout
        if table is not None and shown is not None:
            head = max(len(shown.column_label(0)), len(shown.column_label(shown.columns - 1)))
            self._pages.fit(max(widest(table.form, style), head), table.longest_label(shown))

    # -------------------------------------------------------------------------------------------- going

    def _go_typed(self, typed: str) -> None:
        if self._table is None:
            return
        try:
            place = parse_place(typed, self._table.form.shape)
        except BadIndex as exc:
            self.face.go_line.tell(exc)
            return
        self.face.go_line.tell(None)
        self.go_to(place)
        self.grid.setFocus()

    def go_to(self, place: Place) -> None:
        """Make an entry of the tensor the current cell, once there is a table; the index line gives way where it leaves
        it out."""
        shown = self.model.layout or (self._table.start if self._table is not None else None)
        if shown is None:
            self._wanted = place
            return
        if shown.find(place) is None or self.model.layout is None:
            shown = shown.showing(place)
            self._turn(shown)
        cell = shown.find(place)
        if cell is not None:
            self.grid.go_to(*cell)

    def _step(self, by: int) -> None:
        if self.model.layout is not None and any(self.model.layout.index.fixed):
            self._turn(self.model.layout.stepped(by))

    def _seek(self, what: str) -> None:
        cell, shown = self.grid.current(), self.model.layout
        if self._table is not None and shown is not None:
            self._errands.seek(self._table, shown, what, shown.at(*cell) if cell is not None else None)

    # -------------------------------------------------------------------------------------------- copies and files

    def _copy(self) -> None:
        table, shown, cells = self._table, self.model.layout, self.grid.selected()
        if table is None or shown is None:
            return
        if cells is None:
            self._say("Nothing is selected.")
        elif self.grid.cut_short(cells):
            self._say(f"At most {self.model.rowCount():,} rows can be selected at once; Export writes any number.")
        else:
            self._errands.copy(table, shown, cells, self.face.style_line.style_chosen())

    def _copy_value(self) -> None:
        table, shown, cell = self._table, self.model.layout, self.grid.current()
        if table is not None and shown is not None and cell is not None:
            one = (range(cell[0], cell[0] + 1), range(cell[1], cell[1] + 1))
            self._errands.copy(table, shown, one, self.face.style_line.style_chosen())

    def _export(self, *, whole: bool) -> None:
        """Write this tensor, or of it what the index line picks, to a file that is asked for."""
        table, file = self._table, self._file
        if table is not None and file is not None:
            name = exporting.name_of(file, self._nodes)
            path, overwrite = exporting.ask(self, name, file, 1)
            if path:
                layout = None if whole else self.model.layout
                self._errands.export(table, layout, name, path, overwrite=overwrite)

    def _export_picked(self) -> None:
        file, nodes = self._file, self._nodes or [0]
        if file is None or file.opened is None:
            return
        tensors = sum(file.opened.checkpoint.nodes.tensors[node] for node in nodes)
        path, overwrite = exporting.ask(self, exporting.name_of(file, nodes), file, tensors)
        if path:
            raw = self._table is not None and self._table.raw
            self._errands.export_picked(file, nodes, path, raw=raw, overwrite=overwrite)

    # -------------------------------------------------------------------------------------------- words

    def _tell_cell(self) -> None:
        """The line beneath: where the current cell stands, its value in full, its bits."""
        cell, shown, table = self.grid.current(), self.model.layout, self._table
        if table is None or cell is None or shown is None:
            return
        cells, place = self.model.cells(*cell), shown.at(*cell)
        if cells is not None and place is not None:
            entry = self.model.label(cell[0]) if table.labels_rows(shown) else ""
            self.face.cell_line.say(cell_words(table.form, cells.cell(*cell), place, entry))

    def _say(self, words: str, alarm: bool = False) -> None:
        self.face.say(words, alarm)
        self.message.emit(words)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._dress)

    def _dress(self) -> None:
        self.model.dress(self.palette())
        self.grid.view.viewport().update()


def _fetch(table: Table, shown: Layout, rows: range, columns: range) -> Cells:
    """On a job's thread."""
    from ckpt_gui.core.table.cells import fetch

    return fetch(table.reading, table.tensor, shown, rows, columns, raw=table.raw)
