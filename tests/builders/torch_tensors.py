"""Zip checkpoints of every kind of tensor torch 2.13 can save: types, layouts, views, classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from tests.builders.common import numbers, quiet, save
from tests.builders.registry import CASES, add, case

PLAIN_DTYPES = (
    "float64", "float32", "float16", "bfloat16",
    "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2",
    "complex32", "complex64", "complex128",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
    "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2",
)  # fmt: skip


def tensor_of(name: str, numel: int = 12) -> torch.Tensor:
    """A tensor of that type whose bytes run through many patterns (bool: only 0 and 1)."""
    dtype: torch.dtype = getattr(torch, name)
    patterns = (torch.arange(numel * dtype.itemsize, dtype=torch.int64) * 37 + 11) % 251
    if name == "bool":
        return patterns % 2 == 1
    with quiet():
        return patterns.to(torch.uint8).view(dtype)


def _build_dtype(name: str) -> None:
    def build(folder: Path) -> Path:
        flat = tensor_of(name)
        return save({"flat": flat, "grid": flat.view(3, 4), "none": flat[:0]}, folder / f"{name}.pt")

    add(CASES, f"torch-dtype/{name}", build)


for _name in PLAIN_DTYPES:
    _build_dtype(_name)


@case("torch-dtype")
def build_all_plain(folder: Path) -> Path:
    """Every plain element type in one file."""
    return save({name: tensor_of(name) for name in PLAIN_DTYPES}, folder / "all.pt")


@case("torch-dtype")
def build_quantized(folder: Path) -> Path:
    """Quantized per tensor and per channel, four-bit ones packed two to a byte."""
    x, scales = numbers(4, 6), torch.tensor([0.1, 0.2, 0.3, 0.4])
    zeros = torch.tensor([0, 1, 2, 3])
    with quiet():
        state = {
            "tensor_quint8": torch.quantize_per_tensor(x, 0.1, 10, torch.quint8),
            "tensor_qint8": torch.quantize_per_tensor(x, 0.1, 0, torch.qint8),
            "tensor_qint32": torch.quantize_per_tensor(x, 0.001, -5, torch.qint32),
            "tensor_quint4x2": torch.quantize_per_tensor(x, 0.5, 8, torch.quint4x2),
            "channel_qint8": torch.quantize_per_channel(x, scales, zeros, 0, torch.qint8),
            "channel_float": torch.quantize_per_channel(x, scales, zeros.float(), 0, torch.quint8),
            "channel_quint4x2": torch.quantize_per_channel(x, scales, zeros.float(), 0, torch.quint4x2),
            "channel_quint2x4": torch.quantize_per_channel(x, scales, zeros.float(), 0, torch.quint2x4),
        }
        state["view"] = state["tensor_quint8"][1:3, ::2]
        return save(state, folder / "quantized.pt")


def _views() -> dict[str, object]:
    base = numbers(6, 8)
    image = numbers(2, 3, 4, 5).to(memory_format=torch.channels_last)
    return {
        "base": base,
        "rows": base[2:4],
        "column": base[:, 3],
        "every_third": base.flatten()[1::3],
        "transposed": base.t(),
        "permuted": numbers(2, 3, 4).permute(2, 0, 1),
        "channels_last": image,
        "expanded": numbers(3, 1).expand(3, 1000),
        "scalar_expanded": torch.tensor(2.0).expand(1000, 1000),
        "overlapping": torch.arange(10.0).as_strided((4, 4), (2, 1)),
        "diagonal": base[:6, :6].diagonal(),
        "slice_of_large": torch.zeros(10_000)[5000:5003],
    }


@case("torch-view")
def build_views(folder: Path) -> Path:
    """Slices, transposes, expansions: many windows of few storages."""
    return save(_views(), folder / "views.pt")


@case("torch-view")
def build_tied(folder: Path) -> Path:
    """Tied weights: two names, one tensor; and two tensors of one storage."""
    shared = nn.Parameter(numbers(5, 4))
    state = {"wte.weight": shared, "lm_head.weight": shared, "alias": shared.data, "half": shared.data[:2]}
    return save({"model": state, "again": state}, folder / "tied.pt")


@case("torch-view")
def build_conj_neg(folder: Path) -> Path:
    """Lazy conjugates and negatives: bits that say how to read the bytes."""
    z = torch.complex(numbers(4), numbers(4, seed=1))
    other = torch.complex(numbers(3), numbers(3, seed=2))
    state = {"z": z, "conj": z.conj(), "transposed": z.view(2, 2).mH, "both": z.conj()._neg_view()}
    state |= {"imag_of_conj": other.conj().imag, "neg": numbers(3)._neg_view()}
    return save(state, folder / "conj.pt")


@case("torch-view")
def build_empty_shapes(folder: Path) -> Path:
    """No elements, one element, many dimensions."""
    state = {
        "empty_203": torch.empty(2, 0, 3),
        "empty_0": torch.empty(0),
        "empty_view": numbers(4)[4:],
        "scalar": torch.tensor(3.5),
        "scalar_int": torch.tensor(7),
        "scalar_bool": torch.tensor(True),
        "ones": torch.ones(1, 1, 1),
        "rank_12": torch.ones((1,) * 11 + (2,)),
        "huge_empty": torch.empty(0, 2**40),
    }
    return save(state, folder / "empty_shapes.pt")


@case("torch-view")
def build_meta(folder: Path) -> Path:
    """Tensors on the meta device: a shape and no data."""
    state = {
        "meta": torch.empty(3, 4, device="meta"),
        "strided": torch.empty(4, 3, device="meta").t(),
        "real": numbers(2),
    }
    return save(state, folder / "meta.pt")


@case("torch-view")
def build_storages(folder: Path) -> Path:
    """Storages saved as such, typed and untyped, beside a tensor of the same memory."""
    x = numbers(4)
    with quiet():
        typed = x._typed_storage()  # type: ignore[no-untyped-call]
    return save({"x": x, "typed": typed, "untyped": torch.zeros(3).untyped_storage()}, folder / "storages.pt")


def _sparse(x: torch.Tensor) -> dict[str, torch.Tensor]:
    makers: dict[str, Callable[[], torch.Tensor]] = {
        "coo": x.to_sparse,
        "coo_hybrid": lambda: numbers(4, 3).to_sparse(1),
        "coo_empty": lambda: torch.zeros(3, 5).to_sparse(),
        "coo_uncoalesced": lambda: torch.sparse_coo_tensor(torch.tensor([[1, 1]]), torch.tensor([1.0, 2.0]), (3,)),
        "csr": x.to_sparse_csr,
        "csc": x.to_sparse_csc,
        "bsr": lambda: x.to_sparse_bsr((2, 2)),
        "bsc": lambda: x.to_sparse_bsc((2, 2)),
    }
    with quiet():
        return {name: make() for name, make in makers.items()}


@case("torch-layout")
def build_sparse(folder: Path) -> Path:
    """All sparse layouts."""
    return save(_sparse(torch.eye(4) * 3), folder / "sparse.pt")


@case("torch-layout")
def build_nested_strided(folder: Path) -> Path:
    """A nested tensor whose ragged shape stands in small integer tensors."""
    with quiet():
        nested = torch.nested.nested_tensor([numbers(2, 3), numbers(4, 3)])
        return save({"nested": nested, "after": numbers(2)}, folder / "nested.pt")


@case("torch-layout")
def build_nested_jagged(folder: Path) -> Path:
    """A jagged nested tensor: values and offsets."""
    with quiet():
        nested = torch.nested.nested_tensor([numbers(2, 3), numbers(4, 3)], layout=torch.jagged)
        return save({"njt": nested}, folder / "jagged.pt")


@case("torch-class")
def build_parameters(folder: Path) -> Path:
    """Parameters, with and without Python attributes, and a tensor with attributes."""
    plain = nn.Parameter(numbers(3))
    marked = nn.Parameter(numbers(2, 2))
    marked.block_name = "encoder"  # type: ignore[attr-defined]
    tensor = numbers(4)
    tensor.note = {"unit": "m"}  # type: ignore[attr-defined]
    frozen = nn.Parameter(numbers(2), requires_grad=False)
    wants = numbers(5).requires_grad_()
    state = {"plain": plain, "marked": marked, "tensor": tensor, "frozen": frozen, "wants": wants}
    return save({**state, "buffer": nn.Buffer(numbers(3))}, folder / "parameters.pt")
