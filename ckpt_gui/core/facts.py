"""What there is to say about the rows a person picked: facts in words, without touching the disk.

Each fact is a label and a text; ``node`` tells where its subject stands, so that a shell can lead
there. ``summary`` is what one asks first, ``info`` how it lies in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest

from ckpt_gui.core import dtypes, text
from ckpt_gui.core.columns import Compression, Flag, Kind
from ckpt_gui.core.model import Checkpoint, Node, TensorInfo
from ckpt_gui.core.roles import Anatomy

MAX_LINKS = 20
"""So many partners or children are listed; the rest is counted."""
MAX_LARGEST = 8


@dataclass(frozen=True, slots=True)
class Fact:
    """One label and what it says."""

    label: str
    text: str
    node: int = -1
    """Where its subject stands; -1 for nowhere else."""
    alarm: bool = False
    """Something does not hold together."""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under one heading ("" for the first)."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything to say about one selection."""

    prefix: str
    """The path text up to the name, for a heading."""
    name: str
    line: str
    """One line under the heading."""
    summary: tuple[Section, ...]
    info: tuple[Section, ...]
    long_text: str
    """Text too long for a row: code, a configuration; "" for none."""


def facts(checkpoint: Checkpoint, anatomy: Anatomy, nodes: Sequence[int]) -> Facts:
    """The facts of one or several rows."""
    picked = list(dict.fromkeys(nodes)) or [0]
    if len(picked) > 1:
        return _of_several(checkpoint, picked)
    node = checkpoint.node(picked[0])
    prefix, name = _heading(checkpoint, node)
    if node.tensor >= 0:
        tensor = checkpoint.tensor(node.tensor)
        summary = _tensor_summary(checkpoint, anatomy, node, tensor)
        return Facts(prefix, name, _tensor_line(checkpoint, anatomy, node, tensor), summary,
                     _tensor_info(checkpoint, tensor), "")  # fmt: skip
    if node.child_count and checkpoint.nodes.tensors[node.id]:
        return Facts(prefix, name, _group_line(checkpoint, [node.id]), _group_summary(checkpoint, anatomy, node),
                     _value_info(checkpoint, node), checkpoint.long_texts.get(node.id, ""))  # fmt: skip
    return Facts(prefix, name, _value_line(node), _value_summary(checkpoint, anatomy, node),
                 _value_info(checkpoint, node), checkpoint.long_texts.get(node.id, ""))  # fmt: skip


def _heading(checkpoint: Checkpoint, node: Node) -> tuple[str, str]:
    """The path text, parted before the label: ``model/layers.0.`` and ``weight``."""
    if node.id == 0:
        return "", text.escape(checkpoint.path.replace("\\", "/").rpartition("/")[2])
    path = text.path_text(checkpoint.path_of(node.id))
    if node.kind == Kind.GROUP:
        steps = [node.label]
        for above in checkpoint.ancestors(node.id):
            if checkpoint.nodes.kind[above] != Kind.GROUP:
                break
            steps.append(checkpoint.text(checkpoint.nodes.label[above]))
        before = ".".join(reversed(steps[1:]))
        path = "/".join(filter(None, (path, ".".join(filter(None, (before, node.label))))))
    cut = len(path) - len(node.label) if node.label and path.endswith(node.label) else path.rfind("/") + 1
    return text.escape(path[:cut]), text.escape(path[cut:])


# ------------------------------------------------------------------------------------------------ tensors


def _tensor_line(checkpoint: Checkpoint, anatomy: Anatomy, node: Node, tensor: TensorInfo) -> str:
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


