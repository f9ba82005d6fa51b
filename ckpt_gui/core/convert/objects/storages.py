"""The storages and tensors of a source's pickle as the plan has them: tags, types, lengths, offsets, persistent ids.

A device tag is the fourth item of each persistent id and nothing else. Only what the plan changes is made anew; the
rest stays the very objects it was, so that what was shared in the stream stays shared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import DeviceRule, Plan, Record
from ckpt_gui.core.convert.objects.calls import CLASSES, UTILS, Calls, count
from ckpt_gui.core.convert.objects.streams import Stream, text_of
from ckpt_gui.core.convert.options import tag_after
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.graph import Made, Persistent, Raw, reachable
from ckpt_gui.core.pickles.values import Global
from ckpt_gui.core.text import escape

_STRIDED = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
_FROM_TYPE = ("_rebuild_from_type", "_rebuild_from_type_v2")
_REQUIRES_GRAD = 4
"""Place among the arguments of ``_rebuild_tensor_v2`` and ``_v3``."""
_PARAMETERS = ("_rebuild_parameter", "_rebuild_parameter_with_state")
_DEVICE = {"_rebuild_wrapper_subclass": 6, "_rebuild_device_tensor_from_cpu_tensor": 2}
"""Calls that make tensors without a storage of their own → the place of the device among their arguments."""


class Homes:
    """Which record each storage of the source became."""

    def __init__(self, checkpoint: Checkpoint, plan: Plan) -> None:
        self._checkpoint = checkpoint
        self._by_key: dict[str, list[Record]] = defaultdict(list)
        for record in plan.records:
            if record.storage >= 0:
                self._by_key[checkpoint.texts[checkpoint.storages.key[record.storage]]].append(record)

    def of(self, key: str, byte: int | None) -> Record | None:
        """The record that holds a byte of a storage; for None the only one there is. None if there is none."""
        among = self._by_key.get(key, ())
        if len(among) == 1 and (byte is None or among[0].start == 0):
            return among[0]
        if byte is None:
            return None
        return next((one for one in among if one.start <= byte <= one.start + source_nbytes(one)), None)

    def any(self, key: str) -> Record | None:
        """A record of that storage: a tensor without elements may lie in whichever."""
        return next(iter(self._by_key.get(key, ())), None)

    def is_whole(self, record: Record) -> bool:
        """Whether it is its storage as it was, but for the tag."""
        there = self._checkpoint.storages.nbytes[record.storage]
        return record.start == 0 and record.nbytes == there and record.dtype == record.source_dtype


def source_nbytes(record: Record) -> int:
    """Bytes of the source that a record is made of."""
    if record.source_dtype == record.dtype:
        return record.nbytes
    return dtypes.stored_nbytes(record.source_dtype, record.numel)


def rewrite(
    stream: Stream, root: Any, homes: Homes, rules: Sequence[DeviceRule], calls: Calls, final: Sequence[Persistent] = ()
) -> None:
    """Change tensors and persistent ids of one pickle, in place. ``calls`` are those of the result; ``final`` are
    persistent ids that are as they shall be.

    Raises ConvertError for a storage that the plan does not know: one that no tensor uses, mostly.
    """
    rewriting = _Rewriting(stream, homes, rules, calls)
    rewriting.done.update((id(one), None) for one in final)
    rewriting.run(root)


class Site(NamedTuple):
    """A call that makes a tensor; or one that another call is to make (``inner``)."""

    made: Made
    inner: bool

    @property
    def callee(self) -> Global:
        """What is called."""
        found: Global = self.made.args[0] if self.inner else self.made.callee
        return found

    @property
    def args(self) -> tuple[Any, ...]:
        """With what."""
        found: tuple[Any, ...] = self.made.args[2] if self.inner else self.made.args
        return found

    def put(self, callee: Global, args: tuple[Any, ...]) -> None:
        """Call something else."""
        if self.inner:
            self.made.args = (callee, self.made.args[1], args, *self.made.args[3:])
        else:
            self.made.callee, self.made.args = callee, args

    @property
    def dtype(self) -> str:
        """Element type: of ``_rebuild_tensor_v3`` its own, else that of its storage's class."""
        if self.callee.name == "_rebuild_tensor_v3" and len(self.args) > 6 and type(self.args[6]) is Global:
            return dtypes.ALIASES.get(self.args[6].name, self.args[6].name)
        return class_dtype(self.args[0].pid[1])


def site_of(value: Any) -> Site | None:
    """The call, if the value is one that makes a strided tensor of a storage."""
    site = _torch_call(value)
    if site is None or site.callee.name not in _STRIDED or len(site.args) < 4:
        return None
    storage, offset = site.args[:2]
    return site if type(storage) is Persistent and is_storage(storage.pid) and type(offset) is int else None


