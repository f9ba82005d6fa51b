"""Step: other element types; what is spared of that, and what it would do to the values."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QPushButton, QWidget

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.sift import LANGUAGE
from ckpt_gui.core.text import plural
from ckpt_gui.gui.convert_steps.section import Section, choose
from ckpt_gui.gui.spoken import spoken

TYPES = ("float32", "bfloat16", "float16", "float64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
         "float8_e5m2fnuz", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64", "complex128")  # fmt: skip


class TypesSection(Section):
    """One type for what is chosen.

    Signals:
        audit_wanted: what it would do to the values is to be looked at.
        buffers_wanted: what is taken for a buffer is to be seen.
    """

    TITLE = "Element types"
    audit_wanted = Signal()
    buffers_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        entries: list[tuple[str, object]] = [("as they are", None), *((name, name) for name in TYPES)]
        self.dtype = self.choice("Cast to", "Element type", entries, "Floating tensors become this")
        self.cast = self.line("Only", "Filter of what is cast", "weights and their averages",
                              f"Which tensors are cast, in the language of the filter line: "
                              f"{', '.join(LANGUAGE.fields)} …")  # fmt: skip
        self.buffers = self._check("Buffers too", "Running statistics and frequencies, which lose much in few bits")
        self.integers = self._check("Integers and bools too", "Otherwise they stay as they are")
        self.listed = self._button("Show what is taken for a buffer", self.buffers_wanted)
        self.audit = self._button("&Audit the values…", self.audit_wanted)
        self.audit.setToolTip("Reads every value that would be cast: overflow, underflow, errors")
        self._counts = (0, 0)
        self._enable()
        self.dtype.activated.connect(lambda _place: self._enable())

    def _check(self, words: str, tip: str) -> QCheckBox:
        box = QCheckBox(words, self.body)
        box.setToolTip(tip)
        box.toggled.connect(lambda _on: self.changed.emit())
        self.form.addRow(box)
        return box

    def _button(self, words: str, signal: Any) -> QPushButton:
        button = spoken(QPushButton(words, self.body), words.replace("&", "").rstrip("…"))
        button.setAutoDefault(False)
        button.clicked.connect(signal)
        self.form.addRow(button)
        return button

    def tell(self, cast: int, buffers: int) -> None:
        """How many tensors are cast, and how many are taken for buffers."""
        self._counts = (cast, buffers)
        self.listed.setText(f"Show {plural(buffers, 'buffer')}" if buffers else "Nothing is taken for a buffer")
        self._enable()

    def _enable(self) -> None:
        on = self.dtype.currentData() is not None
        for widget in (self.cast, self.buffers, self.integers):
            widget.setEnabled(on)
        self.listed.setEnabled(on and self._counts[1] > 0)
        self.audit.setEnabled(on and self._counts[0] > 0)

    def fields(self) -> dict[str, Any]:
        return {"dtype": self.dtype.currentData(), "cast": self.cast.text().strip(),
                "cast_buffers": self.buffers.isChecked(), "cast_integers": self.integers.isChecked()}  # fmt: skip

    def show_options(self, options: Options) -> None:
        if options.dtype is not None and self.dtype.findData(options.dtype) < 0:
            self.dtype.addItem(options.dtype, options.dtype)
        choose(self.dtype, options.dtype)
        self.cast.setText(options.cast)
        for box, on in ((self.buffers, options.cast_buffers), (self.integers, options.cast_integers)):
            box.blockSignals(True)
            box.setChecked(on)
            box.blockSignals(False)
        self._enable()
