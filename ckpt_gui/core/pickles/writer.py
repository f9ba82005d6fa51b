"""A graph (see ``graph``) back into opcodes, without recursion and in one pass.

Only opcodes that torch's weights_only unpickler reads (torch/_weights_only_unpickler.py), but for what it could not
read in the source either: frozensets, bytes and bytearrays by opcode, a call whose result is thrown away. What is met
once gets no memo entry; where a second meeting asks for one, the place of its PUT is known and it is put in when the
bytes are handed out. An entry is made once a value is complete, where nothing in it asks earlier: TorchScript's own
unpickler (torch/csrc/jit/serialization/unpickler.cpp) knows an object only after its BUILD. That one also wants a
LONG1 of eight bytes, and APPENDS and SETITEMS only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.pickles.graph import Bag, Dict, Made, Persistent, Raw
from ckpt_gui.core.pickles.values import Global, Span

BATCH = 1000
"""Items between two marks, as pickle.py has it: what a loader holds on its stack at a time."""
CHUNK = 1 << 20
"""Bytes handed out at a time, about; of long strings read at a time."""

_SMALL = [bytes((75, number)) for number in range(256)]
_CALLS = {"reduce": (b"R", b"00"), "new": (b"\x81", b"00"), "new_ex": (b"\x92", b"000"), "obj": (b"o", b"1")}
_TUPLES = {1: (b"\x85", b"0"), 2: (b"\x86", b"00"), 3: (b"\x87", b"000")}


def write_graph(root: Any, protocol: int = 2) -> Iterator[bytes]:
    """The pickle stream of ``root`` in pieces.

    ``protocol`` is the source's (``Graph.protocol``): names of code mean something else below 3 and from 4 on.
    Long strings are read from where they lie while the pieces are taken. Raises ConvertError for what no stream holds.
    """
    writer = _Writer()
    writer.out += bytes((128, max(2, protocol)))
    writer.write(root)
    writer.out += b"."
    return writer.pieces()


class _Code:
    """Bytes to write once all that waits above them is written."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw


_APPEND, _STATE, _POP = _Code(b"a"), _Code(b"b"), _Code(b"0")
_APPENDS, _SETITEMS, _ADDITEMS = _Code(b"e"), _Code(b"u"), _Code(b"\x90")
_FILLED: dict[type, tuple[bytes, _Code]] = {
    list: (b"]", _APPENDS), Dict: (b"}", _SETITEMS), Bag: (b"\x8f", _ADDITEMS)
}  # fmt: skip


class _End:
    """A value that is made of what lies on the stack; ``pops`` takes that off again if it was made meanwhile."""

    __slots__ = ("code", "node", "pops")

    def __init__(self, node: Any, code: bytes, pops: bytes) -> None:
        self.node = node
        self.code = code
        self.pops = pops


class _Batch:
    """Items that are still to be put into something; ``node`` is complete after the last."""

    __slots__ = ("at", "code", "items", "node")

    def __init__(self, node: Any, items: list[Any], code: _Code) -> None:
        self.node = node
        self.items = items
        self.code = code
        self.at = 0


class _Steps:
    """What is still to be done to a made value."""

    __slots__ = ("at", "node")

    def __init__(self, node: Made) -> None:
        self.node = node
        self.at = 0


