"""The steps under one another: together they are ``Options``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ckpt_gui.core.convert.nouns import Options, Plan
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.gui.convert_steps.device import DeviceSection
from ckpt_gui.gui.convert_steps.memory import MemorySection
from ckpt_gui.gui.convert_steps.names import NamesSection
from ckpt_gui.gui.convert_steps.output import OutputSection
from ckpt_gui.gui.convert_steps.section import Section
from ckpt_gui.gui.convert_steps.training import TrainingSection, WeightsSection
from ckpt_gui.gui.convert_steps.types import TypesSection
from ckpt_gui.gui.convert_steps.what import WhatSection
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.choices import Choices

SECTIONS: dict[str, type[Section]] = {
    "weights": WeightsSection, "training": TrainingSection, "what": WhatSection, "names": NamesSection,
    "types": TypesSection, "device": DeviceSection, "format": OutputSection, "memory": MemorySection,
}  # fmt: skip
ALL = tuple(SECTIONS)
TYPING_MS = 250
"""Somebody who types is not disturbed by plans for half a word."""
WIDTH = 300


class StepsColumn(QScrollArea):
    """Some of the steps to begin with, all on demand.

    Signals:
        changed: ``options()`` may be others now.
        all_shown: the other steps were asked for.
        audit_wanted, buffers_wanted: see ``TypesSection``.
        wrong: what is typed cannot be read; a sentence.
    """

    changed = Signal()
    all_shown = Signal()
    audit_wanted = Signal()
    buffers_wanted = Signal()
    wrong = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        spoken(self, "Steps", style="plain")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it has the keyboard
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(WIDTH)
        self._options = Options()
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.changed)
        inside = QWidget(self.viewport())
        box = QVBoxLayout(inside)
        box.setContentsMargins(0, 0, 6, 0)
        box.setSpacing(4)
        self.sections = {name: make(inside) for name, make in SECTIONS.items()}
        for section in self.sections.values():
            section.changed.connect(self._changed)
            section.typed.connect(self._typing.start)
            box.addWidget(section)
        self._more = spoken(QPushButton("&More steps…"), "More steps")
        self._more.setFlat(True)
        self._more.setAutoDefault(False)
        self._more.clicked.connect(self.show_all)
        box.addWidget(self._more)
        box.addStretch(1)
        self.setWidget(inside)
        self.types.audit_wanted.connect(self.audit_wanted)
        self.types.buffers_wanted.connect(self.buffers_wanted)

    @property
    def types(self) -> TypesSection:
        """The step of element types."""
        section = self.sections["types"]
        assert isinstance(section, TypesSection)
        return section

    @property
    def names(self) -> NamesSection:
        """The step of names."""
        section = self.sections["names"]
        assert isinstance(section, NamesSection)
        return section

    @property
    def device(self) -> DeviceSection:
        """The step of devices."""
        section = self.sections["device"]
        assert isinstance(section, DeviceSection)
        return section

    def show_sections(self, names: Sequence[str], *, opened: Sequence[str]) -> None:
        """Show these steps, some of them unfolded."""
        for name, section in self.sections.items():
            section.setVisible(name in names)
            section.unfold(name in opened)
        self._more.setVisible(len(names) < len(self.sections))

    def concerned(self, options: Options) -> tuple[str, ...]:
        """Steps that these options change something in."""
        plain = Options()
        return tuple(
            name
            for name, section in self.sections.items()
            if any(getattr(options, field) != getattr(plain, field) for field in section.fields())
        )

    def show_section(self, name: str) -> None:
        """One more step, unfolded."""
        self.sections[name].show()
        self.sections[name].unfold()

    def show_all(self) -> None:
        """Every step; what is unfolded stays so."""
        for section in self.sections.values():
            section.show()
        self._more.hide()
        self.all_shown.emit()

    def busy(self) -> bool:
        """Is somebody typing?"""
        return self._typing.isActive()

    def know(self, choices: Choices) -> None:
        """What there is to choose from in this file."""
        for section in self.sections.values():
            section.know(choices)

    def options(self) -> Options | None:
        """What is asked for; None where what is typed cannot be read, and ``wrong`` told why."""
        fields: dict[str, Any] = {}
        try:
            for section in self.sections.values():
                fields |= section.fields()
        except CheckpointError as exc:
            self.wrong.emit(str(exc))
            return None
        return replace(self._options, **fields)

    def question(self) -> str:
        """What is to be answered before anything is written; "" for nothing."""
        weights = self.sections["weights"]
        assert isinstance(weights, WeightsSection)
        options = self.options()
        asks = options is not None and (options.state_dict or options.strip_optimizer)
        return weights.question() if asks else ""

    def show_options(self, options: Options) -> None:
        """Set all controls; nothing is told of it."""
        self._typing.stop()
        self._options = options
        for section in self.sections.values():
            section.show_options(options)

    def show_plan(self, plan: Plan, cast: int, buffers: int) -> None:
        """What some steps say of the plan: so many tensors are cast, so many taken for buffers."""
        self.types.tell(cast, buffers)
        output = self.sections["format"]
        assert isinstance(output, OutputSection)
        output.tell(dict(plan.metadata), holds=plan.target_format == "safetensors")

    def _changed(self) -> None:
        self._typing.stop()
        self.changed.emit()
