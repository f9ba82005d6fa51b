"""Up to three heat-maps, side by side or under one another, that show the same part and point at the same place."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout, QWidget

from ckpt_gui.core.heatmap.plane import Region
from ckpt_gui.gui.spoken import spoken

Ranges = tuple[tuple[float, float], tuple[float, float]]
NAMES = ("A", "B", "B − A")
BESIDE_FROM = 1.25
"""Times the height that the width must be for pictures to stand side by side."""


class Trio(QWidget):
    """A, B and B − A.

    Signals:
        parts_wanted: another part is in sight.
        pointed: row and column of the plane.
        slice_wanted: so many slices on.
    """

    parts_wanted = Signal()
    pointed = Signal(int, int)
    slice_wanted = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        from ckpt_gui.gui.plots.heatmap import HeatmapPlot  # the plot library: when the page is first shown

        super().__init__(parent)
        self.plots = [HeatmapPlot(self, profiles=False) for _name in NAMES]
        self.titles = [spoken(QLabel(name, self), "Heat-map") for name in NAMES]
        self._shown = 3
        self._linking = False
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self._columns = []
        for name, title, plot in zip(NAMES, self.titles, self.plots, strict=True):
            plot.setAccessibleName(f"Heat-map of {name}")
            column = QWidget(self)
            inner = QVBoxLayout(column)
            inner.setContentsMargins(0, 0, 0, 0)
            inner.setSpacing(0)
            inner.addWidget(title)
            inner.addWidget(plot, 1)
            self._box.addWidget(column, 1)
            self._columns.append(column)
        self.setFocusProxy(self.plots[2])
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.parts_wanted)
        self._wire()

    def _wire(self) -> None:
        for number, plot in enumerate(self.plots):
            plot.part_wanted.connect(lambda _region: self._soon.start())
            plot.slice_wanted.connect(self.slice_wanted)
            plot.moved.connect(lambda ranges, number=number: self._follow(number, ranges))
            plot.pointed.connect(lambda row, column, number=number: self._point(number, row, column))

    def show_some(self, names: tuple[str, ...]) -> None:
        """How many there are, and what they are called."""
        self._shown = len(names)
        for number, column in enumerate(self._columns):
            column.setVisible(number < len(names))
            if number < len(names):
                self.titles[number].setText(names[number])
        self._arrange()

    @property
    def shown(self) -> int:
        """How many pictures there are."""
        return self._shown

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        wide = self.width() > BESIDE_FROM * self.height()
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def likely_room(self) -> tuple[float, float]:
        """About the pixels, down and across, of one picture that was not in sight yet."""
        ratio, wide = self.devicePixelRatioF(), self._box.direction() == QBoxLayout.Direction.LeftToRight
        down, across = (1, self._shown) if wide else (self._shown, 1)
        return max(60.0, self.height() / down - 50) * ratio, max(60.0, self.width() / across - 130) * ratio

    # -------------------------------------------------------------------------------------------- together

    def _follow(self, number: int, ranges: Ranges | None) -> None:
        if self._linking:
            return
        self._linking = True
        for other, plot in enumerate(self.plots[: self._shown]):
            if other != number and ranges is None:
                plot.show_everything()
            elif other != number and ranges is not None:
                plot.see(ranges)
        self._linking = False

    def _point(self, number: int, row: int, column: int) -> None:
        if self._linking:
            return
        self._linking = True
        for other, plot in enumerate(self.plots[: self._shown]):
            if other != number:
                plot.point(row, column)
        self._linking = False
        self.pointed.emit(row, column)

    @property
    def at(self) -> tuple[int, int] | None:
        """Row and column of the cross-hair."""
        return self.plots[self._shown - 1].at

    def look_at(self, row: int, column: int) -> None:
        """Put the cross-hair there, in sight."""
        self.plots[self._shown - 1].look_at(row, column)

    def parts(self) -> list[tuple[Region, tuple[int, int]]]:
        """Of each picture the rows and columns in sight, and the pixels they have."""
        regions = [plot.part() for plot in self.plots[: self._shown]]
        return [(region, plot.pixels(region)) for region, plot in zip(regions, self.plots, strict=False)]

    def show_everything(self) -> None:
        """All of the plane."""
        self.plots[0].show_everything()

    def forget(self) -> None:
        """Another tensor comes."""
        for plot in self.plots:
            plot.forget()
