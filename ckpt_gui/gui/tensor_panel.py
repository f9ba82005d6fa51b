"""What is known of the picked rows without reading a value: Summary (asked first) and Info (how it lies there)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QUrl, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextBrowser, QVBoxLayout, QWidget

from ckpt_gui.gui import rich, theme
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.facts import Facts, Section


class FactsText(QTextBrowser):
    """Sections of facts, to read, select and copy; links lead to rows of the tree.

    Signals:
        node_wanted: a link was followed.
    """

    node_wanted = Signal(int)

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
        if (node := rich.linked_node(url.toString())) is not None:
            self.node_wanted.emit(node)


class SummaryPanel(FactsText):
    """The facts one asks first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Summary", parent)

    def show_facts(self, facts: Facts) -> None:
        """Show the facts of a selection."""
        self.show_sections(facts.summary)


class InfoPanel(QWidget):
    """How it lies in the file; a long text (code, a configuration) in full below.

    Signals:
        node_wanted: a link was followed.
    """

    node_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Info")
        self._facts = FactsText("Info", self)
        self._facts.node_wanted.connect(self.node_wanted)
        self._long: QPlainTextEdit | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self._facts, 1)
        self.setFocusProxy(self._facts)

    def show_facts(self, facts: Facts) -> None:
        """Show the facts of a selection."""
        self._facts.show_sections(facts.info)
        if facts.long_text or self._long is not None:
            self._text().setPlainText(facts.long_text)
            self._text().setVisible(bool(facts.long_text))

    def _text(self) -> QPlainTextEdit:
        if self._long is None:  # the monospace font takes a moment to find; most selections never need it
            self._long = spoken(QPlainTextEdit(self), "Text")
            self._long.setReadOnly(True)
            self._long.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
            self._long.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self._box.addWidget(self._long, 3)
        return self._long
