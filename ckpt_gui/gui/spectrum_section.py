"""The singular values under a tensor's facts: a button that computes them, a way to stop that, a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.spoken import muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.spectrum import Spectrum
    from ckpt_gui.gui.plots.spectrum import SpectrumPlot


class State(NamedTuple):
    """Where the singular values of what is picked stand."""

    offer: str = ""
    """What the button says; "" where there is nothing to compute."""
    warning: str = ""
    """What to know before pressing it."""
    why_not: str = ""
    """Why a matrix has none, in words."""
    running: bool = False
    trouble: str = ""
    """Why the last attempt gave nothing."""
    found: Spectrum | None = None


HIDDEN = State()


class SpectrumSection(QWidget):
    """A line with a button, and the picture once there is one. Hidden where nothing can be said.

    Signals:
        wanted: the button was pressed.
        unwanted: Cancel was pressed.
    """

    wanted = Signal()
    unwanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.action = QAction("Compute singular values", self)
        self.action.triggered.connect(self.wanted)
        self._button = QPushButton()
        self._button.clicked.connect(self.wanted)
        self._cancel = spoken(QPushButton("Cancel"), "Cancel the singular values")
        self._cancel.clicked.connect(self.unwanted)
        self._words = muted(spoken(QLabel(), "Singular values"))
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._plot: SpectrumPlot | None = None
        line = QHBoxLayout()
        line.setContentsMargins(6, 0, 6, 0)
        for widget in (self._button, self._cancel):
            line.addWidget(widget)
        line.addWidget(self._words, 1)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 4, 0, 0)
        self._box.addLayout(line)
        self.show_state(HIDDEN)

    def show_state(self, state: State) -> None:
        """Say and show where they stand."""
        waits = bool(state.offer) and not state.running and state.found is None
        spoken(self._button, state.offer).setText(state.offer)
        self._button.setVisible(waits)
        self.action.setEnabled(waits)
        self._cancel.setVisible(state.running)
        self._words.setText(text.escape(_words(state)))
        self._words.setVisible(bool(self._words.text()))
        self._show_plot(state.found)
        self.setVisible(state != HIDDEN)

    def _show_plot(self, found: Spectrum | None) -> None:
        drawn = found is not None and found.spectral_norm > 0
        if drawn and self._plot is None:
            from ckpt_gui.gui.plots.spectrum import SpectrumPlot

            self._plot = SpectrumPlot(self)
            self._box.addWidget(self._plot)
        if self._plot is not None:
            self._plot.setVisible(drawn)
            if drawn and found is not None:
                self._plot.show_values(found.singular_values, _spoken(found))


def _words(state: State) -> str:
    if state.why_not:
        return _sentence(state.why_not)
    if state.running:
        return "Computing the singular values …"
    if state.found is not None:
        return "Singular values, largest first" if state.found.spectral_norm > 0 else ""
    return _sentence(state.trouble) if state.trouble else state.warning


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def _spoken(found: Spectrum) -> str:
    values = found.singular_values
    return f"{text.plural(len(values), 'value')} from {values[0]:.4g} down to {values[-1]:.4g}"
