"""Whether ``torch.load(weights_only=True)`` of torch 2.6 and later would take a file, and if not, why.

Decided from our own copy of the list in torch/_weights_only_unpickler.py (torch 2.13); nothing is
loaded. Devices are left aside: a tag of a device that is missing asks for ``map_location``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_gui.core.code_names import python3_name
from ckpt_gui.core.columns import KeyType, Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.text import escape, join_words, plural


@dataclass(frozen=True, slots=True)
class Verdict:
    """What torch would say."""

    accepted: bool | None
    """None where the question does not apply (safetensors)."""
    needs: tuple[str, ...]
    """Python 3 names that ``torch.serialization.add_safe_globals`` would have to allow."""
    why: str
    """One plain sentence; "" if accepted."""


_NUMBERS = "BFloat16 Bool Byte Char Double Float Half Int Long Short"


def _allowed() -> frozenset[str]:
    numbers = [*_NUMBERS.split()]
    names = {f"{module}.{name}Tensor" for module in ("torch", "torch.cuda") for name in numbers}
    names |= {f"{module}.{n}Tensor" for module in ("torch.sparse", "torch.cuda.sparse") for n in numbers if n != "Bool"}
    stored = [*numbers, "ComplexDouble", "ComplexFloat"]
    names |= {f"{module}.{name}Storage" for module in ("torch", "torch.cuda") for name in stored}
    for module, listed in _ALLOWED.items():
        names |= {f"{module}.{name}" for name in listed.split()}
    return frozenset(names)


_ALLOWED = {
    "_codecs": "encode",
    "builtins": "bytearray complex set",
    "collections": "Counter OrderedDict",
    "torch": "Size Tensor device QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage "
    "float16 float32 float64 bfloat16 complex32 complex64 complex128 bool qint32 qint8 quint2x4 quint4x2 quint8 "
    "bits16 bits1x8 bits2x4 bits4x2 bits8 float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz "
    "float8_e8m0fnu int1 int2 int3 int4 int5 int6 int7 int8 int16 int32 int64 uint1 uint2 uint3 uint4 uint5 uint6 "
    "uint7 uint8 uint16 uint32 uint64 per_channel_affine per_channel_affine_float_qparams per_channel_symmetric "
    "per_tensor_affine per_tensor_symmetric",
    "torch._tensor": "_rebuild_from_type_v2",
    "torch._utils": "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy "
    "_rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter _rebuild_parameter_with_state "
    "_rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 "
    "_rebuild_wrapper_subclass",
    "torch.nn.parameter": "Parameter",
    "torch.serialization": "_get_layout",
    "torch.storage": "TypedStorage UntypedStorage",
}

ALLOWED = _allowed()
"""Names that ``_get_allowed_globals()`` of torch 2.13 lists."""

IMPLIED = frozenset(
    ["torch.nested._internal.nested_tensor.NestedTensor", "torch.nested._internal.nested_tensor._rebuild_njt",
     "torch.distributed._mesh_layout._FlatLayout", "torch.distributed._mesh_layout._MeshLayout"]
)  # fmt: skip
"""Names that ``import torch`` itself adds to the list by ``add_safe_globals``."""

_IMPORTED_FIRST = ("torch.distributed.", "torch._dynamo.")
_BLOCKED = ("sys", "os", "posix", "nt")
"""Modules that torch refuses even where they were allowed (``_blocklisted_modules``)."""

_FORMATS = {
    "torchscript": "It is a TorchScript archive, which weights_only=True refuses.",
    "torch-tar": "It is in the tar format of torch 0.1, which weights_only=True refuses.",
    "torch-package": "It is a torch.package archive, which torch.load does not read.",
    "pt2": "It is a torch.export archive, which torch.load does not read.",
    "pickle": "It is a bare pickle, which torch.load does not read.",
}
_UNTYPED = "torch.storage.UntypedStorage"
_TORCH_FORMATS = ("torch-zip", "torch-legacy")


def verdict(checkpoint: Checkpoint) -> Verdict:
    """Whether torch.load(weights_only=True) takes this checkpoint (every shard of it, where there are several)."""
    form = checkpoint.format
    if form in _FORMATS:
        return Verdict(False, (), _FORMATS[form])
    if form not in _TORCH_FORMATS and "protocol" not in checkpoint.facts:
        return Verdict(None, (), "There is no pickle in it, so weights_only makes no difference.")
    needs = needed_names(checkpoint)
    reasons = [*_of_the_file(checkpoint), *_of_names(needs), *_of_opcodes(checkpoint), *_of_containers(checkpoint)]
    if not needs and not reasons:
        reasons = _of_values(checkpoint)
    if not reasons:
        return Verdict(True, (), "")
    sentence = "; ".join(reasons)
    return Verdict(False, needs, sentence[0].upper() + sentence[1:] + ".")


def needed_names(checkpoint: Checkpoint) -> tuple[str, ...]:
    """The names its pickles refer to that are not on torch's list, as Python 3 calls them."""
    found: dict[str, None] = {}
    for code in checkpoint.code:
        module, _, name = code.name.rpartition(".")
        full = ".".join(python3_name(module, name))
        if full not in ALLOWED and full not in IMPLIED:
            found[full] = None
    return tuple(found)


