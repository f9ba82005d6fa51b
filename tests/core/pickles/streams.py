"""Pickle streams: those of a checkpoint file, and Python values whose pickles use every corner."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import tarfile
import zipfile
from collections.abc import Iterator
from typing import Any

from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.sources import Memory


def streams_of(path: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Every pickle of a file of ours, with a name: records of a zip, the one of a tar, pickles in a row."""
    if not path.is_file():
        return
    data = path.read_bytes()
    if data[:4] == b"PK\x03\x04" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist() if name.endswith(".pkl"))
    elif data[:1] != b"\x80" and data[257:262] == b"ustar":
        with tarfile.open(path) as archive:
            member = archive.extractfile("pickle")
            assert member is not None
            yield "pickle", member.read()
    else:
        at = 0
        while at < len(data) and data[at : at + 1] in (b"\x80", b"(", b"c", b"I", b"L") and data[:4] != b"PK\x03\x04":
            found = read_pickle(Memory(data), at)
            if found.broken is not None:
                return
            yield f"at {at}", data[at : found.end]
            at = found.end


class Colour(enum.Enum):
    RED = 1


class Plain:
    """Attributes only."""

    def bound(self) -> None:
        """Pickled as ``getattr(plain, "bound")``."""


class Slotted:
    __slots__ = ("__dict__", "left", "right")


class Items(list[Any]):
    """A list with attributes."""


class Names(dict[Any, Any]):
    """A dict with attributes."""


class Members(set[Any]):
    """A set with attributes."""


def set_state(target: Plain, state: Any) -> None:
    target.__dict__.update(state)


class SetFromOutside(Plain):
    """Its state is set by a function whose result is thrown away, as cloudpickle does it."""

    def __reduce__(self) -> Any:
        return SetFromOutside, (), self.__dict__, None, None, set_state


class Holder:
    """Made by a call with what may hold it."""

    def __init__(self, inner: list[Any]) -> None:
        self.inner = inner

    def __reduce__(self) -> Any:
        return Holder, (self.inner,)


class WithKeywords:
    def __new__(cls, *args: Any, **keywords: Any) -> WithKeywords:
        made = super().__new__(cls)
        made.__dict__.update(keywords, args=args)
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (1, "two"), {"three": [3]}


def objects() -> list[Any]:
    """One of everything, each beside something it shares or that holds it."""
    shared = ["shared", b"bytes", "x" * 300]
    plain, slotted, items, names, members = Plain(), Slotted(), Items([1, shared]), Names(a=shared), Members({1, "b"})
    plain.itself, plain.other = plain, shared  # type: ignore[attr-defined]
    slotted.left, slotted.right, slotted.more = slotted, plain, shared  # type: ignore[attr-defined]
    items.extra = names.extra = members.extra = [items, names, shared]  # type: ignore[attr-defined]
    items.append(items)
    outside = SetFromOutside()
    outside.loop, outside.shared = outside, shared  # type: ignore[attr-defined]
    tree: list[Any] = []
    pair = (tree, shared, 1, 2)
    tree += [pair, (pair, tree)]
    return [
        shared, plain, slotted, items, names, members, outside, WithKeywords(), pair, tree, Colour.RED,
        collections.OrderedDict(a=shared, b=plain), collections.defaultdict(list, a=[1]), collections.Counter("abca"),
        collections.deque([1, shared], 5), range(5), slice(1, None), complex(1, -2), fractions.Fraction(1, 3),
        decimal.Decimal("1.5"), datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), pathlib.PurePosixPath("a/b"),
        functools.partial(print, shared, sep="x"), frozenset([1, "b"]), {1, "c"}, bytearray(b"old"), Items, len,
        plain.bound, 2**70, -(2**31) - 1, 2**63 - 1, -(2**63), 2**63, 2**4000, 2**31, -1, 255, 256, 65536, -0.0,
        float("nan"), float("inf"), "", "\ud800", b"", (), [], {}, None, True, False, "é\n", b"\xff" * 300,
    ]  # fmt: skip
