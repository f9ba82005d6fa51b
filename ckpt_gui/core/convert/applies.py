"""Which of the buttons apply to a file: why one does not, or that it would change nothing. Quick on any file."""

from __future__ import annotations

from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.convert.nouns import DeviceRule, Options
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.plan.route import all_safetensors, not_nested
from ckpt_gui.core.convert.plan.scope import weights
from ckpt_gui.core.convert.plan.strip import state_nodes
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.errors import ConvertError, RenameError
from ckpt_gui.core.text import escape, join_words
from ckpt_gui.core.wire import Opened

ACTIONS = ("device", "strip", "state-dict", "convert")
"""To CPU and To GPU, Strip optimizer, Save as state_dict, Convert."""
MAX_PLANNED = 2_000
"""Tensors of a file that is planned to see whether it can be: a few dozen milliseconds."""


def why_not(opened: Opened, what: str) -> str:
    """Why one of ACTIONS cannot be done to this file, in a sentence; "" if it can."""
    checkpoint = opened.checkpoint
    if what == "device":
        if all_safetensors(checkpoint):
            return "safetensors has no device tags"
        return not_nested(checkpoint) if checkpoint.format != "sharded" else ""
    if what == "strip":
        return _not_stripped(opened)
    if what == "state-dict":
        return _not_flat(Tree(opened))
    return not_nested(checkpoint) if not checkpoint.rows and checkpoint.format not in ("safetensors", "sharded") else ""


def _not_flat(tree: Tree) -> str:
    try:
        weights(tree)
    except ConvertError as exc:
        return str(exc)
    if tree.within and all(map(tree.is_within, range(tree.rows))):
        return "The tensors lie in a pickle within the pickle, from which they are not copied"
    return _not_planned(tree.opened) if tree.rows <= MAX_PLANNED else ""


def _not_planned(opened: Opened) -> str:
    """Why not all of the weights can go into one mapping: names that clash, tensors that it cannot hold."""
    try:
        plan(opened, Options(state_dict=True))
    except (ConvertError, RenameError) as exc:
        return str(exc)
    return ""


def _not_stripped(opened: Opened) -> str:
    checkpoint = opened.checkpoint
    if checkpoint.format not in ("safetensors", "sharded") and (reason := not_nested(checkpoint)):
        return reason
    tree = Tree(opened)
    state = bytearray(len(tree.nodes))
    for node in state_nodes(tree):
        state[node] = 1
    tree.inherit(state)
    if tree.rows and all(state[node] for node in checkpoint.tensors.node[: tree.rows]):
        return "There is nothing but training state in this file"
    return ""


def idle(opened: Opened, what: str, device: DeviceRule | str | None = None) -> str:
    """What makes an action that is possible pointless, in a sentence; "" if it would change something.

    ``device``: the tag or rule that storages are to bear; a recipe with others may still change something.
    """
    if what == "device":
        return _tagged_so(opened, device)
    if what == "strip":
        return "" if state_nodes(Tree(opened)) else "There is no optimizer, scheduler, scaler or RNG state to strip"
    if what == "state-dict":
        return "It is a flat state_dict already" if _is_state_dict(opened) else ""
    return ""


def _tagged_so(opened: Opened, device: DeviceRule | str | None) -> str:
    checkpoint = opened.checkpoint
    rule = DeviceRule(None, device) if isinstance(device, str) else device
    borne = sorted({checkpoint.text(number) for number in set(checkpoint.storages.device)} - {""})
    if not borne:
        return "No storage in this file has a device tag"
    if rule is None:
        return ""
    if rule.old is not None and rule.old not in borne:
        return f"No storage is tagged {escape(rule.old)}, but {join_words(map(escape, borne))}"
    return f"All storages are tagged {rule.new} already" if borne == [rule.new] else ""


def _is_state_dict(opened: Opened) -> bool:
    """Whether the file is one mapping of text keys to plain tensors, and nothing else."""
    checkpoint = opened.checkpoint
    nodes, kinds = checkpoint.nodes, bytes(checkpoint.nodes.kind)
    plain = kinds.count(Kind.TENSOR) + kinds.count(Kind.GROUP) + 1 == len(kinds)
    if opened.anatomy.weights != 0 or kinds[0] != Kind.MAPPING or not plain:
        return False
    return not any(flags & Flag.PARAMETER for flags in checkpoint.tensors.flags) and bool(nodes.count[0])
