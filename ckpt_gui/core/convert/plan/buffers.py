"""Which tensors are buffers: state that a module keeps beside its parameters, and that a cast had better leave alone.

A pickled module and TorchScript say which; of a state_dict the names tell. The names are those of torch.nn's norms and
quantizers, and of rotary and relative position tables, masks and anchors as published models call them.
"""

from __future__ import annotations

import re

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Flag, Kind
from ckpt_gui.core.convert.plan.tree import Tree

NAMES = (
    "running_mean", "running_var", "num_batches_tracked", "inv_freq", "original_inv_freq",
    "cos_cached", "sin_cached", "freqs_cis", "freqs_cos", "freqs_sin", "position_ids", "token_type_ids", "attn_mask",
    "causal_mask", "masked_bias", "relative_position_index", "relative_coords_table", "anchors", "anchor_grid",
    "alphas_cumprod", "alphas_cumprod_prev", "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod", "betas",
    "log_one_minus_alphas_cumprod", "posterior_variance", "sigmas", "logvar", "min_val", "max_val", "zero_point",
    "activation_post_process.scale", "fake_quant_enabled", "observer_enabled", "mel_basis", "mel_fb", "window_fn",
)  # fmt: skip
"""Last names of buffers."""
_NAME = re.compile(r"(?:.*\.)?(?:" + "|".join(map(re.escape, NAMES)) + r")\Z", re.S)


def is_buffer_name(name: str) -> bool:
    """Whether a name is one that modules give their buffers."""
    return _NAME.match(name) is not None


def float_buffers(tree: Tree, rows: list[int]) -> set[int]:
    """Those of the rows that are floating buffers."""
    tensors, texts, nodes = tree.checkpoint.tensors, tree.checkpoint.texts, tree.nodes
    floats = {number for number in set(tensors.dtype) if dtypes.named(texts[number]).kind in ("float", "complex")}
    told = _told(tree)
    names = {number for number in set(nodes.key) if is_buffer_name(texts[number])}
    found = set()
    for row in rows:
        if tensors.dtype[row] not in floats:
            continue
        node = tensors.node[row]
        if _module(tree, node) in told:
            if not tensors.flags[row] & int(Flag.PARAMETER):
                found.add(row)
        elif nodes.key[node] in names:
            found.add(row)
    return found


def _module(tree: Tree, node: int) -> int:
    """The nearest container that is no group."""
    node = tree.nodes.parent[node]
    while node > 0 and tree.nodes.kind[node] == Kind.GROUP:
        node = tree.nodes.parent[node]
    return node


def _told(tree: Tree) -> set[int]:
    """Modules that say which of their tensors are parameters."""
    nodes, tensors = tree.nodes, tree.checkpoint.tensors
    if Kind.OBJECT not in bytes(nodes.kind):
        return set()
    parameter, hidden = int(Flag.PARAMETER), int(Flag.NOT_IN_STATE_DICT)
    return {
        module
        for row, node in enumerate(tensors.node[: tree.rows])
        if tensors.flags[row] & parameter
        and not tensors.flags[row] & hidden
        and nodes.kind[module := _module(tree, node)] == Kind.OBJECT
    }
