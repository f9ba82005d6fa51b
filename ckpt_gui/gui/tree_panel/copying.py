"""Rows as text: for the clipboard, and for the filter line."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

from ckpt_gui.core import text
from ckpt_gui.core.columns import Kind
from ckpt_gui.core.outline import Facts, Outline, path_or_prefix, python_line

MAX_COPIED = 10_000
"""Rows put on the clipboard at once."""


def copy(facts: Facts, nodes: list[int], what: str) -> str:
    """Put ``key``, ``path`` or ``python`` of these nodes on the clipboard, a line each; says so in a sentence."""
    lines = [_line(facts, node, what) for node in nodes[:MAX_COPIED]]
    # A lone surrogate of a hostile key has no place in a clipboard.
    safe = "\n".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")
    QGuiApplication.clipboard().setText(safe)
    shown = text.clip(text.escape(lines[0]), 100)
    return f"Copied {shown}" if len(lines) == 1 else f"Copied {text.plural(len(lines), 'line')}"


def _line(facts: Facts, node: int, what: str) -> str:
    checkpoint = facts.checkpoint
    if what == "python":
        from ckpt_gui.core.weights_only import verdict

        return python_line(checkpoint, node, weights_only=verdict(checkpoint).accepted is not False)
    if what == "path":
        return path_or_prefix(checkpoint, node)
    key = facts.nodes.key[node]
    return checkpoint.text(key) or checkpoint.text(facts.nodes.label[node])


def term(outline: Outline, row: int) -> str:
    """The filter term for that row and all beneath it; for a row of several, for their parent."""
    from ckpt_gui.core.search import exactly

    facts, nodes = outline.facts, outline.facts.nodes
    while row >= len(nodes):
        row = outline.parent(row)
    row = max(row, 0)
    if nodes.kind[row] == Kind.GROUP:
        return exactly(path_or_prefix(facts.checkpoint, row), below=".")
    below = "" if not nodes.count[row] else "/" if facts.path(row) else "*"
    return exactly(facts.path(row), below=below)
