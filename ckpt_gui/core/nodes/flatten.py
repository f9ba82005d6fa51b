"""Nested inert values → rows in the file's own depth-first order.

No recursion, no cycle is followed, and containers that are reached again and again ("billion
laughs") are expanded up to a ceiling only.
"""

from __future__ import annotations

from array import array
from typing import Any

from ckpt_gui.core.columns import Flag, KeyType, Kind
from ckpt_gui.core.nodes.describe import brief, key_parts, leaf, numpy_value
from ckpt_gui.core.nodes.modules import Repeats, attributes, is_module, laid_out
from ckpt_gui.core.nodes.table import Tables, Texts, fill
from ckpt_gui.core.pickles.values import Mapping, Module, Object, Tensor
from ckpt_gui.core.progress import Report
from ckpt_gui.core.text import clip, plural

MAX_ALIASED_ROWS = 1_000_000
MIN_ALIASED_ROWS = 100_000
"""Rows that containers met again are always given; beyond, up to the maximum, only while there is time."""
MAX_DEPTH = 500
MAX_LONG_TEXT = 1 << 20
MAX_LONG_TEXTS = 32 << 20

Child = tuple[int, int, Any, int]
"""Key type, text id of the key, value, flags for a tensor."""

_CONTAINERS = (Mapping, list, tuple, Object, Module)
_SETS = {"builtins.set": "set", "builtins.frozenset": "frozenset", "__builtin__.set": "set"}


class Rows:
    """Rows in depth-first order, and what belongs to some of them."""

    FIELDS = ("parent", "kind", "key_type", "key", "type_name", "text", "tensor")

    def __init__(self) -> None:
        self.parent = array("i")
        self.kind = array("B")
        self.key_type = array("B")
        self.key = array("i")
        self.type_name = array("i")
        self.text = array("i")
        self.tensor = array("i")
        self.children: dict[int, list[int]] = {}
        self.long_texts: dict[int, str] = {}
        self.modules: dict[int, dict[str, str]] = {}
        """For a module's row, the class of each dotted prefix."""
        self.notes: list[str] = []


def flatten(root: Any, texts: Texts, tables: Tables, report: Report) -> Rows:
    """Rows of ``root`` and everything beneath; tensors go into ``tables``."""
    return _Flattener(texts, tables, report).run(root)


class _Level:
    """A container that is being walked."""

    __slots__ = ("aliased", "children", "flags", "mark", "members", "row")

    def __init__(
        self, row: int, mark: int, children: list[Child], members: list[int], aliased: bool, flags: int
    ) -> None:
        self.row = row
        self.mark = mark
        self.children = iter(children)
        self.members = members
        self.aliased = aliased
        self.flags = flags
        """What lies in an attribute of a module is as little in its state_dict as the attribute itself."""


