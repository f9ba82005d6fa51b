"""Runs to follow: small trainings, written as torch writes them."""

from __future__ import annotations

import io
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

WRITTEN = 1_700_000_000
"""When the files were written, so that the cache takes them for settled."""


def training(folder: Path, steps: int = 6, *, nan_from: int | None = None, wrapper: str = "state_dict") -> list[Path]:
    """Checkpoints of a small network after each of ``steps`` epochs; from epoch ``nan_from`` on with a NaN, which the
    optimizer spreads. File names say nothing of the order."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, data in _trained(steps, nan_from, wrapper):
        paths.append(folder / name)
        paths[-1].write_bytes(data)
        os.utime(paths[-1], (WRITTEN, WRITTEN + 0.5))
    return paths


@lru_cache
def _trained(steps: int, nan_from: int | None, wrapper: str) -> tuple[tuple[str, bytes], ...]:
    """Names and contents: training takes longer than all tests of a file of it."""
    torch.manual_seed(5)
    network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    inputs, wanted = torch.randn(64, 8), torch.randint(0, 3, (64,))
    made = []
    for epoch in range(1, steps + 1):
        for _step in range(2):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs), wanted).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if nan_from is not None and epoch == nan_from:
            with torch.no_grad():
                next(iter(network[2].parameters()))[3, 5] = float("nan")
        saved = {wrapper: network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch - 1,
                 "global_step": 10 * epoch}  # fmt: skip
        data = io.BytesIO()
        torch.save(saved, data)
        made.append((f"{'zyxwvutsrq'[epoch % 10]}{epoch:03}x.pt", data.getvalue()))
    return tuple(made)


def written(path: Path, saved: Any) -> Path:
    """Saved, a while ago."""
    torch.save(saved, path)
    os.utime(path, (WRITTEN, WRITTEN + 0.5))
    return path


def plain(folder: Path, states: list[dict[str, torch.Tensor]], names: list[str] | None = None) -> list[Path]:
    """A bare state_dict for each step."""
    folder.mkdir(exist_ok=True)
    named = names or [f"epoch_{number}.pt" for number in range(len(states))]
    return [written(folder / name, state) for name, state in zip(named, states, strict=True)]
