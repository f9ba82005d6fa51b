"""The open files of a checkpoint, and its storages as bytes; for several threads at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.errors import OpenError, ReadError
from ckpt_gui.core.model import Checkpoint, StorageRef
from ckpt_gui.core.sources import Bytes, Inflating, LocalFile, Memory, Window, inflate

MAX_OPEN = 64
"""Files kept open while nobody reads them."""
MAX_WHOLE = 32 << 20
"""Compressed storages of up to so many bytes are unpacked at once for random access."""
MAX_UNPACKED = 64 << 20
"""Bytes of unpacked storages that are kept."""


class _Held:
    """An open file, and how many are reading it."""

    def __init__(self, file: LocalFile) -> None:
        self.file = file
        self.users = 0


class Files:
    """Opens each source file when it is first needed, and sees to it that it is the one that was indexed."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._lock = Lock()
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._unpacked: OrderedDict[int, tuple[Bytes, int]] = OrderedDict()
        self._closed = False

    @contextmanager
    def using(self, number: int) -> Iterator[LocalFile]:
        """Source file ``number``, open. Raises ReadError if it is gone, or no longer what was indexed."""
        held = self._take(number)
        try:
            held.file.check(self._checkpoint.sources[number])
            yield held.file
        finally:
            self._give(held)

    def _take(self, number: int) -> _Held:
        with self._lock:
            if self._closed:
                raise ReadError("its file has been closed")
            held = self._held.get(number)
            if held is None:
                try:
                    held = self._held[number] = _Held(LocalFile(self._checkpoint.sources[number].path))
                except OpenError as exc:
                    raise ReadError(str(exc)) from exc
            self._held.move_to_end(number)
            held.users += 1
            return held

    def _give(self, held: _Held) -> None:
        with self._lock:
            held.users -= 1
            idle = [number for number, one in self._held.items() if not one.users]
            spare = idle if self._closed else idle[: max(0, len(idle) - MAX_OPEN)]
            for number in spare:
                self._held.pop(number).file.close()

    def close(self) -> None:
        """Give all files back: at once, or as soon as those who are reading are done."""
        with self._lock:
            self._closed = True
            self._unpacked.clear()
            for number in [number for number, one in self._held.items() if not one.users]:
                self._held.pop(number).file.close()

    def forward(self, number: int, file: LocalFile) -> Bytes:
        """Storage ``number``, whose ``file`` is in use, for one reader that goes through it once."""
        storage = self._checkpoint.storage(number)
        if storage.compression == Compression.DEFLATE:
            return Inflating(file, storage.offset, storage.packed, storage.nbytes)
        return Window(file, storage.offset, storage.nbytes)

    def anywhere(self, number: int, file: LocalFile) -> Bytes:
        """The same for many readers that look here and there; what had to be unpacked is kept a while."""
        storage = self._checkpoint.storage(number)
        if storage.compression != Compression.DEFLATE:
            return self.forward(number, file)
        with self._lock:
            found = self._unpacked.get(number)
            if found is not None:
                self._unpacked.move_to_end(number)
                return found[0]
        made, nbytes = self._unpack(storage, file)
        with self._lock:
            if not self._closed:
                self._unpacked[number] = (made, nbytes)
            while len(self._unpacked) > 1 and sum(size for _, size in self._unpacked.values()) > MAX_UNPACKED:
                self._unpacked.popitem(last=False)
        return made

    def _unpack(self, storage: StorageRef, file: LocalFile) -> tuple[Bytes, int]:
        if storage.nbytes <= MAX_WHOLE:
            data, _ = inflate(file, storage.offset, storage.packed, storage.nbytes)
            return Memory(data), len(data)
        through = _Through(self, storage.source, file.nbytes)
        return _Shared(Inflating(through, storage.offset, storage.packed, storage.nbytes)), 2 * Inflating.KEEP


class _Through:
    """A file that is taken and given back at each read, so that it need not stay open."""

    def __init__(self, files: Files, number: int, nbytes: int) -> None:
        self._files, self._number = files, number
        self.nbytes = nbytes

    def read(self, offset: int, nbytes: int) -> bytes:
        with self._files.using(self._number) as file:
            return file.read(offset, nbytes)

    def read_into(self, offset: int, into: memoryview) -> int:
        with self._files.using(self._number) as file:
            return file.read_into(offset, into)


class _Shared:
    """A stream that several threads read in turn."""

    def __init__(self, stream: Inflating) -> None:
        self._stream = stream
        self._lock = Lock()
        self.nbytes = stream.nbytes

    def read(self, offset: int, nbytes: int) -> bytes:
        with self._lock:
            return self._stream.read(offset, nbytes)

    def read_into(self, offset: int, into: memoryview) -> int:
        with self._lock:
            return self._stream.read_into(offset, into)
