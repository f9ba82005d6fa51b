"""Options × an index → what will be written. Pure: nothing is read, no values are looked at.

``route``     which way it goes: the pickled objects written back (nested), or one flat mapping; into which format
``scope``     which part of the file; the sentences where that is not plain
``left``      what is left out and why: ``strip`` (training state), ``average`` (EMA), GLOBs, filters, damage
``names``     what the tensors are called; ``types``, ``buffers`` what is cast; ``tags`` the devices
``records``   the storages of a torch result, ``tensor_file`` those of safetensors; ``ties`` what becomes shared
``edits``     what changes in the pickled objects; ``fits`` what a format cannot hold; ``remarks`` what is to be said
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ckpt_gui.core.convert.nouns import Item, Options, Plan
from ckpt_gui.core.convert.plan import average, fits, names, remarks, sizes, tags, ties
from ckpt_gui.core.convert.plan.average import Average, EmaChoice
from ckpt_gui.core.convert.plan.edits import Nested
from ckpt_gui.core.convert.plan.left import Left, left
from ckpt_gui.core.convert.plan.names import module_names
from ckpt_gui.core.convert.plan.records import Records
from ckpt_gui.core.convert.plan.route import Route, route
from ckpt_gui.core.convert.plan.scope import Scope, inside, scope
from ckpt_gui.core.convert.plan.tags import Tags
from ckpt_gui.core.convert.plan.tensor_file import tensor_file
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.convert.plan.types import Types, types
from ckpt_gui.core.convert.plan.values import dropped, metadata
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.renames import Renamed
from ckpt_gui.core.text import Path
from ckpt_gui.core.wire import Opened

__all__ = ["EmaChoice", "ema_choice", "module_names", "plan", "rename_preview"]


def plan(opened: Opened, options: Options, target: str = "", *, equal: Iterable[Iterable[int]] = ()) -> Plan:
    """What will be written to ``target`` (its name decides the format where ``options.to`` does not).

    ``equal``: groups of storages that were read and found to hold the same bytes, for ``ties="tie"``; without them
    the file's checksums tell. Raises ConvertError or RenameError with a sentence where it cannot be done, or where
    it is not plain what is meant.
    """
    return _Planner(opened, options, target).plan(equal)


def ema_choice(opened: Opened) -> EmaChoice | None:
    """What a shell asks once where raw and averaged weights both are there; None: there is no choice."""
    return average.ema_choice(Tree(opened))


def rename_preview(opened: Opened, options: Options, target: str = "") -> Renamed:
    """What the rules of ``options`` make of the names; collisions are in the result, not raised."""
    tree = Tree(opened)
    way = route(opened.checkpoint, options, target)
    part = scope(tree, way, options)
    gone = left(tree, way, part, options, average.taken(tree, inside(tree, part), options))
    return names.preview(tree, part, gone.kept(), options)


class _Planner:
    """One plan in the making."""

    def __init__(self, opened: Opened, options: Options, target: str) -> None:
        self.options, self.target = options, target
        self.tree = Tree(opened)
        self.way: Route = route(opened.checkpoint, options, target)
        self.part: Scope = scope(self.tree, self.way, options)
        self.taken: Sequence[Average] = average.taken(self.tree, inside(self.tree, self.part), options)
        self.gone: Left = left(self.tree, self.way, self.part, options, self.taken)
        self.rows = self._in_order(self.gone.kept())
        if self.tree.rows and not self.rows:
            raise ConvertError("No tensor would be left" + self._all_why())
        shares = self.way.target != "safetensors" and options.ties != "untie"
        self.types: Types = types(self.tree, self.rows, options, shares=shares)
        self.tags: Tags = tags.tags(self.tree, self.way, options)
        fits.check(self.tree, self.way, self.rows, self.types, options)
        if options.max_shard is not None and self.way.target != "safetensors":
            raise ConvertError("Only safetensors can be split into shards; add --to safetensors")

    def _in_order(self, rows: list[int]) -> list[int]:
        """As they come in the result: an average where its raw weights were."""
        raw = {row: raw for one in self.taken for raw, row in one.rows.items()}
        return sorted(rows, key=lambda row: raw.get(row, row)) if raw else rows

    def _all_why(self) -> str:
        """The one reason that all tensors are left out for, if there is one."""
        node_of = self.tree.checkpoint.tensors.node
        reasons = {self.gone.why(node) for node in node_of[: self.tree.rows]}
        return f": all of them are left out ({reasons.pop()})" if len(reasons) == 1 else ""

    def plan(self, equal: Iterable[Iterable[int]]) -> Plan:
        """The plan, with what is to be said of it."""
        if self.way.nested:
            made = self._nested(equal)
        elif self.way.target == "safetensors":
            made = self._tensor_file()
        else:
            made = self._flat(equal)
        made = replace(made, changes=self._changes(made))
        further = [*remarks.idle(self.tree, made), *remarks.suffix(self.way, self.target, self.options)]
        return replace(made, warnings=tuple(dict.fromkeys([*made.warnings, *further])))

    def _changes(self, made: Plan) -> bool:
        checkpoint = self.tree.checkpoint
        storages = checkpoint.storages
        moved = bool(self.options.devices) and any(
            record.device != checkpoint.text(storages.device[record.storage])
            for record in made.records
            if record.storage >= 0
        )
        renamed = not made.nested and any(item.path != item.target for item in made.items)
        remade = any(
            record.tensor >= 0 or record.start
            or (self.options.compact and record.nbytes != storages.nbytes[record.storage])
            for record in made.records
        )  # fmt: skip
        asked = self.options.metadata or (self.options.ties == "tie" and len(made.records) < len(storages))
        return bool(
            made.dropped or made.edits or made.aliases or self.types.cast or moved or renamed
            or (remade and checkpoint.format != "safetensors") or asked
        )  # fmt: skip

    def _made(self, items: Sequence[Item], records: Records, nbytes: int, warnings: Iterable[str]) -> Plan:
        tree = self.tree
        told = [
            *self.types.warnings,
            *remarks.gradients(tree, self.way, self.types),
            *records.warnings,
            *warnings,
            *tags.warnings(tree, self.tags, self.rows, self.options),
        ]
        return Plan(
            tree.checkpoint.path, tree.checkpoint.format, self.way.target, self.way.nested, self.options, tuple(items),
            tuple(records.records), (), dropped(tree, self.way, self.gone, ()), tuple(told), tree.checkpoint.nbytes,
            nbytes,
        )  # fmt: skip

    def _records(self, equal: Iterable[Iterable[int]]) -> Records:
        tied, warnings = ties.equal(self.tree, self.rows, self.types, self.tags, self.options, equal)
        records = Records(self.tree, self.way, self.types, self.tags, self.options)
        records.tell_wide |= any(self.gone.marks)
        records.add(self.rows, tied)
        records.warnings += warnings
        return records

    def _nested(self, equal: Iterable[Iterable[int]]) -> Plan:
        raw = {row: raw for one in self.taken if not one.whole for raw, row in one.rows.items()}
        named = [raw.get(row, row) for row in self.rows]
        keys = names.nested_keys(self.tree, self.part, self.gone.marks, named, self.options)
        nested = Nested(self.tree, self.part, self.gone, self.taken, keys.new)
        edits = nested.edits()
        told = remarks.archive(self.tree, edits, self.types, self.options)
        remarks.check_tensor_keys(self.tree, nested.tensor_keys(), edits, self.types, self.options)
        records = self._records(equal)
        items = self._items(records, nested if nested.moves else None)
        nbytes = sizes.nested_nbytes(self.tree, self.gone, records.records, self.way.target)
        return replace(self._made(items, records, nbytes, [*keys.warnings, *told]), edits=edits)

    def _items(self, records: Records, nested: Nested | None, targets: Sequence[Path] = ()) -> list[Item]:
        """The tensors of a torch result, at ``targets`` or where the edits lead."""
        tree, checkpoint, found = self.tree, self.tree.checkpoint, list[Item]()
        node_of, dtype, texts = checkpoint.tensors.node, checkpoint.tensors.dtype, checkpoint.texts
        cast, buffers, made, extras = self.types.cast, self.types.buffers, records.records, checkpoint.extras
        rows, paths = self.rows, tree.paths([node_of[row] for row in self.rows])
        goals = targets or ([nested.target(*pair) for pair in zip(rows, paths, strict=True)] if nested else paths)
        for row, path, target in zip(rows, paths, goals, strict=True):
            (record, offset, stride, shape), source = records.place(row), texts[dtype[row]]
            device = made[record].device if record >= 0 and row not in extras else self.tags.of_row(row)
            to = cast.get(row, source) if cast else source
            found.append(Item(row, path, target, record, offset, stride, shape, source, to, device, row in buffers))
        return found

    def _flat_names(self) -> tuple[list[str], list[str]]:
        raw = {row: raw for one in self.taken for raw, row in one.rows.items()}
        return names.flat_names(self.tree, self.part, [raw.get(row, row) for row in self.rows], self.options)

    def _flat(self, equal: Iterable[Iterable[int]]) -> Plan:
        named, told = self._flat_names()
        records = self._records(equal)
        items = self._items(records, None, [(name,) for name in named])
        nbytes = sizes.flat_nbytes(items, records.records, self.way.target)
        told += remarks.flat(self.tree, self.way, self.part, self.rows, self.options)
        return self._made(items, records, nbytes, told)

    def _tensor_file(self) -> Plan:
        tree, checkpoint = self.tree, self.tree.checkpoint
        named, told = self._flat_names()
        kept, nodes = metadata(tree)
        made = tensor_file(tree, self.rows, named, self.types, self.options, kept)
        told += remarks.flat(tree, self.way, self.part, self.rows, self.options)
        taken_away = {key for key, text in self.options.metadata if text is None}
        stays = {node for key, node in nodes.items() if key not in taken_away}
        return Plan(
            checkpoint.path, checkpoint.format, self.way.target, False, self.options, tuple(made.items),
            tuple(made.records), (), dropped(tree, self.way, self.gone, stays),
            (*self.types.warnings, *made.warnings, *told), checkpoint.nbytes, made.nbytes, tuple(made.aliases),
            tuple(made.metadata.items()), True, made.shards, tuple(made.aliased),
        )  # fmt: skip
