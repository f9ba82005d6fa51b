"""The window's frame: its parts in their places, what is asked in dialogs, what is kept from one day to the next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui import status, tab_order, theme
from ckpt_gui.gui.actions import Actions
from ckpt_gui.gui.details import Details
from ckpt_gui.gui.drop import DropTarget
from ckpt_gui.gui.file_tabs import FileTabs
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFiles
from ckpt_gui.gui.preferences import ZOOMS
from ckpt_gui.gui.recent_menu import RecentMenu
from ckpt_gui.gui.scanning import Scanning
from ckpt_gui.gui.settings import Settings

if TYPE_CHECKING:
    from ckpt_gui.gui.start_page import StartPage

LOOK_AT_DISK_MS = 4_000
"""So often an active window sees whether its files have changed."""


class Shell(QMainWindow):
    """Tabs on the left, details on the right, what went wrong above, what is under way below.

    Signals:
        addresses_wanted: files or a folder were chosen.
        sample_wanted: what comes with the program is to be seen.
        integrate_wanted: checkpoints are to open by double-click.
    """

    addresses_wanted = Signal(list)
    sample_wanted = Signal()
    integrate_wanted = Signal()
    commands: Actions
    recent_menu: RecentMenu

    def __init__(self, settings: Settings, files: OpenFiles, jobs: Jobs) -> None:
        super().__init__()
        self.settings, self.files, self.jobs = settings, files, jobs
        self._start_page: StartPage | None = None
        self._cache = settings.preferences.cache
        """MiB of statistics that may be kept, as the disk knows it."""
        self.setWindowTitle("ckpt_gui")
        self._lay_out()
        settings.chosen.connect(self._apply)
        self._disk_clock = QTimer(self, interval=LOOK_AT_DISK_MS)
        self._disk_clock.timeout.connect(self._look_at_disk)
        self._disk_clock.start()

    def _lay_out(self) -> None:
        self.notices = NoticeBar(self)
        self.tabs = FileTabs(self)
        self.scanning = Scanning(self.jobs, self)
        self.details = Details(self.jobs, self.scanning, self.settings, self)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.details)
        self.splitter.setSizes([810, 630])
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.splitter)
        center = QWidget(self)
        box = QVBoxLayout(center)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.notices)
        box.addWidget(self.stack, 1)
        self.setCentralWidget(center)
        self.status = status.Status(self.jobs, self)
        self.setStatusBar(self.status)
        self.drop = DropTarget(self)
        self.page_menu = QMenu("&Page", self, toolTipsVisible=True)
        """What can be done on the page in front; filled as it opens, for pages turn often."""
        self._no_page_command = QAction("This page has no commands", self)
        self._no_page_command.setEnabled(False)
        self._fill_page_menu()
        self.page_menu.aboutToShow.connect(self._fill_page_menu)

    def row_commands(self) -> Sequence[QAction]:
        """What can be done with the rows in front."""
        return ()

    def page_commands(self) -> Sequence[QAction]:
        """What can be done on the page in front on the right."""
        return ()

    def start(self) -> StartPage:
        """The page for when no file is open; made when it is first needed."""
        if self._start_page is None:
            from ckpt_gui.gui.start_page import StartPage

            page = self._start_page = StartPage(self)
            page.open_wanted.connect(self.ask_files)
            page.sample_wanted.connect(self.sample_wanted)
            page.integrate_wanted.connect(self.integrate_wanted)
            page.help_wanted.connect(self.explain_word)
            page.path_wanted.connect(lambda path: self.addresses_wanted.emit([path]))
            page.show_recents(self.recent_menu.paths())
            self.recent_menu.changed.connect(page.show_recents)
            self.stack.addWidget(page)
        return self._start_page

    # -------------------------------------------------------------------------------------------- dialogs

    def ask_files(self) -> None:
        """Let the person choose files."""
        from PySide6.QtWidgets import QFileDialog

        self.addresses_wanted.emit(QFileDialog.getOpenFileNames(self, "Open checkpoints", self._folder())[0])

    def ask_folder(self) -> None:
        """Let the person choose a folder."""
        from PySide6.QtWidgets import QFileDialog

        folder = QFileDialog.getExistingDirectory(self, "Open a checkpoint's folder", self._folder())
        self.addresses_wanted.emit([folder] if folder else [])

    def _folder(self) -> str:
        """Where the person looked last."""
        paths = [file.path for file in self.files.all()[-1:]] or self.recent_menu.paths()
        return str(Path(paths[0]).parent) if paths else ""

    def zoom(self, by: int) -> None:
        """One point more or less for every text; 0: the system's own size again."""
        least, most = ZOOMS
        self.settings.choose(zoom=max(least, min(most, self.settings.preferences.zoom + by)) if by else 0)

    def _apply(self) -> None:
        """Put what the person chose in force."""
        chosen = self.settings.preferences
        theme.choose(chosen.theme)
        theme.zoom(chosen.zoom)
        self.scanning.let_begin(unasked=chosen.background)
        if chosen.cache != self._cache:
            self._cache = chosen.cache
            self._keep_statistics()

    def all_commands(self) -> list[QAction]:
        """Every command there is, those of the tree and the recent files included."""
        return [*self.commands.named.values(), *self.row_commands(), *self.page_commands(),
                *self.recent_menu.commands()]  # fmt: skip

    def _fill_page_menu(self) -> None:
        for action in self.page_menu.actions():  # clear() would take them from the pages that own them
            self.page_menu.removeAction(action)
        self.page_menu.addActions(list(self.page_commands()) or [self._no_page_command])

    def show_palette(self) -> None:
        """Every command, by typing."""
        from ckpt_gui.gui.palette import Palette

        Palette(self.all_commands(), self).show_over(self)

    def show_keys(self) -> None:
        """Every shortcut, on a page."""
        from ckpt_gui.gui.keys_page import KeysPage

        groups: list[tuple[str, Sequence[QAction]]] = [
            (name, menu.actions()) for name, menu in self.commands.menus.items()
        ]
        groups += [("Rows", self.row_commands()), ("Page on the right", self.page_commands())]
        groups += [("Recent files", self.recent_menu.commands())]
        KeysPage(groups, self).show()

    def show_settings(self) -> None:
        """What a person can choose once for all."""
        from ckpt_gui.gui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self.settings, self)
        dialog.recents_unwanted.connect(self.recent_menu.clear_all)
        dialog.cache_unwanted.connect(lambda: self._keep_statistics(clear=True))
        dialog.show()

    def _keep_statistics(self, *, clear: bool = False) -> None:
        """Hold what is kept on disk to the size that was chosen, on a thread: the disk may be slow."""
        from ckpt_gui.core.stats import cache

        nbytes = self.settings.preferences.cache << 20

        def work(_report: Report) -> None:
            if clear:
                cache.clear()
            cache.limit_to(nbytes)

        self.jobs.run("statistics on disk", work, lambda _none: None)

    def about(self) -> None:
        """What this is."""
        from ckpt_gui.gui.about_page import AboutPage

        page = AboutPage(text.escape(str(self.settings.reports_folder)), self)
        page.message.connect(self.status.mention)
        page.show()

    def explain_word(self, word: str = "") -> None:
        """A word of checkpoints, on a page beside the window that stays."""
        from ckpt_gui.gui.help_page import HelpPage

        page = self.findChild(HelpPage) or HelpPage(self)
        page.show()
        page.raise_()
        page.go_to(word)

    def tell_failure(self, report: str) -> None:
        """The program itself failed somewhere; it goes on as far as it can."""
        where = f" A report is in {text.escape(report)}; nothing of your files is in it." if report else ""
        self.notices.tell("failure", f"Something failed inside the program.{where}", alarm=True)

    # -------------------------------------------------------------------------------------------- Qt's events

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's name
        stop = tab_order.neighbour(self, QApplication.focusWidget(), 1 if next else -1)
        if stop is None:
            return super().focusNextPrevChild(next)
        tab_order.go(stop, 1 if next else -1)
        return True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self._look_at_disk()

    def _look_at_disk(self) -> None:
        if self.isActiveWindow():
            self.files.check_disk()

    def restore(self) -> None:
        """Size, place and parts as they were when it was closed last."""
        geometry = self.settings.value("geometry", "")
        if not (geometry and self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))):
            self.resize(1440, 900)
        self.splitter.restoreState(QByteArray.fromBase64(self.settings.value("splitter", "").encode()))
        self._apply()
        if self.settings.trouble:
            self.notices.tell("settings", text.escape(self.settings.trouble))

    def closeEvent(self, event: QCloseEvent) -> None:
        for clock in self.findChildren(QTimer):
            clock.stop()  # nobody looks at the disk any more
        self.jobs.close()
        self.settings.keep("geometry", self.saveGeometry().toBase64().toStdString())
        self.settings.keep("splitter", self.splitter.saveState().toBase64().toStdString())
        self.settings.save()
        super().closeEvent(event)
