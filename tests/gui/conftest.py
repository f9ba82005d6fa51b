"""A window with real files, a real reading process and settings of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ckpt_gui.gui import app as app_module
from ckpt_gui.gui import child, theme
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.open_files import OpenFiles
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.window import Window
from ckpt_gui.resources_path import resource

NEVER_ENDING = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]
"""A reading process that will not come to an end."""


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> QApplication:
    """The application in the light theme, whatever the machine prefers."""
    app_module.application()
    qapp.setPalette(theme.palette(theme.LIGHT))
    qapp.setStyleSheet(theme.sheet(theme.LIGHT))
    return qapp


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A small training checkpoint, of which the test may do what it likes."""
    return Path(shutil.copy(resource("demo/epoch_003.ckpt"), tmp_path / "epoch_003.ckpt"))


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second one."""
    return Path(shutil.copy(resource("demo/epoch_004.ckpt"), tmp_path / "epoch_004.ckpt"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that nobody else has."""
    return Settings(tmp_path / "config" / "window.json")


MakeWindow = Callable[..., Window]


@pytest.fixture
def make_window(dressed: QApplication, qtbot: QtBot, settings: Settings) -> Iterator[MakeWindow]:
    """Makes shown windows; ``start`` replaces how a reading process is started."""
    made: list[Window] = []

    def make(start: Callable[[str], Popen[bytes]] = child.start) -> Window:
        jobs = Jobs()
        window = Window(settings, OpenFiles(jobs, start=start), jobs)
        qtbot.addWidget(window)
        window.show()
        made.append(window)
        return window

    yield make
    for window in made:
        window.close()
        window.jobs.deleteLater()


@pytest.fixture
def window(make_window: MakeWindow) -> Window:
    """A shown window with nothing in it."""
    return make_window()


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[Window], None]:
    """Waits until nothing is under way in a window."""

    def wait(window: Window) -> None:
        qtbot.waitUntil(lambda: not window.jobs.tasks, timeout=20_000)
        QApplication.processEvents()

    return wait


Settle = Callable[[Window], None]
