"""The tensor and storage columns, filled one tensor at a time; each tensor is checked on the way in."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import INT64_MAX, Flag, Storages, Tensors
from ckpt_gui.core.pickles.values import Storage, Tensor
from ckpt_gui.core.text import shape as shape_text

MAX_RANK = 64
_INT32_MAX = 2**31 - 1


class Texts:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self.list: list[str] = []
        self._ids: dict[str, int] = {}

    def id(self, text: str) -> int:
        """The number of ``text``."""
        found = self._ids.get(text)
        if found is None:
            found = self._ids[text] = len(self.list)
            self.list.append(text)
        return found


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides in elements, as torch gives them (a size of 0 counts as 1)."""
    strides: list[int] = []
    step = 1
    for dim in reversed(shape):
        strides.append(step)
        step *= max(dim, 1)
    return tuple(reversed(strides))


def product(sizes: tuple[int, ...]) -> int:
    """Number of elements of a shape; negative sizes count as 0."""
    numel = 1
    for dim in sizes:
        numel *= dim if dim > 0 else 0
    return numel


class Tables:
    """Collects tensors and storages; ``texts`` is shared with the nodes."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.tensors = Tensors()
        self.storages = Storages()
        self.extras: dict[int, dict[str, Any]] = {}
        self.parts_pending: list[tuple[int, Tensor]] = []

    def add(self, tensor: Tensor, node: int, flags: int) -> int:
        """A row for ``tensor``; returns its id. ``node`` is -1 for a part of another tensor."""
        t = self.tensors
        number = len(t.node)
        storage, shape, stride, offset = tensor.storage, tensor.shape, tensor.stride, tensor.offset
        if storage is not None and storage.root is not None:
            offset += storage.root_offset
            storage = storage.root
        numel = 1
        for dim in shape:
            numel *= dim if dim > 0 else 0
        problem = tensor.problem or check(tensor, storage, offset, numel)
        if tensor.requires_grad:
            flags |= Flag.REQUIRES_GRAD
        if tensor.parameter:
            flags |= Flag.PARAMETER
        if tensor.conj:
            flags |= Flag.CONJ
        if tensor.neg:
            flags |= Flag.NEG
        nbytes = dtypes.nbytes(tensor.dtype, numel)
        t.node.append(node)
        t.dtype.append(self.texts.id(tensor.dtype))
        t.flags.append(flags)
        t.sizes_at.append(len(t.sizes))
        t.storage.append(self.storage_id(storage) if storage is not None else -1)
        t.layout.append(self.texts.id(tensor.layout))
        t.problem.append(self.texts.id(problem) if problem else -1)
        t.numel.append(min(numel, INT64_MAX))
        t.nbytes.append(min(nbytes, INT64_MAX))
        if len(stride) == len(shape) <= MAX_RANK and max(shape + stride + (offset,), default=0) <= INT64_MAX:
            try:
                t.sizes.extend(shape + stride)
                t.rank.append(len(shape))
                t.offset.append(offset)
            except OverflowError:
                del t.sizes[t.sizes_at[-1] :]
                self._odd_sizes(number, shape, stride, offset)
        else:
            self._odd_sizes(number, shape, stride, offset)
        if numel > INT64_MAX or nbytes > INT64_MAX:
            self.extras.setdefault(number, {}).update(numel=numel, nbytes=nbytes)
        if storage is None or tensor.parts or tensor.python_type or tensor.quantizer or tensor.device:
            self._unusual(number, tensor)
        return number

    def _odd_sizes(self, number: int, shape: tuple[int, ...], stride: tuple[int, ...], offset: int) -> None:
        """Sizes the columns cannot hold (lies, mostly, and sparse tensors) stand in the extras as written."""
        self.tensors.rank.append(0)
        self.tensors.offset.append(0)
        self.extras.setdefault(number, {}).update(shape=list(shape), stride=list(stride), offset=offset)

    def _unusual(self, number: int, tensor: Tensor) -> None:
        extra = self.extras.setdefault(number, {})
        if tensor.python_type:
            extra["python_type"] = tensor.python_type
        if tensor.quantizer:
            extra["quantizer"] = tensor.quantizer
        if tensor.device is not None:
            extra["device"] = tensor.device
        elif tensor.storage is None:
            holder = next((part for _, part in reversed(tensor.parts or ()) if part.storage is not None), None)
            extra["device"] = holder.storage.device if holder and holder.storage else None
        if tensor.parts:
            extra["parts"] = []
            self.parts_pending.append((number, tensor))
        if tensor.pieces is not None or (tensor.parts and tensor.storage is None):
            extra["pieces"] = []
            self.parts_pending.append((number, tensor)) if not tensor.parts else None

    def add_parts(self) -> None:
        """Rows for parts and pieces of all tensors added so far; call once, after the last ``add``."""
        while self.parts_pending:
            number, tensor = self.parts_pending.pop(0)
            for name, part in tensor.parts or ():
                self.extras[number]["parts"].append([name, self.add(part, -1, 0)])
            for part, origin in tensor.pieces or ():
                storage = self.storage_id(part.storage) if part.storage is not None else -1
                self.extras[number]["pieces"].append(
                    [storage, list(origin), list(part.shape), list(part.stride), part.offset]
                )

    def storage_id(self, storage: Storage) -> int:
        """The storage's number, made at its first use."""
        if storage.id < 0:
            s = self.storages
            storage.id = len(s.key)
            s.source.append(storage.source)
            s.key.append(self.texts.id(storage.key))
            s.offset.append(storage.offset)
            s.nbytes.append(min(max(storage.nbytes, 0), INT64_MAX))
            s.packed.append(min(max(storage.packed if storage.packed >= 0 else storage.nbytes, 0), INT64_MAX))
            s.device.append(-1 if storage.device is None else self.texts.id(storage.device))
            s.big_endian.append(storage.big_endian)
            s.compression.append(storage.compression)
            s.crc.append(storage.crc)
        return storage.id


def check(tensor: Tensor, storage: Storage | None, offset: int, numel: int) -> str | None:
    """Why the tensor does not hold together, in words; None if it does. Python integers throughout."""
    shape, stride = tensor.shape, tensor.stride
    if min(shape, default=0) < 0 and tensor.layout not in ("nested", "jagged"):
        return f"negative size in {list(shape)}"
    if storage is None:
        return None
    if storage.problem:
        return storage.problem
    if len(shape) != len(stride):
        return f"{len(shape)} sizes but {len(stride)} strides"
    if len(shape) > MAX_RANK:
        return f"rank {len(shape)}, more than {MAX_RANK}"
    if min(stride, default=0) < 0 or offset < 0:
        return "negative stride or offset"
    width = dtypes.named(tensor.dtype).stored_bits
    if not width:
        return f"element type {tensor.dtype} is not known"
    if numel == 0:
        return None
    last = offset
    for dim, step in zip(shape, stride, strict=True):
        last += (dim - 1) * step
    needed = -(-(last + 1) * width // 8)
    if needed > storage.nbytes:
        return (
            f"{shape_text(shape)} from element {offset:,} reaches byte {needed:,} of a storage of "
            f"{max(storage.nbytes, 0):,} bytes"
        )
    return None
