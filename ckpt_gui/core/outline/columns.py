"""The columns as data: key, title, what a cell says, what it sorts by.

A cell speaks for one node, or for the several nodes of a family row. A new statistic is one line in ``COLUMNS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ckpt_gui.core import text
from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.outline.facts import Facts

Members = Sequence[int]
"""Node ids: one for a node's row, several for a family's."""
MAX_CELL = 200
"""Characters of a value's text in its cell."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    key: str
    title: str
    text: Callable[[Facts, Members], str]
    sort_by: Callable[[Facts], Callable[[int], Any]]
    """→ a function from node id to something that sorts, None for nothing to sort by."""
    adds: bool = False
    """Does a family sort by its members' sum (otherwise by its first member)?"""
    right: bool = False
    """Numbers stand at the right."""
    shown: bool = True
    """To begin with."""
    tip: str = ""
    computed: bool = False
    """Is it of the values, so that showing it means reading them?"""


def _kind(facts: Facts, members: Members) -> str:
    node = members[0]
    kind = facts.nodes.kind[node]
    if kind == Kind.TENSOR and facts.checkpoint.tensors.flags[facts.nodes.tensor[node]] & Flag.PARAMETER:
        return "parameter"
    return Kind(kind).name.lower()


def _total(column: str, facts: Facts, members: Members) -> int:
    values = getattr(facts.nodes, column)
    return values[members[0]] if len(members) == 1 else sum(map(values.__getitem__, members))


def _shape(facts: Facts, members: Members) -> str:
    node = members[0]
    tensor = facts.nodes.tensor[node]
    if tensor >= 0 and len(members) == 1:
        return text.shape(facts.checkpoint.shape(tensor))
    tensors = _total("tensors", facts, members)
    if len(members) == 1 and _is_stack(facts, node):
        return text.plural(facts.nodes.count[node], "layer")
    return text.plural(tensors, "tensor") if tensors else ""


def _is_stack(facts: Facts, node: int) -> bool:
    """A group whose children are numbered groups, such as ``h`` of a transformer."""
    nodes, texts = facts.nodes, facts.checkpoint.texts
    children = facts.checkpoint.children(node)
    return (
        nodes.kind[node] == Kind.GROUP
        and len(children) > 1
        and all(
            nodes.tensors[child] > 1 and texts[nodes.label[child]].partition(".")[0].isdecimal() for child in children
        )
    )


def _in_common(what: str, facts: Facts, members: Members) -> str:
    found = {facts.common(what, node) for node in members} - {""}
    return "mixed" if len(found) > 1 else next(iter(found), "")


def _dtype(facts: Facts, members: Members) -> str:
    node = members[0]
    kind = facts.nodes.kind[node]
    if len(members) > 1 or facts.nodes.tensors[node]:
        return _in_common("dtype", facts, members)
    if kind == Kind.OBJECT:
        return "object"
    return text.escape(text.clip(facts.checkpoint.text(facts.nodes.type_name[node]).rpartition(".")[2], 60))


def _params(facts: Facts, members: Members) -> str:
    if not _total("tensors", facts, members):
        return ""
    tensor = facts.nodes.tensor[members[0]]
    exact = tensor >= 0 and len(members) == 1
    return text.count(_numel(facts, tensor) if exact else _total("params", facts, members))


def _numel(facts: Facts, tensor: int) -> int:
    exact: int = facts.checkpoint.extras.get(tensor, {}).get("numel", facts.checkpoint.tensors.numel[tensor])
    return exact


def _percent(facts: Facts, members: Members) -> str:
    total = facts.checkpoint.nbytes
    if not total or not _total("tensors", facts, members):
        return ""
    return f"{min(_total('stored', facts, members) / total, 1) * 100:.1f}"


def _size(facts: Facts, members: Members) -> str:
    node = members[0]
    if not _total("tensors", facts, members):
        return text.escape(text.clip(facts.checkpoint.text(facts.nodes.text[node]), MAX_CELL))
    tensor = facts.nodes.tensor[node]
    single = tensor >= 0 and len(members) == 1
    logical = facts.checkpoint.tensors.nbytes[tensor] if single else _total("nbytes", facts, members)
    stored = _total("stored", facts, members)
    shown, kept = text.size(logical), text.size(stored)
    return shown if shown == kept or not stored else f"{shown} ({kept} stored)"


def _storage(facts: Facts, members: Members) -> str:
    tensor = facts.nodes.tensor[members[0]]
    storage = facts.checkpoint.tensors.storage[tensor] if tensor >= 0 else -1
    if storage < 0:
        return ""
    users = len(facts.sharing.get(storage, ()))
    name = text.escape(text.clip(facts.checkpoint.texts[facts.checkpoint.storages.key[storage]], 60))
    return f"{name} ({users:,} tensors)" if users else name


def _offset(facts: Facts, members: Members) -> str:
    tensor = facts.nodes.tensor[members[0]]
    place = facts.checkpoint.byte_offset(tensor) if tensor >= 0 else None
    return "" if place is None else f"{place:,}"


def _role(facts: Facts, members: Members) -> str:
    number = facts.roles[members[0]] if facts.roles else len(facts.role_names)
    if not facts.nodes.tensors[members[0]] and facts.role_names[number : number + 1] == ["weights"]:
        return ""  # a text beside the weights is none
    return facts.role_names[number] if number < len(facts.role_names) else ""


