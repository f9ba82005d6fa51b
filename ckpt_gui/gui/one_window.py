"""The running window's side of ``handover``: hears what later starts ask for. Made after the first paint."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication, QWidget

from ckpt_gui.handover.claim import Claim
from ckpt_gui.handover.request import GREETING, MAX_LINE, REFUSED, TAKEN, decode

_PATIENCE_MS = 5_000
"""A caller who has not said all by then is hung up on."""
_NOTICED_MS = 400
"""By then a window that may come forward has."""


class OneWindow(QObject):
    """Listens until the window ends. Garbage, silence and endless lines cost the caller its connection, nobody else.

    Signals:
        asked: a checked ``Request``.
    """

    asked = Signal(object)

    def __init__(self, claim: Claim, tabs: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._claim, self._tabs = claim, tabs
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        if claim.listening is not None:
            self._server.listen(os.dup(claim.listening.fileno()))  # Qt closes the one it is given
        else:
            self._server.listen(claim.place.address)

    def close(self) -> None:
        """Be the running window no longer; before the process ends, so that the next start need not wait for that."""
        self._claim.give_up()
        self._server.close()

    def _greet(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            _Caller(connection, self)

    def hear(self, line: bytes) -> bytes:
        """Take a request's line; the answer."""
        try:
            request = decode(line, self._tabs)
        except ValueError:
            return REFUSED
        # After the answer is on its way: the caller need not wait for a window that paints.
        QTimer.singleShot(0, self, lambda: self.asked.emit(request))
        return TAKEN


class _Caller(QObject):
    """One connection, from the greeting to the answer."""

    def __init__(self, connection: QLocalSocket, house: OneWindow) -> None:
        super().__init__(connection)
        self._connection, self._house = connection, house
        self._heard = bytearray()
        connection.setReadBufferSize(MAX_LINE + 1)
        connection.readyRead.connect(self._listen)
        connection.disconnected.connect(connection.deleteLater)
        clock = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        clock.timeout.connect(lambda: connection.abort())
        clock.start()
        connection.write(GREETING)
        self._listen()

    def _listen(self) -> None:
        self._heard += self._connection.readAll().data()
        line, newline, _ = bytes(self._heard).partition(b"\n")
        if not newline and len(self._heard) <= MAX_LINE:
            return
        self._connection.readyRead.disconnect(self._listen)
        self._connection.write(self._house.hear(line) if newline else REFUSED)
        self._connection.flush()
        self._connection.disconnectFromServer()


def come_forward(window: QWidget, token: str = "") -> None:
    """Bring a window before the others, with the right that the desktop gave whoever asks for it."""
    if token:
        os.environ["XDG_ACTIVATION_TOKEN"] = token  # where Qt looks for it, on Wayland
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    QTimer.singleShot(_NOTICED_MS, window, lambda: _ask_attention(window))


def _ask_attention(window: QWidget) -> None:
    """Where the desktop let no window come forward, its place in the task bar says that there is something to see."""
    if not window.isActiveWindow():
        QApplication.alert(window)
