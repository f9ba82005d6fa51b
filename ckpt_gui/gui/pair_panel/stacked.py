"""Cells that hold A, B and B − A under one another, so that digits stand above digits."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ckpt_gui.gui import theme
from ckpt_gui.gui.values_model import ValuesModel


class PairModel(ValuesModel):
    """A table of values whose rows say which line is which."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        """Of the lines of a cell; () where there is one line."""

    def entry(self, row: int) -> str:
        """What stands before the row, without the names of its lines."""
        return super().label(row)

    def label(self, row: int) -> str:
        label = super().label(row)
        return "\n".join([f"{label}   {self.names[0]}", *self.names[1:]]) if self.names else label


class Stacked(QStyledItemDelegate):
    """Paints the lines; what is equal on both sides is muted, so that the eye finds the rest."""

    def __init__(self, model: PairModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines = 3
        self._model = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if self.lines == 1:
            super().paint(painter, option, index)
            return
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        told = str(index.data() or "").split("\n")
        shown.text = ""
        style = shown.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        colours = theme.of(shown.palette)
        height = shown.fontMetrics.height()
        top = shown.rect.top() + (shown.rect.height() - height * self.lines) / 2
        painter.save()
        painter.setFont(shown.font)
        for line, words in enumerate(told):
            painter.setPen(self._colour(line, words, told, colours))
            box = QRectF(shown.rect.left(), top + line * height, shown.rect.width() - 5, height)
            words = shown.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, int(box.width()))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()

    @staticmethod
    def _colour(line: int, words: str, told: list[str], colours: theme.Colours) -> QColor:
        if "NaN" in words or "Inf" in words:
            return QColor(colours.alarm)
        if len(told) == 3 and told[0] == told[1]:
            return QColor(colours.muted)
        return QColor(colours.accent if line == 2 else colours.text)
