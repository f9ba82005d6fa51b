"""An ``Outline`` as Qt sees it: integer ids, no logic, nothing computed that the outline does not keep."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QPalette

from ckpt_gui.core.outline import COLUMNS, Outline
from ckpt_gui.gui.laid_model import Index, LaidModel

LABEL_ROLE = Qt.ItemDataRole.UserRole + 1
"""The key alone; the display text of the first column is this and the note."""
NOTE_ROLE = Qt.ItemDataRole.UserRole + 2
"""What stands behind the key: partners, class, trouble."""

# Looked up once: data() is asked for them hundreds of times a repaint, and an enum's attribute is a Python call.
_DISPLAY = Qt.ItemDataRole.DisplayRole
_ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole
_FONT = Qt.ItemDataRole.FontRole
_ARROWS = ("↑", "↓")
"""In the title, not by the style: styles paint theirs over the words of narrow columns."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ROW = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_LEAF = _ROW | Qt.ItemFlag.ItemNeverHasChildren


class TreeModel(LaidModel):
    """Adapter over one outline; another arrangement is another outline."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(COLUMNS), parent)
        self.outline: Outline | None = None
        self._bold = QFont()
        self._bold.setBold(True)
        self._muted = QColor()
        self._problem = QColor()

    def show(self, outline: Outline | None) -> None:
        """Replace what is shown."""
        self.beginResetModel()
        self.outline = self.laid = outline
        self.endResetModel()

    def dress(self, palette: QPalette, font: QFont) -> None:
        """Take the colours of the palette: quiet for facts, a red that is legible for problems."""
        self._muted = palette.color(QPalette.ColorRole.PlaceholderText)
        self._problem = problem_colour(palette)
        self._bold = QFont(font)
        self._bold.setBold(True)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be selected, never edited."""
        if self.outline is None or not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return _ROW if self.outline.opens(index.internalId()) else _LEAF

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        outline = self.outline
        if outline is None or not index.isValid():
            return None
        row, column = index.internalId(), index.column()
        if role == _DISPLAY:
            return outline.text(row, column)
        if role == _ALIGNMENT:
            return _RIGHT if COLUMNS[column].right else _LEFT
        if role == _FOREGROUND:
            return self._problem if outline.is_bad(row) else self._muted if column else None
        if role == _FONT:
            return self._bold if column == 0 and outline.is_heading(row) else None
        return self._words(outline, row, column, role)

    def _words(self, outline: Outline, row: int, column: int, role: int) -> str | None:
        if role == LABEL_ROLE:
            return outline.label(row)
        if role == NOTE_ROLE:
            return outline.note(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return outline.text(row, column) if column and outline.text(row, column) else outline.tip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            text = outline.text(row, column)
            return text if column == 0 or not text else f"{COLUMNS[column].title}: {text}"
        return outline.tip(row) if role == Qt.ItemDataRole.AccessibleDescriptionRole and column == 0 else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles, and what they mean."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            order = self.outline.sort if self.outline is not None else None
            return column.title if order is None or order[0] != column.key else f"{column.title} {_ARROWS[order[1]]}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.right else _LEFT
        return None


def problem_colour(palette: QPalette) -> QColor:
    """A red that can be read on the palette's background."""
    dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
    return QColor("#ff7a90" if dark else "#b3123b")
