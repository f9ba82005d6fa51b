"""Statistics of what is picked, for the Summary: what is known at once, a preview of the large, then the exact."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.scanning import UNASKED_NBYTES, Scanning

if TYPE_CHECKING:
    from ckpt_gui.core.stats.nouns import Summary

UNASKED_TENSORS, LIGHT_NBYTES = 2_000, 1 << 30
"""Of a group, that are looked at when it is picked; more when statistics are asked for."""
PREVIEW_FROM = 32 << 20
"""Bytes from which a preview comes first."""
_EXACT, _PREVIEW = "statistics of what is picked", "preview of what is picked"


class PickedStatistics(QObject):
    """Looks at the picked tensor, or sums up the picked group.

    Signals:
        found: sections of facts, whenever more is known.
    """

    found = Signal(tuple)

    def __init__(self, jobs: Jobs, scanning: Scanning, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs, self._scanning = jobs, scanning
        self._file: OpenFile | None = None
        self._tensors: list[int] = []
        scanning.changed.connect(self._more)

    def look_at(self, file: OpenFile, nodes: list[int]) -> None:
        """Other rows are picked."""
        from ckpt_gui.core.depth import tensors_beneath

        self.stop()
        assert file.opened is not None
        checkpoint = file.opened.checkpoint
        self._file = file
        self._tensors = sorted({tensor for node in nodes or [0] for tensor in tensors_beneath(checkpoint, node)})
        if len(self._tensors) == 1:
            self._look_at_one(file, self._tensors[0])
        elif self._tensors:
            if self._is_light(file):
                self._scanning.want(file, self._tensors)
            self._tell_several(file)

    def _is_light(self, file: OpenFile) -> bool:
        """May a mere click on a group have all of it looked at?"""
        from ckpt_gui.core.stats.fill import nbytes_of

        assert file.opened is not None
        return (
            len(self._tensors) <= UNASKED_TENSORS and nbytes_of(file.opened.checkpoint, self._tensors) <= LIGHT_NBYTES
        )

    def stop(self) -> None:
        """Nothing is looked at any more."""
        self._file, self._tensors = None, []
        self._jobs.cancel(_EXACT)
        self._jobs.cancel(_PREVIEW)

    def _look_at_one(self, file: OpenFile, tensor: int) -> None:
        assert file.opened is not None
        checkpoint, reading = file.opened.checkpoint, file.reading()
        if self._tell_one(file, tensor):
            return
        if why := reading.why_not(tensor):
            self._tell_none(why)
            return
        from ckpt_gui.core.stats.fill import stored_nbytes
        from ckpt_gui.core.stats.summarize import preview, summarize

        nbytes = stored_nbytes(checkpoint, tensor)
        if nbytes > PREVIEW_FROM:
            self._jobs.run(_PREVIEW, lambda _report: preview(reading, tensor), partial(self._previewed, file, tensor))
        if nbytes > UNASKED_NBYTES:
            return
        executor, workers = self._jobs.executor(), self._jobs.workers

        def work(report: Report) -> Summary:
            return summarize(reading, tensor, report=report, executor=executor, workers=workers)

        name = text.escape(text.clip(text.path_text(checkpoint.path_of(checkpoint.tensors.node[tensor])), 60))
        self._jobs.run(_EXACT, work, partial(self._exact, file, tensor), failed=lambda why, _d: self._tell_none(why),
                       label=f"Statistics of {name}")  # fmt: skip

    def _previewed(self, file: OpenFile, tensor: int, summary: Summary) -> None:
        from ckpt_gui.core.stats import words
        from ckpt_gui.core.stats.brief import brief

        if file is self._file and file.opened is not None and self._tensors == [tensor]:
            node = file.opened.checkpoint.tensors.node[tensor]
            self.found.emit(words.of_tensor(brief(summary), node, sampled=True))

    def _exact(self, file: OpenFile, tensor: int, summary: Summary) -> None:
        self._jobs.cancel(_PREVIEW)
        self._scanning.note(file, tensor, summary)

    def _more(self, file: OpenFile) -> None:
        if file is not self._file:
            return
        if len(self._tensors) == 1:
            self._tell_one(file, self._tensors[0])
        elif self._tensors:
            self._tell_several(file)

    def _tell_one(self, file: OpenFile, tensor: int) -> bool:
        from ckpt_gui.core.stats import words

        assert file.opened is not None
        brief = self._scanning.brief(file, tensor)
        if brief is not None:
            self.found.emit(words.of_tensor(brief, file.opened.checkpoint.tensors.node[tensor]))
        elif why := self._scanning.why_not(file, tensor):
            self._tell_none(why)
        else:
            return False
        return True

    def _tell_several(self, file: OpenFile) -> None:
        from ckpt_gui.core.stats import words

        assert file.opened is not None
        snapshot, tensors = self._scanning.snapshot(file), self._tensors
        waiting = len(tensors) - sum(map(snapshot.done.__getitem__, tensors))
        if waiting and not self._scanning.running(file):
            self._tell_none(
                f"{waiting:,} of these {len(tensors):,} tensors were not looked at yet; “Compute statistics of all"
                " tensors” in the menu Tree does it"
            )
            return
        bad = snapshot.by_tensor["nonfinite"]
        first = next((tensor for tensor in tensors if bad.get(tensor)), None)
        node = file.opened.checkpoint.tensors.node[first] if first is not None else -1
        self.found.emit(words.of_several(self._scanning.together(file, tensors), len(tensors), waiting, node))

    def _tell_none(self, why: str) -> None:
        from ckpt_gui.core.stats import words

        self.found.emit(words.without(why))
