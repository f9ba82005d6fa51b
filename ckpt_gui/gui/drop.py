"""Files and folders dropped anywhere in a window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLabel, QWidget

from ckpt_gui.gui.spoken import spoken


class DropTarget(QObject):
    """Makes a window take files, with a hint while they hover.

    Signals:
        dropped: local paths.
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
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self.hint.setGeometry(self._window.rect().adjusted(16, 16, -16, -16))
            self.hint.raise_()
            self.hint.show()

    def _drop(self, event: QDropEvent) -> None:
        self.hint.hide()
        event.acceptProposedAction()
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        # After the drop is answered: the other program must not wait for us.
        QTimer.singleShot(0, self, lambda: self.dropped.emit(paths))
