"""What there is to say of one tensor."""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_gui.core import dtypes, text
from ckpt_gui.core.columns import Compression, Flag
from ckpt_gui.core.facts import phrases
from ckpt_gui.core.facts.nouns import MAX_LINKS, Fact, Section
from ckpt_gui.core.model import Checkpoint, Node, TensorInfo
from ckpt_gui.core.roles import Anatomy

MAX_STORAGES = 4
"""Storages of a sharded tensor that are described one by one."""


def line(checkpoint: Checkpoint, anatomy: Anatomy, node: Node, tensor: TensorInfo) -> str:
    """One line of facts."""
    partners = _partners(checkpoint, tensor)
    own = "own storage" if not partners else f"storage shared with {text.plural(len(partners), 'tensor')}"
    words = [
        text.shape(tensor.shape), tensor.dtype, tensor.device or "", text.size(tensor.nbytes),
        own if tensor.storage >= 0 else "", anatomy.role(node.id).name,
    ]  # fmt: skip
    return " · ".join(text.escape(word) for word in words if word)


def _partners(checkpoint: Checkpoint, tensor: TensorInfo) -> list[int]:
    """Other tensor rows that use one of the tensor's storages."""
    column, found = checkpoint.tensors.storage, []
    for storage in {piece.storage for piece in tensor.pieces if piece.storage >= 0}:
        at = -1
        while True:
            try:
                at = column.index(storage, at + 1, checkpoint.rows)
            except ValueError:
                break
            if at != tensor.id:
                found.append(at)
    return sorted(found)


def summary(checkpoint: Checkpoint, anatomy: Anatomy, node: Node, tensor: TensorInfo) -> tuple[Section, ...]:
    """What one asks first of a tensor."""
    rows = [
        Fact("Problem", text.escape(tensor.problem), alarm=True) if tensor.problem else None,
        Fact("Path", text.escape(text.path_text(checkpoint.path_of(node.id)))),
        Fact("Shape", text.shape(tensor.shape) + (f"   rank {len(tensor.shape)}" if tensor.shape else "")),
        Fact("Dtype", tensor.dtype),
        Fact("Device", text.escape(tensor.device) if tensor.device else "not recorded in this format"),
        Fact("Elements", phrases.exact(tensor.numel)),
        Fact("Size", phrases.nbytes(tensor.nbytes)),
        _stored(checkpoint, tensor),
        Fact("Role", anatomy.role(node.id).name),
        belongs(checkpoint, anatomy, node),
        Fact("Kind", _kind_of_tensor(tensor)),
        Fact("requires_grad", "yes" if tensor.flags & Flag.REQUIRES_GRAD else "no"),
        *_flag_facts(tensor),
    ]
    sections = [Section("", tuple(row for row in rows if row is not None)), _sharing(checkpoint, tensor)]
    return tuple(section for section in sections if section.facts)


def _kind_of_tensor(tensor: TensorInfo) -> str:
    if tensor.python_type:
        return text.escape(tensor.python_type)
    plain = "Parameter" if tensor.flags & Flag.PARAMETER else "Tensor"
    return plain if tensor.layout == "strided" else f"{plain}, {text.escape(tensor.layout)}"


def _flag_facts(tensor: TensorInfo) -> Iterator[Fact]:
    if tensor.flags & Flag.NOT_IN_STATE_DICT:
        yield Fact("Note", "not in the state_dict of its module")
    if tensor.flags & Flag.CONJ:
        yield Fact("Note", "the values are to be conjugated")
    if tensor.flags & Flag.NEG:
        yield Fact("Note", "the values are to be negated")


def _stored(checkpoint: Checkpoint, tensor: TensorInfo) -> Fact | None:
    """The bytes of its storages on disk, where they are not the tensor's own size."""
    storages = {piece.storage for piece in tensor.pieces if piece.storage >= 0}
    packed = sum(checkpoint.storages.packed[storage] for storage in storages)
    return None if not storages or packed == tensor.nbytes else Fact("Stored", phrases.nbytes(packed))


def belongs(checkpoint: Checkpoint, anatomy: Anatomy, node: Node) -> Fact | None:
    """The weight whose optimizer state this is."""
    for above in (node.id, *checkpoint.ancestors(node.id)):
        if (weight := anatomy.joined.get(above, -1)) >= 0:
            return Fact("State of", phrases.path(checkpoint, weight), weight)
    return None


def _sharing(checkpoint: Checkpoint, tensor: TensorInfo) -> Section:
    """Who else uses the storage, and how much of it this tensor uses."""
    if tensor.storage < 0:
        return Section("", ())
    partners = _partners(checkpoint, tensor)
    total = sum(checkpoint.storages.nbytes[number] for number in {piece.storage for piece in tensor.pieces})
    used = sum(_used(tensor.dtype, piece.shape, piece.stride) for piece in tensor.pieces)
    used_of = f"{phrases.percent(used, total)} of it: {text.size(used)} of {text.size(total)}"
    rows = [Fact("Uses", used_of)] if total else []
    nodes = [checkpoint.tensors.node[other] for other in partners[:MAX_LINKS]]
    rows += [Fact("Shared with", phrases.path(checkpoint, node), node) for node in nodes]
    if not partners:
        rows.append(Fact("Shared with", "no other tensor"))
    if len(partners) > MAX_LINKS:
        rows.append(Fact("", f"and {len(partners) - MAX_LINKS:,} more"))
    return Section("Storage", tuple(rows))


