"""Runs of checkpoints as tabs: asked for, read again, closed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.file_tabs import FileTabs
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFiles, split_address

if TYPE_CHECKING:
    from ckpt_gui.gui.run_page import RunPage

LOOK_MS = 3_000
"""So often the folder of a run is looked at: a training may still write there."""
FEWEST = 3
"""Files of a run; two are compared."""


class Runs(QObject):
    """Keeps the runs that are open.

    Signals:
        changed: what the window says of the one in front may be other words now.
        message: a sentence for the status bar.
        pair_wanted: two files are to be compared: their paths, the earlier one first.
    """

    changed = Signal(object)
    message = Signal(str)
    pair_wanted = Signal(str, str)

    def __init__(self, files: OpenFiles, tabs: FileTabs, jobs: Jobs, bar: NoticeBar, window: QWidget) -> None:
        super().__init__(window)
        self._files, self._tabs, self._jobs, self._bar, self._window = files, tabs, jobs, bar, window
        self._pages: dict[Following, RunPage] = {}
        clock = QTimer(self, interval=LOOK_MS)
        clock.timeout.connect(self.look)
        clock.start()

    def all(self) -> tuple[Following, ...]:
        """The open runs, oldest first."""
        return tuple(self._pages)

    def page(self, following: Following) -> RunPage:
        """Its page."""
        return self._pages[following]

    def open(self, paths: Sequence[str], select: str = "") -> Following:
        """Follow these files, or those of one folder; a run that is open already comes to the front."""
        wanted = tuple(os.path.normpath(Path(path).absolute()) for path in paths)
        known = next((one for one in self._pages if one.paths == wanted), None)
        if known is not None:
            self._tabs.show_tab(known)
            return known
        from ckpt_gui.gui.run_page import RunPage

        one = Following(self._jobs, wanted, self)
        page = self._pages[one] = RunPage(one, self._tabs)
        page.want(select)
        page.message.connect(self.message)
        page.pair_wanted.connect(self.pair_wanted)
        one.begun.connect(partial(self._bar.dismiss, _key(one)))
        one.failed.connect(lambda words, details: self._tell(one, words, details))
        one.ready.connect(self._tabs.name_tabs)
        for signal in (one.ready, one.stopped):
            signal.connect(lambda: self.changed.emit(one))
        self._tabs.add_run(one, page)
        one.start()
        return one

    def look(self) -> None:
        """See whether there are newer checkpoints in the folders that are followed."""
        for one in self._pages:
            one.look()

    def reload(self, following: Following) -> None:
        """Read the files again."""
        following.start()

    def close(self, following: Following) -> None:
        """Forget it."""
        page = self._pages.pop(following)
        following.close()
        page.let_go()
        self._bar.dismiss(_key(following))
        self._tabs.remove(following)
        following.deleteLater()

    # -------------------------------------------------------------------------------------------- asking

    def ask(self, place: QPoint) -> None:
        """Show the menu; ``place`` is on the screen."""
        self.menu().popup(place)

    def menu(self) -> QMenu:
        """What can be followed."""
        menu = QMenu("Follow a run", self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        files = [file.path for file in self._files.all()]
        if len(files) >= FEWEST:
            menu.addAction(f"The {len(files):,} files that are &open", partial(self.open, files))
        menu.addAction("The checkpoints of a &folder…", self._ask_folder)
        menu.addAction("&Several files…", self._ask_files)
        return menu

    def offer(self, addresses: Sequence[str]) -> None:
        """Several files dropped together are perhaps a run."""
        paths = list(dict.fromkeys(split_address(address)[0] for address in addresses))
        if len(paths) >= FEWEST:
            answer = ("Follow them as a run", partial(self.open, paths))
            self._bar.tell("run", f"{text.plural(len(paths), 'file')} were opened.", answers=[answer])

    def _ask_folder(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        folder = QFileDialog.getExistingDirectory(self._window, "Follow the checkpoints of a folder", self._folder())
        if folder:
            self.open([folder])

    def _ask_files(self) -> None:
        from PySide6.QtWidgets import QFileDialog

        paths = QFileDialog.getOpenFileNames(self._window, "Follow checkpoints of one run", self._folder())[0]
        if paths:
            self.open(paths)

    def _folder(self) -> str:
        return str(Path(self._files.all()[-1].path).parent) if self._files.all() else ""

    def _tell(self, one: Following, words: str, details: str) -> None:
        self._bar.tell(_key(one), text.escape(words), alarm=True, details=details, about=one)
        self.changed.emit(one)


def _key(following: Following) -> str:
    return f"run {id(following)}"
