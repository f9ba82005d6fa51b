"""The bytes of a pickle stream, a window at a time, so that its length costs no memory."""

from __future__ import annotations

from ckpt_gui.core.sources import Bytes

FIRST_CHUNK = 1 << 18
CHUNK = 4 << 20
"""Bytes read at a time: few for the many tiny pickles of old formats, then more."""
SLACK = 1 << 17
"""Bytes always at hand beyond ``safe``: what the fixed-length opcodes of one tick can use, and more."""


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
