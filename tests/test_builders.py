"""The builders themselves: all run, are small and quick, and torch reads what it should."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests import tolerant_pickle
from tests.builders import CASES, EXPECTED, HOSTILE, OUTCOMES, TORCH_REFUSES, groups
from tests.builders.common import quiet

TORCH_GROUPS = [name for name in groups(CASES) if name.startswith("torch-") and name != "torch-package"]
TORCH_CASES = [name for name in CASES if name.partition("/")[0] in TORCH_GROUPS and name not in TORCH_REFUSES]
LIMIT = 10 * 2**20 + 2**16


def size_of(folder: Path) -> int:
    """Bytes on disk beneath a folder."""
    return sum(p.lstat().st_blocks * 512 for p in folder.rglob("*"))


@pytest.mark.parametrize("name", CASES)
def test_every_builder_runs(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    assert path.exists() or name == "not-checkpoint/missing"
    assert size_of(tmp_path) <= LIMIT


@pytest.mark.parametrize("name", TORCH_CASES)
def test_torch_reads_it(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    with quiet():
        torch.load(path, map_location="cpu", weights_only=False, pickle_module=tolerant_pickle, encoding="latin1")


@pytest.mark.parametrize("name", groups(CASES)["safetensors"])
def test_safetensors_reads_it(name: str, tmp_path: Path) -> None:
    path = CASES[f"safetensors/{name}"](tmp_path)
    with safe_open(path, "pt") as file:
        assert len(list(file.keys())) >= (0 if name == "no_tensors" else 1)


def test_every_hostile_case_says_what_is_expected() -> None:
    assert set(EXPECTED) == set(HOSTILE)
    assert set(EXPECTED.values()) <= set(OUTCOMES)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_hostile_builder_runs(name: str, tmp_path: Path) -> None:
    HOSTILE[name](tmp_path)
    assert size_of(tmp_path) <= LIMIT
