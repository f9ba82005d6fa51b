"""The same steps for many files: which, into which folder, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.gui.convert_rows import Column, RowsModel, Table
from ckpt_gui.gui.converting import Batch, Outcome
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.spoken import Elided, muted, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.nouns import Options

GLYPHS = {"waiting": "…", "reading": "▸", "converting": "▸", "done": "✓", "failed": "▲", "stopped": "■"}
_TONES = {"done": "good", "failed": "bad"}


def _result(one: Outcome) -> str:
    if one.receipt is None:
        return f"{GLYPHS[one.state]} {one.state}"
    verified = one.receipt.proof is not None and one.receipt.proof.verified
    return f"{GLYPHS['done']} written and proven" if verified else "▲ written, not proven"


def _sizes(one: Outcome) -> str:
    receipt = one.receipt
    return f"{text.size(receipt.nbytes_before)} → {text.size(receipt.nbytes_after)}" if receipt is not None else ""


COLUMNS = (
    Column("File", lambda one: text.escape(Path(one.path).name), 22, tip=lambda one: text.escape(one.path)),
    Column("What came of it", _result, 21, tone=lambda one: _TONES.get(one.state, "")),
    Column("Size", _sizes, 18, right=True, value=lambda one: one.receipt.nbytes_after if one.receipt else -1),
    Column("Result", lambda one: text.escape(Path(one.target).name) if one.target else "", 22,
           tip=lambda one: text.escape(one.target)),
    Column("Note", lambda one: text.escape(one.words), 52),
)  # fmt: skip


class BatchPage(QWidget):
    """Files, a folder, a table of results.

    Signals:
        message: a sentence about what was done.
        changed: whether it can be begun, or is under way, may be another answer now.
    """

    message = Signal(str)
    changed = Signal()

    def __init__(self, jobs: Jobs, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Many files")
        self.batch = Batch(jobs, self)
        self._paths: list[str] = []
        self.headline = spoken(Elided(self), "What will be done", style="headline")
        self.steps = muted(Elided(self))
        self.model = RowsModel(COLUMNS, self)
        self.table = Table(self.model, "Files and what became of them", self)
        self.folder = spoken(QLineEdit(self), "Folder of the results")
        self.folder.setPlaceholderText("beside each file")
        self.replace = QCheckBox("&Replace existing files", self)
        self.bar = spoken(QProgressBar(), "Progress of the file under way")
        self.bar.setTextVisible(False)
        self.bar.hide()
        self._lay_out()
        self.batch.changed.connect(self._told)
        self.batch.progressed.connect(self._progressed)
        self.batch.ended.connect(self._ended)
        self.table.message.connect(self.message)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.table)
        delete.activated.connect(self.remove_selected)

    def _lay_out(self) -> None:
        files, folder = QHBoxLayout(), QHBoxLayout()
        for words, name, act in (("&Add files…", "Add files", self._ask_files),
                                 ("&Take away", "Take the selected files away", self.remove_selected)):  # fmt: skip
            files.addWidget(self._button(words, name, act))
        files.addStretch(1)
        files.addWidget(self.replace)
        label = QLabel("Results &into")
        label.setBuddy(self.folder)
        folder.addWidget(label)
        folder.addWidget(self.folder, 1)
        folder.addWidget(self._button("C&hoose…", "Choose the folder of the results", self._ask_folder))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self.headline, self.steps):
            column.addWidget(part)
        column.addWidget(self.table, 1)
        column.addLayout(files)
        column.addLayout(folder)
        column.addWidget(self.bar)

    def _button(self, words: str, name: str, act: Callable[[], object]) -> QPushButton:
        button = spoken(QPushButton(words), name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: act())
        return button

    def show_steps(self, steps: str) -> None:
        """What is done to each, as on the command line."""
        self.steps.say(f"With each: {steps}" if steps else "Each is written again as it is.")
        self._say()

    def add(self, paths: list[str]) -> None:
        """More files."""
        if not self.batch.running:
            self._paths = list(dict.fromkeys([*self._paths, *paths]))
            self.batch.outcomes = [Outcome(path) for path in self._paths]
            self._say()

    def remove_selected(self) -> None:
        """The selected files are not to be converted."""
        if not self.batch.running:
            rows = {index.row() for index in self.table.selectionModel().selectedRows()}
            gone = {self.model.rows[self.model.places[row]].path for row in rows}
            self._paths = [path for path in self._paths if path not in gone]
            self.batch.outcomes = [Outcome(path) for path in self._paths]
            self._say()

    def obstacle(self) -> str:
        """Why it cannot be begun, in a sentence; "" if it can."""
        if not self._paths:
            return "Add the files that are to be converted."
        folder = self.folder.text().strip()
        return f"There is no folder {text.escape(folder)}." if folder and not Path(folder).is_dir() else ""

    def begin(self, options: Options) -> None:
        """Convert them, one after the other."""
        folder = self.folder.text().strip()
        self.bar.show()
        self.batch.begin(self._paths, str(Path(folder).absolute()) if folder else "", options,
                         overwrite=self.replace.isChecked())  # fmt: skip
        self._say()

    def stop(self) -> None:
        """Stop it; what is done stays."""
        self.batch.stop()

    def _say(self) -> None:
        done = sum(one.state == "done" for one in self.batch.outcomes)
        failed = sum(one.state == "failed" for one in self.batch.outcomes)
        words = f"{text.plural(len(self._paths), 'file')} to convert"
        if done or failed or self.batch.running:
            words = f"{done:,} of {text.plural(len(self._paths), 'file')} converted"
        self.headline.say(words + (f", {failed:,} failed" if failed else ""))
        self.model.show(self.batch.outcomes)
        self.changed.emit()

    def _told(self, place: int) -> None:
        self.bar.setRange(0, 0)
        self.model.changed(place)
        self.table.scrollTo(self.model.index(place, 0))

    def _progressed(self, done: int, total: int, _unit: str) -> None:
        self.bar.setRange(0, 1000 if total else 0)
        self.bar.setValue(min(1000, 1000 * done // total) if total else 0)

    def _ended(self) -> None:
        self.bar.hide()
        self._say()

    def _ask_files(self) -> None:
        self.add(QFileDialog.getOpenFileNames(self, "Files to convert")[0])

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the results", self.folder.text())
        if folder:
            self.folder.setText(folder)
            self.changed.emit()
