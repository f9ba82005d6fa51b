"""Pickles whose *values* are the attack: bombs of sharing, cycles, depth, hashes, odd calls, odd text.

The machine reads each of them in time linear in its length; the danger is every walk afterwards.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import torch

from tests.builders.hostile_streams import add_stream, begun, stream
from tests.builders.opcodes import (
    APPEND,
    APPENDS,
    BUILD,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    FROZENSET,
    MARK,
    NEWOBJ,
    NONE,
    POP,
    REDUCE,
    SETITEM,
    SETITEMS,
    TUPLE,
    TUPLE1,
    TUPLE2,
    TUPLE3,
    Assembler,
)

DEEP = 200_000


@stream("noted")
def laughs_by_memo() -> bytes:
    """Ten to the fifteenth items through shared lists: the tree stops at its ceiling and tells."""
    code = begun().text("lol").raw(EMPTY_LIST, MARK).value("lol").raw(APPENDS).put(0)
    for level in range(15):
        code.raw(EMPTY_LIST, MARK)
        for _ in range(10):
            code.get(level)
        code.raw(APPENDS).put(level + 1)
    return _gathered(code)


def _gathered(code: Assembler) -> bytes:
    """Everything since the mark becomes one tuple under the key ``laughs``."""
    return code.raw(TUPLE).put(99).raw(POP, MARK).text("laughs").get(99).raw(SETITEMS).stop()


@stream("noted")
def laughs_by_dup() -> bytes:
    """2^60 leaves: each tuple holds the one below twice."""
    return begun().text("laughs").text("lol").raw((DUP + TUPLE2) * 60, SETITEMS).stop()


@stream("noted")
def laughs_of_tensors() -> bytes:
    """3^30 paths to one tensor."""
    code = begun().text("laughs").tensor()
    return code.raw((DUP + DUP + TUPLE3) * 30, SETITEMS).stop()


@stream("noted")
def laughs_in_dicts() -> bytes:
    """Dictionaries of dictionaries, each twice the one below."""
    code = begun().text("laughs").value({"x": 1}).put(0)
    for level in range(60):
        code.raw(EMPTY_DICT, MARK).text("a").get(level).text("b").get(level).raw(SETITEMS).put(level + 1)
    return _gathered(code)


@stream("noted")
def alias_flood() -> bytes:
    """One dictionary with a tensor, listed 1.5 million times: cut at 1,000,000 rows, and told."""
    code = begun().text("list").raw(EMPTY_DICT).text("w").tensor().raw(SETITEM).put(7)
    return code.raw(POP).text("again").raw(EMPTY_LIST, MARK, b"h\x07" * 1_500_000, APPENDS, SETITEMS).stop()


@stream("either")
def many_tensors_of_one_storage() -> bytes:
    """Twenty thousand tensors of one storage: its bytes count once."""
    code = Assembler().raw(EMPTY_DICT, MARK)
    for number in range(20_000):
        code.text(f"w{number}").tensor()
    return code.raw(SETITEMS).stop()


def _as_key(make: Callable[[Assembler], object], levels: int) -> bytes:
    code = begun().text("leaf")
    for _ in range(levels):
        make(code)
    return code.text("the value of a hash bomb").raw(SETITEMS).stop()


@stream("tree")
def hash_bomb_tuple() -> bytes:
    """A key whose hash takes 2^60 steps: containers are never hashed."""
    return _as_key(lambda code: code.raw(DUP, TUPLE2), 60)


@stream("tree")
def hash_bomb_frozenset() -> bytes:
    """The same of tuples in frozensets."""
    return _as_key(lambda code: code.raw(DUP, TUPLE2).put(1).raw(POP, MARK).get(1).raw(FROZENSET), 60)


@stream("noted")
def hash_bomb_in_set() -> bytes:
    """The same as an element of a set."""
    code = begun().text("set").raw(b"\x8f", MARK).text("leaf").raw((DUP + TUPLE2) * 60, b"\x90", SETITEMS)
    return code.stop()


@stream("tree")
def equality_bomb() -> bytes:
    """Two equal bombs as keys of one dictionary: containers are never compared."""
    code = begun().text("a").raw((DUP + TUPLE2) * 40).text("first")
    return code.text("a").raw((DUP + TUPLE2) * 40).text("second").raw(SETITEMS).stop()


@stream("tree")
def unhashable_keys() -> bytes:
    """A list, a dictionary and a tensor as keys."""
    code = begun().value([1]).text("list").value({"a": 1}).text("dict").tensor().text("tensor")
    return code.raw(SETITEMS).stop()


@stream("noted")
def duplicate_keys() -> bytes:
    """One key twice, and keys that Python takes for equal: 1, True and 1.0."""
    code = begun().text("k").value(1).text("k").value(2).value(1).text("i").value(True).text("b").value(1.0).text("f")
    return code.raw(SETITEMS).stop()


def _deep(name: str, opening: bytes, closing: bytes) -> None:
    add_stream(
        f"deep_{name}",
        "either",
        lambda: begun().text("deep").raw(opening * DEEP, NONE, closing * DEEP, SETITEMS).stop(),
        "200,000 levels: nothing recurses, the display has its own limit.",
    )


_deep("lists", EMPTY_LIST, APPEND)
_deep("tuples", b"", TUPLE1)
_deep("marks", MARK, TUPLE)
_deep("dicts", EMPTY_DICT + NONE, SETITEM)
_deep("calls", b"cm\nf\n", TUPLE1 + REDUCE)
_deep("states", b"cm\nf\n", BUILD)
_deep("objects", b"cm\nf\n", TUPLE1 + NEWOBJ)
_deep("frozensets", MARK, FROZENSET)
_deep("parameters", b"ctorch._utils\n_rebuild_parameter\n(", b"\x88N" + TUPLE + REDUCE)
_deep("ordered", b"ccollections\nOrderedDict\n", TUPLE1 + REDUCE)


@stream("either")
def deep_root() -> bytes:
    """The root itself is 4.5 million lists deep."""
    return bytes(Assembler().raw(EMPTY_LIST * 4_500_000, APPEND * 4_499_999, b"."))


@stream("noted")
def cyclic_list() -> bytes:
    """A list that holds itself: shown once, as an alias after that."""
    return begun().text("loop").raw(EMPTY_LIST).put(0).get(0).raw(APPEND, SETITEMS).stop()


@stream("noted")
def cyclic_dict() -> bytes:
    """A dictionary that holds itself, as value and within a tuple as key."""
    code = begun().text("loop").raw(EMPTY_DICT).put(0).text("self").get(0).raw(SETITEM)
    return code.get(0).raw(TUPLE1).text("me as a key").raw(SETITEM, SETITEMS).stop()


@stream("noted")
def cyclic_root() -> bytes:
    """The root is its own child."""
    return Assembler().raw(EMPTY_DICT).put(0).text("root").get(0).raw(SETITEM).text("w").tensor().raw(SETITEM).stop()


@stream("noted")
def cyclic_object() -> bytes:
    """An object that is its own state, and one that is its own argument."""
    code = begun().text("state").name("m", "C").raw(EMPTY_TUPLE, NEWOBJ).put(0).get(0).raw(BUILD)
    code.text("list").raw(EMPTY_LIST).put(1).name("m", "f").get(1).raw(TUPLE1, REDUCE).put(2)
    return code.raw(APPEND, SETITEMS).stop()


@stream("noted")
def cyclic_tuple() -> bytes:
    """A tuple within a list within the tuple."""
    code = begun().text("loop").raw(EMPTY_LIST).put(0).get(0).raw(TUPLE1).put(1).raw(APPEND, SETITEMS)
    return code.stop()


@stream("either")
def cyclic_ordered_dict() -> bytes:
    """``OrderedDict`` of a list that holds it."""
    code = begun().text("loop").name("collections", "OrderedDict").raw(EMPTY_LIST).put(0).get(0).raw(APPEND, TUPLE1)
    return code.raw(REDUCE, SETITEMS).stop()


def _calls(name: str, module: str, attribute: str, arguments: Callable[[Assembler], object]) -> None:
    def make() -> bytes:
        code = begun().text("k").name(module, attribute)
        arguments(code)
        return code.raw(REDUCE, SETITEMS).stop()

    add_stream(f"call_{name}", "either", make, "A known callable with arguments it cannot take: a generic object.")


_calls("ordered_dict_of_int", "collections", "OrderedDict", lambda code: code.value((5,)))
_calls("ordered_dict_of_single", "collections", "OrderedDict", lambda code: code.value(([[1]],)))
_calls("ordered_dict_of_text", "collections", "OrderedDict", lambda code: code.value((["abc"],)))
_calls("arguments_not_tuple", "collections", "OrderedDict", lambda code: code.value(5))
_calls("arguments_list", "collections", "OrderedDict", lambda code: code.value([]))
_calls("set_of_int", "builtins", "set", lambda code: code.value((5,)))
_calls("size_of_text", "torch", "Size", lambda code: code.value(("abc",)))
_calls("device_of_list", "torch", "device", lambda code: code.value(([],)))
_calls("bytes_of_emoji", "_codecs", "encode", lambda code: code.value(("\U0001f600", "latin1")))
_calls("bytes_by_rot13", "_codecs", "encode", lambda code: code.value(("abc", "rot13")))
_calls("bytearray_2_40", "builtins", "bytearray", lambda code: code.value((2**40,)))
_calls("bytes_2_40", "builtins", "bytes", lambda code: code.value((2**40,)))
_calls("range_2_62", "builtins", "range", lambda code: code.value((2**62,)))
_calls("complex_text", "builtins", "complex", lambda code: code.value(("1", "2")))
_calls("getattr", "builtins", "getattr", lambda code: code.raw(MARK).name("os", "path").text("join").raw(TUPLE))
_calls("layout_unknown", "torch.serialization", "_get_layout", lambda code: code.value(("torch.dense",)))
_calls("nested_garbage", "torch.storage", "_load_from_bytes", lambda code: code.value((b"not a checkpoint",)))
_calls("nested_int", "torch.storage", "_load_from_bytes", lambda code: code.value((5,)))
_calls("reconstructor_short", "copy_reg", "_reconstructor", lambda code: code.value((1,)))
_calls("numpy_scalar_short", "numpy.core.multiarray", "scalar", lambda code: code.value((1, b"x")))


def _array(shape: object, dtype: Callable[[Assembler], object], data: object) -> bytes:
    code = begun().text("k").name("numpy.core.multiarray", "_reconstruct").raw(MARK).name("numpy", "ndarray")
    code.value((0,)).value(b"b").raw(TUPLE, REDUCE, MARK).value(1).value(shape)
    dtype(code)
    return code.value(False).value(data).raw(TUPLE, BUILD, SETITEMS).stop()


def _dtype(*arguments: object) -> Callable[[Assembler], object]:
    return lambda code: code.name("numpy", "dtype").value(arguments).raw(REDUCE)


ARRAYS: dict[str, tuple[object, Callable[[Assembler], object], object]] = {
    "shape_2_62": ((2**62,), _dtype("f4", False, True), b"abcd"),
    "shape_negative": ((-1,), _dtype("f4", False, True), b"abcd"),
    "shape_text": ("abc", _dtype("f4", False, True), b"abcd"),
    "data_short": ((2,), _dtype("f4", False, True), b"abcd"),
    "data_text": ((1,), _dtype("f4", False, True), "abcd"),
    "objects": ((1,), _dtype("O8", False, True), [1]),
    "dtype_text": ((1,), lambda code: code.text("f4"), b"abcd"),
    "dtype_unknown": ((1,), _dtype("f4,(1000000000,1000000000)i8", False, True), b"abcd"),
    "rank_10_000": ((1,) * 10_000, _dtype("f4", False, True), b"abcd"),
}
for _name, _parts in ARRAYS.items():
    add_stream(f"array_{_name}", "either", lambda parts=_parts: _array(*parts), "Never given to NumPy as it is.")  # type: ignore[misc]


@stream("tree")
def nested_save() -> bytes:
    """A checkpoint in bytes behind ``_load_from_bytes``."""
    return _nested(1)


@stream("either")
def nested_save_10_deep() -> bytes:
    """Ten checkpoints, each in the bytes of the next: opened on demand, to a limited depth."""
    return _nested(10)


def _nested(depth: int) -> bytes:
    buffer = io.BytesIO()
    torch.save(torch.zeros(2), buffer)
    data = buffer.getvalue()
    for _ in range(depth - 1):
        inner = Assembler(3).name("torch.storage", "_load_from_bytes").value((data,)).raw(REDUCE).stop()
        data = inner
    code = begun().text("nested").name("torch.storage", "_load_from_bytes").value((data,)).raw(REDUCE)
    return code.raw(SETITEMS).stop()


TEXTS = {
    "surrogate": "\ud800", "surrogates": "a\udfffb\ud800", "bidi": "\u202egnp.exe", "isolates": "\u2066x\u2069y",
    "control": "a\x00b\x1b[31mred\x07", "newlines": "a\nb\r\nc\u2028d", "zero_width": "a\u200bb\ufeff", "empty": "",
    "long": "x" * 1_000_000, "dots": "." * 20_000, "slashes": "/" * 1000 + "\\" * 1000,
    "html": "<img src=x><b>bold</b>", "rich": "<html><a href='file:///etc/passwd'>x</a></html>",
    "combining": "a" + "\u0301" * 5000, "percent": "%s%n{0}",
    "private": "\ue000\U000f0000\U0010ffff", "unassigned": "\u0378\ufdd0", "dotted_deep": "a." * 5000 + "w",
}  # fmt: skip
for _name, _text in TEXTS.items():
    add_stream(
        f"key_{_name}",
        "tree",
        lambda text=_text: begun().text(text).tensor().text("v").value(text).raw(SETITEMS).stop(),  # type: ignore[misc]
        "Text to show escaped, kept as it is in paths; as key and as value.",
    )
    add_stream(
        f"name_{_name}",
        "tree",
        lambda text=_text: _named(text),  # type: ignore[misc]
        "The same as the name of a class, by STACK_GLOBAL.",
    )


def _named(text: str) -> bytes:
    code = Assembler(4).raw(EMPTY_DICT, MARK).text("good").tensor().text("k").text(text).text(text)
    return code.raw(b"\x93", EMPTY_TUPLE, REDUCE, SETITEMS).stop()


@stream("tree")
def build_on_global() -> bytes:
    """State given to a class, not to an object (it changed CPython's classes for the whole process)."""
    code = begun().text("k").name("collections", "OrderedDict").value({"evil": 1}).raw(BUILD)
    return code.text("l").name("torch", "Tensor").value({"__reduce__": None}).raw(BUILD, SETITEMS).stop()


@stream("noted")
def items_set_on_tensor() -> bytes:
    """SETITEM on a tensor wrote into memory once (CVE-2026-24747); here it is a note on an inert object."""
    code = begun().text("k").tensor().value(0).value(5.0).raw(SETITEM)
    return code.text("l").tensor().raw(MARK).value(1).raw(APPENDS, SETITEMS).stop()


@stream("tree")
def items_set_on_object() -> bytes:
    """Dict and list subclasses are filled by SETITEM and APPEND: legal."""
    code = begun().text("k").name("m", "D").raw(EMPTY_TUPLE, NEWOBJ).value("a").value(1).raw(SETITEM)
    return code.text("l").name("m", "L").raw(EMPTY_TUPLE, NEWOBJ).value(1).raw(APPEND, SETITEMS).stop()


@stream("tree")
def persistent_id_is_tensor() -> bytes:
    """A persistent id that is the id of a tensor."""
    return begun().text("k").tensor().raw(b"Q", SETITEMS).stop()
