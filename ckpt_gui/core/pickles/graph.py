"""A pickle stream as a graph that says exactly what the stream says, so that it can be written again.

Where the machine's own reading is for looking at (a tensor is a tensor, ``_codecs.encode`` is bytes), here a call
stays a call and a persistent id stays one; what was one object in two places is one, cycles included. None, bool,
int, float, str, bytes, tuple and list stand for themselves, ``Global`` and ``Span`` are those of ``values``.
Like all stand-ins these are inert: nothing is imported, called, hashed or compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ckpt_gui.core.errors import ConvertError, TooLarge
from ckpt_gui.core.pickles.effects import MAX_NAMES
from ckpt_gui.core.pickles.feed import MAX_INT_BYTES, Broken, Feed
from ckpt_gui.core.pickles.machine import Machine
from ckpt_gui.core.pickles.values import Global, Span
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.sources import Bytes
from ckpt_gui.core.text import escape


class Made:
    """What a call or an instantiation gave, and what was then done to it."""

    __slots__ = ("args", "callee", "how", "kwargs", "steps")

    def __init__(self, how: str, callee: Any, args: Any = (), kwargs: Any = None) -> None:
        self.how = how
        """``reduce`` (``callee(*args)``), ``new`` (``callee.__new__(callee, *args)``), ``new_ex`` (the same with
        ``kwargs``), or ``obj`` (INST and OBJ: a call where there are arguments, else ``new``)."""
        self.callee = callee
        self.args = args
        self.kwargs = kwargs
        self.steps: list[tuple[str, Any]] | None = None
        """In order, by opcode: ``items`` with pairs, ``append`` and ``appends`` with lists, ``adds`` (to a set),
        ``state`` with BUILD's argument, ``call`` with a call that has this as its first argument and whose result
        is thrown away (how cloudpickle gives a function its state)."""

    def step(self, what: str, content: Any) -> None:
        """One more thing done to it."""
        if self.steps is None:
            self.steps = []
        self.steps.append((what, content))


class Persistent:
    """What a persistent id stands for."""

    __slots__ = ("pid",)

    def __init__(self, pid: Any) -> None:
        self.pid = pid


class Dict:
    """A plain dict: its pairs as they were set, later ones win."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[tuple[Any, Any]] = []


class Bag:
    """A set or a frozenset that an opcode made (by a call it is ``Made``)."""

    __slots__ = ("elements", "frozen")

    def __init__(self, elements: list[Any], frozen: bool) -> None:
        self.elements = elements
        self.frozen = frozen


class Raw:
    """Bytes that an opcode reads in its own way: ``old text`` (a Python 2 ``str``), ``bytearray``, or an int too long
    for Python's own digits: ``int`` (little-endian two's complement), ``decimal`` (ASCII)."""

    __slots__ = ("kind", "raw")

    def __init__(self, kind: str, raw: bytes | Span) -> None:
        self.kind = kind
        self.raw = raw


class Graph(NamedTuple):
    """One pickle stream."""

    root: Any
    protocol: int
    """As the stream says; 0 where it says nothing."""
    end: int
    """Place after STOP, in bytes of the source."""


def read_graph(
    source: Bytes, start: int = 0, report: Report = SILENT, persist: Callable[[Any], Any] = Persistent
) -> Graph:
    """The pickle that begins at byte ``start`` of ``source``, as it is.

    ``persist`` may put something else in the place of a persistent id. Raises ConvertError where the stream is broken
    or does what cannot be written again.
    """
    machine = _GraphMachine(source, start, persist, report)
    try:
        result = machine.run()
    except TooLarge as exc:
        raise ConvertError(f"the pickle is too large to be written again: {exc}") from exc
    if result.broken is not None:
        raise ConvertError(f"the pickle cannot be written again: {result.broken}")
    machine.check_dropped(result.value)
    return Graph(result.value, result.protocol, result.end)


class _GraphFeed(Feed):
    def integer(self, pos: int, size: int) -> tuple[Any, int]:
        """A monstrous int keeps its bytes."""
        if size <= MAX_INT_BYTES:
            return super().integer(pos, size)
        value, pos = self.string(pos, size, "bytes")
        return Raw("int", value), pos


