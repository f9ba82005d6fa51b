"""Whether two graphs say the same: value by value, with the same objects shared and the same cycles."""

from __future__ import annotations

import struct
from typing import Any

from ckpt_gui.core.pickles.graph import Bag, Dict, Made, Persistent, Raw
from ckpt_gui.core.pickles.values import Global, Span
from ckpt_gui.core.text import clip, escape, plural

_PIECE = 1 << 20
_TRAIL = 12

Where = tuple[Any, str | int] | None
"""How a value was come to: the way to what holds it, and a word."""


def same_graph(a: Any, b: Any) -> str:
    """ "" where ``a`` and ``b`` are isomorphic, order of items and sharing included; else a sentence where they differ.

    Linear in their size. Text of one character, empty strings and tuples, and names of code are equal by value:
    Python itself keeps but one of each.
    """
    return _Comparison().run(a, b)


class _Comparison:
    def __init__(self) -> None:
        self.there: dict[int, int] = {}
        """Ids of ``a`` → of ``b``."""
        self.back: dict[int, int] = {}
        self.todo: list[tuple[Any, Any, Where]] = []

    def run(self, a: Any, b: Any) -> str:
        self.todo.append((a, b, None))
        there, back, todo = self.there, self.back, self.todo
        while todo:
            left, right, where = todo.pop()
            kind = type(left)
            if kind is not type(right):
                return _differ(where, f"{_words(left)} is {_words(right)}")
            if kind in _BY_VALUE or (kind in _TEXTS and len(left) < 2) or left == ():
                if not _equal(left, right):
                    return _differ(where, f"{_words(left)} is {_words(right)}")
                continue
            met, met_back = there.get(id(left)), back.get(id(right))
            if met is None and met_back is None:
                there[id(left)], back[id(right)] = id(right), id(left)
                if trouble := self._inside(left, right, where):
                    return _differ(where, trouble)
            elif met != id(right) or met_back != id(left):
                return _differ(where, f"{_words(left)} is one object with another place in one of the two only")
        return ""

    def _inside(self, left: Any, right: Any, where: Where) -> str:
        """Compare what two values of one kind are made of, one step down; what differs at once, in words."""
        kind = type(left)
        if kind in _TEXTS:
            return "" if left == right else f"{_words(left)} is {_words(right)}"
        if kind is Span or kind is Raw:
            return _long_differ(left, right)
        if kind is Persistent:
            self.todo.append((left.pid, right.pid, (where, "persistent id")))
            return ""
        if kind is Made:
            return self._made(left, right, where)
        if kind is Dict:
            return self._pairs(left.items, right.items, where)
        if kind is Bag:
            if left.frozen is not right.frozen:
                return "a set is a frozenset"
            return self._all(left.elements, right.elements, where)
        return self._all(left, right, where)

    def _all(self, left: Any, right: Any, where: Where) -> str:
        if len(left) != len(right):
            return f"{plural(len(left), 'item')} are {len(right):,}"
        for place in range(len(left) - 1, -1, -1):
            self.todo.append((left[place], right[place], (where, place)))
        return ""

    def _pairs(self, left: list[tuple[Any, Any]], right: list[tuple[Any, Any]], where: Where) -> str:
        if len(left) != len(right):
            return f"{plural(len(left), 'item')} are {len(right):,}"
        for place in range(len(left) - 1, -1, -1):
            (key, item), (other_key, other) = left[place], right[place]
            self.todo.append((item, other, (where, key if type(key) in (str, int) else place)))
            self.todo.append((key, other_key, (where, f"key {place}")))
        return ""

    def _made(self, left: Made, right: Made, where: Where) -> str:
        if left.how != right.how:
            return f"{_words(left)} is made by {left.how} in one, by {right.how} in the other"
        steps, others = left.steps or [], right.steps or []
        if [what for what, _ in steps] != [what for what, _ in others]:
            return f"{_words(left)} is not filled in the same steps"
        for (what, content), (_, other) in zip(reversed(steps), reversed(others), strict=True):
            if what == "items":
                trouble = self._pairs(content, other, where)
            elif what in ("state", "call"):
                self.todo.append((content, other, (where, what)))
                trouble = ""
            else:
                trouble = self._all(content, other, where)
            if trouble:
                return trouble
        self.todo.append((left.kwargs, right.kwargs, (where, "kwargs")))
        if left.how == "obj":
            self.todo.append((left.callee, right.callee, (where, "callee")))
            return self._all(left.args, right.args, where)
        self.todo.append((left.args, right.args, (where, "args")))
        self.todo.append((left.callee, right.callee, (where, "callee")))
        return ""


_BY_VALUE = (type(None), bool, int, float, Global)
_TEXTS = (str, bytes)


def _equal(left: Any, right: Any) -> bool:
    if type(left) is float:
        return struct.pack(">d", left) == struct.pack(">d", right)
    if type(left) is Global:
        return bool(left.module == right.module and left.name == right.name)
    return bool(left == right)


def _long_differ(left: Any, right: Any) -> str:
    if type(left) is Raw:
        if left.kind != right.kind:
            return f"{left.kind} is {right.kind}"
        left, right = left.raw, right.raw
    elif left.type_name != right.type_name:
        return f"a long {left.type_name} is {right.type_name}"
    size = _length(left)
    if size != _length(right):
        return f"{size:,} bytes are {_length(right):,}"
    same = all(_piece(left, at) == _piece(right, at) for at in range(0, size, _PIECE))
    return "" if same else f"a long string of {size:,} bytes has others"


def _length(value: bytes | Span) -> int:
    return value.nbytes if type(value) is Span else len(value)  # type: ignore[arg-type]


def _piece(value: bytes | Span, at: int) -> bytes:
    if type(value) is not Span:
        return value[at : at + _PIECE]  # type: ignore[index]
    found: bytes = value.source.read(value.offset + at, min(_PIECE, value.nbytes - at))
    return found


def _words(value: Any) -> str:
    kind = type(value)
    if kind is Global:
        return escape(value.full)[:200]
    if kind is Made:
        return f"{_words(value.callee)}(…)" if type(value.callee) is Global else "the result of a call"
    if kind in (str, bytes, float, bool, type(None)):
        return escape(clip(repr(value), 100))
    if kind is int:
        return str(value) if value.bit_length() < 100 else f"an int of {value.bit_length():,} bits"
    return f"a value of the kind {kind.__name__}"


def _differ(where: Where, what: str) -> str:
    words: list[str] = []
    while where is not None and len(words) < _TRAIL:
        words.append(escape(str(where[1]))[:100])
        where = where[0]
    place = "/".join(reversed(words))
    return f"at {'…/' if where is not None else ''}{place}: {what}" if place else what
