"""The ways to ask for a comparison: with what, of the files open or one that is looked for; two dropped together."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_gui.core import text
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.comparisons import NO_WISH, Comparisons, Wish
from ckpt_gui.gui.file_tabs import Held
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.notices import NoticeBar
from ckpt_gui.gui.open_files import OpenFile, OpenFiles, split_address


class CompareRequests(QObject):
    """Asks, and has ``Comparisons`` open it.

    Signals:
        open_wanted: a path, to be opened beside what is open.
        close_wanted: a tab is to be closed (what it is about).
    """

    open_wanted = Signal(str)
    close_wanted = Signal(object)

    def __init__(self, files: OpenFiles, comparisons: Comparisons, bar: NoticeBar, window: QWidget) -> None:
        super().__init__(window)
        self._files, self._comparisons, self._bar, self._window = files, comparisons, bar, window

    def ask(self, file: OpenFile, place: QPoint, node: int = 0) -> None:
        """What to compare a file with, or the part of it at a node; ``place`` of the menu is on the screen.

        Where there is only the disk to look at, that at once.
        """
        if len(self._files.all()) < 2 and not _own_parts(file, node):
            self._look_for(file, node)
        else:
            self.menu(file, node).popup(place)

    def menu(self, file: OpenFile, node: int = 0) -> QMenu:
        """What a file, or the part of it at a node, can be compared with."""
        menu = self._menu(f"Compare {text.escape(file.name)} with")
        self._fill(menu, file, node)
        return menu

    def open_tab_menu(self, held: Held, place: QPoint) -> None:
        """The menu of a tab; ``place`` is on the screen."""
        self.tab_menu(held).popup(place)

    def tab_menu(self, held: Held) -> QMenu:
        """What can be done with a tab."""
        menu = self._menu("Tab")
        if isinstance(held, Comparison):
            menu.addAction("&Swap sides", held.swap)
            menu.addAction("&Reload both files", partial(self._comparisons.reload, held))
        elif isinstance(held, Following):
            menu.addAction("&Reload all files", held.start)
        else:
            self._fill(menu.addMenu("&Compare with"), held, 0)
            menu.addAction("&Reload", partial(self._files.reload, held))
        menu.addAction("C&lose", partial(self.close_wanted.emit, held))
        return menu

    def _menu(self, name: str) -> QMenu:
        menu = QMenu(name, self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        return menu

    def offer(self, addresses: list[str]) -> None:
        """Two files dropped together are perhaps to be compared."""
        files = [self._files.at(split_address(address)[0]) for address in addresses]
        found = [file for file in dict.fromkeys(files) if file is not None]
        if len(found) == 2:
            names = " and ".join(text.escape(file.name) for file in found)
            answer = ("Compare them", partial(self._comparisons.open, found[0], found[1]))
            self._bar.tell("compare", f"{names} are open.", answers=[answer])

    def _fill(self, menu: QMenu, file: OpenFile, node: int) -> None:
        others = [other for other in self._files.all() if other is not file]
        for number, other in enumerate(others, 1):
            mark = f"&{number}  " if number < 10 else ""
            name = text.escape(other.name).replace("&", "&&")
            action = menu.addAction(f"{mark}{name}", partial(self._compare, file, other, node))
            action.setToolTip(text.escape(other.path))
        if others:
            menu.addSeparator()
        menu.addAction("&Another file…", partial(self._look_for, file, node))
        for words, wish in _own_parts(file, node):
            menu.addAction(words, partial(self._comparisons.open, file, file, wish))

    def _look_for(self, file: OpenFile, node: int) -> None:
        from PySide6.QtWidgets import QFileDialog

        folder = str(Path(file.path).parent)
        found, _kind = QFileDialog.getOpenFileName(self._window, f"Compare {file.name} with", folder)
        if found:
            self.compare_with_path(file, found, node)

    def compare_with_path(self, file: OpenFile, path: str, node: int = 0) -> None:
        """Open a path, and compare a file with it."""
        self.open_wanted.emit(path)
        other = self._files.at(split_address(path)[0])
        if other is not None:
            self._compare(file, other, node)

    def _compare(self, file: OpenFile, other: OpenFile, node: int) -> None:
        wish = NO_WISH
        if node and file.opened is not None:
            wish = Wish(left_path=_part(file.opened.checkpoint, node))
        self._comparisons.open(file, other, wish)


def _part(checkpoint: Checkpoint, node: int) -> text.Path:
    from ckpt_gui.core.pairing.roots import group_prefix

    prefix = group_prefix(checkpoint, node).rstrip(".")
    return (*checkpoint.path_of(node), prefix) if prefix else checkpoint.path_of(node)


def _own_parts(file: OpenFile, node: int) -> list[tuple[str, Wish]]:
    """What of the same file the weights, or the part picked, can be compared with: averages of the weights."""
    from ckpt_gui.core.roles import Role

    if file.opened is None:
        return []
    checkpoint, anatomy = file.opened.checkpoint, file.opened.anatomy
    start = checkpoint.path_of(node or max(anatomy.weights, 0))
    found = []
    for one in anatomy.parts:
        if one.role is Role.ema and one.node != node:
            path = checkpoint.path_of(one.node)
            words = f"Its average, {text.escape(text.path_text(path))}".replace("&", "&&")
            found.append((words, Wish(left_path=start, right_path=path)))
    return found
