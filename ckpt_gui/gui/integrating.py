"""Open checkpoints by double-click: asked for from the start page or the menu, told in the bar, with the way back."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ckpt_gui.core import text
from ckpt_gui.desktop.written import Outcome
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar

_KEY = "integrate"


class Integrating(QObject):
    """Registers the program with the desktop, off the window's thread: the desktop's own tools may take a second."""

    def __init__(self, jobs: Jobs, bar: NoticeBar) -> None:
        super().__init__(bar)
        self._jobs, self._bar = jobs, bar

    def ask(self) -> None:
        """Register; done already is done again, which changes nothing."""
        from ckpt_gui.desktop import integrate

        self._jobs.run(_KEY, lambda _report: integrate.integrate(), self._done, failed=self._failed)

    def undo(self) -> None:
        """Put everything back."""
        from ckpt_gui.desktop import integrate

        self._jobs.run(_KEY, lambda _report: integrate.remove(), self._undone, failed=self._failed)

    def _done(self, outcome: Outcome) -> None:
        words = _sentence(outcome)
        self._bar.tell(_KEY, words, details=_details(outcome), answers=[("Undo", self.undo)])

    def _undone(self, outcome: Outcome) -> None:
        self._bar.tell(_KEY, _sentence(outcome), details=_details(outcome))

    def _failed(self, sentence: str, details: str) -> None:
        self._bar.tell(_KEY, text.escape(sentence), alarm=True, details=details)


def _sentence(outcome: Outcome) -> str:
    return text.escape(". ".join((outcome.sentence, *outcome.advice)) + ".")


def _details(outcome: Outcome) -> str:
    lines = [f"{change.what}  {change.path}" for change in outcome.changes] + [f"ran  {each}" for each in outcome.ran]
    return "\n".join(map(text.escape, lines))
