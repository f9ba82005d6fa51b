"""Step: which part of the file, and which tensors of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QCheckBox, QCompleter, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.convert.sift import LANGUAGE
from ckpt_gui.gui.convert_steps.section import Section, listed

if TYPE_CHECKING:
    from ckpt_gui.core.convert.choices import Choices
    from ckpt_gui.core.convert.nouns import Options

_GLOBS = "Names with * and ?, parted by commas: the whole path or the last key"


class WhatSection(Section):
    """A subtree, GLOBs, a filter."""

    TITLE = "What is kept"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.select = self.line("Part", "Part of the file", "the whole file",
                                "Path of the only part that is kept, such as model/encoder")  # fmt: skip
        self._paths = QStringListModel(self)
        completer = QCompleter(self._paths, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.activated.connect(lambda _text: self.changed.emit())
        self.select.setCompleter(completer)
        self.keep = self.line("Keep", "Names to keep", "all, or *.weight, encoder.*", _GLOBS)
        self.drop = self.line("Leave out", "Names to leave out", "none, or *.bias", _GLOBS)
        self.only = self.line("Filter", "Filter of what is kept", "dtype:f32 size:>1MiB …",
                              f"The language of the filter line: {', '.join(LANGUAGE.fields)} …")  # fmt: skip
        self.damaged = QCheckBox("Leave out what is damaged", self.body)
        self.damaged.setToolTip("Instead of refusing the conversion; each is listed")
        self.damaged.toggled.connect(lambda _on: self.changed.emit())
        self.form.addRow(self.damaged)

    def know(self, choices: Choices) -> None:
        self._paths.setStringList(list(choices.containers))

    def fields(self) -> dict[str, Any]:
        typed = self.select.text().strip()
        return {
            "select": text.parse_path(typed) if typed else None, "keep": listed(self.keep.text()),
            "drop": listed(self.drop.text()), "only": self.only.text().strip(),
            "skip_damaged": self.damaged.isChecked(),
        }  # fmt: skip

    def show_options(self, options: Options) -> None:
        self.select.setText(text.path_text(options.select) if options.select else "")
        self.keep.setText(", ".join(options.keep))
        self.drop.setText(", ".join(options.drop))
        self.only.setText(options.only)
        self.damaged.blockSignals(True)
        self.damaged.setChecked(options.skip_damaged)
        self.damaged.blockSignals(False)
