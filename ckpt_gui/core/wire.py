"""An opened checkpoint as bytes and back: how the reading process hands it to the window.

Columns go over as raw buffers and the rest as JSON; nothing is pickled. The receiving side checks
that everything refers to something that is there, so that a damaged hand-over is an error, not a crash.

One frame is a tag byte, the payload's length (8 bytes, little-endian) and the payload. Tags: ``P``
progress, ``E`` an error (both JSON), ``R`` the result.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeVar

from ckpt_gui.core.columns import Compression, KeyType, Kind, Nodes, Storages, Tensors
from ckpt_gui.core.errors import OpenError, ReadError
from ckpt_gui.core.model import Checkpoint, CodeName, Problem, Source
from ckpt_gui.core.roles import Anatomy, Part, Role

FRAME_HEAD = struct.Struct("<cQ")
PROGRESS, ERROR, RESULT = b"P", b"E", b"R"

Columns = TypeVar("Columns", Nodes, Tensors, Storages)


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint and what its parts are."""

    checkpoint: Checkpoint
    anatomy: Anatomy


def frame(tag: bytes, payload: bytes) -> bytes:
    """One frame, whole."""
    return FRAME_HEAD.pack(tag, len(payload)) + payload


def error_payload(error: OpenError) -> bytes:
    """An error on its way to the window."""
    return json.dumps({"kind": type(error).__name__, "text": str(error)}).encode()


def dump(opened: Opened) -> Iterator[bytes]:
    """The payload of a result frame, in parts: a head (JSON with its length before it), then the buffers."""
    checkpoint, anatomy = opened.checkpoint, opened.anatomy
    texts = [text.encode("utf-8", "surrogatepass") for text in checkpoint.texts]
    buffers = [anatomy.roles, array("q", map(len, checkpoint.texts)).tobytes(), b"".join(texts)]
    for columns in (checkpoint.nodes, checkpoint.tensors, checkpoint.storages):
        buffers += [getattr(columns, name).tobytes() for name in columns.FIELDS]
    head = _head(checkpoint, anatomy)
    head["buffers"] = [len(buffer) for buffer in buffers]
    head["byteorder"] = sys.byteorder
    raw = json.dumps(head).encode()
    yield struct.pack("<Q", len(raw)) + raw
    yield from buffers


def _head(checkpoint: Checkpoint, anatomy: Anatomy) -> dict[str, Any]:
    return {
        "path": checkpoint.path,
        "format": checkpoint.format,
        "nbytes": checkpoint.nbytes,
        "rows": checkpoint.rows,
        "extras": list(checkpoint.extras.items()),
        "long_texts": list(checkpoint.long_texts.items()),
        "sources": [[one.path, one.nbytes, one.mtime_ns, one.inode] for one in checkpoint.sources],
        "code": [[one.name, one.trust] for one in checkpoint.code],
        "problems": [[one.path, one.text] for one in checkpoint.problems],
        "notes": checkpoint.notes,
        "facts": checkpoint.facts,
        "anatomy": {
            "weights": anatomy.weights,
            "parts": [[part.role, part.node, part.evidence] for part in anatomy.parts],
            "framework": anatomy.framework,
            "evidence": anatomy.evidence,
            "joined": list(anatomy.joined.items()),
            "unjoined": anatomy.unjoined,
            "epoch": anatomy.epoch,
            "step": anatomy.step,
            "epoch_node": anatomy.epoch_node,
            "step_node": anatomy.step_node,
            "optimizer_names": anatomy.optimizer_names,
        },
    }


def load(payload: bytes | bytearray | memoryview) -> Opened:
    """The opened checkpoint of a result frame. Raises ReadError if the payload does not hold together."""
    try:
        return _load(memoryview(payload))
    except (ValueError, KeyError, TypeError, IndexError, struct.error, OverflowError) as exc:
        raise ReadError(f"the reading process handed over something unusable ({type(exc).__name__}: {exc})") from exc


