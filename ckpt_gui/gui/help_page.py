"""What is a state_dict? The words of checkpoints, explained beside the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from ckpt_gui.gui import glossary
from ckpt_gui.gui.spoken import spoken


class HelpPage(QDialog):
    """One page; Esc closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Words of checkpoints")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = spoken(QTextBrowser(self), "Words of checkpoints", style="page")
        self.text.document().setDocumentMargin(12)
        self.text.setHtml(glossary.page())
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.text)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(90 * letter, 90 * letter)

    def go_to(self, word: str) -> None:
        """Bring that word to the top; "" the beginning."""
        self.text.scrollToAnchor(word or glossary.ENTRIES[0].name)
