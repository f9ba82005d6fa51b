"""The right side's frame: what is picked, in two lines, and tabs of pages that stay where they were left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from ckpt_gui.gui import rich
from ckpt_gui.gui.spoken import Elided, muted, spoken

Make = Callable[[QWidget], QWidget]
"""Makes a page; called when it is first needed, because the tree is to stand on the screen before that."""


_LARGE = 1.25
"""How much wider rich text's "large" is, a little generous."""
_BOLD = 1.1


class Side(QWidget):
    """A heading above a tab bar above a stack of pages.

    Signals:
        chosen: another page was chosen; its name in lower case.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Details")
        self._makers: list[tuple[str, Make]] = []
        self._made: dict[str, QWidget] = {}
        self._pages_shown = True
        self._head = ("", "")
        self._title = _elastic(Qt.TextFormat.RichText)
        self._line = muted(Elided())
        self._tabs = spoken(QTabBar(self), "Pages", style="pages")
        self._tabs.setDrawBase(False)
        self._tabs.setExpanding(False)
        self._stack = QStackedWidget(self)
        self._empty = QWidget(self)
        self._stack.addWidget(self._empty)
        self._tabs.currentChanged.connect(lambda _index: self._turn())
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 8, 10, 0)
        box.setSpacing(3)
        for widget in (self._title, self._line, self._tabs):
            box.addWidget(widget)
        box.insertSpacing(2, 4)
        box.addWidget(self._stack, 1)

    def add(self, name: str, make: Make) -> None:
        """One more page, as the last tab."""
        self._makers.append((name.lower(), make))
        self._tabs.addTab(name)

    def page(self) -> str:
        """Name of the page in front, in lower case."""
        return self._makers[self._tabs.currentIndex()][0]

    def panel(self, name: str) -> QWidget:
        """The page of that name, made now if it was not needed before."""
        if name not in self._made:
            panel = self._made[name] = dict(self._makers)[name](self)
            self._stack.addWidget(panel)
            self._turn_stack()
        return self._made[name]

    def made(self, name: str) -> bool:
        """Whether the page was needed already."""
        return name in self._made

    def made_panels(self) -> list[QWidget]:
        """The pages that were needed so far."""
        return list(self._made.values())

    def choose(self, name: str) -> bool:
        """Bring a page to the front by its name; whether there is such a page."""
        names = [known for known, _make in self._makers]
        if name.lower() not in names:
            return False
        self._tabs.setCurrentIndex(names.index(name.lower()))
        return True

    def step(self, by: int) -> None:
        """The next page, or with -1 the one before; around the end."""
        self._tabs.setCurrentIndex((self._tabs.currentIndex() + by) % self._tabs.count())

    def show_pages(self, shown: bool) -> None:
        """Show the pages and their tabs, or only the heading: of a file without a tree there are none."""
        self._tabs.setVisible(shown)
        self._stack.setCurrentWidget(self._made.get(self.page(), self._empty) if shown else self._empty)
        self._pages_shown = shown

    def front(self) -> QWidget:
        """The page in front."""
        return self.panel(self.page())

    def head(self, prefix: str, name: str, line: str) -> None:
        """What is picked: its path up to the name, the name, and a line of facts."""
        self._head = (prefix, name)
        self._fit_title()
        self._title.setToolTip(rich.escape(prefix + name))
        self._title.setAccessibleName(prefix + name)
        self._line.say(line)

    def _fit_title(self) -> None:
        """The path gives way before the name does."""
        prefix, name = self._head
        metrics = QFontMetrics(self._title.font())
        room = int(self._title.width() / _LARGE)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, max(room, 40))
        rest = room - int(_BOLD * metrics.horizontalAdvance(shown))
        path = metrics.elidedText(prefix, Qt.TextElideMode.ElideLeft, rest) if rest > 0 else ""
        self._title.setText(f'<span style="font-size:large">{rich.escape(path)}<b>{rich.escape(shown)}</b></span>')

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fit_title)  # once the layout has given the title its width

    def heading(self) -> tuple[str, str]:
        """What the heading says: the path, and the line of facts."""
        return self._title.accessibleName(), self._line.whole

    def _turn(self) -> None:
        self._turn_stack()
        self.chosen.emit(self.page())

    def _turn_stack(self) -> None:
        if self._pages_shown:
            self._stack.setCurrentWidget(self._made.get(self.page(), self._empty))


def _elastic(form: Qt.TextFormat) -> QLabel:
    """A label that may be cut short instead of widening the window; its text can be selected."""
    label = QLabel()
    label.setTextFormat(form)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
