"""The command palette: type a few letters of any command, Enter runs it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from ckpt_gui.gui.spoken import spoken

_MOVES = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


def words_of(action: QAction) -> str:
    """The command's name without mnemonic and ellipsis marks."""
    return action.text().replace("&&", "\0").replace("&", "").replace("\0", "&")


def score(query: str, words: str) -> int | None:
    """How well the letters of ``query`` occur in ``words``, in order: lower is better, None is not at all.

    Letters at the start of a word are worth more, and so are letters next to each other.
    """
    wanted, text = query.casefold().replace(" ", ""), words.casefold()
    total, last = 0, -1
    for letter in wanted:
        at = _best(letter, text, last)
        if at < 0:
            return None
        total += 0 if at == last + 1 else 1 if text[at - 1 : at] in ("", " ") else 3 + min(at - last, 9)
        last = at
    return total


def _best(letter: str, text: str, last: int) -> int:
    """The next place of the letter: adjacent, else where a word begins, else anywhere."""
    if text[last + 1 : last + 2] == letter:
        return last + 1
    start = text.find(f" {letter}", last + 1)
    return start + 1 if start >= 0 else text.find(letter, last + 1)


def ranked(query: str, actions: Sequence[QAction]) -> list[QAction]:
    """The actions that match, best first; those that are off come last."""
    scored = [(score(query, words_of(action)), number, action) for number, action in enumerate(actions)]
    hits = [(not action.isEnabled(), found, number, action) for found, number, action in scored if found is not None]
    return [action for *_order, action in sorted(hits, key=lambda hit: hit[:3])]


class Palette(QFrame):
    """A line to type in above the commands that match.

    It lies over the window as a part of it: a window of its own would need a keyboard grab, which not
    every platform grants. It goes when the keyboard goes elsewhere.
    """

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        spoken(self, "Command palette", style="palette").setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._before = parent.focusWidget()
        self._actions = [action for action in actions if words_of(action) and not action.isSeparator()]
        self._line = spoken(QLineEdit(self), "Command")
        self._line.setPlaceholderText("Type a command")
        self._list = spoken(QTreeWidget(self), "Commands")
        self._list.setColumnCount(2)
        self._list.setRootIsDecorated(False)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setHeaderHidden(True)
        self._list.setUniformRowHeights(True)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.header().setStretchLastSection(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addWidget(self._line)
        box.addWidget(self._list)
        self._line.textChanged.connect(self._fill)
        self._line.returnPressed.connect(self._run)
        self._list.itemActivated.connect(lambda _item: self._run())
        self._list.itemClicked.connect(lambda _item: self._run())
        self._line.installEventFilter(self)
        self._fill("")

    def shown_commands(self) -> list[str]:
        """The commands listed now, best first."""
        items = [self._list.topLevelItem(row) for row in range(self._list.topLevelItemCount())]
        return [item.text(0) for item in items if item is not None]

    def show_over(self, window: QWidget) -> None:
        """Show it at the upper middle of its window, ready to be typed in."""
        self.resize(min(560, window.width() - 24), min(400, window.height() - 100))
        self.move((window.width() - self.width()) // 2, 60)
        self.show()
        self.raise_()
        self._line.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys typed in the line move through the list; Esc and a click elsewhere close it."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in _MOVES:
                self._list.keyPressEvent(event)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._leave()
                return True
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.close()
        return False

    def _leave(self) -> None:
        """Close, and give the keyboard back to where it was."""
        self.close()
        if self._before is not None:
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)

    def _fill(self, query: str) -> None:
        self._list.clear()
        for action in ranked(query, self._actions):
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QTreeWidgetItem([words_of(action), keys if action.isEnabled() else action.statusTip()])
            item.setData(0, Qt.ItemDataRole.UserRole, self._actions.index(action))
            item.setDisabled(not action.isEnabled())
            self._list.addTopLevelItem(item)
        self._list.header().resizeSection(0, max(200, self._list.viewport().width() - 230))
        if (first := self._list.topLevelItem(0)) is not None:
            self._list.setCurrentItem(first)
        else:
            nothing = QTreeWidgetItem(["No command of these letters"])
            nothing.setDisabled(True)
            self._list.addTopLevelItem(nothing)

    def _run(self) -> None:
        item = self._list.currentItem()
        if item is None or item.isDisabled():
            return
        action = self._actions[item.data(0, Qt.ItemDataRole.UserRole)]
        self._leave()
        action.trigger()
