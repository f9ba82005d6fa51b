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
RECEIPT = ".receipt.json"
"""What a receipt's name has behind its target's."""
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
    standing: tuple[str, ...]
    """Names of files that stand there already, and would be replaced."""
    receipt: str
    """Name of a receipt that stands there, and would be replaced by one; "" if there is none."""
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


def look(target: str, sources: Sequence[str], nbytes: int, files: Sequence[Path] = ()) -> Place:
    """What stands at a target, and what speaks against writing ``nbytes`` bytes there. ``sources`` are read from;
    ``files`` are what will be written, if that is not just the target."""
    if not target.strip():
        return Place("", (), "", "Choose where the result is to lie.", -1)
    path = Path(os.path.normpath(Path(target).absolute()))
    try:
        standing = [one for one in files or (path,) if one.exists()]
        trouble = _trouble(path.parent, standing, sources, nbytes)
        receipt = path.with_name(path.name + RECEIPT)
        return Place(str(path), tuple(one.name for one in standing), receipt.name if receipt.exists() else "", trouble,
                     _free(path.parent))  # fmt: skip
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        return Place(str(path), (), "", f"{text.escape(str(path))} cannot be used: {reason}.", -1)


def _trouble(folder: Path, standing: Sequence[Path], sources: Sequence[str], nbytes: int) -> str:
    if not folder.is_dir():
        return f"There is no folder {text.escape(str(folder))}."
    for path in standing:
        if path.is_dir():
            return f"{text.escape(path.name)} is a folder; write the name of a file."
        if any(same_file(path, Path(source)) for source in sources):
            return f"{text.escape(path.name)} is the source itself, which is never overwritten; choose another name."
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"Nothing can be written into {text.escape(str(folder))}; choose another folder."
    free = _free(folder)
    if 0 <= free < nbytes:
        return f"{text.size(nbytes)} are needed and {text.size(free)} are free in {text.escape(str(folder))}."
    return ""


def same_file(one: Path, other: Path) -> bool:
    """Whether both are one file, links resolved; what is not there is none."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1
