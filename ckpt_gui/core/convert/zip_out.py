"""torch's zip, written in one go as torch 2.13 writes it.

Layout: caffe2/serialize/inline_container.cc (``PyTorchStreamWriter``) over miniz 3.0.2
(``mz_zip_writer_add_mem_ex_v2``, ``mz_zip_writer_finalize_archive``); formats.md §1.1. Each record has a local
header without sizes, an extra field ``FB`` that pads its data to 64 bytes, the data, and a descriptor with CRC-32
and sizes (none after an empty record). Sizes and places from 2^32-1 on stand in a zip64 field. The directory always
ends with zip64 records.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from concurrent.futures import Executor
from pathlib import Path

from ckpt_gui.core.convert.pump import Chunks, Pump, Sum
from ckpt_gui.core.convert.target import Draft
from ckpt_gui.core.errors import ConvertError, ReadError
from ckpt_gui.core.text import clip, escape, size

ALIGNMENT = 64
"""Bytes; ``torch.utils.serialization.config.save.storage_alignment``."""
FORMAT_VERSION = b"1"
VERSION = b"3\n"
SERIALIZATION_ID = ".data/serialization_id"
LIMIT = 0xFFFFFFFF
"""Sizes and places from here on need zip64 fields."""

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_END = struct.Struct("<4sHHHHIIH")
_UTF8 = 0x800
_DESCRIPTOR = 0x8
_MASK = (1 << 64) - 1


def root_of(target: Path) -> str:
    """The folder of the records as torch.save names it: the file's stem; ``archive`` where the path is not ASCII."""
    # inline_container.cc, basename(): up to the last dot; torch refuses an empty one.
    name = target.name.replace("\\", "/").rpartition("/")[2]
    stem = name.rpartition(".")[0] if "." in name else name
    return stem if str(target).isascii() and stem.strip(".") else "archive"


