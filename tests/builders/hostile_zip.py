"""Zip containers that lie, each around one small harmless state_dict (hostile-files.md §3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.builders.opcodes import Assembler, floats
from tests.builders.rawzip import DEFLATED, Member, end_record, pack, torch_members
from tests.builders.registry import add_hostile

DATA = floats(1, 2, 3, 4)


def state_dict(name: str = "w") -> bytes:
    """``{name: tensor of four floats in storage 0}``."""
    return Assembler().raw(b"}").text(name).tensor().raw(b"s").stop()


def good() -> list[Member]:
    """The members of a file that is all right."""
    return torch_members(state_dict(), [("0", DATA)])


def changed(name: str, **fields: object) -> list[Member]:
    """The same with some fields of one member replaced."""
    members = good()
    for member in members:
        if member.name == f"archive/{name}":
            for field, value in fields.items():
                setattr(member, field, value)
    return members


def container(expected: str) -> Callable[[Callable[[], bytes | Sequence[Member]]], None]:
    """Sign up a function that makes the file's bytes, or its members."""

    def sign_up(make: Callable[[], bytes | Sequence[Member]]) -> None:
        def build(folder: Path) -> Path:
            made = make()
            path = folder / "archive.pt"
            path.write_bytes(made if isinstance(made, bytes) else pack(made))
            return path

        build.__doc__ = make.__doc__
        add_hostile(f"zip/{make.__name__}", build, expected)

    return sign_up


@container("noted")
def storage_in_a_folder() -> list[Member]:
    """A storage without a name: its record ends in a slash, and torch, which takes that for a folder, reads nothing."""
    code = Assembler().raw(b"}").text("w").tensor(key="").raw(b"s").stop()
    return torch_members(code, [("", DATA)])


@container("noted")
def duplicate_data_pkl() -> list[Member]:
    """Says that there are two. torch takes neither first nor last, but what ``miniz_lookup`` finds: here the second."""
    members = torch_members(state_dict("first"), [("0", DATA)])
    return [*members, Member("archive/data.pkl", state_dict("second"))]


@container("noted")
def duplicate_storage() -> list[Member]:
    """Says that there are two; ``miniz_lookup`` tells which one torch reads."""
    return [*good(), Member("archive/data/0", floats(9, 9, 9, 9))]


@container("noted")
def case_twins() -> list[Member]:
    """Says that there are two: torch ignores case, and reads what ``miniz_lookup`` finds: here ``data.pkl``."""
    return [Member("archive/DATA.PKL", state_dict("upper")), *torch_members(state_dict("lower"), [("0", DATA)])]


@container("tree")
def only_upper_case() -> list[Member]:
    """Reads it, as torch does."""
    return [Member("archive/DATA.PKL", state_dict()), *good()[1:]]


@container("noted")
def concatenated() -> bytes:
    """Two archives of one size: the offsets at the end point into the first, and that one is read; noted."""
    return pack(torch_members(state_dict("first"), [("0", DATA)])) + pack(
        torch_members(state_dict("other"), [("0", DATA)])
    )


@container("either")
def concatenated_different_sizes() -> bytes:
    """The offsets at the end fit neither: refuses, or says what it took them for."""
    return pack(torch_members(state_dict("a longer name than the other one"))) + pack(good())


@container("either")
def prefix_of_text() -> bytes:
    """The first bytes decide: no zip for torch. Names the zip behind, or reads it with a note."""
    return b"#!/bin/sh\nexit\n" + pack(good())


@container("either")
def prefix_that_looks_right() -> bytes:
    """Begins like a zip, but every offset is off by eight."""
    return b"PK\3\4junk" + pack(good())


@container("noted")
def prefix_within_offsets() -> bytes:
    """Foreign bytes before the first member, offsets right: reads it, and tells of the bytes."""
    return pack(good(), prefix=b"PK\3\4" + b"hidden" * 20)


@container("noted")
def trailing_bytes() -> bytes:
    """Reads it, and tells how many bytes follow."""
    return pack(good(), suffix=b"trailing" * 10)


@container("noted")
def comment() -> bytes:
    """Legal."""
    return pack(good(), comment=b"made by hand")


@container("either")
def comment_with_end_record() -> bytes:
    """A second end record within the comment: takes the one torch takes, and tells; or refuses."""
    return pack(good(), comment=b"x" * 9 + end_record(0, 0, 0))


@container("noted")
def overlapping_storages() -> list[Member]:
    """Two names for one member's bytes: tells that they overlap."""
    code = Assembler().raw(b"}", b"(").text("a").tensor().text("b").tensor(key="1").raw(b"u").stop()
    members = torch_members(code, [("0", DATA)])
    at = _offset_of(members, "archive/data/0")
    return [*members, Member("archive/data/1", DATA, offset=at, written=False)]


def _offset_of(members: Sequence[Member], name: str) -> int:
    return pack(members).index(b"PK\3\4", pack(members).index(name.encode()) - 30)