class _Writer:
    def __init__(self) -> None:
        self.out = bytearray()
        self.todo: list[Any] = []
        self.known: dict[int, int] = {}
        """Id of what was written → the place where its PUT would stand, or, once it has a memo entry, ``~number``."""
        self.puts: list[tuple[int, int]] = []
        """Place and number of each memo entry."""
        self.spans: list[tuple[int, Span]] = []
        """Place and long string that is not in ``out``."""
        self.writers: dict[type, Callable[[Any], None]] = {
            type(None): self._single, bool: self._single, int: self._long, float: self._float, bytes: self._bytes,
            list: self._filled, Dict: self._filled, Bag: self._filled, Made: self._made, Persistent: self._persistent,
            Global: self._global, Span: self._span, Raw: self._raw,
            _Batch: self._batch, _Steps: self._steps,
        }  # fmt: skip

    def write(self, root: Any) -> None:
        """All of ``root`` into ``out``; the only loop, so the commonest kinds are handled in it."""
        out, todo, known, writers = self.out, self.todo, self.known, self.writers
        pop = todo.pop
        todo.append(root)
        while todo:
            value = pop()
            kind = type(value)
            if kind is int and -(1 << 63) <= value < 1 << 63:
                out += _SMALL[value] if 0 <= value < 256 else _integer(value)
            elif id(value) in known:
                self._get(value)
            elif kind is _End:
                self._end(value)
            elif kind is str:
                raw = value.encode("utf-8", "surrogatepass")
                out += b"X%b%b" % (len(raw).to_bytes(4, "little"), raw)
                known[id(value)] = len(out)
            elif kind is tuple:
                self._tuple(value)
            elif kind is _Code:
                out += value.raw
            elif kind in writers:
                writers[kind](value)
            else:
                raise ConvertError(f"a value of the kind {kind.__name__} cannot be written into a pickle")

    def pieces(self) -> Iterator[bytes]:
        """The stream with its memo entries and long strings put in."""
        # At one place a long string comes before its own PUT.
        inserts: list[tuple[int, int, Any]] = [(at, 0, span) for at, span in self.spans]
        inserts += [(at, 1, number) for at, number in self.puts]
        inserts.sort(key=lambda insert: insert[:2])
        out, done, waiting = memoryview(self.out), 0, bytearray()
        for at, _, what in inserts:
            waiting += out[done:at]
            done = at
            if type(what) is Span:
                yield bytes(waiting)
                waiting.clear()
                yield from _content(what)
            else:
                waiting += bytes((113, what)) if what < 256 else b"r" + what.to_bytes(4, "little")
            if len(waiting) > CHUNK:
                yield bytes(waiting)
                waiting.clear()
        yield bytes(waiting)
        for at in range(done, len(out), CHUNK):
            yield bytes(out[at : at + CHUNK])

    def _get(self, value: Any) -> None:
        """Write a reference to what was written before."""
        at = self.known[id(value)]
        if at >= 0:
            self.puts.append((at, len(self.puts)))
            at = self.known[id(value)] = ~(len(self.puts) - 1)
        number = ~at
        self.out += bytes((104, number)) if number < 256 else b"j" + number.to_bytes(4, "little")

    def _here(self, value: Any) -> None:
        """Say that a PUT of ``value`` would stand here, unless an earlier one is in use already."""
        if self.known.get(id(value), 0) >= 0:
            self.known[id(value)] = len(self.out)

    def _single(self, value: bool | None) -> None:
        self.out += b"N" if value is None else b"\x88" if value else b"\x89"

    def _float(self, value: float) -> None:
        self.out += b"G" + struct.pack(">d", value)

    def _long(self, value: int) -> None:
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        self.out += b"\x8a" + bytes((len(raw),)) if len(raw) < 256 else b"\x8b" + len(raw).to_bytes(4, "little")
        self.out += raw
        self._here(value)

    def _bytes(self, value: bytes) -> None:
        size = len(value)
        self.out += b"C" + bytes((size,)) if size < 256 else b"B" + size.to_bytes(4, "little")
        self.out += value
        self._here(value)

    def _span(self, value: Span) -> None:
        short, long = (b"X", b"\x8d") if value.type_name == "str" else (b"B", b"\x8e")
        size = value.nbytes
        self.out += short + size.to_bytes(4, "little") if size < 1 << 32 else long + size.to_bytes(8, "little")
        self.spans.append((len(self.out), value))
        self._here(value)

    def _raw(self, value: Raw) -> None:
        raw = value.raw
        size = raw.nbytes if isinstance(raw, Span) else len(raw)
        if value.kind == "old text" and size < 256:
            self.out += b"U" + bytes((size,))
        elif value.kind == "bytearray":
            self.out += b"\x96" + size.to_bytes(8, "little")
        elif value.kind == "decimal":
            self.out += b"L"
        elif size < 1 << 31:
            self.out += (b"T" if value.kind == "old text" else b"\x8b") + size.to_bytes(4, "little")
        else:
            raise ConvertError(f"a pickle cannot hold a Python 2 string of {size:,} bytes")
        if isinstance(raw, Span):
            self.spans.append((len(self.out), raw))
        else:
            self.out += raw
        if value.kind == "decimal":
            self.out += b"L\n"
        self._here(value)

    def _global(self, value: Global) -> None:
        module, name = (part.encode("utf-8", "surrogatepass") for part in (value.module, value.name))
        if b"\n" in module or b"\n" in name:
            for part in (module, name):
                self.out += b"X" + len(part).to_bytes(4, "little") + part
            self.out += b"\x93"
        else:
            self.out += b"c%b\n%b\n" % (module, name)
        self._here(value)

    def _tuple(self, value: tuple[Any, ...]) -> None:
        if not value:
            self.out += b")"
            return
        code, pops = _TUPLES.get(len(value)) or (b"t", b"1")
        if len(value) > 3:
            self.out += b"("
        for item in value:
            if type(item) is not int or not 0 <= item < 256:
                self.todo.append(_End(value, code, pops))
                self.todo += value[::-1]
                return
        # Half of all tuples are shapes and strides.
        self.out += b"".join([_SMALL[item] for item in value]) + code
        self.known[id(value)] = len(self.out)

    def _filled(self, value: list[Any] | Dict | Bag) -> None:
        """Begin what is filled after it was made; a frozenset is made of what fills it."""
        if isinstance(value, Bag) and value.frozen:
            self.out += b"("
            self.todo.append(_End(value, b"\x91", b"1"))
            self.todo += value.elements[::-1]
            return
        items = value if isinstance(value, list) else value.items if isinstance(value, Dict) else value.elements
        code, put = _FILLED[type(value)]
        self.out += code
        self._here(value)
        if items:
            self.todo.append(_Batch(value, items, put))

    def _batch(self, batch: _Batch) -> None:
        if batch.at >= len(batch.items):
            self._here(batch.node)
            return
        todo, some = self.todo, batch.items[batch.at : batch.at + BATCH]
        batch.at += BATCH
        self.out += b"("
        todo.append(batch)
        todo.append(batch.code)
        if batch.code is _SETITEMS:
            for key, item in reversed(some):
                todo.append(item)
                todo.append(key)
        else:
            todo += some[::-1]

    def _persistent(self, value: Persistent) -> None:
        self.todo.append(_End(value, b"Q", b"0"))
        self.todo.append(value.pid)

    def _made(self, value: Made) -> None:
        todo = self.todo
        todo.append(_End(value, *_CALLS[value.how]))
        if value.how == "obj":
            self.out += b"("
            todo += value.args[::-1]
        else:
            if value.how == "new_ex":
                todo.append(value.kwargs)
            todo.append(value.args)
        todo.append(value.callee)

    def _end(self, end: _End) -> None:
        node = end.node
        if id(node) in self.known:
            # It lies within itself (by way of a list, say), and was made there, where it was met first.
            self.out += end.pops
            self._get(node)
            return
        self.out += end.code
        self.known[id(node)] = len(self.out)
        if type(node) is Made and node.steps:
            self.todo.append(_Steps(node))

    def _steps(self, steps: _Steps) -> None:
        done, todo = steps.node.steps or [], self.todo
        if steps.at >= len(done):
            self._here(steps.node)
            return
        what, content = done[steps.at]
        steps.at += 1
        todo.append(steps)
        if what == "state" or what == "call":
            todo += (_STATE if what == "state" else _POP, content)
        elif what == "append":
            todo += (_APPEND, content[0])
        elif what == "items":
            todo.append(_Batch(steps.node, content, _SETITEMS))
        else:
            self.out += b"("
            todo.append(_APPENDS if what == "appends" else _ADDITEMS)
            todo += content[::-1]


def _integer(value: int) -> bytes:
    """An int of at most 64 bits."""
    if 0 <= value < 1 << 16:
        return b"M" + value.to_bytes(2, "little")
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + value.to_bytes(4, "little", signed=True)
    return b"\x8a\x08" + value.to_bytes(8, "little", signed=True)


def _content(span: Span) -> Iterator[bytes]:
    """The bytes of a long string, read from where they lie."""
    for at in range(0, span.nbytes, CHUNK):
        want = min(CHUNK, span.nbytes - at)
        found = span.source.read(span.offset + at, want)
        if len(found) < want:
            raise ConvertError("a long string of the pickle is cut off: the file has changed")
        yield found
