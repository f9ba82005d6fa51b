"""The second start's side: call the running window, hear its greeting, hand the request over."""

from __future__ import annotations

import enum
import os
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from ckpt_gui.handover.place import Place
from ckpt_gui.handover.request import GREETING, TAKEN, Request, encode

_PATIENCE = 10.0
"""Seconds for each line of the window, which may just be starting on a cold disk."""
_MAX_ANSWER = 100


class Answer(enum.Enum):
    """What became of an offer."""

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    """Somebody is there who hangs, speaks another version or does not want it."""
    NOBODY = enum.auto()


class _Line(Protocol):
    """A connection to the window."""

    def send(self, data: bytes) -> None: ...
    def receive(self) -> bytes: ...


def offer(place: Place, request: Request) -> Answer:
    """Hand a request to the window that listens at this place, if one does."""
    if (line := encode(request)) is None:
        return Answer.REFUSED
    if sys.platform == "win32":
        return _within_time(lambda: _by_pipe(place.address, line))
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(_PATIENCE)
            caller.connect(place.address)
            return _converse(_Socket(caller), line)
    except (TimeoutError, BlockingIOError):
        return Answer.REFUSED
    except OSError:
        return Answer.NOBODY


def _converse(window: _Line, line: bytes) -> Answer:
    greeting = _hear(window)
    if greeting != GREETING:
        return Answer.REFUSED if greeting else Answer.NOBODY  # it ended before it had greeted
    window.send(line)
    return Answer.TAKEN if _hear(window) == TAKEN else Answer.REFUSED


def _hear(window: _Line) -> bytes:
    """One line, its newline included; cut off where it is no answer of ours."""
    heard = b""
    while not heard.endswith(b"\n") and len(heard) < _MAX_ANSWER:
        more = window.receive()
        if not more:
            break
        heard += more
    return heard


class _Socket:
    def __init__(self, caller: socket.socket) -> None:
        self._caller = caller

    def send(self, data: bytes) -> None:
        self._caller.sendall(data)

    def receive(self) -> bytes:
        return self._caller.recv(_MAX_ANSWER)


def _by_pipe(name: str, line: bytes) -> Answer:
    """On Windows: pipes are opened like files."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(-1)  # this start may come forward; so may whoever takes its place
    try:
        pipe = os.open(name, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError:
        return Answer.NOBODY
    try:
        return _converse(_Pipe(pipe), line)
    except OSError:
        return Answer.REFUSED
    finally:
        os.close(pipe)


class _Pipe:
    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._pipe, data) :]

    def receive(self) -> bytes:
        return os.read(self._pipe, 1)  # a pipe gives no less than asked for, or waits


def _within_time(talk: Callable[[], Answer]) -> Answer:
    """A pipe has no time limit of its own: the talk is left behind where it lasts too long."""
    import threading

    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(talk()), name="ckpt_gui-offer", daemon=True)
    thread.start()
    thread.join(2 * _PATIENCE)
    return answers[0] if answers else Answer.REFUSED