@container("noted")
def overlap_bomb() -> list[Member]:
    """Five thousand members that are all the same bytes: read once, and told."""
    members = good()
    at = _offset_of(members, "archive/data/0")
    return [*members, *(Member(f"archive/data/{i}", DATA, offset=at, written=False) for i in range(1, 5000))]


@container("either")
def directory_bomb() -> bytes:
    """130,000 entries while the end record counts 64,464: bounded time and memory."""
    members = [*good(), *(Member(f"archive/x{i}", offset=0, written=False) for i in range(130_000))]
    return pack(members, count=130_007 % 65536)


@container("either")
def ratio_bomb_pickle() -> list[Member]:
    """4 GiB of zeros in 4 MB: inflating stops at the limit, not at the end of memory."""
    return _bomb("data.pkl")


@container("noted")
def ratio_bomb_storage() -> list[Member]:
    """The same in a storage: the tree does not touch it; its size is not what the tensor needs."""
    return _bomb("data/0")


def _bomb(name: str) -> list[Member]:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = block * 4095 + packer.flush()
    return changed(name, data=zeros, size=4095 * 2**20, crc=0, method=DEFLATED, packed_already=True)


@container("refused")
def interrupted_save() -> list[Member]:
    """Only what ``torch.save`` leaves when it fails: says that the save was interrupted."""
    return [Member("archive/version", b"3\n"), Member("archive/.data/serialization_id", b"1" * 40)]


@container("either")
def truncated() -> bytes:
    """Cut in the middle: says so."""
    return pack(good())[:600]


@container("either")
def truncated_in_directory() -> bytes:
    """Cut within the directory at the end: says so."""
    return pack(good())[:-40]


@container("noted")
def missing_storage() -> list[Member]:
    """The tensor's row has a problem."""
    return torch_members(state_dict())


@container("either")
def first_member_elsewhere() -> list[Member]:
    """torch takes the directory of the first entry and finds nothing there."""
    return [Member("other/readme", b"x"), *good()]


@container("noted")
def two_roots() -> list[Member]:
    """Two checkpoints side by side: the first entry's directory counts; the other is told."""
    return [*good(), *torch_members(state_dict("second"), [("0", DATA)], root="second")]


@container("either")
def no_directory() -> list[Member]:
    """Members without a directory: torch refuses."""
    return [Member(str(m.name).removeprefix("archive/"), m.data) for m in good()]


@container("either")
def backslash_names() -> list[Member]:
    """Names with backslashes, as some zip tools for Windows write."""
    return [Member(str(m.name).replace("/", "\\"), m.data) for m in good()]


@container("either")
def nul_in_name() -> list[Member]:
    """A zero byte within a name: shown as an escape, if at all."""
    return [*good(), Member(b"archive/data/\x000", DATA)]


@container("either")
def name_not_utf8() -> list[Member]:
    """A member nobody asks for, in an unknown encoding; torch refuses the file."""
    return [*good(), Member(b"archive/\xff\xfe", b"", flags=0)]


@container("noted")
def name_leaves_folder() -> list[Member]:
    """Nothing is ever extracted, so ``..`` is just a name."""
    return [*good(), Member("archive/../../../etc/cron.d/x", b"* * * * *")]


@container("tree")
def name_of_64_kib() -> list[Member]:
    """A very long name."""
    return [*good(), Member("archive/" + "n" * 65000, b"")]


@container("either")
def no_version() -> list[Member]:
    """torch refuses a file without ``version``; the tree can be shown with a note."""
    return torch_members(state_dict(), [("0", DATA)], version=None)


@container("either")
def count_too_small() -> bytes:
    """The end record counts two of seven."""
    return pack(good(), count=2)


@container("either")
def count_too_large() -> bytes:
    """The end record counts more than there are."""
    return pack(good(), count=5000)


@container("either")
def directory_size_huge() -> bytes:
    """The directory is said to be larger than the file."""
    data = pack(good())
    return data[:-22] + end_record(7, 2**31, 0)


@container("either")
def directory_offset_huge() -> bytes:
    """The directory is said to lie beyond the file."""
    data = pack(good())
    return data[:-22] + end_record(7, 100, 2**31)


@container("either")
def zip64_locator_astray() -> bytes:
    """A zip64 locator that points outside of the file."""
    return pack(good(), before_end=struct.pack("<4sIQI", b"PK\6\7", 0, 2**60, 1), count=0xFFFF)


@container("tree")
def zip64_honest() -> bytes:
    """A zip64 end record where none was needed: legal."""
    plain = pack(good())
    count, size, start = struct.unpack("<H2I", plain[-22:][10:20])
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(plain) - 22, 1)
    return plain[:-22] + record + locator + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


@container("tree")
def all_crc_zero() -> list[Member]:
    """torch can be told not to compute CRCs: verify says that they prove nothing."""
    members = good()
    for member in members:
        member.crc = 0
    return members
