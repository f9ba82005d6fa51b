"""The panel: a filter line above the rows of one checkpoint, and what the window may ask of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray, QPoint, Signal, SignalInstance
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.outline import COLUMNS, Facts, Outline, column
from ckpt_gui.core.roles import Role
from ckpt_gui.core.text import Path
from ckpt_gui.gui.filter_line import FilterLine
from ckpt_gui.gui.tree_panel import commands, copying, keep
from ckpt_gui.gui.tree_panel.rows import MAX_KEPT, Rows
from ckpt_gui.gui.tree_panel.searching import Searching
from ckpt_gui.gui.tree_panel.sight import Sight
from ckpt_gui.gui.tree_panel.views import menu_place

if TYPE_CHECKING:
    from ckpt_gui.core.search import Found
    from ckpt_gui.core.stats.known import Snapshot

ARRANGE_AGAIN = 1.5
"""Seconds between two searches while statistics come in."""


class TreePanel(QWidget):
    """The tree of one checkpoint."""

    picked = Signal(list)
    """Node ids of the selected rows, whenever they change."""
    message = Signal(str)
    """A sentence for the status bar."""
    compare_wanted = Signal(int)
    """Node id of the part that is to be compared with something."""
    convert_wanted = Signal(int)
    """Node id of the part that is to be converted."""
    statistics_wanted = Signal(list)
    """Tensor ids on the screen, while columns, order or filter need statistics."""
    compute_wanted = Signal()
    """Statistics of all tensors are asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.checkpoint: Checkpoint | None = None
        self._arranged_by: Snapshot | None = None
        """The statistics that order and filter last went by, and when that was (s)."""
        self._arranged_at = 0.0
        self.filter = FilterLine(self)
        self.rows = Rows(self)
        self._sight = Sight(self.rows)
        self._searching = Searching(self)
        self.commands = commands.make(self, self._handlers())
        self.commands["fold"].setChecked(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self.filter)
        column.addWidget(self.rows, 1)
        self.setFocusProxy(self.rows)
        self._connect()

    def _handlers(self) -> dict[str, Callable[[], object]]:
        rows = self.rows
        levels = {f"level {level}": partial(rows.expand_to, level) for level in range(1, 5)}
        return {
            "copy key": partial(self._copy, "key"), "copy path": partial(self._copy, "path"),
            "copy python": partial(self._copy, "python"), "filter to this": self._filter_to_this,
            "compare": partial(self._want, self.compare_wanted), "convert": partial(self._want, self.convert_wanted),
            "expand below": rows.expand_below, "collapse below": rows.collapse_below,
            "expand all": partial(rows.expand_to, 1000), "collapse all": rows.collapse_all, **levels,
            "fold": self._rearrange, "flat": self._rearrange, "build": self.open_builder,
            "columns": self._open_columns, "compute": self.compute_wanted.emit,
            "menu": lambda: self._open_menu(QPoint(-1, -1)),
        }  # fmt: skip

    def _connect(self) -> None:
        self.filter.changed.connect(self._searching.search)
        self.filter.left_downwards.connect(self.rows.go_to)
        self.filter.builder_wanted.connect(self.open_builder)
        self._searching.found.connect(self._filtered)
        self._searching.begun.connect(lambda: self.filter.tell(self._searching.errors, "searching …"))
        self._searching.statistics_wanted.connect(lambda: self.statistics_wanted.emit(self._sight.tensors()))
        self._sight.wanted.connect(self.statistics_wanted)
        self.rows.picked.connect(self.picked)
        self.rows.message.connect(self.message)
        for view in (self.rows.tree, self.rows.list):
            view.columns.header.customContextMenuRequested.connect(lambda _place: self._open_columns())
            view.customContextMenuRequested.connect(self._open_menu)

    # ------------------------------------------------------------------ what the window calls

    def show_checkpoint(self, checkpoint: Checkpoint, roles: bytes | None = None) -> None:
        """Show another checkpoint (or the same, read again): nothing selected, the filter line as it is."""
        self.checkpoint = checkpoint
        self.rows.show_facts(Facts(checkpoint, roles, [role.name for role in Role]))
        self._searching.look_in(checkpoint, roles)
        self._searching.search(self.filter.edit.text())

    def show_statistics(self, snapshot: Snapshot, *, done: bool) -> None:
        """More statistics are known; ``done``: for now no more are to come. Only then rows change places."""
        facts, typed = self.rows.facts, self.filter.edit.text()
        if facts is None or len(snapshot.done) != facts.checkpoint.rows:
            return
        facts.statistics, facts.group_statistics, facts.looked_at = snapshot.columns, snapshot.groups, snapshot.done
        self._searching.know(snapshot.for_search)
        now, asked = time.monotonic(), self._searching.asks_for_statistics(typed)
        ordered = self.rows.sort is not None and column(self.rows.sort[0]).computed
        if snapshot is not self._arranged_by and ((asked and now > self._arranged_at + ARRANGE_AGAIN)
                                                  or (done and (asked or ordered))):  # fmt: skip
            self._arranged_by, self._arranged_at = snapshot, now
            if asked:
                self._searching.search(typed, asking=False)
            else:
                self.rows.arrange()
        self.rows.say_anew()

    def select_path(self, path: Path) -> bool:
        """Select the row at that path, whatever must be opened or cleared for it; False where there is none."""
        node = self.rows.facts.find(path) if self.rows.facts is not None else None
        if node is None:
            return False
        if not self.rows.outline.trail(node):
            self.filter.edit.clear()
        if not self.rows.outline.trail(node) and self.rows.flat:
            self.commands["flat"].trigger()
        self.rows.select([node])
        return True

    def selected_paths(self) -> list[Path]:
        """Paths of the selected rows."""
        return [self.checkpoint.path_of(node) for node in self.rows.nodes] if self.checkpoint is not None else []

    def view_state(self) -> dict[str, Any]:
        """Where the person is, by names: for ``restore_view`` after a reload. Plain lists, numbers and texts."""
        rows = self.rows
        if rows.facts is None:
            return {}
        outline, top = rows.outline, rows.top()
        return {
            "filter": self.filter.edit.text(),
            "sort": list(rows.sort) if rows.sort else None,
            "flat": rows.flat,
            "fold": rows.fold,
            "opened": [keep.name_of(outline, row) for row in sorted(rows.opened)[:MAX_KEPT]],
            "selected": [keep.name_of(outline, row) for row in rows.nodes[:MAX_KEPT]],
            "top": keep.name_of(outline, top) if top is not None else None,
            "across": rows.view.horizontalScrollBar().value(),
        }

    def restore_view(self, state: dict[str, Any]) -> None:
        """Back to where the person was, as far as it is still there."""
        rows = self.rows
        if rows.facts is None or not state:
            return
        rows.sort = (state["sort"][0], state["sort"][1]) if state["sort"] else None
        self.commands["flat"].setChecked(state["flat"])
        self.commands["fold"].setChecked(state["fold"])
        finder = keep.Finder(Outline(rows.facts, fold=False))
        found = map(finder.row, state["opened"])
        rows.opened = {row for row in found if row is not None and row < len(rows.facts.nodes)}
        self._rearrange()
        self.set_filter(state["filter"])
        finder = keep.Finder(rows.outline)
        rows.select([row for row in map(finder.row, state["selected"]) if row is not None])
        top = finder.row(state["top"]) if state["top"] is not None else None
        if top is not None:
            rows.scroll_to_top(top)
            rows.view.horizontalScrollBar().setValue(state["across"])

    def state(self) -> QByteArray:
        """Order, widths and visibility of the columns, for ``restore``."""
        return self.rows.view.columns.state()

    def restore(self, state: QByteArray) -> bool:
        """Take on saved columns; False if they are of another version."""
        return self.rows.tree.columns.restore(state) and self.rows.list.columns.restore(state)

    def shown_columns(self) -> tuple[str, ...]:
        """Keys of the columns that show beside the key."""
        return self.rows.view.columns.shown()

    def show_columns(self, keys: Sequence[str]) -> None:
        """Show these columns beside the key."""
        for view in (self.rows.tree, self.rows.list):
            view.columns.show_only(keys)

    def busy(self) -> bool:
        """Whether the filter is still at work."""
        return self._searching.busy or self._sight.waiting

    def focus_filter(self) -> None:
        """Put the keyboard into the filter line."""
        self.filter.edit.setFocus()
        self.filter.edit.selectAll()

    def set_filter(self, words: str) -> None:
        """Filter by that text."""
        self.filter.edit.setText(words)

    # ------------------------------------------------------------------ filtering

    def _filtered(self, found: Found | None) -> None:
        facts = self.rows.facts
        if facts is None:
            return
        if found is not None or self.rows.kept is not None:
            self.rows.kept = found.kept if found is not None else None
            self.rows.arrange()
        words = _counts(facts, found) if found is not None else _totals(facts)
        if self._searching.asks_for_statistics(self.filter.edit.text()):
            words += _how_far(facts)
        self.filter.tell(self._searching.errors, words)

    def _filter_to_this(self) -> None:
        row = self.rows.current()
        if row is not None:
            self.set_filter(copying.term(self.rows.outline, row))
            self.rows.view.setFocus()

    def open_builder(self) -> None:
        """The popover that writes the filter by choice."""
        facts = self.rows.facts
        if facts is None:
            return
        roles = {role.name for role in map(Role, set(facts.roles or b""))}
        choices = {
            "dtype": sorted(set(facts.dtype) - {""}),
            "device": sorted(set(facts.device) - {""}),
            "role": [role.name for role in Role if role.name in roles],
        }
        from ckpt_gui.gui.tree_panel.builder import Builder

        builder = Builder(self.filter.edit.text(), choices, self)
        builder.changed.connect(self.set_filter)
        builder.open_below(self.filter)

    # ------------------------------------------------------------------ commands and menus

    def _rearrange(self) -> None:
        self.rows.fold = self.commands["fold"].isChecked()
        self.rows.flat = self.commands["flat"].isChecked()
        self.rows.arrange()

    def _want(self, signal: SignalInstance) -> None:
        row = self.rows.current()
        if row is not None:
            signal.emit(self.rows.outline.members(row)[0])

    def _copy(self, what: str) -> None:
        if self.rows.facts is not None and self.rows.nodes:
            self.message.emit(copying.copy(self.rows.facts, self.rows.nodes, what))

    def _open_menu(self, place: QPoint) -> None:
        if self.rows.facts is None:
            return
        menu = commands.context_menu(self, self.commands, on_row=bool(self.rows.nodes))
        menu.popup(menu_place(self.rows.view, place))

    def _open_columns(self) -> None:
        columns = self.rows.view.columns
        menu = columns.menu(self)
        order = menu.addMenu("Order by")
        for place, one in enumerate(COLUMNS):
            order.addAction(one.title, partial(self.rows.order_by, place))
        menu.popup(columns.header.mapToGlobal(QPoint(0, columns.header.height())))


def _totals(facts: Facts) -> str:
    nodes = facts.nodes
    tensors = text.plural(nodes.tensors[0], "tensor")
    return f"{tensors} · {text.count(nodes.params[0])} elements · {text.size(nodes.nbytes[0])}"


def _how_far(facts: Facts) -> str:
    """What a filter by statistics cannot know yet."""
    done, rows = facts.looked_at.count(1), facts.checkpoint.rows
    return f" · statistics of {done:,} of {text.plural(rows, 'tensor')} so far" if done < rows else ""


def _counts(facts: Facts, found: Found) -> str:
    nodes = facts.nodes
    others = found.mask.count(1) - found.tensors
    parts = [f"{found.tensors:,} of {text.plural(nodes.tensors[0], 'tensor')}"]
    parts += [f"{text.count(found.params)} of {text.count(nodes.params[0])} elements", text.size(found.nbytes)]
    if others:
        parts.append("1 other entry" if others == 1 else f"{others:,} other entries")
    return " · ".join(parts) + "   Esc clears"
