"""Statistics kept on disk from one look at a file to the next.

One SQLite file for all checkpoints. A file is known by path, size, time of change and inode, a tensor by its path
text, dtype, shape and place in the storage; only hashes of these are kept. Losing the cache costs time, nothing else:
whatever is wrong with it (damaged, read-only, locked, of another version), it is thrown away or left alone, silently.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from ckpt_gui.core.model import Checkpoint, Source
from ckpt_gui.core.stats.brief import VERSION
from ckpt_gui.core.text import path_text

MAX_NBYTES = 128 << 20
"""Of all that is kept together, unless a person said otherwise; the files looked at longest ago go first."""
_PATIENCE = 0.5
"""Seconds to wait for another window that writes."""
_TICKS_NS = (20_000_000, 2_100_000_000)
"""How coarse a file system's clock may be: usually, and where the times are whole seconds (FAT, some shares)."""
_CRC = struct.Struct("<I")
_TABLES = """
CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY, mark BLOB UNIQUE, used REAL, nbytes INTEGER);
CREATE TABLE IF NOT EXISTS briefs (file INTEGER, tensor BLOB, packed BLOB, PRIMARY KEY (file, tensor)) WITHOUT ROWID;
"""


def cache_path() -> Path:
    """Where the cache belongs on this system; the environment's ``CKPT_GUI_CACHE`` overrides the folder."""
    folder = os.environ.get("CKPT_GUI_CACHE")
    if folder:
        return Path(folder, "statistics.sqlite")
    import platformdirs  # here, because it is not needed where the folder is given

    return platformdirs.user_cache_path("ckpt_gui", appauthor=False) / "statistics.sqlite"


