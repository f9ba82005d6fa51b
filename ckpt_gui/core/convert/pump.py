"""Chunks of bytes on their way into a file: counted, summed, and written while the next are read."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple, Protocol

SMALL = 256 << 10
"""Chunks of fewer bytes are written at once: handing them to another thread would cost more."""


Chunks = Iterable[Any]
"""Whatever has a buffer of bytes, one after the other."""


def gathered(pieces: Iterable[bytes], nbytes: int = 64 << 10) -> Iterator[bytes]:
    """The same bytes in pieces of at least so many."""
    held: list[bytes] = []
    room = nbytes
    for piece in pieces:
        held.append(piece)
        room -= len(piece)
        if room <= 0:
            yield b"".join(held)
            held, room = [], nbytes
    if held:
        yield b"".join(held)


class Sink(Protocol):
    """What is written to."""

    def write(self, data: memoryview) -> None:
        """Append."""
        ...


class Sum(NamedTuple):
    """What went through."""

    nbytes: int
    crc: int
    """CRC-32; 0 where none was asked for."""


class Pump:
    """Writes chunks one after the other; with an executor, one is written while the next is made.

    A chunk must stay as it is until the next but one is asked for.
    """

    def __init__(self, sink: Sink, executor: Executor | None = None) -> None:
        self._sink = sink
        self._executor = executor

    def run(self, chunks: Chunks, *, crc: bool = True) -> Sum:
        """Everything of ``chunks`` (whatever has a buffer of bytes). On an error nothing is still being written."""
        nbytes = total = 0
        pending: tuple[Future[None], memoryview] | None = None
        try:
            for chunk in chunks:
                view = memoryview(chunk)
                nbytes += view.nbytes
                if crc:
                    total = zlib.crc32(view, total)
                if pending is not None:
                    self._await(*pending)
                    pending = None
                if self._executor is None or view.nbytes < SMALL:
                    self._sink.write(view)
                else:
                    pending = self._executor.submit(self._sink.write, view), view
            if pending is not None:
                self._await(*pending)
                pending = None
        finally:
            if pending is not None and not pending[0].cancel():
                with contextlib.suppress(Exception):
                    pending[0].result()
        return Sum(nbytes, total)

    def _await(self, future: Future[None], view: memoryview) -> None:
        if future.cancel():  # every thread of the executor is busy, perhaps with waiting for us
            self._sink.write(view)
        else:
            future.result()
