"""The left side: a tab for each open file above its page."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from ckpt_gui.core import text
from ckpt_gui.gui.file_page import FilePage
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.spoken import spoken

LEAST_NAME = 20
"""Average characters that a tab keeps of its name; then the bar scrolls."""


class _Bar(QTabBar):
    def minimumTabSizeHint(self, index: int) -> QSize:
        natural = self.tabSizeHint(index)
        return QSize(min(natural.width(), (LEAST_NAME + 8) * self.fontMetrics().averageCharWidth()), natural.height())


class FileTabs(QWidget):
    """Tabs in the order of opening.

    Signals:
        shown: another file is in front (the OpenFile, or None).
        close_wanted: a tab's cross was pressed (the OpenFile).
    """

    shown = Signal(object)
    close_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Files")
        self._files: list[OpenFile] = []
        self._bar = spoken(_Bar(self), "Open files", style="files")
        self._bar.setUsesScrollButtons(True)
        self._bar.setDrawBase(False)
        self._bar.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._bar.setExpanding(False)
        self._stack = QStackedWidget(self)
        self._bar.currentChanged.connect(self._switch)
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 6, 6, 4)
        box.setSpacing(6)
        box.addWidget(self._bar)
        box.addWidget(self._stack, 1)

    def current(self) -> OpenFile | None:
        """The file in front."""
        number = self._bar.currentIndex()
        return self._files[number] if 0 <= number < len(self._files) else None

    def page(self, file: OpenFile) -> FilePage:
        """The page of a file."""
        page = self._stack.widget(self._files.index(file))
        assert isinstance(page, FilePage)
        return page

    def add(self, file: OpenFile) -> FilePage:
        """One more tab; it comes to the front."""
        page = FilePage(self)
        self._files.append(file)
        self._stack.addWidget(page)
        self._bar.addTab("")
        self._bar.setTabButton(len(self._files) - 1, QTabBar.ButtonPosition.RightSide, self._cross(file))
        self._name_tabs()
        self.show_file(file)
        return page

    def remove(self, file: OpenFile) -> None:
        """Take a tab away."""
        number = self._files.index(file)
        page = self.page(file)
        del self._files[number]
        self._stack.removeWidget(page)
        page.deleteLater()
        self._bar.removeTab(number)
        self._name_tabs()

    def show_file(self, file: OpenFile) -> None:
        """Bring a file to the front."""
        self._bar.setCurrentIndex(self._files.index(file))

    def step(self, by: int) -> None:
        """The next tab, or with -1 the one before; around the end."""
        if self._files:
            self._bar.setCurrentIndex((self._bar.currentIndex() + by) % len(self._files))

    def _cross(self, file: OpenFile) -> QToolButton:
        cross = spoken(QToolButton(self._bar), f"Close {file.name}", style="cross")
        cross.setText("×")
        cross.setAutoRaise(True)
        cross.setToolTip("Close (Ctrl+W)")
        cross.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Ctrl+W does it from the keyboard
        cross.clicked.connect(lambda: self.close_wanted.emit(file))
        return cross

    def _switch(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        self.shown.emit(self.current())

    def _name_tabs(self) -> None:
        """Files of one name are told apart by their folder."""
        names = [file.name for file in self._files]
        for number, file in enumerate(self._files):
            parts = file.path.replace("\\", "/").rsplit("/", 2)
            name = "/".join(parts[-2:]) if names.count(file.name) > 1 else file.name
            self._bar.setTabText(number, text.escape(name).replace("&", "&&"))
            self._bar.setTabToolTip(number, text.escape(file.path))
        # While the bar is hidden Qt does not notice that it has grown; it would stay 0 pixels high.
        self._bar.updateGeometry()
