"""The bytes of a pickle stream, a window at a time, so that its length costs no memory."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.pickles.values import Span, Value
from ckpt_gui.core.sources import Bytes

FIRST_CHUNK = 1 << 18
CHUNK = 4 << 20
"""Bytes read at a time: few for the many tiny pickles of old formats, then more."""
SLACK = 1 << 17
"""Bytes always at hand beyond ``safe``: what the fixed-length opcodes of one tick can use, and more."""

MAX_TEXT = 1 << 20
"""Longest byte or text string that is taken into memory, in bytes; longer ones stay in the file as a Span."""
MAX_LINE = 4 << 20
"""Longest line of a text opcode, in bytes."""
MAX_INT_BYTES = 1 << 16


class Broken(Exception):
    """The stream cannot go on; ``str()`` says why. Never leaves this package."""


class Feed:
    """A growing and sliding window on a source.

    ``data[pos]`` with ``pos <= safe`` has at least ``SLACK`` bytes after it, unless the source's
    end lies within the window: then ``safe`` is that end.
    """

    def __init__(self, source: Bytes, start: int) -> None:
        self.source = source
        self.base = start
        """Place of ``data[0]`` in the source."""
        self.data = b""
        self.safe = -1
        self.ended = False
        self._chunk = FIRST_CHUNK
        self.fill(0, 0)

    def fill(self, pos: int, need: int) -> int:
        """Slide the window to begin at ``pos`` and hold ``need`` bytes and slack; return the new ``pos`` (0)."""
        kept = self.data[pos:]
        self.base += pos
        want = max(self._chunk, need + 2 * SLACK) - len(kept)
        self._chunk = CHUNK
        more = b"" if self.ended or want <= 0 else self.source.read(self.base + len(kept), want)
        self.ended = self.ended or len(more) < want
        self.data = kept + more
        self.safe = len(self.data) if self.ended else len(self.data) - SLACK
        return 0

    def skip(self, pos: int, nbytes: int) -> int:
        """Move past ``nbytes`` bytes without reading them; return the new ``pos`` (0)."""
        self.base += pos + nbytes
        self.data = b""
        self.ended = False
        return self.fill(0, 0)

    def left(self, pos: int) -> int:
        """How many bytes of the source lie at and after ``pos``."""
        return self.source.nbytes - self.base - pos

    def line(self, pos: int) -> tuple[bytes, int]:
        """The line at ``pos`` without its newline, and the position after it."""
        end = self.data.find(b"\n", pos, pos + MAX_LINE)
        if end < 0 or end >= self.safe:
            pos = self.fill(pos, MAX_LINE)
            end = self.data.find(b"\n", pos, pos + MAX_LINE)
            if end < 0:
                raise Broken("a line without its end")
        return self.data[pos:end], end + 1

    def take(self, pos: int, size: int) -> int:
        """Make sure ``size`` bytes are at hand; returns where they begin."""
        if size < 0 or size > self.left(pos):
            raise Broken(f"a string of {size:,} bytes where {max(0, self.left(pos)):,} are left")
        return self.fill(pos, size) if pos + size > self.safe else pos

    def string(self, pos: int, size: int, kind: str) -> tuple[Any, int]:
        """A byte or text string of ``size`` bytes, or its Span where it is long."""
        if size <= MAX_TEXT:
            pos = self.take(pos, size)
            raw = self.data[pos : pos + size]
            return (str(raw, "utf-8", "surrogatepass") if kind == "str" else raw), pos + size
        if size > self.left(pos):
            raise Broken(f"a string of {size:,} bytes where {max(0, self.left(pos)):,} are left")
        pos = self.take(pos, 4096)
        span = Span(kind, self.base + pos, size, self.data[pos : pos + 4096], self.source)
        return span, self.skip(pos, size)

    def integer(self, pos: int, size: int) -> tuple[Any, int]:
        """A little-endian two's complement int of ``size`` bytes; a monstrous one only by its length."""
        if size > MAX_INT_BYTES:
            _, pos = self.string(pos, size, "bytes")
            return Value("int", f"integer, about {size * 8:,} bits"), pos
        pos = self.take(pos, size)
        return int.from_bytes(self.data[pos : pos + size], "little", signed=True), pos + size
