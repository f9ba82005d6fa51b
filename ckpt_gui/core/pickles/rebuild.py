"""What torch's rebuild functions say, read from their arguments alone; none of them is called.

The shapes are those of torch/_utils.py, torch/_tensor.py and torch/storage.py (see each function);
formats.md §1.4 lists where each was seen. A shape that does not fit gives a tensor with a problem, or
None: then the call is shown as an object.
"""

from __future__ import annotations

from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.pickles.values import Global, Mapping, Object, Storage, Tensor, Value
from ckpt_gui.core.text import integer

MAX_SIZES = 1000
"""Dimensions beyond which a shape is no shape."""
MAX_PARTS = 100
"""Entries of a state that are looked at for a tensor's parts: one state may serve many tensors."""


def sizes(value: Any) -> tuple[int, ...] | None:
    """A shape, stride or offset tuple as ints; None if it is not one."""
    if type(value) is Value and value.type_name == "torch.Size":
        value = value.raw
    if (type(value) is tuple or type(value) is list) and len(value) <= MAX_SIZES:
        for item in value:
            if type(item) is not int:
                return None
        return tuple(value)
    return None


def _malformed(what: str) -> Tensor:
    tensor = Tensor(None, 0, (), (), "float32")
    tensor.problem = f"the arguments of {what} are not those of a tensor"
    return tensor


def _strided(what: str, storage: Any, offset: Any, shape: Any, stride: Any, dtype: str | None = None) -> Tensor:
    size, step = sizes(shape), sizes(stride)
    if type(storage) is not Storage or type(offset) is not int or size is None or step is None:
        return _malformed(what)
    return Tensor(storage, offset, size, step, dtype or storage.dtype)


def rebuild_tensor(args: tuple[Any, ...]) -> Tensor:
    """``torch._utils._rebuild_tensor(storage, offset, size, stride)``; torch up to 0.3."""
    return _strided("_rebuild_tensor", *args[:4]) if len(args) >= 4 else _malformed("_rebuild_tensor")


def rebuild_tensor_v2(args: tuple[Any, ...]) -> Tensor:
    """``_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])``."""
    if len(args) < 5:
        return _malformed("_rebuild_tensor_v2")
    storage, offset, shape, stride = args[:4]
    plain = type(storage) is Storage and type(offset) is int and type(shape) is tuple and type(stride) is tuple
    if plain and len(shape) <= MAX_SIZES and len(stride) <= MAX_SIZES:
        for item in shape:
            if type(item) is not int:
                return _malformed("_rebuild_tensor_v2")
        for item in stride:
            if type(item) is not int:
                return _malformed("_rebuild_tensor_v2")
        tensor = Tensor(storage, offset, shape, stride, storage.dtype)
    else:
        tensor = _strided("_rebuild_tensor_v2", storage, offset, shape, stride)
    tensor.requires_grad = args[4] is True
    if len(args) > 6:
        _metadata(tensor, args[6])
    return tensor


def _metadata(tensor: Tensor, metadata: Any) -> None:
    if type(metadata) is Mapping:
        for key, value in metadata.items[:MAX_PARTS]:
            if key == "conj":
                tensor.conj = value is True
            elif key == "neg":
                tensor.neg = value is True


def rebuild_tensor_v3(args: tuple[Any, ...]) -> Tensor:
    """``_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype[, metadata])``."""
    dtype = dtype_name(args[6]) if len(args) >= 7 else None
    if dtype is None:
        return _malformed("_rebuild_tensor_v3")
    tensor = _strided("_rebuild_tensor_v3", args[0], args[1], args[2], args[3], dtype)
    tensor.requires_grad = args[4] is True
    if len(args) > 7:
        _metadata(tensor, args[7])
    return tensor


def dtype_name(value: Any) -> str | None:
    """``torch.float32`` as a global → ``float32``; None if it is no element type."""
    if type(value) is Global and value.module == "torch":
        name = dtypes.ALIASES.get(value.name, value.name)
        return name if name in dtypes.DTYPES or name.islower() else None
    return None


def rebuild_parameter(args: tuple[Any, ...]) -> Any:
    """``_rebuild_parameter(data, requires_grad, hooks)``, also ``…_with_state(…, state)``."""
    if len(args) < 2 or type(args[0]) is not Tensor:
        return None
    tensor = args[0]
    tensor.parameter = True
    tensor.requires_grad = args[1] is True
    if len(args) > 3:
        tensor.state = args[3]
    return tensor


