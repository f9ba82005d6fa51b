"""Small changes to bytes, of the kinds that parsers stumble over."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

NUMBERS = (0, 1, -1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63)
WORDS = (
    b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"data.pkl", b"byteorder",
    b"\x80\x02", b".", b"}", b"]", b"(", b"u", b"R", b"b", b"0", b"2", b"Q", b"q\x00", b"h\x00", b"cos\nsystem\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n", b"ccollections\nOrderedDict\n", b")R", b"X\x00\x00\x00\x00",
    b"\x8a\xff", b"NaN", b"null", b"-1", b"[]", b"{}", b'"', b"\xff\xfe", b"\xed\xa0\x80", b"\n",
)  # fmt: skip

Mutation = Callable[[bytearray, list[bytes], random.Random], None]


def mutated(data: bytes, corpus: list[bytes], dice: random.Random) -> bytes:
    """One to eight changes; more of them are rarer."""
    out = bytearray(data)
    for _ in range(min(8, 1 + int(dice.expovariate(0.7)))):
        dice.choice(MUTATIONS)(out, corpus, dice)
    return bytes(out)


def _place(out: bytearray, dice: random.Random) -> int:
    return dice.randrange(len(out) + 1)


def _bit(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    if out:
        out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)


def _byte(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    if out:
        out[dice.randrange(len(out))] = dice.randrange(256)


def _number(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    at, form = _place(out, dice), dice.choice("BHIQ")
    raw = struct.pack(f"<{form}", dice.choice(NUMBERS) % 2 ** (8 * struct.calcsize(form)))
    out[at : at + len(raw)] = raw


def _word(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    at, word = _place(out, dice), dice.choice(WORDS)
    out[at : at + (len(word) if dice.random() < 0.5 else 0)] = word


def _remove(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    at = _place(out, dice)
    del out[at : at + int(dice.expovariate(0.1)) + 1]


def _repeat(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    at = _place(out, dice)
    out[at:at] = out[at : at + int(dice.expovariate(0.05)) + 1] * dice.choice((1, 1, 2, 20))


def _move(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    at, size = _place(out, dice), int(dice.expovariate(0.05)) + 1
    piece = out[at : at + size]
    del out[at : at + size]
    to = _place(out, dice)
    out[to:to] = piece


def _splice(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    other = dice.choice(corpus)
    at = _place(out, dice)
    cut = dice.randrange(len(other) + 1)
    out[at:] = other[cut : cut + (1 << 15)]


def _cut(out: bytearray, corpus: list[bytes], dice: random.Random) -> None:
    del out[_place(out, dice) :]


MUTATIONS: tuple[Mutation, ...] = (
    _bit, _bit, _byte, _byte, _number, _number, _word, _word, _remove, _repeat, _move, _splice, _cut,
)  # fmt: skip