class _Flattener:
    def __init__(self, texts: Texts, tables: Tables, report: Report) -> None:
        self.texts = texts
        self.tables = tables
        self.report = report
        self.rows = Rows()
        self.seen: set[int] = set()
        self.above: set[int] = set()
        self.levels: list[_Level] = []
        self.aliased = 0
        self.ceiling = MAX_ALIASED_ROWS
        self.long_total = 0
        self.told: set[str] = set()
        self.blank = texts.id("")

    def run(self, root: Any) -> Rows:
        """All rows; the only loop over them, so it works on local names and whole tuples."""
        out: list[tuple[int, ...]] = []
        add, tensor_type, blank = self.tables.add, self.texts.id("Tensor"), self.blank
        levels = self.levels
        levels.append(_Level(-1, 0, [(KeyType.NONE, blank, root, 0)], [], False, 0))
        while levels:
            level = levels[-1]
            parent, members, aliased, inherited = level.row, level.members, level.aliased, level.flags
            for key_type, key, value, own in level.children:
                row = len(out)
                members.append(row)
                kind = type(value)
                if aliased:
                    self.aliased += 1
                if not row & 0x3FFF:
                    self.report.at(row, 0, "rows")
                    if self.aliased > MIN_ALIASED_ROWS and self.report.hurry():
                        self.ceiling = min(self.ceiling, self.aliased)
                if kind is Tensor:
                    name = tensor_type if value.python_type is None else self.texts.id(value.python_type)
                    out.append((parent, Kind.TENSOR, key_type, key, name, blank, add(value, row, own | inherited)))
                elif kind in _CONTAINERS and (kind is not tuple or value) and not self._is_leaf(value):
                    what, name, words = self._container(row, value, aliased, own | inherited)
                    out.append((parent, what, key_type, key, name, words, -1))
                    if levels[-1] is not level:
                        break
                else:
                    name, words = self._leaf(row, value)
                    out.append((parent, Kind.VALUE, key_type, key, name, words, -1))
            else:
                self.above.discard(level.mark)
                levels.pop()
        fill(self.rows, out, list(Rows.FIELDS))
        return self.rows

    def _is_leaf(self, value: Any) -> bool:
        return type(value) is Object and numpy_value(value) is not None

    def _leaf(self, row: int, value: Any) -> tuple[int, int]:
        """Text ids of the type's name and of the value."""
        if type(value) is Object:
            value = numpy_value(value)
        type_name, text, long_text = leaf(value)
        if long_text and self.long_total < MAX_LONG_TEXTS:
            self.rows.long_texts[row] = long_text[:MAX_LONG_TEXT]
            self.long_total += min(len(long_text), MAX_LONG_TEXT)
        return self.texts.id(type_name), self.texts.id(text)

    def _container(self, row: int, value: Any, aliased: bool, flags: int) -> tuple[Kind, int, int]:
        """Kind and text ids of a container's row; its children, if any, become the next level."""
        mark = id(value)
        # Two objects may have one state: what is in it is as much an alias then as if they were one.
        state = _state(value)
        again = aliased or mark in self.seen or (state is not None and id(state) in self.seen)
        cut = self._cut(mark, again)
        if cut:
            self._tell(cut[1])
            return Kind.ALIAS, self.texts.id(_type_name(value)), self.texts.id(cut[0])
        kind, type_name, children = self._children(row, value)
        if children:
            members = self.rows.children[row] = []
            self.levels.append(_Level(row, mark, children, members, again, flags))
            self.seen.add(mark)
            self.seen.add(id(state))
            self.above.add(mark)
        return kind, self.texts.id(type_name), self.texts.id(_container_text(kind, value, len(children)))

    def _cut(self, mark: int, aliased: bool) -> tuple[str, str] | None:
        """Why a container is not followed: a word for its row, and a note."""
        if mark in self.above:
            note = "a container contains itself; the tree does not follow it again"
            return "contains itself; not followed again", note
        if len(self.levels) > MAX_DEPTH:
            note = f"something is nested deeper than {MAX_DEPTH} levels; the tree ends there"
            return f"nested deeper than {MAX_DEPTH} levels; not shown", note
        if aliased and self.aliased >= self.ceiling:
            note = (
                f"containers that appear in several places were repeated for {self.ceiling:,} rows; "
                "further ones are named, not repeated"
            )
            return "shown elsewhere; not repeated", note
        return None

    def _laid_out(self, value: Object) -> Module:
        repeats = Repeats(self.seen, max(0, self.ceiling - self.aliased))
        left = repeats.left
        module = laid_out(value, repeats)
        self.aliased += left - repeats.left
        for note in repeats.notes():
            self._tell(note)
        return module

    def _tell(self, note: str) -> None:
        if note not in self.told:
            self.told.add(note)
            self.rows.notes.append(note)

    def _children(self, row: int, value: Any) -> tuple[Kind, str, list[Child]]:
        kind = type(value)
        if kind is Mapping:
            return Kind.MAPPING, value.type_name, self._pairs(value.items) + self._left_over(value)
        if kind is list or kind is tuple:
            return Kind.SEQUENCE, kind.__name__, self._items(value)
        if kind is Module:
            return Kind.OBJECT, value.type_name, self._module(row, value)
        name = value.full
        if is_module(value):
            return Kind.OBJECT, name, self._module(row, self._laid_out(value))
        if name in _SETS and value.state is None:
            return Kind.SEQUENCE, _SETS[name], self._items(value.elements or [])
        return Kind.OBJECT, name, self._object(value)

    def _items(self, values: Any) -> list[Child]:
        number = self.texts.id
        return [(KeyType.INT, number(str(place)), item, 0) for place, item in enumerate(values)]

    def _pairs(self, items: list[tuple[Any, Any]]) -> list[Child]:
        number = self.texts.id
        try:
            names = {key: item for key, item in items if type(key) is str}
        except TypeError:
            raise AssertionError("only text was hashed") from None
        if len(names) == len(items):
            return [(KeyType.TEXT, number(key), item, 0) for key, item in items]
        latest: dict[Any, Child] = {}
        for place, (key, item) in enumerate(items):
            key_type, text = key_parts(key)
            # Only plain keys are compared (as Python would, so that 1 and True meet); others stay apart.
            mark = ("other", place) if key_type == KeyType.OTHER and type(key) is not bytes else key
            if mark in latest:
                self._tell(f"the key {brief(key)} is written twice in one mapping; the later one counts, as in Python")
            latest[mark] = (key_type, number(text), item, 0)
        return list(latest.values())

    def _left_over(self, value: Mapping) -> list[Child]:
        """Attributes of a dict object, other than a state_dict's ``_metadata`` of versions."""
        pairs = value.state.items if type(value.state) is Mapping else []
        kept = [(key, item) for key, item in pairs if key != "_metadata"]
        return self._pairs(kept) if kept else []

    def _object(self, value: Object) -> list[Child]:
        number = self.texts.id
        children: list[Child] = []
        if value.args not in ((), None):
            children.append((KeyType.TEXT, number("args"), value.args, 0))
        if value.kwargs is not None and value.kwargs != ():
            children.append((KeyType.TEXT, number("kwargs"), value.kwargs, 0))
        state = value.state
        found = attributes(value)
        if found is not None:
            children += self._pairs(found.items)
        elif state is not None:
            children.append((KeyType.TEXT, number("state"), state, 0))
        if value.items:
            children += self._pairs(value.items)
        if value.elements:
            children += self._items(value.elements)
        return children

    def _module(self, row: int, module: Module) -> list[Child]:
        self.rows.modules[row] = module.classes
        number, hidden = self.texts.id, int(Flag.NOT_IN_STATE_DICT)
        return [
            (KeyType.TEXT, number(name), value, 0)
            if listed
            else (KeyType.ATTRIBUTES if "." in name else KeyType.TEXT, number(name), value, hidden)
            for name, value, listed in module.entries
        ]


def _state(value: Any) -> Any:
    """The state that an object's fields stand in, if it is one that others may share."""
    state = value.state if type(value) is Object or type(value) is Mapping else None
    return state if type(state) is Mapping or (type(state) is tuple and state) else None


def _type_name(value: Any) -> str:
    if type(value) is Mapping or type(value) is Module:
        return str(value.type_name)
    return value.full if type(value) is Object else type(value).__name__


def _container_text(kind: Kind, value: Any, count: int) -> str:
    if kind is Kind.OBJECT and type(value) is Object:
        args = value.args if type(value.args) is tuple else ()
        simple = args and all(type(item) in (str, int, float, bool, type(None)) for item in args)
        name = value.full.rpartition(".")[2]
        return clip(f"{name}{brief(args)}") if simple else plural(count, "field")
    return plural(count, "field" if kind is Kind.OBJECT else "item") if count else "empty"
