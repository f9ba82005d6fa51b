"""Inert values back as the Python values they stand for; sharing and cycles are kept."""

from __future__ import annotations

import collections
from typing import Any

from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.pickles.values import Mapping, Object, Value
from ckpt_gui.core.sources import Memory


def read(stream: bytes) -> Any:
    """The Python value of a stream that must be whole."""
    result = read_pickle(Memory(stream))
    assert result.broken is None, result.broken
    assert result.end == len(stream)
    return plain(result.value)


def plain(value: Any) -> Any:
    """The value, as the standard pickle would have made it."""
    return _Plain().of(value)


class _Plain:
    """Recursive: for the small values of tests."""

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if id(value) in self.made:
            return self.made[id(value)]
        kind = type(value)
        if kind is list:
            made = self.made[id(value)] = []
            made.extend(map(self.of, value))
            return made
        if kind is Mapping:
            return self._mapping(value)
        if kind is tuple:
            return tuple(map(self.of, value))
        if kind is Object:
            return self._object(value)
        if kind is Value:
            return complex(value.text) if value.type_name == "complex" else bytearray(value.raw)
        return value

    def _mapping(self, value: Mapping) -> Any:
        made: dict[Any, Any] = collections.OrderedDict() if "OrderedDict" in value.type_name else {}
        self.made[id(value)] = made
        for key, item in value.items:
            made[self.of(key)] = self.of(item)
        return made

    def _object(self, value: Object) -> Any:
        elements = map(self.of, value.elements or ())
        if value.full == "builtins.frozenset":
            return frozenset(elements)
        assert value.full in ("builtins.set", "__builtin__.set"), value.full
        made: set[Any] = set()
        self.made[id(value)] = made
        made.update(elements)
        return made
