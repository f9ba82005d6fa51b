"""The tensor and storage columns, filled one tensor at a time; each tensor is checked on the way in."""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import INT64_MAX, Flag, Storages, Tensors
from ckpt_gui.core.pickles.values import Storage, Tensor
from ckpt_gui.core.text import plural
from ckpt_gui.core.text import shape as shape_text

MAX_RANK = 64
MAX_FORMS = 4096
"""Forms that are kept: honest files have few, and no file shall fill a dict with shapes made to collide."""
_INT62 = 1 << 62
"""Sizes from here on are lies, and kept out of the 64-bit columns."""


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
    """Number of elements of a shape; negative sizes count as 0. Beyond all counting, a number that is itself absurd."""
    if not dtypes.countable(*sizes):
        return 1 << dtypes.MAX_SIZE_BITS
    numel = 1
    for dim in sizes:
        numel *= dim if dim > 0 else 0
    return numel


class _Form(NamedTuple):
    """What tensors of one type, shape and stride have in common."""

    dtype: int
    """Text id."""
    width: int
    """Bits of one element."""
    rank: int
    at: int
    """Where their sizes stand."""
    numel: int
    nbytes: int
    reach: int
    """Bits from the first element to the end of the last; far below 0 where there is no element."""


class Tables:
    """Collects tensors and storages; ``texts`` is shared with the nodes.

    Rows are gathered as tuples and turned into columns at the end: one append a tensor instead of a
    dozen.
    """

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.extras: dict[int, dict[str, Any]] = {}
        self._sizes = array("q")
        self._rows: list[tuple[int, ...]] = []
        self._storages: list[tuple[int, ...]] = []
        self._parts: list[tuple[int, Tensor]] = []
        self._forms: dict[tuple[str, tuple[int, ...], tuple[int, ...]], _Form] = {}
        self._places: dict[tuple[int, int], int] = {}
        self._strided = texts.id("strided")

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, tensor: Tensor, node: int, flags: int) -> int:
        """A row for ``tensor``; returns its id. ``node`` is -1 for a part of another tensor."""
        number, storage, offset = len(self._rows), tensor.storage, tensor.offset
        if tensor.requires_grad or tensor.conj or tensor.neg or tensor.parameter:
            flags |= _flags(tensor)
        sound = storage is not None and storage.problem is None and storage.root is None and tensor.problem is None
        form = None
        if sound and len(tensor.shape) <= MAX_RANK and tensor.layout == "strided" and 0 <= offset <= _INT62:
            form = self._forms.get((tensor.dtype, tensor.shape, tensor.stride)) or self._form(tensor)
        if form is None or storage is None or offset * form.width + form.reach > 8 * storage.nbytes:
            self._add_odd(number, tensor, node, flags)
        else:
            place = storage.id if storage.id >= 0 else self.storage_id(storage)
            self._rows.append(
                (node, form.dtype, flags, form.rank, form.at, offset, form.numel, form.nbytes, place, self._strided, -1)
            )
        if storage is None or tensor.parts or tensor.python_type or tensor.quantizer or tensor.device:
            self._unusual(number, tensor)
        return number

    def _form(self, tensor: Tensor) -> _Form | None:
        """What tensors of one type, shape and stride have in common; None where that needs a closer look."""
        kind, shape, stride = dtypes.named(tensor.dtype), tensor.shape, tensor.stride
        numel, last = 1, 0
        if len(shape) != len(stride) or len(shape) > MAX_RANK or kind.packed > 1 or not kind.bits:
            return None
        for dim, step in zip(shape, stride, strict=True):
            if not (0 <= dim <= _INT62 and 0 <= step <= _INT62):
                return None
            numel *= dim
            last += (dim - 1) * step
        nbytes = -(-numel * kind.bits // 8)
        if max(numel, nbytes) > _INT62:
            return None
        reach = (last + 1) * kind.bits if numel else -_INT62 * 128
        form = _Form(self.texts.id(tensor.dtype), kind.bits, len(shape), len(self._sizes), numel, nbytes, reach)
        self._sizes.extend(shape)
        self._sizes.extend(stride)
        if len(self._forms) < MAX_FORMS:
            self._forms[tensor.dtype, shape, stride] = form
        return form

    def _add_odd(self, number: int, tensor: Tensor, node: int, flags: int) -> None:
        strip_endless(tensor)
        storage, offset, shape = tensor.storage, tensor.offset, tensor.shape
        if storage is not None and storage.root is not None:
            offset += storage.root_offset
            storage = storage.root
        numel, nbytes, problem = self._odd(number, tensor, storage, offset)
        at = len(self._sizes)
        if "shape" in self.extras.get(number, ()):
            shape, offset = (), 0
        else:
            self._sizes.extend(shape)
            self._sizes.extend(tensor.stride)
        place = self.storage_id(storage) if storage is not None else -1
        dtype, layout = self.texts.id(tensor.dtype), self.texts.id(tensor.layout)
        self._rows.append((node, dtype, flags, len(shape), at, offset, numel, nbytes, place, layout, problem))

    def _odd(self, number: int, tensor: Tensor, storage: Storage | None, offset: int) -> tuple[int, int, int]:
        """Element count, bytes and problem (text id) of a tensor that is not plain and sound.

        Sizes the columns cannot hold (lies, mostly, and sparse tensors) go to the extras, as written.
        """
        shape, stride = tensor.shape, tensor.stride
        numel = product(shape) if tensor.layout not in ("nested", "jagged") else _held(tensor)
        nbytes = dtypes.nbytes(tensor.dtype, numel)
        problem = tensor.problem or check(tensor, storage, offset, numel)
        whole = (*shape, *stride, offset)
        if len(shape) != len(stride) or len(shape) > MAX_RANK or not -_INT62 < min(whole) <= max(whole) < _INT62:
            self.extras.setdefault(number, {}).update(shape=list(shape), stride=list(stride), offset=offset)
        if numel > INT64_MAX or nbytes > INT64_MAX:
            self.extras.setdefault(number, {}).update(numel=numel, nbytes=nbytes)
        return min(numel, INT64_MAX), min(nbytes, INT64_MAX), self.texts.id(problem) if problem else -1

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
        if tensor.pieces is not None or tensor.layout != "strided":
            extra["pieces"] = []
        if tensor.parts or tensor.pieces:
            self._parts.append((number, tensor))

    def add_parts(self) -> None:
        """Rows for parts and pieces of all tensors added so far; call once, after the last ``add``.

        One part of many tensors (or of itself, in a hostile file) has one row.
        """
        rows: dict[int, int] = {}
        for number, tensor in self._parts:  # grows while it is walked: a part may have parts
            for name, part in tensor.parts or ():
                row = rows.get(id(part), -1)
                if row < 0:
                    row = rows[id(part)] = self.add(part, -1, 0)
                self.extras[number]["parts"].append([name, row])
            for part, origin in tensor.pieces or ():
                storage = self.storage_id(part.storage) if part.storage is not None else -1
                self.extras[number]["pieces"].append(
                    [storage, list(origin), list(part.shape), list(part.stride), part.offset]
                )

    def storage_id(self, storage: Storage) -> int:
        """The storage's number, made at its first use."""
        if storage.id < 0:
            nbytes = min(max(storage.nbytes, 0), INT64_MAX)
            packed = min(storage.packed, INT64_MAX) if storage.packed >= 0 else nbytes
            if storage.nbytes < 0 and storage.problem:
                # Nothing of it was found, but the file says how long it is.
                nbytes = min(dtypes.nbytes(storage.dtype, max(storage.numel, 0)), INT64_MAX)
            device = -1 if storage.device is None else self.texts.id(storage.device)
            offset = storage.offset if storage.offset <= INT64_MAX else -1
            storage.id = len(self._storages)
            if offset >= 0 and nbytes:
                # torch.package lets one record be read as two types: two storages there, one memory here.
                storage.id = self._places.setdefault((storage.source, offset), storage.id)
                if storage.id < len(self._storages):
                    return storage.id
            self._storages.append(
                (storage.source, self.texts.id(storage.key), offset, nbytes, packed, device,
                 storage.big_endian, storage.compression, storage.crc)
            )  # fmt: skip
        return storage.id

    def columns(self) -> tuple[Tensors, Storages]:
        """Everything gathered, as columns."""
        tensors, storages = Tensors(), Storages()
        fill(tensors, self._rows, [name for name in Tensors.FIELDS if name != "sizes"])
        fill(storages, self._storages, list(Storages.FIELDS))
        tensors.sizes = self._sizes
        return tensors, storages


def fill(columns: Any, rows: list[tuple[int, ...]], names: list[str]) -> None:
    """Turn rows into the columns of those names, a slice at a time so that no second copy of all is made."""
    step = 1 << 16
    for begin in range(0, len(rows), step):
        for name, values in zip(names, zip(*rows[begin : begin + step], strict=True), strict=True):
            getattr(columns, name).extend(values)


def _flags(tensor: Tensor) -> int:
    return (
        (Flag.REQUIRES_GRAD if tensor.requires_grad else 0)
        | (Flag.PARAMETER if tensor.parameter else 0)
        | (Flag.CONJ if tensor.conj else 0)
        | (Flag.NEG if tensor.neg else 0)
    )


def strip_endless(tensor: Tensor) -> None:
    """Take off sizes that are too large to be multiplied and written down."""
    if not dtypes.countable(*tensor.shape, *tensor.stride, tensor.offset):
        tensor.shape, tensor.stride, tensor.offset = (), (), 0
        tensor.problem = tensor.problem or "its sizes are thousands of digits long"


def _held(tensor: Tensor) -> int:
    """Elements of a ragged tensor: those of the part that holds its values."""
    parts = dict(tensor.parts or ())
    values = parts.get("values") or parts.get("buffer")
    return product(values.shape) if values is not None else 0


def check(tensor: Tensor, storage: Storage | None, offset: int, numel: int) -> str | None:
    """Why the tensor does not hold together, in words; None if it does. Python integers throughout."""
    shape, stride = tensor.shape, tensor.stride
    if min(shape, default=0) < 0 and tensor.layout not in ("nested", "jagged"):
        return f"negative size in {list(shape)}"
    if numel > INT64_MAX or dtypes.nbytes(tensor.dtype, numel) > INT64_MAX:
        return f"{shape_text(shape)} is more than a 64-bit count of bytes"
    if storage is None:
        return None
    if storage.problem:
        return storage.problem
    if len(shape) != len(stride):
        return f"{plural(len(shape), 'size')} but {plural(len(stride), 'stride')}"
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
