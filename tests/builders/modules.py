"""Whole pickled modules: of classes that are not installed where the file is read, and every oddity of state.

A class made by ``absent_class`` lives in a module that exists only while the builder runs.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.builders.common import Block, numbers, quiet, save, save_legacy, small_model, tagged
from tests.builders.registry import case

ABSENT_SOURCE = """
import torch
from torch import nn

class Head(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.proj = nn.Linear(width, 3)
        self.register_buffer("grid", torch.arange(4.0))
        self.register_buffer("cache", torch.zeros(5), persistent=False)
        self.anchors = torch.ones(2, 2)
        self.levels = [torch.ones(1), {"deep": torch.zeros(2)}]
        self.names = {0: "cat", 1: "dog"}
        self.stride = None
        self.activation = nn.functional.relu

class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.head = Head()
        self.twin = self.head
        self.tied = nn.Linear(4, 3)
        self.tied.weight = self.head.proj.weight
        self.temperature = nn.Parameter(torch.tensor(0.5))
        self.missing = nn.ParameterList([nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))])
        self.register_parameter("bias", None)
        self.yaml = {"nc": 80, "backbone": [[-1, 1, "Conv", [64, 3, 2]]]}

class Estimator:
    def __init__(self):
        self.coef_ = [1.0, 2.0]
        self.classes_ = ("a", "b")
        self.params = {"C": 1.0}
"""


@contextmanager
def absent_class(name: str, module: str = "vanished.nn.tasks") -> Iterator[type[Any]]:
    """A class of ``ABSENT_SOURCE`` in a module that is gone afterwards."""
    parts = module.split(".")
    names = [".".join(parts[: i + 1]) for i in range(len(parts))]
    made = {full: types.ModuleType(full) for full in names}
    exec(compile(ABSENT_SOURCE, "<absent>", "exec"), made[module].__dict__)
    for value in list(vars(made[module]).values()):
        if isinstance(value, type) and value.__module__ not in ("builtins",):
            value.__module__ = module
    sys.modules.update(made)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield vars(made[module])[name]
    finally:
        for full in names:
            del sys.modules[full]


@case("module")
def build_absent_class(folder: Path) -> Path:
    """A network whose classes nobody has: buffers of both kinds, tensors in attributes, ties, twins."""
    with absent_class("Detector") as detector:
        return save(detector(), folder / "detector.pt")


@case("module")
def build_absent_under_key(folder: Path) -> Path:
    """The same under a key, in float16, beside numbers."""
    with absent_class("Detector") as detector:
        return save({"epoch": 5, "model": detector().half(), "ema": None}, folder / "under_key.pt")


@case("module")
def build_absent_legacy(folder: Path) -> Path:
    """The same in the stream format; its source could not be found when it was saved."""
    with absent_class("Detector") as detector:
        return save_legacy(detector(), folder / "legacy.pth")


@case("module")
def build_sequential(folder: Path) -> Path:
    """Modules of torch's own and of the test's."""
    return save(small_model(), folder / "sequential.pt")


@case("module")
def build_data_parallel(folder: Path) -> Path:
    """Wrapped for several GPUs: every name begins with ``module.``."""
    with quiet():
        wrapped = nn.DataParallel(small_model())
    wrapped.device_ids, wrapped.output_device = [0, 1], 0
    with tagged("cuda:0"):
        return save({"wrapped": wrapped, "state_dict": wrapped.state_dict()}, folder / "parallel.pt")


@case("module")
def build_optimizer_object(folder: Path) -> Path:
    """Module, optimizer and scheduler as objects, sharing their parameters."""
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(numbers(4, 3)).sum().backward()
    optimizer.step()
    return save({"model": model, "optimizer": optimizer}, folder / "objects.pt")


@case("module")
def build_containers(folder: Path) -> Path:
    """ModuleList, ModuleDict, ParameterDict, recurrent and attention layers."""
    with quiet():
        module = nn.ModuleDict({
            "list": nn.ModuleList([nn.Linear(2, 2), nn.ReLU()]),
            "params": nn.ParameterDict({"a": nn.Parameter(numbers(2)), "b": nn.Parameter(numbers(3))}),
            "lstm": nn.LSTM(3, 4, num_layers=2),
            "attention": nn.MultiheadAttention(4, 2),
            "linear": nn.Linear(2, 2),
            "norm": nn.InstanceNorm2d(3),
            "block": Block(),
        })  # fmt: skip
    return save(module, folder / "containers.pt")


@case("module")
def build_embedding(folder: Path) -> Path:
    """A layer without state between others, and an embedding."""
    with quiet():
        return save(
            nn.Sequential(nn.Linear(2, 2), nn.Identity(), nn.Embedding(5, 3, padding_idx=0)), folder / "extra.pt"
        )
