"""Checkpoint → Anatomy."""

from __future__ import annotations

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.roles.nouns import Anatomy, Part, Role


def classify(checkpoint: Checkpoint) -> Anatomy:
    """The roles of all nodes, and what follows from them. Never raises, whatever the tree."""
    size = len(checkpoint.nodes)
    part = Part(Role.weights, 0, "the whole file")
    return Anatomy(bytes(size), 0 if size else -1, (part,), "plain torch", (), {}, "", None, None, -1, -1, ())
