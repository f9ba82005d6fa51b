"""Step: what training left behind, and what of it stays all the same; raw weights or their average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QCheckBox, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.convert_steps.section import Section, choose
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.choices import Choices
    from ckpt_gui.core.convert.nouns import Options

MAX_PARTS = 24
AVERAGES = (("choose …", None), ("raw weights", False), ("averaged weights (EMA)", True), ("both stay", None))


class TrainingSection(Section):
    """Optimizer and the like: out, but for what is not ticked."""

    TITLE = "Training state"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.strip = QCheckBox("Leave out what only training needs", self.body)
        self.strip.setToolTip("Optimizer, scheduler, scaler, random state, callbacks and loops")
        self.strip.toggled.connect(self._toggled)
        self.form.addRow(self.strip)
        self.parts: dict[str, QCheckBox] = {}
        self._spare: tuple[str, ...] = ()
        """GLOBs of a recipe, of which there may be no box."""
        self._more = self.words()
        self._more.hide()

    def know(self, choices: Choices) -> None:
        kept = self.fields()["spare"]
        for box in self.parts.values():
            self.form.removeRow(box)
        self.parts.clear()
        for part in choices.strippable[:MAX_PARTS]:
            size = f", {text.size(part.nbytes)}" if part.nbytes else ""
            name = text.clip(text.escape(part.name), 48).replace("&", "&&")
            box = spoken(QCheckBox(f"{name}  ({part.why}{size})", self.body), f"Leave out {name}: {part.why}{size}")
            box.setToolTip(f"{text.escape(part.name)}: not ticked, it stays")
            box.setChecked(part.name not in kept)
            box.setEnabled(self.strip.isChecked())
            box.toggled.connect(lambda _on: self.changed.emit())
            self.parts[part.name] = box
            self.form.addRow(box)
        self.tab_through([self.strip, *self.parts.values()])
        more = len(choices.strippable) - MAX_PARTS
        self._more.setText(f"and {text.plural(more, 'more part')}" if more > 0 else "")
        self._more.setVisible(more > 0)

    def _toggled(self, on: bool) -> None:
        for box in self.parts.values():
            box.setEnabled(on)
        self.changed.emit()

    def fields(self) -> dict[str, Any]:
        strip = self.strip.isChecked()
        spared = tuple(name for name, box in self.parts.items() if not box.isChecked())
        others = tuple(name for name in self._spare if name not in self.parts)
        return {"strip_optimizer": strip, "spare": others + spared if strip else ()}

    def show_options(self, options: Options) -> None:
        self._spare = options.spare
        for box in (self.strip, *self.parts.values()):
            box.blockSignals(True)
        self.strip.setChecked(options.strip_optimizer)
        for name, box in self.parts.items():
            box.setChecked(name not in options.spare)
            box.setEnabled(options.strip_optimizer)
        for box in (self.strip, *self.parts.values()):
            box.blockSignals(False)


class WeightsSection(Section):
    """Which weights: of the model as it stands, or averaged over training; bare or with what is around them."""

    TITLE = "Weights"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.state_dict = QCheckBox("Only the weights, as one state_dict", self.body)
        self.state_dict.setToolTip("One flat mapping of names to tensors, which torch.load(weights_only=True) accepts")
        self.state_dict.toggled.connect(lambda _on: self._toggled())
        self.form.addRow(self.state_dict)
        self.ema = self.choice("Of the two", "Raw or averaged weights", AVERAGES)
        self._about = self.words()
        self._know("")

    def know(self, choices: Choices) -> None:
        self._know(choices.averages)
        if choices.averages:
            self.unfold()
            if choices.prefers_average and self.ema.currentIndex() == 0:
                self.ema.setCurrentIndex(2)
                self.changed.emit()

    def _know(self, words: str) -> None:
        self.form.setRowVisible(self.ema, bool(words))
        self._about.setText(words)
        self._about.setVisible(bool(words))

    def question(self) -> str:
        """What is still to be answered where only one of the two can be meant; "" for nothing."""
        return str(self._about.text()) if self.ema.currentIndex() == 0 else ""

    def _toggled(self) -> None:
        if self.state_dict.isChecked() and self.ema.currentIndex() == len(AVERAGES) - 1:
            self.ema.setCurrentIndex(0)  # both cannot stay in one flat mapping
        self.changed.emit()

    def fields(self) -> dict[str, Any]:
        return {"state_dict": self.state_dict.isChecked(), "use_ema": self.ema.currentData()}

    def show_options(self, options: Options) -> None:
        self.state_dict.blockSignals(True)
        self.state_dict.setChecked(options.state_dict)
        self.state_dict.blockSignals(False)
        both = options.use_ema is None and not (options.state_dict or options.strip_optimizer)
        self.ema.setCurrentIndex(len(AVERAGES) - 1 if both else 0)
        if options.use_ema is not None:
            choose(self.ema, options.use_ema)
