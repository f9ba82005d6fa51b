"""Step: in which format the result is written, in how many files, with which metadata."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QPushButton, QTableWidget, QTableWidgetItem, QWidget

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.gui.convert_steps.section import Section, choose
from ckpt_gui.gui.spoken import spoken

_FORMATS = (
    ("as the source, or the name says", None), ("torch (zip)", "torch"), ("torch, before 1.6", "legacy"),
    ("safetensors", "safetensors"),
)  # fmt: skip
_UNIT = 1_000_000_000


class OutputSection(Section):
    """Format, size of the parts, metadata."""

    TITLE = "Format"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.to = self.choice("Written as", "Format of the result", _FORMATS)
        self.shard = self.line("Parts of at most", "Largest part", "one file; or 5GB, 2GiB",
                               "safetensors in several files with an index")  # fmt: skip
        self.table = spoken(QTableWidget(0, 2, self.body), "Metadata to set")
        self.table.setHorizontalHeaderLabels(["Metadata", "Text"])
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.setTabKeyNavigation(False)
        self.table.setFixedHeight(6 * (self.table.fontMetrics().lineSpacing() + 8))
        self.table.itemChanged.connect(self._edited)
        self.form.addRow(self.table)
        row = QHBoxLayout()
        self._of_metadata: list[QWidget] = [self.table]
        for words, name, act in (("Add", "Add metadata", self._add), ("Take away", "Take metadata away", self._remove)):
            button = spoken(QPushButton(words, self.body), name)
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
            self._of_metadata.append(button)
        row.addStretch(1)
        self.form.addRow(row)
        self._of_metadata.append(self.words("Metadata is text that safetensors carries beside the tensors."))
        self._asked: dict[str, str | None] = {}
        """What was asked for beyond the file's own; None takes a key away."""
        self.tell({}, holds=False)

    def _add(self) -> None:
        self._append("", "")
        self.table.setCurrentCell(self.table.rowCount() - 1, 0)
        self.table.edit(self.table.currentIndex())

    def _append(self, key: str, value: str) -> None:
        self.table.blockSignals(True)
        row = self.table.rowCount()
        self.table.insertRow(row)
        for column, words in enumerate((key, value)):
            item = QTableWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, key)
            self.table.setItem(row, column, item)
        self.table.blockSignals(False)

    def _edited(self, item: QTableWidgetItem) -> None:
        key, value = (self.table.item(item.row(), column) for column in (0, 1))
        if key is None or value is None:
            return
        name, before = key.text().strip(), key.data(Qt.ItemDataRole.UserRole)
        if before and before != name:
            self._asked[before] = None
        if name:
            self._asked[name] = value.text()
            key.setData(Qt.ItemDataRole.UserRole, name)
            self.typed.emit()

    def _remove(self) -> None:
        row = self.table.currentRow()
        if row >= 0:
            item = self.table.item(row, 0)
            self.table.removeRow(row)
            if item is not None and item.data(Qt.ItemDataRole.UserRole):
                self._asked[item.data(Qt.ItemDataRole.UserRole)] = None
                self.changed.emit()

    def _shown(self) -> dict[str, str]:
        found = {}
        for row in range(self.table.rowCount()):
            key, value = (self.table.item(row, column) for column in (0, 1))
            found[key.text() if key is not None else ""] = value.text() if value is not None else ""
        return found

    def tell(self, metadata: dict[str, str], *, holds: bool) -> None:
        """What the result has as planned, and whether its format holds any; a row being typed stays."""
        for widget in self._of_metadata:
            widget.setVisible(holds)
        shown = self._shown()
        if shown != metadata and "" not in shown and self.table.state() != QTableWidget.State.EditingState:
            row, column = self.table.currentRow(), self.table.currentColumn()
            self._fill(metadata)
            self.table.setCurrentCell(row, column)

    def _fill(self, metadata: dict[str, str]) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(0)
        self.table.blockSignals(False)
        for key, value in metadata.items():
            self._append(key, value)

    def fields(self) -> dict[str, Any]:
        from ckpt_gui.core.convert.options import read_size

        typed = self.shard.text().strip()
        return {"to": self.to.currentData(), "max_shard": read_size(typed) if typed else None,
                "metadata": tuple(self._asked.items())}  # fmt: skip

    def show_options(self, options: Options) -> None:
        choose(self.to, options.to)
        self.shard.setText(_shard(options.max_shard))
        self._asked = dict(options.metadata)
        self._fill({key: text for key, text in options.metadata if text is not None})


def _shard(nbytes: int | None) -> str:
    if nbytes is None:
        return ""
    if nbytes % _UNIT == 0:
        return f"{nbytes // _UNIT}GB"
    return f"{nbytes}B"
