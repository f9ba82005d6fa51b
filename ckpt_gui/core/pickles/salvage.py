"""A tree from a broken stream: what lay on the stack when it broke, put together."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.pickles.values import Global, Mapping, Object

MAX_LOOSE = 100_000
"""Values that belong to no container, beyond which they are noise."""


def salvage(stack: list[Any], marks: list[int]) -> Any:
    """The outermost container with everything that was still to be put into it.

    ``stack`` and ``marks`` are used up. Values that wait behind a mark belong to the container
    before it; a key without its value is dropped.
    """
    while marks:
        mark = marks.pop()
        waiting = _joined(stack[mark:])
        del stack[mark:]
        if stack:
            _put(stack, waiting)
        else:
            stack.extend(waiting)
    rest = _joined(stack[:MAX_LOOSE])
    if len(rest) > 1:
        root = rest[0]
        if type(root) in (Mapping, list):
            _put([root], rest[1:])
            return root
        return next((value for value in rest if type(value) in (Mapping, list, Object)), root)
    return rest[0] if rest else None


def _joined(values: list[Any]) -> list[Any]:
    """Neighbours that only waited for REDUCE, NEWOBJ or BUILD, joined as these would have."""
    joined: list[Any] = []
    for value in values:
        before = joined[-1] if joined else None
        if type(before) is Global and type(value) is tuple:
            joined[-1] = Object(before, value)
        elif type(before) is Object and before.state is None and type(value) in (Mapping, tuple):
            before.state = value
        else:
            joined.append(value)
    return joined


def _put(stack: list[Any], waiting: list[Any]) -> None:
    target = stack[-1]
    if type(target) is Mapping:
        target.items.extend(zip(waiting[::2], waiting[1::2], strict=False))
    elif type(target) is list:
        target.extend(waiting)
    elif waiting and any(type(value) in (Mapping, list, Object) for value in waiting):
        stack.append(tuple(waiting))
