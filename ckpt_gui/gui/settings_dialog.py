"""The settings: one page of choices, each in force at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.core.diff.nouns import Tolerance
from ckpt_gui.core.outline import COLUMNS
from ckpt_gui.gui import theme
from ckpt_gui.gui.preferences import DEFAULTS, MOST_BINS, MOST_CACHE, MOST_RECENT, TABS, THEMES, ZOOMS, Preferences
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.spoken import muted, spoken
from ckpt_gui.gui.tolerance_control import EXACT, ToleranceControl

_THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}

_COLUMN_ROWS = 8
"""Columns in sight at once."""


class SettingsDialog(QDialog):
    """Choices beside their names; what is chosen is kept and holds at once. Esc closes.

    Signals:
        recents_unwanted, cache_unwanted: the person clears the recent files, the statistics kept on disk.
    """

    recents_unwanted = Signal()
    cache_unwanted = Signal()

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setAccessibleName("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._settings = settings
        self._shown = False
        """Are the controls being filled?"""
        form = QWidget()
        self._form = QFormLayout(form)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self._form.setVerticalSpacing(9)
        self._make_looks()
        self._make_pages()
        self._make_keeping()
        area = self._area = spoken(QScrollArea(self), "Choices", style="plain")
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(form)
        box = QVBoxLayout(self)
        box.addWidget(area, 1)
        box.addWidget(self._where())
        box.addWidget(self._buttons())
        self._show()
        settings.chosen.connect(self._show)
        self._fit()

    def _fit(self) -> None:
        """As large as its choices, as far as the screen goes."""
        bar = self.columns.verticalScrollBar().sizeHint().width()
        self.columns.setMinimumWidth(self.columns.sizeHintForColumn(0) + bar + 8)
        self.columns.setMaximumHeight(_COLUMN_ROWS * self.columns.sizeHintForRow(0) + 4)
        form, room = self._area.widget(), self.screen().availableSize()
        assert form is not None
        rest = self.sizeHint().height() - self._area.sizeHint().height()
        width = form.sizeHint().width() + self._area.verticalScrollBar().sizeHint().width() + 40
        self.resize(min(width, room.width() - 40), min(form.sizeHint().height() + rest + 12, room.height() - 80))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_area"):
            QTimer.singleShot(0, self, self._fit)  # once the choices have their new font

    # -------------------------------------------------------------------------------------------- controls

    def _make_looks(self) -> None:
        self.theme = self._choice("&Theme", [(_THEMES[name], name) for name in THEMES], "theme")
        natural = theme.natural_size()
        self.points = self._number("Text si&ze", (max(5, natural + ZOOMS[0]), natural + ZOOMS[1]))
        self.points.setSuffix(" pt")
        self.points.setToolTip("Of every text in the window (Ctrl++, Ctrl+-, Ctrl+0)")
        self.points.valueChanged.connect(lambda points: self._choose(zoom=points - natural))

    def _make_pages(self) -> None:
        self.tab = self._choice("&Page for a row", [(name.capitalize(), name) for name in TABS], "tab")
        self.tab.setToolTip("What is on the right when a row is picked first; then the page stays where you left it")
        self.columns = spoken(QListWidget(self), "Columns of the tree")
        self.columns.setAccessibleDescription("Space switches a column on and off")
        for column in COLUMNS[1:]:
            item = QListWidgetItem(column.title)
            item.setData(Qt.ItemDataRole.UserRole, column.key)
            item.setToolTip(column.tip)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.columns.addItem(item)
        self.columns.setSizeAdjustPolicy(QListWidget.SizeAdjustPolicy.AdjustToContents)
        self.columns.itemChanged.connect(self._choose_columns)
        self._row("&Columns", self.columns, self.columns)
        self.bins = self._number("&Bars of a histogram", (0, MOST_BINS))
        self.bins.setSpecialValueText("Auto")
        self.bins.setToolTip("Auto: by the spread of the values, a bar for each integer")
        self.bins.valueChanged.connect(lambda bins: self._choose(bins=bins))
        self.tolerance = ToleranceControl(self)
        self.tolerance.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.tolerance.chosen.connect(self._choose_tolerance)
        self._row("Compa&ring", self.tolerance, self.tolerance.choice)

    def _make_keeping(self) -> None:
        self.background = self._check(
            "Compute &statistics in the background", "background",
            "As soon as a column or filter needs them, as far as that is quick; off: only when you ask",
        )  # fmt: skip
        clear = self._button("C&lear them", self.cache_unwanted)
        self.cache = self._number("Statistics kept on &disk", (0, MOST_CACHE), clear)
        self.cache.setSuffix(" MiB")
        self.cache.setSpecialValueText("None")
        self.cache.setSingleStep(32)
        self.cache.setToolTip("Only numbers and hashes, so that a file opened again has its statistics at once")
        self.cache.valueChanged.connect(lambda size: self._choose(cache=size))
        clear = self._button("Clear t&he list", self.recents_unwanted)
        self.recent = self._number("Recent &files", (0, MOST_RECENT), clear)
        self.recent.setSpecialValueText("None")
        self.recent.valueChanged.connect(lambda number: self._choose(recent=number))
        self.reopen = self._check(
            "&Open what was open last", "reopen", "Files, comparisons and runs, when the program starts without any"
        )

    def _row(self, words: str, field: QWidget | QLayout, buddy: QWidget) -> None:
        label = QLabel(words)
        label.setBuddy(buddy)
        if isinstance(field, QLayout):
            self._form.addRow(label, field)
        else:
            self._form.addRow(label, field)

    def _choice(self, words: str, choices: list[tuple[str, str]], name: str) -> QComboBox:
        box = spoken(QComboBox(self), words.replace("&", ""))
        for shown, value in choices:
            box.addItem(shown, value)
        box.currentIndexChanged.connect(lambda place: self._choose(**{name: box.itemData(place)}))
        self._row(words, box, box)
        return box

    def _number(self, words: str, span: tuple[int, int], *beside: QWidget) -> QSpinBox:
        box = spoken(QSpinBox(self), words.replace("&", ""))
        box.setRange(*span)
        box.setKeyboardTracking(False)
        line = QHBoxLayout()
        for widget in (box, *beside):
            line.addWidget(widget)
        self._row(words, line, box)
        return box

    def _check(self, words: str, name: str, tip: str) -> QCheckBox:
        box = spoken(QCheckBox(words, self), words.replace("&", ""))
        box.setToolTip(tip)
        box.toggled.connect(lambda on: self._choose(**{name: on}))
        self._form.addRow("", box)
        return box

    def _button(self, words: str, signal: Any) -> QPushButton:
        button = spoken(QPushButton(words, self), words.replace("&", ""))
        button.setAutoDefault(False)
        button.clicked.connect(signal)
        return button

    def _where(self) -> QLabel:
        path = text.escape(str(self._settings.choices_path))
        words = f"Kept in {path}" if self._settings.kept else "Nothing of this is kept: the program was started --fresh"
        label = muted(QLabel(words))
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        reset = spoken(QPushButton("Reset to d&efaults", self), "Reset to defaults")
        close = spoken(QPushButton("Close", self), "Close")
        for button, act in ((reset, self._reset), (close, self.close)):
            button.setAutoDefault(False)
            button.clicked.connect(act)
        box.addButton(reset, QDialogButtonBox.ButtonRole.ResetRole)
        box.addButton(close, QDialogButtonBox.ButtonRole.RejectRole)
        return box

    # -------------------------------------------------------------------------------------------- choosing

    def _show(self) -> None:
        """What is in force, in the controls."""
        chosen = self._settings.preferences
        self._shown = True
        for box, value in ((self.theme, chosen.theme), (self.tab, chosen.tab)):
            box.setCurrentIndex(box.findData(value))
        for number, amount in (
            (self.points, theme.natural_size() + chosen.zoom), (self.bins, chosen.bins), (self.cache, chosen.cache),
            (self.recent, chosen.recent),
        ):  # fmt: skip
            number.setValue(amount)
        self.background.setChecked(chosen.background)
        self.reopen.setChecked(chosen.reopen)
        for item in self._items():
            shown = item.data(Qt.ItemDataRole.UserRole) in chosen.columns
            item.setCheckState(Qt.CheckState.Checked if shown else Qt.CheckState.Unchecked)
        self.tolerance.show_tolerance(_as_tolerance(chosen))
        self._shown = False

    def _choose(self, **changes: Any) -> None:
        if not self._shown:
            self._settings.choose(**changes)

    def _choose_columns(self) -> None:
        checked = Qt.CheckState.Checked
        self._choose(columns=tuple(item.data(Qt.ItemDataRole.UserRole) for item in self._items()
                                   if item.checkState() == checked))  # fmt: skip

    def _choose_tolerance(self, wanted: Tolerance | None) -> None:
        if wanted is None or wanted == EXACT:
            self._choose(tolerance="torch" if wanted is None else "exact")
        elif wanted.rtol is not None and wanted.atol is not None:
            self._choose(tolerance=(wanted.rtol, wanted.atol))

    def _items(self) -> list[QListWidgetItem]:
        return [self.columns.item(row) for row in range(self.columns.count())]

    def _reset(self) -> None:
        self._settings.prefer(DEFAULTS)


def _as_tolerance(chosen: Preferences) -> Tolerance | None:
    if isinstance(chosen.tolerance, str):
        return EXACT if chosen.tolerance == "exact" else None
    return Tolerance(*chosen.tolerance)
