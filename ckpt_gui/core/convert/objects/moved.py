"""Tensors of a source's pickle that lie in another storage in the result: parted, tied, or written out in C order."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Item, Plan, Record
from ckpt_gui.core.convert.objects.calls import CLASSES, UTILS, Calls
from ckpt_gui.core.convert.objects.edits import Change
from ckpt_gui.core.convert.objects.storages import Site, site_of
from ckpt_gui.core.convert.plan.types import loses_gradient
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.graph import Made, Persistent
from ckpt_gui.core.pickles.values import Global
from ckpt_gui.core.text import Path, escape, path_text

_WRAPPERS = ("_rebuild_parameter", "_rebuild_parameter_with_state", "Parameter")


def moved(checkpoint: Checkpoint, plan: Plan) -> list[Item]:
    """The items whose record is not simply the storage, or the part of it, that they lie in."""
    ranges = Counter((record.storage, record.start) for record in plan.records if record.storage >= 0)
    column = checkpoint.tensors.storage
    found = []
    for item in plan.items:
        record = plan.records[item.record] if item.record >= 0 else None
        if record is not None and item.stride is not None:
            plain = record.tensor < 0 and record.storage == column[item.tensor]
            if not plain or ranges[record.storage, record.start] > 1:
                found.append(item)
    return found


def move(change: Change, path: Path, item: Item, record: Record, calls: Calls) -> Persistent:
    """Put the item's tensor, at ``path`` of one pickle, into its record; returns the persistent id of that.

    Raises ConvertError where there is no plain tensor.
    """
    chain: list[Made] = []
    value = change.at(path)
    while type(value) is Made and _is_wrapper(value):
        chain.append(value)
        value = value.args[0]
    site = site_of(value)
    if site is None or item.stride is None:
        raise ConvertError(f"{escape(path_text(path))[:200]} is no plain tensor and must stay in the storage it is in")
    storage = calls.storage(record, record.dtype in CLASSES)
    made: Any = _made(site, storage, item, record, calls)
    smooth = dtypes.named(record.dtype).kind in ("float", "complex")
    for wrapper in reversed(chain):
        made = _with_args(wrapper, (made, *(wrapper.args[1:2] if smooth else (False,)), *wrapper.args[2:]))
    change.put(path, made)
    return storage


def _is_wrapper(value: Made) -> bool:
    named = type(value.callee) is Global and value.callee.name in _WRAPPERS
    return named and type(value.args) is tuple and len(value.args) > 0


def _made(site: Site, storage: Persistent, item: Item, record: Record, calls: Calls) -> Made:
    """The call that makes the tensor, with the other storage."""
    args = site.args
    if site.callee.name == "_rebuild_qtensor":
        return _with_args(site.made, (storage, item.offset, item.shape, item.stride, *args[4:]))
    marks = args[7:] if site.callee.name == "_rebuild_tensor_v3" else args[6:]
    if record.tensor >= 0:
        marks = ()  # conjugation and negation are done
    wants_grad, hooks = args[4:6] if len(args) > 5 else (False, calls.hooks())
    if record.dtype != record.source_dtype and loses_gradient(record.dtype, 0):
        wants_grad = False  # of a Parameter too: that is for its wrapper to say
    head = (storage, item.offset, item.shape, item.stride, wants_grad, hooks)
    if record.dtype in CLASSES:
        callee, args = calls.name(UTILS, "_rebuild_tensor_v2"), (*head, *marks)
    else:
        callee, args = calls.name(UTILS, "_rebuild_tensor_v3"), (*head, calls.name("torch", record.dtype), *marks)
    if site.inner:
        outer = site.made.args
        return _with_args(site.made, (callee, outer[1], args, *outer[3:]))
    made = _with_args(site.made, args)
    made.callee = callee
    return made


def _with_args(value: Made, args: tuple[Any, ...]) -> Made:
    made = Made(value.how, value.callee, args, value.kwargs)
    made.steps = list(value.steps) if value.steps else None
    return made