class _GraphMachine(Machine):
    feed_type = _GraphFeed
    dict_type = Dict
    named_by = -1
    """The protocol that held at the first name."""

    dropped: list[Any]

    def _global(self, module: Any, name: Any) -> Global:
        found = self.result.globals.get((module, name)) if type(module) is str and type(name) is str else None
        if found is None:
            if type(module) is not str or type(name) is not str:
                raise Broken("a name of code that is not text")
            if len(self.result.globals) >= MAX_NAMES:
                raise TooLarge(f"it refers to more than {MAX_NAMES:,} names of code")
            found = self.result.globals[module, name] = Global(module, name)
        if self.named_by != self.result.protocol:
            if self.named_by >= 0:
                raise Broken("its protocol changes between names of code, and with it what they mean")
            self.named_by = self.result.protocol
        return found

    def _reduce(self, callee: Any, args: Any) -> Any:
        return Made("reduce", callee, args)

    def _new(self, cls: Any, args: Any, kwargs: Any) -> Any:
        return Made("new", cls, args) if kwargs is None else Made("new_ex", cls, args, kwargs)

    def _instance(self, cls: Any, args: tuple[Any, ...]) -> Any:
        return Made("obj", cls, args)

    def _build(self, target: Any, state: Any) -> Any:
        if type(target) is not Made:
            raise Broken(f"a state is set on {_kind(target)}")
        target.step("state", state)
        return target

    def _set_items(self, target: Any, pairs: Any) -> None:
        if len(pairs) % 2:
            raise Broken("a key without a value")
        found = zip(pairs[::2], pairs[1::2], strict=True)
        if type(target) is Dict:
            target.items.extend(found)
        elif type(target) is not Made:
            raise Broken(f"items are set on {_kind(target)}")
        elif target.steps and target.steps[-1][0] == "items":
            target.steps[-1][1].extend(found)
        elif pairs:
            target.step("items", list(found))

    def _extend(self, target: Any, items: Any) -> None:
        if type(target) is list:
            target.extend(items)
        elif type(target) is Made:
            # APPEND hands over a tuple of one, APPENDS a list; a class may treat ``append`` and ``extend`` differently.
            target.step("append" if type(items) is tuple else "appends", list(items))
        else:
            raise Broken(f"items are appended to {_kind(target)}")

    def _add(self, target: Any, items: Any) -> None:
        if type(target) is Bag and not target.frozen:
            target.elements.extend(items)
        elif type(target) is Made:
            target.step("adds", items)
        else:
            raise Broken(f"elements are added to {_kind(target)}")

    def _set(self) -> Any:
        return Bag([], False)

    def _frozenset(self, items: list[Any]) -> Any:
        return Bag(items, True)

    def _bytearray(self, raw: Any) -> Any:
        return Raw("bytearray", raw)

    def _old_text(self, raw: Any) -> Any:
        return Raw("old text", raw)

    def _decimal(self, line: bytes) -> Any:
        return Raw("decimal", line.strip()) if len(line.strip()) > 4000 else int(line)

    def _drop(self, values: list[Any]) -> None:
        for value in values:
            holder = self.stack[-1] if self.stack else None
            # pickle.py, save_reduce with a state_setter: ``setter(obj, state)``, then POP.
            if (
                type(value) is Made and type(holder) is Made and value.how == "reduce"
                and type(value.args) is tuple and value.args and value.args[0] is holder
            ):  # fmt: skip
                holder.step("call", value)
            elif type(value) not in _ATOMS:
                self.dropped.append(value)

    def run(self) -> Any:
        """Read it all; what is left on the stack was dropped as much as what was popped."""
        self.dropped = []
        result = super().run()
        self.dropped += [value for value in self.stack if type(value) not in _ATOMS]
        return result

    def check_dropped(self, root: Any) -> None:
        """Raise ConvertError if a call was made whose result is neither kept nor made again.

        A self-containing tuple or call is written twice by pickle.py and the first copy popped: no loss.
        """
        if not self.dropped:
            return
        kept = reachable([root])
        twins = {_likeness(value) for value in kept.values() if type(value) is Made}
        for value in reachable(self.dropped).values():
            if type(value) is Made and id(value) not in kept and _likeness(value) not in twins:
                name = escape(value.callee.full)[:200] if type(value.callee) is Global else "something"
                raise ConvertError(f"the pickle calls {name} and throws the result away; that cannot be written again")


_ATOMS = (type(None), bool, int, float, str, bytes, Global, Span, Raw)


def held(value: Any) -> Iterable[Any]:
    """What a value of a graph is made of, one step down, in the order it is written."""
    kind = type(value)
    if kind is tuple or kind is list:
        return value  # type: ignore[no-any-return]
    if kind is Made:
        return _held_by_made(value)
    if kind is Dict:
        return [part for pair in value.items for part in pair]
    if kind is Bag:
        return value.elements  # type: ignore[no-any-return]
    return (value.pid,) if kind is Persistent else ()


def _held_by_made(value: Made) -> list[Any]:
    found = [value.callee, value.args]
    if value.how == "new_ex":
        found.append(value.kwargs)
    for what, content in value.steps or ():
        if what == "items":
            found += [part for pair in content for part in pair]
        elif what in ("state", "call"):
            found.append(content)
        else:
            found += content
    return found


def reachable(roots: list[Any]) -> dict[int, Any]:
    """Every container that can be come to from ``roots``, by its id."""
    seen: dict[int, Any] = {}
    pending = [value for value in roots if type(value) not in _ATOMS]
    while pending:
        value = pending.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            pending += [item for item in held(value) if type(item) not in _ATOMS]
    return seen


def _likeness(value: Made) -> Any:
    """Equal for calls of one thing with the same arguments."""
    args = value.args if type(value.args) is tuple else (value.args,)
    return value.how, id(value.callee), *(_mark(item) for item in args)


def _mark(value: Any) -> Any:
    plain = type(value) in (type(None), bool, int, float, str, bytes)
    return (type(value), value) if plain else id(value) if value != () else ()


def _kind(value: Any) -> str:
    kind = type(value)
    names = {Dict: "a dict", Persistent: "what a persistent id stands for", Global: "a name of code", Bag: "a set"}
    return names.get(kind) or f"a value of the kind {kind.__name__}"
