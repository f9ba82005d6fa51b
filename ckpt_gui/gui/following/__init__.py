"""A run of checkpoints that is being followed: its files, and what is asked of them.

``following`` holds the state, ``reading`` has the files read by processes, ``work`` is done on a job's thread.
"""

from __future__ import annotations

from ckpt_gui.gui.following.following import QUESTIONS, Following
from ckpt_gui.gui.following.work import Lines

__all__ = ["QUESTIONS", "Following", "Lines"]
