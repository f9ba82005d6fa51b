"""The status bar: what is open, in one line, and what is under way, with a way to stop it."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QSizePolicy, QStatusBar, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.jobs import Jobs, Task
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.spoken import spoken

MAX_KINDS = 3
"""So many dtypes and devices are named; the rest is counted."""
_MENTIONED_MS = 4_000
_UNSEEN_MS = 250
"""A task shorter than this is not shown: it would only flicker."""
_SPEED_AFTER = 0.4
"""Seconds before a speed is told."""


class Status(QStatusBar):
    """Facts on the left, the oldest running task on the right."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Status")
        self._jobs = jobs
        self._task: Task | None = None
        self._begun = 0.0
        """When the task was first looked at (s)."""
        self._facts = spoken(QLabel(), "File")
        self._facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._what = spoken(QLabel(), "Running")
        self._bar = spoken(QProgressBar(), "Progress")
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(120)
        self._stop = spoken(QPushButton("Cancel"), "Cancel what is running")
        self._stop.setFlat(True)
        self._stop.clicked.connect(self._cancel)
        self._facts.setContentsMargins(8, 0, 0, 0)
        self.addWidget(self._facts, 1)
        for widget in (self._what, self._bar, self._stop):
            self.addPermanentWidget(widget)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_UNSEEN_MS)
        self._delay.timeout.connect(self._show_task)
        jobs.changed.connect(self._look)
        self._show_task()

    def show_facts(self, words: str) -> None:
        """What is open."""
        self._facts.setText(words)
        self._facts.setToolTip(words)

    def mention(self, words: str) -> None:
        """Say what was just done, for a few seconds."""
        self.showMessage(words, _MENTIONED_MS)

    def facts(self) -> str:
        """What it says of the open file."""
        return str(self._facts.text())

    def _look(self) -> None:
        """The list of tasks changed."""
        task = next((task for task in self._jobs.tasks if task.label), None)
        if task is self._task:
            return
        if self._task is not None:
            self._task.progressed.disconnect(self._progress)
        self._task = task
        if task is None:
            self._delay.stop()
            self._show_task()
            return
        self._begun = time.monotonic()
        task.progressed.connect(self._progress)
        self._bar.setRange(0, 0)
        self._delay.start()

    def _show_task(self) -> None:
        for widget in (self._what, self._bar, self._stop):
            widget.setVisible(self._task is not None)
        self._what.setText(self._task.label if self._task is not None else "")

    def _progress(self, done: int, total: int, unit: str) -> None:
        if self._task is None:
            return
        figure = f"{text.size(done)}{self._speed(done)}" if unit == "bytes" else f"{done:,} {unit}"
        self._what.setText(f"{self._task.label}   {figure}" + (f"   {100 * done // total} %" if total else ""))
        self._bar.setRange(0, 1000 if total else 0)
        self._bar.setValue(min(1000, 1000 * done // total) if total else 0)

    def _speed(self, nbytes: int) -> str:
        """How quick the bytes come, once that can be told."""
        seconds = time.monotonic() - self._begun
        return f"   {nbytes / seconds / 1e9:.2f} GB/s" if seconds > _SPEED_AFTER else ""

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def facts_of(file: OpenFile) -> str:
    """A file in one line: format, tensors, parameters, size, dtypes, devices."""
    if file.opened is None:
        return text.escape(file.name)
    checkpoint, overview = file.opened.checkpoint, file.overview
    words = [text.escape(file.name), checkpoint.format, text.plural(checkpoint.rows, "tensor")]
    if overview is not None:
        words.append(f"{text.count(overview.params)} parameters")
    words.append(text.size(checkpoint.nbytes))
    if overview is not None:
        for shares in (overview.by_dtype, overview.by_device):
            words += [text.escape(text.join_words((share.name for share in shares), MAX_KINDS))] if shares else []
    return " · ".join(words)


def facts_of_comparison(comparison: Comparison) -> str:
    """A comparison in one line: both sizes, and how many pairs are of which change."""
    sides = []
    for letter, file in zip("AB", (comparison.left, comparison.right), strict=True):
        nbytes = f" {text.size(file.opened.checkpoint.nbytes)}" if file.opened is not None else ""
        sides.append(f"{letter} {text.escape(file.name)}{nbytes}")
    if comparison.facts is None:
        return " · ".join(sides)
    from ckpt_gui.core.diff.facts import ORDER
    from ckpt_gui.core.diff.grouping import ROOT

    found = zip(ORDER, comparison.facts.sum(ROOT).counts, strict=True)
    counts = [f"{count:,} {change or 'not compared yet'}" for change, count in found if count]
    return " · ".join([*sides, text.plural(len(comparison.rows), "pair"), *counts])