def _of_the_file(checkpoint: Checkpoint) -> list[str]:
    reasons = []
    refused = checkpoint.facts.get("refused_by_torch")
    if refused:
        reasons.append(str(refused))
    if checkpoint.format == "torch-legacy" and any(code.name == _UNTYPED for code in checkpoint.code):
        reasons.append("torch does not read untyped storages in its legacy format")
    if checkpoint.facts.get("broken"):
        reasons.append("its pickle is broken")
    bad = sum(1 for problem in checkpoint.tensors.problem if problem >= 0)
    if bad:
        reasons.append(f"{plural(bad, 'tensor')} {'does' if bad == 1 else 'do'} not hold together")
    return reasons


def _of_names(needs: tuple[str, ...]) -> list[str]:
    if not needs:
        return []
    listed = join_words(map(escape, needs), 4)
    reasons = [f"it refers to {plural(len(needs), 'name')} not on torch's list: {listed}"]
    if "numpy.dtype" in needs:
        reasons.append("NumPy's element types would have to be allowed too (numpy.dtypes.Float64DType and others)")
    blocked = [name for name in needs if name.rpartition(".")[0] in _BLOCKED]
    if blocked:
        reasons.append(f"torch blocks {escape(blocked[0])} even where it is allowed")
    first = [prefix[:-1] for prefix in _IMPORTED_FIRST if any(name.startswith(prefix) for name in needs)]
    if first:
        reasons.append(f"{join_words(first)} must be imported before it is loaded")
    return reasons


def _of_opcodes(checkpoint: Checkpoint) -> list[str]:
    refused = [str(name) for name in checkpoint.facts.get("refused", ())]
    if not refused:
        return []
    protocol = checkpoint.facts.get("protocol", 2)
    written = f" (pickle protocol {protocol}; torch writes 2)" if protocol != 2 else ""
    return [f"it is written with {'opcodes' if len(refused) > 1 else 'an opcode'} that weights_only=True does not know"
            f"{written}: {join_words(refused, 4)}"]  # fmt: skip


def _of_containers(checkpoint: Checkpoint) -> list[str]:
    """Items of a defaultdict: refused even where the class is allowed (``_check_set_item_target``)."""
    nodes, name = checkpoint.nodes, "collections.defaultdict"
    if name not in checkpoint.texts:
        return []
    wanted = checkpoint.texts.index(name)
    for node, type_name in enumerate(nodes.type_name):
        if type_name == wanted and nodes.kind[node] == Kind.MAPPING and nodes.count[node]:
            return ["it fills a defaultdict, which weights_only=True never does"]
    return []


def _of_values(checkpoint: Checkpoint) -> list[str]:
    """What only a stream that torch did not write holds, though every name of it is allowed."""
    nodes, texts = checkpoint.nodes, checkpoint.texts
    if Kind.OBJECT in bytes(nodes.kind):
        return ["it calls an allowed name, or a value, in a way that torch does not"]
    if "persistent id" in texts and texts.index("persistent id") in nodes.type_name:
        return ["it refers to something outside the pickle that is no storage"]
    odd_keys = (key for key, key_type in zip(nodes.key, nodes.key_type, strict=True) if key_type == KeyType.OTHER)
    if any(texts[key].startswith(("[", "{")) for key in odd_keys):
        return ["one of its keys is a list or a dict, which Python cannot hash"]
    return [str(odd) for odd in checkpoint.facts.get("oddities", ())]
