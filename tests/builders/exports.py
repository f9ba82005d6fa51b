"""torch.export's ``.pt2`` archives and torch.package's packages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.package.package_exporter import PackageExporter

from tests.builders import rawzip
from tests.builders.common import Block, numbers, quiet, save
from tests.builders.registry import case


class Constants(nn.Module):
    """A layer that uses a tensor which is no parameter and no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 2)
        self.table = torch.full((2,), 3.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.layer(x) + self.table
        return y


def _export(module: nn.Module, path: Path, **options: Any) -> Path:
    with quiet():
        torch.export.save(torch.export.export(module.eval(), (numbers(3, 4),)), path, **options)
    return path


@case("pt2")
def build_block(folder: Path) -> Path:
    """Parameters, buffers that are saved and one that is not."""
    return _export(Block(), folder / "block.pt2")


@case("pt2")
def build_constants(folder: Path) -> Path:
    """A constant, and tied half-precision weights."""
    module = Constants()
    module.layer.weight.data = module.layer.weight.data.t().contiguous().t()
    return _export(module, folder / "constants.pt2", extra_files={"notes.txt": "hi"})


@case("pt2")
def build_tied(folder: Path) -> Path:
    """Two names for one weight."""
    module = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    module[1].weight = module[0].weight
    return _export(module, folder / "tied.pt2")


@case("pt2", torch_reads=False)
def build_pickled_weight(folder: Path) -> Path:
    """A weight that is a nested torch.save (``use_pickle``), by hand; the graph is left out."""
    inner = save(numbers(2, 3), folder / "inner.pt")
    meta = {
        "dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}], "requires_grad": False,
        "device": {"type": "cpu", "index": None}, "strides": [{"as_int": 3}, {"as_int": 1}],
        "storage_offset": {"as_int": 0}, "layout": 7,
    }  # fmt: skip
    weight = {"path_name": "weight_0", "is_param": True, "use_pickle": True, "tensor_meta": meta}
    records = {
        "archive_format": b"pt2", "archive_version": b"0", "byteorder": b"little", ".data/version": b"6\n",
        "data/weights/weight_0": inner.read_bytes(),
        "data/weights/model_weights_config.json": json.dumps({"config": {"w": weight}}).encode(),
    }  # fmt: skip
    inner.unlink()
    path = folder / "pickled.pt2"
    path.write_bytes(rawzip.pack([rawzip.Member(f"pickled/{name}", data) for name, data in records.items()]))
    return path


def _package(path: Path, fill: Callable[[PackageExporter], object]) -> Path:
    with quiet(), PackageExporter(str(path)) as exporter:
        exporter.extern(["torch.**", "numpy.**", "collections"])
        fill(exporter)
    return path


@case("torch-package")
def build_resources(folder: Path) -> Path:
    """Two pickles that share a storage, a text and bytes."""
    shared = numbers(2, 3)

    def fill(exporter: PackageExporter) -> None:
        exporter.save_pickle("model", "weights.pkl", {"w": shared, "n": [1, "x"]})
        exporter.save_pickle("model", "more.pkl", {"row": shared[1]})
        exporter.save_text("model", "notes.txt", "hello")
        exporter.save_binary("assets", "blob.bin", b"\0\1")

    return _package(folder / "resources.pt", fill)


@case("torch-package")
def build_module(folder: Path) -> Path:
    """A whole module of torch's own classes."""
    return _package(folder / "module.pt", lambda exporter: exporter.save_pickle("net", "net.pkl", nn.Linear(3, 2)))


@case("torch-package")
def build_script(folder: Path) -> Path:
    """A TorchScript module inside a package."""
    with quiet(), patch("torch.package.package_exporter._gate_torchscript_serialization", False):
        scripted = torch.jit.script(nn.Linear(3, 2))
        return _package(folder / "script.pt", lambda exporter: exporter.save_pickle("net", "net.pkl", {"m": scripted}))


@case("torch-package")
def build_source(folder: Path) -> Path:
    """With source code of its own."""

    def fill(exporter: PackageExporter) -> None:
        exporter.save_source_string("mine.layers", "WIDTH = 4\n")
        exporter.save_pickle("model", "weights.pkl", {"w": numbers(2)})

    return _package(folder / "source.pt", fill)
