"""Step: other names, shown before and after; names that would meet are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ckpt_gui.core.convert.naming import Named, rules_of
from ckpt_gui.core.text import escape
from ckpt_gui.gui.convert_rows import Column, RowsModel, Table
from ckpt_gui.gui.convert_steps.section import Section
from ckpt_gui.gui.spoken import spoken

if TYPE_CHECKING:
    from ckpt_gui.core.convert.naming import Naming
    from ckpt_gui.core.convert.nouns import Options

_COLUMNS = (
    Column("Before", lambda one: escape(one.before), 14, ends=True, tone=lambda one: _tone(one),
           tip=lambda one: _tip(one)),
    Column("After", lambda one: f"{'▲ ' * one.collides}{escape(one.after)}", 16, ends=True, tone=lambda one: _tone(one),
           tip=lambda one: _tip(one)),
)  # fmt: skip
ROWS = 6
"""Rows of the table in sight."""


class NamesSection(Section):
    """A prefix off, a prefix on, rules."""

    TITLE = "Names"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.off = self.line("Prefix off", "Prefix to take off", "module.", "Taken off names that begin with it")
        self.on = self.line("Prefix on", "Prefix to put on", "model.", "Put before every name")
        self.rules = spoken(QPlainTextEdit(self.body), "Rules that rename")
        self.rules.setPlaceholderText("RE => TEXT, a rule a line:\n^layers\\.(\\d+) => blocks.\\1")
        self.rules.setToolTip("A regular expression, and what takes the place of each match; in order")
        self.rules.setTabChangesFocus(True)
        self.rules.setFixedHeight(4 * self.rules.fontMetrics().lineSpacing() + 10)
        self.rules.textChanged.connect(self.typed)
        self.form.addRow("Rules", self.rules)
        self.said = self.words()
        self.model = RowsModel(_COLUMNS, self)
        self.table = Table(self.model, "Names before and after", self.body)
        self.table.setFixedHeight((ROWS + 2) * (self.table.fontMetrics().lineSpacing() + 4))
        self.form.addRow(self.table)
        self.show_naming(None)

    def fields(self) -> dict[str, Any]:
        lines = tuple(line.strip() for line in self.rules.toPlainText().splitlines() if line.strip())
        return {"rename": rules_of(self.off.text().strip(), self.on.text().strip(), lines)}

    def show_options(self, options: Options) -> None:
        if self.fields()["rename"] != options.rename:
            self.rules.blockSignals(True)
            self.off.clear()
            self.on.clear()
            self.rules.setPlainText("\n".join(options.rename))
            self.rules.blockSignals(False)

    def show_naming(self, naming: Naming | None) -> None:
        """What the rules come to; None: there are none."""
        self.said.setText(naming.words if naming is not None else "")
        self.said.setVisible(naming is not None)
        self.model.show(naming.changed if naming is not None else ())
        self.table.setVisible(bool(naming is not None and naming.changed))
        self.table.fill()


def _tone(one: Named) -> str:
    return "bad" if one.collides else ""


def _tip(one: Named) -> str:
    more = "\nAnother tensor would have this name too." if one.collides else ""
    return f"{escape(one.before)}\n→ {escape(one.after)}{more}"
