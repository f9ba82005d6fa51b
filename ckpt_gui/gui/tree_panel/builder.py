"""The popover that writes the filter line by choice: it edits the same text, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QFrame, QGridLayout, QLineEdit, QWidget

from ckpt_gui.core.search import FIELDS, field_value, with_field

_CHOSEN = {"dtype": "Element type", "device": "Device", "role": "Role"}
"""Fields with few values: boxes to tick."""
_TYPED = {"shape": "Shape", "dim": "A size", "rank": "Dimensions", "params": "Parameters", "size": "Bytes"}
"""Fields with a number or a pattern."""
_PER_LINE = 3


class Builder(QFrame):
    """A small form; every change gives the whole line anew."""

    changed = Signal(str)

    def __init__(self, text: str, choices: Mapping[str, Sequence[str]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Build the filter by choice")
        self._text = text
        self.boxes: dict[str, list[QCheckBox]] = {}
        self.lines: dict[str, QLineEdit] = {}
        form = QFormLayout(self)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for field, title in _CHOSEN.items():
            if choices.get(field):
                form.addRow(title, self._ticked(field, title, choices[field]))
        for field, title in _TYPED.items():
            form.addRow(title, self._typed(field, title))

    def _ticked(self, field: str, title: str, values: Sequence[str]) -> QWidget:
        holder = QWidget(self)
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        chosen = field_value(self._text, field).split(",")
        boxes = self.boxes[field] = []
        for place, value in enumerate(values):
            box = QCheckBox(value, holder)
            box.setAccessibleName(f"{title} {value}")
            box.setChecked(value in chosen)
            box.toggled.connect(lambda _on, field=field: self._tick(field))
            grid.addWidget(box, place // _PER_LINE, place % _PER_LINE)
            boxes.append(box)
        return holder

    def _tick(self, field: str) -> None:
        self._write(field, ",".join(box.text() for box in self.boxes[field] if box.isChecked()))

    def _typed(self, field: str, title: str) -> QLineEdit:
        line = self.lines[field] = QLineEdit(field_value(self._text, field), self)
        line.setPlaceholderText(FIELDS[field])
        line.setAccessibleName(title)
        line.setMinimumWidth(26 * line.fontMetrics().averageCharWidth())
        line.textEdited.connect(lambda value, field=field: self._write(field, value.strip()))
        return line

    def _write(self, field: str, value: str) -> None:
        bare = value if field == "shape" else value.replace(" ", "")
        if field == "shape" and bare and not bare.startswith("("):
            bare = f"({bare})"
        self._text = with_field(self._text, field, bare)
        self.changed.emit(self._text)

    def open_below(self, widget: QWidget) -> None:
        """Show under that widget, with the keyboard in the first field."""
        self.move(widget.mapToGlobal(QPoint(widget.width() - self.sizeHint().width(), widget.height() + 2)))
        self.show()
        first = next(iter(self.boxes.values()), None)
        (first[0] if first else next(iter(self.lines.values()))).setFocus()
