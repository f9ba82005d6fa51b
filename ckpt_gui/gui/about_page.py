"""What this is, and what runs here, to be pasted into a bug report."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.gui import versions
from ckpt_gui.gui.spoken import spoken

WORDS = (
    "<p><b style='font-size:large'>ckpt_gui</b></p>"
    "<p>It shows, compares and converts PyTorch checkpoints, and never runs what is in them.</p>"
)


class AboutPage(QDialog):
    """A few words, the versions, Copy. Esc closes it.

    Signals:
        message: a word for the status bar.
    """

    message = Signal(str)

    def __init__(self, reports: str, parent: QWidget) -> None:
        """``reports``: the folder of what is written when the program fails."""
        super().__init__(parent)
        self.setWindowTitle("About ckpt_gui")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.versions = spoken(QPlainTextEdit(versions.as_text()), "Versions")
        self.versions.setReadOnly(True)
        self.versions.setTabChangesFocus(True)
        self.versions.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        words = f"If the program itself fails, a report is written to {reports}; nothing of your files is in it."
        place = QLabel(words)
        place.setTextFormat(Qt.TextFormat.PlainText)
        place.setWordWrap(True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box = QVBoxLayout(self)
        for widget in (QLabel(WORDS), self.versions, place, self._buttons()):
            box.addWidget(widget)
        metrics = self.versions.fontMetrics()
        self.versions.setMinimumHeight((len(versions.versions()) + 2) * metrics.lineSpacing())
        self.resize(64 * metrics.averageCharWidth(), self.sizeHint().height())

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        copy, close = spoken(QPushButton("&Copy"), "Copy the versions"), spoken(QPushButton("Close"), "Close")
        copy.clicked.connect(self._copy)
        close.clicked.connect(self.close)
        box.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        box.addButton(close, QDialogButtonBox.ButtonRole.RejectRole)
        return box

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.versions.toPlainText())
        self.message.emit("Copied: the versions")
