"""Files and folders dropped anywhere in a window; and addresses as text, ``/runs/a.pt::model/w``."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QWidget

from ckpt_gui.gui.spoken import spoken

_MAX_TEXT = 1 << 16
"""Characters: whoever drags a whole document means something else."""


class DropTarget(QObject):
    """Makes a window take files, with a hint while they hover.

    Signals:
        dropped: local addresses: FILE or FILE::PATH.
    """

    dropped = Signal(list)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.hint = spoken(QLabel("Drop to open", window), "Drop to open", style="drop")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            self._enter(event)
            return True
        if event.type() == QEvent.Type.DragLeave:
            self.hint.hide()
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._drop(event)
            return True
        return False

    def _enter(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or addresses(event.mimeData()):
            event.acceptProposedAction()
            self.hint.setGeometry(self._window.rect().adjusted(16, 16, -16, -16))
            self.hint.raise_()
            self.hint.show()

    def _drop(self, event: QDropEvent) -> None:
        self.hint.hide()
        event.acceptProposedAction()
        found = addresses(event.mimeData())
        # After the drop is answered: the other program must not wait for us.
        QTimer.singleShot(0, self, lambda: self.dropped.emit(found))


def addresses(data: QMimeData) -> list[str]:
    """What is dropped, as local addresses: files, else the lines of a text if each is a path from the root on."""
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    text = "" if files or not data.hasText() else data.text()
    if len(text) > _MAX_TEXT:
        return []
    lines = [_local(line.strip().strip("\"'")) for line in text.splitlines() if line.strip()]
    return files or (lines if all(lines) else [])


def _local(line: str) -> str:
    """The path that a line of text is; "" if it is none, or one that depends on where one stands."""
    if line.startswith("file:"):
        return QUrl(line).toLocalFile()
    if line.startswith("~/"):
        return str(Path(line).expanduser())
    return line if Path(line).is_absolute() else ""
