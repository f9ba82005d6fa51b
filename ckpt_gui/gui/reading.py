"""A file being read by another process, as a task: progress, one result, and it can be killed.

The process writes frames: a tag byte, the payload's length as eight little-endian bytes, the
payload. ``P`` is progress, ``E`` an error in words, ``R`` the result's raw columns. A thread reads
them and turns ``R`` into an ``Opened``, so that half a million rows do not stop the event loop.
"""

from __future__ import annotations

import json
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any

from PySide6.QtCore import QTimer, Signal

from ckpt_gui.gui.jobs import Task, fault

SLOW_MS = 10_000
"""After this the window asks whether to go on."""
_MAX_FRAME = 1 << 36
_CHUNK = 1 << 20
_HEADER = struct.Struct("<cQ")

Load = Callable[[bytearray], Any]
"""Turns the payload of an ``R`` frame into an ``Opened``."""


class ReadTask(Task):
    """Reads one file. Exactly one of ``opened``, ``failed``, ``stopped`` comes, then ``ended``.

    Signals:
        opened: the core's ``Opened``.
        failed: a sentence and details.
        stopped: it was cancelled.
        slow: it has taken ten seconds; a person may want to stop it.
    """

    opened = Signal(object)
    failed = Signal(str, str)
    stopped = Signal()
    slow = Signal()
    _over = Signal(object, object)

    def __init__(self, label: str, process: subprocess.Popen[bytes], load: Load | None = None) -> None:
        super().__init__(label)
        self._process = process
        self._cancelled = False
        self._over.connect(self._conclude)
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(SLOW_MS)
        self._clock.timeout.connect(self.slow)
        self._thread = threading.Thread(target=self._listen, args=(load or _load,), name="ckpt_gui-read", daemon=True)

    def begin(self) -> None:
        """Start listening; connect the signals first."""
        self._clock.start()
        self._thread.start()

    def cancel(self) -> None:
        self._cancelled = True
        self._process.kill()

    def finish(self) -> None:
        self.cancel()
        self._clock.stop()
        self._thread.join()

    def _listen(self, load: Load) -> None:
        """On the thread: everything the process says, until it ends."""
        result, failure = None, None
        try:
            assert self._process.stdout is not None
            with self._process.stdout as stream:
                result, failure = self._collect(stream, load)
        except Exception as exc:  # noqa: BLE001 - whatever comes out of that process must end in a sentence
            failure = fault(exc)
        finally:
            code = self._process.wait()
        if result is None and failure is None:
            failure = (_ended_early(code), "")
        self._over.emit(result, failure)

    def _collect(self, stream: IO[bytes], load: Load) -> tuple[Any, tuple[str, str] | None]:
        for tag, payload in frames(stream):
            if tag == b"P":
                told = json.loads(payload)
                self.progressed.emit(told["done"], told["total"], told["unit"])
            elif tag == b"E":
                told = json.loads(payload)
                return None, (told["text"], told.get("details", ""))
            elif tag == b"R":
                return load(payload), None
        return None, None

    def _conclude(self, result: object, failure: tuple[str, str] | None) -> None:
        self._clock.stop()
        self._thread.join()
        if self._cancelled:
            self.stopped.emit()
        elif failure is not None:
            self.failed.emit(*failure)
        else:
            self.opened.emit(result)
        self.ended.emit()


def frames(stream: IO[bytes]) -> Iterator[tuple[bytes, bytearray]]:
    """Tag and payload of each frame, until the stream ends; a frame cut short counts as the end."""
    while len(head := _exactly(stream, _HEADER.size)) == _HEADER.size:
        tag, length = _HEADER.unpack(head)
        if length > _MAX_FRAME:
            return
        payload = _exactly(stream, length)
        if len(payload) < length:
            return
        yield tag, payload


def _exactly(stream: IO[bytes], nbytes: int) -> bytearray:
    """``nbytes`` bytes, fewer only at the stream's end; memory grows with what comes, not with what was promised."""
    data = bytearray()
    while len(data) < nbytes:
        chunk = stream.read(min(_CHUNK, nbytes - len(data)))
        if not chunk:
            break
        data += chunk
    return data


def _load(payload: bytearray) -> Any:
    from ckpt_gui.core import wire  # not needed until a file has been read

    return wire.load(payload)


def _ended_early(code: int) -> str:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return f"The process that read the file {how} before it was done; there may not be enough memory for this file"
