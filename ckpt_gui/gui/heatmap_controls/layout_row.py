"""How a tensor of any shape lies in rows and columns: which axes, which slice, kernels, lines of a vector."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QSpinBox, QWidget

from ckpt_gui.core.heatmap import plane as planes
from ckpt_gui.core.heatmap.plane import Plane
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.spoken import muted, spoken

MOST_STEPS = 6
"""Axes to step through that have a box of their own; more stay at 0."""
_LARGEST = (1 << 31) - 1
"""What a spin box can count to."""
_NAMES = {"slice": "Slice", "kernels": "Kernels", "row": "One row", "folded": "In lines of"}


class LayoutRow(QWidget):
    """Shows how a tensor lies, and lets a person change it.

    Signals:
        changed: the ``Plane`` that is wanted now.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Rows and columns")
        self._shape: tuple[int, ...] = ()
        self._at: dict[int, int] = {}
        self._steps: list[tuple[int, QSpinBox]] = []
        self._kind = spoken(QComboBox(self), "How the tensor is laid out")
        self._rows = spoken(QComboBox(self), "Axis shown as rows")
        self._columns = spoken(QComboBox(self), "Axis shown as columns")
        for box in (self._kind, self._rows, self._columns):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._by = muted(QLabel("×", self))
        self._width = spoken(QSpinBox(self), "Values in a line")
        self._width.setKeyboardTracking(False)
        self._flow = Flow(self)
        for widget in (self._kind, self._rows, self._by, self._columns, self._width):
            self._flow.addWidget(widget)
        self._kind.currentIndexChanged.connect(lambda _at: self._choose())
        self._rows.currentIndexChanged.connect(lambda _at: self._turn(self._rows, self._columns))
        self._columns.currentIndexChanged.connect(lambda _at: self._turn(self._columns, self._rows))
        self._width.valueChanged.connect(lambda _width: self._choose())

    def show_plane(self, plane: Plane, *, plain: bool) -> None:
        """Show the choices for a tensor, and this one; ``plain``: slices only (an axis repeats itself)."""
        blockers = [QSignalBlocker(box) for box in (self._kind, self._rows, self._columns, self._width)]
        if self._shape != plane.shape:
            self._at = {}
        self._shape = plane.shape
        self._kind.clear()
        for kind in _kinds(plane.shape, plain=plain):
            self._kind.addItem(_NAMES[kind], kind)
        self._kind.setCurrentIndex(max(0, self._kind.findData(plane.name)))
        for box, dim in zip((self._rows, self._columns), _sides(plane), strict=True):
            box.clear()
            for number, size in enumerate(plane.shape):
                box.addItem(f"axis {number} ({size:,})", number)
            box.setCurrentIndex(dim)
        self._width.setRange(2, max(2, min(plane.shape[0] - 1, _LARGEST)))
        self._width.setValue(plane.width if plane.name == "folded" else planes.square_side(plane.shape[0]))
        del blockers
        self._arrange(plane)

    def _arrange(self, plane: Plane) -> None:
        """Only what there is to choose is shown."""
        sliced = plane.name == "slice"
        self._kind.setVisible(self._kind.count() > 1)
        for widget in (self._rows, self._by, self._columns):
            widget.setVisible(sliced)
        self._width.setVisible(plane.name == "folded")
        wanted = [dim for dim, _at in plane.fixed if plane.shape[dim] > 1][:MOST_STEPS]
        if wanted != [dim for dim, _box in self._steps]:
            for _dim, box in self._steps:
                self._flow.removeWidget(box)
                box.deleteLater()
            self._steps = [(dim, self._step_box(dim)) for dim in wanted]
        for dim, box in self._steps:
            with QSignalBlocker(box):
                box.setRange(0, min(plane.shape[dim] - 1, _LARGEST))
                box.setValue(dict(plane.fixed)[dim])
        self.setVisible(self._kind.count() > 1 or sliced)
        self.updateGeometry()

    def _step_box(self, dim: int) -> QSpinBox:
        box = spoken(QSpinBox(self), f"Index along axis {dim}")
        box.setPrefix(f"axis {dim}: ")
        box.setSuffix(f" of {self._shape[dim]:,}")
        box.setWrapping(True)
        box.setKeyboardTracking(False)
        box.setToolTip(f"Which slice along axis {dim} is shown; Page Up and Page Down step through the first such axis")
        box.valueChanged.connect(lambda at: self._stepped(dim, at))
        self._flow.addWidget(box)
        box.show()
        return box

    def step(self, by: int) -> bool:
        """So many slices on, along the first axis there is to step through; whether there is one."""
        if not self._steps:
            return False
        box = self._steps[0][1]
        box.setValue((box.value() + by) % (box.maximum() + 1))
        return True

    def _stepped(self, dim: int, at: int) -> None:
        self._at[dim] = at
        self._choose()

    def _turn(self, changed: QComboBox, other: QComboBox) -> None:
        """Rows and columns are never the same axis: the other one gives way."""
        if changed.currentIndex() == other.currentIndex():
            before = next(dim for dim in range(len(self._shape)) if dim != changed.currentIndex())
            with QSignalBlocker(other):
                other.setCurrentIndex(before)
        self._choose()

    def _choose(self) -> None:
        self.changed.emit(self.plane())

    def plane(self) -> Plane:
        """What is chosen."""
        shape, kind = self._shape, str(self._kind.currentData())
        if kind == "row":
            return planes.row(shape)
        if kind == "folded":
            return planes.folded(shape, self._width.value())
        if kind == "kernels":
            return planes.kernels(shape, self._at)
        rows, columns = max(self._rows.currentIndex(), 0), max(self._columns.currentIndex(), 0)
        if rows == columns:
            rows = 1 if columns == 0 else columns - 1
        return planes.sliced(shape, rows, columns, self._at)


def _sides(plane: Plane) -> tuple[int, int]:
    """The axes of rows and columns; of kernels those of a slice through them: outputs and inputs."""
    if plane.name == "kernels":
        out = max(0, len(plane.shape) - 4)
        return out, out + 1
    rows, columns = (side[0].dim if side else -1 for side in (plane.rows, plane.columns))
    return rows, columns


def _kinds(shape: Sequence[int], *, plain: bool) -> list[str]:
    if len(shape) == 1:
        return ["row"] + (["folded"] if shape[0] > 2 and not plain else [])
    return ["slice"] + (["kernels"] if planes.has_kernels(shape) and not plain else [])
