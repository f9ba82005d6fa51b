"""Nested inert values → rows in the file's own depth-first order.

No recursion, no cycle is followed, and containers that are reached again and again ("billion
laughs") are expanded up to a ceiling only.
"""

from __future__ import annotations

from array import array
from typing import Any

from ckpt_gui.core.columns import Flag, KeyType, Kind
from ckpt_gui.core.nodes.describe import brief, key_parts, leaf, numpy_value
from ckpt_gui.core.nodes.modules import attributes, is_module, laid_out
from ckpt_gui.core.nodes.table import Tables, Texts
from ckpt_gui.core.pickles.values import Mapping, Module, Object, Tensor
from ckpt_gui.core.progress import Report
from ckpt_gui.core.text import clip, plural

MAX_ALIASED_ROWS = 1_000_000
MAX_DEPTH = 500
MAX_LONG_TEXT = 1 << 20
MAX_LONG_TEXTS = 32 << 20

Child = tuple[int, int, Any, int]
"""Key type, text id of the key, value, flags for a tensor."""

_CONTAINERS = (Mapping, list, tuple, Object, Module)
_SETS = {"builtins.set": "set", "builtins.frozenset": "frozenset", "__builtin__.set": "set"}


class Rows:
    """Columns in depth-first order; ``modules`` has the class of each dotted prefix of a module row."""

    def __init__(self) -> None:
        self.parent = array("i")
        self.kind = array("B")
        self.key_type = array("B")
        self.key = array("i")
        self.type_name = array("i")
        self.text = array("i")
        self.tensor = array("i")
        self.long_texts: dict[int, str] = {}
        self.modules: dict[int, dict[str, str]] = {}
        self.notes: list[str] = []


def flatten(root: Any, texts: Texts, tables: Tables, report: Report) -> Rows:
    """Rows of ``root`` and everything beneath; tensors go into ``tables``."""
    return _Flattener(texts, tables, report).run(root)


class _Flattener:
    def __init__(self, texts: Texts, tables: Tables, report: Report) -> None:
        self.texts = texts
        self.tables = tables
        self.report = report
        self.rows = Rows()
        self.seen: set[int] = set()
        self.above: set[int] = set()
        self.depth = 0
        self.aliased = 0
        self.long_total = 0
        self.told: set[str] = set()
        self.blank = texts.id("")
        self.tensor_type = texts.id("Tensor")

    def run(self, root: Any) -> Rows:
        # An entry is (parent, key type, key, value, flags, inside an alias?); a bare id closes a container.
        pending: list[Any] = [(-1, KeyType.NONE, self.blank, root, 0, False)]
        rows, tables = self.rows, self.tables
        parents, kinds, key_types, keys = rows.parent, rows.kind, rows.key_type, rows.key
        types, row_texts, tensors = rows.type_name, rows.text, rows.tensor
        while pending:
            entry = pending.pop()
            if type(entry) is int:
                self.above.discard(entry)
                self.depth -= 1
                continue
            parent, key_type, key, value, flags, aliased = entry
            row = len(parents)
            if not row & 0x3FFF:
                self.report.at(row, 0, "rows")
            parents.append(parent)
            key_types.append(key_type)
            keys.append(key)
            if aliased:
                self.aliased += 1
            if type(value) is Tensor:
                kinds.append(Kind.TENSOR)
                types.append(self.tensor_type if value.python_type is None else self.texts.id(value.python_type))
                row_texts.append(self.blank)
                tensors.append(tables.add(value, row, flags))
                continue
            tensors.append(-1)
            if type(value) in _CONTAINERS and value != () and not self._is_leaf(value):
                self._container(row, value, flags, aliased, pending)
            else:
                self._leaf(row, value)
        return rows

    def _is_leaf(self, value: Any) -> bool:
        return type(value) is Object and numpy_value(value) is not None

    def _row(self, kind: Kind, type_name: str, text: str) -> None:
        self.rows.kind.append(kind)
        self.rows.type_name.append(self.texts.id(type_name))
        self.rows.text.append(self.texts.id(text))

    def _leaf(self, row: int, value: Any) -> None:
        if type(value) is Object:
            value = numpy_value(value)
        type_name, text, long_text = leaf(value)
        self._row(Kind.VALUE, type_name, text)
        if long_text and self.long_total < MAX_LONG_TEXTS:
            self.rows.long_texts[row] = long_text[:MAX_LONG_TEXT]
            self.long_total += min(len(long_text), MAX_LONG_TEXT)

    def _container(self, row: int, value: Any, flags: int, aliased: bool, pending: list[Any]) -> None:
        mark = id(value)
        if mark in self.above:
            self._row(Kind.ALIAS, _type_name(value), "contains itself; not followed again")
            return self._tell("a container contains itself; the tree does not follow it again")
        if self.depth >= MAX_DEPTH:
            self._row(Kind.ALIAS, _type_name(value), f"nested deeper than {MAX_DEPTH} levels; not shown")
            return self._tell(f"something is nested deeper than {MAX_DEPTH} levels; the tree ends there")
        aliased = aliased or mark in self.seen
        if aliased and self.aliased >= MAX_ALIASED_ROWS:
            self._row(Kind.ALIAS, _type_name(value), "shown elsewhere; not repeated")
            return self._tell(
                f"containers that appear in several places were repeated for {MAX_ALIASED_ROWS:,} rows; "
                "further ones are named, not repeated"
            )
        kind, type_name, children = self._children(row, value)
        self._row(kind, type_name, _container_text(kind, value, len(children)))
        if children:
            self.seen.add(mark)
            self.above.add(mark)
            self.depth += 1
            pending.append(mark)
            # What lies in an attribute of a module is as little in its state_dict as the attribute itself.
            pending.extend(
                (row, key_type, key, item, flags | own, aliased) for key_type, key, item, own in reversed(children)
            )
        return None

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
            return Kind.OBJECT, name, self._module(row, laid_out(value))
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
            if type(state) is tuple and type(state[1]) is Mapping:
                children += self._pairs(state[1].items)
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
        return [(KeyType.TEXT, number(name), value, 0 if listed else hidden) for name, value, listed in module.entries]


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
