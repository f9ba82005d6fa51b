"""Comparisons as tabs: asked for, begun once both files are read, begun again when one was read anew, closed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_gui.core import text
from ckpt_gui.core.progress import Report
from ckpt_gui.gui.comparing import Comparison, Rules
from ckpt_gui.gui.file_tabs import FileTabs
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFile, OpenFiles
from ckpt_gui.gui.settings import Settings

if TYPE_CHECKING:
    from ckpt_gui.core.diff.nouns import Tolerance
    from ckpt_gui.gui.diff_page import DiffPage


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be compared, and how."""

    left_path: text.Path | None = None
    right_path: text.Path | None = None
    rules: Rules = ()
    tolerance: Tolerance | None = None
    select: str = ""
    """Key of a pair or group to go to."""
    tab: str = ""
    """Page on the right."""


NO_WISH = Wish()


class Comparisons(QObject):
    """Keeps the comparisons that are open.

    Signals:
        changed: what the window says of the one in front may be other words now.
        message: a sentence for the status bar.
        node_wanted: a row of a file is to be shown: the OpenFile, and the tensor's id.
        word_wanted: a word of the glossary is to be explained.
    """

    changed = Signal(object)
    message = Signal(str)
    node_wanted = Signal(object, int)
    word_wanted = Signal(str)

    def __init__(
        self, files: OpenFiles, tabs: FileTabs, jobs: Jobs, settings: Settings, bar: NoticeBar, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._files, self._tabs, self._jobs, self._settings, self._bar = files, tabs, jobs, settings, bar
        self._pages: dict[Comparison, DiffPage] = {}
        self._warmed = False
        self._preferred = self._tolerance()
        settings.chosen.connect(self._prefer)
        files.opened.connect(self._opened)
        files.failed.connect(lambda file, _details: self._failed(file))
        files.stopped.connect(self._failed)
        files.removed.connect(self._removed)
        files.outdated.connect(self._outdated)

    def all(self) -> tuple[Comparison, ...]:
        """The open comparisons, oldest first."""
        return tuple(self._pages)

    def page(self, comparison: Comparison) -> DiffPage:
        """Its page."""
        return self._pages[comparison]

    def open(self, left: OpenFile, right: OpenFile, wish: Wish = NO_WISH) -> Comparison:
        """Compare two open files; what is compared so already comes to the front."""
        known = next((one for one in self._pages if (one.left, one.right) == (left, right) and wish == NO_WISH), None)
        if known is not None:
            self._tabs.show_tab(known)
            return known
        from ckpt_gui.gui.diff_page import DiffPage

        one = Comparison(self._jobs, left, right, left_path=wish.left_path, right_path=wish.right_path,
                         rules=wish.rules, tolerance=wish.tolerance or self._tolerance(), parent=self)  # fmt: skip
        page = self._pages[one] = DiffPage(one, self._jobs, self._settings, self._tabs)
        page.message.connect(self.message)
        page.side.word_wanted.connect(self.word_wanted)
        page.node_wanted.connect(lambda side, tensor: self.node_wanted.emit((one.left, one.right)[side], tensor))
        page.want(wish.select, wish.tab)
        one.begun.connect(lambda: self._begun(one))
        one.failed.connect(lambda words, details: self._tell(one, words, details))
        for signal in (one.paired, one.finished, one.stopped):
            signal.connect(lambda: self.changed.emit(one))
        self._tabs.add_comparison(one, page)
        self._begin(one)
        return one

    def _tolerance(self) -> Tolerance | None:
        """What counts as close where nothing else was asked for; None: torch's, by element type."""
        from ckpt_gui.core.diff.nouns import Tolerance

        wanted = self._settings.preferences.tolerance
        if isinstance(wanted, str):
            return Tolerance(0.0, 0.0) if wanted == "exact" else None
        return Tolerance(*wanted)

    def _prefer(self) -> None:
        """What counts as close in new comparisons counts in those that are open, too."""
        wanted = self._tolerance()
        if wanted != self._preferred:
            self._preferred = wanted
            for one, page in self._pages.items():
                one.set_tolerance(wanted)
                page.panel.tolerance.show_tolerance(wanted)

    def reload(self, comparison: Comparison) -> None:
        """Read both files again; the comparison follows."""
        for file in dict.fromkeys((comparison.left, comparison.right)):
            self._files.reload(file)

    def close(self, comparison: Comparison) -> None:
        """Forget it; the files stay open."""
        page = self._pages.pop(comparison)
        page.let_go()
        self._bar.dismiss(_key(comparison))
        self._tabs.remove(comparison)
        comparison.deleteLater()

    # -------------------------------------------------------------------------------------------- files

    def _begin(self, one: Comparison) -> None:
        """As soon as both files are read."""
        waiting = [file for file in (one.left, one.right) if file.opened is None]
        if not waiting:
            one.start()
        elif any(file.task is None for file in waiting):
            self._failed(next(file for file in waiting if file.task is None))
        else:
            names = text.join_words(text.escape(file.name) for file in dict.fromkeys(waiting))
            self._pages[one].panel.rows.say(f"Reading {names} …")

    def _opened(self, file: OpenFile) -> None:
        if len(self._files.all()) > 1 and not self._warmed:
            self._warmed = True
            self._jobs.run("import comparing", _import, lambda _nothing: None)
        for one in self.all():
            if one.concerns(file):
                self._begin(one)

    def _failed(self, file: OpenFile) -> None:
        for one in self.all():
            if one.concerns(file) and file.opened is None:
                why = text.escape(file.error) or f"Reading {text.escape(file.name)} was stopped"
                self._pages[one].panel.rows.say(f"There is nothing to compare. {why}. F5 tries again.")

    def _removed(self, file: OpenFile) -> None:
        for one in self.all():
            if one.concerns(file):
                self.close(one)

    def _outdated(self, file: OpenFile) -> None:
        for one in self.all():
            if one.concerns(file):
                if not file.on_disk:
                    self._bar.dismiss(_key(one))
                    continue
                became = "has changed on disk" if file.on_disk == "changed" else "is no longer there"
                answers = [("Reload", partial(self._files.reload, file))] if file.on_disk == "changed" else []
                self._bar.tell(_key(one), f"{text.escape(file.name)} {became}.", answers=answers, about=one)

    def _begun(self, one: Comparison) -> None:
        self._bar.dismiss(_key(one))
        self._tabs.name_tabs()
        self.changed.emit(one)

    def _tell(self, one: Comparison, words: str, details: str) -> None:
        self._bar.tell(_key(one), text.escape(words), alarm=True, details=details, about=one)


def _import(_report: Report) -> None:
    """What takes a moment to import, before somebody waits for it."""
    import ckpt_gui.core.diff.compare
    import ckpt_gui.gui.diff_page  # noqa: F401


def _key(comparison: Comparison) -> str:
    return f"comparison {id(comparison)}"
