"""Pickle streams that break the machine that reads them (hostile-files.md §4): lengths, order, endings.

Each is the ``data.pkl`` of a zip that is otherwise all right. None is ever unpickled here; the names
that stand for a payload do not exist, or are never called.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from tests.builders.hostile_zip import DATA
from tests.builders.opcodes import (
    APPEND,
    BUILD,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NONE,
    POP,
    POP_MARK,
    REDUCE,
    SETITEM,
    SETITEMS,
    STACK_GLOBAL,
    STOP,
    TUPLE,
    TUPLE1,
    TUPLE2,
    Assembler,
)
from tests.builders.rawzip import pack, torch_members
from tests.builders.registry import add_hostile

MANY = 9_000_000


def stream(expected: str) -> Callable[[Callable[[], bytes]], None]:
    """Sign up a function that makes a stream; it becomes the ``data.pkl`` of a zip."""

    def sign_up(make: Callable[[], bytes]) -> None:
        add_stream(make.__name__, expected, make, make.__doc__ or "")

    return sign_up


def add_stream(name: str, expected: str, make: Callable[[], bytes], doc: str) -> None:
    """Sign up a stream under a name."""

    def build(folder: Path) -> Path:
        path = folder / "stream.pt"
        code = make()
        storages = [("0", DATA)] if b"FloatStorage" in code[:300] else []
        path.write_bytes(pack(torch_members(code, storages, root="stream")))
        return path

    build.__doc__ = doc
    add_hostile(f"pickle/{name}", build, expected)


def begun() -> Assembler:
    """A dictionary that has one good tensor already, the mark of the next items on top."""
    return Assembler().raw(EMPTY_DICT, MARK).text("good").tensor().raw(SETITEMS, MARK)


WELL_FORMED = {
    "int_underscore", "memo_put_negative", "memo_put_huge_text", "persid_text", "build_on_dict", "build_on_int",
    "stack_global_ints", "stack_global_tuple", "setitem_on_none", "setitem_on_list", "setitem_on_text", "utf8",
    "append_on_dict", "append_on_int", "append_on_tuple", "additems_on_list", "reduce_int", "reduce_text", "newobj_int",
    "obj_empty", "proto_9", "odd_items", "reduce_short_stack", "underflow", "mark_left",
}  # fmt: skip
"""A reader may keep them as generic objects, for only their operands make no sense; or has nothing left to show."""


def _broken(name: str, *codes: bytes, doc: str = "Malformed where it breaks; the tree up to there is shown.") -> None:
    expected = "either" if name in WELL_FORMED else "noted"
    add_stream(f"broken_{name}", expected, lambda: bytes(begun().text("k").raw(*codes)), doc)


def _le(value: int, width: int) -> bytes:
    return value.to_bytes(width, "little")


HUGE = {"2_40": 2**40, "2_62": 2**62, "2_63": 2**63, "2_64_less_1": 2**64 - 1}
for _name, _length in HUGE.items():
    _broken(f"unicode8_{_name}", b"\x8d" + _le(_length, 8) + b"abc" + STOP)
    _broken(f"bytes8_{_name}", b"\x8e" + _le(_length, 8) + b"abc" + STOP)
    _broken(f"bytearray8_{_name}", b"\x96" + _le(_length, 8) + b"abc" + STOP)
    _broken(f"frame_{_name}", b"\x95" + _le(_length, 8) + NONE + SETITEMS + STOP, doc="A FRAME beyond the end: told.")
_broken("unicode_2_32", b"X\xff\xff\xff\xff" + b"abc" + STOP)
_broken("bytes_2_32", b"B\xff\xff\xff\xff" + b"abc" + STOP)
_broken("string_negative", b"T\xff\xff\xff\xff" + b"abc" + STOP)
_broken("long4_2_31", b"\x8b\xff\xff\xff\x7f" + b"abc" + STOP)
_broken("long4_negative", b"\x8b\xff\xff\xff\xff" + b"abc" + STOP)
_broken("short_unicode", b"\x8c\xff" + b"abc")
_broken("int_cut", b"J\x01")
_broken("float_cut", b"G\x01")
_broken("utf8", b"X" + _le(3, 4) + b"\xff\xfe\xfd" + NONE, doc="Text that is no UTF-8: escaped, or malformed.")
_broken("ext1", b"\x82\x01" + SETITEMS + STOP)
_broken("ext2", b"\x83\x01\x00" + SETITEMS + STOP)
_broken("ext4", b"\x84\x01\x00\x00\x00" + SETITEMS + STOP)
_broken("next_buffer", b"\x97" + SETITEMS + STOP)
_broken("readonly_buffer", NONE + b"\x98" + SETITEMS + STOP)
_broken("unknown_opcode", b"\xff" + STOP)
_broken("nul_opcode", b"\0" + STOP)
_broken("memo_miss_get", b"g99\n" + SETITEMS + STOP)
_broken("memo_miss_binget", b"h\x63" + SETITEMS + STOP)
_broken("memo_miss_long_binget", b"j\xff\xff\xff\xff" + SETITEMS + STOP)
_broken("memo_get_text", b"gabc\n" + SETITEMS + STOP)
_broken("memo_put_negative", NONE + b"p-1\n" + SETITEMS + STOP)
_broken("memo_put_huge_text", NONE + b"p" + b"9" * 5000 + b"\n" + SETITEMS + STOP)
_broken("global_unterminated", b"cos")
_broken("global_half", b"cos\nsystem")
_broken("int_text", b"Iabc\n" + SETITEMS + STOP)
_broken("int_underscore", b"I1_0\n" + SETITEMS + STOP)
_broken("float_text", b"Fx\n" + SETITEMS + STOP)
_broken("long_text", b"Lx\n" + SETITEMS + STOP)
_broken("string_unquoted", b"Sabc\n" + SETITEMS + STOP)
_broken("string_half_quoted", b"S'abc\n" + SETITEMS + STOP)
_broken("string_escape", b"S'\\xZZ'\n" + SETITEMS + STOP)
_broken("unicode_escape", b"V\\u12\n" + SETITEMS + STOP)
_broken("no_stop", NONE + SETITEMS, doc="The end is missing: the whole tree, and a note.")
_broken("odd_items", SETITEMS + STOP, doc="A key without a value.")
_broken("reduce_short_stack", POP + POP_MARK + POP + REDUCE + STOP)
_broken("underflow", POP_MARK + POP + POP + STOP)
_broken("no_mark", POP_MARK + TUPLE + STOP)
_broken("mark_left", NONE + STOP, doc="A mark is left on the stack at STOP.")
_broken("proto_9", b"\x80\x09" + NONE + SETITEMS + STOP)
_broken("stack_global_ints", b"K\x01K\x02" + STACK_GLOBAL + SETITEMS + STOP)
_broken("stack_global_tuple", EMPTY_TUPLE + EMPTY_TUPLE + STACK_GLOBAL + SETITEMS + STOP)
_broken("setitem_on_none", NONE + b"K\x01K\x02" + SETITEM + SETITEMS + STOP)
_broken("setitem_on_list", EMPTY_LIST + b"K\x01K\x02" + SETITEM + SETITEMS + STOP)
_broken("setitem_on_text", b"X\0\0\0\0" + b"K\x01K\x02" + SETITEM + SETITEMS + STOP)
_broken("append_on_dict", EMPTY_DICT + NONE + APPEND + SETITEMS + STOP)
_broken("append_on_int", b"K\x01" + NONE + APPEND + SETITEMS + STOP)
_broken("append_on_tuple", EMPTY_TUPLE + NONE + APPEND + SETITEMS + STOP)
_broken("additems_on_list", EMPTY_LIST + MARK + NONE + b"\x90" + SETITEMS + STOP)
_broken("build_on_int", b"K\x01" + EMPTY_DICT + BUILD + SETITEMS + STOP)
_broken("build_on_dict", EMPTY_DICT + EMPTY_DICT + BUILD + SETITEMS + STOP)
_broken("reduce_int", b"K\x01" + EMPTY_TUPLE + REDUCE + SETITEMS + STOP)
_broken("reduce_text", b"X\2\0\0\0os" + EMPTY_TUPLE + REDUCE + SETITEMS + STOP)
_broken("newobj_int", b"K\x01" + EMPTY_TUPLE + NEWOBJ + SETITEMS + STOP)
_broken("obj_empty", MARK + b"o" + SETITEMS + STOP)
_broken("persid_text", b"Pstorage\n" + SETITEMS + STOP, doc="A persistent id in text: a generic row, or malformed.")


def _payload(code: Assembler, module: str, name: str) -> Assembler:
    """A call as an attacker would write it; the text is harmless and nothing ever runs it."""
    return code.name(module, name).text("raise SystemExit('never run')").raw(TUPLE1, REDUCE)


@stream("noted")
def payload_then_broken() -> bytes:
    """Calls first, then a broken stream (nullifAI): both names listed, nothing run, the tree up to there."""
    code = begun().text("a")
    _payload(code, "vanished_payload_module", "run").text("b")
    return bytes(_payload(code, "builtins", "exec").raw(SETITEMS, b"\xff\xff"))


@stream("tree")
def payload_then_good() -> bytes:
    """The same in a stream that is whole: names listed as unknown code, the calls are objects to browse."""
    code = begun().text("a")
    _payload(code, "vanished_payload_module", "run").text("b")
    return _payload(code, "builtins", "exec").raw(SETITEMS).stop()


@stream("either")
def payload_popped() -> bytes:
    """Called and thrown away, so that no row shows it: the name must be listed all the same."""
    code = Assembler()
    _payload(code, "vanished_payload_module", "run").raw(POP)
    return code.raw(EMPTY_DICT).text("w").tensor().raw(SETITEM).stop()


@stream("either")
def payload_as_root() -> bytes:
    """The checkpoint itself is the result of a call."""
    return _payload(Assembler(), "builtins", "eval").stop()


@stream("tree")
def payload_by_parts() -> bytes:
    """STACK_GLOBAL from text that was memoized in pieces, INST and OBJ: all names are listed."""
    code = Assembler(4).raw(EMPTY_DICT, MARK).text("vanished_payload_module").raw(MEMOIZE).text("run").raw(MEMOIZE)
    code.raw(POP).text("first").raw(b"h\0h\1", STACK_GLOBAL).raw(EMPTY_TUPLE, REDUCE).raw(POP_MARK, MARK)
    code.text("second").raw(b"h\0h\1", STACK_GLOBAL).raw(EMPTY_TUPLE, REDUCE)
    code.text("third").raw(MARK).text("x").raw(b"ivanished_payload_module\nrun_inst\n")
    code.text("fourth").raw(MARK).name("vanished_payload_module", "run_obj").text("x").raw(b"o")
    return code.raw(SETITEMS).stop()


@stream("noted")
def bytes_after_stop() -> bytes:
    """Tells how many bytes follow."""
    return begun().text("k").raw(NONE, SETITEMS).stop() + b"hidden" * 100


@stream("noted")
def second_pickle_after_stop() -> bytes:
    """A whole second stream follows: told, not read as part of the first."""
    return begun().text("k").raw(NONE, SETITEMS).stop() + _payload(Assembler(), "builtins", "exec").stop()


@stream("either")
def two_values_at_stop() -> bytes:
    """The topmost counts, as for Python."""
    return Assembler().value({"below": 1}).value({"top": 2}).stop()


@stream("refused")
def empty_stack_at_stop() -> bytes:
    """No value at all."""
    return Assembler().stop()


@stream("refused")
def only_proto() -> bytes:
    """Cut after the second byte."""
    return b"\x80\x02"


@stream("refused")
def only_text() -> bytes:
    """No pickle at all."""
    return b"hello, this is no pickle"


@stream("tree")
def proto_in_the_middle() -> bytes:
    """PROTO twice: Python does not mind."""
    return begun().text("k").raw(b"\x80\x02", NONE, SETITEMS).stop()


@stream("either")
def frame_straddled() -> bytes:
    """An opcode that reaches over the end of its FRAME (gh-154848): told."""
    body = bytes(Assembler(None).text("w" * 50))
    return b"\x80\x04\x95" + _le(10, 8) + body + STOP


@stream("either")
def frame_within_frame() -> bytes:
    """A FRAME inside of another."""
    return b"\x80\x04\x95" + _le(20, 8) + b"\x95" + _le(3, 8) + EMPTY_DICT + NONE + POP + b"." * 8


@stream("tree")
def memo_index_2_32() -> bytes:
    """LONG_BINPUT with the largest index: a dictionary does not mind, an array would."""
    return begun().text("k").raw(NONE).put(2**32 - 1).get(2**32 - 1).raw(POP, SETITEMS).stop()


@stream("tree")
def memo_overwritten() -> bytes:
    """One memo entry with two values, one after the other."""
    code = begun().text("first").put(0).text("1").raw(POP).get(0)
    return code.text("second").put(0).get(0).raw(SETITEMS).stop()


@stream("tree")
def dup_shares() -> bytes:
    """DUP makes the same dictionary appear twice."""
    return Assembler().value({"x": 1}).raw(DUP, TUPLE2).stop()


def _digits(count: int) -> bytes:
    return b"7" * count


NUMBERS = {
    "int_4301_digits": b"I" + _digits(4301) + b"\n",
    "int_1m_digits": b"I" + _digits(1_000_000) + b"\n",
    "long_4301_digits": b"L" + _digits(4301) + b"L\n",
    "long_1m_digits": b"L-" + _digits(1_000_000) + b"L\n",
    "long4_4301_digits": b"\x8b" + _le(1800, 4) + b"\x7f" * 1800,
    "long4_8_mb": b"\x8b" + _le(8_000_000, 4) + b"\x7f" * 8_000_000,
    "long1_empty": b"\x8a\0",
    "float_inf": b"Finf\n",
    "float_nan_binary": b"G" + struct.pack(">d", float("nan")),
    "float_many_digits": b"F0." + _digits(1_000_000) + b"\n",
}
for _name, _code in NUMBERS.items():
    add_stream(
        f"number_{_name}",
        "tree",
        lambda code=_code: begun().text("k").raw(code, SETITEMS).stop(),  # type: ignore[misc]
        "Python refuses decimal text over 4,300 digits, both ways: shown by the number of its bits.",
    )
    add_stream(
        f"number_{_name}_as_key",
        "tree",
        lambda code=_code: begun().raw(code, NONE, SETITEMS).stop(),  # type: ignore[misc]
        "The same as a key.",
    )

FLOODS = {"empty_list": EMPTY_LIST, "mark": MARK, "none": NONE, "dup": DUP, "frame": b"\x95" + bytes(8)}
for _name, _code in FLOODS.items():
    add_stream(
        f"flood_{_name}",
        "either",
        lambda code=_code: bytes(Assembler(4).raw(NONE, code * (MANY // len(code)))),  # type: ignore[misc]
        "Nine megabytes of one opcode: bounded time and memory, then the end is missing.",
    )


@stream("either")
def flood_memoize() -> bytes:
    """Nine million memo entries."""
    return Assembler(4).raw(EMPTY_DICT, MEMOIZE * MANY).stop()


@stream("either")
def flood_memoize_with_tensor() -> bytes:
    """Two million memo entries within a good file."""
    return begun().text("k").raw(NONE, MEMOIZE * 2_000_000, SETITEMS).stop()


@stream("either")
def flood_pop() -> bytes:
    """None, POP, None, POP …"""
    return Assembler().raw((NONE + POP) * (MANY // 2), EMPTY_DICT).stop()


@stream("either")
def flood_of_names() -> bytes:
    """Two hundred thousand different names."""
    code = Assembler().raw(EMPTY_LIST, MARK)
    for number in range(200_000):
        code.raw(b"cm%d\nf\n" % number)
    return code.raw(b"e").stop()
