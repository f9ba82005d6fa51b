"""TorchScript archives as torch 2.13 writes them: scripted, traced, frozen, for mobile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.builders.common import Block, numbers, quiet, small_model
from tests.builders.registry import case


class Scripted(nn.Module):
    """Parameters, buffers of both kinds, a plain tensor attribute, lists, tied weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.register_buffer("scale", torch.ones(4))
        self.register_buffer("scratch", torch.zeros(4), persistent=False)
        self.table = torch.arange(6.0).view(2, 3).t()
        self.names = ["a", "b"]
        self.pair = (1, 2.5)
        self.steps = 7

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.second(self.first(x)) * self.scale + self.scratch
        return y + self.table.sum() + self.steps


def script(module: nn.Module) -> Any:
    """``torch.jit.script`` without its warnings."""
    with quiet():
        return torch.jit.script(module)


def _write(scripted: Any, path: Path, **options: Any) -> Path:
    with quiet():
        torch.jit.save(scripted, path, **options)
    return path


@case("torchscript")
def build_scripted(folder: Path) -> Path:
    """A scripted module."""
    return _write(script(Scripted()), folder / "scripted.pt")


@case("torchscript")
def build_sequential(folder: Path) -> Path:
    """Submodules under numbers and under names."""
    return _write(script(small_model()), folder / "sequential.pt")


@case("torchscript")
def build_traced(folder: Path) -> Path:
    """A traced module: code with mangled names."""
    with quiet():
        traced = torch.jit.trace(Block().eval(), numbers(2, 4))  # type: ignore[no-untyped-call]
    return _write(traced, folder / "traced.pt")


@case("torchscript")
def build_frozen(folder: Path) -> Path:
    """A frozen module: its weights are unnamed constants."""
    with quiet():
        frozen = torch.jit.freeze(script(Block().eval()))
    return _write(frozen, folder / "frozen.pt")


@case("torchscript")
def build_extra_files(folder: Path) -> Path:
    """With texts of the user's inside."""
    return _write(script(nn.Linear(2, 2)), folder / "extra.pt", _extra_files={"labels.txt": "cat\ndog", "c.json": "{}"})


@case("torchscript")
def build_half(folder: Path) -> Path:
    """float16 weights with views between them."""
    module = nn.Linear(4, 4).half()
    module.register_buffer("row", module.weight.detach()[1])
    return _write(script(module), folder / "half.pt")


@case("torchscript")
def build_mobile(folder: Path) -> Path:
    """For the mobile interpreter: bytecode beside the code."""
    with quiet():
        script(Scripted())._save_for_lite_interpreter(str(folder / "mobile.ptl"), _extra_files={"note.txt": "hi"})
    return folder / "mobile.ptl"


@case("torchscript")
def build_mobile_frozen(folder: Path) -> Path:
    """Frozen, for mobile: ``constants/N.storage``."""
    with quiet():
        torch.jit.freeze(script(Block().eval()))._save_for_lite_interpreter(str(folder / "frozen.ptl"))
    return folder / "frozen.ptl"


@case("torchscript")
def build_quantized(folder: Path) -> Path:
    """Packed parameters of a dynamically quantized layer."""
    with quiet():
        model = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear})  # type: ignore[no-untyped-call]
        return _write(script(model), folder / "quantized.pt")


@case("torchscript")
def build_function(folder: Path) -> Path:
    """A function only: no tensors at all."""
    with quiet():
        torch.jit.script(_double).save(str(folder / "function.pt"), {})
    return folder / "function.pt"


def _double(x: torch.Tensor) -> torch.Tensor:
    return x * 2