class ZipOut:
    """A zip in the making. ``limit`` is LIMIT but in tests."""

    def __init__(self, draft: Draft, root: str, executor: Executor | None = None, limit: int = LIMIT) -> None:
        self._draft = draft
        self._pump = Pump(draft, executor)
        self._root = f"{root}/" if root else ""
        self._limit = limit
        self._names: list[str] = []
        self._at, self._packed, self._nbytes = array("Q"), array("Q"), array("Q")
        self._crc, self._kind = array("L"), array("L")
        self._combined = 0

    def add(self, name: str, chunks: Chunks, nbytes: int | None = None) -> None:
        """A stored record; ``nbytes`` may be left open for what is shorter than 4 GiB.

        Raises ReadError where the chunks do not have so many bytes, ConvertError where it cannot be written.
        """
        at, extended = self._begin(name, nbytes or 0, 0, _UTF8 | (_DESCRIPTOR if nbytes != 0 else 0))
        done = self._pump.run(chunks)
        if nbytes is not None and done.nbytes != nbytes:
            raise ReadError(f"{escape(name)[:80]} has {size(done.nbytes)} where {size(nbytes)} were expected")
        if nbytes is None and not 0 < done.nbytes < self._limit:
            raise ConvertError(
                f"{escape(name)[:80]} takes {size(done.nbytes)}, more than a record of its kind can hold"
            )
        self._end(name, at, done, done.nbytes, 0, _UTF8 | (_DESCRIPTOR if done.nbytes else 0), extended)

    def copy(self, name: str, chunks: Chunks, packed: int, nbytes: int, crc: int, method: int, flags: int) -> None:
        """A record of another zip as it lies there, compressed or not, with the CRC-32 and size that it says it has."""
        marks = _UTF8 | (_DESCRIPTOR if packed else 0) | flags & 1
        at, extended = self._begin(name, nbytes, method, marks)
        done = self._pump.run(chunks, crc=method == 0)
        if done.nbytes != packed:
            raise ReadError(f"{escape(name)[:80]} is cut off: {size(done.nbytes)} of {size(packed)} are in the file")
        self._end(name, at, Sum(nbytes, done.crc if method == 0 else crc), packed, method, marks, extended)

    def close(self) -> None:
        """The fingerprint and the directory."""
        self.add(SERIALIZATION_ID, (self._serialization_id(),), 40)
        self.close_as_is()

    def close_as_is(self) -> None:
        """The directory alone, for archives that have no fingerprint."""
        begin = self._draft.nbytes
        for place, name in enumerate(self._names):
            self._central(place, name)
        end, count = self._draft.nbytes, len(self._names)
        nbytes = end - begin
        self._write(_END64.pack(b"PK\x06\x06", 44, 0x031E, 45, 0, 0, count, count, nbytes, begin))
        self._write(_LOCATOR.pack(b"PK\x06\x07", 0, end, 1))
        few = min(count, 0xFFFF)
        self._write(_END.pack(b"PK\x05\x06", 0, 0, few, few, min(nbytes, LIMIT), min(begin, LIMIT), 0))

    def _begin(self, name: str, nbytes: int, method: int, marks: int) -> tuple[int, bool]:
        """The local header; returns where it is and whether it has a zip64 field."""
        raw = self._raw(name)
        at = self._draft.nbytes
        wide, far = nbytes >= self._limit, at >= self._limit
        extra = _zip64(nbytes, 0, at, wide, far)
        start = at + _LOCAL.size + len(raw) + len(extra) + 4
        padding = -start % ALIGNMENT
        extra += b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
        self._write(
            _LOCAL.pack(b"PK\x03\x04", _version(method), marks, method, 0, 0, 0, 0, 0, len(raw), len(extra))
            + raw
            + extra
        )
        return at, wide or far

    def _end(self, name: str, at: int, done: Sum, packed: int, method: int, marks: int, extended: bool) -> None:
        if marks & _DESCRIPTOR:
            self._write(struct.pack("<4sIQQ" if extended else "<4sIII", b"PK\x07\x08", done.crc, packed, done.nbytes))
            self._combined = _combine(self._combined, done.crc)
        self._names.append(name)
        self._at.append(at)
        self._packed.append(packed)
        self._nbytes.append(done.nbytes)
        self._crc.append(done.crc)
        self._kind.append(method << 16 | marks)

    def _central(self, place: int, name: str) -> None:
        raw, at = self._raw(name), self._at[place]
        packed, nbytes, kind = self._packed[place], self._nbytes[place], self._kind[place]
        wide, far = nbytes >= self._limit, at >= self._limit
        extra = _zip64(nbytes, packed, at, wide, far)
        self._write(
            _CENTRAL.pack(
                b"PK\x01\x02", 0, _version(kind >> 16), kind & 0xFFFF, kind >> 16, 0, 0, self._crc[place],
                LIMIT if wide else packed, LIMIT if wide else nbytes, len(raw), len(extra),
                0, 0, 0, 0, LIMIT if far else at,
            ) + raw + extra
        )  # fmt: skip

    def _raw(self, name: str) -> bytes:
        raw = (self._root + name).encode("utf-8", "surrogateescape")
        if len(raw) > 0xFFFF:
            raise ConvertError(f"the name of the record {clip(escape(name), 80)} is too long for a zip")
        return raw

    def _serialization_id(self) -> bytes:
        """A fingerprint like torch's: 20 digits for the names, 20 for the CRCs (inline_container.cc).

        torch's digits for the names depend on the C++ library that it was built with; ours do not.
        """
        names = hashlib.blake2b("\0".join(self._names).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return b"%020d%020d" % (int.from_bytes(names, "little"), self._combined)

    def _write(self, data: bytes) -> None:
        self._draft.write(data)


def _version(method: int) -> int:
    """Of the zip format that a reader must know, as miniz writes it."""
    return 20 if method else 0


def _zip64(nbytes: int, packed: int, at: int, wide: bool, far: bool) -> bytes:
    """The extra field for sizes (``wide``) and place (``far``) that the header cannot hold."""
    values = ((nbytes, packed) if wide else ()) + ((at,) if far else ())
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def _combine(seed: int, value: int) -> int:
    """c10/util/hash.h, hash_combine."""
    return seed ^ ((value + 0x9E3779B9 + (seed << 6 & _MASK) + (seed >> 2)) & _MASK)
