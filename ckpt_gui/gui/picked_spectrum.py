"""Singular values of the picked matrix: offered, computed when somebody asks, stopped when they look elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Job, Jobs
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.spectrum_section import HIDDEN, State

if TYPE_CHECKING:
    from ckpt_gui.core.spectrum import Spectrum

_SLOT = "singular values of what is picked"


class PickedSpectrum(QObject):
    """Knows where the singular values of what is picked stand. What was found is kept with the file.

    Signals:
        changed: the State to show.
    """

    changed = Signal(object)

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._file: OpenFile | None = None
        self._tensor = -1
        self._job: Job | None = None
        self._trouble = ""

    def look_at(self, file: OpenFile, nodes: list[int]) -> None:
        """Other rows are picked."""
        from ckpt_gui.core.depth import tensors_beneath

        self.stop()
        assert file.opened is not None
        tensors = tensors_beneath(file.opened.checkpoint, nodes[0]) if len(nodes) == 1 else ()
        self._file, self._trouble = file, ""
        self._tensor = tensors[0] if len(tensors) == 1 else -1
        self.changed.emit(self._state())

    def stop(self) -> None:
        """Nothing is looked at any more; what is under way ends."""
        self._file, self._tensor, self._job = None, -1, None
        self.cancel()

    def cancel(self) -> None:
        """Nobody wants the outcome."""
        self._jobs.cancel(_SLOT)

    def start(self) -> None:
        """Compute them: somebody asks."""
        file, tensor = self._file, self._tensor
        if file is None or file.opened is None or not self._state().offer:
            return
        reading, checkpoint = file.reading(), file.opened.checkpoint
        name = text.escape(text.clip(text.path_text(checkpoint.path_of(checkpoint.tensors.node[tensor])), 60))

        def work(report: Report) -> Spectrum:
            from ckpt_gui.gui.solving import solve

            return solve(reading, tensor, report)

        self._trouble = ""
        job = self._jobs.run(_SLOT, work, partial(self._found, file, tensor), failed=self._failed,
                             label=f"Singular values of {name}")  # fmt: skip
        self._job = job
        job.ended.connect(lambda: self._ended(job))
        self.changed.emit(self._state())

    def _found(self, file: OpenFile, tensor: int, found: Spectrum) -> None:
        file.spectra[tensor] = found

    def _failed(self, sentence: str, _details: str) -> None:
        self._trouble = sentence

    def _ended(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        if job.stopped:
            self._trouble = "It was cancelled."
        if self._file is not None:
            self.changed.emit(self._state())

    def _state(self) -> State:
        file, tensor = self._file, self._tensor
        if file is None or tensor < 0:
            return HIDDEN
        from ckpt_gui.core.spectrum import is_matrix, shape_of, why_not
        from ckpt_gui.core.spectrum.words import offer, warning

        try:
            shape = shape_of(file.reading(), tensor)
        except NoValues:  # which the statistics say
            return HIDDEN
        if not is_matrix(shape):
            return HIDDEN
        if why := why_not(shape):
            return State(why_not=why)
        return State(
            offer=offer(shape),
            warning=warning(shape),
            running=self._job is not None,
            trouble=self._trouble,
            found=file.spectra.get(tensor),
        )
