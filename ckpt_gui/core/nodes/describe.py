"""One inert value in words: its type's name and at most 1,000 characters of text."""

from __future__ import annotations

import struct
from typing import Any

from ckpt_gui.core.columns import KeyType
from ckpt_gui.core.pickles.values import Document, Global, Mapping, Object, Span, Storage, Tensor, Value
from ckpt_gui.core.text import clip, integer, size

_NUMPY_CODES = {
    "f2": ("float16", "e"), "f4": ("float32", "f"), "f8": ("float64", "d"), "i1": ("int8", "b"),
    "i2": ("int16", "h"), "i4": ("int32", "i"), "i8": ("int64", "q"), "u1": ("uint8", "B"),
    "u2": ("uint16", "H"), "u4": ("uint32", "I"), "u8": ("uint64", "Q"), "b1": ("bool", "?"),
}  # fmt: skip
"""NumPy type strings without byte order → name and ``struct`` code (numpy.dtype.str)."""

_NUMPY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")


def key_parts(key: Any) -> tuple[KeyType, str]:
    """How a mapping's key stands in a path: its type, and its text."""
    kind = type(key)
    if kind is str:
        return KeyType.TEXT, key
    if kind is int:
        return KeyType.INT, integer(key)
    if kind is bool:
        return KeyType.BOOL, str(key)
    if kind is float:
        return KeyType.FLOAT, repr(key)
    if key is None:
        return KeyType.NULL, "None"
    return KeyType.OTHER, clip(brief(key), 1000)


def leaf(value: Any) -> tuple[str, str, str]:
    """Type name, text of at most 1,000 characters, and the longer text where there is one ("" otherwise)."""
    kind = type(value)
    if kind is str:
        return "str", clip(value), value if len(value) > 1000 else ""
    if kind is Document:
        return value.type_name, clip(value.text), value.text
    if kind is Value:
        return value.type_name, clip(value.text), value.text if len(value.text) > 1000 else ""
    if kind is Global:
        known_type = value.module == "torch" and value.name.islower()
        return ("torch.dtype", value.name, "") if known_type else ("class or function", clip(value.full), "")
    if kind is Span:
        return value.type_name, f"{size(value.nbytes)}: {clip(brief(value.head), 200)}", ""
    if kind is Storage:
        return "storage", f"{value.dtype}, {value.numel:,} elements, {value.device}", ""
    return type(value).__name__, clip(brief(value)), ""


def brief(value: Any, depth: int = 3) -> str:
    """A short text of any inert value; bounded in depth and length."""
    kind = type(value)
    if kind is int:
        return integer(value)
    if kind is str or kind is bytes:
        return repr(value[:400]) + ("…" if len(value) > 400 else "")
    if kind in (float, bool, type(None)):
        return repr(value)
    if kind is Value:
        return clip(str(value.text), 400)
    if kind is Global:
        return str(value.full)
    if kind is Tensor:
        return f"tensor {value.dtype} [{', '.join(map(integer, value.shape[:16]))}]"
    return _brief_container(value, depth)


def _brief_container(value: Any, depth: int) -> str:
    kind = type(value)
    if depth == 0:
        return "…"
    if kind is list or kind is tuple:
        inner = ", ".join(brief(item, depth - 1) for item in value[:8]) + (", …" if len(value) > 8 else "")
        return f"[{inner}]" if kind is list else f"({inner},)" if len(value) == 1 else f"({inner})"
    if kind is Mapping:
        pairs = [f"{brief(key, depth - 1)}: {brief(item, depth - 1)}" for key, item in value.items[:8]]
        return "{" + ", ".join(pairs) + (", …" if len(value.items) > 8 else "") + "}"
    if kind is Object:
        name = value.full.rpartition(".")[2]
        args = value.elements if value.elements is not None else value.args
        return f"{name}{_brief_container(args, depth - 1) if type(args) in (tuple, list) and args else '()'}"
    return kind.__name__


def numpy_value(value: Object) -> Value | None:
    """A NumPy array, scalar or dtype out of its pickle, in words; None if ``value`` is none of these.

    Shapes after numpy/_core/src/multiarray/methods.c (array_reduce, array_setstate), scalartypes
    (gentype_reduce) and descriptor.c (arraydescr_reduce).
    """
    callee = value.callee
    if type(callee) is not Global or not callee.module.startswith("numpy"):
        return None
    if callee.name == "dtype":
        found = _numpy_dtype(value)
        return Value("numpy.dtype", found[0]) if found else None
    if callee.module in _NUMPY_MODULES and callee.name == "scalar":
        return _numpy_scalar(value.args)
    is_array = callee.module in _NUMPY_MODULES and callee.name in ("_reconstruct", "_frombuffer")
    if is_array and type(value.state) is tuple and len(value.state) == 5:
        return _numpy_array(value.state)
    return None


def _numpy_dtype(value: Any) -> tuple[str, str] | None:
    """Name and ``struct`` format (byte order included) of a pickled numpy.dtype."""
    if type(value) is not Object or value.full != "numpy.dtype" or type(value.args) is not tuple or not value.args:
        return None
    code = value.args[0]
    if type(code) is not str:
        return None
    order = value.state[1] if type(value.state) is tuple and len(value.state) > 1 else "<"
    name, letter = _NUMPY_CODES.get(code.lstrip("<>|="), (code, ""))
    return name, ((">" if order == ">" else "<") + letter) if letter else ""


def _numpy_scalar(args: Any) -> Value | None:
    dtype = _numpy_dtype(args[0]) if type(args) is tuple and len(args) == 2 else None
    if dtype is None or type(args[1]) is not bytes:
        return None
    name, form = dtype
    try:
        return Value(f"numpy.{name}", repr(struct.unpack(form, args[1])[0])) if form else None
    except struct.error:
        return None


def _numpy_array(state: tuple[Any, ...]) -> Value | None:
    shape, dtype, raw = state[1], _numpy_dtype(state[2]), state[4]
    if dtype is None or type(shape) is not tuple or not all(type(item) is int for item in shape):
        return None
    name, form = dtype
    text = f"{name} {' × '.join(map(integer, shape)) if shape else 'scalar'}"
    if form and type(raw) is bytes and len(shape) <= 8:
        width = struct.calcsize(form)
        values = struct.iter_unpack(form, raw[: 64 * width - 64 * width % width][: len(raw) // width * width])
        text += ": " + ", ".join(repr(item[0]) for item in values) + (" …" if len(raw) > 64 * width else "")
    elif type(raw) is list:
        text += ": " + brief(raw)
    return Value("numpy.ndarray", text)
