"""Which way a conversion goes: the pickled objects written back, or one flat mapping; and into which format."""

from __future__ import annotations

from typing import NamedTuple

from ckpt_gui.core.convert.nouns import TARGETS, Options
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint

PICKLED = ("torch-zip", "torch-legacy", "torch-tar", "torchscript", "torch-package")
"""Formats whose pickled objects can be written back."""
SOURCE_CODE = "source code"
"""Key under which the index shows the source of classes that came with a legacy stream."""
SUFFIXES = (".safetensors", ".safetensors.index.json")
_OLD_SCRIPT = "TorchScript of torch 1.0"


class Route(NamedTuple):
    """The way."""

    target: str
    """One of TARGETS."""
    nested: bool
    """The pickled objects of the source are written back."""


def route(checkpoint: Checkpoint, options: Options, target: str) -> Route:
    """The way that ``options`` and the target's name ask for. Raises ConvertError where there is none."""
    if options.to is not None and options.to not in TARGETS:
        raise ConvertError(f"“{options.to}” is not a format that can be written; there are {', '.join(TARGETS)}")
    wanted = options.to or (TARGETS[2] if target.lower().endswith(SUFFIXES) else "")
    flat = options.state_dict or wanted == "safetensors" or checkpoint.format in ("safetensors", "sharded")
    if flat:
        return Route(wanted or _flat_target(checkpoint, options), False)
    reason = not_nested(checkpoint)
    if reason:
        raise ConvertError(reason)
    return Route(wanted or _nested_target(checkpoint, options), True)


def not_nested(checkpoint: Checkpoint) -> str:
    """Why the objects of a file cannot be written back, in a sentence; "" if they can."""
    weights = "--state-dict saves its tensors" if checkpoint.rows else "it holds no tensors either"
    if checkpoint.format == "pt2":
        return f"A torch.export archive is a program and is not written back; {weights}"
    if checkpoint.format not in PICKLED:
        return f"A bare pickle is not written back; {weights}"
    if str(checkpoint.facts.get("refused_by_torch", "")).startswith(_OLD_SCRIPT):
        return f"TorchScript of torch 1.0 to 1.3 holds JSON, which is not written back; {weights}"
    if checkpoint.facts.get("refused_by_torch") == "the zip directory is missing":
        return f"The file is cut off: its zip directory is missing. {_rest(checkpoint)}"
    if checkpoint.facts.get("broken"):
        return f"Its pickle is broken, so it cannot be written back. {_rest(checkpoint)}"
    return ""


def _rest(checkpoint: Checkpoint) -> str:
    return (
        "--state-dict --skip-damaged saves what still stands" if checkpoint.rows else "It holds no tensors that stand"
    )


def tagged(checkpoint: Checkpoint) -> bool:
    """Whether storages of this file carry device tags."""
    return any(number >= 0 for number in checkpoint.storages.device)


def all_safetensors(checkpoint: Checkpoint) -> bool:
    """Whether the tensors lie in safetensors, in one file or several."""
    files = [source.path for source in checkpoint.sources if not source.path.endswith(".json")]
    shards = checkpoint.format == "sharded" and bool(files) and all(path.endswith(".safetensors") for path in files)
    return checkpoint.format == "safetensors" or shards


def _flat_target(checkpoint: Checkpoint, options: Options) -> str:
    """A state_dict is what torch.load takes; anything else stays what it was."""
    return "safetensors" if not options.state_dict and all_safetensors(checkpoint) else "torch"


def _nested_target(checkpoint: Checkpoint, options: Options) -> str:
    """A legacy file of which only the tags change stays one, and one with source code, which a zip could not keep."""
    if checkpoint.format != "torch-legacy":
        return "torch"
    retagged = options == Options(devices=options.devices, to=options.to)
    return "legacy" if retagged or source_code(checkpoint) is not None else "torch"


def source_code(checkpoint: Checkpoint) -> int | None:
    """The node of the classes' source that a legacy stream may bring along; None where there is none."""
    return checkpoint.find((SOURCE_CODE,)) if checkpoint.format == "torch-legacy" else None
