"""Where the result goes: its path, what stands there already, and whether it may go."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.place import Place

TYPING_MS = 250


class PlaceRow(QWidget):
    """The target.

    Signals:
        changed: another target is wanted.
        agreed: whether an existing file may be replaced was said.
    """

    changed = Signal()
    agreed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Target")
        self._by_hand = False
        self.place: Place | None = None
        self.edit = spoken(QLineEdit(self), "Path of the result")
        self.edit.textEdited.connect(self._typed)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.changed)
        browse = spoken(QPushButton("C&hoose…"), "Choose where the result is to lie")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        label = QLabel("&Write to")
        label.setBuddy(self.edit)
        self.state = muted(Elided(self))
        self.state.setAccessibleName("What stands there")
        self.replace = QCheckBox("&Replace the existing file", self)
        self.replace.toggled.connect(lambda _on: self.agreed.emit())
        self.receipt = QCheckBox("Receipt &beside it", self)
        self.receipt.toggled.connect(lambda _on: self._say())
        self.receipt.toggled.connect(lambda _on: self.agreed.emit())
        self.receipt.setToolTip("A JSON file that says what was done, with the SHA-256 of source and result")
        above, beneath = QHBoxLayout(), QHBoxLayout()
        above.addWidget(label)
        above.addWidget(self.edit, 1)
        above.addWidget(browse)
        for widget in (self.replace, self.receipt):
            beneath.addWidget(widget)
        beneath.insertWidget(0, self.state, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(above)
        column.addLayout(beneath)
        self.replace.hide()
        for one, other in pairwise((self.edit, browse, self.replace, self.receipt)):
            QWidget.setTabOrder(one, other)

    def target(self) -> str:
        """The path typed or chosen; "" while none was, and a name is to be proposed."""
        return self.edit.text().strip() or " " if self._by_hand else ""

    def busy(self) -> bool:
        """Is somebody typing?"""
        return self._typing.isActive()

    def overwrite(self) -> bool:
        """May an existing file be replaced?"""
        return bool(self._standing() and self.replace.isChecked())

    def _standing(self) -> tuple[str, ...]:
        """Names of files that would be replaced."""
        if self.place is None:
            return ()
        receipt = (self.place.receipt,) if self.place.receipt and self.receipt.isChecked() else ()
        return (*self.place.standing, *receipt)

    def obstacle(self) -> str:
        """Why nothing can be written there, in a sentence; "" if it can."""
        if self.place is None:
            return "The plan is being made."
        if self.place.trouble:
            return self.place.trouble
        if self._standing() and not self.replace.isChecked():
            return "That file exists; say that it may be replaced, or choose another name."
        return ""

    def show_place(self, place: Place) -> None:
        """What is known of the target."""
        if self.place is None or place.path != self.place.path:
            self.replace.setChecked(False)
        self.place = place
        if not self._by_hand:
            self.edit.setText(place.path)
            self.edit.setToolTip(text.escape(place.path))
        self._say()

    def _say(self) -> None:
        if self.place is None:
            return
        standing, trouble, free = self._standing(), self.place.trouble, self.place.free
        self.replace.setVisible(bool(standing) and not trouble)
        names = text.join_words((text.escape(name) for name in standing), 3)
        alarm = trouble or (f"{names} {'exists' if len(standing) == 1 else 'exist'} already." if standing else "")
        self.state.setProperty("muted", not alarm)
        self.state.style().polish(self.state)
        self.state.say(f"▲ {alarm}" if alarm else f"{text.size(free)} free there" if free >= 0 else "")

    def _typed(self, _words: str) -> None:
        self._by_hand = True
        self._typing.start()

    def choose(self, path: str) -> None:
        """Write there."""
        self._by_hand = True
        self.edit.setText(path)
        self.changed.emit()

    def _browse(self) -> None:
        start = self.edit.text() or str(Path.home())
        # The box to tick asks about replacing, once for all ways to name a file.
        path = QFileDialog.getSaveFileName(self, "Write the result to", start,
                                           options=QFileDialog.Option.DontConfirmOverwrite)[0]  # fmt: skip
        if path:
            self.choose(path)
