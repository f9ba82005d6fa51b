"""What there is to say of groups, containers, objects and plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import nlargest

from ckpt_gui.core import text
from ckpt_gui.core.columns import Kind
from ckpt_gui.core.facts import phrases
from ckpt_gui.core.facts.nouns import MAX_LARGEST, MAX_LINKS, Fact, Facts, Section
from ckpt_gui.core.facts.tensors import belongs
from ckpt_gui.core.model import Checkpoint, Node
from ckpt_gui.core.outline.facts import path_or_prefix
from ckpt_gui.core.roles import Anatomy


def group_line(checkpoint: Checkpoint, nodes: Sequence[int]) -> str:
    """How much is beneath these nodes, in one line."""
    columns = checkpoint.nodes
    tensors = sum(columns.tensors[node] for node in nodes)
    params = sum(columns.params[node] for node in nodes)
    nbytes = sum(columns.nbytes[node] for node in nodes)
    return f"{text.plural(tensors, 'tensor')} · {text.count(params)} elements · {text.size(nbytes)}"


def group_summary(checkpoint: Checkpoint, anatomy: Anatomy, node: Node) -> tuple[Section, ...]:
    """What one asks first of a group."""
    columns = checkpoint.nodes
    stored, nbytes, troubled = columns.stored[node.id], columns.nbytes[node.id], columns.troubled[node.id]
    rows = [
        Fact("Problems", f"{text.plural(troubled, 'tensor')} here cannot be read whole", alarm=True)
        if troubled
        else None,
        _path(checkpoint, node),
        Fact("Kind", text.escape(node.type_name) or "group of dotted names"),
        Fact("Tensors", f"{columns.tensors[node.id]:,}"),
        Fact("Elements", phrases.exact(columns.params[node.id])),
        Fact("Size", phrases.nbytes(nbytes)),
        Fact("Stored", phrases.nbytes(stored)) if stored != nbytes else None,
        Fact("Share of file", phrases.percent(stored, checkpoint.nbytes)),
        Fact("Role", anatomy.role(node.id).name),
        belongs(checkpoint, anatomy, node),
    ]
    below = [number for low, high in _levels(checkpoint, node.id) for number in range(low, high)]
    return (Section("", tuple(row for row in rows if row is not None)), *_tallies(checkpoint, below))


def of_several(checkpoint: Checkpoint, nodes: list[int]) -> Facts:
    """The facts of several rows together."""
    below = sorted({number for node in nodes for low, high in _levels(checkpoint, node) for number in range(low, high)})
    tensors = [number for number in below if checkpoint.nodes.tensor[number] >= 0]
    total = sum(checkpoint.tensors.nbytes[checkpoint.nodes.tensor[number]] for number in tensors)
    numel = sum(checkpoint.tensors.numel[checkpoint.nodes.tensor[number]] for number in tensors)
    line = f"{text.plural(len(tensors), 'tensor')} · {text.count(numel)} elements · {text.size(total)}"
    first = Section("", (Fact("Tensors", f"{len(tensors):,}"), Fact("Elements", phrases.exact(numel)),
                         Fact("Size", f"{phrases.nbytes(total)}, each tensor counted in full")))  # fmt: skip
    info = Section("", (Fact("", "Info is about one row at a time; the Summary counts all that are picked."),))
    return Facts("", f"{len(nodes):,} rows picked", line, (first, *_tallies(checkpoint, below)), (info,), "")


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
    links = [Fact(text.size(nbytes[tensor]), phrases.path(checkpoint, checkpoint.tensors.node[tensor]),
                  checkpoint.tensors.node[tensor]) for tensor in largest]  # fmt: skip
    made = (Section("Dtypes", _tally(types)), Section("Devices", _tally(places)), Section("Largest", tuple(links)))
    return tuple(section for section in made if section.facts)


def _tally(table: dict[str, tuple[int, int]]) -> tuple[Fact, ...]:
    ordered = sorted(table.items(), key=lambda item: (-item[1][1], item[0]))[:MAX_LINKS]
    return tuple(
        Fact(text.escape(name), f"{text.plural(number, 'tensor')} · {text.size(total)}")
        for name, (number, total) in ordered
    )


def document(checkpoint: Checkpoint, node: Node) -> str:
    """A text to be read as a page: one of several lines, or too long for a row; "" if it is none."""
    return checkpoint.long_texts.get(node.id, "") or (node.text if "\n" in node.text else "")


def _length(words: str) -> str:
    lines = len(words.splitlines())
    return text.plural(len(words), "character") + (f", {lines:,} lines" if lines > 1 else "")


def _path(checkpoint: Checkpoint, node: Node) -> Fact | None:
    beneath = ".*" if node.kind == Kind.GROUP else ""
    return Fact("Path", text.escape(path_or_prefix(checkpoint, node.id)) + beneath) if node.id else None


def value_line(checkpoint: Checkpoint, node: Node) -> str:
    """A plain value or container in one line."""
    inside = text.plural(node.child_count, "entry") if node.child_count else ""
    if words := document(checkpoint, node):
        inside = _length(words)
    return " · ".join(filter(None, (text.escape(node.type_name), inside or text.escape(text.clip(node.text, 120)))))


def value_summary(checkpoint: Checkpoint, anatomy: Anatomy, node: Node) -> tuple[Section, ...]:
    """What one asks first of a value or object."""
    role, words = anatomy.role(node.id).name, document(checkpoint, node)
    rows = [
        _path(checkpoint, node),
        Fact("Class" if node.kind == Kind.OBJECT else "Type", text.escape(node.type_name)),
        Fact("Role", role) if role != "weights" else None,  # a value beside the weights is none
        Fact("Length", f"{_length(words)}, shown below")
        if words
        else Fact("Value", text.escape(node.text))
        if node.text
        else None,
    ]
    return (Section("", tuple(row for row in rows if row is not None)), *_entries(checkpoint, node))


def value_info(checkpoint: Checkpoint, node: Node) -> tuple[Section, ...]:
    """How a value or container stands in the file."""
    kinds = {Kind.OBJECT: "object; its class was not imported", Kind.ALIAS: "shown elsewhere already",
             Kind.GROUP: "group made from dotted names; stands in no path"}  # fmt: skip
    rows = [
        Fact("Kind", kinds.get(node.kind, node.kind.name.lower())),
        Fact("Class" if node.kind == Kind.OBJECT else "Type", text.escape(node.type_name)) if node.type_name else None,
        Fact("Key type", node.key_type.name.lower()) if node.id else None,
        Fact("Entries", f"{node.child_count:,}") if node.child_count else None,
    ]
    return (Section("", tuple(row for row in rows if row is not None)), *_entries(checkpoint, node))


def _brief(checkpoint: Checkpoint, node: Node) -> str:
    """A row in a few words."""
    if node.tensor >= 0:
        tensor = checkpoint.tensor(node.tensor)
        return f"{text.shape(tensor.shape)} · {tensor.dtype}"
    return node.text or (text.plural(node.child_count, "entry") if node.child_count else node.type_name)


def _entries(checkpoint: Checkpoint, node: Node) -> tuple[Section, ...]:
    """What stands inside a container or an object, the first of it."""
    rows = []
    for number in checkpoint.children(node.id)[:MAX_LINKS]:
        child = checkpoint.node(number)
        said = _brief(checkpoint, child)
        rows.append(Fact(text.escape(text.clip(child.label, 80)), text.escape(text.clip(said, 160)), number))
    if node.child_count > MAX_LINKS:
        rows.append(Fact("", f"and {node.child_count - MAX_LINKS:,} more"))
    return (Section("State" if node.kind == Kind.OBJECT else "Entries", tuple(rows)),) if rows else ()
