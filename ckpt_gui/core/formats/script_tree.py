"""The objects of a TorchScript archive, laid out by their state_dict names.

The order is that of ``RecursiveScriptModule.state_dict()``: a module's parameters, its buffers, then
its sub-modules in the order of their attributes (torch/jit/_script.py, torch/nn/modules/module.py).
Whatever else the module holds comes between, marked as not in the state_dict.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ckpt_gui.core.formats.script_code import ClassLists, ScriptCode
from ckpt_gui.core.pickles.values import Global, Mapping, Module, Object, Tensor

MAX_REPEATED = 1_000_000
"""Entries of modules that appear in several places; honest tied modules stay far below."""
MAX_DEPTH = 200
MAX_NAMES = 64 << 20
"""Characters of dotted names; each begins with its module's name, so that one long name could grow without bound."""
MAX_NAME = 4096


def lay_out(root: Any, code: ScriptCode) -> Any:
    """The root module as a Module of ready entries; anything else as it is."""
    if not is_script_module(root, code):
        return root
    module = Module(root.full)
    seen: set[int] = set()
    repeated = spent = 0
    pending: list[tuple[str, Object, frozenset[int]]] = [("", root, frozenset())]
    while pending:
        prefix, value, above = pending.pop()
        if prefix:
            module.classes[prefix[:-1]] = value.full
        before = len(module.entries)
        children = _own(module, prefix, value, code)
        if id(value) in seen:
            repeated += 1 + len(module.entries) - before
        seen.add(id(value))
        spent += len(prefix) * (1 + len(module.entries) - before)
        inside = above | {id(value)}
        over = len(inside) > MAX_DEPTH or spent > MAX_NAMES or len(prefix) > MAX_NAME
        for name, child in reversed(children):
            if over or id(child) in inside or (id(child) in seen and repeated > MAX_REPEATED):
                # The value itself goes in: the tree tells cycles, depth and repetition in its own way.
                module.entries.append((prefix + name, child, False))
            else:
                pending.append((f"{prefix}{name}.", child, inside))
    return module


def is_script_module(value: Any, code: ScriptCode) -> bool:
    """Whether a value is an object of a class derived from Module, with attributes."""
    if type(value) is not Object or type(value.callee) is not Global or type(value.state) is not Mapping:
        return False
    name = value.callee
    if not name.module.startswith("__torch__") or name.module.startswith("__torch__.torch.classes"):
        return False
    return lists_of(value, code).module


def lists_of(value: Object, code: ScriptCode) -> ClassLists:
    """What the code says of the object's class."""
    return code.lists(value.callee.module, value.callee.name)


def _own(module: Module, prefix: str, value: Object, code: ScriptCode) -> list[tuple[str, Object]]:
    """Add the object's own entries; returns its sub-modules."""
    members = {key: item for key, item in value.state.items if type(key) is str}
    lists = lists_of(value, code)
    listed = _tensors(members, lists.parameters)
    for name in listed:
        members[name].parameter = True
    names = [name for name in members if name not in listed] if lists.buffers is None else lists.buffers
    listed.update(_tensors(members, names))
    module.entries += [(prefix + name, members[name], True) for name in listed]
    children: list[tuple[str, Object]] = []
    for name, item in members.items():
        if name in listed or item is None:
            continue
        if is_script_module(item, code):
            children.append((name, item))
        elif not (prefix and name in ("training", "_is_full_backward_hook")):
            module.entries.append((prefix + name, item, False))
    return children


def _tensors(members: dict[str, Any], names: Iterable[str]) -> dict[str, None]:
    return {name: None for name in names if type(members.get(name)) is Tensor}
