"""A comparison as a whole: how much differs, what was frozen, values beside the tensors, what loading would say."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.spoken import spoken


class DiffOverview(QScrollArea):
    """Shows one comparison.

    Signals:
        place_wanted: a link to a pair was followed.
        message: a sentence for the status bar.
    """

    place_wanted = Signal(int)
    message = Signal(str)

    def __init__(self, comparison: Comparison, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        spoken(self, "Overview of the comparison", style="plain").setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._comparison, self._jobs = comparison, jobs

    def show_pairs(self, comparison: Comparison, places: list[int]) -> None:
        """More is known."""