def _load(payload: memoryview) -> Opened:
    size = struct.unpack_from("<Q", payload)[0]
    head = json.loads(bytes(payload[8 : 8 + size]))
    ends = list(accumulate(head["buffers"], initial=8 + size))
    if ends[-1] != len(payload) or head["byteorder"] != sys.byteorder:
        raise ValueError("lengths do not add up")
    buffers = iter([payload[begin:end] for begin, end in pairwise(ends)])
    roles = bytes(next(buffers))
    texts = _texts(next(buffers), next(buffers))
    nodes = _columns(Nodes(), buffers)
    tensors = _columns(Tensors(), buffers)
    storages = _columns(Storages(), buffers)
    _check(nodes, tensors, storages, len(texts), len(roles), head["rows"])
    if not all(0 <= number < len(head["sources"]) for number in set(storages.source)):
        raise ValueError("a storage of no source")
    checkpoint = Checkpoint(
        path=head["path"],
        format=head["format"],
        nbytes=head["nbytes"],
        nodes=nodes,
        tensors=tensors,
        storages=storages,
        texts=texts,
        rows=head["rows"],
        extras={int(number): extra for number, extra in head["extras"]},
        long_texts={int(number): text for number, text in head["long_texts"]},
        sources=tuple(Source(*one) for one in head["sources"]),
        code=tuple(CodeName(*one) for one in head["code"]),
        problems=tuple(Problem(None if path is None else tuple(path), text) for path, text in head["problems"]),
        notes=tuple(head["notes"]),
        facts=head["facts"],
    )
    return Opened(checkpoint, _anatomy(roles, head["anatomy"]))


def _anatomy(roles: bytes, told: dict[str, Any]) -> Anatomy:
    told["parts"] = tuple(Part(Role(role), node, evidence) for role, node, evidence in told["parts"])
    told["evidence"] = tuple(told["evidence"])
    told["optimizer_names"] = tuple(told["optimizer_names"])
    told["joined"] = {int(state): int(weight) for state, weight in told["joined"]}
    return Anatomy(roles=roles, **told)


def _texts(lengths: memoryview, joined: memoryview) -> list[str]:
    counts = array("q")
    counts.frombytes(lengths)
    whole = str(joined, "utf-8", "surrogatepass")
    ends = list(accumulate(counts, initial=0))
    if ends[-1] != len(whole):
        raise ValueError("texts do not add up")
    return [whole[begin:end] for begin, end in pairwise(ends)]


def _columns(columns: Columns, buffers: Iterator[memoryview]) -> Columns:
    for name in columns.FIELDS:
        getattr(columns, name).frombytes(next(buffers))
    return columns


def _check(nodes: Nodes, tensors: Tensors, storages: Storages, texts: int, roles: int, rows: int) -> None:
    """Every id must lead somewhere; looked at with ``min`` and ``max``, which run at C speed."""
    for columns, skipped in ((nodes, ""), (tensors, "sizes"), (storages, "")):
        lengths = {len(getattr(columns, name)) for name in columns.FIELDS if name != skipped}
        if len(lengths) != 1:
            raise ValueError("columns of unequal length")
    size = len(nodes)
    if not size or roles != size or not 0 <= rows <= len(tensors):
        raise ValueError("no root, or roles for other nodes")
    bounds = (
        (nodes.parent, size), (nodes.tensor, len(tensors)), (nodes.key, texts), (nodes.label, texts),
        (nodes.type_name, texts), (nodes.text, texts), (tensors.node, size), (tensors.dtype, texts),
        (tensors.storage, len(storages)), (tensors.layout, texts), (tensors.problem, texts),
        (storages.key, texts), (storages.device, texts), (storages.compression, len(Compression)),
        (nodes.kind, len(Kind)), (nodes.key_type, len(KeyType)),
    )  # fmt: skip
    for column, limit in bounds:
        if len(column) and not (min(column) >= -1 and max(column) < limit):
            raise ValueError("an id leads nowhere")
    if any(map(int.__ge__, nodes.parent, range(size))):
        raise ValueError("a child comes before its parent")
    sizes = map(int.__add__, tensors.sizes_at, map((2).__mul__, tensors.rank))
    if min(tensors.sizes_at, default=0) < 0 or max(sizes, default=0) > len(tensors.sizes):
        raise ValueError("sizes beyond the last one")
    ends = map(int.__add__, nodes.first, nodes.count)
    if min(nodes.first) < 0 or min(nodes.count) < 0 or max(ends) > size:
        raise ValueError("children beyond the last node")
