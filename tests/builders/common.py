"""What several builders need: repeatable numbers, quiet saving, and tags of devices nobody has."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from torch import nn


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Normal random numbers, the same in every run."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


@contextmanager
def quiet() -> Iterator[None]:
    """Warnings off: torch deprecates some of what its users' files are still made of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def save(value: object, path: Path, **options: Any) -> Path:
    """``torch.save`` without its warnings; gives the path back."""
    with quiet():
        torch.save(value, path, **options)
    return path


def save_legacy(value: object, path: Path, **options: Any) -> Path:
    """``torch.save`` in the stream format of torch 0.1.10 to 1.5."""
    return save(value, path, _use_new_zipfile_serialization=False, **options)


@contextmanager
def tagged(tag: str | Callable[[Any], str]) -> Iterator[None]:
    """Storages saved inside carry ``tag`` as their device, as if they had been on that device."""
    tagger = tag if callable(tag) else lambda storage: tag
    with patch("torch.serialization.location_tag", tagger):
        yield


def tags_of(tensors: Mapping[str, torch.Tensor]) -> Callable[[Any], str]:
    """A tagger: each tensor's storage gets its tag, every other one ``cpu``."""
    known = {tensor.untyped_storage().data_ptr(): tag for tag, tensor in tensors.items()}
    return lambda storage: known.get(storage.data_ptr(), "cpu")


class Block(nn.Module):
    """A layer, a norm with running statistics and a buffer of its own that is not saved."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(width)
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("scratch", torch.zeros(width), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.norm(self.linear(x)) * self.scale + self.scratch
        return y


def small_model(seed: int = 0) -> nn.Sequential:
    """Two blocks and a head, with repeatable weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(Block(), Block(), nn.Linear(4, 2))


def trained(make: Callable[[Any], torch.optim.Optimizer], steps: int = 2) -> tuple[nn.Module, torch.optim.Optimizer]:
    """The small model after a few steps, so that the optimizer has a state."""
    model = small_model()
    optimizer = make(model.parameters())
    for step in range(steps):
        optimizer.zero_grad()
        model(numbers(8, 4, seed=step)).square().mean().backward()
        optimizer.step()
    return model, optimizer
