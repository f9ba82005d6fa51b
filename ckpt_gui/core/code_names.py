"""How far a name in a pickle is known: inert data, a constructor of torch or NumPy, or unknown code.

The lists are closed: a name is known because it stands here (or is a class of torch.nn, torch.ao.nn
or torch.optim), never because it looks harmless. "Known" is no promise that a file is harmless.
"""

from __future__ import annotations

import re
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

from ckpt_gui.core.dtypes import ALIASES, DTYPES, STORAGE_DTYPES, TENSOR_DTYPES


def python3_name(module: str, name: str) -> tuple[str, str]:
    """Module and name as Python 3 calls them; names of Python 2 are mapped as ``pickle.load`` maps them."""
    found = NAME_MAPPING.get((module, name))
    return found if found is not None else (IMPORT_MAPPING.get(module, module), name)


def trust(module: str, name: str) -> str:
    """``data``, ``constructor`` or ``unknown``, for a name as written (Python 2 names are understood).

    ``data``: inert values and containers. ``constructor``: rebuild functions of torch and NumPy, and
    classes of torch itself. ``unknown``: any other code; what it would do is not known.
    """
    module, name = python3_name(module, name)
    full = f"{module}.{name}"
    if full in _DATA:
        return "data"
    if full in _CONSTRUCTORS or (_TORCH_MODULE.match(module) and _CLASS.match(name)):
        return "constructor"
    if module == "torch._utils" and _REBUILD.match(name):
        return "constructor"
    return "unknown"


_TORCH_MODULE = re.compile(r"torch\.(nn|ao\.nn|optim)(\.[A-Za-z_][A-Za-z0-9_]*)*\Z")
# Only a plain capitalised identifier: "Linear.forward" or "Module.__init__" would be something else.
_CLASS = re.compile(r"_?[A-Z][A-Za-z0-9_]*\Z")
_REBUILD = re.compile(r"_rebuild_[a-z0-9_]+\Z")


def _names(module: str, names: str) -> set[str]:
    return {f"{module}.{name}" for name in names.split()}


def _torch_data() -> set[str]:
    found = _names("torch", "Size device layout memory_format dtype strided sparse_coo sparse_csr sparse_csc")
    found |= _names("torch", "sparse_bsr sparse_bsc jagged contiguous_format channels_last channels_last_3d")
    found |= _names("torch", "preserve_format per_tensor_affine per_tensor_symmetric per_channel_affine")
    found |= _names("torch", "per_channel_symmetric per_channel_affine_float_qparams")
    found |= {f"torch.{name}" for name in [*DTYPES, *ALIASES] if not name.startswith("f6_")}
    for module in ("torch", "torch.cuda", "torch.storage"):
        found |= {f"{module}.{name}" for name in STORAGE_DTYPES}
    # Names of torch 1.11 and 1.12.
    return found | _names("torch.storage", "_TypedStorage _UntypedStorage") | _names("torch", "_TypedStorage")


def _python_data() -> set[str]:
    found = _names("builtins", "set frozenset dict list tuple int float str bytes bytearray bool complex slice range")
    found |= _names("builtins", "object NoneType Ellipsis")
    found |= _names("collections", "OrderedDict defaultdict Counter deque ChainMap UserDict UserList UserString")
    found |= _names("datetime", "datetime date time timedelta timezone")
    for module in ("pathlib", "pathlib._local"):
        found |= _names(module, "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath")
    found |= _names("decimal", "Decimal") | _names("fractions", "Fraction") | _names("uuid", "UUID SafeUUID")
    found |= _names("ipaddress", "IPv4Address IPv6Address IPv4Network IPv6Network")
    # Plain containers of attributes: their __setstate__ is object's.
    found |= _names("argparse", "Namespace") | _names("types", "SimpleNamespace NoneType") | _names("array", "array")
    return found | _names("typing", "Any Union Optional List Dict Tuple Set FrozenSet Sequence Mapping Callable")


def _numpy_data() -> set[str]:
    kinds = "float16 float32 float64 longdouble complex64 complex128 clongdouble int8 int16 int32 int64 uint8 uint16"
    kinds += " uint32 uint64 intc uintc longlong ulonglong bool bool_ str_ bytes_ datetime64 timedelta64 object_ void"
    found = _names("numpy", f"dtype ndarray {kinds}")
    classes = "Float16 Float32 Float64 LongDouble Complex64 Complex128 Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32"
    classes += " UInt64 Bool Str Bytes Object Void DateTime64 TimeDelta64 IntC LongLong ULong UInt ULongLong Long"
    return found | {f"numpy.dtypes.{name}DType" for name in classes.split()}


def _torch_constructors() -> set[str]:
    found = _names("torch._tensor", "_rebuild_from_type _rebuild_from_type_v2 Tensor")
    found |= _names("torch.tensor", "_rebuild_from_type Tensor") | _names("torch", "Tensor Generator")
    for module in ("torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse"):
        found |= {f"{module}.{name}" for name in TENSOR_DTYPES if not name.startswith(("Untyped", "Typed"))}
    found |= _names("torch.serialization", "_get_layout")
    found |= _names("torch.nested._internal.nested_tensor", "_rebuild_njt NestedTensor")
    found |= _names("torch._dynamo.decorators", "_DimRange")
    found |= _names("torch.jit._pickle", "build_intlist build_tensorlist build_doublelist build_boollist")
    found |= _names("torch.jit._pickle", "restore_type_tag build_tensor_from_id")
    found |= _names("torch.distributed.tensor", "DTensor") | _names("torch.distributed._tensor.api", "DTensor")
    found |= _names("torch.distributed.device_mesh", "DeviceMesh")
    found |= _names("torch.distributed._mesh_layout", "_FlatLayout _MeshLayout")
    for module in ("torch.distributed.tensor", "torch.distributed._tensor"):
        found |= _names(f"{module}.placement_types", "Shard Replicate Partial _Partial DTensorSpec TensorMeta")
        found |= _names(f"{module}._dtensor_spec", "DTensorSpec TensorMeta")
    # torch.storage._load_from_bytes is left out: it runs a second pickle, whose names are not in this one.
    activations = "relu gelu silu elu leaky_relu tanh sigmoid softmax log_softmax mish selu softplus hardswish relu6"
    return found | _names("torch.nn.functional", activations) | _names("torch._C._nn", "gelu silu")


def _other_constructors() -> set[str]:
    found = _names("_codecs", "encode") | _names("copyreg", "_reconstructor __newobj__ __newobj_ex__")
    found |= _names("array", "_array_reconstructor")
    for core in ("numpy.core", "numpy._core"):
        found |= _names(f"{core}.multiarray", "_reconstruct scalar _frombuffer")
        found |= _names(f"{core}.numeric", "_frombuffer")
    found |= _names("numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor")
    found |= _names("numpy.random._mt19937", "MT19937") | _names("numpy.random._pcg64", "PCG64 PCG64DXSM")
    found |= _names("numpy.random._philox", "Philox") | _names("numpy.random._sfc64", "SFC64")
    found |= _names("numpy.random.mtrand", "RandomState") | _names("numpy.random._generator", "Generator")
    return found | _names("numpy.random.bit_generator", "SeedSequence") | _names("numpy.ma.core", "_mareconstruct")


_DATA = frozenset(_torch_data() | _python_data() | _numpy_data())
_CONSTRUCTORS = frozenset(_torch_constructors() | _other_constructors())
