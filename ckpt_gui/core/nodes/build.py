"""What a format found → a Checkpoint, in one call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ckpt_gui.core.model import Checkpoint, CodeName, Problem, Source
from ckpt_gui.core.nodes.flatten import flatten
from ckpt_gui.core.nodes.groups import arrange
from ckpt_gui.core.nodes.rollups import roll_up
from ckpt_gui.core.nodes.table import Tables, Texts
from ckpt_gui.core.pickles.values import Storage
from ckpt_gui.core.progress import SILENT, Report

MAX_LISTED_PROBLEMS = 10_000


@dataclass(slots=True)
class Found:
    """What a format's reader hands over: the root value and what it noticed on the way."""

    format: str
    root: Any
    sources: list[Source]
    code: list[CodeName] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Of the file as a whole; those of tensors are added from their rows."""
    facts: dict[str, Any] = field(default_factory=dict)
    storages: list[Storage] = field(default_factory=list)
    """All that the pickles name, those that no tensor uses included."""


def build(path: str, found: Found, report: Report = SILENT) -> Checkpoint:
    """The Checkpoint of what ``found`` holds."""
    texts = Texts()
    tables = Tables(texts)
    rows = flatten(found.root, texts, tables, report)
    listed = len(tables)
    tables.add_parts()
    loose = [[tables.storage_id(one), one.dtype] for one in found.storages if one.id < 0 and _stands_alone(one)]
    if loose:
        found.facts["loose_storages"] = loose
    tensors, storages = tables.columns()
    nodes, place = arrange(rows, texts)
    node_of = tensors.node
    for tensor in range(listed):
        node_of[tensor] = place[node_of[tensor]]
    roll_up(nodes, tensors, storages, texts.list, listed, [source.nbytes for source in found.sources])
    checkpoint = Checkpoint(
        path=path,
        format=found.format,
        nbytes=sum(source.nbytes for source in found.sources),
        nodes=nodes,
        tensors=tensors,
        storages=storages,
        texts=texts.list,
        rows=listed,
        extras=tables.extras,
        long_texts={place[row]: text for row, text in rows.long_texts.items()},
        sources=tuple(found.sources),
        code=tuple(found.code),
        problems=tuple(Problem(None, text) for text in found.problems),
        notes=tuple(found.notes + rows.notes),
        facts=found.facts,
    )
    return with_tensor_problems(checkpoint)


def _stands_alone(storage: Storage) -> bool:
    """Whether there are bytes of a storage's own."""
    return storage.problem is None and storage.root is None and storage.offset >= 0


def with_tensor_problems(checkpoint: Checkpoint) -> Checkpoint:
    """The same with a Problem for each bad tensor row, and a note that there are such."""
    from dataclasses import replace

    column = checkpoint.tensors.problem
    bad = [tensor for tensor in range(checkpoint.rows) if column[tensor] >= 0]
    if not bad:
        return checkpoint
    listed = tuple(
        Problem(checkpoint.path_of(checkpoint.tensors.node[tensor]), checkpoint.texts[column[tensor]])
        for tensor in bad[:MAX_LISTED_PROBLEMS]
    )
    note = f"{len(bad):,} of {checkpoint.rows:,} tensors do not hold together; the first: {listed[0].text}"
    return replace(checkpoint, problems=checkpoint.problems + listed, notes=(*checkpoint.notes, note))
