"""The right side's frame: what is picked, in two lines, and tabs of pages that stay where they were left."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from ckpt_gui.gui import rich


class Side(QWidget):
    """A heading above a tab bar above a stack of pages.

    Signals:
        chosen: another page was chosen; its name in lower case.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, accessibleName="Details")
        self._title = _elastic(QLabel(textFormat=Qt.TextFormat.RichText))
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._title.setFont(font)
        self._line = _elastic(QLabel(textFormat=Qt.TextFormat.PlainText))
        self._line.setProperty("muted", True)
        self._tabs = QTabBar(self, objectName="pages", accessibleName="Pages", drawBase=False, expanding=False)
        self._stack = QStackedWidget(self)
        self._tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self._tabs.currentChanged.connect(lambda _index: self.chosen.emit(self.page()))
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 8, 10, 0)
        box.setSpacing(3)
        for widget in (self._title, self._line, self._tabs):
            box.addWidget(widget)
        box.addWidget(self._stack, 1)

    def add(self, name: str, page: QWidget) -> None:
        """One more page, as the last tab."""
        self._stack.addWidget(page)
        self._tabs.addTab(name)

    def page(self) -> str:
        """Name of the page in front, in lower case."""
        return self._tabs.tabText(self._tabs.currentIndex()).lower()

    def pages(self) -> list[str]:
        """Names of all pages, in lower case."""
        return [self._tabs.tabText(number).lower() for number in range(self._tabs.count())]

    def choose(self, name: str) -> bool:
        """Bring a page to the front by its name; whether there is such a page."""
        if name.lower() not in self.pages():
            return False
        self._tabs.setCurrentIndex(self.pages().index(name.lower()))
        return True

    def step(self, by: int) -> None:
        """The next page, or with -1 the one before; around the end."""
        self._tabs.setCurrentIndex((self._tabs.currentIndex() + by) % self._tabs.count())

    def front(self) -> QWidget:
        """The page in front."""
        return self._stack.currentWidget()

    def head(self, prefix: str, name: str, line: str) -> None:
        """What is picked: its path up to the name, the name, and a line of facts."""
        self._title.setText(f"{rich.escape(prefix)}<b>{rich.escape(name)}</b>")
        self._title.setToolTip(rich.escape(prefix + name))
        self._title.setAccessibleName(prefix + name)
        self._line.setText(line)
        self._line.setToolTip(rich.escape(line))


def _elastic(label: QLabel) -> QLabel:
    """A label that may be cut short instead of widening the window; its text can be selected."""
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
