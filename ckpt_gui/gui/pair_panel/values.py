"""The page Values of a pair: a table with A, B and B − A in each cell, and ways to the differences."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core.diff import cells
from ckpt_gui.core.diff.cells import PairTable
from ckpt_gui.core.progress import Report
from ckpt_gui.core.table.index_line import BadIndex, Place, parse_place
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.table.styles import Style
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.pair_panel.frame import GONE, Chosen, Frame, Selection
from ckpt_gui.gui.pair_panel.stacked import PairModel, Stacked
from ckpt_gui.gui.spoken import Elided, spoken
from ckpt_gui.gui.values_grid.grid import Grid
from ckpt_gui.gui.values_grid.pages import Pages
from ckpt_gui.gui.values_grid.tools import GoLine, IndexLine, StyleLine

if TYPE_CHECKING:
    from ckpt_gui.core.table.seek import Found
    from ckpt_gui.gui.comparing import Comparison

_OPEN, _PAGES, _SEEK = "pair table", "pair table pages", "pair table seek"
_PICK_ONE = "Pick one pair to see its values"


class PairValues(QWidget):
    """Shows the values of one pair.

    Signals:
        message: a word for the status bar.
        place_wanted: a link to a pair was followed; its place.
    """

    message = Signal(str)
    place_wanted = Signal(int)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Values of a pair")
        self._jobs = jobs
        self._selection = Selection()
        self._chosen_pairs: Chosen | None = None
        self._table: PairTable | None = None
        self._goal: Place | None = None
        """Where to go once the table is there."""
        self.model = PairModel(self)
        self.grid = Grid(self.model, self)
        self._lines = Stacked(self.model, self.grid.view)
        self.grid.view.setItemDelegate(self._lines)
        self._pages = Pages(jobs, self.grid, self, _PAGES)
        self._make_actions()
        self.index_line, self.style_line = IndexLine(self), StyleLine(self)
        self.go_line = GoLine([self.largest, self.next_difference], self)
        self._said = spoken(Elided(self), "What was said last")
        self.cell_line = spoken(Elided(self), "Current values")
        self.cell_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        content = QWidget(self)
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 8, 0, 4)
        box.setSpacing(6)
        for widget in (self.index_line, self.style_line, self.go_line, self.grid, self._said, self.cell_line):
            box.addWidget(widget, 1 if widget is self.grid else 0)
        self._frame = Frame("table", content, self)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._frame)
        self.setFocusProxy(self.grid)
        self._wire()
        self._dress()

    def _make_actions(self) -> None:
        def action(words: str, short: str, keys: str, act: Any) -> QAction:
            made = QAction(words, self)
            made.setIconText(short)
            made.setShortcut(QKeySequence(keys))
            made.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            made.setToolTip(f"{words} ({made.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
            made.triggered.connect(lambda _checked=False: act())
            self.addAction(made)
            return made

        self.largest = action("Go to the largest |Δ|", "Max |Δ|", "Ctrl+Alt+Up", self.go_to_largest)
        self.next_difference = action("Go to the next difference", "Next Δ", "Ctrl+Alt+N", self.go_to_next)
        action("Go to an index", "Go to", "Ctrl+G", lambda: self.go_line.edit.setFocus())
        action("Change which entries are shown", "Index", "Ctrl+L", lambda: self.index_line.edit.setFocus())
        action("Copy the current values", "Copy", "Ctrl+C", self._copy)

    def _wire(self) -> None:
        self.index_line.changed.connect(self._show_layout)
        self.index_line.enter.connect(self.grid.setFocus)
        self.style_line.changed.connect(self._restyle)
        self.style_line.show_raw(False, False)
        self.go_line.wanted.connect(self._go_typed)
        self._pages.failed.connect(self._fail)
        self.grid.current_changed.connect(self._tell_cell)
        self.grid.current_changed.connect(lambda: self._say(""))
        self.model.dataChanged.connect(self._tell_cell)

    # -------------------------------------------------------------------------------------------- what is picked

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """Show the one pair among these; of several, or none, a sentence."""
        if self._selection.is_same(comparison, places):
            return
        self.let_go()
        found = self._chosen_pairs = self._selection.take(comparison, places)
        if found is None or len(places) != 1:
            self._frame.say(_PICK_ONE if found is not None else GONE)
            return
        self._frame.wait()
        self._jobs.run(_OPEN, lambda _report: cells.open_pair(found.picked), self._opened, failed=self._fail)

    def let_go(self) -> None:
        """Stop what is under way and forget the files."""
        for slot in (_OPEN, _SEEK):
            self._jobs.cancel(slot)
        self._pages.turn_to(None)
        self.model.show(None, None)
        self._frame.rest()
        self._selection.forget()
        self._chosen_pairs, self._table, self._goal = None, None, None

    def _opened(self, table: PairTable) -> None:
        self._table = table
        self.grid.lines = self._lines.lines = len(table.tables)
        self.model.names = table.names if len(table.names) > 1 else ()
        for one in (self.largest, self.next_difference):
            one.setEnabled(len(table.tables) == 3)
        self.go_line.edit.clear()
        self.go_line.tell(None)
        self._frame.show_content()
        self._turn(table.start)
        self._say("")
        self.cell_line.say(table.why)
        if self._goal is not None:
            self.go_to(self._goal)

    def _turn(self, shown: Layout) -> None:
        """Show other entries of the same pair, and say so in the index line."""
        if self._table is not None:
            self.index_line.show_layout(shown, wrap=not self._table.tables[0].sparse)
            self._show_layout(shown)

    def _show_layout(self, shown: Layout) -> None:
        table = self._table
        if table is None:
            return
        self._pages.turn_to(partial(cells.fetch_pair, table))
        self.cell_line.say("")
        if not shown.count:
            self.model.show(None, None)
            self._say("There are no entries in what is shown.")
            return
        style = self.style_line.style_chosen()
        self.model.show(shown, cells.writer(table, style), labelled=table.tables[0].labels_rows(shown))
        self._fit(style)

    def _restyle(self, style: Style) -> None:
        if self._table is not None and self.model.layout is not None:
            self.model.write_as(cells.writer(self._table, style))
            self._fit(style)

    def _fit(self, style: Style) -> None:
        table, shown = self._table, self.model.layout
        if table is not None and shown is not None:
            head = max(len(shown.column_label(0)), len(shown.column_label(shown.columns - 1)))
            label = table.tables[0].longest_label(shown) + ("   Δ" if self.model.names else "")
            self._pages.fit(max(cells.broadest(table, style), head), label)

    # -------------------------------------------------------------------------------------------- going

    def _go_typed(self, typed: str) -> None:
        if self._table is None:
            return
        try:
            place = parse_place(typed, self._table.shape)
        except BadIndex as exc:
            self.go_line.tell(exc)
            return
        self.go_line.tell(None)
        self.go_to(place)
        self.grid.setFocus()

    def go_to(self, place: Place) -> None:
        """Make an entry of the pair the current cell, once it is there; the index line gives way where it leaves it
        out."""
        self._goal = place if self._table is None else None
        shown = self.model.layout or (self._table.start if self._table is not None else None)
        if shown is None:
            return
        if shown.find(place) is None or self.model.layout is None:
            shown = shown.showing(place)
            self._turn(shown)
        cell = shown.find(place)
        if cell is not None:
            self.grid.go_to(*cell)

    def go_to_largest(self) -> None:
        """Where the two are furthest apart, in what is shown."""
        table, shown = self._table, self.model.layout
        if table is not None and shown is not None and len(table.tables) == 3:
            self._seek(lambda report: cells.find_farthest(table, shown, report), "largest difference", "finite |Δ|")

    def go_to_next(self) -> None:
        """The next entry that is not the same on both sides."""
        table, shown, cell = self._table, self.model.layout, self.grid.current()
        if table is not None and shown is not None and len(table.tables) == 3:
            after = shown.at(*cell) if cell is not None else None
            self._seek(
                lambda report: cells.find_difference(table, shown, after, report), "next difference", "difference"
            )

    def _seek(self, work: Any, what: str, noun: str) -> None:
        def done(found: Found | None) -> None:
            if found is None:
                self._say(f"There is no {noun} in what is shown.")
                return
            self.go_to(found.place)
            if found.wrapped:
                self._say(f"No {noun} behind this; back at the first.")

        def run(report: Report) -> Found | None:
            found: Found | None = work(report)
            return found

        failed = lambda sentence, _details: self._say(sentence)  # noqa: E731 - a slot
        self._jobs.run(_SEEK, run, done, failed=failed, label=f"Looking for the {what}")

    # -------------------------------------------------------------------------------------------- words

    def _tell_cell(self) -> None:
        """The line beneath: where the current cell stands, and its values in full."""
        cell, shown, table = self.grid.current(), self.model.layout, self._table
        if table is None or cell is None or shown is None:
            return
        place, read = shown.at(*cell), self.model.cells(*cell)
        if place is None or read is None:
            return
        told = cells.writer(table, Style())(*read.cell(*cell)).split("\n")
        entry = f"[{self.model.entry(cell[0])}]   " if table.tables[0].labels_rows(shown) else ""
        values = [f"{name} {value}" for name, value in zip(table.names, told, strict=True)]
        self.cell_line.say("   ".join([f"{entry}[{', '.join(map(str, place))}]", *values]))

    def _copy(self) -> None:
        if self.cell_line.whole:
            QGuiApplication.clipboard().setText(self.cell_line.whole)
            self._say("Copied the current values")

    def _say(self, words: str) -> None:
        self._said.say(words)
        self._said.setVisible(bool(words))
        if words:
            self.message.emit(words)

    def said(self) -> str:
        """What was said last."""
        return self._said.whole

    def sentence(self) -> str:
        """What stands in place of the table; "" where it is there."""
        return self._frame.sentence()

    def _fail(self, sentence: str, _details: str = "") -> None:
        self.model.show(None, None)
        self._frame.say(sentence)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            QTimer.singleShot(0, self, self._dress)

    def _dress(self) -> None:
        self.model.dress(self.palette())
        self.grid.view.viewport().update()
