"""Which part of a checkpoint is weights, optimizer, scheduler, EMA, RNG or metadata; of which framework.

Content decides, key names are evidence. ``nouns`` says what comes out.
"""

from __future__ import annotations

from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.roles.nouns import Anatomy, Part, Role

__all__ = ["Anatomy", "Part", "Role", "classify"]
