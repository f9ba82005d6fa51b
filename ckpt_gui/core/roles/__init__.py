"""Which part of a checkpoint is weights, optimizer, scheduler, EMA, RNG or metadata; of which framework.

Content decides, key names are evidence. ``nouns`` says what comes out; ``classify`` stands in a module
of its own, for the window needs the nouns only, and before its first paint.
"""

from __future__ import annotations

from ckpt_gui.core.roles.nouns import Anatomy, Part, Role

__all__ = ["Anatomy", "Part", "Role"]
