"""What a training run keeps beside the weights: optimizer, scheduler, scaler, RNG, and Lightning's callbacks and loops.

The epoch, the step and the configuration are never among it.
"""

from __future__ import annotations

from ckpt_gui.core.convert.plan.scope import STATE
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.roles import Role

_LIGHTNING = {"callbacks": "callback state", "loops": "loop state"}
"""Keys of the root of a Lightning checkpoint (lightning/pytorch/trainer/connectors/checkpoint_connector.py)."""


def state_nodes(tree: Tree) -> dict[int, str]:
    """The topmost nodes of training state, each with what it is."""
    wanted = tree.has_role(STATE)
    parent = tree.nodes.parent
    found = {
        node: Role(tree.roles[node]).name
        for node, hit in enumerate(wanted)
        if hit and (node == 0 or not wanted[parent[node]])
    }
    for node, why in _lightning(tree):
        found.setdefault(node, why)
    return dict(sorted(found.items(), key=lambda item: tree.nodes.order[item[0]]))


def _lightning(tree: Tree) -> list[tuple[int, str]]:
    if not tree.opened.anatomy.framework.startswith("Lightning"):
        return []
    return [(node, why) for key, why in _LIGHTNING.items() if (node := tree.checkpoint.find((key,))) is not None]


def spared(tree: Tree, globs: tuple[str, ...], state: bytearray) -> bytearray:
    """1 for what stays all the same: what the GLOBs name, and averages of weights that a callback keeps.

    ``state`` has a mark for each node of training state.
    """
    marks = tree.matching(globs)
    for part in tree.opened.anatomy.parts:
        if part.role in (Role.ema, Role.weights) and state[part.node]:
            marks[part.node] = 1
    return tree.inherit(marks)
