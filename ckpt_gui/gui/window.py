"""The window: here, and only here, panels are wired to one another. It decides nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ckpt_gui.core import text
from ckpt_gui.gui import status
from ckpt_gui.gui.actions import Actions
from ckpt_gui.gui.details import Details
from ckpt_gui.gui.file_tabs import FileTabs
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFile, OpenFiles, split_address
from ckpt_gui.gui.recent_menu import RecentMenu
from ckpt_gui.gui.settings import Settings

if TYPE_CHECKING:
    import subprocess

    from ckpt_gui.gui.start_page import StartPage
    from ckpt_gui.gui.tree_panel import TreePanel


class Window(QMainWindow):
    """Tree on the left, details on the right, what went wrong above, what is under way below.

    Signals:
        painted: the tree of a file stands on the screen.
    """

    painted = Signal()

    def __init__(self, settings: Settings, files: OpenFiles, jobs: Jobs) -> None:
        super().__init__()
        self.settings, self.files, self.jobs = settings, files, jobs
        self._page_wanted = ""
        self.notices = NoticeBar(self)
        self._start_page: StartPage | None = None
        self.tabs = FileTabs(self)
        self.details = Details(jobs, self)
        self.setAcceptDrops(True)
        self.setWindowTitle("ckpt_gui")
        self._lay_out()
        self.actions_ = Actions(self, self._handlers())
        self.recent_menu = RecentMenu(self)
        self.actions_.menus["File"].insertMenu(self.actions_.named["reload"], self.recent_menu)
        self._tree_menu = self.menuBar().addMenu("&Tree")
        self.menuBar().insertMenu(self.actions_.menus["Convert"].menuAction(), self._tree_menu)
        self._wire()
        self._restore()
        self._show_recents()

    # -------------------------------------------------------------------------------------------- building

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self, childrenCollapsible=False, handleWidth=1)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.details)
        self.splitter.setSizes([800, 600])
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.splitter)
        center = QWidget(self)
        box = QVBoxLayout(center)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.notices)
        box.addWidget(self._stack, 1)
        self.setCentralWidget(center)
        self.status = status.Status(self.jobs, self)
        self.setStatusBar(self.status)
        self._drop_hint = QLabel("Drop to open", self, objectName="drop", alignment=Qt.AlignmentFlag.AlignCenter)
        self._drop_hint.hide()

    def _handlers(self) -> dict[str, object]:
        return {
            "open": self._ask_files, "open folder": self._ask_folder, "sample": self.open_sample,
            "reload": self._reload, "close tab": self._close_tab, "quit": self.close,
            "filter": self._focus_filter, "overview": lambda: self.details.choose("overview"),
            "next page": lambda: self.details.step(1), "previous page": lambda: self.details.step(-1),
            "next tab": lambda: self.tabs.step(1), "previous tab": lambda: self.tabs.step(-1),
            "other side": self._other_side, "dismiss": self.notices.dismiss_newest,
            "larger": lambda: self._zoom(1), "smaller": lambda: self._zoom(-1), "normal": lambda: self._zoom(0),
            "palette": self._show_palette, "keys": self._show_keys, "about": self._about,
        }  # fmt: skip

    def _wire(self) -> None:
        self.recent_menu.path_wanted.connect(lambda path: self.open([path]))
        self.recent_menu.clear_wanted.connect(lambda: self._forget(set(self.settings.recents())))
        self.tabs.shown.connect(self._show_file)
        self.tabs.close_wanted.connect(self.files.close)
        self.details.node_wanted.connect(self._go_to_node)
        self.files.added.connect(self._added)
        self.files.removed.connect(self._removed)
        self.files.reading.connect(self._reading)
        self.files.opened.connect(self._opened)
        self.files.failed.connect(self._failed)
        self.files.stopped.connect(self._stopped)
        self.files.described.connect(self._described)
        self.files.slow.connect(self._ask_patience)
        self.files.outdated.connect(self._tell_outdated)

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
            known = self.files.at(path)
            file = self.files.open(path, wanted, (readers or {}).get(address))
            first = first or file
            if known is not None and wanted is not None and file.opened is not None:
                self._go_to_wanted(file)
        if first is not None:
            self.tabs.show_file(first)
        elif self.current() is None:
            self._show_file(None)

    def start(self) -> StartPage:
        """The page for when no file is open; made when it is first needed."""
        if self._start_page is None:
            from ckpt_gui.gui.start_page import StartPage

            page = self._start_page = StartPage(self)
            page.open_wanted.connect(self._ask_files)
            page.sample_wanted.connect(self.open_sample)
            page.path_wanted.connect(lambda path: self.open([path]))
            page.show_recents(self.settings.recents())
            self._stack.addWidget(page)
        return self._start_page

    def open_sample(self) -> None:
        """Open the two checkpoints that come with the program."""
        from ckpt_gui.resources_path import resource

        try:
            self.open([str(resource(f"demo/epoch_{number:03}.ckpt")) for number in (3, 4)])
        except FileNotFoundError as exc:
            self.notices.tell("sample", str(exc), alarm=True)

    def current(self) -> OpenFile | None:
        """The file in front."""
        return self.tabs.current()

    def tree(self) -> TreePanel | None:
        """The tree in front."""
        file = self.current()
        return self.tabs.page(file).tree if file is not None else None

    def _added(self, file: OpenFile) -> None:
        page = self.tabs.add(file)
        page.picked.connect(lambda nodes: self._picked(file, nodes))
        page.message.connect(lambda words: self.statusBar().showMessage(words, 4000))
        page.painted.connect(self.painted)
        self._stack.setCurrentWidget(self.splitter)

    def _removed(self, file: OpenFile) -> None:
        for kind in ("slow", "error", "outdated", "missing"):
            self.notices.dismiss(f"{kind} {file.path}")
        self.tabs.remove(file)
        self._show_file(self.current())

    def _reading(self, file: OpenFile) -> None:
        self.notices.dismiss(f"error {file.path}")
        self.notices.dismiss(f"outdated {file.path}")
        if file.opened is None:
            self.tabs.page(file).say(f"Reading {text.escape(file.name)} …")

    def _opened(self, file: OpenFile) -> None:
        assert file.opened is not None
        self.notices.dismiss(f"slow {file.path}")
        self.settings.add_recent(file.path)
        self._show_recents()
        page = self.tabs.page(file)
        page.show_opened(file.opened)
        if file is self.current():
            self._show_file(file)
            self.details.show_picked()
            page.setFocus()
        self._go_to_wanted(file)

    def _go_to_wanted(self, file: OpenFile) -> None:
        tree = self.tabs.page(file).tree
        if file.wanted is not None and tree is not None and not tree.select_path(file.wanted):
            self.notices.tell(f"missing {file.path}", f"{text.escape(file.name)} holds nothing at "
                              f"{text.escape(text.path_text(file.wanted))}")  # fmt: skip
        file.wanted = None
        if self._page_wanted and not self.details.choose(self._page_wanted):
            self.notices.tell("page", f"There is no {self._page_wanted} page yet; it comes with a later version")
        self._page_wanted = ""

    def _failed(self, file: OpenFile, details: str) -> None:
        self.notices.dismiss(f"slow {file.path}")
        self.notices.tell(f"error {file.path}", text.escape(file.error), alarm=True, details=details,
                          answers=[("Try again", lambda: self.files.reload(file))])  # fmt: skip
        if file.opened is None:
            self.tabs.page(file).say(text.escape(file.error))
        self._forget({file.path} if not os.path.lexists(file.path) else set())

    def _stopped(self, file: OpenFile) -> None:
        self.notices.dismiss(f"slow {file.path}")
        if file.opened is None:
            self.tabs.page(file).say(f"Reading {text.escape(file.name)} was stopped. F5 reads it again.")

    def _described(self, file: OpenFile) -> None:
        if file is self.current():
            self.details.fill()
            self.status.show_facts(status.facts_of(file))

    def _ask_patience(self, file: OpenFile) -> None:
        task = file.task
        if task is not None:
            self.notices.tell(f"slow {file.path}", f"Still reading {text.escape(file.name)} after 10 s.",
                              answers=[("Keep waiting", lambda: None), ("Stop", task.cancel)])  # fmt: skip

    def _tell_outdated(self, file: OpenFile) -> None:
        self.notices.tell(f"outdated {file.path}", f"{text.escape(file.name)} has changed on disk.",
                          answers=[("Reload", lambda: self.files.reload(file))])  # fmt: skip

    # -------------------------------------------------------------------------------------------- selection

    def _show_file(self, file: OpenFile | None) -> None:
        self._stack.setCurrentWidget(self.splitter if file is not None else self.start())
        self.setWindowTitle(f"{text.escape(file.name)} – ckpt_gui" if file is not None else "ckpt_gui")
        self.status.show_facts(status.facts_of(file) if file is not None else "")
        self.details.show_file(file)
        for name in ("reload", "close tab", "filter", "overview", "next page", "previous page"):
            self.actions_.explain(name, "" if file is not None else "no file is open")
        self._tree_menu.clear()
        if (tree := self.tree()) is not None:
            self._tree_menu.addActions(tree.actions())
        self._tree_menu.setEnabled(not self._tree_menu.isEmpty())

    def _picked(self, file: OpenFile, nodes: list[int]) -> None:
        file.nodes = nodes
        if file is self.current():
            self.details.show_picked()

    def _go_to_node(self, node: int) -> None:
        file, tree = self.current(), self.tree()
        if file is not None and file.opened is not None and tree is not None:
            tree.select_path(file.opened.checkpoint.path_of(node))

    # -------------------------------------------------------------------------------------------- commands

    def _ask_files(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        self.open(QFileDialog.getOpenFileNames(self, "Open checkpoints", self._folder())[0])

    def _ask_folder(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        folder = QFileDialog.getExistingDirectory(self, "Open a checkpoint's folder", self._folder())
        self.open([folder] if folder else [])

    def _folder(self) -> str:
        file = self.current()
        return os.path.dirname(file.path if file is not None else next(iter(self.settings.recents()), ""))

    def _reload(self) -> None:
        if (file := self.current()) is not None:
            self.files.reload(file)

    def _close_tab(self) -> None:
        if (file := self.current()) is not None:
            self.files.close(file)

    def _focus_filter(self) -> None:
        if (tree := self.tree()) is not None:
            tree.focus_filter()

    def _other_side(self) -> None:
        on_right = self.details.isAncestorOf(QApplication.focusWidget() or self)
        target = self.tree() if on_right else self.details.front()
        if target is not None:
            target.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _zoom(self, by: int) -> None:
        """One point more or less for every text; 0: the system's own size again."""
        step = max(-4, min(12, self.settings.value("zoom", 0) + by)) if by else 0
        self.settings.keep("zoom", step)
        apply_zoom(step)

    def all_actions(self) -> list[QAction]:
        """Every command there is, those of the tree and the recent files included."""
        tree = self.tree()
        places = [action for action in self.recent_menu.places if action.isVisible()]
        return [*self.actions_.named.values(), *(tree.actions() if tree is not None else ()), *places,
                self.recent_menu.clear_action]  # fmt: skip

    def _show_palette(self) -> None:
        from ckpt_gui.gui.palette import Palette

        shown = Palette(self.all_actions(), self)
        shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown.move(self.mapToGlobal(self.rect().topLeft()).x() + (self.width() - shown.width()) // 2,
                   self.mapToGlobal(self.rect().topLeft()).y() + 70)  # fmt: skip
        shown.show()

    def _show_keys(self) -> None:
        from ckpt_gui.gui.keys_page import KeysPage

        groups = [(name, menu.actions()) for name, menu in self.actions_.menus.items()]
        tree = self.tree()
        page = KeysPage([*groups, ("Tree", tree.actions() if tree is not None else ())], self)
        page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page.show()

    def _about(self) -> None:
        from ckpt_gui import __version__

        self.notices.tell(
            "about", f"ckpt_gui {__version__}. It shows PyTorch checkpoints and never runs what is in them."
        )

    # -------------------------------------------------------------------------------------------- recent files

    def _show_recents(self) -> None:
        recents = self.settings.recents()
        self.recent_menu.show_recents(recents)
        if self._start_page is not None:
            self._start_page.show_recents(recents)

    def prune_recents(self) -> None:
        """Take files that are gone out of the recent ones; a job looks, for a lost network share may take long."""
        paths = self.settings.recents()
        if paths:
            self.jobs.run("recents", lambda _report: {path for path in paths if not os.path.exists(path)}, self._forget)

    def _forget(self, gone: set[str]) -> None:
        if gone:
            self.settings.forget_recents(gone)
            self._show_recents()

    # -------------------------------------------------------------------------------------------- Qt's events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self._drop_hint.setGeometry(self.centralWidget().geometry().adjusted(12, 12, -12, -12))
            self._drop_hint.raise_()
            self._drop_hint.show()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        # After the drop is answered: the other program must not wait for us.
        QTimer.singleShot(0, self, lambda: self.open(paths))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.files.check_disk()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.jobs.close()
        self._remember()
        super().closeEvent(event)

    # -------------------------------------------------------------------------------------------- settings

    def _restore(self) -> None:
        geometry = self.settings.value("geometry", "")
        if not (geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))):
            self.resize(1440, 900)
        self.splitter.restoreState(QByteArray.fromBase64(self.settings.value("splitter", "").encode()))
        apply_zoom(self.settings.value("zoom", 0))

    def _remember(self) -> None:
        self.settings.keep("geometry", self.saveGeometry().toBase64().toStdString())
        self.settings.keep("splitter", self.splitter.saveState().toBase64().toStdString())
        self.settings.save()


def apply_zoom(step: int) -> None:
    """Make the application's text ``step`` points larger than the system's."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    natural = app.property("natural_size")
    if natural is None:
        natural = app.font().pointSizeF()
        app.setProperty("natural_size", natural)
    font = app.font()
    if natural > 0 and font.pointSizeF() != max(5.0, natural + step):
        font.setPointSizeF(max(5.0, natural + step))
        app.setFont(font)
