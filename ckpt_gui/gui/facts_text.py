"""Facts as text to read, select and copy; a shell for what the core says of a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QUrl, Signal
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from ckpt_gui.gui import rich, theme
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.facts import Section


class FactsText(QTextBrowser):
    """Sections of facts, to read, select and copy; links lead to rows of the tree.

    Signals:
        node_wanted: a link to a row was followed.
        word_wanted: a word of the glossary is to be explained.
        place_wanted: a link to one value of a tensor was followed; its row, and the index.
    """

    node_wanted = Signal(int)
    word_wanted = Signal(str)
    place_wanted = Signal(int, tuple)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        spoken(self, name, style="page").setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(6)
        self._sections: tuple[Section, ...] = ()
        self.anchorClicked.connect(self._follow)

    def show_sections(self, sections: tuple[Section, ...]) -> None:
        """Show these instead."""
        if sections != self._sections:
            self._sections = sections
            self._render()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._render()  # the colours stand in the text

    def _render(self) -> None:
        self.setHtml(rich.facts_table(self._sections, theme.of(self.palette())))

    def _follow(self, url: QUrl) -> None:
        if word := rich.linked_word(url.toString()):
            self.word_wanted.emit(word)
        elif (place := rich.linked_place(url.toString())) is not None:
            self.place_wanted.emit(*place)
        elif (node := rich.linked_node(url.toString())) is not None:
            self.node_wanted.emit(node)
