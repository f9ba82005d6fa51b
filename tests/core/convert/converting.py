"""Conversions from end to end, without their proof, for tests of what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.convert.objects import Pickle, pickles
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.writing import write
from ckpt_gui.core.reader import read

GPU = Options(devices=(DeviceRule(None, "cuda:3"),))


def made(source: Path, options: Options) -> list[Pickle]:
    opened = read(source)
    return pickles(opened.checkpoint, plan(opened, options))


def converted(source: Path, options: Options) -> Path:
    """The result beside the source."""
    opened, target = read(source), source.with_name("result.pt")
    with write(opened.checkpoint, plan(opened, options), target, overwrite=True) as written:
        written.commit()
    return target


def loaded(path: Path, **more: Any) -> Any:
    return torch.load(path, weights_only=True, map_location="cpu", **more)


def saved(value: Any, folder: Path, *, legacy: bool = False) -> Path:
    path = folder / "source.pt"
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)
    return path


def tags(path: Path) -> list[str]:
    """The tag of every storage."""
    checkpoint = read(path).checkpoint
    return [checkpoint.text(tag) for tag in checkpoint.storages.device]


def facts(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Everything of a tensor, its memory included."""
    if tensor.is_nested:
        return tensor.dtype, str(tensor)
    plain = tensor.dtype, tensor.layout, tensor.shape, tensor.device, tensor.is_conj(), tensor.is_neg()
    if tensor.layout is not torch.strided or tensor.is_meta:
        return *plain, str(tensor)
    scheme = str(tensor.qscheme()) + str(tensor) if tensor.is_quantized else ""
    return *plain, scheme, tensor.stride(), tensor.storage_offset(), bytes(tensor.untyped_storage())


def equal(left: Any, right: Any) -> bool:
    """Two state_dicts, bit for bit and in order."""
    if list(left) != list(right):
        return False
    pairs = [(left[name], right[name]) for name in left]
    return all(a.dtype == b.dtype and torch.equal(a, b) and a.stride() == b.stride() for a, b in pairs)
