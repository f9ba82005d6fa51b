"""Values within a nested value, replaced where they stand: linear, without recursion, through cycles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_gui.core.pickles.values import Mapping, Module, Object, Span, Storage, Tensor

_ASKED = (Object, Span, Storage, Tensor, bytes)
_HOLDING = (Mapping, list, tuple, Object, Module)


def substitute(root: Any, instead: Callable[[Any], Any]) -> Any:
    """``root`` with each Object, Span, Storage, Tensor and byte string replaced by what ``instead`` gives for it.

    Each value is asked about once, however often it appears; giving it back leaves it. What comes instead is
    not searched again. Lists, mappings and objects are changed in place; tuples are made anew where they must.
    """
    return _Substitution(instead).run(root)


class _Substitution:
    def __init__(self, instead: Callable[[Any], Any]) -> None:
        self.instead = instead
        self.new: dict[int, Any] = {}
        self.kept: list[Any] = []
        """Everything visited, so that no id is used twice; containers after what they hold, where that can be."""

    def run(self, root: Any) -> Any:
        pending: list[tuple[Any, bool]] = [(root, False)]
        order: list[Any] = []
        while pending:
            value, left = pending.pop()
            if left:
                order.append(value)
            elif id(value) not in self.new:
                self._visit(value, pending)
        for value in order:
            # A tuple comes after the tuples in it (but for a cycle through a list, which keeps the old one).
            if type(value) is tuple:
                made = tuple(map(self._of, value))
                if any(was is not now for was, now in zip(value, made, strict=True)):
                    self.new[id(value)] = made
        for value in order:
            self._update(value)
        return self._of(root)

    def _of(self, value: Any) -> Any:
        return self.new.get(id(value), value)

    def _visit(self, value: Any, pending: list[tuple[Any, bool]]) -> None:
        kind = type(value)
        if kind in _ASKED:
            self.kept.append(value)
            self.new[id(value)] = found = self.instead(value)
            if found is not value:
                return
        if kind in _HOLDING or (kind is Tensor and value.state is not None):
            self.kept.append(value)
            self.new[id(value)] = value
            pending.append((value, True))
            pending.extend((item, False) for item in _held(value) if _worth(item))

    def _update(self, value: Any) -> None:
        of = self._of
        if type(value) is list:
            value[:] = map(of, value)
        elif type(value) is Mapping:
            value.items = [(of(key), of(item)) for key, item in value.items]
            value.state = of(value.state)
        elif type(value) is Module:
            value.entries = [(name, of(item), listed) for name, item, listed in value.entries]
        elif type(value) is Tensor:
            value.state = of(value.state)
        elif type(value) is Object:
            value.args, value.state = of(value.args), of(value.state)
            if value.items is not None:
                value.items = [(of(key), of(item)) for key, item in value.items]
            if value.elements is not None:
                value.elements = list(map(of, value.elements))


def _worth(value: Any) -> bool:
    return type(value) in _ASKED or type(value) in _HOLDING


def _held(value: Any) -> list[Any]:
    """What a container holds, in the order of the file."""
    if type(value) is Mapping:
        return [part for pair in value.items for part in pair] + [value.state]
    if type(value) is Object:
        pairs = [part for pair in value.items or () for part in pair]
        return [value.args, value.state, *pairs, *(value.elements or ())]
    if type(value) is Module:
        return [item for _, item, _ in value.entries]
    if type(value) is Tensor:
        return [value.state]
    return list(value)
