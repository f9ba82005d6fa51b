"""Step: storages that are wider than what uses them, and tensors that share one."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QWidget

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.gui.convert_steps.section import Section, choose


class MemorySection(Section):
    """Compact, tie, untie."""

    TITLE = "Shared and unused memory"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.compact = QCheckBox("Leave out bytes that no tensor uses", self.body)
        self.compact.setToolTip("Of a storage only the range that is used is written")
        self.compact.toggled.connect(lambda _on: self.changed.emit())
        self.form.addRow(self.compact)
        ties = (("stay shared", "keep"), ("each get their own", "untie"), ("of equal bytes share one", "tie"))
        self.ties = self.choice("Tensors", "Tensors on shared memory", ties)
        shared = (("keep one, record the others", "alias"), ("write each", "clone"))
        self.shared = self.choice("In safetensors", "Shared tensors in safetensors", shared,
                                  "safetensors cannot hold shared memory")  # fmt: skip

    def fields(self) -> dict[str, Any]:
        return {"compact": self.compact.isChecked(), "ties": self.ties.currentData(),
                "shared": self.shared.currentData()}  # fmt: skip

    def show_options(self, options: Options) -> None:
        self.compact.blockSignals(True)
        self.compact.setChecked(options.compact)
        self.compact.blockSignals(False)
        choose(self.ties, options.ties)
        choose(self.shared, options.shared)
