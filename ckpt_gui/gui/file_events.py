"""macOS hands a double-clicked file to the running program as an event, not as an argument."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent


class FileEvents(QObject):
    """Listens at the application; installed on macOS only, for a filter sees every event.

    Signals:
        asked: the address of a file.
    """

    asked = Signal(str)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.asked.emit(event.file())
            return True
        return False
