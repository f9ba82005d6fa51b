"""Every constructor whose meaning is fixed: Python's own here, torch's in ``rebuild``.

A call whose arguments do not fit gives None and is shown as an object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_gui.core.pickles import rebuild
from ckpt_gui.core.pickles.values import Global, Mapping, Object, Value
from ckpt_gui.core.text import integer

SET = Global("builtins", "set")

Call = Callable[[tuple[Any, ...]], Any]


def encode(args: tuple[Any, ...]) -> Any:
    """``_codecs.encode(text, 'latin1')``: how protocol 2 writes bytes."""
    if not args or type(args[0]) is not str:
        return None
    encoding = args[1] if len(args) > 1 else "utf-8"
    if encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        return None
    try:
        return args[0].encode(encoding)
    except UnicodeEncodeError:
        return None


def mapping(name: str) -> Call:
    """An ordered mapping: empty, from pairs (Python 2 writes ``OrderedDict([[k, v], …])``) or from a mapping."""

    def call(args: tuple[Any, ...]) -> Any:
        made = Mapping(name, args[:1] if name.endswith("defaultdict") else ())
        rest = args[1:] if name.endswith("defaultdict") else args
        if not rest:
            return made
        if type(rest[0]) is Mapping:
            made.items.extend(rest[0].items)
            return made
        if type(rest[0]) not in (list, tuple):
            return None
        for pair in rest[0]:
            if type(pair) not in (list, tuple) or len(pair) != 2:
                return None
            made.items.append((pair[0], pair[1]))
        return made

    return call


def collection(name: str) -> Call:
    """``builtins.set([…])``, ``frozenset``, ``list``, ``tuple``."""

    def call(args: tuple[Any, ...]) -> Any:
        items = args[0] if args else []
        if type(items) not in (list, tuple):
            return None
        if name in ("list", "tuple"):
            return list(items) if name == "list" else tuple(items)
        made = Object(SET if name == "set" else Global("builtins", name))
        made.elements = list(items)
        return made

    return call


def python_complex(args: tuple[Any, ...]) -> Any:
    """``builtins.complex(re, im)``."""
    if len(args) != 2 or any(type(part) not in (float, int) for part in args):
        return None
    real, imaginary = (integer(part) if type(part) is int else repr(part) for part in args)
    return Value("complex", f"({real}{'' if imaginary[:1] == '-' else '+'}{imaginary}j)")


def bytearray_of(args: tuple[Any, ...]) -> Any:
    """``builtins.bytearray(bytes)``."""
    if not args:
        return Value("bytearray", "b''", b"")
    raw = args[0].encode("latin-1", "replace") if type(args[0]) is str else args[0]
    return Value("bytearray", repr(raw[:200]), raw) if type(raw) is bytes else None


def python_bytes(args: tuple[Any, ...]) -> Any:
    """``builtins.bytes()``: how protocols 0 to 2 write the empty byte string."""
    return None if args else b""


def python_slice(args: tuple[Any, ...]) -> Any:
    """``builtins.slice(start, stop, step)``."""
    if len(args) == 3 and all(part is None or type(part) is int for part in args):
        return Value("slice", ":".join("" if part is None else integer(part) for part in args))
    return None


def reconstructor(args: tuple[Any, ...]) -> Any:
    """``copyreg._reconstructor(cls, base, state)``: how protocols 0 and 1 make instances."""
    if len(args) != 3 or type(args[0]) is not Global:
        return None
    if args[0].module in ("collections",) and args[0].name == "OrderedDict":
        return Mapping("collections.OrderedDict")
    return Object(args[0], ())


def first_argument(args: tuple[Any, ...]) -> Any:
    """``torch.jit._pickle.build_intlist([…])``, ``restore_type_tag(value, type)``: the value itself."""
    return args[0] if args else None


CALLS: dict[tuple[str, str], Call] = {
    ("torch._utils", "_rebuild_tensor"): rebuild.rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild.rebuild_tensor_v2,
    ("torch._utils", "_rebuild_tensor_v3"): rebuild.rebuild_tensor_v3,
    ("torch._utils", "_rebuild_parameter"): rebuild.rebuild_parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): rebuild.rebuild_parameter,
    ("torch._utils", "_rebuild_qtensor"): rebuild.rebuild_qtensor,
    ("torch._utils", "_rebuild_sparse_tensor"): rebuild.rebuild_sparse,
    ("torch._utils", "_rebuild_sparse_csr_tensor"): rebuild.rebuild_sparse,
    ("torch._utils", "_rebuild_nested_tensor"): rebuild.rebuild_nested,
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): rebuild.rebuild_meta,
    ("torch._utils", "_rebuild_wrapper_subclass"): rebuild.rebuild_wrapper_subclass,
    ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"): rebuild.rebuild_on_device,
    ("torch._tensor", "_rebuild_from_type_v2"): rebuild.rebuild_from_type,
    ("torch._tensor", "_rebuild_from_type"): rebuild.rebuild_from_type,
    ("torch.tensor", "_rebuild_from_type"): rebuild.rebuild_from_type,
    ("torch.nested._internal.nested_tensor", "_rebuild_njt"): rebuild.rebuild_njt,
    ("torch.nn.parameter", "Parameter"): rebuild.parameter_new,
    ("torch.storage", "_load_from_bytes"): rebuild.load_from_bytes,
    ("torch.jit._pickle", "build_intlist"): first_argument,
    ("torch.jit._pickle", "build_tensorlist"): first_argument,
    ("torch.jit._pickle", "build_doublelist"): first_argument,
    ("torch.jit._pickle", "build_boollist"): first_argument,
    ("torch.jit._pickle", "restore_type_tag"): first_argument,
    ("torch", "Size"): rebuild.torch_size,
    ("torch", "device"): rebuild.torch_device,
    ("torch.serialization", "_get_layout"): rebuild.get_layout,
    ("_codecs", "encode"): encode,
    ("collections", "OrderedDict"): mapping("collections.OrderedDict"),
    ("collections", "defaultdict"): mapping("collections.defaultdict"),
    ("collections", "Counter"): mapping("collections.Counter"),
    ("builtins", "dict"): mapping("dict"),
    ("builtins", "set"): collection("set"),
    ("builtins", "frozenset"): collection("frozenset"),
    ("builtins", "list"): collection("list"),
    ("builtins", "tuple"): collection("tuple"),
    ("builtins", "complex"): python_complex,
    ("builtins", "bytearray"): bytearray_of,
    ("builtins", "bytes"): python_bytes,
    ("builtins", "slice"): python_slice,
    ("copyreg", "_reconstructor"): reconstructor,
}
"""(module, name) as Python 3 names it → how its arguments read."""