def rebuild_from_type(args: tuple[Any, ...]) -> Any:
    """``torch._tensor._rebuild_from_type_v2(func, type, args, state)``: func is an argument, not called."""
    if len(args) != 4 or type(args[0]) is not Global or type(args[2]) is not tuple:
        return None
    made = args[0].call(args[2]) if args[0].call is not None else None
    kind = args[1].full if type(args[1]) is Global else "torch.Tensor"
    if type(made) is not Tensor:
        return Object(args[1], args[2]) if made is None else None
    if kind == "torch.nn.parameter.Parameter":
        made.parameter = True
    elif kind not in ("torch.Tensor", "torch._tensor.Tensor"):
        made.python_type = kind
    made.state = args[3]
    parts = _inner_tensors(args[3])
    if parts and made.storage is None:
        made.parts = parts
        _fill_dtensor(made)
    return made


def _state_pairs(state: Any) -> list[tuple[Any, Any]]:
    if type(state) is tuple:
        return [pair for part in state[:2] if type(part) is Mapping for pair in part.items[:MAX_PARTS]]
    return state.items[:MAX_PARTS] if type(state) is Mapping else []


def _inner_tensors(state: Any) -> list[tuple[str, Tensor]]:
    return [(key, value) for key, value in _state_pairs(state) if type(key) is str and type(value) is Tensor]


def _fill_dtensor(tensor: Tensor) -> None:
    """What a DTensor's spec says: its local piece lies under ``_local_tensor``."""
    local = dict(tensor.parts or ()).get("_local_tensor")
    if local is not None and tensor.device is None:
        tensor.device = local.device


def rebuild_wrapper_subclass(args: tuple[Any, ...]) -> Any:
    """``_rebuild_wrapper_subclass(cls, dtype, size, stride, storage_offset, layout, device, requires_grad)``."""
    if len(args) < 8:
        return None
    dtype, shape, stride = dtype_name(args[1]), sizes(args[2]), sizes(args[3])
    if dtype is None or shape is None or stride is None:
        return _malformed("_rebuild_wrapper_subclass")
    tensor = Tensor(None, args[4] if type(args[4]) is int else 0, shape, stride, dtype)
    tensor.layout = _text_of(args[5]).rpartition(".")[2] or "strided"
    tensor.device = _text_of(args[6]) or None
    tensor.requires_grad = args[7] is True
    tensor.python_type = args[0].full if type(args[0]) is Global else None
    return tensor


def rebuild_meta(args: tuple[Any, ...]) -> Any:
    """``_rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)``: no data exist."""
    if len(args) < 4 or (dtype := dtype_name(args[0])) is None:
        return _malformed("_rebuild_meta_tensor_no_storage")
    shape, stride = sizes(args[1]), sizes(args[2])
    if shape is None or stride is None:
        return _malformed("_rebuild_meta_tensor_no_storage")
    tensor = Tensor(None, 0, shape, stride, dtype)
    tensor.device = "meta"
    tensor.requires_grad = args[3] is True
    return tensor


def rebuild_qtensor(args: tuple[Any, ...]) -> Any:
    """``_rebuild_qtensor(storage, offset, size, stride, quantizer, requires_grad, hooks)``."""
    if len(args) < 6:
        return _malformed("_rebuild_qtensor")
    tensor = _strided("_rebuild_qtensor", *args[:4])
    quantizer = args[4]
    if type(quantizer) not in (tuple, list) or len(quantizer) < 3:
        tensor.problem = tensor.problem or "its quantizer is malformed"
        return tensor
    scheme = _text_of(quantizer[0]).rpartition(".")[2]
    tensor.requires_grad = args[5] is True
    if type(quantizer[1]) is Tensor and type(quantizer[2]) is Tensor:
        tensor.parts = [("scales", quantizer[1]), ("zero_points", quantizer[2])]
        axis = quantizer[3] if len(quantizer) > 3 and _plain_int(quantizer[3]) else 0
        tensor.quantizer = {"scheme": scheme, "axis": axis}
    else:
        scale = quantizer[1] if type(quantizer[1]) is float or _plain_int(quantizer[1]) else None
        zero = quantizer[2] if _plain_int(quantizer[2]) else None
        tensor.quantizer = {"scheme": scheme, "scale": scale, "zero_point": zero}
    return tensor


def _plain_int(value: Any) -> bool:
    return type(value) is int and dtypes.countable(value)


