"""Names of the results of a batch: those of the sources, with the suffix of what they became."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.errors import CheckpointError

_TORCH = (".pt", ".pth", ".ckpt", ".bin", ".pth.tar")
"""Suffixes under which torch's files are expected."""
_KNOWN = (*_TORCH, ".tar", ".pkl", ".jit", ".ptl", ".pt2", ".zip", ".safetensors", ".npz")
"""Suffixes that say a format: the result has its own. Others (``step.0100``) belong to the name."""
_DOUBLE = ".pth.tar"
_INDEX = ".index.json"


def name_for(source: str, plan: Plan) -> str:
    """The name of the result: the source's, with a suffix that fits where its own does not."""
    path = Path(source)
    name = path.name or Path(source).resolve().name
    if path.is_dir():
        return name + _suffix(plan, "")
    name = name.removesuffix(_INDEX)
    suffix = name[-len(_DOUBLE) :] if name.lower().endswith(_DOUBLE) else Path(name).suffix
    if suffix.lower() not in _KNOWN:
        return name + _suffix(plan, "")
    return name.removesuffix(suffix) + _suffix(plan, suffix)


def _suffix(plan: Plan, own: str) -> str:
    if plan.target_format == "safetensors":
        return own if own.lower() == ".safetensors" else ".safetensors"
    kept = own.lower() in _TORCH or (plan.nested and own and own.lower() != ".safetensors")
    return own if kept else ".pt"


def refuse_namesakes(sources: Iterable[str]) -> None:
    """Raises CheckpointError where two of them would have one name in the folder, before anything is written."""
    first: dict[str, str] = {}
    for source in sources:
        name = (Path(source).name or str(Path(source).resolve().name)).casefold()
        if name in first:
            raise CheckpointError(
                f"{first[name]} and {source} would both be written to {Path(source).name}; convert them one by one, "
                f"each to a name of its own"
            )
        first[name] = source
