"""Starting the window, and taking its picture."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from ckpt_gui.gui.app import take_when_settled
from tests.gui.conftest import MakeWindow


def test_a_picture_is_taken_once_everything_is_done(
    make_window: MakeWindow, sample: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window()
    window.open([str(sample)])
    saved: list[bool] = []

    take_when_settled(window, str(tmp_path / "shot.png"), saved.append)
    qtbot.waitUntil(lambda: bool(saved), timeout=20_000)

    assert saved == [True]
    assert window.files.all()[0].overview is not None
    assert QImage(str(tmp_path / "shot.png")).width() >= window.width()


def test_a_picture_that_cannot_be_saved_is_told(make_window: MakeWindow, tmp_path: Path, qtbot: QtBot) -> None:
    saved: list[bool] = []

    take_when_settled(make_window(), str(tmp_path / "no" / "shot.png"), saved.append)
    qtbot.waitUntil(lambda: bool(saved), timeout=20_000)

    assert saved == [False]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_command_line_takes_a_picture_without_a_display(tmp_path: Path, sample: Path, theme: str) -> None:
    known = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment = {**known, "CKPT_GUI_THEME": theme, "QT_QPA_PLATFORM": "offscreen"}
    shot = tmp_path / "shot.png"

    ended = subprocess.run(
        [sys.executable, "-m", "ckpt_gui", "open", f"{sample}::epoch", "--screenshot", str(shot)],
        env=environment, capture_output=True, timeout=120, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    corner = QImage(str(shot)).pixelColor(3, 300)
    assert (corner.lightness() > 127) is (theme == "light")
