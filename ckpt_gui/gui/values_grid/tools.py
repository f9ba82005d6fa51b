"""The lines above the table: which entries, how they are written, where to go."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from ckpt_gui.core.table.index_line import BadIndex, Index, parse
from ckpt_gui.core.table.layout import Layout, layout
from ckpt_gui.core.table.styles import KINDS, MAX_DIGITS, WITH_DIGITS, WORDS, Style
from ckpt_gui.gui import theme
from ckpt_gui.gui.spoken import Elided, muted, spoken
from ckpt_gui.gui.underlined import UnderlinedEdit

_TYPING_MS = 250
"""So long after the last key the table follows what is typed."""


class IndexLine(QWidget):
    """``[0, :, 3:10]``, the dimensions for rows and columns, and the sentence on what cannot be read.

    Signals:
        changed: other entries, or the same turned; the Layout.
        enter: Enter was pressed on a good line.
    """

    changed = Signal(object)
    enter = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout: Layout | None = None
        self._wrap = True
        self.edit = spoken(UnderlinedEdit(self), "Index")
        self.edit.setAccessibleDescription("Which entries are shown, as in NumPy: 0, :, 3:10")
        self.edit.setToolTip("Which entries are shown, as in NumPy: [0, :, 3:10]")
        self.rows = spoken(QComboBox(self), "Dimension along the rows")
        self.columns = spoken(QComboBox(self), "Dimension along the columns")
        self.reason = spoken(Elided(self), "What is wrong with the index")
        self.reason.hide()
        for choice in (self.rows, self.columns):
            choice.setPlaceholderText("–")
            choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._clock = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._clock.timeout.connect(self._read)
        self.edit.textEdited.connect(lambda _text: self._clock.start())
        self.edit.returnPressed.connect(self._entered)
        self.rows.activated.connect(self._rows_chosen)
        self.columns.activated.connect(self._columns_chosen)
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addWidget(muted(QLabel("Index")))
        line.addWidget(self.edit, 1)
        self._words = (muted(QLabel("Rows")), muted(QLabel("Columns")))
        for word, choice in zip(self._words, (self.rows, self.columns), strict=True):
            line.addWidget(word)
            line.addWidget(choice)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(line)
        box.addWidget(self.reason)

    def show_layout(self, shown: Layout, *, wrap: bool) -> None:
        """Say what the table shows now."""
        self._layout, self._wrap = shown, wrap
        self._clock.stop()
        self.edit.setText(shown.index.text(shown.shape))
        self.tell(None)
        self._show_axes()

    def _show_axes(self) -> None:
        shown = self._layout
        assert shown is not None
        free = shown.index.free
        with QSignalBlocker(self.rows), QSignalBlocker(self.columns):
            self.rows.clear()
            self.columns.clear()
            if len(free) > 2:
                self.rows.addItem("all others", -1)
            for dim, size in enumerate(shown.shape):
                for choice in (self.rows, self.columns):
                    choice.addItem(f"dim {dim}", dim)
                    choice.setItemData(choice.count() - 1, f"{size:,} entries", Qt.ItemDataRole.ToolTipRole)
            self.rows.setCurrentIndex(
                self.rows.findData(-1 if len(free) > 2 else shown.row_axes[-1] if shown.row_axes else None)
            )
            self.columns.setCurrentIndex(self.columns.findData(shown.column_axis))
        for widget in (*self._words, self.rows, self.columns):
            widget.setVisible(len(shown.shape) > 1)

    def _entered(self) -> None:
        self._clock.stop()
        if self._read():
            self.enter.emit()

    def _read(self) -> bool:
        """Follow what is typed, if it can be read."""
        shown = self._layout
        if shown is None:
            return False
        try:
            index = parse(self.edit.text(), shown.shape)
        except BadIndex as exc:
            self.tell(exc)
            return False
        self.tell(None)
        if index != shown.index:
            self._change(layout(shown.shape, index, shown.column_axis, wrap=self._wrap), retype=False)
        return True

    def _change(self, shown: Layout, *, retype: bool = True) -> None:
        self._layout = shown
        if retype:
            self.edit.setText(shown.index.text(shown.shape))
            self.tell(None)
        self._show_axes()
        self.changed.emit(shown)

    def _rows_chosen(self, place: int) -> None:
        """One dimension down the rows: the others but the columns' stand still, at their first index."""
        shown, dim = self._layout, self.rows.itemData(place)
        assert shown is not None
        if dim < 0:
            return
        across = shown.column_axis
        if across is None or across == dim:
            others = [one for one in shown.index.free if one != dim] or [
                one for one in range(len(shown.shape)) if one != dim
            ]
            across = others[-1]
        self._change(layout(shown.shape, _only(shown, (dim, across)), across, wrap=self._wrap))

    def _columns_chosen(self, place: int) -> None:
        shown, dim = self._layout, self.columns.itemData(place)
        assert shown is not None
        if dim in shown.index.free and len(shown.index.free) != 2:
            self._change(layout(shown.shape, shown.index, dim, wrap=self._wrap))
            return
        down = next((one for one in reversed(shown.row_axes) if one != dim), None)
        down = shown.column_axis if down is None or down == dim else down
        down = down if down is not None else next(one for one in range(len(shown.shape)) if one != dim)
        self._change(layout(shown.shape, _only(shown, (down, dim)), dim, wrap=self._wrap))

    def tell(self, bad: BadIndex | None) -> None:
        """Underline what is wrong and say why; None: nothing is."""
        colour = QColor(theme.of(self.palette()).alarm)
        self.edit.underline([bad] if bad is not None else [], colour)
        _alarm(self.reason, bad.reason if bad is not None else "", colour)


