"""Who is the running window: the process that holds the lock. It listens before Qt is imported.

The lock goes with its process, however that ends, so that a socket left behind by a crash is known for what it is.
Whoever calls while the window is still being built waits in the socket's queue.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from ckpt_gui.handover.offer import Answer, offer
from ckpt_gui.handover.place import Place, find_place
from ckpt_gui.handover.request import Request

_PATIENCE = 2.0
"""Seconds to wait for somebody who holds the lock but does not listen: it begins, or it ends."""
_QUEUE = 64


class Claim:
    """The right to be the running window."""

    def __init__(self, place: Place, listening: socket.socket | None = None, lock: int = -1) -> None:
        """``listening`` hears already (None on Windows, where Qt's server opens the pipe); ``lock``: a descriptor."""
        self.place, self.listening, self._lock = place, listening, lock

    def give_up(self) -> None:
        """Stop being the running window: the socket goes, then the lock."""
        if self.listening is not None:
            with suppress(OSError):
                Path(self.place.address).unlink()
            self.listening.close()
            self.listening = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def meet(request: Request | None) -> Claim | Answer:
    """Hand the request to the running window (``Answer.TAKEN``), or become the running window (a ``Claim``).

    Any other answer: there is to be a window of its own, to which nothing is handed over. ``request`` None: that
    is wanted, and a claim is only taken where nobody has it.
    """
    place = find_place()
    if place is None:
        return Answer.NOBODY
    end = time.monotonic() + _PATIENCE
    while True:
        if request is not None and (answer := offer(place, request)) is not Answer.NOBODY:
            return answer
        if (claim := take(place)) is not None:
            return claim
        if request is None or time.monotonic() > end:
            return Answer.NOBODY
        time.sleep(0.01)


def take(place: Place) -> Claim | None:
    """Become the running window; None if another is, or if the folder cannot be written to."""
    if sys.platform == "win32":
        return Claim(place)
    import fcntl

    try:
        lock = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Claim(place, _listen(place.address), lock)
    except OSError:
        os.close(lock)
        return None


def _listen(address: str) -> socket.socket:
    """A socket at this address, which the user alone may call. What lies there is left over: we hold the lock."""
    Path(address).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(address)
        Path(address).chmod(0o600)  # nobody can call before it listens
        listening.listen(_QUEUE)
    except OSError:
        listening.close()
        raise
    return listening