def _torch_call(value: Any) -> Site | None:
    """The call, if it is one of a function of torch that rebuilds tensors, itself or by ``_rebuild_from_type_v2``."""
    if type(value) is not Made or type(value.callee) is not Global or type(value.args) is not tuple:
        return None
    args = value.args
    inner = value.callee.name in _FROM_TYPE and len(args) == 4 and type(args[0]) is Global and type(args[2]) is tuple
    site = Site(value, inner)
    return site if site.callee.module == UTILS else None


def is_storage(pid: Any) -> bool:
    """Whether a persistent id is that of a storage: ``('storage', class, key, tag, count[, view])``."""
    return (
        type(pid) is tuple and len(pid) in (5, 6) and text_of(pid[0]) == "storage" and type(pid[1]) is Global
        and text_of(pid[2]) is not None and text_of(pid[3]) is not None and type(pid[4]) is int
    )  # fmt: skip


def class_dtype(kind: Any) -> str:
    """The element type of a storage class by its name."""
    name = kind.name.rpartition(".")[2] if type(kind) is Global else ""
    return dtypes.STORAGE_DTYPES.get(name, name)


def _is_empty(shape: Any) -> bool:
    """Whether a shape has no elements; a ``torch.Size`` is a call."""
    shape = shape.args[0] if type(shape) is Made and type(shape.args) is tuple and shape.args else shape
    return type(shape) in (tuple, list) and any(type(size) is int and size == 0 for size in shape)


def _view(pid: tuple[Any, ...]) -> tuple[Any, int, int] | None:
    """View metadata ``(key, offset, size)`` of torch before 0.4."""
    view = pid[5] if len(pid) == 6 else None
    plain = type(view) is tuple and len(view) == 3 and type(view[1]) is int and type(view[2]) is int
    return view if plain else None


