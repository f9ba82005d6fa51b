"""torch's older stream: five pickles, then the storages (torch/serialization.py, ``_legacy_save``; formats.md §2)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Record
from ckpt_gui.core.convert.pump import Chunks, Pump, gathered
from ckpt_gui.core.convert.target import Draft
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.text import escape, size

_MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_PROTOCOL = b"\x80\x02M\xe9\x03."  # 1001
_SYSTEM = (
    b"\x80\x02}q\x00("
    b"X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\x0d\x00\x00\x00little_endianq\x02\x88"
    b"X\x0a\x00\x00\x00type_sizesq\x03}q\x04("
    b"X\x05\x00\x00\x00shortq\x05K\x02X\x03\x00\x00\x00intq\x06K\x04X\x04\x00\x00\x00longq\x07K\x04uu."
)
_BATCH = 1000
"""Items that one APPENDS takes, as CPython's pickler has it."""


def write_legacy(
    draft: Draft,
    body: Iterable[bytes],
    records: Sequence[Record],
    content: Callable[[Record], Chunks],
    executor: Executor | None = None,
) -> None:
    """The whole file: ``body`` is the pickled object. Raises ReadError where a record has not the bytes planned."""
    pump = Pump(draft, executor)
    draft.write(_MAGIC + _PROTOCOL + _SYSTEM)
    pump.run(gathered(body), crc=False)
    ordered = sorted(records, key=lambda record: record.key)
    pump.run(gathered(_keys([record.key for record in ordered])), crc=False)
    for record in ordered:
        draft.write(struct.pack("<q", count(record)))
        done = pump.run(content(record), crc=False).nbytes
        if done != record.nbytes:
            raise ReadError(
                f"storage {escape(record.key)[:80]} has {size(done)} where {size(record.nbytes)} were expected"
            )


def count(record: Record) -> int:
    """The number before a storage's bytes: elements of its class; bytes where its type has no class of its own."""
    classed = record.dtype in dtypes.STORAGE_DTYPES.values()
    return record.nbytes * 8 // dtypes.named(record.dtype).bits if classed else record.nbytes


def _keys(keys: list[str]) -> Iterator[bytes]:
    """A pickled list of text, as CPython's pickler writes it."""
    yield b"\x80\x02]q\x00"
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        yield b"(" if len(keys) > 1 else b""
        for place, key in enumerate(batch, start + 1):
            raw = key.encode("utf-8", "surrogatepass")
            memo = b"q%c" % place if place < 256 else b"r" + struct.pack("<I", place)
            yield b"X" + struct.pack("<I", len(raw)) + raw + memo
        yield b"e" if len(keys) > 1 else b"a"
    yield b"."
