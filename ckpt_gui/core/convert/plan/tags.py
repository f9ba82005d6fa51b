"""Device tags of the result, and which tensors PyTorch expects on the CPU all the same."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.convert.options import check_device, tag_after
from ckpt_gui.core.convert.plan.route import Route, tagged
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import escape

_ON_DEVICE = ("capturable", "fused")
"""Settings of an optimizer that keeps ``step`` beside its parameters (torch/optim/optimizer.py)."""


class Tags:
    """Old tag → new tag."""

    def __init__(self, tree: Tree, way: Route, rules: Sequence[DeviceRule]) -> None:
        self.tree = tree
        self.rules = rules
        self.written = way.target != "safetensors"
        self._known: dict[int, str | None] = {}

    def of_storage(self, storage: int) -> str | None:
        """The tag that a storage bears in the result; None where its format has none."""
        if not self.written:
            return None
        number = self.tree.checkpoint.storages.device[storage]
        if number not in self._known:
            self._known[number] = self.of_tag(self.tree.checkpoint.text(number) or "cpu")
        return self._known[number]

    def of_row(self, row: int) -> str | None:
        """The tag of a tensor; ``meta`` stays what it is."""
        if not self.written:
            return None
        tag = self.tree.checkpoint.device(row)
        if tag == "meta" or self.tree.is_within(row):
            return tag
        return self.of_tag(tag or "cpu")

    def of_tag(self, tag: str) -> str:
        """What replaces a tag."""
        return tag_after(tag, self.rules)


def tags(tree: Tree, way: Route, options: Options) -> Tags:
    """The tags that were asked for. Raises ConvertError where the format has none, or a rule is none."""
    for rule in options.devices:
        check_device(rule.new)
    if options.devices and way.target == "safetensors":
        raise ConvertError("safetensors has no device tags: its tensors load onto whichever device is asked for")
    if options.devices and tree.rows and not tagged(tree.checkpoint) and options.to is None and not options.state_dict:
        raise ConvertError(f"There are no device tags in this file ({tree.checkpoint.format})")
    return Tags(tree, way, options.devices)


def warnings(tree: Tree, found: Tags, rows: list[int], options: Options) -> list[str]:
    """What PyTorch expects on the CPU and is tagged otherwise; rules that meet nothing."""
    checkpoint = tree.checkpoint
    borne = {checkpoint.text(number) for number in set(checkpoint.storages.device)} - {""}
    if not options.devices:
        return []
    if all(found.of_tag(tag) in ("cpu", tag) for tag in borne):
        return _idle(tree, found, options)
    told = []
    steps = [row for row in _steps(tree, rows) if _moved(found, row)]
    if steps:
        told.append(
            f"PyTorch keeps an optimizer's step on the CPU unless it is capturable or fused; now tagged otherwise: "
            f"{tree.rows_listed(steps)}"
        )
    roles, node_of = tree.roles, checkpoint.tensors.node
    states = [row for row in rows if roles[node_of[row]] == Role.rng and _moved(found, row)]
    if states:
        told.append(
            f"PyTorch expects the state of a random number generator on the CPU; now tagged otherwise: "
            f"{tree.rows_listed(states)}"
        )
    if inner := [row for row in rows if tree.is_within(row)]:
        told.append(f"Tags in a pickle within the pickle stay as they are: {tree.rows_listed(inner)}")
    return told + _idle(tree, found, options)


def _moved(found: Tags, row: int) -> bool:
    return found.of_row(row) not in ("cpu", "meta", found.tree.checkpoint.device(row))


def _steps(tree: Tree, rows: list[int]) -> list[int]:
    """Tensors called ``step`` in an optimizer's state, unless its groups say that they belong on the device."""
    checkpoint, nodes = tree.checkpoint, tree.nodes
    roles, node_of, key = tree.roles, checkpoint.tensors.node, nodes.key
    names = {number for number in set(key) if checkpoint.texts[number].rpartition(".")[2] == "step"}
    steps = [row for row in rows if key[node_of[row]] in names and roles[node_of[row]] == Role.optimizer]
    excused: set[int] = set()
    for part in tree.opened.anatomy.parts if steps else ():
        if part.role is Role.optimizer and _on_device(tree, part.node):
            inside = tree.beneath(part.node)
            excused.update(row for row in steps if inside[checkpoint.tensors.node[row]])
    return [row for row in steps if row not in excused]


def _on_device(tree: Tree, optimizer: int) -> bool:
    """Whether a group of the optimizer is set capturable or fused."""
    nodes, text = tree.nodes, tree.checkpoint.text
    groups = [child for child in tree.checkpoint.children(optimizer) if text(nodes.key[child]) == "param_groups"]
    for group in (one for node in groups for one in tree.checkpoint.children(node)):
        for setting in tree.checkpoint.children(group):
            is_set = nodes.kind[setting] == Kind.VALUE and text(nodes.text[setting]) == "True"
            if is_set and text(nodes.key[setting]) in _ON_DEVICE:
                return True
    return False


def _idle(tree: Tree, found: Tags, options: Options) -> list[str]:
    """Rules for tags that no storage bears."""
    checkpoint = tree.checkpoint
    borne = {checkpoint.text(number) for number in set(checkpoint.storages.device)} - {""}
    told = []
    for rule in options.devices:
        if rule.old is not None and rule.old not in borne:
            there = ", ".join(sorted(map(escape, borne))) or "none"
            told.append(f"No storage is tagged {escape(rule.old)}; the tags here are: {there}")
    if borne and all(found.of_tag(tag) == tag for tag in borne):
        told.append("Every storage is tagged so already")
    return told
