"""The pairs of a comparison as Qt sees them: integer ids, no logic, nothing computed that the facts do not keep."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QPalette

from ckpt_gui.core.diff.arrange import Arrangement
from ckpt_gui.core.diff.columns import COLUMNS, KEYS, MEANING, bar, column
from ckpt_gui.core.diff.facts import Facts
from ckpt_gui.core.diff.grouping import ROOT
from ckpt_gui.core.text import escape
from ckpt_gui.gui.laid_model import Index, LaidModel

BAR_ROLE = Qt.ItemDataRole.UserRole + 1
"""Length of the bar of a relative L2: 0 … 1."""
CHANGE_ROLE = Qt.ItemDataRole.UserRole + 2
"""The change of the row: one of CHANGES, or ""."""
MAX_TEXTS = 20_000

_DISPLAY = Qt.ItemDataRole.DisplayRole
_ALIGNMENT = Qt.ItemDataRole.TextAlignmentRole
_FOREGROUND = Qt.ItemDataRole.ForegroundRole
_FONT = Qt.ItemDataRole.FontRole
_ARROWS = ("↑", "↓")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ROW = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
_CHANGE, _REL = KEYS.index("change"), KEYS.index("rel")

LIGHT = {
    "same": "#646b79", "close": "#2a6cb0", "changed": "#b3123b", "dtype": "#5b46c9", "shape": "#8a5200",
    "added": "#1b7a35", "removed": "#8a2f8f", "problem": "#b3123b", "": "#646b79",
}  # fmt: skip
DARK = {
    "same": "#9aa1ae", "close": "#7fb4f0", "changed": "#ff7a90", "dtype": "#b8a6ff", "shape": "#ffb454",
    "added": "#6fcf7f", "removed": "#e79bea", "problem": "#ff7a90", "": "#9aa1ae",
}  # fmt: skip


def change_colours(palette: QPalette) -> dict[str, QColor]:
    """A colour for each change, legible on the palette's rows; the glyph and the word say the same."""
    dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
    return {change: QColor(colour) for change, colour in (DARK if dark else LIGHT).items()}


class DiffModel(LaidModel):
    """Adapter over one arrangement of one comparison's rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(COLUMNS), parent)
        self.facts: Facts | None = None
        self.arrangement: Arrangement | None = None
        self.order: tuple[str, bool] | None = None
        """Column key, and whether downwards; None: the first order."""
        self._texts: dict[tuple[int, int], str] = {}
        self._bold = QFont()
        self._muted = QColor()
        self._colours: dict[str, QColor] = {}

    def show(self, facts: Facts | None, arrangement: Arrangement | None) -> None:
        """Replace what is shown."""
        self.beginResetModel()
        self.facts, self.arrangement = facts, arrangement
        self.laid = arrangement
        self._texts.clear()
        self.endResetModel()

    def forget_texts(self) -> None:
        """The facts know more: cells are to be worded anew."""
        self._texts.clear()

    def dress(self, palette: QPalette, font: QFont) -> None:
        """Take the colours of the palette."""
        self._muted = palette.color(QPalette.ColorRole.PlaceholderText)
        self._colours = change_colours(palette)
        self._bold = QFont(font)
        self._bold.setBold(True)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return _ROW if index.isValid() else Qt.ItemFlag.NoItemFlags

    # -------------------------------------------------------------------------------------------- what rows say

    def data(self, index: Index, role: int = _DISPLAY) -> Any:
        if self.facts is None or not index.isValid():
            return None
        row, place = index.internalId(), index.column()
        if role == _DISPLAY:
            return self.text(row, place)
        if role == _ALIGNMENT:
            return _RIGHT if COLUMNS[place].right else _LEFT
        if role == _FOREGROUND:
            return self._colour(row, place)
        if role == _FONT:
            return self._bold if place == 0 and self._is_heading(row) else None
        return self._words(row, place, role)

    def text(self, row: int, place: int) -> str:
        """What the cell says."""
        known = self._texts.get((row, place))
        if known is None:
            if len(self._texts) > MAX_TEXTS:
                self._texts.clear()
            known = self._texts[row, place] = self._say(row, place)
        return known

    def _say(self, row: int, place: int) -> str:
        assert self.facts is not None
        assert self.arrangement is not None
        if self._is_run(row):
            return self.arrangement.run_label(row) if place == 0 else ""
        return COLUMNS[place].text(self.facts, row)

    def _is_run(self, row: int) -> bool:
        return self.facts is not None and row >= len(self.facts.grouping)

    def _is_heading(self, row: int) -> bool:
        assert self.arrangement is not None
        return self.arrangement.opens(row) and not self._is_run(row) and self.arrangement.parent(row) == ROOT

    def _colour(self, row: int, place: int) -> QColor | None:
        if place == 0 or self._is_run(row) or self.facts is None:
            return None
        change = self.facts.change(row)
        if place == _CHANGE:
            return self._colours.get(change)
        return self._muted if change == "same" else None

    def _words(self, row: int, place: int, role: int) -> Any:
        assert self.facts is not None
        if role == CHANGE_ROLE:
            return "" if self._is_run(row) else self.facts.change(row)
        if role == BAR_ROLE:
            measures = None if self._is_run(row) else self.facts.measures(row)
            return bar(measures.rel_l2) if place == _REL and measures is not None else 0.0
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, place)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = self.text(row, place)
            return said if place == 0 or not said else f"{COLUMNS[place].title}: {said}"
        return None

    def _tip(self, row: int, place: int) -> str:
        facts = self.facts
        if facts is None or self._is_run(row):
            return ""
        if facts.grouping.is_group(row):
            counts = zip(("not compared yet", *MEANING), facts.sum(row).counts, strict=False)
            listed = [f"{count:,} {word}" for word, count in counts if count]
            return f"{escape(facts.grouping.name(row))}\n{' · '.join(listed)}" if place in (0, _CHANGE) else ""
        one = facts.rows[row]
        if place == _CHANGE:
            return f"{one.change}: {one.problem or MEANING[one.change]}" if one.change else MEANING[""]
        return escape(one.key) if place == 0 else self.text(row, place)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        one = COLUMNS[section]
        if role == _DISPLAY:
            if self.order is None or self.order[0] != one.key:
                return one.title
            return f"{one.title} {_ARROWS[self.order[1]]}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return one.tip or None
        return (_RIGHT if one.right else _LEFT) if role == _ALIGNMENT else None


def sort_value(facts: Facts, key: str) -> Any:
    """A function from row to what it sorts by."""
    chosen = column(key)
    return lambda row: chosen.value(facts, row)
