"""What is known of the picked rows without reading a value: Summary (asked first) and Info (how it lies there)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, QUrl, Signal
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


class _Page(QWidget):
    """Facts; a text of several lines (code, a configuration) in full below.

    Signals:
        node_wanted: a link was followed.
    """

    node_wanted = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._facts = FactsText(name, self)
        self._facts.node_wanted.connect(self.node_wanted)
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
    """The facts one asks first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Summary", parent)

    def show_facts(self, facts: Facts) -> None:
        """Show the facts of a selection."""
        self._show(facts.summary, facts.long_text)


class InfoPanel(_Page):
    """How it lies in the file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Info", parent)

    def show_facts(self, facts: Facts) -> None:
        """Show the facts of a selection."""
        self._show(facts.info, facts.long_text)
