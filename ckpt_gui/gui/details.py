"""The right side: what its pages show of the file in front and of the rows picked in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ckpt_gui.core import text
from ckpt_gui.core.facts import Facts, facts
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.overview_panel import OverviewPanel
from ckpt_gui.gui.side import Side
from ckpt_gui.gui.tensor_panel import InfoPanel, SummaryPanel

if TYPE_CHECKING:
    from ckpt_gui.gui.open_files import OpenFile

AT_ONCE = 5_000
"""Facts about so many tensors are worked out on the spot; about more, by a job."""
_SLOT = "facts"


class Details(Side):
    """Overview, Summary, Info.

    The page stays where the person left it as the selection moves; only the Overview, which says
    nothing of a selection, gives way when rows are picked, and comes back when none is.

    Signals:
        node_wanted: a link to a row was followed.
    """

    node_wanted = Signal(int)

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._file: OpenFile | None = None
        self._facts: Facts | None = None
        self._node_page = "summary"
        self.overview, self.summary, self.info = OverviewPanel(self), SummaryPanel(self), InfoPanel(self)
        # One line a page: a further one needs show_facts (or its own signal) and nothing else.
        for name, panel in (("Overview", self.overview), ("Summary", self.summary), ("Info", self.info)):
            self.add(name, panel)
            panel.node_wanted.connect(self.node_wanted)
        self.chosen.connect(self._page_chosen)

    def show_file(self, file: OpenFile | None) -> None:
        """Another file is in front, or it was read again."""
        self._file = file
        self.show_overview()
        self._find_facts()

    def show_overview(self) -> None:
        """The Overview of the file in front has come, or has gone."""
        file = self._file
        if file is not None and file.opened is not None and file.overview is not None:
            self.overview.show_overview(file.opened.checkpoint, file.overview)
        else:
            self.overview.clear()
        self._head()

    def show_picked(self) -> None:
        """Other rows were picked in the file in front."""
        nodes = self._file.nodes if self._file is not None else []
        if nodes in ([], [0]):
            self.choose("overview")
        elif self.page() == "overview":
            self.choose(self._node_page)
        self._find_facts()

    def _find_facts(self) -> None:
        self._jobs.cancel(_SLOT)
        file = self._file
        if file is None or file.opened is None:
            self._facts = None
            self._head()
            return
        checkpoint, anatomy, nodes = file.opened.checkpoint, file.opened.anatomy, list(file.nodes)
        if sum(checkpoint.nodes.tensors[node] for node in nodes or [0]) <= AT_ONCE:
            self._show_facts(facts(checkpoint, anatomy, nodes))
        else:
            self._jobs.run(_SLOT, lambda _report: facts(checkpoint, anatomy, nodes), self._show_facts)

    def _show_facts(self, found: Facts) -> None:
        self._facts = found
        self.summary.show_facts(found)
        self.info.show_facts(found)
        self._head()

    def _page_chosen(self, name: str) -> None:
        if name != "overview":
            self._node_page = name
        self._head()

    def _head(self) -> None:
        file = self._file
        if file is None:
            self.head("", "", "")
        elif self.page() == "overview" or self._facts is None:
            self.head("", text.escape(file.name), text.escape(file.overview.headline) if file.overview else "")
        else:
            self.head(self._facts.prefix, self._facts.name, self._facts.line)
