"""A table view without an end: a window of Qt's that moves under scroll bars of its own.

A QTableView and its bars end at 2^31 rows, and long before that its headers fill the memory. Here the
view holds a window of the table; the bars beside it are those of the whole.
"""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QFrame,
    QGridLayout,
    QScrollBar,
    QTableView,
    QWidget,
)

from ckpt_gui.gui.spoken import spoken
from ckpt_gui.gui.values_model import COLUMNS, ROWS, ValuesModel

_STEPS = 1 << 30
"""Of a scroll bar; tables with more rows share them out."""
_NEAR = 4
"""The window moves once less than a part of this size of it is left in the direction of the way."""


class _Bar(QScrollBar):
    """A scroll bar over any number of positions.

    Signals:
        wanted: the person went to that position.
    """

    wanted = Signal(object)  # object: a C++ int would overflow

    def __init__(self, orientation: Qt.Orientation, name: str, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        spoken(self, name)
        self._last = 0
        self.valueChanged.connect(self._moved)

    def show_place(self, first: int, shown: int, total: int) -> None:
        """``shown`` of ``total`` positions are in sight, from ``first`` on."""
        self._last = max(0, total - shown)
        steps = min(self._last, _STEPS)
        with QSignalBlocker(self):
            self.setRange(0, steps)
            self.setPageStep(max(1, min(shown, _STEPS) if self._last <= _STEPS else 1))
            self.setValue(first * steps // self._last if self._last else 0)
        self.setVisible(self._last > 0)

    def _moved(self, value: int) -> None:
        steps = self.maximum()
        self.wanted.emit(value * self._last // steps if steps else 0)


class _View(QTableView):
    """The window."""

    left = Signal(int, int)
    """To the first (-1) or last (1) row and column of the whole; 0: as it is."""
    resized = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        end = {Qt.Key.Key_Home: -1, Qt.Key.Key_End: 1}.get(Qt.Key(event.key()), 0)
        if end and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.left.emit(end if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 0, end)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()


class Grid(QWidget):
    """Shows a ValuesModel of any size.

    Signals:
        seen: other rows and columns came into sight.
        current_changed: another cell is the current one.
    """

    seen = Signal()
    current_changed = Signal()

    def __init__(self, model: ValuesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.lines = 1
        """Of text in a cell."""
        self._moving = False
        """Whether the window is just being moved; where it stands is told when that is done."""
        self.view = spoken(_View(self), "Values", style="values")
        self._down = _Bar(Qt.Orientation.Vertical, "Rows", self)
        self._across = _Bar(Qt.Orientation.Horizontal, "Columns", self)
        self._set_up()
        box = QGridLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.view, 0, 0)
        box.addWidget(self._down, 0, 1)
        box.addWidget(self._across, 1, 0)
        self.setFocusProxy(self.view)

    def _set_up(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setAlternatingRowColors(True)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setCornerButtonEnabled(False)
        for corner in view.findChildren(QAbstractButton):
            spoken(corner, "Corner of the table")
        view.setTabKeyNavigation(False)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        for header in (view.horizontalHeader(), view.verticalHeader()):
            header.setSectionResizeMode(header.ResizeMode.Fixed)
            header.setHighlightSections(True)
            header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        view.verticalScrollBar().valueChanged.connect(self._scrolled)
        view.horizontalScrollBar().valueChanged.connect(self._scrolled)
        view.resized.connect(self._scrolled)
        view.left.connect(self._to_end)
        view.selectionModel().currentChanged.connect(lambda _now, _before: self.current_changed.emit())
        self._down.wanted.connect(lambda row: self.scroll_to(row, self.sight()[1].start))
        self._across.wanted.connect(lambda column: self.scroll_to(self.sight()[0].start, column))

    def fit(self, characters: int, label: str) -> None:
        """Make cells wide enough for so many characters, and the row header for its longest label."""
        metrics = self.view.fontMetrics()
        self.view.verticalHeader().setDefaultSectionSize(metrics.height() * self.lines + 5)
        widest = max(metrics.horizontalAdvance(label), metrics.horizontalAdvance("0000")) + 18
        self.view.verticalHeader().setFixedWidth(min(widest, max(80, self.width() // 2)))
        self.widen(characters)

    def widen(self, characters: int) -> None:
        """Make cells wide enough for so many characters."""
        header = self.view.horizontalHeader()
        header.setMinimumSectionSize(20)
        header.setDefaultSectionSize(self.view.fontMetrics().horizontalAdvance("0") * characters + 12)
        self._scrolled()

    # -------------------------------------------------------------------------------------------- where it stands

    def sight(self) -> tuple[range, range]:
        """Rows and columns of the table that are at least partly in sight."""
        port, view = self.view.viewport(), self.view
        rows, columns = self.model.rowCount(), self.model.columnCount()
        top, left = max(view.rowAt(0), 0), max(view.columnAt(0), 0)
        bottom, right = view.rowAt(port.height() - 1), view.columnAt(port.width() - 1)
        down = range(top, bottom + 1 if bottom >= 0 else rows)
        across = range(left, right + 1 if right >= 0 else columns)
        row, column = self.model.first_row, self.model.first_column
        return range(down.start + row, down.stop + row), range(across.start + column, across.stop + column)

    def _scrolled(self) -> None:
        layout = self.model.layout
        if layout is None or self._moving:
            return
        if QApplication.mouseButtons() == Qt.MouseButton.NoButton or self._dragged():
            self._keep_inside()
        rows, columns = self.sight()
        full_rows = max(1, self.view.viewport().height() // max(1, self.view.verticalHeader().defaultSectionSize()))
        full_columns = max(1, self.view.viewport().width() // self.view.horizontalHeader().defaultSectionSize())
        self._down.show_place(rows.start, full_rows, layout.rows if layout.columns else 0)
        self._across.show_place(columns.start, full_columns, layout.columns)
        self.seen.emit()

    def _dragged(self) -> bool:
        return self._down.isSliderDown() or self._across.isSliderDown()

    def _keep_inside(self) -> None:
        """Move the window where what is in sight comes near its end, and there is more beyond."""
        layout, model = self.model.layout, self.model
        assert layout is not None
        rows, columns = self.sight()
        first_row = _window(rows, model.first_row, layout.rows, ROWS)
        first_column = _window(columns, model.first_column, layout.columns, COLUMNS)
        if (first_row, first_column) != (model.first_row, model.first_column):
            self._move(first_row, first_column, rows.start, columns.start)

    def _move(self, first_row: int, first_column: int, top: int, left: int) -> None:
        """Let the window begin elsewhere; current cell and selection stay on their cells."""
        current, selected = self.current(), self.selected()
        self._moving = True
        self.model.move_to(first_row, first_column)
        self.view.doItemsLayout()  # now, because the bars have their new ends only then
        self.view.verticalScrollBar().setValue(top - first_row)
        self.view.horizontalScrollBar().setValue(left - first_column)
        self._select(selected, current)
        self._moving = False

    def _select(self, selected: tuple[range, range] | None, current: tuple[int, int] | None) -> None:
        """Select cells of the table, if they lie in the window; the view stays where it is."""
        chosen = self.view.selectionModel()
        self.view.setAutoScroll(False)
        if selected is not None:
            rows, columns = selected
            top, bottom = self._index(rows[0], columns[0]), self._index(rows[-1], columns[-1])
            if top.isValid() and bottom.isValid():
                chosen.select(QItemSelection(top, bottom), QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if current is not None and (index := self._index(*current)).isValid():
            chosen.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.view.setAutoScroll(True)

    def _index(self, row: int, column: int) -> QModelIndex:
        down, across = row - self.model.first_row, column - self.model.first_column
        if not (0 <= down < self.model.rowCount() and 0 <= across < self.model.columnCount()):
            return QModelIndex()  # asked in Python: Qt's numbers would overflow
        return self.model.index(down, across)

    # -------------------------------------------------------------------------------------------- going

    def scroll_to(self, row: int, column: int) -> None:
        """Bring a cell of the table to the top left."""
        layout, model = self.model.layout, self.model
        if layout is None:
            return
        first_row = _window(range(row, row + 1), model.first_row, layout.rows, ROWS)
        first_column = _window(range(column, column + 1), model.first_column, layout.columns, COLUMNS)
        if (first_row, first_column) != (model.first_row, model.first_column):
            self._move(first_row, first_column, row, column)
        self.view.verticalScrollBar().setValue(row - model.first_row)
        self.view.horizontalScrollBar().setValue(column - model.first_column)
        self._scrolled()

    def go_to(self, row: int, column: int) -> None:
        """Make a cell of the table the current one, and bring it into sight."""
        rows, columns = self.sight()
        if row not in rows or column not in columns:
            self.scroll_to(max(0, row - len(rows) // 3), max(0, column - len(columns) // 3))
        index = self._index(row, column)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        self._scrolled()

    def _to_end(self, down: int, across: int) -> None:
        layout, current = self.model.layout, self.current() or (0, 0)
        if layout is not None and layout.count:
            row = current[0] if not down else 0 if down < 0 else layout.rows - 1
            last = min(layout.columns, layout.count - row * layout.columns) - 1
            self.go_to(row, 0 if across < 0 else last)

    def current(self) -> tuple[int, int] | None:
        """Row and column of the current cell."""
        index = self.view.currentIndex()
        if not index.isValid():
            return None
        return index.row() + self.model.first_row, index.column() + self.model.first_column

    def selected(self) -> tuple[range, range] | None:
        """Rows and columns that are selected."""
        ranges = self.view.selectionModel().selection()
        if ranges.isEmpty():
            return None
        one = ranges.at(0)
        row, column = self.model.first_row, self.model.first_column
        return range(one.top() + row, one.bottom() + 1 + row), range(one.left() + column, one.right() + 1 + column)

    def cut_short(self, selected: tuple[range, range]) -> bool:
        """Whether a selection ends only because the window does, with more beyond: Ctrl+A of a huge table."""
        rows, columns = selected
        model, layout = self.model, self.model.layout
        assert layout is not None
        whole_rows = len(rows) == model.rowCount() < layout.rows
        return whole_rows or len(columns) == model.columnCount() < layout.columns


def _window(shown: range, first: int, total: int, most: int) -> int:
    """Where a window of ``most`` positions is to begin to hold those in sight well inside; ``first`` if it does."""
    margin = most // _NEAR
    before, behind = shown.start - first, first + most - shown.stop
    if (before >= margin or first == 0) and (behind >= margin or first + most >= total) and before >= 0 <= behind:
        return first
    return max(0, min(shown.start - most // 2, total - most))