def limit(path: Path | None = None) -> int:
    """Bytes that may be kept: what stands in a small file beside the cache, else ``MAX_NBYTES``."""
    try:
        said = int(_limit_path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return MAX_NBYTES
    return max(0, said)


def limit_to(nbytes: int, path: Path | None = None) -> None:
    """Keep at most so many bytes from now on, of all files together, for the window and the command line; 0: none."""
    place = _limit_path(path)
    with contextlib.suppress(OSError):
        if nbytes == MAX_NBYTES:
            place.unlink(missing_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(str(nbytes), encoding="ascii")
    cache = path or cache_path()
    if not nbytes:
        clear(cache)
    elif cache.exists():
        with contextlib.suppress(sqlite3.Error, OSError), _opened(cache) as opened:
            _evict(opened, nbytes, -1)


def clear(path: Path | None = None) -> None:
    """Forget all statistics that are kept."""
    _thrown_away(path or cache_path(), ValueError("not wanted"))


def _limit_path(path: Path | None) -> Path:
    return (path or cache_path()).with_suffix(".limit")


class Shelf:
    """The place of one checkpoint in the cache. Make it before the first value is read; use it from any thread."""

    def __init__(self, checkpoint: Checkpoint, path: Path | None = None, *, limit: int | None = None) -> None:
        """``limit`` in bytes; None: as it is for all."""
        self._checkpoint = checkpoint
        self._path = path or cache_path()
        self._limit = limit
        self._mark = _mark(checkpoint)
        self._steady = all(map(_is_steady, checkpoint.sources))
        """A file that was written this very moment may be written again without its time telling."""

    def load(self) -> list[tuple[int, bytes]]:
        """The tensors whose statistics are kept: (tensor id, bytes as kept); none, if the file has changed."""
        if not self._unchanged():
            return []
        try:
            with _opened(self._path) as cache:
                rows = cache.execute(
                    "SELECT tensor, packed FROM briefs WHERE file = (SELECT id FROM files WHERE mark = ?)",
                    (self._mark,),
                ).fetchall()
                with contextlib.suppress(sqlite3.OperationalError):  # read-only
                    cache.execute("UPDATE files SET used = ? WHERE mark = ?", (time.time(), self._mark))
            return list(self._matched(rows)) if rows else []
        except (sqlite3.Error, OSError, ValueError) as exc:
            _thrown_away(self._path, exc)
            return []

    def keep(self, found: Sequence[tuple[int, bytes]]) -> None:
        """Keep statistics: (tensor id, bytes)."""
        most = self._limit if self._limit is not None else limit(self._path)
        if not found or not most or not self._steady or not self._unchanged():
            return
        names = self._names([tensor for tensor, _packed in found])
        rows = [(name, _CRC.pack(zlib.crc32(packed)) + packed) for name, (_t, packed) in zip(names, found, strict=True)]
        try:
            with _opened(self._path) as cache:
                number = self._number(cache, sum(len(name) + len(packed) for name, packed in rows))
                cache.executemany(
                    "INSERT OR REPLACE INTO briefs VALUES (?, ?, ?)", [(number, name, packed) for name, packed in rows]
                )
                _evict(cache, most, number)
        except (sqlite3.Error, OSError) as exc:
            _thrown_away(self._path, exc)

    def throw_away(self) -> None:
        """What the cache gave makes no sense."""
        _thrown_away(self._path, ValueError("damaged"))

    def _number(self, cache: sqlite3.Connection, more: int) -> int:
        """The checkpoint's number in the cache, with so many bytes more noted for it."""
        cache.execute(
            "INSERT INTO files (mark, used, nbytes) VALUES (?, ?, ?)"
            " ON CONFLICT (mark) DO UPDATE SET used = excluded.used, nbytes = nbytes + excluded.nbytes",
            (self._mark, time.time(), more),
        )
        return int(cache.execute("SELECT id FROM files WHERE mark = ?", (self._mark,)).fetchone()[0])

    def _matched(self, rows: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[int, bytes]]:
        """Raises ValueError for rows that are damaged."""
        kept = dict(rows)
        for tensor, name in enumerate(self._names(range(self._checkpoint.rows))):
            data = kept.get(name)
            if data is not None:
                if len(data) < _CRC.size or zlib.crc32(data[_CRC.size :]) != _CRC.unpack_from(data)[0]:
                    raise ValueError("statistics in the cache are damaged")
                yield tensor, data[_CRC.size :]

    def _names(self, tensors: Sequence[int] | range) -> list[bytes]:
        """What each tensor is called in the cache."""
        checkpoint = self._checkpoint
        columns, storages, texts = checkpoint.tensors, checkpoint.storages, checkpoint.texts
        parent, above = checkpoint.nodes.parent, dict[int, str]()
        names = []
        for tensor in tensors:
            node, storage = columns.node[tensor], columns.storage[tensor]
            if parent[node] not in above:
                above[parent[node]] = path_text(checkpoint.path_of(parent[node]))
            key, place = (texts[storages.key[storage]], storages.offset[storage]) if storage >= 0 else ("", -1)
            identity = (
                above[parent[node]], checkpoint.keys(node), texts[columns.dtype[tensor]], checkpoint.shape(tensor),
                columns.offset[tensor], key, place,
            )  # fmt: skip
            names.append(blake2b(repr(identity).encode("utf-8", "surrogatepass"), digest_size=12).digest())
        return names

    def _unchanged(self) -> bool:
        """Are the files on disk still those that the index was read from?"""
        return all(_facts(source.path) == (source.nbytes, source.mtime_ns, source.inode)
                   for source in self._checkpoint.sources)  # fmt: skip


def _mark(checkpoint: Checkpoint) -> bytes:
    sources = [(str(Path(one.path).absolute()), one.nbytes, one.mtime_ns, one.inode) for one in checkpoint.sources]
    return blake2b(repr((checkpoint.format, sources)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _facts(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _is_steady(source: Source) -> bool:
    tick = _TICKS_NS[source.mtime_ns % 1_000_000_000 == 0]
    return time.time_ns() - source.mtime_ns > tick


# ---------------------------------------------------------------------------------------------------- the file


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The cache, its tables made; committed at the end. Raises sqlite3.Error or OSError."""
    with contextlib.suppress(OSError):  # a folder that cannot be made cannot be opened either, and that tells
        path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE)) as cache:
        version = cache.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError("of another version")
        if version == 0:
            cache.execute("PRAGMA synchronous = OFF")
            cache.executescript(_TABLES)
            cache.execute(f"PRAGMA user_version = {VERSION}")
        cache.execute("PRAGMA synchronous = OFF")  # after a power cut it may be damaged, and is thrown away then
        with cache:
            yield cache


def _evict(cache: sqlite3.Connection, limit: int, newest: int) -> None:
    """Let go of the files used longest ago until the rest is small enough; of the newest last."""
    total = cache.execute("SELECT COALESCE(SUM(nbytes), 0) FROM files").fetchone()[0]
    if total <= limit:
        return
    ordered = cache.execute("SELECT id, nbytes FROM files ORDER BY id = ?, used", (newest,)).fetchall()
    for number, nbytes in ordered:
        if total <= limit:
            break
        cache.execute("DELETE FROM briefs WHERE file = ?", (number,))
        cache.execute("DELETE FROM files WHERE id = ?", (number,))
        total -= nbytes


def _thrown_away(path: Path, exc: Exception) -> None:
    """Take a damaged cache off the disk; one that is only locked, full or read-only stays."""
    if isinstance(exc, (sqlite3.OperationalError, OSError)) and "no such" not in str(exc):
        return
    for name in (path, path.with_name(f"{path.name}-journal")):
        with contextlib.suppress(OSError):
            name.unlink()
