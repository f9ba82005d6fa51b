"""The calls by which torch's pickles make tensors, as graph values (torch/_utils.py, torch/_tensor.py)."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Record
from ckpt_gui.core.pickles.graph import Dict, Made, Persistent
from ckpt_gui.core.pickles.values import Global

UTILS = "torch._utils"
CLASSES = {
    dtype: name for name, dtype in dtypes.STORAGE_DTYPES.items() if name not in ("UntypedStorage", "TypedStorage")
}
"""Element type → its storage class in the module ``torch``; types without one take ``_rebuild_tensor_v3``."""


class Calls:
    """Makes the values of one pickle: each name of code, tag and small text is one object in it."""

    def __init__(self, legacy: bool) -> None:
        self.legacy = legacy
        """Whether persistent ids are those of torch's older stream, of six parts."""
        self._names: dict[tuple[str, str], Global] = {}
        self._texts: dict[str, str] = {}

    def name(self, module: str, name: str) -> Global:
        """A name of code."""
        return self._names.setdefault((module, name), Global(module, name))

    def text(self, text: str) -> str:
        """The text as one object that nothing else in the pickle is, so that a tag is never a user's value."""
        return self._texts.setdefault(text, text[:1] + text[1:])

    def call(self, module: str, name: str, *args: Any) -> Made:
        """``module.name(*args)``."""
        return Made("reduce", self.name(module, name), args)

    def hooks(self) -> Made:
        """The empty ``OrderedDict()`` that stands for backward hooks."""
        return self.call("collections", "OrderedDict")

    def storage_class(self, dtype: str | None) -> Global:
        """Of an element type; None where the storage is of bytes."""
        if dtype is None:
            return self.name("torch.storage", "UntypedStorage")
        return self.name("torch", CLASSES[dtype])

    def storage(self, record: Record, typed: bool) -> Persistent:
        """The storage of a record, as a persistent id."""
        kind = self.storage_class(record.dtype if typed else None)
        tag = self.text(record.device or "cpu")
        pid = (self.text("storage"), kind, self.text(record.key), tag, count(record, typed))
        return Persistent((*pid, None) if self.legacy else pid)

    def tensor(
        self,
        storage: Persistent,
        offset: int,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        *,
        untyped: str | None = None,
        requires_grad: bool = False,
        conj: bool = False,
        neg: bool = False,
    ) -> Made:
        """A strided tensor; ``untyped`` is its element type where its storage is one of bytes. Elements throughout."""
        args: list[Any] = [storage, offset, shape, stride, requires_grad, self.hooks()]
        if untyped is not None:
            args.append(self.name("torch", untyped))
        if conj or neg:
            marks = Dict()
            marks.items = [(self.text(mark), True) for mark, there in (("conj", conj), ("neg", neg)) if there]
            args.append(marks)
        return self.call(UTILS, "_rebuild_tensor_v2" if untyped is None else "_rebuild_tensor_v3", *args)

    def ordered(self, items: list[tuple[Any, Any]]) -> Made:
        """An OrderedDict of these pairs."""
        made = self.call("collections", "OrderedDict")
        if items:
            made.step("items", items)
        return made


def count(record: Record, typed: bool) -> int:
    """What a persistent id says of the record's length: elements of its class; bytes where that is of bytes."""
    return record.nbytes * 8 // dtypes.named(record.dtype).bits if typed else record.nbytes
