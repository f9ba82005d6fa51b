"""The window of a conversion: its pages, its buttons, what they lead to. It stands beside the main window, not in its
way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.gui.convert_dialog import recipes
from ckpt_gui.gui.convert_dialog.batch_page import BatchPage
from ckpt_gui.gui.convert_dialog.footer import BATCH, PLAN, PROGRESS, RECEIPT, Footer
from ckpt_gui.gui.convert_dialog.plan_page import PlanPage
from ckpt_gui.gui.convert_dialog.progress_page import ProgressPage
from ckpt_gui.gui.convert_dialog.receipt_page import ReceiptPage
from ckpt_gui.gui.converting import Conversion, in_window
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.spoken import Elided, spoken

SIZE = (1120, 760)


@dataclass(frozen=True, slots=True)
class Request:
    """What a button asks for."""

    title: str
    """``To CPU``."""
    options: Options
    sections: tuple[str, ...] = ()
    """Steps that are shown to begin with; () for all."""
    opened: tuple[str, ...] = ()
    """Those that are unfolded."""
    focus: str = ""
    """``device``: a name is to be typed."""


class ConvertDialog(QDialog):
    """One conversion of one file.

    Signals:
        open_wanted: a result is to be opened (its path).
        compare_wanted: two files are to be compared (their paths, the source first).
        ended: it is closed.
    """

    open_wanted = Signal(str)
    compare_wanted = Signal(str, str)
    ended = Signal()

    def __init__(self, jobs: Jobs, file: OpenFile, beside: QWidget) -> None:
        """``beside``: the main window. It is not the parent, for then it could never come to the front again."""
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlags(Qt.WindowType.Window)
        self.setWindowIcon(beside.windowIcon())
        self._jobs, self.file = jobs, file
        self.conversion = Conversion(jobs, file, self)
        self._given_up = False
        self._closing = False
        """Is it to close once what is under way has stopped?"""
        self.notices = NoticeBar(self)
        self.title = spoken(Elided(self), "Conversion", style="title")
        self.stack = QStackedWidget(self)
        self.plan_page = PlanPage(self.conversion, jobs, self.stack)
        self.progress_page = ProgressPage(self.stack)
        self._receipt_page: ReceiptPage | None = None
        self._batch_page: BatchPage | None = None
        for page in (self.plan_page, self.progress_page):
            self.stack.addWidget(page)
        self.footer = Footer(self)  # the last that Tab comes to
        self._lay_out()
        self._connect()
        room = beside.screen().availableSize()
        self.resize(min(SIZE[0], room.width() - 40), min(SIZE[1], room.height() - 60))
        self.move(beside.frameGeometry().center() - self.rect().center())

    # -------------------------------------------------------------------------------------------- building

    def _lay_out(self) -> None:
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 8, 14, 10)
        inner.setSpacing(8)
        inner.addWidget(self.title)
        inner.addWidget(self.stack, 1)
        inner.addWidget(self.footer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addLayout(inner)

    def _connect(self) -> None:
        one, page, foot = self.conversion, self.plan_page, self.footer
        foot.load_wanted.connect(self._ask_load)
        foot.save_wanted.connect(self._ask_save)
        foot.many_wanted.connect(self._show_batch)
        foot.plan_wanted.connect(self._show_plan)
        foot.leave_wanted.connect(self.reject)
        foot.confirmed.connect(self.confirm)
        page.state_changed.connect(self._show_buttons)
        page.message.connect(self.footer.said.say)
        page.wrong.connect(lambda words, details: self._tell(words, details, "plan"))
        page.right.connect(lambda: self.notices.dismiss("plan"))
        one.begun.connect(self._begun)
        one.progressed.connect(self._progressed)
        one.finished.connect(self._finished)
        one.failed.connect(self._failed)
        one.stopped.connect(self._stopped)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.confirm)

    @property
    def receipt_page(self) -> ReceiptPage:
        """What came of it; made when it is first needed."""
        if self._receipt_page is None:
            page = self._receipt_page = ReceiptPage(self.stack)
            page.open_wanted.connect(self.open_wanted)
            page.compare_wanted.connect(self.compare_wanted)
            page.message.connect(self.footer.said.say)
            page.failed.connect(self._tell)
            self.stack.addWidget(page)
        return self._receipt_page

    @property
    def batch_page(self) -> BatchPage:
        """The same for many files; made when it is first needed."""
        if self._batch_page is None:
            page = self._batch_page = BatchPage(self._jobs, self.stack)
            page.message.connect(self.footer.said.say)
            page.changed.connect(self._show_buttons)
            page.batch.ended.connect(self._over)
            self.stack.addWidget(page)
        return self._batch_page

    # -------------------------------------------------------------------------------------------- asked for

    def ask(self, request: Request) -> None:
        """Show what a button asks for; not while something is being written."""
        if self.running:
            return
        self.setWindowTitle(f"{request.title} – {text.escape(self.file.name)}")
        self.title.say(f"{request.title}:  {text.escape(self.file.name)}", text.escape(self.file.path))
        self.stack.setCurrentWidget(self.plan_page)
        self.plan_page.ask(request.options, request.sections, request.opened)
        self._show_buttons()
        if not request.focus:
            self.footer.be_ready()
        else:
            self.plan_page.steps.device.focus_other()

    def read_again(self) -> None:
        """The file was read again: what is planned may be different now."""
        if self.stack.currentWidget() is self.plan_page:
            self.plan_page.ask_again()

    @property
    def running(self) -> bool:
        """Is something being written?"""
        return self.conversion.running or (self._batch_page is not None and self._batch_page.batch.running)

    def confirm(self) -> None:
        """Do what is shown, if it can be done."""
        if not self.footer.go.isEnabled() or self.running:
            return
        self.notices.dismiss("trouble")
        if self._page() == BATCH:
            options = self.plan_page.steps.options()
            if options is not None:
                self.batch_page.begin(options)
        elif self._page() == PLAN:
            self.plan_page.begin()

    # -------------------------------------------------------------------------------------------- under way

    def _begun(self) -> None:
        preview = self.conversion.preview
        assert preview is not None
        self.progress_page.begin(preview.place.path)
        self.stack.setCurrentWidget(self.progress_page)
        self._show_buttons()
        self.footer.leave.setFocus()

    def _progressed(self, done: int, total: int, unit: str) -> None:
        self.progress_page.tell(*self.conversion.stage(done, total), unit)

    def _finished(self) -> None:
        assert self.conversion.receipt is not None
        self.notices.dismiss("close")
        self.receipt_page.show_receipt(self.conversion.receipt)
        self.stack.setCurrentWidget(self.receipt_page)
        self._over()

    def _failed(self, words: str, details: str) -> None:
        self._tell(in_window(words), details)
        self._show_plan()
        self._over()

    def _stopped(self) -> None:
        self.footer.said.say("Stopped; nothing is left of it")
        self._show_plan()
        self._over()

    def _over(self) -> None:
        self.notices.dismiss("close")
        self._show_buttons()
        if self._closing:
            self.close()

    def _tell(self, words: str, details: str = "", key: str = "trouble") -> None:
        if words and words[-1] not in ".!?":
            words += "."
        self.notices.tell(key, words[:1].upper() + words[1:], alarm=True, details=details)

    # -------------------------------------------------------------------------------------------- pages and buttons

    def _show_plan(self) -> None:
        self.stack.setCurrentWidget(self.plan_page)
        self.plan_page.replan()
        self.footer.be_ready()
        self._show_buttons()

    def _show_batch(self) -> None:
        preview = self.conversion.preview
        self.batch_page.show_steps(preview.steps if preview is not None else "")
        self.batch_page.add([self.file.path])
        self.stack.setCurrentWidget(self.batch_page)
        self._show_buttons()

    def _show_buttons(self) -> None:
        page, one = self._page(), self.conversion
        obstacle = self.plan_page.obstacle() if page == PLAN else self.batch_page.obstacle() if page == BATCH else ""
        self.footer.show_state(page, obstacle, running=self.running, settled=one.settled,
                               planned=one.preview is not None)  # fmt: skip

    def _page(self) -> str:
        front = self.stack.currentWidget()
        if front is self.plan_page:
            return PLAN
        if front is self.progress_page:
            return PROGRESS
        return RECEIPT if front is self._receipt_page else BATCH

    # -------------------------------------------------------------------------------------------- recipes

    def _folder(self) -> str:
        return str(Path(self.file.path).parent)

    def _ask_load(self) -> None:
        if path := recipes.ask_load(self, self._folder()):
            self.load_recipe(path)

    def _ask_save(self) -> None:
        if path := recipes.ask_save(self, self._folder()):
            self.save_recipe(path)

    def load_recipe(self, path: str) -> None:
        """Take the steps of a recipe."""
        try:
            options = recipes.load(path)
        except CheckpointError as exc:
            self._tell(str(exc))
            return
        self.plan_page.ask(options, (), self.plan_page.steps.concerned(options))
        self.footer.said.say(f"Loaded {text.escape(Path(path).name)}")

    def save_recipe(self, path: str) -> None:
        """Keep the steps as a recipe."""
        options = self.plan_page.steps.options()
        if options is None:
            return
        try:
            recipes.save(path, options)
        except CheckpointError as exc:
            self._tell(str(exc))
        else:
            self.footer.said.say(f"Saved {text.escape(Path(path).name)}")

    # -------------------------------------------------------------------------------------------- leaving

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a line to type in ends the typing; anywhere else it confirms."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and isinstance(self.focusWidget(), QLineEdit | QComboBox | QPlainTextEdit):
            self.plan_page.replan()
        elif enter and isinstance(button := self.focusWidget(), QAbstractButton) and button is not self.footer.go:
            button.click()
        else:
            super().keyPressEvent(event)

    def reject(self) -> None:
        """Esc, and the left of the two buttons: stop what is under way, or else close."""
        if self.running:
            self._stop()
        else:
            self.close()

    def _stop(self) -> None:
        self.progress_page.stopping()
        self.conversion.stop()
        if self._batch_page is not None:
            self._batch_page.stop()

    def stop_and_close(self) -> None:
        """Close as soon as what is under way has stopped."""
        self._closing = True
        self._stop()
        if not self.running:
            self.close()

    def give_up(self) -> None:
        """Close without asking: nothing is under way any more."""
        self._given_up = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.running and not self._given_up:
            event.ignore()
            answers = [("Stop and close", self.stop_and_close), ("Go on", lambda: None)]
            self.notices.tell("close", "The conversion is not done yet. Stopped, nothing is left of it.",
                              answers=answers)  # fmt: skip
            return
        self.conversion.close()
        if self._batch_page is not None:
            self._batch_page.batch.close()
        self.plan_page.let_go()
        event.accept()  # QDialog would reject, which closes
        self.ended.emit()
