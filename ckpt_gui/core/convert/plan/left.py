"""What is left out, and why: one mark a node, with the reason it stands for.

Parts go first, as a whole: what was not chosen, training state, what a GLOB drops. Then single tensors: those that
no GLOB keeps, that the filter does not find, that do not hold together.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core.columns import Flag
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan import scope as scopes
from ckpt_gui.core.convert.plan.average import Average
from ckpt_gui.core.convert.plan.route import Route, source_code
from ckpt_gui.core.convert.plan.scope import STATE, Scope
from ckpt_gui.core.convert.plan.strip import spared, state_nodes
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import join_words, plural

OUTSIDE = 1
"""The mark of what was not chosen."""


class Left:
    """The marks, and what they stand for."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.marks = bytearray(len(tree.nodes))
        self.reasons = ["", "not chosen"]
        self.whole: set[int] = set()
        """Nodes that were left out as a whole: all that is in them goes too, whatever it is."""

    def mark(self, reason: str) -> int:
        """The number of a reason."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason)

    def why(self, node: int) -> str:
        """Why a node is left out; "" if it is not."""
        return self.reasons[self.marks[node]]

    def drop(self, node: int, reason: str) -> None:
        """Leave out a node, and, once marks are handed down, everything in it."""
        if not self.marks[node]:
            self.marks[node] = self.mark(reason)

    def row(self, row: int, reason: str) -> None:
        """Leave out one tensor."""
        self.drop(self.tree.checkpoint.tensors.node[row], reason)

    def kept(self) -> list[int]:
        """Rows of the tensors that stay."""
        marks = self.marks
        return [row for row, node in enumerate(self.tree.checkpoint.tensors.node[: self.tree.rows]) if not marks[node]]


def left(tree: Tree, way: Route, part: Scope, options: Options, taken: Sequence[Average]) -> Left:
    """Everything that is left out for what was asked. Raises ConvertError for a damaged tensor that would stay."""
    gone = Left(tree)
    _outside(gone, part)
    if options.strip_optimizer:
        _strip(gone, options)
    if options.use_ema is False and options.strip_optimizer:
        for node in _average_nodes(tree):
            _globbed(gone, tree.beneath(node), "averaged weights")
    for average in taken:
        _take(gone, average, way.nested)
    if options.drop:
        _globbed(gone, tree.matching(options.drop), "dropped by name")
    if options.state_dict:
        _only_weights(gone, part, {row for average in taken for row in average.rows.values()})
    _single(gone, options, way.nested)
    if way.nested and way.target == "torch" and (sources := source_code(tree.checkpoint)) is not None:
        _globbed(gone, tree.beneath(sources), "a zip keeps no source code")
    if way.nested:
        _whole(gone)
    return gone


def _outside(gone: Left, part: Scope) -> None:
    inside = scopes.inside(gone.tree, part)
    gone.marks[:] = bytes(inside).translate(bytes([OUTSIDE, 0]) + bytes(254))


def _strip(gone: Left, options: Options) -> None:
    """Mark training state; what is spared in it loses the mark again."""
    tree = gone.tree
    found = bytearray(len(gone.marks))
    for node, why in state_nodes(tree).items():
        found[node] = gone.mark(why)
    tree.inherit(found)
    spare = spared(tree, options.spare, found)
    for node, mark in enumerate(found):
        if mark and not spare[node] and not gone.marks[node]:
            gone.marks[node] = mark


def _average_nodes(tree: Tree) -> list[int]:
    return [part.node for part in tree.opened.anatomy.parts if part.role is Role.ema]


def _take(gone: Left, average: Average, nested: bool) -> None:
    """The average goes where the raw weights are; what lies beside it in its part goes."""
    tree, node_of, marks = gone.tree, gone.tree.checkpoint.tensors.node, gone.marks
    if average.whole and nested:
        _globbed(gone, tree.beneath(average.raw), "replaced by its average")
        moved = tree.beneath(average.inner)
    else:
        for raw in average.rows:
            gone.drop(node_of[raw], "replaced by its average")
        moved = bytearray(len(marks))
        for row in average.rows.values():
            moved[node_of[row]] = 1
    beside = gone.mark("beside the averaged weights") if average.rows or nested else 0
    for node, within in enumerate(tree.beneath(average.node)):
        if moved[node]:
            marks[node] = 0 if marks[node] == OUTSIDE else marks[node]
        elif within and not marks[node]:
            marks[node] = beside


def _globbed(gone: Left, matching: bytearray, reason: str) -> None:
    number = gone.mark(reason)
    marks = gone.marks
    for node, hit in enumerate(matching):
        if hit and not marks[node]:
            marks[node] = number


def _only_weights(gone: Left, part: Scope, averaged: set[int]) -> None:
    """Of what a state_dict is made: the weights beneath the part; all tensors where none of them is known as such."""
    tree = gone.tree
    tensors, hidden = tree.checkpoint.tensors, int(Flag.NOT_IN_STATE_DICT)
    chosen = scopes.inside(tree, part)
    if not any(chosen[node] and not tensors.flags[row] & hidden for row, node in enumerate(tensors.node[: tree.rows])):
        hidden = 0  # what was asked for has no others
    known = scopes.said_to_hold_weights(tree, chosen)
    others = {role: "averaged weights" if role is Role.ema else role.name for role in (*STATE, Role.ema)}
    for row, node in enumerate(tensors.node[: tree.rows]):
        if row in averaged:
            continue
        if tensors.flags[row] & hidden:
            gone.drop(node, "not in the module's state_dict")
        elif known and tree.roles[node] in others:
            gone.drop(node, others[Role(tree.roles[node])])


def _single(gone: Left, options: Options, nested: bool) -> None:
    """What is said of tensors one by one."""
    tree, node_of = gone.tree, gone.tree.checkpoint.tensors.node
    if options.keep:
        keep = tree.matching(options.keep)
        for row in gone.kept():
            if not keep[node_of[row]]:
                gone.row(row, "not among what is kept")
    if options.only:
        only = tree.filtered(options.only, "what is kept")
        for row in gone.kept():
            if row not in only:
                gone.row(row, "the filter does not find it")
    sound = max(tree.checkpoint.tensors.problem, default=-1) < 0 and (nested or not tree.within)
    damaged = [] if sound else [row for row in gone.kept() if problem(tree, row, nested)]
    if damaged and not options.skip_damaged:
        told = join_words([f"{tree.rows_listed([row])} ({problem(tree, row, nested)})" for row in damaged], 3)
        raise ConvertError(f"{plural(len(damaged), 'tensor')} cannot be converted: {told}. "
                           "--skip-damaged leaves such tensors out")  # fmt: skip
    for row in damaged:
        gone.row(row, f"cannot be converted: {problem(tree, row, nested)}")


def problem(tree: Tree, row: int, nested: bool) -> str:
    """Why a tensor, or a part of it, does not hold together, or cannot be copied; "" if nothing speaks against it."""
    checkpoint = tree.checkpoint
    column = checkpoint.tensors.problem
    if column[row] >= 0:
        return checkpoint.texts[column[row]]
    if not nested and tree.is_within(row):
        return "its bytes lie in a pickle within the pickle, from which they are not copied"
    if row in checkpoint.extras:
        for name, part in checkpoint.tensor(row).parts:
            if 0 <= part != row and column[part] >= 0:
                return f"its {name}: {checkpoint.texts[column[part]]}"
    return ""


def _whole(gone: Left) -> None:
    """Containers that go with everything in them, so that one edit takes them out."""
    tree, marks, whole = gone.tree, gone.marks, gone.whole
    first, count = tree.nodes.first, tree.nodes.count
    whole.update(node for node, mark in enumerate(marks) if mark and not count[node])
    for node in reversed(tree.containers):
        if marks[node] and all(map(whole.__contains__, range(first[node], first[node] + count[node]))):
            whole.add(node)
