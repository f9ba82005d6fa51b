"""Which files of a folder may be checkpoints of a run."""

from __future__ import annotations

import os
from pathlib import Path

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats.sharded import index_in
from ckpt_gui.core.text import plural

MAX_STOPS = 2_000
"""Files of a run."""
LIKELY = (".pt", ".pth", ".ckpt", ".bin", ".tar", ".safetensors", ".pt2", ".ptl", ".pkl", ".jit", ".model")
"""Endings of files of which one would like to know why they cannot be opened."""
_WEIGHTS = (
    "model.safetensors", "pytorch_model.bin", "adapter_model.safetensors", "adapter_model.bin",
    "diffusion_pytorch_model.safetensors", "pytorch_model.pt", "model.pt", "consolidated.00.pth",
)  # fmt: skip
"""What trainers call the weights in a step's own folder."""
_NEVER = (
    ".json", ".txt", ".yaml", ".yml", ".md", ".log", ".csv", ".py", ".png", ".svg", ".toml", ".sh", ".gitattributes",
)  # fmt: skip


def files_in(folder: Path) -> list[str]:
    """Paths of what may be a step: files, and folders of a step of their own. Raises OpenError with a sentence."""
    if index_in(folder) is not None:
        raise OpenError(f"{folder} holds one checkpoint in several files, not a run of checkpoints")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        raise OpenError(f"{folder} cannot be listed: {exc.strerror}") from exc
    found = [path for entry in entries if not entry.name.startswith(".") and (path := _step(entry)) is not None]
    if len(found) > MAX_STOPS:
        raise OpenError(f"{folder} holds {plural(len(found), 'file')}, more than {MAX_STOPS:,}; name those of the run")
    return found


def _step(entry: os.DirEntry[str]) -> str | None:
    try:
        if entry.is_file():
            return None if entry.name.lower().endswith(_NEVER) else entry.path
        return weights_in(Path(entry.path)) if entry.is_dir() else None
    except OSError:
        return entry.path  # opening it will say what is wrong


def weights_in(folder: Path) -> str | None:
    """The checkpoint in a step's own folder: the folder if it has a shard index, its weights, or its only file."""
    if index_in(folder) is not None:
        return str(folder)
    for name in _WEIGHTS:
        if (folder / name).is_file():
            return str(folder / name)
    try:
        held = [entry.path for entry in os.scandir(folder) if entry.name.lower().endswith(LIKELY) and entry.is_file()]
    except OSError:
        return None
    return held[0] if len(held) == 1 else None
