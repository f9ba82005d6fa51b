"""The JSON of ``ckpt-gui info``: the contract that other programs read (product.md, "JSON").

Written straight from the columns, a row at a time: 50,000 rows as dicts would take longer to build
than the file takes to read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from ckpt_gui.core.columns import Flag, KeyType, Kind
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import Path
from ckpt_gui.core.weights_only import verdict
from ckpt_gui.core.wire import Opened

RAGGED = ("nested", "jagged")
"""Layouts with dimensions of no one size: null in a shape."""


def info_json(opened: Opened) -> Iterator[str]:
    """The object in parts, to be written one after the other."""
    checkpoint = opened.checkpoint
    paths = _Paths(checkpoint)
    head = {"path": checkpoint.path, "format": checkpoint.format, "nbytes": checkpoint.nbytes}
    yield json.dumps(head)[:-1]
    yield from _list("tensors", _tensor_rows(opened, paths))
    yield from _list("values", _value_rows(checkpoint, paths))
    judged = verdict(checkpoint)
    tail: dict[str, Any] = {
        "code": [{"name": one.name, "known": one.trust != "unknown", "class": one.trust} for one in checkpoint.code],
        "weights_only": {"accepted": judged.accepted, "needs": list(judged.needs), "why": judged.why},
        "problems": [{"path": plain_path(one.path), "text": one.text} for one in checkpoint.problems],
        "notes": list(checkpoint.notes),
        "framework": opened.anatomy.framework,
        "evidence": list(opened.anatomy.evidence),
    }
    yield ", " + json.dumps(tail)[1:] + "\n"


def plain_path(path: Path | None) -> list[Any] | None:
    """A path as JSON has it; its infinite and NaN keys as text."""
    if path is None:
        return None
    return [str(key) if isinstance(key, float) and not math.isfinite(key) else key for key in path]


def _list(name: str, rows: Iterator[str]) -> Iterator[str]:
    yield f', "{name}": ['
    first = True
    for row in rows:
        yield ("\n" if first else ",\n") + row
        first = False
    yield "]"


class _Paths:
    """Paths as JSON; the text up to a container is made once."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._nodes = checkpoint.nodes
        self._checkpoint = checkpoint
        self.texts = [json.dumps(text) for text in checkpoint.texts]
        self._before: dict[int, str] = {0: ""}

    def of(self, node: int) -> str:
        """The node's path as a JSON list."""
        if node == 0:
            return "[]"
        return f"[{self._within(self._nodes.parent[node])}{self._key(node)}]"

    def _within(self, node: int) -> str:
        """What stands before the keys of the node's children."""
        chain: list[int] = []
        while node not in self._before:
            chain.append(node)
            node = self._nodes.parent[node]
        before = self._before[node]
        for link in reversed(chain):
            if self._nodes.key_type[link] != KeyType.NONE:
                before = f"{before}{self._key(link)}, "
            self._before[link] = before
        return before

    def _key(self, node: int) -> str:
        kind = self._nodes.key_type[node]
        if kind in (KeyType.TEXT, KeyType.OTHER):
            return self.texts[self._nodes.key[node]]
        if kind == KeyType.ATTRIBUTES:
            return json.dumps(self._checkpoint.keys(node))[1:-1]
        key = self._checkpoint.key(node)
        return json.dumps(str(key) if isinstance(key, float) and not math.isfinite(key) else key)


def _tensor_rows(opened: Opened, paths: _Paths) -> Iterator[str]:
    checkpoint = opened.checkpoint
    t, s, texts = checkpoint.tensors, checkpoint.storages, paths.texts
    roles, role_names = opened.anatomy.roles, _role_names()
    extras = checkpoint.extras
    for row in range(checkpoint.rows):
        node, storage = t.node[row], t.storage[row]
        if row in extras:
            sizes = _unusual_sizes(checkpoint, row)
        else:
            at, rank = t.sizes_at[row], t.rank[row]
            middle = at + rank
            device = texts[s.device[storage]] if storage >= 0 and s.device[storage] >= 0 else "null"
            sizes = (
                f'"shape": {t.sizes[at:middle].tolist()}, "stride": {t.sizes[middle : middle + rank].tolist()}, '
                f'"offset": {t.offset[row]}, "numel": {t.numel[row]}, "nbytes": {t.nbytes[row]}, "device": {device}'
            )
        place = checkpoint.byte_offset(row)
        yield (
            f'{{"path": {paths.of(node)}, "dtype": {texts[t.dtype[row]]}, {sizes}, '
            f'"stored_nbytes": {_stored(checkpoint, row)}, "storage": {storage if storage >= 0 else "null"}, '
            f'"byte_offset": {"null" if place is None else place}, "layout": {texts[t.layout[row]]}, '
            f'"requires_grad": {"true" if t.flags[row] & Flag.REQUIRES_GRAD else "false"}, '
            f'"role": {role_names[roles[node]]}, '
            f'"problem": {texts[t.problem[row]] if t.problem[row] >= 0 else "null"}'
            f"{_marks(t.flags[row])}}}"
        )


def _marks(flags: int) -> str:
    return ', "in_state_dict": false' if flags & Flag.NOT_IN_STATE_DICT else ""


def _role_names() -> list[str]:
    return [json.dumps(role.name) for role in Role]


def _unusual_sizes(checkpoint: Checkpoint, row: int) -> str:
    tensor = checkpoint.tensor(row)
    sizes = {
        "shape": [None if dim == -1 and tensor.layout in RAGGED else dim for dim in tensor.shape],
        "stride": tensor.stride,
        "offset": tensor.offset,
        "numel": tensor.numel,
        "nbytes": tensor.nbytes,
        "device": tensor.device,
    }
    return json.dumps(sizes)[1:-1]


def _stored(checkpoint: Checkpoint, row: int) -> int:
    """Bytes of the storages that hold the tensor and its parts, each once."""
    storage = checkpoint.tensors.storage[row]
    if storage >= 0 and row not in checkpoint.extras:
        return checkpoint.storages.nbytes[storage]
    return sum(checkpoint.storages.nbytes[one] for one in storages_of(checkpoint, row))


def storages_of(checkpoint: Checkpoint, row: int) -> set[int]:
    """Ids of all storages that hold a tensor: its own, its pieces' and its parts'."""
    found: set[int] = set()
    pending, seen = [row], {row}
    while pending:
        tensor = checkpoint.tensor(pending.pop())
        found |= {piece.storage for piece in tensor.pieces if piece.storage >= 0}
        further = {part for _, part in tensor.parts} - seen
        pending += further
        seen |= further
    return found


def value_nodes(checkpoint: Checkpoint) -> list[int]:
    """Non-tensor leaves and objects, in the file's own order."""
    nodes = checkpoint.nodes
    wanted = (Kind.VALUE, Kind.OBJECT, Kind.ALIAS)
    containers = (Kind.MAPPING, Kind.SEQUENCE)
    found = [
        node
        for node, kind in enumerate(nodes.kind)
        if kind in wanted or (kind in containers and not nodes.count[node] and node)
    ]
    return sorted(found, key=nodes.order.__getitem__)


def _value_rows(checkpoint: Checkpoint, paths: _Paths) -> Iterator[str]:
    nodes, texts = checkpoint.nodes, paths.texts
    for node in value_nodes(checkpoint):
        yield f'{{"path": {paths.of(node)}, "type": {texts[nodes.type_name[node]]}, "text": {texts[nodes.text[node]]}}}'
