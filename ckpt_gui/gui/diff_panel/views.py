"""The tree of pairs as a view: columns, bars of relative L2."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from ckpt_gui.core.diff.columns import COLUMNS, KEYS
from ckpt_gui.gui.diff_model import BAR_ROLE, CHANGE_ROLE, DiffModel, change_colours
from ckpt_gui.gui.growing import Growing

_WIDTHS = {"key": 30, "change": 15, "left": 17, "right": 17, "rel": 20, "max": 9, "mean": 9, "cos": 11, "changed": 11,
           "flips": 11, "nan": 10}  # fmt: skip
"""To begin with, in average characters."""
_LEAST_KEY = 24
_NUMBER = "0.000999 "
"""The longest number that stands beside the bar."""


class BarDelegate(QStyledItemDelegate):
    """A number, and to its right a bar on a logarithmic scale."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        length = index.data(BAR_ROLE)
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        words, shown.text = shown.text, ""
        option.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, option.widget)
        metrics = option.fontMetrics
        room = min(metrics.horizontalAdvance(_NUMBER) + 4, option.rect.width() - 4)
        area = option.rect.adjusted(4, 0, room - option.rect.width(), 0)
        painter.save()
        painter.setPen(shown.palette.color(shown.palette.ColorRole.Text))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        track = QRectF(option.rect).adjusted(room + 8, 5, -6, -5)
        if length and track.width() > 8:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            colours = change_colours(option.palette)
            painter.setBrush(colours[index.data(CHANGE_ROLE) or ""])
            painter.drawRoundedRect(QRectF(track.left(), track.top(), track.width() * length, track.height()), 2, 2)
        painter.restore()


class KindDelegate(QStyledItemDelegate):
    """Shape and element type: where there is no room, the type gives way before the shape does."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class DiffTree(QTreeView):
    """Pairs beneath groups."""

    def __init__(self, model: DiffModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName("Tree of the pairs")
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        self.setAllColumnsShowFocus(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setFrameShape(self.Shape.NoFrame)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(KEYS.index("rel"), BarDelegate(self))
        kinds = KindDelegate(self)
        for name in ("left", "right"):
            self.setItemDelegateForColumn(KEYS.index(name), kinds)
        self._filling = self._by_hand = False
        self._dress_header(self.header())

    def _dress_header(self, header: QHeaderView) -> None:
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setStretchLastSection(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.setAccessibleName("Columns")
        width = header.fontMetrics().averageCharWidth()
        for place, column in enumerate(COLUMNS):
            header.resizeSection(place, _WIDTHS[column.key] * width + 12)
            header.setSectionHidden(place, not column.shown)
        header.sectionResized.connect(self._resized)
        Growing(header, self._widen)
        header.customContextMenuRequested.connect(lambda _place: self.open_columns())

    def open_columns(self) -> None:
        """A menu that shows and hides columns; the key always stays."""
        header, menu = self.header(), QMenu("Columns", self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for place, column in enumerate(COLUMNS):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not header.isSectionHidden(place))
            action.setEnabled(place > 0)
            action.setToolTip(column.tip)
            action.toggled.connect(partial(self._show_column, place))
        menu.popup(header.mapToGlobal(QPoint(0, header.height())))

    def _show_column(self, place: int, shown: bool) -> None:
        self.header().setSectionHidden(place, not shown)
        self._fill()

    def _resized(self, place: int, _before: int, _after: int) -> None:
        if place == 0 and not self._filling:
            self._by_hand = True

    def _widen(self, wider: Callable[[], None]) -> None:
        """Its text is larger or smaller; that is not the person's hand."""
        self._filling = True
        wider()
        self._filling = False
        self._fill()

    def _fill(self) -> None:
        """Give the key what the others leave, within reason."""
        header = self.header()
        least = _LEAST_KEY * header.fontMetrics().averageCharWidth()
        others = header.length() - header.sectionSize(0)
        if not self._by_hand:
            self._filling = True
            header.resizeSection(0, max(self.viewport().width() - others, least))
            self._filling = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def menu_place(self, asked: QPoint) -> QPoint:
        """Where a context menu belongs: at the mouse, or at the current row when the keyboard asked."""
        area = self.visualRect(self.currentIndex())
        inside = self.viewport().rect().contains(asked)
        return self.viewport().mapToGlobal(asked if inside else area.bottomLeft())
