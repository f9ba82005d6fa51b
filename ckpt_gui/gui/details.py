"""The right side: what its pages show of the file in front and of the rows picked in it.

Pages are made when they are first needed and filled when they are in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.checking import Checking
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.picked_spectrum import PickedSpectrum
from ckpt_gui.gui.picked_statistics import PickedStatistics
from ckpt_gui.gui.scanning import Scanning
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.side import Side

if TYPE_CHECKING:
    from ckpt_gui.core.facts import Facts
    from ckpt_gui.gui.health_section import State
    from ckpt_gui.gui.open_files import OpenFile
    from ckpt_gui.gui.overview_panel import OverviewPanel

AT_ONCE = 5_000
"""Facts about so many tensors are worked out on the spot; about more, by a job."""
_SLOT = "facts"
_WARM_AFTER_MS = 150
"""After a file is shown: its tree is painted before anything else is imported."""


class Details(Side):
    """Overview, Summary, and what shows values: Histogram, Heat-map, Values, Layers; Info.

    The page stays where the person left it as the selection moves; only the Overview, which says
    nothing of a selection, gives way when rows are picked, and comes back when none is.

    Signals:
        node_wanted: a link to a row was followed.
        message: a word for the status bar.
        word_wanted: a word of the glossary is to be explained.
        compute_wanted: the statistics of all tensors of the file in front are asked for.
    """

    node_wanted = Signal(int)
    message = Signal(str)
    word_wanted = Signal(str)
    compute_wanted = Signal()

    def __init__(self, jobs: Jobs, scanning: Scanning, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._scanning = jobs, scanning
        self._checking = Checking(jobs, self)
        self._checking.changed.connect(self._health_changed)
        self._settings = settings
        self._statistics = PickedStatistics(jobs, scanning, self)
        self._spectrum = PickedSpectrum(jobs, self)
        self._file: OpenFile | None = None
        self._facts: Facts | None = None
        self._preferred = self._node_page = settings.preferences.tab
        """The page that comes first, and the one that was last in front but for the overview."""
        settings.chosen.connect(self._prefer)
        self._warmed = False
        # One line a page; a page needs show_facts (what is known without reading a value) or show_picked (which reads),
        # and, for links, node_wanted; one that reads also let_go, which stops and forgets, and message.
        self.add("Overview", self._overview_page)
        self.add("Summary", self._summary_page)
        self.add("Histogram", self._histogram_page)
        self.add("Heat-map", self._heatmap_page)
        self.add("Values", self._values_page)
        self.add("Layers", self._layers_page)
        self.add("Info", self._info_page)
        self.chosen.connect(self._page_chosen)

    def show_file(self, file: OpenFile | None) -> None:
        """Another file is in front, or it was read again."""
        self._let_go()
        self._file = file
        self._facts = None
        self.show_pages(file is None or file.opened is not None or file.task is not None)
        self.fill()
        QTimer.singleShot(_WARM_AFTER_MS, self, self._warm)

    def show_picked(self) -> None:
        """Other rows were picked in the file in front."""
        self._let_go()
        self._facts = None
        nodes = self._file.nodes if self._file is not None else []
        if nodes in ([], [0]):
            self.choose("overview")
        elif self.page() == "overview":
            self.choose(self._node_page)
        self.fill()

    def _prefer(self) -> None:
        """Another page is to come first."""
        wanted = self._settings.preferences.tab
        if wanted != self._preferred:
            self._preferred = self._node_page = wanted
            if self.page() != "overview":
                self.choose(wanted)

    def check_health(self) -> None:
        """Look at every value and checksum of the file in front."""
        if self._file is not None:
            self._checking.start(self._file)
            self.choose("overview")

    def _health_changed(self, file: OpenFile) -> None:
        if file is self._file and self.page() == "overview":
            self._fill_overview(file)

    def fill(self) -> None:
        """Bring the page in front up to date."""
        file = self._file
        if file is not None and file.overview is not None:
            self._checking.offer(file)
        self._fill_page(file)

    def _fill_page(self, file: OpenFile | None) -> None:
        if self.page() == "overview":
            self._fill_overview(file)
        elif file is None or file.opened is None:
            self.head("", text.escape(file.name) if file is not None else "", "")
        elif self._facts is not None:
            self._show_facts(self._facts)
        else:
            self._find_facts(file)

    def _fill_overview(self, file: OpenFile | None) -> None:
        line = ""
        if file is not None and file.opened is not None and file.overview is not None:
            line = text.escape(file.overview.headline)
            panel: OverviewPanel = self.panel("overview")  # type: ignore[assignment]  # made below
            panel.show_overview(file.opened.checkpoint, file.overview, _state(file))
        elif self.made("overview"):
            self.panel("overview").clear()  # type: ignore[attr-defined]
        self.head("", text.escape(file.name) if file is not None else "", line)

    def _find_facts(self, file: OpenFile) -> None:
        from ckpt_gui.core.facts import facts  # after the tree, not before it

        assert file.opened is not None
        self._jobs.cancel(_SLOT)
        checkpoint, anatomy, nodes = file.opened.checkpoint, file.opened.anatomy, list(file.nodes)
        if sum(checkpoint.nodes.tensors[node] for node in nodes or [0]) <= AT_ONCE:
            self._show_facts(facts(checkpoint, anatomy, nodes))
        else:
            self._jobs.run(_SLOT, lambda _report: facts(checkpoint, anatomy, nodes), self._facts_found)

    def _facts_found(self, found: Facts) -> None:
        self._show_facts(found)

    def _show_facts(self, found: Facts) -> None:
        self._facts = found
        if self.page() == "overview":
            return
        self.head(found.prefix, found.name, found.line)
        panel: Any = self.front()
        if hasattr(panel, "show_facts"):
            panel.show_facts(found)
            if hasattr(panel, "show_statistics") and self._file is not None:
                self._statistics.look_at(self._file, list(self._file.nodes))
                self._spectrum.look_at(self._file, list(self._file.nodes))
        elif self._file is not None:
            panel.show_picked(self._file, list(self._file.nodes))

    def _page_chosen(self, name: str) -> None:
        if name != "overview":
            self._node_page = name
        self.fill()

    def _warm(self) -> None:
        """Have a thread import what a click needs, once the tree stands: half a second that no click need take."""
        if not self._warmed and self._file is not None and self._file.opened is not None:
            self._warmed = True
            file = self._file
            self._jobs.run("import", lambda _report: _import_ahead(file), lambda _nothing: None)

    def _let_go(self) -> None:
        """No page works any longer on what was picked before, nor keeps its files open."""
        self._statistics.stop()
        self._spectrum.stop()
        for panel in self.made_panels():
            if hasattr(panel, "let_go"):
                panel.let_go()

    def page_commands(self) -> list[QAction]:
        """What can be done on the page in front."""
        shown = self._file is not None and self._file.opened is not None and self.made(self.page())
        return self.front().actions() if shown else []

    def _overview_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.overview_panel import OverviewPanel

        panel = OverviewPanel(parent)
        panel.check_wanted.connect(self.check_health)
        return self._linked(panel)

    def _summary_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.tensor_panel import SummaryPanel

        panel = SummaryPanel(parent)
        self._statistics.found.connect(panel.show_statistics)
        self._spectrum.changed.connect(panel.show_spectrum)
        panel.spectrum_wanted.connect(self._spectrum.start)
        panel.spectrum_unwanted.connect(self._spectrum.cancel)
        panel.place_wanted.connect(self._show_value)
        return self._linked(panel)

    def _layers_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.layers_panel import LayersPanel

        panel = LayersPanel(self._jobs, self._scanning, parent)
        panel.message.connect(self.message)
        panel.compute_wanted.connect(self.compute_wanted)
        return self._linked(panel)

    def _histogram_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.histogram_panel import HistogramPanel

        panel = HistogramPanel(self._jobs, self._settings, parent)
        panel.message.connect(self.message)
        return self._linked(panel)

    def _heatmap_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.heatmap_panel import HeatmapPanel

        panel = HeatmapPanel(self._jobs, self._settings, parent)
        panel.message.connect(self.message)
        return self._linked(panel)

    def _values_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.values_panel import ValuesPanel

        panel = ValuesPanel(self._jobs, parent)
        panel.message.connect(self.message)
        return self._linked(panel)

    def _show_value(self, node: int, place: tuple[int, ...]) -> None:
        """A link to one value was followed: the page Values, at that value."""
        if self._file is not None and self._file.nodes != [node]:
            self.node_wanted.emit(node)
        self.choose("values")
        panel: Any = self.panel("values")
        panel.go_to(place)

    def _info_page(self, parent: QWidget) -> QWidget:
        from ckpt_gui.gui.tensor_panel import InfoPanel

        return self._linked(InfoPanel(parent))

    def _linked(self, panel: Any) -> QWidget:
        panel.node_wanted.connect(self.node_wanted)
        if hasattr(panel, "word_wanted"):
            panel.word_wanted.connect(self.word_wanted)
        made: QWidget = panel
        return made


def _import_ahead(file: OpenFile) -> None:
    """First what every click needs, then the pages, then what only large tensors need."""
    import ckpt_gui.core.facts
    import ckpt_gui.core.spectrum.words
    import ckpt_gui.core.stats.cache
    import ckpt_gui.core.stats.fill
    import ckpt_gui.core.stats.known
    import ckpt_gui.core.stats.words
    import ckpt_gui.gui.heatmap_panel
    import ckpt_gui.gui.histogram_panel
    import ckpt_gui.gui.plots.heatmap
    import ckpt_gui.gui.plots.histogram
    import ckpt_gui.gui.tensor_panel  # noqa: F401
    from ckpt_gui.core.stats.ahead import load_machine_code

    if file.opened is not None:
        load_machine_code(file.reading())


def _state(file: OpenFile) -> State:
    """Where the check of its health stands."""
    from ckpt_gui.gui.health_section import State

    nbytes = file.opened.checkpoint.nbytes if file.opened is not None else 0
    return State(nbytes, file.health, file.check is not None, file.check_stopped)
