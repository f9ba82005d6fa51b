"""What is known of the picked rows without reading a value: Summary (asked first) and Info (how it lies there)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from ckpt_gui.gui.facts_text import FactsText
from ckpt_gui.gui.spectrum_section import SpectrumSection, State
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.facts import Facts, Section


class _Page(QWidget):
    """Facts; a text of several lines (code, a configuration) in full below.

    Signals:
        node_wanted: a link was followed.
        word_wanted: a word of the glossary is to be explained.
    """

    node_wanted = Signal(int)
    word_wanted = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._facts = FactsText(name, self)
        self._facts.node_wanted.connect(self.node_wanted)
        self._facts.word_wanted.connect(self.word_wanted)
        self._long: QPlainTextEdit | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 6)
        self._box.addWidget(self._facts, 1)
        self.setFocusProxy(self._facts)

    def _show(self, sections: tuple[Section, ...], long_text: str) -> None:
        self._facts.show_sections(sections)
        if long_text or self._long is not None:
            shown = self._text()
            if shown.toPlainText() != long_text:
                shown.setPlainText(long_text)
            shown.setVisible(bool(long_text))

    def _text(self) -> QPlainTextEdit:
        if self._long is None:  # the monospace font takes a moment to find; most selections never need it
            self._long = spoken(QPlainTextEdit(self), "Text")
            self._long.setReadOnly(True)
            self._long.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self._box.addWidget(self._long, 4)
            self._dress()
        return self._long

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._long is not None:
            QTimer.singleShot(0, self, self._dress)

    def _dress(self) -> None:
        if self._long is not None:
            font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
            font.setPointSizeF(max(5.0, self.font().pointSizeF()))
            self._long.setFont(font)


class SummaryPanel(_Page):
    """The facts one asks first, and the statistics of the values once they are known.

    Signals:
        place_wanted: a link to one value was followed; the tensor's row, and the index.
        spectrum_wanted, spectrum_unwanted: its singular values shall be computed, or no longer.
    """

    place_wanted = Signal(int, tuple)
    spectrum_wanted = Signal()
    spectrum_unwanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Summary", parent)
        self._sections: tuple[Section, ...] = ()
        self._long_text = ""
        self._statistics: tuple[Section, ...] = ()
        self._spectral: tuple[Section, ...] = ()
        self._facts.place_wanted.connect(self.place_wanted)
        self._spectrum = SpectrumSection(self)
        self._spectrum.wanted.connect(self.spectrum_wanted)
        self._spectrum.unwanted.connect(self.spectrum_unwanted)
        self._box.addWidget(self._spectrum)
        self.addAction(self._spectrum.action)

    def show_facts(self, facts: Facts) -> None:
        """Show the facts of a selection."""
        self._sections, self._long_text = facts.summary, facts.long_text
        self._statistics = self._spectral = ()
        self._show_all()

    def show_statistics(self, sections: tuple[Section, ...]) -> None:
        """Add what is known of the values of what is shown."""
        self._statistics = sections
        self._show_all()

    def show_spectrum(self, state: State) -> None:
        """Say where the singular values of what is shown stand."""
        self._spectral = ()
        if state.found is not None:
            from ckpt_gui.core.spectrum.words import sections

            self._spectral = sections(state.found)
        self._spectrum.show_state(state)
        self._show_all()

    def _show_all(self) -> None:
        known = (*self._statistics, *self._spectral)
        self._show((*self._sections[:1], *known, *self._sections[1:]), self._long_text)


class InfoPanel(_Page):
    """How it lies in the file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Info", parent)

    def show_facts(self, facts: Facts) -> None:
        """Show the facts of a selection."""
        self._show(facts.info, facts.long_text)
