"""The preview: the plan in a line, its rows with filter and buttons, its warnings, the same in words."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ckpt_gui.core.convert.sift import Sifted, read, sifting
from ckpt_gui.core.text import plural
from ckpt_gui.gui.convert_preview import columns
from ckpt_gui.gui.convert_preview.chips import Chips
from ckpt_gui.gui.convert_preview.in_words import InWords
from ckpt_gui.gui.convert_rows import RowsModel, Sentences, Table
from ckpt_gui.gui.converting import in_window
from ckpt_gui.gui.filter_line import FilterLine
from ckpt_gui.gui.slices import Slices
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.gui.converting import Preview


class PreviewPanel(QWidget):
    """Shows one plan.

    Signals:
        message: a sentence about what was done.
    """

    message = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Preview")
        self.preview: Preview | None = None
        self._errors: tuple[object, ...] = ()
        self.headline = spoken(Elided(), "What will be", style="headline")
        self.headline.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = muted(spoken(QLabel(), "State of the plan"))
        self.filter = FilterLine(self, "words, change:dropped, dtype:f32, size:>1MiB …", builds=False)
        self.chips = Chips(self)
        self.model = RowsModel(columns.COLUMNS, self)
        self.table = Table(self.model, "What becomes of each tensor", self)
        self.warnings = Sentences("Warnings", self)
        self.in_words = InWords(self)
        self._sieve: Slices[Sifted] = Slices(self)
        self._lay_out()
        self.chips.changed.connect(self._sift)
        self.filter.changed.connect(lambda _text: self._sift())
        self.filter.left_downwards.connect(self._go_to_rows)
        self.in_words.message.connect(self.message)
        self.table.message.connect(self.message)
        find = QShortcut(QKeySequence.StandardKey.Find, self, context=Qt.ShortcutContext.WindowShortcut)
        find.activated.connect(self.filter.setFocus)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addWidget(self.state)
        column.addLayout(head)
        for widget in (self.filter, self.chips):
            column.addWidget(widget)
        self.filter.counts.hide()
        column.addWidget(self.table, 1)
        column.addWidget(self.warnings)
        column.addWidget(self.in_words)

    def busy(self) -> bool:
        """Are rows still being sifted?"""
        return self._sieve.busy

    def say(self, words: str) -> None:
        """How the plan stands, in words; "" where it is shown."""
        self.state.setText(words)
        self.table.setEnabled(not words)

    def let_go(self) -> None:
        """Nothing of a plan is held any longer."""
        self._sieve.stop()
        self.preview = None
        self.model.show(())

    def refuse(self) -> None:
        """There is no plan for what is asked."""
        self.let_go()
        self.headline.say("Nothing can be converted like this.")
        self.warnings.say(())
        self.in_words.tell("", "")
        self.chips.tell({})
        self.say("")

    def show_preview(self, preview: Preview) -> None:
        """Show another plan; filter and place stay."""
        self.preview = preview
        counts = dict(preview.told.counts)
        self.headline.say(preview.told.headline)
        self.chips.tell(counts)
        self.warnings.say([in_window(one) for one in preview.plan.warnings])
        self.in_words.tell(preview.command, preview.python)
        header = self.table.header()
        header.setSectionHidden(columns.BECOMES, not counts.get("renamed"))
        header.setSectionHidden(columns.DEVICE, not preview.devices)
        header.setSectionHidden(columns.WHY, not preview.reasons)
        several = sum(bool(counts.get(mark)) for mark in ("renamed", "cast", "retagged")) > 1
        cast, moved = bool(counts.get("cast")), bool(counts.get("retagged"))
        for place, wide in ((columns.CHANGE, several), (columns.DTYPE, cast), (columns.DEVICE, moved),
                            (columns.SIZE, cast)):  # fmt: skip
            self.table.widen(place, (columns.WIDE if wide else columns.NARROW)[place])
        self.say("")
        self._sift()
        self.table.fill()

    def _sift(self) -> None:
        self._sieve.stop()
        if self.preview is None:
            self.filter.tell(read(self.filter.edit.text()).errors, "")
        else:
            self._sieve.start(self._work(self.preview), self._sifted)

    def _work(self, preview: Preview) -> Generator[None, None, Sifted]:
        return (yield from sifting(read(self.filter.edit.text()), preview.index, self.chips.shown()))

    def _sifted(self, found: Sifted) -> None:
        assert self.preview is not None
        rows, top = self.preview.told.rows, self.table.verticalScrollBar().value()
        self.model.show(rows, found.places)
        self.table.verticalScrollBar().setValue(top)
        some = len(found.places) != len(rows)
        self.filter.counts.setVisible(some)
        self.filter.tell(found.errors, f"{len(found.places):,} of {plural(len(rows), 'row')} shown" if some else "")

    def _go_to_rows(self) -> None:
        self.table.setFocus()
        if not self.table.currentIndex().isValid():
            self.table.setCurrentIndex(self.model.index(0, 0))
