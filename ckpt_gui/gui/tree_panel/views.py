"""The tree and the flat list: two views that look and behave alike.

The flat list is a table: a QTreeView lays out every one of 500,000 siblings (seconds), a QTableView none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QByteArray,
    QDataStream,
    QIODevice,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTreeView,
    QWidget,
)

from ckpt_gui.core.outline import COLUMNS
from ckpt_gui.gui.growing import Growing
from ckpt_gui.gui.tree_model import LABEL_ROLE, NOTE_ROLE, TreeModel

_WIDTHS = {
    "key": 34, "kind": 10, "shape": 16, "dtype": 10, "device": 8, "params": 10, "percent": 6, "size": 12,
}  # fmt: skip
"""To begin with, in average characters."""
_LEAST_KEY = 26
"""Characters the key keeps when the panel is narrow; then it scrolls."""
_KIND, _SIZE = ([column.key for column in COLUMNS].index(key) for key in ("kind", "size"))
STORED = " stored)"
"""How a size ends that is not the one on disk."""
GAP = 2
"""Characters between a key and its note."""


class KeyDelegate(QStyledItemDelegate):
    """Paints a key, and its note in a quieter colour."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        note = index.data(NOTE_ROLE) or self._value(option, index)
        if not note:
            super().paint(painter, option, index)
            return
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        shown.text = index.data(LABEL_ROLE)
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, option.widget)
        self._paint_note(painter, shown, style, str(note))

    def _value(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> str:
        """The text of a plain value, while the column it stands in is out of sight."""
        view = option.widget
        if not isinstance(view, QTreeView) or index.sibling(index.row(), _KIND).data() != "value":
            return ""
        header = view.header()
        right = header.sectionViewportPosition(_SIZE) + header.sectionSize(_SIZE)
        return f"= {index.sibling(index.row(), _SIZE).data()}" if right > view.viewport().width() + 8 else ""

    def _paint_note(self, painter: QPainter, option: QStyleOptionViewItem, style: QStyle, note: str) -> None:
        area = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, option.widget)
        metrics: QFontMetrics = option.fontMetrics
        margin = style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, option, option.widget) + 1
        text_width = QFontMetrics(option.font).horizontalAdvance(option.text)
        area.adjust(margin + text_width + GAP * metrics.averageCharWidth(), 0, -margin, 0)
        if area.width() < 3 * metrics.averageCharWidth():
            return
        painter.save()
        selected = option.state & QStyle.StateFlag.State_Selected
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.PlaceholderText
        painter.setPen(option.palette.color(role))
        elided = metrics.elidedText(note, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
        painter.restore()


class ValueDelegate(QStyledItemDelegate):
    """Lets the text of a value run on to the left, over cells that are empty in its row."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        words, room = shown.text, self.room(option, index)
        if words.endswith(STORED) and shown.fontMetrics.horizontalAdvance(words) + 8 > option.rect.width():
            # Half a number would be read as a whole one: the size stays, the tip has both.
            shown.text = f"{words.partition(' (')[0]} …"
            style = option.widget.style()
            style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, option.widget)
            return
        if shown.fontMetrics.horizontalAdvance(words) + 8 <= option.rect.width() or room <= 0:
            super().paint(painter, option, index)
            return
        shown.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, option.widget)
        area = option.rect.adjusted(-room, 0, -style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) - 1, 0)
        selected = option.state & QStyle.StateFlag.State_Selected
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        painter.save()
        painter.setPen(shown.palette.color(role))
        elided = shown.fontMetrics.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, elided)
        painter.restore()

    def room(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> int:
        """Pixels of empty cells that stand directly to the left."""
        header = option.widget.header() if isinstance(option.widget, QTreeView) else None
        room = 0
        place = header.visualIndex(index.column()) if header is not None else 0
        while header is not None and place > 0:
            place -= 1
            column = header.logicalIndex(place)
            if column == 0 or index.sibling(index.row(), column).data():
                break
            room += header.sectionSize(column)
        return room


class Columns:
    """The columns of both views: which show, where, how wide, and the menu that says so."""

    def __init__(self, header: QHeaderView) -> None:
        self.header = header
        self._filling = False
        self._by_hand = False
        """Did the person choose the key's width?"""
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setStretchLastSection(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.setAccessibleName("Columns")
        metrics = header.fontMetrics()
        for place, column in enumerate(COLUMNS):
            header.resizeSection(place, _WIDTHS.get(column.key, 10) * metrics.averageCharWidth() + 12)
            header.setSectionHidden(place, not column.shown)
        header.sectionResized.connect(self._resized)
        Growing(header, self._widen)

    def _widen(self, wider: Callable[[], None]) -> None:
        """Its text is larger or smaller; that is not the person's hand."""
        self._filling = True
        wider()
        self._filling = False

    def fill(self, width: int) -> None:
        """Give the key what the others leave of ``width``, within reason."""
        least = _LEAST_KEY * self.header.fontMetrics().averageCharWidth()
        others = self.header.length() - self.header.sectionSize(0)
        if not self._by_hand:
            self._filling = True
            self.header.resizeSection(0, max(width - others, least))
            self._filling = False

    def _resized(self, place: int, _before: int, _after: int) -> None:
        if place == 0 and not self._filling:
            self._by_hand = True

    def shown(self) -> tuple[str, ...]:
        """Keys of the columns that show, but for the key itself."""
        hidden = self.header.isSectionHidden
        return tuple(column.key for place, column in enumerate(COLUMNS) if place and not hidden(place))

    def show_only(self, keys: Sequence[str]) -> None:
        """Show these beside the key, and no others."""
        for place, column in enumerate(COLUMNS):
            if place and self.header.isSectionHidden(place) == (column.key in keys):
                self.header.setSectionHidden(place, column.key not in keys)

    def menu(self, parent: QWidget) -> QMenu:
        """A menu that shows and hides columns; the key always stays."""
        menu = QMenu("Columns", parent)
        menu.setToolTipsVisible(True)
        for place, column in enumerate(COLUMNS):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not self.header.isSectionHidden(place))
            action.setEnabled(place > 0)
            action.setToolTip(column.tip)
            action.setStatusTip(column.tip)
            action.toggled.connect(lambda shown, place=place: self.header.setSectionHidden(place, not shown))
        return menu

    def state(self) -> QByteArray:
        """Order, widths and visibility, for ``restore``."""
        made = QByteArray()
        stream = QDataStream(made, QIODevice.OpenModeFlag.WriteOnly)
        stream.writeQString(" ".join(column.key for column in COLUMNS))
        stream << self.header.saveState()
        stream.writeBool(self._by_hand)
        return made

    def restore(self, state: QByteArray) -> bool:
        """Take on a saved state; one of other columns is left alone."""
        stream = QDataStream(state)
        if stream.readQString() != " ".join(column.key for column in COLUMNS):
            return False
        saved = QByteArray()
        stream >> saved
        by_hand = stream.readBool()
        self._filling = True
        restored = self.header.restoreState(saved)
        self._filling = False
        self._by_hand = by_hand
        self.header.setSortIndicatorShown(False)
        self.header.setSectionHidden(0, False)
        return restored


class Tree(QTreeView):
    """Rows beneath rows."""

    def __init__(self, model: TreeModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(True)
        self.setAllColumnsShowFocus(True)
        self.columns = Columns(self.header())
        _dress_alike(self)
        self.setItemDelegateForColumn(_SIZE, ValueDelegate(self))
        self.setAccessibleName("Tree of the checkpoint")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.columns.fill(self.viewport().width())


class FlatList(QTableView):
    """Every tensor, one under the other."""

    def __init__(self, model: TreeModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.columns = Columns(self.horizontalHeader())
        # A header asks its selection whether each whole column is selected: a call for every one of 500,000 rows.
        self.horizontalHeader().setSelectionModel(QItemSelectionModel(model, self))
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        _dress_alike(self)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(_SIZE, ValueDelegate(self))
        self.setAccessibleName("All tensors of the checkpoint")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.columns.fill(self.viewport().width())


def _dress_alike(view: Tree | FlatList) -> None:
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setAlternatingRowColors(True)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    view.setItemDelegateForColumn(0, KeyDelegate(view))
    view.setFrameShape(view.Shape.NoFrame)


def menu_place(view: Tree | FlatList, asked: QPoint) -> QPoint:
    """Where a context menu belongs: at the mouse, or at the current row when the keyboard asked."""
    area = view.visualRect(view.currentIndex())
    inside = view.viewport().rect().contains(asked)
    return view.viewport().mapToGlobal(asked if inside else area.bottomLeft())
