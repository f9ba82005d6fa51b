"""The legend of a chart over the layers: kinds of weight, each switched on and off."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui import theme
from ckpt_gui.gui.plots.layers import icon
from ckpt_gui.gui.spoken import spoken


class KindLegend(QListWidget):
    """Lines and glyphs with their names.

    Signals:
        switched: a kind was switched on or off.
    """

    switched = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        spoken(self, "Kinds of weight")
        self.setAccessibleDescription("Space switches a kind on and off")
        self.setIconSize(QSize(30, 14))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(self.Shape.NoFrame)
        self.kinds: tuple[str, ...] = ()
        self.hidden: set[str] = set()
        """Kinds that are switched off."""
        self.itemChanged.connect(self._switch)

    def show_kinds(self, kinds: Sequence[str], hidden: Collection[str]) -> None:
        """Other kinds; those ``hidden`` are off."""
        self.kinds, self.hidden = tuple(kinds), set(hidden)
        self.blockSignals(True)
        self.clear()
        for kind in self.kinds:
            item = QListWidgetItem(text.escape(kind))
            item.setToolTip(text.escape(kind))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked if kind in self.hidden else Qt.CheckState.Checked)
            self.addItem(item)
        self.blockSignals(False)
        self._dress()

    def _switch(self, item: QListWidgetItem) -> None:
        kind = self.kinds[self.row(item)]
        (self.hidden.discard if item.checkState() == Qt.CheckState.Checked else self.hidden.add)(kind)
        self._dress()
        self.switched.emit()

    def _dress(self) -> None:
        """Icons in the theme's colours."""
        colours, ratio = theme.of(self.palette()), self.devicePixelRatioF()
        self.blockSignals(True)
        for number, kind in enumerate(self.kinds):
            item, shown = self.item(number), kind not in self.hidden
            item.setIcon(icon(colours, number, ratio, faint=not shown))
            item.setForeground(QColor(colours.text if shown else colours.muted))
        self.blockSignals(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "kinds"):
            QTimer.singleShot(0, self, self._dress)
