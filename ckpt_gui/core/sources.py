"""The one door to bytes: ranges of a local file by ``pread``, never mapped.

A mapped file that is truncated later kills its reader with SIGBUS; a ``pread`` returns short.
"""

from __future__ import annotations

import os
import stat
import zlib
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ckpt_gui.core.errors import OpenError, ReadError
from ckpt_gui.core.model import Source


class Bytes(Protocol):
    """Something that bytes can be read from by place."""

    nbytes: int

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset``; fewer only where the end comes first."""
        ...

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset``; returns how many bytes came, fewer only where the end comes first."""
        ...


class LocalFile:
    """A regular file, opened once and read by place.

    Raises OpenError for whatever is no readable regular file, ReadError if reading fails later or
    the file is no longer the one that was opened.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = os.fspath(path)
        try:
            # O_NONBLOCK: opening a FIFO without a writer would hang before fstat can tell what it is.
            self._fd = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError as exc:
            raise OpenError(_why_not(self.path, exc)) from exc
        except ValueError as exc:  # a NUL within
            raise OpenError(f"{self.path!r} is no name that a file can have") from exc
        facts = os.fstat(self._fd)
        if not stat.S_ISREG(facts.st_mode):
            os.close(self._fd)
            raise OpenError(f"{self.path} is {_kind(facts.st_mode)}, not a file")
        self.nbytes = facts.st_size
        self.source = Source(self.path, facts.st_size, facts.st_mtime_ns, facts.st_ino)

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset``; fewer only at the end of the file."""
        try:
            data = os.pread(self._fd, nbytes, offset)
            while 0 < len(data) < nbytes:
                more = os.pread(self._fd, nbytes - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as exc:
            raise ReadError(f"{self.path} cannot be read at byte {offset:,}: {exc.strerror}") from exc
        return data

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset``, without a copy; returns how many bytes came before the end of the file."""
        done = 0
        try:
            while done < len(into):
                got = _pread_into(self._fd, into[done:] if done else into, offset + done)
                if not got:
                    break
                done += got
        except OSError as exc:
            raise ReadError(f"{self.path} cannot be read at byte {offset + done:,}: {exc.strerror}") from exc
        return done

    def check(self, expected: Source) -> None:
        """Raise ReadError unless the open file is still the one ``expected`` describes."""
        facts = os.fstat(self._fd)
        if (facts.st_size, facts.st_mtime_ns, facts.st_ino) != (expected.nbytes, expected.mtime_ns, expected.inode):
            raise ReadError(f"{self.path} has changed since it was opened; reload it")

    def forget(self) -> None:
        """Let the next reads come from the disk, as far as the system does as it is told: what it still holds of the
        file in memory, and has written already, it may drop."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Window:
    """A range of other bytes, counted from its own start."""

    def __init__(self, parent: Bytes, offset: int, nbytes: int) -> None:
        self._parent = parent
        self.offset = offset
        """Where the range begins in the parent, in bytes."""
        self.nbytes = max(0, min(nbytes, parent.nbytes - offset))

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset`` of the range."""
        return self._parent.read(self.offset + offset, max(0, min(nbytes, self.nbytes - offset)))

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset`` of the range."""
        return self._parent.read_into(self.offset + offset, into[: max(0, self.nbytes - offset)])


class Memory:
    """Bytes that are at hand already, such as an inflated record."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.nbytes = len(data)

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset``."""
        return self._data[offset : offset + nbytes]

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset``."""
        return _copy(memoryview(self._data)[offset : offset + len(into)], into)


class Allowance:
    """How many bytes may still be unpacked, over all records of a file and of the containers within it."""

    def __init__(self, left: int) -> None:
        self.left = left


def inflate(source: Bytes, offset: int, packed: int, limit: int) -> tuple[bytes, str | None]:
    """The raw-deflate stream at ``offset``, unpacked to at most ``limit`` bytes, and what is amiss with it."""
    engine = zlib.decompressobj(-15)
    parts: list[bytes] = []
    total, at, end = 0, offset, offset + packed
    try:
        while at < end and total <= limit and not engine.eof:
            chunk = source.read(at, min(1 << 18, end - at))
            if not chunk:
                return b"".join(parts), "the compressed data end early"
            at += len(chunk)
            while chunk and total <= limit:
                parts.append(engine.decompress(chunk, limit + 1 - total))
                total += len(parts[-1])
                chunk = engine.unconsumed_tail
    except zlib.error as exc:
        return b"".join(parts), f"the compressed data are damaged ({exc})"
    if total > limit:
        return b"".join(parts)[:limit], f"unpacks to more than {limit:,} bytes"
    return b"".join(parts), None if engine.eof else "the compressed data end early"


class Inflating:
    """A long raw-deflate stream, unpacked as it is read: forward, with a bounded part in memory.

    Reading backwards starts again from the beginning, which is slow but never wrong. Damage ends
    the bytes early, as a truncated file would.
    """

    KEEP = 8 << 20

    def __init__(self, source: Bytes, offset: int, packed: int, nbytes: int) -> None:
        self._source, self._offset, self._packed = source, offset, packed
        self.nbytes = nbytes
        """Bytes unpacked, at most: what the container says, within its limits."""
        self._start()

    def _start(self) -> None:
        self._engine = zlib.decompressobj(-15)
        self._at = 0
        self._base = 0
        self._held = bytearray()

    def read(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset`` of the unpacked stream."""
        if offset < self._base:
            self._start()
        end = min(offset + nbytes, self.nbytes)
        while self._base + len(self._held) < end and self._more():
            spare = min(offset - self._base, len(self._held)) - self.KEEP
            if spare > 0:
                del self._held[:spare]
                self._base += spare
        return bytes(self._held[max(0, offset - self._base) : max(0, end - self._base)])

    def read_into(self, offset: int, into: memoryview) -> int:
        """Fill ``into`` from ``offset`` of the unpacked stream."""
        return _copy(self.read(offset, len(into)), into)

    def _more(self) -> bool:
        tail = self._engine.unconsumed_tail
        if not tail:
            tail = self._source.read(self._offset + self._at, min(1 << 16, self._packed - self._at))
            self._at += len(tail)
        if self._engine.eof or not tail:
            return False
        try:
            self._held += self._engine.decompress(tail, 1 << 20)
        except zlib.error:
            return False
        return True


def _pread_into(fd: int, into: memoryview, offset: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(fd, [into], offset)
    return _copy(os.pread(fd, len(into), offset), into)


def _copy(data: bytes | memoryview, into: memoryview) -> int:
    into[: len(data)] = data
    return len(data)


def _why_not(path: str, exc: OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return f"{path} does not exist"
    if isinstance(exc, PermissionError):
        return f"no permission to read {path}"
    return f"{path} cannot be opened: {exc.strerror or exc}"


def _kind(mode: int) -> str:
    names = (
        (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe (FIFO)"), (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"), (stat.S_ISSOCK, "a socket"),
    )  # fmt: skip
    return next((name for test, name in names if test(mode)), "something special")
