"""What a target format can hold, and what of a tensor it cannot."""

from __future__ import annotations

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan.route import Route
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.convert.plan.types import Types
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.roles.layout import word_set
from ckpt_gui.core.text import escape, plural

SAFETENSORS = word_set(
    "bool uint8 int8 int16 uint16 float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64 float8_e5m2 "
    "float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz float4_e2m1fn_x2 f6_e2m3 f6_e3m2"
)
"""Element types of safetensors 0.8 (formats.md §5)."""
LEGACY = word_set(
    "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex128 complex64 qint8 qint32 quint8 "
    "quint4x2 quint2x4"
)
"""Element types with a storage class, without which torch does not read a legacy stream."""
_NOT_TORCH = frozenset(["f6_e2m3", "f6_e3m2", "bcomplex32"])


def check(tree: Tree, way: Route, rows: list[int], types: Types, options: Options) -> None:
    """Raises ConvertError naming the tensors that the target cannot hold, by the reason."""
    if way.nested and not (way.target == "legacy" and (types.cast or tree.checkpoint.format != "torch-legacy")):
        return
    if way.target == "legacy" and tree.checkpoint.format in ("torchscript", "torch-package"):
        raise ConvertError(
            f"A {tree.checkpoint.format} archive holds more than the legacy format can; --to torch keeps it"
        )
    test = {"safetensors": _safetensors, "legacy": _legacy, "torch": _torch}[way.target]
    found: dict[str, list[int]] = {}
    plain: dict[str, str] = {}
    for row in rows:
        dtype = types.of(row)
        if dtype not in plain:
            plain[dtype] = test(dtype)
        reason = plain[dtype] or (_odd(tree, way, row) if row in tree.checkpoint.extras else "")
        if not reason and way.target == "safetensors" and tree.checkpoint.tensors.storage[row] < 0:
            reason = _without_data(tree, row)
        if reason:
            found.setdefault(reason, []).append(row)
    if found:
        total = sum(map(len, found.values()))
        told = "; ".join(f"{reason}: {tree.rows_listed(rows)}" for reason, rows in found.items())
        name = {"safetensors": "safetensors", "legacy": "The legacy format", "torch": "A state_dict"}[way.target]
        raise ConvertError(f"{name} cannot hold {plural(total, 'tensor')} – {told}. --drop leaves them out")


def _safetensors(dtype: str) -> str:
    return "" if dtype in SAFETENSORS else f"it has no {dtype}"


def _legacy(dtype: str) -> str:
    return "" if dtype in LEGACY else f"it has no storage of {dtype}"


def _torch(dtype: str) -> str:
    return f"torch has no {dtype}" if dtype in _NOT_TORCH or dtypes.named(dtype).kind == "unknown" else ""


def _without_data(tree: Tree, row: int) -> str:
    return "" if not tree.checkpoint.tensors.numel[row] else "without data (meta)"


def _odd(tree: Tree, way: Route, row: int) -> str:
    """Why a tensor that is not plain cannot be held; "" if it can."""
    tensor = tree.checkpoint.tensor(row)
    if len(tensor.pieces) > 1:
        return "pieces of a sharded tensor"
    if tensor.python_type is not None and (tensor.parts or (tensor.storage < 0 and tensor.device != "meta")):
        return f"{escape(tensor.python_type.rpartition('.')[2])[:100]} of several parts"
    if way.target != "safetensors":
        return ""
    if tensor.layout != "strided":
        return f"{tensor.layout} layout"
    if tensor.quantizer is not None:
        return "quantized"
    return ""
