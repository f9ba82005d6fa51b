"""Names in pickles, in three classes."""

from __future__ import annotations

import pytest

from ckpt_gui.core.code_names import python3_name, trust

DATA = [
    ("collections", "OrderedDict"), ("torch", "Size"), ("torch", "float32"), ("torch", "bfloat16"), ("torch", "long"),
    ("torch", "FloatStorage"), ("torch.cuda", "HalfStorage"), ("torch.storage", "UntypedStorage"),
    ("builtins", "set"), ("__builtin__", "set"), ("__builtin__", "unicode"), ("__builtin__", "xrange"),
    ("datetime", "datetime"), ("pathlib", "PosixPath"), ("decimal", "Decimal"), ("uuid", "UUID"),
    ("numpy", "dtype"), ("numpy", "ndarray"), ("numpy.dtypes", "Float64DType"), ("argparse", "Namespace"),
    ("torch", "device"), ("UserDict", "UserDict"),
]  # fmt: skip
CONSTRUCTORS = [
    ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_qtensor"),
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"), ("_codecs", "encode"),
    ("torch._tensor", "_rebuild_from_type_v2"), ("torch.nn.modules.linear", "Linear"),
    ("torch.nn.parameter", "Parameter"), ("copy_reg", "_reconstructor"), ("torch.optim.adam", "Adam"),
    ("torch.serialization", "_get_layout"), ("torch", "FloatTensor"),
]  # fmt: skip
UNKNOWN = [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("__builtin__", "exec"), ("builtins", "getattr"),
    ("builtins", "type"), ("functools", "partial"), ("torch.storage", "_load_from_bytes"), ("torch", "load"),
    ("torch.nn.modules.linear", "Linear.forward"), ("torch.nn.modules.module", "torch"), ("mymodel", "FloatStorage"),
    ("torch.nn.modules.module\n", "Module"), ("torch.nnevil", "Linear"), ("torch._utils", "_rebuild_\u0430"),
    ("torch._utils", "_rebuild_tensor.__globals__"), ("", ""), ("collections", "namedtuple"),
    ("operator", "attrgetter"),
    ("torch.hub", "load"), ("numpy.testing._private.utils", "runstring"), ("cloudpickle.cloudpickle", "_make_function"),
]  # fmt: skip


@pytest.mark.parametrize("name", DATA, ids=".".join)
def test_inert_values_are_data(name: tuple[str, str]) -> None:
    assert trust(*name) == "data"


@pytest.mark.parametrize("name", CONSTRUCTORS, ids=".".join)
def test_rebuild_functions_and_torch_classes_are_constructors(name: tuple[str, str]) -> None:
    assert trust(*name) == "constructor"


@pytest.mark.parametrize("name", UNKNOWN, ids=lambda name: repr(".".join(name)))
def test_everything_else_is_unknown(name: tuple[str, str]) -> None:
    assert trust(*name) == "unknown"


def test_python_2_names_are_mapped_as_pickle_maps_them() -> None:
    assert python3_name("__builtin__", "xrange") == ("builtins", "range")
    assert python3_name("copy_reg", "_reconstructor") == ("copyreg", "_reconstructor")
    assert python3_name("torch", "Size") == ("torch", "Size")