def _tensor_summary(checkpoint: Checkpoint, anatomy: Anatomy, node: Node, tensor: TensorInfo) -> tuple[Section, ...]:
    rows = [
        Fact("Problem", text.escape(tensor.problem), alarm=True) if tensor.problem else None,
        Fact("Path", text.escape(text.path_text(checkpoint.path_of(node.id)))),
        Fact("Shape", text.shape(tensor.shape) + (f"   rank {len(tensor.shape)}" if tensor.shape else "")),
        Fact("Dtype", tensor.dtype),
        Fact("Device", text.escape(tensor.device) if tensor.device else "not recorded in this format"),
        Fact("Elements", _exact(tensor.numel)),
        Fact("Size", _bytes(tensor.nbytes)),
        _stored(checkpoint, tensor),
        Fact("Role", anatomy.role(node.id).name),
        _belongs(checkpoint, anatomy, node),
        Fact("Kind", _kind_of_tensor(tensor)),
        Fact("Gradient", "requires_grad" if tensor.flags & Flag.REQUIRES_GRAD else "not asked for"),
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
    return None if not storages or packed == tensor.nbytes else Fact("Stored", _bytes(packed))


def _belongs(checkpoint: Checkpoint, anatomy: Anatomy, node: Node) -> Fact | None:
    """The weight whose optimizer state this is."""
    for above in (node.id, *checkpoint.ancestors(node.id)):
        if (weight := anatomy.joined.get(above, -1)) >= 0:
            return Fact("State of", _path(checkpoint, weight), weight)
    return None


def _sharing(checkpoint: Checkpoint, tensor: TensorInfo) -> Section:
    """Who else uses the storage, and how much of it this tensor uses."""
    if tensor.storage < 0:
        return Section("", ())
    partners = _partners(checkpoint, tensor)
    total = sum(checkpoint.storages.nbytes[number] for number in {piece.storage for piece in tensor.pieces})
    used = sum(_used(tensor.dtype, piece.shape, piece.stride) for piece in tensor.pieces)
    rows = [Fact("Uses", f"{_percent(used, total)} of it: {text.size(used)} of {text.size(total)}")] if total else []
    rows += [Fact("Shared with", _path(checkpoint, checkpoint.tensors.node[other]), checkpoint.tensors.node[other])
             for other in partners[:MAX_LINKS]]  # fmt: skip
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


def _tensor_info(checkpoint: Checkpoint, tensor: TensorInfo) -> tuple[Section, ...]:
    sections = [
        Section("", tuple(_layout_facts(checkpoint, tensor))),
        *(_storage_section(checkpoint, number) for number in sorted({piece.storage for piece in tensor.pieces})[:4]),
        Section("Quantizer", tuple(_quantizer_facts(checkpoint, tensor))),
        Section("Parts", tuple(_part_facts(checkpoint, tensor))),
        Section("Pieces", tuple(_piece_facts(checkpoint, tensor))),
    ]
    return tuple(section for section in sections if section.facts)


def _layout_facts(checkpoint: Checkpoint, tensor: TensorInfo) -> Iterator[Fact]:
    yield Fact("Layout", text.escape(tensor.layout))
    if tensor.stride is not None:
        dense = _dense(tensor.shape) == tensor.stride
        yield Fact("Strides", f"({_list(tensor.stride)}) elements" + (", contiguous" if dense else ""))
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
        Fact("Size", _bytes(ref.nbytes)),
        Fact("In the file", _bytes(ref.packed)) if ref.packed != ref.nbytes else None,
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
        yield Fact(f"at ({_list(piece.origin)})", f"{text.shape(piece.shape)} in {where}")
    if len(tensor.pieces) > MAX_LINKS:
        yield Fact("", f"and {len(tensor.pieces) - MAX_LINKS:,} more")


# ------------------------------------------------------------------------------------------------ groups and values


def _group_line(checkpoint: Checkpoint, nodes: Sequence[int]) -> str:
    columns = checkpoint.nodes
    tensors = sum(columns.tensors[node] for node in nodes)
    params = sum(columns.params[node] for node in nodes)
    nbytes = sum(columns.nbytes[node] for node in nodes)
    return f"{text.plural(tensors, 'tensor')} · {text.count(params)} elements · {text.size(nbytes)}"


def _group_summary(checkpoint: Checkpoint, anatomy: Anatomy, node: Node) -> tuple[Section, ...]:
    columns = checkpoint.nodes
    stored, nbytes, troubled = columns.stored[node.id], columns.nbytes[node.id], columns.troubled[node.id]
    rows = [
        Fact("Problems", f"{text.plural(troubled, 'tensor')} here cannot be read whole", alarm=True)
        if troubled
        else None,
        Fact("Path", text.escape(text.path_text(checkpoint.path_of(node.id)))) if node.id else None,
        Fact("Kind", text.escape(node.type_name) or "group of dotted names"),
        Fact("Tensors", f"{columns.tensors[node.id]:,}"),
        Fact("Elements", _exact(columns.params[node.id])),
        Fact("Size", _bytes(nbytes)),
        Fact("Stored", _bytes(stored)) if stored != nbytes else None,
        Fact("Share of file", _percent(stored, checkpoint.nbytes)),
        Fact("Role", anatomy.role(node.id).name),
        _belongs(checkpoint, anatomy, node),
    ]
    below = [number for low, high in _levels(checkpoint, node.id) for number in range(low, high)]
    return (Section("", tuple(row for row in rows if row is not None)), *_tallies(checkpoint, below))


def _of_several(checkpoint: Checkpoint, nodes: list[int]) -> Facts:
    below = sorted({number for node in nodes for low, high in _levels(checkpoint, node) for number in range(low, high)})
    tensors = [number for number in below if checkpoint.nodes.tensor[number] >= 0]
    total = sum(checkpoint.tensors.nbytes[checkpoint.nodes.tensor[number]] for number in tensors)
    numel = sum(checkpoint.tensors.numel[checkpoint.nodes.tensor[number]] for number in tensors)
    line = f"{text.plural(len(tensors), 'tensor')} · {text.count(numel)} elements · {text.size(total)}"
    first = Section("", (Fact("Tensors", f"{len(tensors):,}"), Fact("Elements", _exact(numel)),
                         Fact("Size", f"{_bytes(total)}, each tensor counted in full")))  # fmt: skip
    return Facts("", f"{len(nodes):,} rows picked", line, (first, *_tallies(checkpoint, below)), (), "")


def _levels(checkpoint: Checkpoint, node: int) -> Iterator[tuple[int, int]]:
    """The subtree as id ranges: breadth-first ids make each level below a node one range."""
    first, count = checkpoint.nodes.first, checkpoint.nodes.count
    low, high = node, node + 1
    while low < high:
        yield low, high
        parents = [number for number in range(low, high) if count[number]]
        if not parents:
            return
        low, high = first[parents[0]], first[parents[-1]] + count[parents[-1]]


def _tallies(checkpoint: Checkpoint, below: Sequence[int]) -> tuple[Section, ...]:
    """Element types, devices and the largest among the tensors of these rows."""
    tensor_of, nbytes = checkpoint.nodes.tensor, checkpoint.tensors.nbytes
    tensors = [tensor_of[number] for number in below if tensor_of[number] >= 0]
    types: dict[str, tuple[int, int]] = {}
    places: dict[str, tuple[int, int]] = {}
    for tensor in tensors:
        for table, name in ((types, checkpoint.texts[checkpoint.tensors.dtype[tensor]]),
                            (places, checkpoint.device(tensor) or "")):  # fmt: skip
            number, total = table.get(name, (0, 0))
            table[name] = (number + 1, total + nbytes[tensor])
    places.pop("", None)
    largest = nlargest(MAX_LARGEST, tensors, key=lambda tensor: (nbytes[tensor], -tensor))
    links = [Fact(text.size(nbytes[tensor]), _path(checkpoint, checkpoint.tensors.node[tensor]),
                  checkpoint.tensors.node[tensor]) for tensor in largest]  # fmt: skip
    made = (Section("Dtypes", _tally(types)), Section("Devices", _tally(places)), Section("Largest", tuple(links)))
    return tuple(section for section in made if section.facts)


def _tally(table: dict[str, tuple[int, int]]) -> tuple[Fact, ...]:
    ordered = sorted(table.items(), key=lambda item: (-item[1][1], item[0]))[:MAX_LINKS]
    return tuple(
        Fact(text.escape(name), f"{text.plural(number, 'tensor')} · {text.size(total)}")
        for name, (number, total) in ordered
    )


def _value_line(node: Node) -> str:
    inside = text.plural(node.child_count, "entry") if node.child_count else ""
    return " · ".join(filter(None, (text.escape(node.type_name), inside or text.escape(text.clip(node.text, 120)))))


def _value_summary(checkpoint: Checkpoint, anatomy: Anatomy, node: Node) -> tuple[Section, ...]:
    rows = [
        Fact("Path", text.escape(text.path_text(checkpoint.path_of(node.id)))) if node.id else None,
        Fact("Class" if node.kind == Kind.OBJECT else "Type", text.escape(node.type_name)),
        Fact("Role", anatomy.role(node.id).name),
        Fact("Value", text.escape(node.text)) if node.text else None,
    ]
    return (Section("", tuple(row for row in rows if row is not None)), *_entries(checkpoint, node))


def _value_info(checkpoint: Checkpoint, node: Node) -> tuple[Section, ...]:
    kinds = {Kind.OBJECT: "object; its class was not imported", Kind.ALIAS: "shown elsewhere already",
             Kind.GROUP: "group made from dotted names; stands in no path"}  # fmt: skip
    rows = [
        Fact("Kind", kinds.get(node.kind, node.kind.name.lower())),
        Fact("Class" if node.kind == Kind.OBJECT else "Type", text.escape(node.type_name)) if node.type_name else None,
        Fact("Key type", node.key_type.name.lower()) if node.id else None,
        Fact("Entries", f"{node.child_count:,}") if node.child_count else None,
    ]
    return (Section("", tuple(row for row in rows if row is not None)), *_entries(checkpoint, node))


def _entries(checkpoint: Checkpoint, node: Node) -> tuple[Section, ...]:
    """What stands inside a container or an object, the first of it."""
    rows = []
    for number in checkpoint.children(node.id)[:MAX_LINKS]:
        child = checkpoint.node(number)
        said = child.text or (text.plural(child.child_count, "entry") if child.child_count else child.type_name)
        rows.append(Fact(text.escape(text.clip(child.label, 80)), text.escape(text.clip(said, 160)), number))
    if node.child_count > MAX_LINKS:
        rows.append(Fact("", f"and {node.child_count - MAX_LINKS:,} more"))
    return (Section("State" if node.kind == Kind.OBJECT else "Entries", tuple(rows)),) if rows else ()


# ------------------------------------------------------------------------------------------------ words


def _path(checkpoint: Checkpoint, node: int) -> str:
    return text.escape(text.path_text(checkpoint.path_of(node))) or "the root"


def _exact(number: int) -> str:
    return f"{number:,}" if number < 10_000 else f"{number:,}   ({text.count(number)})"


def _bytes(nbytes: int) -> str:
    return text.size(nbytes) if nbytes < 1024 else f"{text.size(nbytes)}   ({nbytes:,} bytes)"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole > 0 else "–"


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for dim in reversed(shape):
        strides.append(step)
        step *= max(dim, 1)
    return tuple(reversed(strides))
