"""The right side's frame: what is picked, in two lines, and tabs of pages that stay where they were left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from ckpt_gui.gui import rich
from ckpt_gui.gui.spoken import muted, spoken

Make = Callable[[QWidget], QWidget]
"""Makes a page; called when it is first needed, because the tree is to stand on the screen before that."""


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
        self._title = _elastic(Qt.TextFormat.RichText)
        self._line = muted(_elastic(Qt.TextFormat.PlainText))
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

    def front(self) -> QWidget:
        """The page in front."""
        return self.panel(self.page())

    def head(self, prefix: str, name: str, line: str) -> None:
        """What is picked: its path up to the name, the name, and a line of facts."""
        self._title.setText(f'<span style="font-size:large">{rich.escape(prefix)}<b>{rich.escape(name)}</b></span>')
        self._title.setToolTip(rich.escape(prefix + name))
        self._title.setAccessibleName(prefix + name)
        self._line.setText(line)
        self._line.setToolTip(rich.escape(line))

    def heading(self) -> tuple[str, str]:
        """What the heading says: the path, and the line of facts."""
        return self._title.accessibleName(), self._line.text()

    def _turn(self) -> None:
        self._turn_stack()
        self.chosen.emit(self.page())

    def _turn_stack(self) -> None:
        self._stack.setCurrentWidget(self._made.get(self.page(), self._empty))


def _elastic(form: Qt.TextFormat) -> QLabel:
    """A label that may be cut short instead of widening the window; its text can be selected."""
    label = QLabel()
    label.setTextFormat(form)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
