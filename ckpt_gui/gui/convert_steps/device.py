"""Step: which device each tensor is tagged with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.convert.nouns import DeviceRule
from ckpt_gui.gui.convert_steps.section import Section
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.choices import Choices
    from ckpt_gui.core.convert.nouns import Options

STAYS = "as it is"
TAGS = ("cpu", *(f"cuda:{number}" for number in range(8)), "mps", "xpu")
MAX_TAGS = 16


class DeviceSection(Section):
    """Every tensor to one device, or each device of the file to another."""

    TITLE = "Device"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._quiet = False
        self.every = self._box("Every tensor", "Device of every tensor")
        self._tags: dict[str, QComboBox] = {}
        self._wanted: tuple[DeviceRule, ...] = ()
        self._note = self.words("Only the tag changes. No such device is needed here.")

    def _box(self, label: str, name: str) -> QComboBox:
        box = spoken(QComboBox(self.body), name)
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.addItems((STAYS, *TAGS))
        if (edit := box.lineEdit()) is not None:
            edit.setAccessibleName(name)
        box.setToolTip("Choose a device, or type any name")
        box.activated.connect(lambda _place: self._set())
        box.editTextChanged.connect(self._type)
        self.form.addRow(label, box)
        return box

    def know(self, choices: Choices) -> None:
        for box in self._tags.values():
            self.form.removeRow(box)
        self._tags.clear()
        self.form.removeRow(self._note)
        if len(choices.tags) > 1:
            for tag, count in choices.tags[:MAX_TAGS]:
                words = f"{text.clip(text.escape(tag), 40)} ({text.plural(count, 'tensor')})"
                self._tags[tag] = self._box(words, f"New device of {text.escape(tag)}")
        self.tab_through([self.every, *self._tags.values()])
        self._note = self.words("Only the tag changes. No such device is needed here."
                                if choices.tags else "Tensors of this format have no device.")  # fmt: skip
        self.show_options_of(self._wanted)

    def focus_other(self) -> None:
        """Ready for a name to be typed."""
        self.every.setFocus()
        if (edit := self.every.lineEdit()) is not None:
            edit.selectAll()

    def _type(self, _words: str) -> None:
        if not self._quiet:
            self._enable()
            self.typed.emit()

    def _set(self) -> None:
        self._enable()
        self.changed.emit()

    def _enable(self) -> None:
        for box in self._tags.values():
            box.setEnabled(_tag(self.every) is None)

    def fields(self) -> dict[str, Any]:
        new = _tag(self.every)
        if new is not None:
            return {"devices": (DeviceRule(None, new),)}
        chosen = ((old, _tag(box)) for old, box in self._tags.items())
        return {"devices": tuple(DeviceRule(old, new) for old, new in chosen if new is not None)}

    def show_options(self, options: Options) -> None:
        self.show_options_of(options.devices)

    def show_options_of(self, rules: tuple[DeviceRule, ...]) -> None:
        """Set the boxes to these rules, as far as there is a box for them."""
        self._wanted, self._quiet = rules, True
        chosen = {rule.old: rule.new for rule in rules}
        self.every.setEditText(chosen.get(None, STAYS))
        for tag, box in self._tags.items():
            box.setEditText(chosen.get(tag, STAYS))
        self._quiet = False
        self._enable()


def _tag(box: QComboBox) -> str | None:
    typed = box.currentText().strip()
    return typed if typed not in ("", STAYS) else None
