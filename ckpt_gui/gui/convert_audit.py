"""What casting would do to the values, tensor by tensor, before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.convert_rows import Column, RowsModel, Table
from ckpt_gui.gui.spoken import Elided, spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.audit import CastAudit


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


def _figure(value: float | None) -> str:
    return f"{value:.3g}" if value is not None else ""


COLUMNS = (
    Column("Name", lambda one: text.escape(text.path_text(one.path)), 26, ends=True),
    Column("Cast", lambda one: f"{one.source_dtype} → {one.dtype}", 17),
    Column("Overflow", lambda one: _count(one.overflow), 8, right=True, value=lambda one: one.overflow,
           tone=lambda one: "bad"),
    Column("To 0", lambda one: _count(one.underflow), 7, right=True, value=lambda one: one.underflow,
           tone=lambda one: "cast"),
    Column("Max |error|", lambda one: _figure(one.max_abs), 10, right=True, value=lambda one: one.max_abs or 0.0),
    Column("Mean |error|", lambda one: _figure(one.mean_abs), 11, right=True, value=lambda one: one.mean_abs or 0.0),
    Column("Max relative", lambda one: _figure(one.max_rel), 11, right=True, value=lambda one: one.max_rel or 0.0),
    Column("What is lost", lambda one: one.words, 24, tone=lambda one: "bad" if one.harmful else ""),
)  # fmt: skip


class AuditPanel(QWidget):
    """A table, the worst first.

    Signals:
        stop_wanted: looking at the values is to end.
        message: a sentence about what was done.
    """

    stop_wanted = Signal()
    message = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Audit")
        self.headline = spoken(Elided(self), "What casting does to the values", style="headline")
        self.stop = spoken(QPushButton("S&top"), "Stop the audit")
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(self.stop_wanted)
        self.model = RowsModel(COLUMNS, self)
        self.table = Table(self.model, "What casting does to each tensor", self)
        self.table.message.connect(self.message)
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addWidget(self.stop, alignment=Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.table, 1)

    def begin(self) -> None:
        """It has begun."""
        self.headline.say("Reading the values …")
        self.model.show(())
        self.stop.show()

    def stopped(self) -> None:
        """It came to nothing."""
        self.headline.say("The audit was stopped.")
        self.stop.hide()

    def show_audit(self, found: Sequence[CastAudit]) -> None:
        """What was found."""
        self.stop.hide()
        over, under = sum(one.overflow for one in found), sum(one.underflow for one in found)
        words = f"{text.plural(len(found), 'tensor')} read"
        words += f" · {text.plural(over, 'value')} overflow" if over else " · nothing overflows"
        words += f" · {text.plural(under, 'value')} underflow to 0" if under else " · nothing underflows to 0"
        self.headline.say(words)
        self.model.show(sorted(found, key=lambda one: (not one.harmful, -one.overflow, -one.underflow,
                                                       -(one.max_rel or 0.0))))  # fmt: skip
