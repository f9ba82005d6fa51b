"""The pickled objects of a result: those of the source as the plan changes them, or one flat mapping. No values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ckpt_gui.core.convert.nouns import Edit, Item, Plan
from ckpt_gui.core.convert.objects.calls import CLASSES, Calls
from ckpt_gui.core.convert.objects.edits import Change
from ckpt_gui.core.convert.objects.flat import flat
from ckpt_gui.core.convert.objects.metadata import metadata_of
from ckpt_gui.core.convert.objects.moved import move, moved
from ckpt_gui.core.convert.objects.storages import Homes, rewrite
from ckpt_gui.core.convert.objects.streams import Stream, read_streams
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.pickles.graph import Persistent, reachable
from ckpt_gui.core.pickles.values import Global
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.text import Path, escape, path_text

__all__ = ["Pickle", "pickles"]

_SOURCES = "source code"
"""Key under which the index shows the source of classes that came with a legacy stream."""
_WITH_METADATA = ("torch-zip", "torch-legacy", "torch-tar")


@dataclass(frozen=True, slots=True)
class Pickle:
    """One pickle of the result."""

    record_name: str
    """Within the archive's folder; ``data.pkl`` too where the format has no names."""
    root: Any
    """A graph, for ``write_graph``."""
    protocol: int


def pickles(checkpoint: Checkpoint, plan: Plan, report: Report = SILENT) -> list[Pickle]:
    """Every pickle of the result that is not the source's as it lies.

    Raises ConvertError where the source's cannot be written again or the plan asks for what no pickle holds,
    ReadError where the source cannot be read or has changed.
    """
    calls = Calls(plan.target_format == "legacy")
    if plan.nested:
        return _nested(checkpoint, plan, calls, report)
    metadata = None
    if checkpoint.format in _WITH_METADATA and plan.items and not checkpoint.facts.get("broken"):
        try:
            metadata = metadata_of(read_streams(checkpoint, calls, report)[0], plan, calls)
        except ConvertError:
            metadata = None  # a stream that cannot be written again has tensors all the same
    return [Pickle("data.pkl", flat(checkpoint, plan, metadata, calls), 2)]


def _nested(checkpoint: Checkpoint, plan: Plan, calls: Calls, report: Report) -> list[Pickle]:
    streams = read_streams(checkpoint, calls, report)
    names = [stream.name for stream in streams]
    edits: dict[str, list[tuple[Edit, Path]]] = {name: [] for name in names}
    items: dict[str, list[tuple[Item, Path]]] = {name: [] for name in names}
    for edit in plan.edits:
        if not (edit.path[:1] == (_SOURCES,) and checkpoint.format == "torch-legacy"):
            name, path = _split(checkpoint.format, edit.path, names)
            edits[name].append((edit, path))
    for item in moved(checkpoint, plan):
        name, path = _split(checkpoint.format, item.path, names)
        items[name].append((item, path))
    _check(checkpoint, plan)
    homes = Homes(checkpoint, plan)
    return [_edited(stream, plan, homes, calls, edits[stream.name], items[stream.name]) for stream in streams]


def _check(checkpoint: Checkpoint, plan: Plan) -> None:
    """Raises ConvertError for a type that TorchScript's own unpickler does not read."""
    for record in plan.records if checkpoint.format == "torchscript" else ():
        if record.dtype != record.source_dtype and record.dtype not in CLASSES:
            raise ConvertError(f"TorchScript archives cannot hold {record.dtype}; --state-dict saves the tensors alone")


def _check_legacy(root: Any) -> None:
    """Raises ConvertError for a storage without an element type, which torch writes there but does not read again."""
    for value in reachable([root]).values():
        pid = value.pid if type(value) is Persistent else ()
        if type(pid) is tuple and len(pid) > 1 and type(pid[1]) is Global and pid[1].name == "UntypedStorage":
            raise ConvertError(
                "the older format cannot hold a storage without an element type: torch would not read it"
            )


def _edited(
    stream: Stream,
    plan: Plan,
    homes: Homes,
    calls: Calls,
    edits: list[tuple[Edit, Path]],
    items: list[tuple[Item, Path]],
) -> Pickle:
    change, cut = Change(stream.graph.root), 0
    for edit, path in edits:
        cut = len(edit.path) - len(path)
        change.edit(Edit(edit.what, path, edit.key, edit.other[cut:]))
    final = [move(change, path, item, plan.records[item.record], calls) for item, path in items]
    root = change.make()
    rewrite(stream, root, homes, plan.options.devices, calls, final)
    if plan.target_format == "legacy" and plan.format != "torch-legacy":
        _check_legacy(root)
    return Pickle(stream.name, root, stream.graph.protocol)


def _split(kind: str, path: Path, names: list[str]) -> tuple[str, Path]:
    """The record that a path of the index lies in, and the path within its pickle."""
    if kind == "torch-package":
        if not path or path[0] not in names or len(path) < 2:
            raise ConvertError(f"{escape(path_text(path))[:200]} is a whole resource of the package and stays as it is")
        return str(path[0]), path[1:]
    if kind == "torchscript" and path[:1] == ("constants",) and "constants.pkl" in names:
        return "constants.pkl", path[1:]
    return names[0], path
