"""A checkpoint's tree as indented lines, for tests to read."""

from __future__ import annotations

from ckpt_gui.core.model import Checkpoint


def drawn(checkpoint: Checkpoint, node: int = 0, depth: int = 0) -> list[str]:
    """A line a node below ``node``: its label, and an ellipsis for what holds more."""
    lines: list[str] = []
    for child in checkpoint.children(node):
        held = checkpoint.nodes.count[child]
        lines.append("  " * depth + checkpoint.node(child).label + (":" if held else ""))
        lines += drawn(checkpoint, child, depth + 1)
    return lines
