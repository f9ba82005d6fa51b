"""A whole pickled nn.Module, listed by the names its ``state_dict()`` would give.

The rules are those of torch/nn/modules/module.py, ``_save_to_state_dict``: parameters, then buffers
that are not in ``_non_persistent_buffers_set``, then the sub-modules in order; None is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ckpt_gui.core.pickles.values import Global, Mapping, Module, Object, Tensor

MACHINERY = {
    "_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "_backward_pre_hooks", "_backward_hooks",
    "_is_full_backward_hook", "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
    "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_state_dict_hooks", "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks", "call_super_init", "_version", "_backend",
}  # fmt: skip
"""Attributes every nn.Module has; shown only where they hold something."""

MAX_MODULES = 200_000


class Entry(NamedTuple):
    """One name of a module: where it is found, what it is, and whether state_dict() names it."""

    name: str
    value: Any
    listed: bool


class Submodule(NamedTuple):
    """A module below the root: its dotted name and its class."""

    name: str
    type_name: str


def attributes(value: Any) -> Mapping | None:
    """The ``__dict__`` of a pickled instance, if its state is one."""
    state = value.state if type(value) is Object else None
    if type(state) is tuple and len(state) == 2 and type(state[0]) is Mapping:
        state = state[0]
    return state if type(state) is Mapping else None


def is_module(value: Any) -> bool:
    """Whether a value is a pickled nn.Module: its state has parameters, buffers and sub-modules."""
    found = attributes(value)
    if found is None:
        return False
    keys = {key for key, _ in found.items if type(key) is str}
    return {"_parameters", "_modules"} <= keys


def _members(module: Any) -> dict[str, Any]:
    found = attributes(module)
    return {key: item for key, item in (found.items if found else ()) if type(key) is str}


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if type(value) is Mapping:
        return [(key, item) for key, item in value.items if type(key) is str]
    if type(value) is Object and value.items:
        return [(key, item) for key, item in value.items if type(key) is str]
    return []


def _names(value: Any) -> set[str]:
    elements = value.elements if type(value) is Object else value if type(value) is list else None
    return {item for item in elements or () if type(item) is str}


def laid_out(root: Object) -> Module:
    """A pickled nn.Module as a Module of ready entries."""
    module = Module(root.full)
    for entry in entries(root):
        if isinstance(entry, Submodule):
            module.classes[entry.name] = entry.type_name
        elif entry.name not in MACHINERY:
            module.entries.append(entry)
    return module


def entries(root: Any) -> Iterator[Entry | Submodule]:
    """Everything in a module and its sub-modules under dotted names; never into a cycle."""
    pending: list[tuple[str, Any, frozenset[int]]] = [("", root, frozenset())]
    count = 0
    while pending:
        prefix, module, above = pending.pop()
        count += 1
        if id(module) in above or count > MAX_MODULES:
            continue
        members = _members(module)
        if prefix:
            yield Submodule(prefix[:-1], module.full)
        yield from _own(prefix, members)
        inside = above | {id(module)} if len(above) < 200 else above
        children = [(f"{prefix}{name}.", child) for name, child in _pairs(members.get("_modules"))]
        for name, child in reversed(children):
            if is_module(child):
                pending.append((name, child, inside))
            elif child is not None and len(above) < 200:
                yield Entry(name[:-1], child, False)


def _own(prefix: str, members: dict[str, Any]) -> Iterator[Entry]:
    hidden = _names(members.get("_non_persistent_buffers_set"))
    for name, value in _pairs(members.get("_parameters")):
        if value is not None:
            yield Entry(prefix + name, value, type(value) is Tensor)
    for name, value in _pairs(members.get("_buffers")):
        if value is not None:
            yield Entry(prefix + name, value, type(value) is Tensor and name not in hidden)
    for name, value in members.items():
        if name in MACHINERY:
            shown = name.endswith("hooks") and bool(_pairs(value))
        else:
            shown = not (prefix and name == "training")
        if shown:
            yield Entry(prefix + name, value, False)


def type_name(value: Any) -> str:
    """``package.module.Class`` of a pickled instance."""
    return value.callee.full if type(value) is Object and type(value.callee) is Global else "object"
