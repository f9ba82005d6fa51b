"""Tensors and storages that claim what is not so, in zips that are all right (hostile-files.md §3, §5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.builders.hostile_zip import DATA
from tests.builders.opcodes import BINPERSID, BUILD, MARK, NONE, REDUCE, SETITEMS, TUPLE, Assembler, floats
from tests.builders.rawzip import pack, torch_members
from tests.builders.registry import add_hostile

Fill = Callable[[Assembler], object]


def _add(name: str, expected: str, fill: Fill, doc: str) -> None:
    """A dictionary with a good tensor, what ``fill`` adds (keys and values), and a good tensor again."""

    def build(folder: Path) -> Path:
        code = Assembler().raw(b"}", MARK).text("before").tensor(key="good", numel=2, size=(2,))
        fill(code)
        code.text("after").tensor(key="good", numel=2, size=(2,)).raw(SETITEMS)
        path = folder / "lies.pt"
        path.write_bytes(pack(torch_members(code.stop(), [("0", DATA), ("good", floats(5, 6))], root="lies")))
        return path

    build.__doc__ = doc
    add_hostile(f"tensor/{name}", build, expected)


def _tensor(name: str, expected: str, doc: str, **fields: Any) -> None:
    _add(name, expected, lambda code: code.text("w").tensor(**fields), doc)


MARKED = "The tensor's row tells what is wrong; its neighbours are as they were."

FIELDS: dict[str, dict[str, Any]] = {
    "numel_too_large": {"numel": 8, "size": (8,)},
    "numel_too_large_but_unused": {"numel": 8},
    "numel_too_small": {"numel": 2, "size": (2,)},
    "numel_negative": {"numel": -4},
    "numel_2_62": {"numel": 2**62, "size": (2**62,)},
    "numel_2_62_small_view": {"numel": 2**62},
    "numel_2_4000": {"numel": 2**4000},
    "numel_text": {"numel": "4"},
    "numel_float": {"numel": 4.0},
    "numel_nan": {"numel": float("nan")},
    "numel_none": {"numel": None},
    "numel_tuple": {"numel": (4,)},
    "offset_past_end": {"offset": 3},
    "offset_2_62": {"offset": 2**62},
    "offset_negative": {"offset": -1},
    "offset_text": {"offset": "0"},
    "size_too_large": {"size": (5,)},
    "size_negative": {"size": (-4,)},
    "size_negative_pair": {"size": (-2, -2), "stride": (2, 1)},
    "size_2_62_squared": {"size": (2**62, 2**62), "stride": (2**62, 1)},
    "size_2_62_squared_expanded": {"size": (2**62, 2**62), "stride": (0, 0)},
    "size_float": {"size": (4.0,)},
    "size_nan": {"size": (float("nan"),)},
    "size_text": {"size": ("4",)},
    "size_none": {"size": (None,)},
    "size_nested": {"size": ((4,),)},
    "stride_negative": {"stride": (-1,)},
    "stride_2_62": {"size": (2,), "stride": (2**62,)},
    "stride_float": {"stride": (1.0,)},
    "rank_mismatch": {"size": (2, 2), "stride": (1,)},
    "rank_mismatch_the_other_way": {"size": (4,), "stride": (1, 1)},
    "rank_10_000": {"size": (1,) * 10_000, "stride": (1,) * 10_000},
    "rank_300_000": {"size": (1,) * 300_000, "stride": (1,) * 300_000},
    "key_unknown": {"key": "1"},
    "key_leaves_folder": {"key": "../version"},
    "key_int": {"key": 0},
    "key_none": {"key": None},
    "key_tuple": {"key": ("0",)},
    "class_unknown": {"of": ("torch", "EvilStorage")},
    "class_not_storage": {"of": ("os", "system")},
}
TORCH_TAKES_IT = {"rank_10_000", "rank_300_000", "key_int"}
for _name, _fields in FIELDS.items():
    _tensor(_name, "either" if _name in TORCH_TAKES_IT else "noted", MARKED, **_fields)

_tensor("expanded_2_40", "tree", "Legal: 2^40 elements over one; never made in memory.", size=(2**40,), stride=(0,))
_tensor("empty_2_62", "tree", "Legal: no elements however large the others.", size=(0, 2**62), stride=(2**62, 1))
_tensor("size_bool", "either", "True is no size; torch takes it for 1.", size=(True,))
_tensor("class_in_odd_module", "tree", "torch goes by the last part of the name.", of=("evil.mod", "FloatStorage"))


def _conflict(**second: Any) -> Fill:
    return lambda code: code.text("first").tensor().text("second").tensor(**second)


CONFLICT = "torch goes by the first mention of a storage; both are shown, and the conflict is noted."
_add("conflicting_class", "noted", _conflict(size=(2,), of=("torch", "DoubleStorage"), numel=2), CONFLICT)
_add("conflicting_numel", "noted", _conflict(size=(2,), numel=2), CONFLICT)
_add(
    "conflicting_overlap",
    "noted",
    _conflict(size=(16,), of=("torch", "ByteStorage"), numel=16),
    CONFLICT,
)


def _tagged(tag: object) -> Fill:
    def fill(code: Assembler) -> None:
        code.text("w").name("torch._utils", "_rebuild_tensor_v2").raw(MARK).storage(tag=tag)
        code.value(0).value((4,)).value((1,)).value(False).ordered_dict().raw(TUPLE, REDUCE)

    return fill


TAGS: dict[str, tuple[str, object]] = {
    "empty": ("tree", ""), "unknown": ("tree", "quantum:0"), "bidi": ("tree", "cpu\u202e:0"),
    "surrogate": ("either", "\ud800"), "long": ("noted", "cuda:" + "9" * 2**20), "int": ("noted", 0),
    "none": ("noted", None), "tuple": ("noted", ("cpu",)), "newline": ("tree", "cpu\nrm -rf"), "nul": ("tree", "cpu\0"),
}  # fmt: skip
for _name, (_expected, _tag) in TAGS.items():
    _add(f"tag_{_name}", _expected, _tagged(_tag), "A tag is text to show; else noted.")


def _persistent(value: object) -> Fill:
    return lambda code: code.text("odd").value(value).raw(BINPERSID)


ODD_IDS: dict[str, object] = {
    "int": 5, "text": "0", "none": None, "empty": (), "one": ("storage",), "four": ("storage", 1, "0", "cpu"),
    "seven": ("storage", 1, "0", "cpu", 4, None, None), "module": ("module", 1, "x.py", "class X: pass"),
    "unknown": ("tensor", 1, 2, 3, 4), "list": ["storage"],
    "dict": {"storage": 1}, "class_int": ("storage", 7, "0", "cpu", 4),
    "package": ("reduce_package", 0, 1, 2),
}  # fmt: skip
for _name, _value in ODD_IDS.items():
    _add(f"persistent_id_{_name}", "either", _persistent(_value), "No storage: a generic row, or a problem.")


def _call(module: str, function: str, *arguments: object) -> Fill:
    def fill(code: Assembler) -> None:
        code.text("w").name(module, function).raw(MARK)
        for one in arguments:
            _argument(code, one)
        code.raw(TUPLE, REDUCE)

    return fill


def _argument(code: Assembler, value: object) -> None:
    if callable(value):
        value(code)
    else:
        code.value(value)


def _storage(code: Assembler) -> None:
    code.storage()


def _whole(code: Assembler) -> None:
    code.tensor()


def _hooks(code: Assembler) -> None:
    code.ordered_dict()


def _global(module: str, name: str) -> Fill:
    return lambda code: code.name(module, name)


UTILS = "torch._utils"
_float = _global("torch", "float32")
V3: list[Any] = [UTILS, "_rebuild_tensor_v3", _storage, 0, (4,), (1,), False, _hooks]

CALLS: dict[str, Fill] = {
    "v2_no_arguments": _call(UTILS, "_rebuild_tensor_v2"),
    "v2_text_for_storage": _call(UTILS, "_rebuild_tensor_v2", "x", 0, (4,), (1,), False, _hooks),
    "v2_tensor_for_storage": _call(UTILS, "_rebuild_tensor_v2", _whole, 0, (4,), (1,), False, _hooks),
    "v2_size_is_int": _call(UTILS, "_rebuild_tensor_v2", _storage, 0, 4, 1, False, _hooks),
    "v2_metadata_odd": _call(
        UTILS, "_rebuild_tensor_v2", _storage, 0, (4,), (1,), False, _hooks, {"conj": "yes", 7: 8}
    ),
    "v3_dtype_text": _call(*V3, "float8"),
    "v3_dtype_unknown": _call(
        UTILS, "_rebuild_tensor_v3", _storage, 0, (4,), (1,), False, _hooks, _global("torch", "f3")
    ),
    "v3_dtype_wider": _call(
        UTILS, "_rebuild_tensor_v3", _storage, 0, (4,), (1,), False, _hooks, _global("torch", "int64")
    ),
    "parameter_of_int": _call(UTILS, "_rebuild_parameter", 5, True, _hooks),
    "parameter_of_nothing": _call(UTILS, "_rebuild_parameter"),
    "from_type_unknown_function": _call(
        "torch._tensor", "_rebuild_from_type_v2", _global("os", "system"), _global("torch", "Tensor"), ("x",), {}
    ),
    "from_type_short": _call("torch._tensor", "_rebuild_from_type_v2", _global(UTILS, "_rebuild_tensor_v2")),
    "sparse_layout_text": _call(UTILS, "_rebuild_sparse_tensor", "coo", (1, 2, 3)),
    "meta_2_62": _call(UTILS, "_rebuild_meta_tensor_no_storage", _float, (2**62, 2**62), (2**62, 1), False),
    "meta_negative": _call(UTILS, "_rebuild_meta_tensor_no_storage", _float, (-1,), (1,), False),
    "nested_of_floats": _call(UTILS, "_rebuild_nested_tensor", _whole, _whole, _whole, _whole),
    "nested_of_ints": _call(UTILS, "_rebuild_nested_tensor", 1, 2, 3, 4),
    "wrapper_short": _call(UTILS, "_rebuild_wrapper_subclass", _global("x", "Y")),
}


def _quantized_out_of_range(code: Assembler) -> None:
    code.text("w").name(UTILS, "_rebuild_qtensor").raw(MARK).storage(of=("torch", "QUInt8Storage"), numel=16)
    code.value(0).value((1000,)).value((1,)).raw(MARK).name("torch", "per_tensor_affine").value(0.1).value(0).raw(TUPLE)
    code.value(False).ordered_dict().raw(TUPLE, REDUCE)


def _sparse_out_of_range(code: Assembler) -> None:
    code.text("w").name(UTILS, "_rebuild_sparse_tensor").raw(MARK)
    code.name("torch.serialization", "_get_layout").raw(MARK).text("torch.sparse_coo").raw(TUPLE, REDUCE)
    code.raw(MARK).tensor((1, 2), (2, 1), of=("torch", "LongStorage"), numel=2)
    code.tensor(key="good", numel=2, size=(2,)).value((3,)).raw(NONE, TUPLE, TUPLE, REDUCE)


def _state_of_tensor(code: Assembler) -> None:
    code.text("w").tensor().value({"__class__": "x", "data": 5, "grad": None}).raw(BUILD)


CALLS |= {
    "quantized_out_of_range": _quantized_out_of_range,
    "state_set_on_tensor": _state_of_tensor,
}
for _name, _fill in CALLS.items():
    _add(_name, "either", _fill, "Not what torch writes: a problem row or a generic object, never an exception.")
_add("sparse_indices_out_of_range", "tree", _sparse_out_of_range, "Components are shown; indices are checked on use.")
