"""Where the keys of a path lie in a graph: the same keys that the index shows (nodes/flatten.py, nodes/modules.py).

A place is steps from value to value, each within one container: a pair of a mapping, an item of a sequence, the
state or the arguments of an object. A key of the index may take several: an attribute lies in the state's mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ckpt_gui.core.nodes.describe import key_parts
from ckpt_gui.core.nodes.modules import CONTENTS
from ckpt_gui.core.pickles.graph import Dict, Made, Raw
from ckpt_gui.core.pickles.known import CALLS
from ckpt_gui.core.pickles.values import Global, Mapping, Object
from ckpt_gui.core.text import Key, Path

Step = tuple[str, Any]
"""``pair`` with a mark (see ``mark``), ``index``, ``state`` with the number of the step of a ``Made``, ``args``."""
Steps = tuple[Step, ...]

_MAPPINGS = {"OrderedDict", "defaultdict", "Counter", "dict"}
_SHOWN = 9
"""Items of a key that is a container which its text tells of, and one more (nodes/describe.py)."""


class Places:
    """Finds values by path. What was found of a container is kept: the graph must not change meanwhile."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._pairs: dict[int, dict[Any, Any]] = {}

    def find(self, path: Path) -> Steps | None:
        """The steps to what lies at ``path``; None where the graph has no such place."""
        value, steps = self._root, list[Step]()
        for key in path:
            more = self._step(value, key)
            if more is None:
                return None
            for step in more:
                value = self.child(value, step)
            steps += more
        return tuple(steps)

    def at(self, steps: Steps) -> Any:
        """The value there."""
        value = self._root
        for step in steps:
            value = self.child(value, step)
        return value

    def child(self, value: Any, step: Step) -> Any:
        """The value one step down."""
        kind, where = step
        if kind == "pair":
            return self._marked(value)[where]
        if kind == "state":
            return value.steps[where][1]
        return value.args if kind == "args" else value[where]

    def _marked(self, value: Any) -> dict[Any, Any]:
        """The pairs of a mapping by the marks of their keys; later ones win."""
        found = self._pairs.get(id(value))
        if found is None:
            found = self._pairs[id(value)] = {mark(key): item for key, item in pairs_of(value)}
        return found

    def _step(self, value: Any, key: Key) -> list[Step] | None:
        kind = type(value)
        if kind is list or kind is tuple:
            return [("index", key)] if type(key) is int and 0 <= key < len(value) else None
        if kind is Dict:
            return self._pair(value, key)
        if kind is not Made:
            return None
        return self._of_mapping(value, key) or self._of_object(value, key) or self._of_module(value, key)

    def _pair(self, value: Any, key: Key) -> list[Step] | None:
        wanted = mark(key)
        if wanted in self._marked(value):
            return [("pair", wanted)]
        # Of keys that are neither text nor numbers the index has their text.
        other = ("other", key)
        return [("pair", other)] if type(key) is str and other in self._marked(value) else None

    def _of_mapping(self, value: Made, key: Key) -> list[Step] | None:
        """Among pairs set in it, or in what it was made from: ``Counter({…})``, ``OrderedDict([[k, v], …])``."""
        found = self._pair(value, key)
        if found or type(value.callee) is not Global or value.callee.name not in _MAPPINGS:
            return found
        for place, given in enumerate(value.args if type(value.args) is tuple else ()):
            if type(given) is Dict and (found := self._pair(given, key)):
                return [("args", None), ("index", place), *found]
            if type(given) in (list, tuple):
                for at, pair in enumerate(given):
                    if type(pair) in (list, tuple) and len(pair) == 2 and mark(pair[0]) == mark(key):
                        return [("args", None), ("index", place), ("index", at), ("index", 1)]
        return None

    def _of_object(self, value: Made, key: Key) -> list[Step] | None:
        """Among attributes; or the arguments it was made with."""
        for steps, attributes in _attributes(value):
            if found := self._pair(attributes, key):
                return [*steps, *found]
        return [("args", None)] if key == "args" and value.args != () else None

    def _of_module(self, value: Made, key: Key) -> list[Step] | None:
        """A name in a module: in its parameters, buffers or modules, or, with dots, in a module within it."""
        if type(key) is not str:
            return None
        steps, rest = list[Step](), key
        while type(value) is Made:
            last = self._own(value, rest) or (self._of_object(value, rest) if steps else None)
            if last:
                return steps + last
            name, _, rest = rest.partition(".")
            into = (self._own(value, name) or self._of_object(value, name)) if rest else None
            if not into:
                return None
            steps += into
            for step in into:
                value = self.child(value, step)
        return None

    def _own(self, value: Made, name: str) -> list[Step] | None:
        for part in CONTENTS:
            found = self._of_object(value, part)
            if found is None or found == [("args", None)]:
                continue
            held = value
            for step in found:
                held = self.child(held, step)
            if type(held) in (Dict, Made) and (pair := self._pair(held, name)):
                return [*found, *pair]
        return None


def _attributes(value: Made) -> Iterator[tuple[list[Step], Dict]]:
    """The mappings of an object's attributes: its one state, or of (``__dict__``, slots) both, slots first."""
    states = [at for at, (what, _) in enumerate(value.steps or ()) if what == "state"]
    if len(states) != 1 or value.steps is None:
        return
    state = value.steps[states[0]][1]
    here: list[Step] = [("state", states[0])]
    if type(state) is Dict:
        yield here, state
    elif type(state) is tuple and len(state) == 2:
        for place in (1, 0):
            if type(state[place]) is Dict:
                yield [*here, ("index", place)], state[place]


def pairs_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs set in a mapping, in order."""
    if type(value) is Dict:
        yield from value.items
    else:
        for what, content in value.steps or ():
            if what == "items":
                yield from content


def mark(key: Any) -> tuple[str, Any]:
    """A key so that equal ones are equal: its type and its text. Containers are never hashed."""
    kind = type(key)
    if kind is str:
        return "text", key
    if kind is int or kind is bool or kind is float or key is None:
        return kind.__name__, repr(key) if kind is not int or key.bit_length() < 12_000 else id(key)
    if kind is Raw and key.kind == "old text" and type(key.raw) is bytes:
        try:
            return "text", key.raw.decode("utf-8")
        except UnicodeDecodeError:
            return "other", key_parts(key.raw)[1]
    return "other", key_parts(_shown(key, 3))[1]


def _shown(key: Any, depth: int) -> Any:
    """A key as the index reads it, as far as its text goes."""
    kind = type(key)
    if kind is Raw and type(key.raw) is bytes and key.kind == "old text":
        try:
            return key.raw.decode("utf-8")
        except UnicodeDecodeError:
            return key.raw
    if depth == 0:
        return key if kind in (str, int, float, bool, type(None), bytes, Global) else Object(Global("", ""))
    if kind is tuple or kind is list:
        return kind([_shown(item, depth - 1) for item in key[:_SHOWN]])
    if kind is Dict:
        made = Mapping()
        made.items = [(_shown(one, depth - 1), _shown(item, depth - 1)) for one, item in key.items[:_SHOWN]]
        return made
    if kind is not Made:
        return key
    args = _shown(key.args, depth) if type(key.args) is tuple else ()
    call = CALLS.get((key.callee.module, key.callee.name)) if type(key.callee) is Global else None
    return (call(args) if call is not None and key.how == "reduce" else None) or Object(key.callee, args)
