"""Small streams whose values are shared in ways that multiply: each costs about what it weighs, and is told."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ckpt_gui.core.reader import read
from tests.builders.opcodes import (
    APPENDS,
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
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
    Assembler,
)
from tests.core.opened import Hurried
from tests.formats.test_hostile import HANGS, MAX_PEAK, PEAK

TENSOR = 5000
MANY = 20_000


def begun() -> Assembler:
    """One tensor in the memo, and a dictionary that is still open."""
    return Assembler().tensor().put(TENSOR).raw(POP)


def kept(code: Assembler, index: int) -> Assembler:
    return code.put(index).raw(POP)


def listed(code: Assembler, each: bytes, times: int) -> bytes:
    """A list of ``times`` values, each made by the same opcodes."""
    return code.raw(EMPTY_LIST, MARK, each * times, APPENDS).stop()


def numbered(code: Assembler, entries: int) -> Assembler:
    """A dictionary of many small entries."""
    code.raw(EMPTY_DICT, MARK)
    for number in range(entries):
        code.text(f"k{number}").raw(NONE)
    return code.raw(SETITEMS)


def module(code: Assembler, parameters: Sequence[str], children: Sequence[tuple[str, int]]) -> Assembler:
    """A network: parameters that are all one tensor, and sub-modules out of the memo."""
    code.name("m", "C").raw(EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK).text("_parameters").raw(EMPTY_DICT, MARK)
    for name in parameters:
        code.text(name).get(TENSOR)
    code.raw(SETITEMS).text("_buffers").raw(EMPTY_DICT).text("_modules").raw(EMPTY_DICT, MARK)
    for name, index in children:
        code.text(name).get(index)
    return code.raw(SETITEMS, SETITEMS, BUILD)


def nested_modules(levels: int, parameters: int, width: int) -> bytes:
    """Each level holds the one below several times: ``width ** levels`` copies of the innermost."""
    code = kept(module(begun(), [f"p{number}" for number in range(parameters)], []), 0)
    for level in range(levels):
        kept(module(code, [], [(f"c{number}", level) for number in range(width)]), level + 1)
    return code.get(levels).stop()


def modules_of_one_dict() -> bytes:
    """Networks of their own that have all their parameters in common."""
    code = begun().raw(EMPTY_DICT, MARK)
    for number in range(5000):
        code.text(f"p{number}").get(TENSOR)
    kept(kept(code.raw(SETITEMS), 1).raw(EMPTY_DICT), 3)
    kept(kept(kept(code.text("_parameters"), 5).text("_modules"), 6).name("m", "C"), 4)
    return listed(code, b"h\x04)\x81}(h\x05h\x01h\x06h\x03ub", MANY)


def module_of_long_names() -> bytes:
    """A hundred thousand parameters below a module whose name has a million letters."""
    code = kept(begun().text("p"), 1)
    code.name("m", "C").raw(EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, MARK).text("_parameters").raw(EMPTY_DICT, MARK)
    code.raw(b"h\x01j" + TENSOR.to_bytes(4, "little")).raw(*[b"h\x01j" + TENSOR.to_bytes(4, "little")] * 100_000)
    code.raw(SETITEMS).text("_buffers").raw(EMPTY_DICT).text("_modules").raw(EMPTY_DICT, SETITEMS, BUILD)
    return module(kept(code, 0), [], [("x" * 900_000, 0)]).stop()


def objects_of_one_state() -> bytes:
    code = kept(kept(numbered(Assembler(), 20_000), 1).name("m", "C"), 2)
    return listed(code, b"h\x02)\x81h\x01b", MANY)


def dicts_of_one_state() -> bytes:
    code = kept(kept(numbered(Assembler(), 20_000), 1).name("collections", "OrderedDict"), 2)
    return listed(code, b"h\x02)Rh\x01b", MANY)


def tensors_of_one_shape() -> bytes:
    code = kept(Assembler().raw(MARK, b"K\x01" * 200_000, TUPLE), 1).name("torch._utils", "_rebuild_tensor_v2")
    return listed(kept(kept(code, 2).storage(), 3), b"h\x02(h\x03K\x00h\x01h\x01\x89}tR", MANY)


def tensors_of_one_metadata() -> bytes:
    code = kept(numbered(Assembler(), 100_000), 1).name("torch._utils", "_rebuild_tensor_v2")
    return listed(kept(kept(code, 2).storage(), 3), b"h\x02(h\x03K\x00K\x04\x85K\x01\x85\x89}h\x01tR", MANY)


def copies(module_name: str, name: str, *arguments: bytes) -> bytes:
    """One call on one long argument, over and over."""
    code = Assembler().raw(*arguments, TUPLE1 if len(arguments) == 1 else TUPLE2)
    return listed(kept(kept(code, 1).name(module_name, name), 2), b"h\x02h\x01R", 50_000)


LONG_TEXT = b"X" + (500_000).to_bytes(4, "little") + b"x" * 500_000
LATIN = b"X\x06\x00\x00\x00latin1"
LONG_LIST = EMPTY_LIST + MARK + b"K\x01" * 200_000 + APPENDS


def sparse_of(code: Assembler, part: int) -> Assembler:
    """A sparse tensor with the same tensor as its indices and its values."""
    code.name("torch._utils", "_rebuild_sparse_tensor").raw(MARK).name("torch.serialization", "_get_layout")
    code.value(("torch.sparse_coo",)).raw(REDUCE, MARK).get(part).get(part).value((4,))
    return code.raw(TUPLE, TUPLE, REDUCE)


def parts_of_parts() -> bytes:
    """2^30 parts of one tensor."""
    code = kept(begun().tensor(), 0)
    for level in range(30):
        kept(sparse_of(code, level), level + 1)
    return code.get(30).stop()


def part_of_itself() -> bytes:
    """A tensor that is the first of its own parts."""
    code = begun().name("torch._utils", "_rebuild_meta_tensor_no_storage").raw(MARK).name("torch", "float32")
    kept(code.value((4,)).value((1,)).value(False).raw(TUPLE, REDUCE), 0)
    code.name("torch._tensor", "_rebuild_from_type_v2").raw(MARK).name("torch.jit._pickle", "restore_type_tag")
    code.name("m", "S").get(0).raw(TUPLE1, EMPTY_DICT).text("me").get(0).raw(SETITEM, TUPLE, REDUCE)
    return code.stop()


def many_parts() -> bytes:
    """A nested tensor of ten thousand parts, ten thousand times."""
    code = begun().raw(EMPTY_DICT, MARK)
    for number in range(10_000):
        code.text(f"part{number}").get(TENSOR)
    code.text("values").get(TENSOR).raw(SETITEMS, TUPLE1)
    code = kept(code, 1).name("torch.nested._internal.nested_tensor", "_rebuild_njt").get(1).raw(REDUCE)
    return listed(kept(code, 2), b"h\x02", 10_000)


def one_dotted_name() -> bytes:
    """A name of sixty-four long parts, in a hundred thousand dictionaries."""
    code = kept(begun().text(".".join(["k" * 14_000] * 64)), 1)
    return listed(code, b"}h\x01j" + TENSOR.to_bytes(4, "little") + b"s", 100_000)


BOMBS: dict[str, Callable[[], bytes]] = {
    "modules_twice_in_each": lambda: nested_modules(30, 1000, 2),
    "modules_ten_times_in_each": lambda: nested_modules(8, 1000, 10),
    "modules_of_one_dict": modules_of_one_dict,
    "module_of_long_names": module_of_long_names,
    "objects_of_one_state": objects_of_one_state,
    "dicts_of_one_state": dicts_of_one_state,
    "tensors_of_one_shape": tensors_of_one_shape,
    "tensors_of_one_metadata": tensors_of_one_metadata,
    "encoded_again_and_again": lambda: copies("_codecs", "encode", LONG_TEXT, LATIN),
    "bytearrays_of_one_text": lambda: copies("builtins", "bytearray", LONG_TEXT, LATIN),
    "sets_of_one_list": lambda: copies("builtins", "set", LONG_LIST),
    "parts_of_parts": parts_of_parts,
    "part_of_itself": part_of_itself,
    "many_parts": many_parts,
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_it_ends_within_bounds(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.pkl"
    path.write_bytes(BOMBS[name]())
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=HANGS, check=True,
    )  # fmt: skip
    code, peak = map(int, done.stderr.splitlines()[-1].split())
    assert (code, peak << 10 < MAX_PEAK) == (0, True), done.stderr


def notes_of(stream: bytes, path: Path) -> str:
    path.write_bytes(stream)
    gc.disable()
    try:
        return " ".join(read(path, Hurried()).checkpoint.notes)
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["modules_twice_in_each", "modules_ten_times_in_each", "modules_of_one_dict"])
def test_modules_that_are_not_repeated_are_told(name: str, tmp_path: Path) -> None:
    assert "modules met again were repeated" in notes_of(BOMBS[name](), tmp_path / "bomb.pkl")


def test_a_long_dotted_name_is_no_group(tmp_path: Path) -> None:
    path = tmp_path / "name.pkl"
    path.write_bytes(one_dotted_name())
    checkpoint = read(path, Hurried()).checkpoint
    assert (checkpoint.rows, len(checkpoint.nodes)) == (100_000, 200_001)


@pytest.mark.parametrize("name", ["objects_of_one_state", "dicts_of_one_state"])
def test_states_that_are_not_repeated_are_told(name: str, tmp_path: Path) -> None:
    assert "containers that appear in several places" in notes_of(BOMBS[name](), tmp_path / "bomb.pkl")


def test_a_module_in_itself_is_told(tmp_path: Path) -> None:
    code = begun().name("m", "C").raw(EMPTY_TUPLE, NEWOBJ).put(0).raw(EMPTY_DICT, MARK).text("_parameters")
    code.raw(EMPTY_DICT).text("_modules").raw(EMPTY_DICT).text("me").get(0).raw(SETITEM, SETITEMS, BUILD)
    assert "a module contains itself" in notes_of(code.stop(), tmp_path / "loop.pkl")


def test_modules_nested_too_deep_are_told(tmp_path: Path) -> None:
    assert "nested deeper than" in notes_of(nested_modules(300, 1, 1), tmp_path / "deep.pkl")