_SPARSE_PARTS = {
    "sparse_coo": ("indices", "values"),
    "sparse_csr": ("crow_indices", "col_indices", "values"), "sparse_bsr": ("crow_indices", "col_indices", "values"),
    "sparse_csc": ("ccol_indices", "row_indices", "values"), "sparse_bsc": ("ccol_indices", "row_indices", "values"),
}  # fmt: skip


def rebuild_sparse(args: tuple[Any, ...]) -> Any:
    """``_rebuild_sparse_tensor(layout, (indices, values, size[, coalesced]) or (c, i, values, size))``."""
    if len(args) < 2 or type(args[1]) not in (tuple, list):
        return _malformed("_rebuild_sparse_tensor")
    layout = _text_of(args[0]).rpartition(".")[2]
    names = _SPARSE_PARTS.get(layout)
    if names is None or len(args[1]) <= len(names):
        return _malformed("_rebuild_sparse_tensor")
    shape = sizes(args[1][len(names)])
    parts = args[1][: len(names)]
    if shape is None or any(type(part) is not Tensor for part in parts):
        return _malformed("_rebuild_sparse_tensor")
    tensor = Tensor(None, 0, shape, (), parts[-1].dtype)
    tensor.layout = layout
    tensor.parts = list(zip(names, parts, strict=True))
    return tensor


def rebuild_nested(args: tuple[Any, ...]) -> Any:
    """``_rebuild_nested_tensor(buffer, sizes, strides, offsets)``: the shape lies in the sizes' values."""
    if len(args) < 4 or any(type(part) is not Tensor for part in args[:4]):
        return _malformed("_rebuild_nested_tensor")
    names = ("buffer", "sizes", "strides", "offsets")
    return _ragged(list(zip(names, args, strict=False)), args[0], "nested")


def rebuild_njt(args: tuple[Any, ...]) -> Any:
    """``torch.nested._internal.nested_tensor._rebuild_njt((values, offsets, lengths …))``; a dict of them."""
    pairs = _state_pairs(args[0]) if args else []
    parts = [(str(key).strip("_"), value) for key, value in pairs if type(value) is Tensor]
    values = dict(parts).get("values")
    if values is None:
        return None
    return _ragged(parts, values, "jagged")


def _ragged(parts: list[tuple[str, Tensor]], values: Tensor, layout: str) -> Tensor:
    tensor = Tensor(None, 0, (), (), values.dtype)
    tensor.layout = layout
    tensor.parts = parts
    tensor.requires_grad = values.requires_grad
    return tensor


def rebuild_on_device(args: tuple[Any, ...]) -> Any:
    """``_rebuild_device_tensor_from_cpu_tensor(data, dtype, device, requires_grad)``."""
    if len(args) < 4 or type(args[0]) is not Tensor:
        return None
    tensor = args[0]
    tensor.device = _text_of(args[2])
    tensor.requires_grad = args[3] is True
    return tensor


def parameter_new(args: tuple[Any, ...]) -> Any:
    """``torch.nn.parameter.Parameter(tensor, requires_grad)``."""
    return rebuild_parameter((*args, True)[:2]) if args else None


def torch_size(args: tuple[Any, ...]) -> Any:
    """``torch.Size((…))``."""
    shape = sizes(args[0]) if args else ()
    return None if shape is None else Value("torch.Size", f"[{', '.join(map(integer, shape))}]", shape)


def torch_device(args: tuple[Any, ...]) -> Any:
    """``torch.device('cuda', 0)``."""
    if not args or type(args[0]) is not str:
        return None
    text = args[0] if len(args) < 2 or type(args[1]) is not int else f"{args[0]}:{integer(args[1])}"
    return Value("torch.device", text, text)


def get_layout(args: tuple[Any, ...]) -> Any:
    """``torch.serialization._get_layout('torch.sparse_coo')``."""
    return Value("torch.layout", args[0], args[0]) if args and type(args[0]) is str else None


def load_from_bytes(args: tuple[Any, ...]) -> Any:
    """``torch.storage._load_from_bytes(bytes)``, a nested torch.save: how storages are written by a plain pickle."""
    if not args:
        return None
    storage = Storage("", "in the pickle", None, 0)
    storage.content = args[0]
    storage.problem = "the bytes of its storage are no torch.save that could be read"
    return storage


def _text_of(value: Any) -> str:
    if type(value) is Value:
        return value.text
    if type(value) is Global:
        return value.full
    return value if type(value) is str else ""
