"""The pickled objects of the result against those planned, as graphs: every value, its identity, every tag."""

from __future__ import annotations

from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.convert.verify.differences import Differences
from ckpt_gui.core.convert.verify.written import WrittenFile
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report


def compare(source: Checkpoint, plan: Plan, file: WrittenFile, found: Differences, report: Report) -> None:
    """Tell where they differ."""
