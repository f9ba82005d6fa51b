"""What is no tensor: which values a result does not have; and the texts that a safetensors file keeps."""

from __future__ import annotations

from collections.abc import Collection

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.convert.nouns import Dropped
from ckpt_gui.core.convert.plan.left import Left
from ckpt_gui.core.convert.plan.route import Route
from ckpt_gui.core.convert.plan.tree import Tree
from ckpt_gui.core.info import value_nodes

METADATA = "__metadata__"


def metadata(tree: Tree) -> tuple[dict[str, str], dict[str, int]]:
    """The texts of a safetensors file's ``__metadata__``, and the node of each."""
    checkpoint = tree.checkpoint
    root = checkpoint.find((METADATA,)) if checkpoint.format == "safetensors" else None
    if root is None:
        return {}, {}
    found, nodes = dict[str, str](), dict[str, int]()
    for node in checkpoint.children(root):
        if checkpoint.nodes.kind[node] == Kind.VALUE and checkpoint.text(checkpoint.nodes.type_name[node]) == "str":
            key = checkpoint.text(checkpoint.nodes.key[node])
            found[key] = checkpoint.long_texts.get(node, checkpoint.text(checkpoint.nodes.text[node]))
            nodes[key] = node
    return found, nodes


def dropped(tree: Tree, way: Route, gone: Left, stays: Collection[int]) -> tuple[Dropped, ...]:
    """Every tensor and every value that the result does not have, in the file's order.

    ``stays``: nodes of values that a flat result keeps in a way of its own.
    """
    nodes, marks, reasons = tree.nodes, gone.marks, gone.reasons
    tensors = [node for node in tree.checkpoint.tensors.node[: tree.rows] if marks[node]]
    if way.nested:
        values = [node for node in value_nodes(tree.checkpoint) if node in gone.whole] if any(marks) else []
    else:
        values = [node for node in value_nodes(tree.checkpoint) if node not in stays]
    listed = sorted(tensors + values, key=nodes.order.__getitem__)
    return tuple(
        Dropped(path, node, reasons[marks[node]] or _no_tensor(tree, node))
        for path, node in zip(tree.paths(listed), listed, strict=True)
    )


def _no_tensor(tree: Tree, node: int) -> str:
    if tree.nodes.kind[node] == Kind.OBJECT and tree.nodes.tensors[node]:
        return "the object around the tensors"
    return "not a tensor"
