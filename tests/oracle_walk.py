"""From loaded values to rows: the paths of ``product.md`` for everything torch hands back.

A row is a dictionary: ``path``, ``shape`` (None within where torch itself has only a symbol), ``dtype``,
``stride`` and ``offset`` (None unless strided), ``numel``, ``layout``, ``requires_grad``, ``device`` (the tag
as written), ``storage`` (equal numbers share memory; None where there is none, or it is empty, for torch
does not keep empty ones apart), ``conj``, ``neg``, ``python_type``, ``in_state_dict`` (False: a tensor of a
module that its state_dict would not name), ``tensor`` (torch's own) and, only where torch knows it, ``byte_offset``.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from tests.tolerant_pickle import ARGS, ITEMS, PAIRS

Row = dict[str, Any]
Path = tuple[Any, ...]


@dataclass
class StorageFacts:
    """What was written about a storage."""

    tag: str | None = None
    place: int | None = None
    """First byte in the file."""


@dataclass
class Walk:
    """One pass over the values of a file."""

    storages: Mapping[int, StorageFacts] = field(default_factory=dict)
    """By the address of torch's storage."""
    groups: dict[int, int] = field(default_factory=dict)
    above: list[int] = field(default_factory=list)
    """Containers on the way down, so that none is entered twice."""

    def rows(self, value: object, path: Path = (), in_state_dict: bool = True) -> Iterator[Row]:
        """The rows of a value and of everything in it, in the file's order."""
        if isinstance(value, torch.Tensor):
            yield self.row(value, path, in_state_dict)
            return
        if id(value) in self.above:
            return
        self.above.append(id(value))
        if is_module(value):
            yield from self._module(value, path)
        else:
            for key, item in children(value):
                yield from self.rows(item, (*path, key), in_state_dict)
        self.above.pop()

    def _module(self, module: object, path: Path) -> Iterator[Row]:
        named: set[int] = set()
        for name, tensor in state_of(module):
            named.add(id(tensor))
            yield self.row(tensor, (*path, name), True)
        yield from self._unnamed(module, path, named)

    def _unnamed(self, module: object, path: Path, named: set[int]) -> Iterator[Row]:
        state = vars(module)
        for name, buffer in state["_buffers"].items():
            if buffer is not None and id(buffer) not in named:
                yield self.row(buffer, (*path, name), False)
        for name, value in state.items():
            if name not in ("_parameters", "_buffers", "_modules"):
                yield from self.rows(value, (*path, name), False)
        for name, child in state["_modules"].items():
            if child is not None and id(child) not in self.above:
                self.above.append(id(child))
                yield from self._unnamed(child, (*path, name), named)
                self.above.pop()

    def row(self, tensor: torch.Tensor, path: Path, in_state_dict: bool) -> Row:
        """One tensor."""
        strided = tensor.layout == torch.strided and not tensor.is_nested
        facts, group = self._storage(tensor)
        row: Row = {
            "path": list(path),
            "shape": shape_of(tensor),
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "stride": list(tensor.stride()) if strided else None,
            "offset": tensor.storage_offset() if strided else None,
            "numel": tensor.numel() if tensor.layout != torch.jagged else None,
            "layout": layout_of(tensor),
            "requires_grad": tensor.requires_grad,
            "device": "meta" if tensor.is_meta else facts.tag,
            "storage": group,
            "conj": tensor.is_conj(),
            "neg": tensor.is_neg(),
            "python_type": type(tensor).__name__,
            "in_state_dict": in_state_dict,
            "tensor": tensor,
        }
        if facts.place is not None and strided and not tensor.is_quantized:
            none = tensor.numel() == 0
            row["byte_offset"] = None if none else facts.place + tensor.storage_offset() * tensor.element_size()
        return row

    def _storage(self, tensor: torch.Tensor) -> tuple[StorageFacts, int | None]:
        holder = _component(tensor)
        try:
            storage = holder.untyped_storage()
        except (NotImplementedError, RuntimeError):
            return StorageFacts(), None
        facts = self.storages.get(storage._cdata, StorageFacts(place=getattr(storage, "_checkpoint_offset", None)))
        if holder is not tensor:
            return StorageFacts(facts.tag), None
        if storage.nbytes() == 0 or tensor.is_meta:
            return facts, None
        return facts, self.groups.setdefault(storage._cdata, len(self.groups))


def _component(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor that holds the bytes: the values of a sparse one, the local part of a distributed one."""
    if tensor.layout == torch.sparse_coo:
        return tensor._values()
    if tensor.layout not in (torch.strided, torch.jagged):
        return tensor.values()
    for name in ("_local_tensor", "_values", "low"):
        part = getattr(tensor, name, None) if type(tensor) is not torch.Tensor else None
        if isinstance(part, torch.Tensor):
            return part
    return tensor


def shape_of(tensor: torch.Tensor) -> list[int | None] | None:
    """The sizes; None for a dimension that is ragged, and for a nested tensor as a whole."""
    if tensor.is_nested and tensor.layout == torch.strided:
        return None
    return [size if type(size) is int else None for size in tensor.shape]


def layout_of(tensor: torch.Tensor) -> str:
    """``strided``, ``sparse_coo`` …, ``jagged``, ``nested``."""
    if tensor.is_nested and tensor.layout == torch.strided:
        return "nested"
    return str(tensor.layout).removeprefix("torch.")


def is_module(value: object) -> bool:
    """A torch module, or the stand-in of one."""
    state = getattr(value, "__dict__", None)
    return isinstance(state, dict) and all(name in state for name in ("_parameters", "_buffers", "_modules"))


def state_of(module: object, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """What ``state_dict()`` would list, in its order; nothing of the module is called."""
    state = vars(module)
    hidden = state.get("_non_persistent_buffers_set", set())
    for name, tensor in [*state["_parameters"].items(), *state["_buffers"].items()]:
        if tensor is not None and name not in hidden:
            yield prefix + name, tensor
    for name, child in state["_modules"].items():
        if child is not None and depth < 100:
            yield from state_of(child, f"{prefix}{name}.", depth + 1)


def children(value: object) -> Iterator[tuple[Any, object]]:
    """Keys and values of a container or an object."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        yield from ((key, item) for key, item in _under("args", list(value)))
    elif isinstance(value, Mapping) and not hasattr(value, "maps"):
        yield from ((key_of(key), item) for key, item in value.items())
    elif isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ == "deque":
        yield from enumerate(value)  # type: ignore[arg-type]
    yield from _attributes(value)


def _under(key: str, value: object) -> Iterator[tuple[Any, object]]:
    if value:
        yield key, value


def key_of(key: object) -> object:
    """Text, int, float, bool and None stay; of a tuple or bytes its text; an object gives only its class."""
    if key is None or isinstance(key, (str, int, float, bool)):
        return key
    return repr(key) if isinstance(key, (tuple, bytes)) else f"<{type(key).__name__}>"


def _attributes(value: object) -> Iterator[tuple[Any, object]]:
    if isinstance(value, type) or (callable(value) and not hasattr(value, ARGS)):
        return
    state = getattr(value, "__dict__", None)
    if isinstance(state, dict):
        yield from _under("args", list(state.get(ARGS, ())))
        yield from enumerate(state.get(ITEMS, ()))
        yield from ((key_of(key), item) for key, item in state.get(PAIRS, {}).items())
        yield from ((name, item) for name, item in state.items() if name not in (ARGS, ITEMS, PAIRS))
    slots: Callable[[type], list[str]] = copyreg._slotnames  # type: ignore[attr-defined]
    for name in slots(type(value)):
        if hasattr(value, name):
            yield name, getattr(value, name)