class _Rewriting:
    def __init__(self, stream: Stream, homes: Homes, rules: Sequence[DeviceRule], calls: Calls) -> None:
        self.stream = stream
        self.homes = homes
        self.rules = rules
        self.calls = calls
        self.done: dict[int, Record | None] = {}
        """Persistent ids seen to, and what became of them."""
        self.graded: set[int] = set()
        """Ids of tensors whose new type has no gradient."""

    def run(self, root: Any) -> None:
        """Everything. Tensors first, for they know which part of a storage they need; then what storages are left."""
        values = list(reachable([root]).values())
        if self.stream.listed:
            for value in values:
                if (site := site_of(value)) is not None and self.done.get(id(site.args[0]), True) is not None:
                    self._site(site)
            self._around(values)
        for value in values:
            if type(value) is Persistent and id(value) not in self.done and is_storage(value.pid):
                self._alone(value)

    def _key(self, pid: tuple[Any, ...]) -> str:
        """The storage's key as the index has it."""
        return self.stream.folder + (text_of(pid[2]) or "").removesuffix(self.stream.suffix)

    def _site(self, site: Site) -> None:
        storage, offset, *rest = site.args
        view, dtype = _view(storage.pid), site.dtype
        width = max(1, dtypes.named(dtype).stored_bits)
        shift = view[1] if view is not None else 0
        key = self._key(storage.pid)
        record = self.homes.of(key, (offset + shift) * width // 8)
        if record is None and _is_empty(rest[0]):
            record = self.homes.any(key)
        if record is None:
            raise ConvertError(f"storage {escape(key)[:80]} is not in the plan, but a tensor uses it")
        start = record.start * 8 // width
        if not self.calls.legacy or view is None:
            offset = max(0, offset + shift - start)  # else the view itself is moved
        now = self._storage(storage, record, start)
        callee, rest = self._typed(site, record, rest)
        if now is not storage or offset != site.args[1] or callee is not site.callee or rest != list(site.args[2:]):
            site.put(callee, (now, offset, *rest))

    def _around(self, values: list[Any]) -> None:
        """Parameters of what lost its gradient, devices of tensors that are made of others."""
        for value in values if self.graded or self.rules or self.calls.legacy else ():
            site = _torch_call(value)
            if site is None:
                continue
            if self.calls.legacy and site.callee.name == "_rebuild_nested_tensor":
                raise ConvertError("the older format holds no nested tensor: torch would need its sizes too early")
            name, args = site.callee.name, site.args
            if name in _PARAMETERS and len(args) > 1 and id(args[0]) in self.graded:
                site.put(site.callee, (args[0], False, *args[2:]))
            elif name in _DEVICE and len(args) > (place := _DEVICE[name]):
                site.put(site.callee, (*args[:place], self._device(args[place]), *args[place + 1 :]))

    def _device(self, value: Any) -> Any:
        """A device as such a call takes it, text or ``torch.device('cuda', 0)``, by the rules."""
        given = value.args if type(value) is Made and type(value.args) is tuple else (value,)
        texts = [text_of(one) for one in given]
        if not texts or None in texts or len(texts) > 2:
            return value
        old = ":".join(str(text) for text in texts)
        new = self._tag(old)
        if new == old or old == "meta":
            return value
        kind, colon, index = new.partition(":")
        if type(value) is not Made:
            return self.calls.text(new)
        return Made(value.how, value.callee, (self.calls.text(kind), int(index)) if colon else (self.calls.text(kind),))

    def _typed(self, site: Site, record: Record, rest: list[Any]) -> tuple[Global, list[Any]]:
        """What to call, and the arguments after the offset, once the type has changed."""
        name = site.callee.name
        if record.dtype == record.source_dtype:
            return site.callee, rest
        if name == "_rebuild_tensor":
            rest = [*rest[:2], False, self.calls.hooks()]
        head, more = rest[:4], rest[5:] if name == "_rebuild_tensor_v3" else rest[4:]
        if dtypes.named(record.dtype).kind not in ("float", "complex"):
            self.graded.add(id(site.made))
        if id(site.made) in self.graded or record.dtype not in CLASSES:
            # torch cannot even read what it writes of a plain tensor with a gradient by _rebuild_tensor_v3.
            head[_REQUIRES_GRAD - 2] = False
        if record.dtype in CLASSES:
            callee = site.callee if name == "_rebuild_tensor_v2" else self.calls.name(UTILS, "_rebuild_tensor_v2")
            return callee, [*head, *more]
        return self.calls.name(UTILS, "_rebuild_tensor_v3"), [*head, self.calls.name("torch", record.dtype), *more]

    def _storage(self, storage: Persistent, record: Record, start: int) -> Persistent:
        """The persistent id with what the record says; a second one where two records share the object."""
        if id(storage) in self.done:
            if self.done[id(storage)] is record:
                return storage
            storage = Persistent(storage.pid)
        pid = self._pid(storage.pid, record, start)
        if pid != storage.pid:
            storage.pid = pid
        self.done[id(storage)] = record
        return storage

    def _alone(self, storage: Persistent) -> None:
        """A storage that no plain tensor uses."""
        key, pid = self._key(storage.pid), storage.pid
        record = self.homes.of(key, None) if self.stream.listed else None
        self.done[id(storage)] = record
        if record is not None:
            if not self.calls.legacy and _view(pid) is not None:
                raise ConvertError(
                    f"storage {escape(key)[:80]} is a part of another, which only the older format can say"
                )
            width = max(1, dtypes.named(class_dtype(pid[1])).stored_bits)
            storage.pid = self._pid(pid, record, record.start * 8 // width)
        elif self.stream.listed and pid[4] != 0:
            raise ConvertError(
                f"storage {escape(key)[:80]} is used by something that is no tensor, and what it is cannot be told"
            )
        else:
            storage.pid = self._tagged(pid, self._tag(text_of(pid[3]) or ""))

    def _pid(self, pid: tuple[Any, ...], record: Record, start: int) -> tuple[Any, ...]:
        kind, key, numel = pid[1], pid[2], pid[4]
        if not self.homes.is_whole(record):
            typed = class_dtype(kind) in CLASSES if record.dtype == record.source_dtype else record.dtype in CLASSES
            if record.dtype != record.source_dtype:
                kind = self.calls.storage_class(record.dtype if typed else None)
            numel = record.nbytes * 8 // dtypes.named(class_dtype(kind)).bits if typed else count(record, False)
        if self._key(pid) != record.key:
            key = self.calls.text(record.key)
        if self.calls.legacy and len(pid) == 5 and class_dtype(kind) not in CLASSES:
            raise ConvertError(
                f"storage {escape(record.key)[:80]} is one of bytes, which the older format does not have"
            )
        made: tuple[Any, ...] = (pid[0], kind, key, pid[3], numel)
        view = _view(pid)
        if self.calls.legacy:
            moved = view if view is None or not start else (view[0], view[1] - start, view[2])
            made = (*made, moved)
        return self._tagged(made, record.device)

    def _tagged(self, pid: tuple[Any, ...], tag: str | None) -> tuple[Any, ...]:
        if tag is None or text_of(pid[3]) == tag:
            return pid
        old = type(pid[3]) is Raw
        return (*pid[:3], Raw("old text", tag.encode()) if old else self.calls.text(tag), *pid[4:])

    def _tag(self, tag: str) -> str:
        """What the rules make of a tag that no record of the plan bears."""
        return tag_after(tag, self.rules)
