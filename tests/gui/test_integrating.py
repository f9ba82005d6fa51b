"""The button for the double-click: told in the bar, with the way back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the desktops of Linux")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, without the desktop's tools."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("PATH", "")
    return tmp_path / "home"


def press(window: Window, name: str) -> None:
    (button,) = [each for each in window.findChildren(QPushButton) if each.text().replace("&", "") == name]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_button_registers_and_undo_undoes(window: Window, home: Path, settle: Settle) -> None:
    window.open([])
    press(window, "Open by double-click")
    settle(window)

    assert (home / "data" / "applications" / "ckpt_gui.desktop").is_file()
    (sentence,) = window.notices.sentences()
    assert ".safetensors files by double-click" in sentence
    assert "install shared-mime-info" in sentence

    press(window, "Undo")
    settle(window)

    assert not home.exists()
    assert "no longer opens" in window.notices.sentences()[0]


def test_what_cannot_be_written_is_a_sentence(window: Window, home: Path, settle: Settle) -> None:
    home.mkdir()
    (home / "data").write_text("no folder")
    window.commands.named["integrate"].trigger()
    settle(window)

    (sentence,) = window.notices.sentences()
    assert str(home / "data") in sentence
