"""Zip checkpoints of tensor subclasses and distributed tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.testing._internal.distributed.fake_pg import FakeStore

from tests.builders.common import numbers, quiet, save
from tests.builders.registry import case


class NamedTensor(torch.Tensor):
    """A subclass with a Python attribute, as fastai's are."""

    label: str


class TwoParts(torch.Tensor):
    """A wrapper subclass: no storage of its own, two tensors inside."""

    low: torch.Tensor
    high: torch.Tensor

    @staticmethod
    def __new__(cls: type[TwoParts], low: torch.Tensor, high: torch.Tensor) -> TwoParts:
        made: Any = torch.Tensor._make_wrapper_subclass(cls, low.shape, dtype=low.dtype)
        return made  # type: ignore[no-any-return]

    def __init__(self, low: torch.Tensor, high: torch.Tensor) -> None:
        self.low, self.high = low, high

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        if func is torch.ops.aten.detach.default:
            return TwoParts(args[0].low.detach(), args[0].high.detach())
        raise NotImplementedError(str(func))


class Reduced(TwoParts):
    """The same, but it says itself how to be made again."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (Reduced, (self.low, self.high))


@case("torch-class")
def build_subclass(folder: Path) -> Path:
    """Subclasses with and without attributes, one of them shared with a plain tensor."""
    base = numbers(6)
    named = base.as_subclass(NamedTensor)
    named.label = "six numbers"
    return save({"base": base, "named": named, "plain": numbers(2).as_subclass(NamedTensor)}, folder / "subclass.pt")


@case("torch-class")
def build_wrapper_subclass(folder: Path) -> Path:
    """Wrapper subclasses of two parts, pickled by torch's rule and by a rule of their own."""
    state = {"torch_rule": TwoParts(numbers(2, 3), numbers(2, 3, seed=1)), "own_rule": Reduced(numbers(4), numbers(4))}
    return save(state, folder / "wrapper.pt")


@contextmanager
def _fake_group() -> Iterator[None]:
    with quiet():
        dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
        try:
            yield
        finally:
            dist.destroy_process_group()


@case("torch-class")
def build_dtensor(folder: Path) -> Path:
    """Distributed tensors of rank 0 of 2: sharded, replicated, and of uneven shards."""
    with _fake_group(), quiet():
        mesh = init_device_mesh("cpu", (2,))
        state = {
            "sharded": distribute_tensor(numbers(4, 3), mesh, [Shard(0)]),
            "replicated": DTensor.from_local(numbers(5), mesh, [Replicate()]),
            "uneven": distribute_tensor(numbers(5, 2), mesh, [Shard(0)]),
            "plain": numbers(2),
        }
        return save(state, folder / "dtensor.pt")
