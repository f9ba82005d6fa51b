"""A zip writer that can lie in every field: the files no library agrees to write.

Left alone it writes what PyTorch's own writer does: stored members, data aligned to 64 bytes by an
``FB`` extra field, then the central directory and its end record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STORED, DEFLATED = 0, 8


@dataclass
class Member:
    """One entry. A field left at None is told truthfully."""

    name: str | bytes
    data: bytes = b""
    method: int = STORED
    """8 packs the data; any other number is only claimed, the data lie as they are."""
    flags: int = 0x800
    crc: int | None = None
    size: int | None = None
    """Unpacked size as the central directory claims it."""
    packed: int | None = None
    """Packed size as the central directory claims it."""
    local_name: str | bytes | None = None
    local_size: int | None = None
    offset: int | None = None
    """Place of the local header as the central directory claims it."""
    central_extra: bytes = b""
    attributes: int = 0
    align: int = 64
    packed_already: bool = False
    """The data are what lies in the file, whatever ``method`` says."""
    written: bool = True
    """False: only the central directory knows the member; ``offset`` must be given."""


def _bytes(name: str | bytes) -> bytes:
    return name if isinstance(name, bytes) else name.encode("utf-8", "surrogatepass")


def _packed(member: Member) -> bytes:
    if member.method != DEFLATED or member.packed_already:
        return member.data
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(member.data) + packer.flush()


def _padding(at: int, name: bytes, align: int) -> bytes:
    """An extra field that brings the data, whose local header lies at ``at``, to a multiple of ``align``."""
    if align <= 1:
        return b""
    start = at + 30 + len(name) + 4
    fill = -start % align
    return b"FB" + struct.pack("<H", fill) + b"Z" * fill


def _crc(member: Member) -> int:
    return zlib.crc32(member.data) if member.crc is None else member.crc


def _local(member: Member, at: int, packed: bytes) -> bytes:
    name = _bytes(member.name if member.local_name is None else member.local_name)
    extra = _padding(at, name, member.align)
    size = len(member.data) if member.local_size is None else member.local_size
    head = struct.pack(
        "<4s5H3I2H", b"PK\3\4", 20, member.flags, member.method, 0, 0x21,
        _crc(member), len(packed), size & 0xFFFFFFFF, len(name), len(extra),
    )  # fmt: skip
    return head + name + extra + packed


def _central(member: Member, at: int, packed: bytes) -> bytes:
    name = _bytes(member.name)
    size = len(member.data) if member.size is None else member.size
    stored = len(packed) if member.packed is None else member.packed
    offset = at if member.offset is None else member.offset
    head = struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 20, 20, member.flags, member.method, 0, 0x21,
        _crc(member), stored, size, len(name), len(member.central_extra), 0, 0, 0, member.attributes, offset,
    )  # fmt: skip
    return head + name + member.central_extra


def end_record(count: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    """The record at the end: how many entries, and where their directory lies."""
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, offset, len(comment)) + comment


def pack(
    members: Sequence[Member],
    *,
    prefix: bytes = b"",
    suffix: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    base: int = 0,
    before_end: bytes = b"",
) -> bytes:
    """The archive. ``count`` lies about the number of entries, ``base`` is added to every offset told."""
    body = bytearray(prefix)
    directory = bytearray()
    for member in members:
        packed = _packed(member)
        at = len(body)
        if member.written:
            body += _local(member, at, packed)
        directory += _central(member, at + base, packed)
    start = len(body)
    told = len(members) if count is None else count
    end = end_record(told, len(directory), start + base, comment)
    return bytes(body + directory) + before_end + end + suffix


def torch_members(
    data_pkl: bytes,
    storages: Iterable[tuple[str, bytes]] = (),
    *,
    root: str = "archive",
    modern: bool = True,
    version: bytes | None = b"3\n",
    byteorder: bytes = b"little",
) -> list[Member]:
    """The members ``torch.save`` writes, in its order; ``modern`` False gives the set of torch 1.6 to 2.0."""
    records = [("data.pkl", data_pkl)]
    if modern:
        records += [(".format_version", b"1"), (".storage_alignment", b"64"), ("byteorder", byteorder)]
    records += [(f"data/{key}", data) for key, data in storages]
    if version is not None:
        records.append(("version", version))
    if modern:
        records.append((".data/serialization_id", b"1234567890" * 4))
    return [Member(f"{root}/{name}", data) for name, data in records]
