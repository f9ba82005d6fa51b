"""The frame of a step: a heading that folds it away, and what all steps have in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.choices import Choices
    from ckpt_gui.core.convert.nouns import Options


class Section(QWidget):
    """One step.

    Signals:
        changed: something else is asked for.
        typed: so is it, but somebody is still typing.
    """

    TITLE = ""
    changed = Signal()
    typed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.TITLE)
        self._head = spoken(QToolButton(self), self.TITLE, style="step")
        self._head.setText(self.TITLE)
        self._head.setCheckable(True)
        self._head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._head.setArrowType(Qt.ArrowType.RightArrow)
        self._head.toggled.connect(self._fold)
        self.body = QWidget(self)
        self.form = QFormLayout(self.body)
        self.form.setContentsMargins(18, 2, 2, 8)
        self.form.setSpacing(5)
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self.body)
        self.body.hide()

    def unfold(self, opened: bool = True) -> None:
        """Show what stands beneath the heading, or fold it away."""
        self._head.setChecked(opened)

    def unfolded(self) -> bool:
        """Does it show what stands beneath the heading?"""
        return self._head.isChecked()

    def _fold(self, opened: bool) -> None:
        self._head.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.body.setVisible(opened)

    # -------------------------------------------------------------------------------------------- for each step

    def know(self, choices: Choices) -> None:
        """What there is to choose from in this file."""

    def fields(self) -> dict[str, Any]:
        """The fields of ``Options`` that this step sets."""
        raise NotImplementedError

    def show_options(self, options: Options) -> None:
        """Set the controls to these; nothing is told of it."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------- controls

    def line(self, label: str, name: str, example: str, tip: str) -> QLineEdit:
        """A line to type in."""
        edit = spoken(QLineEdit(self.body), name)
        edit.setPlaceholderText(example)
        edit.setToolTip(tip)
        edit.setAccessibleDescription(tip)
        edit.textEdited.connect(lambda _text: self.typed.emit())
        self.form.addRow(label, edit)
        return edit

    def choice(self, label: str, name: str, options: Sequence[tuple[str, object]], tip: str = "") -> QComboBox:
        """A box of words, each standing for a value."""
        box = spoken(QComboBox(self.body), name)
        for words, value in options:
            box.addItem(words, value)
        box.setToolTip(tip)
        box.setAccessibleDescription(tip)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.activated.connect(lambda _place: self.changed.emit())
        self.form.addRow(label, box)
        return box

    def tab_through(self, widgets: Sequence[QWidget]) -> None:
        """Tab goes through these in their order, though some are newer than what follows."""
        for one, other in pairwise(widgets):
            QWidget.setTabOrder(one, other)

    def words(self, words: str = "") -> QLabel:
        """A quiet line of words."""
        label = muted(QLabel(words, self.body))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self.form.addRow(label)
        return label


def choose(box: QComboBox, value: object) -> None:
    """Bring the entry of this value to the front."""
    place = next((one for one in range(box.count()) if box.itemData(one) == value), 0)
    box.setCurrentIndex(place)


def listed(text: str) -> tuple[str, ...]:
    """What is typed between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
