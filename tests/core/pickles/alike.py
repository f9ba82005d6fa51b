"""Whether two inert values, as they are for looking at, are equal to the last detail, sharing included."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.pickles.values import Global, Mapping, Object, Span, Storage, Tensor, Value

_SLOTS: dict[type, tuple[str, ...]] = {
    Global: ("module", "name"),
    Span: ("type_name", "nbytes", "head"),
    Mapping: ("args", "items", "state", "type_name"),
    Object: ("args", "callee", "elements", "items", "kwargs", "state"),
    Value: ("raw", "text", "type_name"),
    Storage: ("content", "device", "dtype", "key", "numel", "problem", "root", "root_offset"),
    Tensor: tuple(Tensor.__slots__),
}


def alike(left: Any, right: Any, ignore: tuple[str, ...] = ()) -> str:
    """Where two values differ first; "" if nowhere. ``ignore``: slots that may differ."""
    there: dict[int, Any] = {}
    back: dict[int, Any] = {}
    todo = [(left, right, "root")]
    while todo:
        one, other, where = todo.pop()
        kind = type(one)
        if kind is not type(other):
            return f"{where}: {kind.__name__} is {type(other).__name__}"
        if kind not in _SLOTS and (kind not in (list, tuple, dict) or not one):
            if repr(one) != repr(other):
                return f"{where}: {one!r:.100} is {other!r:.100}"
            continue
        if id(one) in there or id(other) in back:
            if there.get(id(one)) is not other or back.get(id(other)) is not one:
                return f"{where}: shared in one only"
            continue
        there[id(one)], back[id(other)] = other, one
        if kind in _SLOTS:
            slots = [name for name in _SLOTS[kind] if name not in ignore]
            todo += [(getattr(one, name), getattr(other, name), f"{where}.{name}") for name in slots]
            continue
        if len(one) != len(other):
            return f"{where}: {len(one)} items are {len(other)}"
        listed = zip(one.items(), other.items(), strict=True) if kind is dict else zip(one, other, strict=True)
        todo += [(a, b, f"{where}[{place}]") for place, (a, b) in enumerate(listed)]
    return ""
