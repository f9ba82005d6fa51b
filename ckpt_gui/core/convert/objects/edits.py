"""Changes to a graph by path: leave out, rename, replace. A value that lies in several places changes only where asked.

Containers are changed in place; one that is also reached by a way on which nothing changes is copied first, as far up
as that goes. A container that lies within itself is one thing, however it is reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ckpt_gui.core.convert.nouns import Edit
from ckpt_gui.core.convert.objects.places import Places, Step, Steps, mark
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.pickles.graph import Dict, Made, held, reachable
from ckpt_gui.core.text import Path, escape, path_text

GONE = object()
"""What stands where something is left out."""


class _Place:
    """A value on the way to a change, or at one."""

    __slots__ = ("children", "depth", "drop", "instead", "key", "parent", "result", "value")

    def __init__(self, value: Any, parent: _Place | None) -> None:
        self.value = value
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.children: dict[Step, _Place] = {}
        self.drop = False
        self.key: str | None = None
        self.instead: Any = GONE
        """A value, or the _Place whose result it is."""
        self.result: Any = value


class Change:
    """Changes to one graph, gathered and then made together. Raises ConvertError for a place that is not there."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._places = Places(root)
        self._top = _Place(root, None)
        self._all = [self._top]
        self._first: list[_Place] = []

    def edit(self, one: Edit) -> None:
        """An edit of the plan."""
        if one.what == "replace":
            other = self._place(self._steps(one.other, one.other))
            self._first.append(other)
            self._place(self._steps(one.path, one.path)).instead = other
        elif one.what == "rename":
            steps = self._pair(one.path, "has no name of its own and cannot be renamed")
            self._place(steps).key = one.key
        else:
            self._drop(one.path)

    def _drop(self, path: Path) -> None:
        """Leave out an entry of a mapping; of a sequence, put None there, so that the others keep their places."""
        steps = self._steps(path, path)
        if steps and steps[-1][0] == "index" and type(path[-1]) is int:
            self._place(steps).instead = None
        else:
            self._place(self._pair(path, "is no entry of a mapping or sequence and cannot be left out")).drop = True

    def put(self, path: Path, value: Any) -> None:
        """Put a value in the place of another."""
        self._place(self._steps(path, path)).instead = value

    def at(self, path: Path) -> Any:
        """The value at a path, before any change; None where there is none."""
        steps = self._places.find(path)
        return None if steps is None else self._places.at(steps)

    def _steps(self, path: Path, shown: Path) -> Steps:
        found = self._places.find(path)
        if found is None:
            raise ConvertError(f"{escape(path_text(shown))[:200]} cannot be found in the pickled object")
        return found

    def _pair(self, path: Path, why: str) -> Steps:
        """The steps to a pair's value, where it can be left out or renamed; of ``[k, v]``, to that."""
        steps = self._steps(path, path)
        if steps and steps[-1] == ("index", 1) and len(steps) > 3 and steps[-4][0] == "args":
            return steps[:-1]
        if not steps or steps[-1][0] != "pair":
            raise ConvertError(f"{escape(path_text(path))[:200]} {why}")
        return steps

    def _place(self, steps: Steps) -> _Place:
        place = self._top
        for step in steps:
            below = place.children.get(step)
            if below is None:
                below = place.children[step] = _Place(self._places.child(place.value, step), place)
                self._all.append(below)
            place = below
        return place

    def make(self) -> Any:
        """Make every change; returns the new root."""
        if len(self._all) == 1 and self._top.instead is GONE:
            return self._root
        signs, twins = self._signs(), dict[Any, _Place]()
        in_place = self._in_place(signs)
        within = self._within()
        for place in sorted(self._all, key=lambda one: (id(one) not in within, -one.depth)):
            if place.children:
                twin = twins.setdefault((id(place.value), signs[id(place)]), place)
                place.result = twin.result if twin is not place else _changed(place, id(place.value) in in_place)
        return _result(self._top)

    def _within(self) -> set[int]:
        """Ids of the places in what takes another's place: these are changed first."""
        found = {id(place) for place in self._first}
        for place in self._all:
            if id(place.parent) in found:
                found.add(id(place))
        return found

    def _signs(self) -> dict[int, int]:
        """A number for each place, equal where the same changes are to be made beneath."""
        numbers: dict[Any, int] = {}
        signs: dict[int, int] = {}
        for place in reversed(self._all):
            own = place.drop, place.key, id(place.instead)
            beneath = frozenset((step, signs[id(child)]) for step, child in place.children.items())
            signs[id(place)] = numbers.setdefault((own, beneath), len(numbers))
        return signs

    def _in_place(self, signs: dict[int, int]) -> set[int]:
        """Ids of the values that may be changed where they are: nothing else looks at them, nor at what holds them."""
        kinds: dict[int, set[int]] = {}
        ways: dict[int, set[tuple[int, Step]]] = {}
        values = {id(place.value): place.value for place in self._all if place.children}
        for place in self._all:
            kinds.setdefault(id(place.value), set()).add(signs[id(place)])
            for step, child in place.children.items():
                ways.setdefault(id(child.value), set()).add((id(place.value), step))
        used = Counter(id(item) for value in reachable([self._root]).values() for item in held(value))
        found = {
            number
            for number, value in values.items()
            if value is self._root
            or (len(kinds[number]) == 1 and (used[number] == len(ways.get(number, ())) or _in_itself(value)))
        }
        shrinking = True
        while shrinking:
            alone = {
                number
                for number in found
                if values[number] is self._root or all(above in found for above, _ in ways.get(number, ()))
            }
            found, shrinking = alone, len(alone) < len(found)
        return found


def _in_itself(value: Any) -> bool:
    return id(value) in reachable(list(held(value)))


def _result(place: _Place) -> Any:
    """What stands there now."""
    instead = place.instead
    if type(instead) is _Place:
        return _result(instead)
    return place.result if instead is GONE else instead


def _changed(place: _Place, in_place: bool) -> Any:
    """The container with the changes made in it."""
    value = place.value
    if type(value) is tuple:
        return tuple(_listed(place, value))
    if type(value) is list:
        items = _listed(place, value)
        if not in_place:
            return items
        value[:] = items
        return value
    if type(value) is Dict:
        made = value if in_place else Dict()
        made.items = _paired(place, value.items)
        return made
    return _object(place, value, in_place)


def _object(place: _Place, value: Made, in_place: bool) -> Made:
    made = value if in_place else Made(value.how, value.callee, value.args, value.kwargs)
    steps: list[tuple[str, Any]] = []
    for at, (what, content) in enumerate(value.steps or ()):
        if what == "items":
            content = _paired(place, content)
            if steps and steps[-1][0] == "items" and content:
                steps[-1][1].extend(content)
            elif content:
                steps.append((what, content))
        elif what == "state" and ("state", at) in place.children:
            steps.append((what, _result(place.children["state", at])))
        else:
            steps.append((what, content))
    made.steps = steps or None
    if ("args", None) in place.children:
        made.args = _result(place.children["args", None])
    return made


def _listed(place: _Place, items: Iterable[Any]) -> list[Any]:
    found = []
    for at, item in enumerate(items):
        child = place.children.get(("index", at))
        if child is None:
            found.append(item)
        elif not child.drop:
            now = _result(child)
            found.append(type(now)([child.key, *now[1:]]) if child.key is not None else now)
    return found


def _paired(place: _Place, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    found = []
    for key, item in pairs:
        child = place.children.get(("pair", mark(key)))
        if child is None:
            found.append((key, item))
        elif not child.drop:
            now = item if item is not child.value else _result(child)
            found.append((key if child.key is None else child.key, now))
    return found
