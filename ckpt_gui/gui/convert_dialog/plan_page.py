"""The page before anything is written: steps on the left, what they come to on the right, the target beneath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.gui.convert_audit import AuditPanel
from ckpt_gui.gui.convert_dialog.place_row import PlaceRow
from ckpt_gui.gui.convert_preview import PreviewPanel
from ckpt_gui.gui.convert_steps import ALL, StepsColumn
from ckpt_gui.gui.converting import Conversion, asks_for_part, in_window, work
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.choices import Choices

SOON_MS = 300
"""A plan that is there before needs no words."""


class PlanPage(QWidget):
    """Each change is planned anew; the latest wins.

    Signals:
        state_changed: whether it can be confirmed may be another answer now.
        message: a sentence about what was done.
        wrong: why it cannot be done like this; a sentence and details.
        right: it can.
    """

    state_changed = Signal()
    message = Signal(str)
    wrong = Signal(str, str)
    right = Signal()

    def __init__(self, conversion: Conversion, jobs: Jobs, parent: QWidget) -> None:
        super().__init__(parent)
        self.conversion, self._jobs = conversion, jobs
        self._choices: Choices | None = None
        self._unclear = False
        """Is something typed that cannot be read?"""
        # Each with the parent it will have: to move a widget with all that is in it takes tens of milliseconds.
        self._halves = QSplitter(Qt.Orientation.Horizontal, self)
        self.steps = StepsColumn(self._halves)
        right = QWidget(self._halves)
        self.tabs = spoken(QTabBar(right), "Preview or audit", style="pages")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.addTab("Preview")
        self.tabs.addTab("Audit")
        self.tabs.hide()
        self._pages = QStackedWidget(right)
        self.preview = PreviewPanel(self._pages)
        self._audit: AuditPanel | None = None
        self._pages.addWidget(self.preview)
        self.place = PlaceRow(self)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(lambda: self.preview.say("Planning …"))
        self._lay_out(right)
        self._connect()

    def _lay_out(self, right: QWidget) -> None:
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.tabs)
        column.addWidget(self._pages, 1)
        halves = self._halves
        halves.setChildrenCollapsible(False)
        halves.setHandleWidth(1)
        halves.setStretchFactor(1, 1)
        halves.setSizes([310, 790])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addWidget(halves, 1)
        box.addWidget(self.place)

    def _connect(self) -> None:
        one = self.conversion
        one.planning.connect(self._planning)
        one.planned.connect(self._planned)
        one.refused.connect(self._refused)
        one.audited.connect(lambda found: self.audit.show_audit(found))
        one.audit_failed.connect(self._audit_failed)
        self.steps.changed.connect(self.replan)
        self.steps.wrong.connect(lambda words: self.wrong.emit(in_window(words), ""))
        self.steps.audit_wanted.connect(self._start_audit)
        self.steps.buffers_wanted.connect(self._show_buffers)
        self.place.changed.connect(self.replan)
        self.place.agreed.connect(self.state_changed)
        self.preview.message.connect(self.message)
        self.tabs.currentChanged.connect(self._pages.setCurrentIndex)

    @property
    def audit(self) -> AuditPanel:
        """What casting does to the values; made when it is first needed."""
        if self._audit is None:
            panel = self._audit = AuditPanel(self._pages)
            panel.message.connect(self.message)
            panel.stop_wanted.connect(self._stop_audit)
            self._pages.addWidget(panel)
        return self._audit

    # -------------------------------------------------------------------------------------------- what is wanted

    def ask(self, options: Options, sections: Sequence[str], opened: Sequence[str]) -> None:
        """Show these options, with these steps (() for all)."""
        self.steps.show_options(options)
        self.steps.show_sections(sections or ALL, opened=opened)
        self._find_choices()
        self.replan()

    def ask_again(self) -> None:
        """The file was read again."""
        self._find_choices()
        self.replan()

    def _find_choices(self) -> None:
        """What there is to choose from in this file; found once, and again if it was read again."""
        file_opened = self.conversion.file.opened
        if file_opened is not None:
            self._jobs.run(f"choices {id(self)}", lambda _report: work.choices(file_opened), self._chosen)

    def _chosen(self, choices: Choices) -> None:
        if choices != self._choices:
            self._choices = choices
            self.steps.know(choices)

    def replan(self) -> None:
        """Plan what the controls say."""
        options = self.steps.options()
        self._unclear = options is None
        if options is not None:
            self.conversion.plan(options, self.place.target())
            self._name(options)
        self.state_changed.emit()

    def _name(self, options: Options) -> None:
        opened = self.conversion.file.opened
        if not options.rename or opened is None:
            self._jobs.cancel(f"names {id(self)}")
            self.steps.names.show_naming(None)
        else:
            self._jobs.run(f"names {id(self)}", lambda _report: work.naming(opened, options),
                           self.steps.names.show_naming, failed=lambda _words, _details: None)  # fmt: skip

    def let_go(self) -> None:
        """It goes: nothing is worked on any longer, nothing held."""
        self._soon.stop()
        for name in ("choices", "names"):
            self._jobs.cancel(f"{name} {id(self)}")
        self.preview.let_go()

    def obstacle(self) -> str:
        """Why it cannot be confirmed, in a sentence; "" if it can."""
        if self._unclear:
            return "Something that was typed cannot be read."
        if not self.conversion.settled or self.steps.busy() or self.place.busy():
            return "The plan is being made."
        if self.conversion.preview is None:
            return "Nothing can be converted like this."
        return self.steps.question() or self.place.obstacle()

    def begin(self) -> None:
        """Carry out what is shown."""
        if not self.obstacle():
            self.conversion.start(overwrite=self.place.overwrite(), digests=self.place.receipt.isChecked())

    # -------------------------------------------------------------------------------------------- what came

    def _planning(self) -> None:
        self._soon.start()
        self.state_changed.emit()

    def _planned(self) -> None:
        preview = self.conversion.preview
        assert preview is not None
        self._soon.stop()
        self.preview.show_preview(preview)
        self.steps.show_plan(preview.plan, dict(preview.told.counts).get("cast", 0), preview.buffers)
        self.place.show_place(preview.place)
        self.right.emit()
        # The job is only just over; its slot is free in a moment.
        QTimer.singleShot(0, self, self.state_changed.emit)

    def _refused(self, words: str, details: str) -> None:
        self._soon.stop()
        self.preview.refuse()
        if asks_for_part(words):
            self.steps.show_section("what")
        self.wrong.emit(in_window(words), details)
        QTimer.singleShot(0, self, self.state_changed.emit)

    def _start_audit(self) -> None:
        self.audit.begin()
        self.tabs.show()
        self.tabs.setCurrentIndex(1)
        self.conversion.audit()

    def _stop_audit(self) -> None:
        self.conversion.stop_audit()
        self.audit.stopped()

    def _audit_failed(self, words: str, details: str) -> None:
        self.audit.stopped()
        self.wrong.emit(words, details)

    def _show_buffers(self) -> None:
        self.tabs.setCurrentIndex(0)
        self.preview.filter.edit.setText('"taken for a buffer"')
