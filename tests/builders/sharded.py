"""Hugging Face checkpoints in several files: an index of JSON, and shards beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tests.builders.common import numbers, save
from tests.builders.registry import case

STATE = {
    "model.embed.weight": (8, 4), "model.layers.0.w": (4, 4), "model.layers.1.w": (4, 4), "lm_head.weight": (8, 4),
}  # fmt: skip


def write_index(folder: Path, kind: str, weight_map: Mapping[str, object], **metadata: object) -> Path:
    """The index file alone; ``kind`` is ``safetensors`` or ``bin``."""
    stem = "model.safetensors" if kind == "safetensors" else "pytorch_model.bin"
    path = folder / f"{stem}.index.json"
    path.write_text(json.dumps({"metadata": metadata, "weight_map": weight_map}, indent=2))
    return path


def write_sharded(folder: Path, kind: str) -> Path:
    """Two shards of two tensors each, and their index."""
    tensors = {name: numbers(*shape, seed=at) for at, (name, shape) in enumerate(STATE.items())}
    weight_map: dict[str, str] = {}
    names = list(tensors)
    for number, part in enumerate((names[:2], names[2:]), start=1):
        shard = _write_shard(folder, kind, number, {name: tensors[name] for name in part})
        weight_map.update(dict.fromkeys(part, shard))
    return write_index(folder, kind, weight_map, total_size=sum(t.nbytes for t in tensors.values()))


def _write_shard(folder: Path, kind: str, number: int, part: dict[str, torch.Tensor]) -> str:
    if kind == "safetensors":
        name = f"model-{number:05}-of-00002.safetensors"
        save_file(part, folder / name, metadata={"format": "pt"})
    else:
        name = f"pytorch_model-{number:05}-of-00002.bin"
        save(part, folder / name)
    return name


@case("sharded")
def build_safetensors(folder: Path) -> Path:
    """Two safetensors shards."""
    return write_sharded(folder, "safetensors")


@case("sharded")
def build_bin(folder: Path) -> Path:
    """Two torch shards."""
    return write_sharded(folder, "bin")


@case("sharded")
def build_folder(folder: Path) -> Path:
    """A model folder, opened as a folder."""
    write_sharded(folder, "safetensors")
    config: dict[str, Any] = {"model_type": "llama", "hidden_size": 4, "tie_word_embeddings": False}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@case("sharded")
def build_subfolder(folder: Path) -> Path:
    """Shards in a folder below the index."""
    (folder / "parts").mkdir()
    save_file({"a": numbers(2)}, folder / "parts" / "1.safetensors")
    save_file({"b": numbers(3)}, folder / "parts" / "2.safetensors")
    return write_index(folder, "safetensors", {"a": "parts/1.safetensors", "b": "parts/2.safetensors"})
