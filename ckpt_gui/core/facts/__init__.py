"""What there is to say about the rows a person picked: facts in words, without touching the disk.

Each fact is a label and a text; ``node`` tells where its subject stands, so that a shell can lead
there. ``summary`` is what one asks first, ``info`` how it lies in the file.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_gui.core import text
from ckpt_gui.core.facts import groups, phrases, tensors
from ckpt_gui.core.facts.nouns import Fact, Facts, Section
from ckpt_gui.core.model import Checkpoint, Node
from ckpt_gui.core.outline.facts import path_or_prefix
from ckpt_gui.core.roles import Anatomy

__all__ = ["Fact", "Facts", "Section", "facts"]


def facts(checkpoint: Checkpoint, anatomy: Anatomy, nodes: Sequence[int]) -> Facts:
    """The facts of one or several rows."""
    picked = list(dict.fromkeys(nodes)) or [0]
    if len(picked) > 1:
        return groups.of_several(checkpoint, picked)
    node = checkpoint.node(picked[0])
    prefix, name = _heading(checkpoint, node)
    if node.tensor >= 0:
        tensor = checkpoint.tensor(node.tensor)
        line, summary = (
            tensors.line(checkpoint, anatomy, node, tensor),
            tensors.summary(checkpoint, anatomy, node, tensor),
        )
        return Facts(prefix, name, line, summary, tensors.info(checkpoint, tensor), "")
    info, long_text = groups.value_info(checkpoint, node), phrases.lines(groups.document(checkpoint, node))
    if node.child_count and checkpoint.nodes.tensors[node.id]:
        summary = groups.group_summary(checkpoint, anatomy, node)
        return Facts(prefix, name, groups.group_line(checkpoint, [node.id]), summary, info, long_text)
    return Facts(
        prefix,
        name,
        groups.value_line(checkpoint, node),
        groups.value_summary(checkpoint, anatomy, node),
        info,
        long_text,
    )


def _heading(checkpoint: Checkpoint, node: Node) -> tuple[str, str]:
    """The path text, parted before the label: ``model/layers.0.`` and ``weight``."""
    if node.id == 0:
        return "", text.escape(checkpoint.path.replace("\\", "/").rpartition("/")[2])
    path = path_or_prefix(checkpoint, node.id)
    cut = len(path) - len(node.label) if node.label and path.endswith(node.label) else path.rfind("/") + 1
    return text.escape(path[:cut]), text.escape(path[cut:])
