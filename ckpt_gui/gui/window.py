"""The window: here, and only here, panels are wired to one another. It decides nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, Signal
from PySide6.QtGui import QCloseEvent, QCursor
from PySide6.QtWidgets import QApplication, QMenu

from ckpt_gui.core import text
from ckpt_gui.gui import status
from ckpt_gui.gui.actions import Actions
from ckpt_gui.gui.compare_requests import CompareRequests
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.comparisons import NO_WISH, Comparisons, Wish
from ckpt_gui.gui.conversions import COMMANDS, Conversions
from ckpt_gui.gui.file_notices import FileNotices
from ckpt_gui.gui.file_statistics import FileStatistics
from ckpt_gui.gui.file_tabs import Held
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.front import Front
from ckpt_gui.gui.integrating import Integrating
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.navigation import Navigation
from ckpt_gui.gui.open_files import OpenFile, OpenFiles, split_address
from ckpt_gui.gui.recent_menu import RecentMenu
from ckpt_gui.gui.runs import Runs
from ckpt_gui.gui.session import Session
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.watching import Watching

if TYPE_CHECKING:
    import subprocess

    from ckpt_gui.gui.tree_panel import TreePanel

PAGES = ("overview", "summary", "histogram", "heat-map", "values", "layers", "info")
NEEDS_A_TAB = ("reload", "close tab", "filter", *PAGES, "next page", "previous page", "next tab", "previous tab")


class Window(Front):
    """Tree on the left, details on the right, what went wrong above, what is under way below.

    Signals:
        painted: the tree of a file stands on the screen.
    """

    painted = Signal()

    def __init__(self, settings: Settings, files: OpenFiles, jobs: Jobs) -> None:
        super().__init__(settings, files, jobs)
        self._page_wanted = ""
        self.commands = Actions(self, self._handlers())
        self.recent_menu = RecentMenu(settings, jobs, self)
        self.commands.menus["File"].insertMenu(self.commands.named["reload"], self.recent_menu)
        self._tree_menu = QMenu("&Tree", self, toolTipsVisible=True)
        for menu in (self._tree_menu, self.page_menu):
            self.menuBar().insertMenu(self.commands.menus["Convert"].menuAction(), menu)
        self._wire()
        settings.chosen.connect(self._show_columns)
        self.restore()

    # -------------------------------------------------------------------------------------------- building

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "open": self.ask_files, "open folder": self.ask_folder, "sample": self.open_sample,
            "reload": self._reload, "close tab": lambda: self._close(self.tabs.front()), "quit": self.close,
            "filter": self._focus_filter, **{page: partial(self._choose_page, page) for page in PAGES},
            "health": self.details.check_health, "compare": self._ask_compare, "run": self._ask_run,
            **{name: partial(self._convert, name) for name in COMMANDS},
            "next page": lambda: self.side().step(1), "previous page": lambda: self.side().step(-1),
            "next tab": lambda: self.tabs.step(1), "previous tab": lambda: self.tabs.step(-1),
            "back": lambda: self.navigation.step(-1), "forward": lambda: self.navigation.step(1),
            "other side": self._other_side, "dismiss": self.notices.dismiss_newest,
            "larger": lambda: self.zoom(1), "smaller": lambda: self.zoom(-1), "normal": lambda: self.zoom(0),
            "settings": self._show_settings, "palette": self.show_palette, "keys": self.show_keys, "about": self.about,
            "words": self.explain_word,
            "integrate": self.integrate_wanted.emit,
        }  # fmt: skip

    def _wire(self) -> None:
        self.drop.dropped.connect(self._dropped)
        self.addresses_wanted.connect(self.open)
        self.sample_wanted.connect(self.open_sample)
        self.integrate_wanted.connect(Integrating(self.jobs, self.notices).ask)
        self.recent_menu.path_wanted.connect(lambda path: self.open([path]))
        self.tabs.shown.connect(self._show_front)
        self.tabs.close_wanted.connect(self._close)
        self.details.node_wanted.connect(self._go_to_node)
        self.details.word_wanted.connect(self.explain_word)
        self.details.message.connect(self.status.mention)
        Watching(self.files, self)
        self.file_notices = FileNotices(self.files, self.notices)
        self.file_statistics = FileStatistics(self.files, self.scanning)
        self.details.compute_wanted.connect(lambda: self._with_file(self.scanning.compute_all))
        self.comparisons = Comparisons(self.files, self.tabs, self.jobs, self.settings, self.notices, self)
        self.comparisons.changed.connect(lambda one: self._show_front() if one is self.tabs.front() else None)
        self.comparisons.message.connect(self.status.mention)
        self.comparisons.word_wanted.connect(self.explain_word)
        self.comparisons.node_wanted.connect(self._show_tensor)
        self.requests = CompareRequests(self.files, self.comparisons, self.notices, self)
        self.requests.open_wanted.connect(lambda path: self.open([path]))
        self.requests.close_wanted.connect(self._close)
        self.tabs.menu_wanted.connect(self.requests.open_tab_menu)
        self.runs = Runs(self.files, self.tabs, self.jobs, self.notices, self)
        self.runs.changed.connect(lambda one: self._show_front() if one is self.tabs.front() else None)
        self.runs.message.connect(self.status.mention)
        self.runs.pair_wanted.connect(self.compare)
        self.conversions = Conversions(self.files, self.jobs, self.commands, self.current, self)
        self.conversions.open_wanted.connect(lambda path: self.open([path]))
        self.conversions.compare_wanted.connect(self.compare)
        self.files.added.connect(self._added)
        self.files.removed.connect(self._removed)
        self.files.reading.connect(lambda file: self._say(file, f"Reading {text.escape(file.name)} …"))
        self.files.opened.connect(self._opened)
        self.files.failed.connect(self._failed)
        self.files.stopped.connect(self._stopped)
        self.files.described.connect(self._described)
        self.navigation = Navigation(self.tabs, self._tree_of)
        self.navigation.changed.connect(self._explain_steps)
        self.tabs.removed.connect(self.navigation.forget)
        self._explain_steps()
        self.session = Session(self.settings, self.files, self.tabs, self.comparisons, self.runs)
        self.session.files_wanted.connect(self.open)

    # -------------------------------------------------------------------------------------------- files

    def open(
        self,
        addresses: Iterable[str],
        *,
        select: str | None = None,
        tab: str | None = None,
        readers: dict[str, subprocess.Popen[bytes]] | None = None,
    ) -> None:
        """Open files and folders; ``FILE::PATH`` goes to a tensor. One that is open already is brought to the front."""
        self._page_wanted = tab or ""
        first: OpenFile | None = None
        for address in addresses:
            path, keys = split_address(address)
            wanted = text.parse_path(select) if select is not None else keys
            shown = self.files.at(path)
            file = self.files.open(path, wanted, (readers or {}).get(address))
            first = first or file
            if shown is not None and shown.opened is not None:
                self._go_to_wanted(file)
        if first is not None:
            self.tabs.show_tab(first)
        elif self.tabs.front() is None:
            self._show_front()

    def compare(
        self,
        left: str,
        right: str,
        wish: Wish = NO_WISH,
        readers: dict[str, subprocess.Popen[bytes]] | None = None,
    ) -> None:
        """Open two files, and compare them."""
        self.open(dict.fromkeys((left, right)), readers=readers)
        one, other = (self.files.at(split_address(path)[0]) for path in (left, right))
        if one is not None and other is not None:
            self.comparisons.open(one, other, wish)

    def follow(self, paths: Sequence[str], select: str = "") -> None:
        """Open a run: its files, or their folder."""
        self.runs.open(paths, select)

    def open_sample(self) -> None:
        """Open the two checkpoints that come with the program, compared."""
        from ckpt_gui.resources_path import resource

        try:
            first, second = (str(resource(f"demo/epoch_{number:03}.ckpt")) for number in (3, 4))
        except FileNotFoundError as exc:
            self.notices.tell("sample", str(exc), alarm=True)
        else:
            self.compare(first, second)

    def _explain_steps(self) -> None:
        for name, by in (("back", -1), ("forward", 1)):
            self.commands.explain(name, self.navigation.why_not(by))

    def _added(self, file: OpenFile) -> None:
        page = self.tabs.add(file)
        page.picked.connect(lambda nodes: self._picked(file, nodes))
        page.message.connect(self.status.mention)
        page.compare_wanted.connect(lambda node: self.requests.ask(file, QCursor.pos(), node))
        page.convert_wanted.connect(lambda node: self.conversions.convert(file, node))
        page.painted.connect(self.painted)
        self.file_statistics.add(file, page)

    def _removed(self, file: OpenFile) -> None:
        self._keep_columns(self.tabs.page(file).tree)
        self.tabs.remove(file)

    def _keep_columns(self, tree: TreePanel | None) -> None:
        """The next tree has the columns that this one has now."""
        if tree is not None:
            self.settings.keep("columns", tree.state().toBase64().toStdString())
            self.settings.choose(columns=tree.shown_columns())

    def _show_settings(self) -> None:
        self._keep_columns(self.tree() if self.current() is not None else None)
        self.show_settings()

    def _show_columns(self) -> None:
        """The columns that were chosen show in every tree."""
        for file in self.files.all():
            if (tree := self.tabs.page(file).tree) is not None:
                tree.show_columns(self.settings.preferences.columns)

    def _say(self, file: OpenFile, words: str) -> None:
        """Words in place of a tree, unless there is one."""
        if file.opened is None:
            self.tabs.page(file).say(words)

    def _opened(self, file: OpenFile) -> None:
        assert file.opened is not None
        self.recent_menu.add(file.path)
        page = self.tabs.page(file)
        fresh = page.tree is None
        page.show_opened(file.opened)
        if fresh and page.tree is not None:
            page.tree.restore(QByteArray.fromBase64(self.settings.value("columns", "").encode()))
            page.tree.show_columns(self.settings.preferences.columns)
        if file is self.current():
            self._show_front()
            self.details.show_picked()
            page.setFocus()
        self._go_to_wanted(file)

    def _go_to_wanted(self, file: OpenFile) -> None:
        tree, wanted, file.wanted = self.tabs.page(file).tree, file.wanted, None
        if wanted is not None and tree is not None and not tree.select_path(wanted):
            self.file_notices.nothing_there(file, wanted)
        if self._page_wanted and not self.details.choose(self._page_wanted):
            self.notices.tell("page", f"There is no {self._page_wanted} page yet; it comes with a later version.")
        self._page_wanted = ""

    def _failed(self, file: OpenFile) -> None:
        self._say(file, f"There is nothing to show of {text.escape(file.name)}. F5 tries again.")
        self.recent_menu.prune()
        if file is self.current():
            self._show_front()

    def _stopped(self, file: OpenFile) -> None:
        self._say(file, f"Reading {text.escape(file.name)} was stopped. F5 reads it again.")
        if file is self.current():
            self._show_front()

    def _described(self, file: OpenFile) -> None:
        if file is self.current():
            self.details.fill()
            self.status.show_facts(status.facts_of(file))

    # -------------------------------------------------------------------------------------------- selection

    def _show_front(self) -> None:
        """Everything around the tabs follows the one in front."""
        front = self.tabs.front()
        self.stack.setCurrentWidget(self.splitter if front is not None else self.start())
        self.setWindowTitle(f"{text.escape(front.name)} – ckpt_gui" if front is not None else "ckpt_gui")
        self.notices.turn_to(front)
        for name in NEEDS_A_TAB:
            self.commands.explain(name, "" if front is not None else "no file is open")
        self.commands.explain("compare", "" if front is not None else "no file is open")
        self.commands.explain("health", "" if self.current() is not None else "no file is in front")
        self.conversions.explain()
        self._tree_menu.clear()
        self._tree_menu.addActions(self.row_commands())
        self._tree_menu.setEnabled(bool(self.row_commands()))
        self.details.setVisible(not isinstance(front, Comparison | Following))
        self.status.show_facts(self._facts(front))
        self.details.show_file(self.current())
        self.navigation.look()
        rows = self.tree() or self._comparison_page()
        if rows is not None and self.tabs.isAncestorOf(QApplication.focusWidget() or self):
            rows.setFocus()  # not the filter line, where Qt would put it

    def _picked(self, file: OpenFile, nodes: list[int]) -> None:
        file.nodes = nodes
        if file is self.current():
            self.details.show_picked()
            self.navigation.look()

    def _go_to_node(self, node: int) -> None:
        file, tree = self.current(), self.tree()
        if file is not None and file.opened is not None and tree is not None:
            tree.select_path(file.opened.checkpoint.path_of(node))

    # -------------------------------------------------------------------------------------------- commands

    def _reload(self) -> None:
        front = self.tabs.front()
        if isinstance(front, Comparison):
            self.comparisons.reload(front)
        elif isinstance(front, Following):
            self.runs.reload(front)
        elif front is not None:
            self.files.reload(front)

    def _close(self, held: Held | None) -> None:
        if isinstance(held, Comparison):
            self.comparisons.close(held)
        elif isinstance(held, Following):
            self.runs.close(held)
        elif held is not None:
            self.files.close(held)

    def _dropped(self, addresses: list[str]) -> None:
        self.open(addresses)
        self.requests.offer(addresses)
        self.runs.offer(addresses)

    def _ask_compare(self) -> None:
        """With what to compare the file in front: below its tool button."""
        front = self.tabs.front()
        file = front.left if isinstance(front, Comparison) else front
        if isinstance(file, OpenFile):
            self.requests.ask(file, self.mapToGlobal(QPoint(60, self.menuBar().height() + 40)))

    def _ask_run(self) -> None:
        """What to follow: below the tool bar."""
        self.runs.ask(self.mapToGlobal(QPoint(60, self.menuBar().height() + 40)))

    def _show_tensor(self, file: OpenFile, tensor: int) -> None:
        """Go to a tensor in its file's own tab."""
        if file.opened is not None and (tree := self.tabs.page(file).tree) is not None:
            self.tabs.show_tab(file)
            tree.select_path(file.opened.checkpoint.path_of(file.opened.checkpoint.tensors.node[tensor]))

    def _with_file(self, act: Callable[[OpenFile], object]) -> None:
        if (file := self.current()) is not None:
            act(file)

    def _convert(self, name: str) -> None:
        self.conversions.do(name)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.session.keep()
        if not self.conversions.may_close(self.notices, self.close):
            event.ignore()
            return
        self.jobs.close()
        self.conversions.close_all()
        self._keep_columns(self.tree() if self.current() is not None else None)
        super().closeEvent(event)
