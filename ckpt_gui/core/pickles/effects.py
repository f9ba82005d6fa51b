"""What opcodes do to inert values: the semantics of REDUCE, BUILD, SETITEMS and their like, without effects.

Nothing is called, nothing is imported; what does not fit is kept as an object or noted, never obeyed.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from typing import Any

from ckpt_gui.core.errors import TooLarge
from ckpt_gui.core.pickles.feed import Broken, Feed
from ckpt_gui.core.pickles.known import CALLS, SET
from ckpt_gui.core.pickles.values import Global, Mapping, Object, Storage, Tensor, Value

MAX_NAMES = 100_000


class Pickled:
    """What one pickle stream held."""

    __slots__ = (
        "broken",
        "end",
        "globals",
        "nbytes",
        "notes",
        "oddities",
        "opcodes",
        "protocol",
        "python2",
        "refused",
        "value",
    )

    def __init__(self) -> None:
        self.value: Any = None
        """The root; of a broken stream, what could be put together."""
        self.end = 0
        """Place after STOP, or where the stream broke, in bytes of the source."""
        self.nbytes = 0
        self.broken: str | None = None
        """Why the stream could not be read to its end; None if it could."""
        self.globals: dict[tuple[str, str], Global] = {}
        """Names referred to, as written, in the order of their first use."""
        self.protocol = 0
        self.refused: list[str] = []
        """Opcodes used that torch.load(weights_only=True) refuses (_weights_only_unpickler.py)."""
        self.notes: list[str] = []
        self.oddities: list[str] = []
        """What torch.load(weights_only=True) refuses though its names and opcodes are allowed, in words."""
        self.opcodes = 0
        self.python2 = False
        """Whether the stream has byte strings as only Python 2 writes them."""


class Effects:
    """The part of the machine that makes and changes values."""

    def __init__(self, feed: Feed, start: int, ceiling: int) -> None:
        self.feed = feed
        self.start = start
        self.ceiling = ceiling
        self.copied = 0
        self.result = Pickled()

    def _global(self, module: Any, name: Any) -> Global:
        if type(module) is not str or type(name) is not str:
            raise Broken("a name of code that is not text")
        found = self.result.globals.get((module, name))
        if found is None:
            if len(self.result.globals) >= MAX_NAMES:
                raise TooLarge(f"the pickle refers to more than {MAX_NAMES:,} names of code")
            module_now, name_now = module, name
            if self.result.protocol < 3:
                module_now, name_now = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
            found = Global(module[:1024], name[:1024], CALLS.get((module_now, name_now)))
            self.result.globals[module, name] = found
        return found

    def _reduce(self, callee: Any, args: Any) -> Any:
        if type(callee) is Global and callee.call is not None and type(args) is tuple:
            if args and type(args[0]) in (list, tuple, Mapping, str, bytes):
                # ``dict(d)`` and ``encode(text)`` copy: over and over in a short stream, they would be quadratic.
                self.copied += _weight(args[0])
                if self.copied > 8 * self.ceiling:
                    return Object(callee, args)
            check = _CHECKS.get(callee.name)
            if check is not None and (odd := check(args)):
                self._odd(odd)
            value = callee.call(args)
            if value is not None:
                return value
        return Object(callee, args)

    def _new(self, cls: Any, args: Any, kwargs: Any) -> Any:
        if (
            type(cls) is Global
            and cls.module == "collections"
            and cls.name in ("OrderedDict", "defaultdict", "Counter")
        ):
            return Mapping(cls.full, args if type(args) is tuple else ())
        return Object(cls, args, kwargs)

    def _instance(self, cls: Any, args: tuple[Any, ...]) -> Any:
        """INST and OBJ: a call if there are arguments, a bare instance if there are none."""
        return self._new(cls, args, None)

    def _build(self, target: Any, state: Any) -> Any:
        kind = type(target)
        if kind is Mapping and target.type_name != "collections.OrderedDict":
            self._odd("it gives a dict attributes")
        elif kind is Tensor and not (type(state) is tuple and state and type(state[0]) in (Storage, bool)):
            self._odd("it sets a tensor to something that is no storage")
        if kind is Object or kind is Mapping or kind is Tensor:
            if target.state is None:
                target.state = state
            else:
                target.state = Object(Global("", "states"), (target.state, state))
            return target
        wrapped = Object(target)
        wrapped.state = state
        return wrapped

    def _set_items(self, target: Any, pairs: Any) -> None:
        if len(pairs) % 2:
            raise Broken("a key without a value")
        kind = type(target)
        if kind is Mapping:
            target.items.extend(zip(pairs[::2], pairs[1::2], strict=True))
        elif kind is Object:
            target.items = target.items or []
            target.items.extend(zip(pairs[::2], pairs[1::2], strict=True))
        else:
            self._oddity("items are set on something that is no mapping")

    def _extend(self, target: Any, items: Any) -> None:
        kind = type(target)
        if kind is list:
            target.extend(items)
        elif kind is Object:
            target.elements = target.elements or []
            target.elements.extend(items)
        else:
            self._oddity("items are appended to something that is no list")

    def _add(self, target: Any, items: Any) -> None:
        """ADDITEMS."""
        self._extend(target, items)

    def _drop(self, values: list[Any]) -> None:
        """POP and POP_MARK; what was dropped is of no account here."""

    def _frozenset(self, items: list[Any]) -> Any:
        frozen = Object(Global("builtins", "frozenset"))
        frozen.elements = items
        return frozen

    def _bytearray(self, raw: Any) -> Any:
        return raw

    def _old_text(self, raw: Any) -> Any:
        """A Python 2 ``str`` as torch.load reads it (encoding="utf-8"); bytes where that fails."""
        if type(raw) is not bytes:
            return raw
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw

    def _decimal(self, line: bytes) -> Any:
        digits = len(line.strip())
        if digits > 4000:
            return Value("int", f"integer, about {int(digits * 3.3219):,} bits")
        return int(line)

    def _set(self) -> Any:
        made = Object(SET)
        made.elements = []
        return made

    def _odd(self, what: str) -> None:
        if what not in self.result.oddities:
            self.result.oddities.append(what)

    def _oddity(self, what: str) -> None:
        self._odd("it puts items into something that cannot hold them")
        if what not in self.result.notes:
            self.result.notes.append(f"{what} (byte {self.feed.base - self.start:,} or later); they are left out")

    def _refuse(self, op: int) -> None:
        name = _REFUSED.get(op)
        if name is not None and name not in self.result.refused:
            self.result.refused.append(name)


def _odd_metadata(args: tuple[Any, ...]) -> str:
    marks = args[6] if len(args) > 6 else None
    odd = type(marks) is Mapping and any(
        type(key) is not str or type(mark) is not bool for key, mark in marks.items[:100]
    )
    return "a tensor's metadata are not those of torch" if odd else ""


def _odd_layout(args: tuple[Any, ...]) -> str:
    known = len(args) == 1 and type(args[0]) is str and args[0] in _LAYOUTS
    return "" if known else "it asks for a layout that torch does not have"


def _odd_nested(args: tuple[Any, ...]) -> str:
    sizes = args[1] if len(args) > 1 else None
    return "the sizes of a nested tensor are no table" if type(sizes) is Tensor and len(sizes.shape) != 2 else ""


def _odd_set(args: tuple[Any, ...]) -> str:
    return "it makes a set of something that is no list" if args and type(args[0]) in _SINGLE else ""


_SINGLE = (int, float, bool, type(None))
_LAYOUTS = frozenset(
    f"torch.{name}"
    for name in ["strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "_mkldnn", "jagged"]
)
_CHECKS: dict[str, Callable[[tuple[Any, ...]], str]] = {
    "_rebuild_tensor_v2": _odd_metadata, "_get_layout": _odd_layout, "_rebuild_nested_tensor": _odd_nested,
    "set": _odd_set,
}  # fmt: skip
"""Name of a known call → what of its arguments torch would not take, in words; "" if nothing."""


def _weight(value: Any) -> int:
    """What a copy takes, in about bytes; an honest stream has more bytes than all its copies take."""
    if type(value) is str or type(value) is bytes:
        return len(value)
    return 8 * len(value.items if type(value) is Mapping else value)


_REFUSED = {
    149: "FRAME", 144: "ADDITEMS", 145: "FROZENSET", 48: "POP", 49: "POP_MARK", 50: "DUP", 108: "LIST",
    100: "DICT", 146: "NEWOBJ_EX", 111: "OBJ", 73: "INT", 76: "LONG", 70: "FLOAT", 83: "STRING", 86: "UNICODE",
    103: "GET", 112: "PUT", 80: "PERSID", 105: "INST", 66: "BINBYTES", 67: "SHORT_BINBYTES", 142: "BINBYTES8",
    150: "BYTEARRAY8", 84: "BINSTRING", 139: "LONG4", 140: "SHORT_BINUNICODE", 141: "BINUNICODE8",
    147: "STACK_GLOBAL",
}  # fmt: skip
