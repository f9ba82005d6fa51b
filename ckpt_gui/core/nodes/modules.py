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

CONTENTS = ("_parameters", "_buffers", "_modules")
LONG_NAME = 256
MAX_LONG_NAMES = 16 << 20
"""Characters that the names of a module's parts may have in all beyond LONG_NAME each."""
MAX_LEVELS = 200
MAX_REPEATS = 100_000
"""Entries of one network that may be repeats of what it shared: the rest of an honest one is its own."""


class Repeats:
    """How often what modules share may be laid out again: a few kilobytes can nest a module in itself without end."""

    def __init__(self, seen: set[int], left: int) -> None:
        self.seen = seen
        """Ids of the values laid out so far."""
        self.left = min(left, MAX_REPEATS)
        """Entries that may still be repeats."""
        self.long_names = MAX_LONG_NAMES
        self.ended = False
        self.cycle = False
        self.deep = False
        self._modules: dict[int, bool] = {}

    def allow(self, value: Any, entries: int) -> bool:
        """Whether the entries of ``value`` may be listed: always the first time, then within what is left."""
        if id(value) in self.seen:
            if self.left < entries:
                self.ended = True
                return False
            self.left -= entries
        self.seen.add(id(value))
        return True

    def allow_name(self, prefix: str, value: Any) -> bool:
        """Whether the entries of ``value`` may all bear a prefix of that length."""
        self.long_names -= max(0, len(prefix) - LONG_NAME) * _length(value)
        self.ended = self.ended or self.long_names < 0
        return self.long_names >= 0

    def notes(self) -> list[str]:
        """What was left out, in sentences."""
        told = (
            (self.ended, "modules met again were repeated until that was too much; the rest is left out"),
            (self.cycle, "a module contains itself; it is not followed again"),
            (self.deep, f"modules are nested deeper than {MAX_LEVELS} levels; the tree ends there"),
        )  # fmt: skip
        return [sentence for happened, sentence in told if happened]

    def is_module(self, value: Any) -> bool:
        """``is_module``, looked at once a value."""
        found = self._modules.get(id(value))
        if found is None:
            found = self._modules[id(value)] = is_module(value)
        return found


class Entry(NamedTuple):
    """One name of a module: where it is found, what it is, and whether state_dict() names it."""

    name: str
    value: Any
    listed: bool


class _Inside(NamedTuple):
    """A sub-module to go into."""

    name: str
    module: Any


class Submodule(NamedTuple):
    """A module below the root: its dotted name and its class."""

    name: str
    type_name: str


def attributes(value: Any) -> Mapping | None:
    """The ``__dict__`` (and slots) of a pickled instance, if its state is that."""
    state = value.state if type(value) is Object else None
    if type(state) is tuple and len(state) == 2:
        # ``__slots__``: (the __dict__ or None, the slots); copyreg's protocol 2.
        if not all(part is None or type(part) is Mapping for part in state):
            return None
        both = Mapping()
        both.items = [pair for part in state if part is not None for pair in part.items]
        return both
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


def _length(value: Any) -> int:
    """How many entries a value has, at most."""
    if type(value) is tuple:
        return sum(len(part.items) for part in value[:2] if type(part) is Mapping)
    if type(value) is Mapping:
        return len(value.items)
    if type(value) is Object:
        return len(value.items or ()) + len(value.elements or ())
    return len(value) if type(value) is list else 0


def _names(value: Any) -> set[str]:
    elements = value.elements if type(value) is Object else value if type(value) is list else None
    return {item for item in elements or () if type(item) is str}


def laid_out(root: Object, repeats: Repeats) -> Module:
    """A pickled nn.Module as a Module of ready entries."""
    module = Module(root.full)
    for entry in entries(root, repeats):
        if isinstance(entry, Submodule):
            module.classes[entry.name] = entry.type_name
        elif entry.name not in MACHINERY:
            module.entries.append(entry)
    return module


def entries(root: Any, repeats: Repeats) -> Iterator[Entry | Submodule]:
    """Everything in a module and its sub-modules under dotted names, in the file's order; never into a cycle."""
    levels: list[tuple[int, Iterator[Entry | _Inside]]] = [(id(root), _own("", root, repeats))]
    while levels:
        for found in levels[-1][1]:
            if isinstance(found, Entry):
                yield found
                continue
            if any(mark == id(found.module) for mark, _ in levels):
                repeats.cycle = True
            elif len(levels) > MAX_LEVELS:
                repeats.deep = True
            else:
                yield Submodule(found.name, found.module.full)
                levels.append((id(found.module), _own(f"{found.name}.", found.module, repeats)))
                break
        else:
            levels.pop()


def _own(prefix: str, module: Any, repeats: Repeats) -> Iterator[Entry | _Inside]:
    if not repeats.allow(module.state, _length(module.state)) or not repeats.allow_name(prefix, module.state):
        return
    members = _members(module)
    names = members.get("_non_persistent_buffers_set")
    hidden = _names(names) if repeats.allow(names, _length(names)) else set()
    for name, value in members.items():
        wanted = name in CONTENTS and repeats.allow(value, _length(value)) and repeats.allow_name(prefix, value)
        pairs = _pairs(value) if wanted else []
        if name in ("_parameters", "_buffers"):
            for key, item in pairs:
                if item is not None:
                    listed = type(item) is Tensor and (name == "_parameters" or key not in hidden)
                    yield Entry(prefix + key, item, listed)
        elif name == "_modules":
            for key, item in pairs:
                if repeats.is_module(item):
                    yield _Inside(prefix + key, item)
                elif item is not None:
                    yield Entry(prefix + key, item, False)
        elif (name not in MACHINERY and not (prefix and name == "training")) or (
            name.endswith("hooks") and type(value) is Mapping and any(type(key) is str for key, _ in value.items[:9])
        ):
            yield Entry(prefix + name, value, False)


def type_name(value: Any) -> str:
    """``package.module.Class`` of a pickled instance."""
    return value.callee.full if type(value) is Object and type(value.callee) is Global else "object"