def _only(shown: Layout, free: Sequence[int]) -> Index:
    """The index with just these dimensions left: what was fixed of them is whole again."""
    ranges, fixed = list(shown.index.ranges), [dim not in free for dim in range(len(shown.shape))]
    for dim, size in enumerate(shown.shape):
        if dim in free and shown.index.fixed[dim]:
            ranges[dim] = range(size)
        elif dim not in free and not shown.index.fixed[dim]:
            first = ranges[dim][0] if ranges[dim] else 0
            ranges[dim] = range(first, first + 1)
    return Index(tuple(ranges), tuple(fixed))


def _alarm(label: Elided, words: str, colour: QColor) -> None:
    colours = QPalette(label.palette())
    colours.setColor(QPalette.ColorRole.WindowText, colour)
    label.setPalette(colours)
    label.say(words)
    label.setVisible(bool(words))


class StyleLine(QWidget):
    """How numbers are written.

    Signals:
        changed: the Style.
        raw_changed: stored integers instead of numbers, or back.
    """

    changed = Signal(object)
    raw_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = spoken(QComboBox(self), "Number format")
        for kind in KINDS:
            self.kind.addItem(WORDS[kind], kind)
        self.digits = spoken(QSpinBox(self), "Digits behind the point")
        self.digits.setRange(0, MAX_DIGITS)
        self.digits.setValue(Style().digits)
        self.raw = QCheckBox("Stored integers", self)
        self.raw.setToolTip("Show the integers as they are stored instead of the numbers they stand for")
        self.kind.currentIndexChanged.connect(self._choose)
        self.digits.valueChanged.connect(self._choose)
        self.raw.toggled.connect(self.raw_changed)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        for widget in (muted(QLabel("Format")), self.kind, self.digits, self.raw):
            line.addWidget(widget)
        line.addStretch(1)
        self._fit()

    def style_chosen(self) -> Style:
        """How numbers are to be written."""
        return Style(self.kind.currentData(), self.digits.value())

    def show_raw(self, possible: bool, raw: bool) -> None:
        """Whether there are stored integers to choose, and whether they are shown."""
        with QSignalBlocker(self.raw):
            self.raw.setChecked(raw)
        self.raw.setVisible(possible)

    def _choose(self) -> None:
        self._fit()
        self.changed.emit(self.style_chosen())

    def _fit(self) -> None:
        self.digits.setVisible(self.kind.currentData() in WITH_DIGITS)


class GoLine(QWidget):
    """Where to go: an index typed, or one of the commands.

    Signals:
        wanted: what was typed.
    """

    wanted = Signal(str)

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = spoken(UnderlinedEdit(self), "Go to index")
        self.edit.setPlaceholderText("index, e.g. 3, 17")
        self.edit.setMinimumWidth(90)
        self.edit.returnPressed.connect(lambda: self.wanted.emit(self.edit.text()))
        self.edit.textEdited.connect(lambda _text: self.tell(None))
        self.reason = spoken(Elided(self), "What is wrong with the index to go to")
        self.reason.hide()
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(muted(QLabel("Go to")))
        line.addWidget(self.edit, 1)
        for action in actions:
            line.addWidget(button(action))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(line)
        box.addWidget(self.reason)

    def tell(self, bad: BadIndex | None) -> None:
        """Underline what is wrong and say why; None: nothing is."""
        colour = QColor(theme.of(self.palette()).alarm)
        self.edit.underline([bad] if bad is not None else [], colour)
        _alarm(self.reason, bad.reason if bad is not None else "", colour)


def button(action: QAction) -> QPushButton:
    """A button of a command, with its short words; on while the command is."""
    made = spoken(QPushButton(action.iconText()), action.text())
    made.setAutoDefault(False)

    def follow() -> None:
        made.setEnabled(action.isEnabled())
        made.setToolTip(action.toolTip())

    action.changed.connect(follow)
    made.clicked.connect(action.trigger)
    follow()
    return made
