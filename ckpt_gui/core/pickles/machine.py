"""The pickle machine: opcodes of protocols 0-5 become inert values.

It imports nothing, calls nothing a file names, hashes and compares no value of the file, recurses
nowhere, and is linear in time and memory in the stream's length. Opcode semantics follow CPython's
``Lib/pickle.py`` (``_Unpickler``) and ``pickletools``.

Why not CPython's own unpickler with a harmless ``find_class``: ``BUILD`` writes into whatever that
returned, the memo can be made to allocate without bound, and hashing nested tuples can take years.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any

from ckpt_gui.core.pickles.effects import Effects, Pickled
from ckpt_gui.core.pickles.feed import MAX_TEXT, Broken, Feed
from ckpt_gui.core.pickles.salvage import salvage
from ckpt_gui.core.pickles.values import Mapping, Value
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import Bytes
from ckpt_gui.core.text import escape, integer

MAX_OPCODES = 50_000_000
TICK = 8192
"""Opcodes between looks at the limits; ``9 * TICK`` must stay below ``feed.SLACK``."""

_I = struct.Struct("<I").unpack_from
_i = struct.Struct("<i").unpack_from
_H = struct.Struct("<H").unpack_from
_Q = struct.Struct("<Q").unpack_from
_d = struct.Struct(">d").unpack_from


def unknown_id(pid: Any) -> Value:
    """What stands for a persistent id that has no meaning here."""
    if type(pid) is str:
        return Value("persistent id", escape(pid[:200]))
    return Value("persistent id", integer(pid) if type(pid) is int else "of a kind torch never writes")


def read_pickle(
    source: Bytes,
    start: int = 0,
    persist: Callable[[Any], Any] | None = None,
    report: Report = SILENT,
) -> Pickled:
    """The pickle that begins at byte ``start`` of ``source``, as inert values.

    ``persist`` turns a persistent id into a value. Damage never raises: the result carries a
    partial ``value`` and says in ``broken`` where and why the stream ended.
    """
    return Machine(source, start, persist or unknown_id, report).run()


class Machine(Effects):
    """One reading of one stream; ``graph`` has another that keeps what this one interprets."""

    feed_type: type[Feed] = Feed
    dict_type: type[Any] = Mapping
    """What EMPTY_DICT makes."""

    def __init__(self, source: Bytes, start: int, persist: Callable[[Any], Any], report: Report) -> None:
        # An honest stream spends more than nine bytes on a container or a memo entry, so this bound
        # only meets streams of nothing but one-byte opcodes, which would fill the memory.
        super().__init__(self.feed_type(source, start), start, 300_000 + max(0, source.nbytes - start) // 8)
        self.persist = persist
        self.report = report
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.frame_end = -1

    def run(self) -> Pickled:
        """The whole stream; damage ends it early and is told in the result."""
        result = self.result
        try:
            result.value = self._loop()
        except Broken as exc:
            self._give_up(str(exc))
        except IndexError:
            self._give_up("the stream ends, or takes from an empty stack")
        except KeyError as exc:
            self._give_up(f"memo entry {str(exc)[:40]} was never made")
        except (ValueError, TypeError, UnicodeError, struct.error, OverflowError) as exc:
            self._give_up(f"malformed opcode ({str(exc)[:120]})")
        result.nbytes = result.end - self.start
        return result

    def _give_up(self, why: str) -> None:
        at = self.result.end
        self.result.broken = f"{why} (byte {at - self.start:,} of the pickle)"
        self.result.value = salvage(self.stack, self.marks)

    # The loop below is one function of one long if-chain, against the house rule: a table of handler
    # functions ran at a quarter of its speed. The chain is ordered by how often torch.save uses an
    # opcode. ``pos`` is kept in ``result.end`` only between ticks and on the way out.
    def _loop(self) -> Any:
        feed, result, stack, marks = self.feed, self.result, self.stack, self.marks
        new_dict = self.dict_type
        data, safe, pos = feed.data, feed.safe, 0
        memo: dict[int, Any] = {}
        push, pop = stack.append, stack.pop
        made = 0
        try:
            while True:
                if pos > safe:
                    pos = feed.fill(pos, 0)
                    data, safe = feed.data, feed.safe
                self._look(feed.base + pos, made, len(memo), len(marks), len(stack))
                for _ in range(TICK):
                    op = data[pos]
                    pos += 1
                    if op == 113:  # BINPUT
                        memo[data[pos]] = stack[-1]
                        pos += 1
                    elif op == 114:  # LONG_BINPUT
                        memo[_I(data, pos)[0]] = stack[-1]
                        pos += 4
                    elif op == 75:  # BININT1
                        push(data[pos])
                        pos += 1
                    elif op == 104:  # BINGET
                        push(memo[data[pos]])
                        pos += 1
                    elif op == 106:  # LONG_BINGET
                        push(memo[_I(data, pos)[0]])
                        pos += 4
                    elif op == 148:  # MEMOIZE
                        memo[len(memo)] = stack[-1]
                    elif op == 88 or op == 140 or op == 141:  # BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
                        if op == 88:
                            size = _I(data, pos)[0]
                            pos += 4
                        elif op == 140:
                            size = data[pos]
                            pos += 1
                            self._refuse(op)
                        else:
                            size = _Q(data, pos)[0]
                            pos += 8
                            self._refuse(op)
                        end = pos + size
                        if end > safe or size > MAX_TEXT:
                            value, pos = self.feed.string(pos, size, "str")
                            data, safe = feed.data, feed.safe
                            push(value)
                        else:
                            push(str(data[pos:end], "utf-8", "surrogatepass"))
                            pos = end
                    elif op == 40:  # MARK
                        marks.append(len(stack))
                    elif op == 116:  # TUPLE
                        mark = marks.pop()
                        items = tuple(stack[mark:])
                        del stack[mark:]
                        push(items)
                        made += 1
                    elif op == 133:  # TUPLE1
                        stack[-1] = (stack[-1],)
                        made += 1
                    elif op == 134:  # TUPLE2
                        last = pop()
                        stack[-1] = (stack[-1], last)
                        made += 1
                    elif op == 135:  # TUPLE3
                        last = pop()
                        middle = pop()
                        stack[-1] = (stack[-1], middle, last)
                        made += 1
                    elif op == 81:  # BINPERSID
                        stack[-1] = self.persist(stack[-1])
                    elif op == 82:  # REDUCE
                        args = pop()
                        stack[-1] = self._reduce(stack[-1], args)
                        made += 1
                    elif op == 137:  # NEWFALSE
                        push(False)
                    elif op == 41:  # EMPTY_TUPLE
                        push(())
                    elif op == 77:  # BININT2
                        push(_H(data, pos)[0])
                        pos += 2
                    elif op == 74:  # BININT
                        push(_i(data, pos)[0])
                        pos += 4
                    elif op == 117:  # SETITEMS
                        mark = marks.pop()
                        pairs = stack[mark:]
                        del stack[mark:]
                        self._set_items(stack[-1], pairs)
                    elif op == 115:  # SETITEM
                        last = pop()
                        key = pop()
                        self._set_items(stack[-1], (key, last))
                    elif op == 101:  # APPENDS
                        mark = marks.pop()
                        items_ = stack[mark:]
                        del stack[mark:]
                        self._extend(stack[-1], items_)
                    elif op == 97:  # APPEND
                        last = pop()
                        self._extend(stack[-1], (last,))
                    elif op == 71:  # BINFLOAT
                        push(_d(data, pos)[0])
                        pos += 8
                    elif op == 136:  # NEWTRUE
                        push(True)
                    elif op == 78:  # NONE
                        push(None)
                    elif op == 125:  # EMPTY_DICT
                        push(new_dict())
                        made += 1
                    elif op == 93:  # EMPTY_LIST
                        push([])
                        made += 1
                    elif op == 98:  # BUILD
                        last = pop()
                        stack[-1] = self._build(stack[-1], last)
                    elif op == 129:  # NEWOBJ
                        args = pop()
                        stack[-1] = self._new(stack[-1], args, None)
                        made += 1
                    elif op == 147:  # STACK_GLOBAL
                        self._refuse(op)
                        last = pop()
                        stack[-1] = self._global(stack[-1], last)
                    elif op == 99:  # GLOBAL
                        line, pos = self.feed.line(pos)
                        second, pos = self.feed.line(pos)
                        data, safe = feed.data, feed.safe
                        push(self._global(_utf8(line), _utf8(second)))
                    elif op == 66 or op == 67 or op == 142 or op == 150 or op == 84 or op == 85:
                        # BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8, BINSTRING, SHORT_BINSTRING
                        if op == 67 or op == 85:
                            size = data[pos]
                            pos += 1
                        elif op == 142 or op == 150:
                            size = _Q(data, pos)[0]
                            pos += 8
                        else:
                            size = _I(data, pos)[0] if op == 66 else _i(data, pos)[0]
                            pos += 4
                        value, pos = self.feed.string(pos, size, "bytes")
                        data, safe = feed.data, feed.safe
                        self._refuse(op)
                        if op == 84 or op == 85:
                            result.python2 = True
                            value = self._old_text(value)
                        elif op == 150:
                            value = self._bytearray(value)
                        push(value)
                    elif op == 138 or op == 139:  # LONG1, LONG4
                        size = data[pos] if op == 138 else _i(data, pos)[0]
                        pos += 1 if op == 138 else 4
                        value, pos = self.feed.integer(pos, size)
                        data, safe = feed.data, feed.safe
                        if op == 139:
                            self._refuse(op)
                        push(value)
                    elif op == 128:  # PROTO
                        result.protocol = max(result.protocol, data[pos])
                        if data[pos] > 5:
                            raise Broken(f"pickle protocol {data[pos]} is not known")
                        pos += 1
                    elif op == 46:  # STOP
                        if self.frame_end > feed.base + pos:
                            result.notes.append("the pickle's last frame does not end where its length says")
                        if marks or len(stack) != 1:
                            result.notes.append(
                                f"the pickle ends with {len(stack)} values on its stack where one is expected"
                            )
                        return pop()
                    else:
                        pos = self._rare(op, pos, memo)
                        data, safe = feed.data, feed.safe
                        made += 1
                result.opcodes += TICK
        finally:
            result.end = feed.base + pos

    def _look(self, at: int, made: int, memo: int, marks: int, depth: int) -> None:
        self.report.at(at, self.feed.left(0) + self.feed.base, "bytes of pickle")
        if self.result.opcodes > MAX_OPCODES:
            raise Broken(f"more than {MAX_OPCODES:,} opcodes")
        if max(made, memo, marks, depth // 3) > self.ceiling:
            raise Broken(f"more than {self.ceiling:,} values in so short a stream")

    def _rare(self, op: int, pos: int, memo: dict[int, Any]) -> int:
        """Opcodes that torch.save does not write, or seldom; returns the new position."""
        stack, marks, data = self.stack, self.marks, self.feed.data
        if op == 149:  # FRAME
            end = self.feed.base + pos + 8 + _Q(data, pos)[0]
            if self.frame_end > self.feed.base + pos - 1:
                self.result.notes.append("a pickle frame begins inside another one")
            if end - self.feed.base > len(data) and end > self.feed.base + pos + self.feed.left(pos):
                self.result.notes.append("a pickle frame is longer than the stream")
            self.frame_end = end
            self._refuse(op)
            return pos + 8
        if op == 143:  # EMPTY_SET
            stack.append(self._set())
        elif op == 144:  # ADDITEMS
            self._add(stack[marks[-1] - 1], stack[marks[-1] :])
            del stack[marks.pop() :]
        elif op == 145:  # FROZENSET
            mark = marks.pop()
            stack[mark:] = [self._frozenset(stack[mark:])]
        elif op == 48:  # POP
            if marks and marks[-1] == len(stack):
                marks.pop()
            else:
                self._drop([stack.pop()])
        elif op == 49:  # POP_MARK
            mark = marks.pop()
            values = stack[mark:]
            del stack[mark:]
            self._drop(values)
        elif op == 50:  # DUP
            stack.append(stack[-1])
        elif op == 108:  # LIST
            mark = marks.pop()
            stack[mark:] = [stack[mark:]]
        elif op == 100:  # DICT
            made = self.dict_type()
            self._set_items(made, stack[marks[-1] :])
            stack[marks.pop() :] = [made]
        elif op == 146:  # NEWOBJ_EX
            kwargs, args = stack.pop(), stack.pop()
            stack[-1] = self._new(stack[-1], args, kwargs)
        elif op == 111:  # OBJ
            cls, *rest = stack[marks[-1] :]
            stack[marks.pop() :] = [self._instance(cls, tuple(rest))]
        else:
            return self._text_opcode(op, pos, memo)
        self._refuse(op)
        return pos

    def _text_opcode(self, op: int, pos: int, memo: dict[int, Any]) -> int:
        """Opcodes of protocol 0, whose argument is a line; and those nobody can follow."""
        stack = self.stack
        if op not in b"IFLSVgpPi":
            raise Broken(_NOT_FOLLOWED.get(op, f"opcode {op} is not known"))
        line, pos = self.feed.line(pos)
        if op == 73:  # INT
            stack.append(line == b"01" if line in (b"00", b"01") else self._decimal(line))
        elif op == 76:  # LONG
            stack.append(self._decimal(line.rstrip(b"L")))
        elif op == 70:  # FLOAT
            stack.append(float(line))
        elif op == 83:  # STRING
            if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
                raise Broken("a text string without its quotes")
            stack.append(self._old_text(codecs.escape_decode(line[1:-1])[0]))
        elif op == 86:  # UNICODE
            stack.append(str(line, "raw-unicode-escape"))
        elif op == 103:  # GET
            stack.append(memo[int(line)])
        elif op == 112:  # PUT
            memo[int(line)] = stack[-1]
        elif op == 80:  # PERSID
            stack.append(self.persist(_utf8(line)))
        else:  # INST
            second, pos = self.feed.line(pos)
            mark = self.marks.pop()
            stack[mark:] = [self._instance(self._global(_utf8(line), _utf8(second)), tuple(stack[mark:]))]
        self._refuse(op)
        return pos


def _utf8(line: bytes) -> str:
    return str(line, "utf-8", "surrogatepass")


_NOT_FOLLOWED = {
    130: "extension codes (EXT1) are not followed", 131: "extension codes (EXT2) are not followed",
    132: "extension codes (EXT4) are not followed", 151: "out-of-band buffers are not in the file",
    152: "out-of-band buffers are not in the file",
}  # fmt: skip
