"""A tab for each open file, each comparison and each run, above its page."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.file_page import FilePage
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.spoken import spoken

Held = OpenFile | Comparison | Following
"""What a tab may be about."""
LEAST_NAME = 20
"""Average characters that a tab keeps of its name; then the bar scrolls."""


class _Bar(QTabBar):
    def minimumTabSizeHint(self, index: int) -> QSize:
        natural = self.tabSizeHint(index)
        return QSize(min(natural.width(), (LEAST_NAME + 8) * self.fontMetrics().averageCharWidth()), natural.height())


class FileTabs(QWidget):
    """Tabs in the order of opening.

    Signals:
        shown: another tab is in front.
        removed: a tab went (what it was about).
        close_wanted: a tab's cross was pressed (what it is about).
        menu_wanted: the menu of a tab is asked for (what it is about), and where on the screen.
    """

    shown = Signal()
    removed = Signal(object)
    close_wanted = Signal(object)
    menu_wanted = Signal(object, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Files")
        self._held: list[Held] = []
        self._bar = spoken(_Bar(self), "Open files", style="files")
        self._bar.setUsesScrollButtons(True)
        self._bar.setDrawBase(False)
        self._bar.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._bar.setExpanding(False)
        self._stack = QStackedWidget(self)
        self._bar.currentChanged.connect(self._switch)
        self._bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._bar.customContextMenuRequested.connect(self._ask_menu)
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 6, 6, 4)
        box.setSpacing(6)
        box.addWidget(self._bar)
        box.addWidget(self._stack, 1)

    def front(self) -> Held | None:
        """What is in front."""
        number = self._bar.currentIndex()
        return self._held[number] if 0 <= number < len(self._held) else None

    def all(self) -> list[Held]:
        """What there are tabs of, from the left."""
        return list(self._held)

    def current(self) -> OpenFile | None:
        """The file in front; None where that is a comparison or a run."""
        front = self.front()
        return front if isinstance(front, OpenFile) else None

    def page(self, file: OpenFile) -> FilePage:
        """The page of a file."""
        page = self._stack.widget(self._held.index(file))
        assert isinstance(page, FilePage)
        return page

    def add(self, file: OpenFile) -> FilePage:
        """One more file; its tab comes to the front."""
        page = FilePage(self)
        self._add(file, page, file.name)
        return page

    def add_comparison(self, comparison: Comparison, page: QWidget) -> None:
        """One more comparison; its tab comes to the front."""
        self._add(comparison, page, comparison.name)

    def add_run(self, following: Following, page: QWidget) -> None:
        """One more run; its tab comes to the front."""
        self._add(following, page, following.name)

    def _add(self, held: Held, page: QWidget, name: str) -> None:
        self._held.append(held)
        self._stack.addWidget(page)
        self._bar.addTab("")
        self._bar.setTabButton(len(self._held) - 1, QTabBar.ButtonPosition.RightSide, self._cross(held, name))
        self.name_tabs()
        self.show_tab(held)

    def remove(self, held: Held) -> None:
        """Take a tab away."""
        number = self._held.index(held)
        page = self._stack.widget(number)
        assert page is not None
        del self._held[number]
        self._stack.removeWidget(page)
        page.deleteLater()
        self._bar.removeTab(number)
        self.removed.emit(held)
        self.name_tabs()

    def show_tab(self, held: Held) -> None:
        """Bring it to the front."""
        self._bar.setCurrentIndex(self._held.index(held))

    def step(self, by: int) -> None:
        """The next tab, or with -1 the one before; around the end."""
        if self._held:
            self._bar.setCurrentIndex((self._bar.currentIndex() + by) % len(self._held))

    def _cross(self, held: Held, name: str) -> QToolButton:
        cross = spoken(QToolButton(self._bar), f"Close {name}", style="cross")
        cross.setText("×")
        cross.setAutoRaise(True)
        cross.setToolTip("Close (Ctrl+W)")
        cross.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Ctrl+W does it from the keyboard
        cross.clicked.connect(lambda: self.close_wanted.emit(held))
        return cross

    def _switch(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        self.shown.emit()

    def _ask_menu(self, place: QPoint) -> None:
        number = self._bar.tabAt(place)
        if number >= 0:
            self.menu_wanted.emit(self._held[number], self._bar.mapToGlobal(place))

    def name_tabs(self) -> None:
        """Files of one name are told apart by their folder."""
        names = [one.name for one in self._held]
        for number, one in enumerate(self._held):
            if isinstance(one, Comparison):
                name, tip = one.name, f"A  {one.left.path}\nB  {one.right.path}"
            elif isinstance(one, Following):
                name, tip = one.name, one.tip
            else:
                parts = one.path.replace("\\", "/").rsplit("/", 2)
                name, tip = "/".join(parts[-2:]) if names.count(one.name) > 1 else one.name, one.path
            self._bar.setTabText(number, text.escape(name).replace("&", "&&"))
            self._bar.setTabToolTip(number, "\n".join(map(text.escape, tip.split("\n"))))
        # While the bar is hidden Qt does not notice that it has grown; it would stay 0 pixels high.
        self._bar.updateGeometry()
