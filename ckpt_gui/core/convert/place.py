"""Where a result is to lie: a name that tells what was done, and whether it can be put there. Nothing is opened."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_gui.core import text
from ckpt_gui.core.convert.nouns import Options

_SHARDED = (".safetensors.index.json", ".bin.index.json", ".pt.index.json")
_OURS = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".jit", ".ptl", ".pt2", ".th", ".tar", ".pkl", ".t7", ".model")
_TORCH = (".pt", ".pth", ".ckpt", ".bin", ".th")
"""Suffixes that a file written by torch.save may keep."""
_SHORT = {
    "float32": "fp32", "float64": "fp64", "float16": "fp16", "bfloat16": "bf16", "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a target before anything is written."""

    path: str
    """Absolute."""
    exists: bool
    """A file stands there, and would be replaced."""
    trouble: str
    """Why nothing can be written there, in a sentence; "" if it seems possible."""
    free: int
    """Bytes; -1 where that cannot be told."""


def proposal(source: str, options: Options, target_format: str) -> str:
    """A path beside the source, named by what is done: ``model.weights.pt``, ``model.cpu.pt``. Never the source."""
    path = Path(source)
    name, suffix = _stem(path)
    if target_format == "safetensors":
        suffix = ".safetensors"
    elif suffix not in _TORCH:
        suffix = ".pt"
    marks = _marks(options)
    if not marks and f"{name}{suffix}" == path.name:
        marks = ["converted"]
    found = ".".join([name, *marks]) + suffix
    return str(path.with_name(found if found != path.name else f"{name}.converted{suffix}"))


def _stem(path: Path) -> tuple[str, str]:
    lower = path.name.lower()
    for ending in _SHARDED:
        if lower.endswith(ending):
            return path.name[: -len(ending)], Path(ending).with_suffix("").with_suffix("").suffix or ".safetensors"
    if path.suffix.lower() in _OURS:
        return path.stem, path.suffix.lower()
    return path.name, ""


def _marks(options: Options) -> list[str]:
    marks = []
    if options.state_dict:
        marks.append("weights")
    elif options.strip_optimizer:
        marks.append("stripped")
    if options.use_ema:
        marks.append("ema")
    if options.select:
        marks.append(_plain(text.path_text(options.select[-1:])))
    if options.dtype:
        marks.append(_SHORT.get(options.dtype, options.dtype))
    tags = list(dict.fromkeys(rule.new for rule in options.devices))
    if len(tags) == 1:
        marks.append(_plain(tags[0].replace(":", "")))
    elif tags:
        marks.append("moved")
    return [mark for mark in marks if mark]


def _plain(words: str) -> str:
    kept = "".join(char if char.isalnum() or char in "-_" else "_" for char in words)
    return kept.strip("_")[:40]


def look(target: str, sources: Sequence[str], nbytes: int) -> Place:
    """What stands at a target, and what speaks against writing ``nbytes`` bytes there. ``sources`` are read from."""
    path = Path(os.path.normpath(Path(target).absolute())) if target.strip() else None
    if path is None:
        return Place("", False, "Choose where the result is to lie.", -1)
    try:
        exists = path.exists()
        return Place(str(path), exists, _trouble(path, exists, sources, nbytes), _free(path.parent))
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        return Place(str(path), False, f"{text.escape(str(path))} cannot be used: {reason}.", -1)


def _trouble(path: Path, exists: bool, sources: Sequence[str], nbytes: int) -> str:
    folder, shown = path.parent, text.escape(path.name)
    if not folder.is_dir():
        return f"There is no folder {text.escape(str(folder))}."
    if exists and path.is_dir():
        return f"{shown} is a folder; write the name of a file."
    if exists and any(_same(path, Path(source)) for source in sources):
        return f"{shown} is the source itself, which is never overwritten; choose another name."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"Nothing can be written into {text.escape(str(folder))}; choose another folder."
    free = _free(folder)
    if 0 <= free < nbytes:
        return f"{text.size(nbytes)} are needed and {text.size(free)} are free in {text.escape(str(folder))}."
    return ""


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1
