"""Inert stand-ins for everything a pickle can hold that is not a plain Python value.

None, bool, int, float, str, bytes, list and tuple stand for themselves; they are never hashed or
compared. All else is one of these classes, which hold what the stream said and do nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class Global:
    """A name the stream refers to. Never imported."""

    __slots__ = ("call", "module", "name")

    def __init__(self, module: str, name: str, call: Callable[[tuple[Any, ...]], Any] | None = None) -> None:
        self.module = module
        self.name = name
        self.call = call
        """Interprets arguments of a known constructor as a value; None if this name is not known."""

    @property
    def full(self) -> str:
        """``module.name``."""
        return f"{self.module}.{self.name}"


class Span:
    """A long byte or text string that was left in the file."""

    __slots__ = ("head", "nbytes", "offset", "source", "type_name")

    def __init__(self, type_name: str, offset: int, nbytes: int, head: bytes, source: Any = None) -> None:
        self.type_name = type_name
        self.source = source
        """The bytes the stream was read from."""
        self.offset = offset
        """Where it begins in the stream's source, in bytes."""
        self.nbytes = nbytes
        self.head = head
        """The first bytes, for display."""


class Mapping:
    """A dict of any kind: ordered pairs, later ones win."""

    __slots__ = ("args", "items", "state", "type_name")

    def __init__(self, type_name: str = "dict", args: tuple[Any, ...] = ()) -> None:
        self.type_name = type_name
        self.items: list[tuple[Any, Any]] = []
        self.state: Any = None
        self.args = args


class Object:
    """An instance, or the result of a call, of something that is not interpreted."""

    __slots__ = ("args", "callee", "elements", "items", "kwargs", "state")

    def __init__(self, callee: Any, args: Any = (), kwargs: Any = None) -> None:
        self.callee = callee
        self.args = args
        self.kwargs = kwargs
        self.state: Any = None
        self.items: list[tuple[Any, Any]] | None = None
        self.elements: list[Any] | None = None

    @property
    def full(self) -> str:
        """``module.name`` of what it is an instance of, or the result of."""
        callee = self.callee
        return callee.full if type(callee) is Global else "object"


class Value:
    """A small value of a known class (``torch.Size``, ``torch.device``, a NumPy scalar …)."""

    __slots__ = ("raw", "text", "type_name")

    def __init__(self, type_name: str, text: str, raw: Any = None) -> None:
        self.type_name = type_name
        self.text = text
        self.raw = raw


class Storage:
    """A storage as the stream names it; its format fills in where its bytes lie."""

    __slots__ = (
        "big_endian", "compression", "content", "crc", "device", "dtype", "id", "key", "nbytes", "numel", "offset",
        "packed", "problem", "root", "root_offset", "source",
    )  # fmt: skip

    def __init__(self, dtype: str, key: str, device: str | None, numel: int) -> None:
        self.dtype = dtype
        """"" while it is not known."""
        self.key = key
        self.device = device
        self.numel = numel
        """Elements of ``dtype``, as written."""
        self.source = 0
        self.offset = -1
        self.nbytes = -1
        """Bytes found in the file; -1 where nothing was found."""
        self.packed = -1
        self.big_endian = False
        self.compression = 0
        self.crc = -1
        self.problem: str | None = None
        self.root: Storage | None = None
        """The storage this one is a window of (legacy view metadata)."""
        self.root_offset = 0
        """Elements into ``root``."""
        self.content: Any = None
        """The value that holds a nested torch.save of it (``torch.storage._load_from_bytes``), until that is opened."""
        self.id = -1


class Tensor:
    """A tensor as the stream describes it; checked against its storage later."""

    __slots__ = (
        "conj", "device", "dtype", "layout", "neg", "offset", "parameter", "parts", "pieces", "problem",
        "python_type", "quantizer", "requires_grad", "shape", "state", "storage", "stride",
    )  # fmt: skip

    def __init__(
        self, storage: Storage | None, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], dtype: str
    ) -> None:
        self.storage = storage
        self.offset = offset
        """Elements."""
        self.shape = shape
        self.stride = stride
        """Elements."""
        self.dtype = dtype
        self.requires_grad = False
        self.layout = "strided"
        self.conj = False
        self.neg = False
        self.parameter = False
        self.python_type: str | None = None
        self.quantizer: dict[str, Any] | None = None
        self.parts: list[tuple[str, Tensor]] | None = None
        self.pieces: list[tuple[Tensor, tuple[int, ...]]] | None = None
        """Parts of a sharded tensor with their origins in elements."""
        self.state: Any = None
        self.device: str | None = None
        """Only where there is no storage to carry the tag."""
        self.problem: str | None = None


class Document:
    """A read-only text that came with the checkpoint: TorchScript code, a class's source."""

    __slots__ = ("text", "type_name")

    def __init__(self, text: str, type_name: str = "text") -> None:
        self.text = text
        self.type_name = type_name


class Module:
    """A network laid out for display: dotted names in order, and whether its ``state_dict()`` has them."""

    __slots__ = ("classes", "entries", "type_name")

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.entries: list[tuple[str, Any, bool]] = []
        """Name, value, and whether ``state_dict()`` names it."""
        self.classes: dict[str, str] = {}
        """Dotted name of a sub-module → its class."""

    def add_beside(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """What came with the network, under names that none of its own entries has."""
        taken = {name for name, _, _ in self.entries}
        for wanted, value in pairs:
            name = wanted
            while name in taken:
                name += " of the archive"
            taken.add(name)
            self.entries.append((name, value, False))