def _used(dtype: str, shape: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """Bytes of distinct elements; an expanded dimension (stride 0) counts once."""
    distinct = 1
    for number, dim in enumerate(shape):
        expanded = number < len(stride) and stride[number] == 0
        distinct *= min(dim, 1) if expanded else max(dim, 0)
    return dtypes.stored_nbytes(dtype, distinct)


def info(checkpoint: Checkpoint, tensor: TensorInfo) -> tuple[Section, ...]:
    """How the tensor lies in the file."""
    sections = [
        Section("", tuple(_layout_facts(checkpoint, tensor))),
        *(_storage_section(checkpoint, number) for number in _storages(tensor)[:MAX_STORAGES]),
        Section("Quantizer", tuple(_quantizer_facts(checkpoint, tensor))),
        Section("Parts", tuple(_part_facts(checkpoint, tensor))),
        Section("Pieces", tuple(_piece_facts(checkpoint, tensor))),
    ]
    return tuple(section for section in sections if section.facts)


def _storages(tensor: TensorInfo) -> list[int]:
    return sorted({piece.storage for piece in tensor.pieces})


def _layout_facts(checkpoint: Checkpoint, tensor: TensorInfo) -> Iterator[Fact]:
    yield Fact("Layout", text.escape(tensor.layout))
    if tensor.stride is not None:
        dense = _dense(tensor.shape) == tensor.stride
        yield Fact("Strides", f"({phrases.numbers(tensor.stride)}) elements" + (", contiguous" if dense else ""))
        yield Fact("Offset", f"{tensor.offset:,} elements")
    place = checkpoint.byte_offset(tensor.id)
    if place is not None:
        yield Fact("First byte", f"{place:,}   (0x{place:x})")
    yield Fact("Element", f"{dtypes.named(tensor.dtype).bits} bits, {dtypes.named(tensor.dtype).kind}")


def _storage_section(checkpoint: Checkpoint, number: int) -> Section:
    if number < 0:
        return Section("Storage", (Fact("Data", "none in this file (a meta tensor)"),))
    ref = checkpoint.storage(number)
    packing = {Compression.NONE: "none", Compression.DEFLATE: "deflate"}.get(ref.compression, "cannot be read")
    rows = [
        Fact("Key", text.escape(ref.key)),
        Fact("Size", phrases.nbytes(ref.nbytes)),
        Fact("In the file", phrases.nbytes(ref.packed)) if ref.packed != ref.nbytes else None,
        Fact("Begins at", f"{ref.offset:,}   (0x{ref.offset:x})" if ref.offset >= 0 else "nowhere: it has no bytes"),
        Fact("File", text.escape(checkpoint.sources[ref.source].path)),
        Fact("Compression", packing),
        Fact("Byte order", f"{ref.byteorder}-endian"),
        Fact("CRC-32", f"{ref.crc:08x}" if ref.crc >= 0 else "none written"),
    ]
    return Section("Storage", tuple(row for row in rows if row is not None))


def _quantizer_facts(checkpoint: Checkpoint, tensor: TensorInfo) -> Iterator[Fact]:
    for name, value in (tensor.quantizer or {}).items():
        if name in ("scales", "zero_points") and isinstance(value, int) and 0 <= value < len(checkpoint.tensors):
            part = checkpoint.tensor(value)
            yield Fact(name, f"{text.shape(part.shape)} · {part.dtype}")
        else:
            yield Fact(name, text.escape(text.clip(str(value), 200)))


def _part_facts(checkpoint: Checkpoint, tensor: TensorInfo) -> Iterator[Fact]:
    for name, number in tensor.parts:
        part = checkpoint.tensor(number)
        words = f"{text.shape(part.shape)} · {part.dtype} · {text.size(part.nbytes)}"
        yield Fact(text.escape(name), words + (f" · {text.escape(part.problem)}" if part.problem else ""),
                   alarm=part.problem is not None)  # fmt: skip


def _piece_facts(checkpoint: Checkpoint, tensor: TensorInfo) -> Iterator[Fact]:
    if len(tensor.pieces) < 2:
        return
    for piece in tensor.pieces[:MAX_LINKS]:
        where = text.escape(checkpoint.storage(piece.storage).key) if piece.storage >= 0 else "no data"
        yield Fact(f"at ({phrases.numbers(piece.origin)})", f"{text.shape(piece.shape)} in {where}")
    if len(tensor.pieces) > MAX_LINKS:
        yield Fact("", f"and {len(tensor.pieces) - MAX_LINKS:,} more")


def _dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for dim in reversed(shape):
        strides.append(step)
        step *= max(dim, 1)
    return tuple(reversed(strides))