def _statistic(name: str, facts: Facts, members: Members) -> str:
    value = _of_members(name, facts, members)
    if value is None:
        return _why_none(facts, members)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _of_members(name: str, facts: Facts, members: Members) -> float | None:
    """A statistic of one node; of a family the extreme or the sum, where that follows from its members'."""
    together = _TOGETHER.get(name)
    if len(members) == 1 or together is None:
        return facts.statistic(name, members[0]) if len(members) == 1 else None
    values = [facts.statistic(name, node) for node in members]
    return None if None in values else together(values)


_TOGETHER: dict[str, Callable[[Any], float]] = {"min": min, "max": max, "nan": sum}
"""How a family's number follows from its members'."""


def _why_none(facts: Facts, members: Members) -> str:
    """A tensor that was not looked at yet, or one that has no such number; nothing of other rows."""
    tensor = facts.nodes.tensor[members[0]]
    if tensor < 0 or len(members) > 1:
        return ""
    return "—" if not facts.looked_at or facts.looked_at[tensor] else "…"


def _by_shape(facts: Facts) -> Callable[[int], Any]:
    nodes, checkpoint = facts.nodes, facts.checkpoint
    ranks, places, sizes, extras = (
        checkpoint.tensors.rank,
        checkpoint.tensors.sizes_at,
        checkpoint.tensors.sizes,
        checkpoint.extras,
    )

    def key(node: int) -> Any:
        tensor = nodes.tensor[node]
        if tensor < 0:
            return (1, nodes.tensors[node]) if nodes.tensors[node] else None
        if tensor in extras:
            return 0, checkpoint.shape(tensor)
        at = places[tensor]
        return 0, tuple(sizes[at : at + ranks[tensor]])

    return key


def _by_sum(column: str, facts: Facts) -> Callable[[int], Any]:
    values, tensors = getattr(facts.nodes, column), facts.nodes.tensors
    return lambda node: values[node] if tensors[node] else None


def _by_text(says: Callable[[Facts, Members], str], facts: Facts) -> Callable[[int], Any]:
    return lambda node: says(facts, (node,)).casefold() or None


def _by_name(what: str, says: Callable[[Facts, Members], str], facts: Facts) -> Callable[[int], Any]:
    """By element type or device: straight from the tensors' columns where there is one tensor."""
    names, tensor = getattr(facts, what), facts.nodes.tensor
    return lambda node: (names[tensor[node]] if tensor[node] >= 0 else says(facts, (node,))) or None


def _by_storage(facts: Facts) -> Callable[[int], Any]:
    tensor, storage = facts.nodes.tensor, facts.checkpoint.tensors.storage
    return lambda node: storage[tensor[node]] if tensor[node] >= 0 else None


def _by_offset(facts: Facts) -> Callable[[int], Any]:
    tensor, place = facts.nodes.tensor, facts.checkpoint.byte_offset
    return lambda node: place(tensor[node]) if tensor[node] >= 0 else None


def _by_role(facts: Facts) -> Callable[[int], Any]:
    roles = facts.roles
    return (lambda node: roles[node]) if roles else (lambda node: None)


def _by_statistic(name: str, facts: Facts) -> Callable[[int], Any]:
    def key(node: int) -> Any:
        value = facts.statistic(name, node)
        return value if value == value else None

    return key


def _from_statistics(key: str, title: str, tip: str) -> Column:
    says, sorts = partial(_statistic, key), partial(_by_statistic, key)
    return Column(
        key, title, says, sorts, right=True, shown=False, tip=f"{tip}; computed once the column is shown", computed=True
    )


COLUMNS: tuple[Column, ...] = (
    Column("key", "Key", lambda facts, members: facts.label(members[0]), lambda facts: facts.natural),
    Column("kind", "Kind", _kind, partial(_by_text, _kind), tip="what the row is"),
    Column("shape", "Shape", _shape, _by_shape, tip="sizes of a tensor, number of tensors of a group"),
    Column("dtype", "Dtype", _dtype, partial(_by_name, "dtype", _dtype), tip="element type, or the type of a value"),
    Column(
        "device", "Device", partial(_in_common, "device"), partial(_by_name, "device", partial(_in_common, "device")),
        tip="where torch.load would put it",
    ),
    Column("params", "Params", _params, partial(_by_sum, "params"), True, True, tip="elements, shared ones once"),
    Column("percent", "%", _percent, partial(_by_sum, "stored"), True, True, tip="share of the bytes on disk"),
    Column("size", "Size", _size, partial(_by_sum, "nbytes"), True, True, tip="logical bytes; the text of a value"),
    Column("storage", "Storage", _storage, _by_storage, shown=False, tip="name of the storage in the file"),
    Column("offset", "Offset", _offset, _by_offset, right=True, shown=False, tip="first byte in the file"),
    Column("role", "Role", _role, _by_role, shown=False, tip="which part of the training state it belongs to"),
    _from_statistics("min", "Min", "smallest finite value"),
    _from_statistics("max", "Max", "largest finite value"),
    _from_statistics("mean", "Mean", "mean of the finite values"),
    _from_statistics("std", "Std", "standard deviation of the finite values"),
    _from_statistics("l2", "L2", "Euclidean norm of the finite values"),
    _from_statistics("zeros", "Zeros %", "share of the values that are 0"),
    _from_statistics("nan", "NaN/Inf", "number of values that are not finite"),
)  # fmt: skip


def column(key: str) -> Column:
    """The column of that key."""
    return next(one for one in COLUMNS if one.key == key)
