"""What came of a conversion, and what can be done with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.convert_rows import Sentences, tones
from ckpt_gui.gui.converting import in_window
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.nouns import Receipt

WORTH_A_SPEED = 100_000_000
"""Bytes; fewer are written in no time."""


class ReceiptPage(QWidget):
    """The receipt, in words.

    Signals:
        open_wanted: the result is to be opened (its path).
        compare_wanted: the result is to be compared with the source (both paths, the source first).
        message: a sentence about what was done.
        failed: a sentence about what could not be done.
    """

    open_wanted = Signal(str)
    compare_wanted = Signal(str, str)
    message = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Receipt")
        self.receipt: Receipt | None = None
        self.headline = spoken(Elided(self), "What came of it", style="headline")
        self.proof = spoken(QLabel(), "What was done and proven")
        self.proof.setWordWrap(True)
        self.proof.setTextFormat(Qt.TextFormat.PlainText)
        self.proof.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts = QFormLayout()
        self.facts.setContentsMargins(0, 0, 0, 0)
        self.facts.setHorizontalSpacing(18)
        self.differences = Sentences("Differences from the plan", self)
        self.warnings = Sentences("Warnings", self)
        row = QWidget(self)
        buttons = Flow(row, 6)
        self.buttons = {}
        for words, act in (
            ("&Open", self._open), ("Compare with the &source", self._compare), ("Show in &folder", self._show_folder),
            ("&Copy receipt", self._copy), ("Sa&ve receipt…", self._ask_save),
        ):  # fmt: skip
            name = words.replace("&", "").rstrip("…")
            button = self.buttons[name] = spoken(QPushButton(words), name)
            button.clicked.connect(act)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 24, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.headline)
        column.addWidget(self.proof)
        column.addWidget(self.differences)
        column.addLayout(self.facts)
        column.addWidget(self.warnings)
        column.addWidget(row)
        column.addStretch(1)

    def show_receipt(self, receipt: Receipt) -> None:
        """Show what came of it; the next step has the keyboard."""
        from ckpt_gui.core.convert.receipt import in_words

        self.receipt = receipt
        proof = receipt.proof
        verified = proof is not None and proof.verified
        name = text.escape(Path(receipt.target).name)
        self.headline.say(f"{'✓ ' if verified else ''}{name} is written{' and proven' if verified else ''}",
                          text.escape(receipt.target))  # fmt: skip
        self.headline.setStyleSheet(f"color: {tones(self.palette())['good' if verified else 'bad'].name()}")
        self.proof.setText("\n".join(in_words(receipt)))
        self.differences.say(proof.differences if proof is not None else ())
        self.warnings.say([in_window(one) for one in receipt.warnings])
        while self.facts.rowCount():
            self.facts.removeRow(0)
        for words, fact in _facts(receipt):
            said = Elided(self)
            said.say(fact)
            said.setAccessibleName(words)
            self.facts.addRow(muted(QLabel(words)), said)
        self.buttons["Compare with the source"].setFocus()

    def words(self) -> str:
        """The receipt as JSON."""
        from ckpt_gui.core.convert.receipt import to_json

        assert self.receipt is not None
        return json.dumps(to_json(self.receipt), indent=1, ensure_ascii=True) + "\n"

    def _open(self) -> None:
        assert self.receipt is not None
        self.open_wanted.emit(_address(self.receipt))

    def _compare(self) -> None:
        assert self.receipt is not None
        self.compare_wanted.emit(self.receipt.source, _address(self.receipt))

    def _show_folder(self) -> None:
        assert self.receipt is not None
        folder = str(Path(self.receipt.target).parent)
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(folder)):
            self.failed.emit(f"No program shows folders here; it lies in {text.escape(folder)}")

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.words())
        self.message.emit("Copied the receipt")

    def _ask_save(self) -> None:
        assert self.receipt is not None
        path = QFileDialog.getSaveFileName(self, "Save the receipt", f"{self.receipt.target}.json", "JSON (*.json)")[0]
        if path:
            self.save(path)

    def save(self, path: str) -> None:
        """Write it there."""
        try:
            Path(path).write_text(self.words(), encoding="utf-8")
        except OSError as exc:
            self.failed.emit(f"{text.escape(path)} cannot be written: {exc.strerror}")
        else:
            self.message.emit(f"Saved {text.escape(Path(path).name)}")


def _address(receipt: Receipt) -> str:
    """What is to be opened of a result: of several files the index, which is the last."""
    return receipt.files[-1] if len(receipt.files) > 1 else receipt.target


def _facts(receipt: Receipt) -> list[tuple[str, str]]:
    quick = receipt.nbytes_after > WORTH_A_SPEED and receipt.seconds
    speed = f" · {receipt.nbytes_after / receipt.seconds / 1e9:.2f} GB/s, written and proven" if quick else ""
    facts = [
        ("Source", text.escape(receipt.source)), ("Time", f"{receipt.seconds:.1f} s{speed}"),
    ]  # fmt: skip
    return [*facts, *((f"SHA-256 of {text.escape(Path(path).name)}", digest) for path, digest in receipt.sha256)]
