"""What counts as an address when it is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ckpt_gui.gui.app import hear_files
from ckpt_gui.gui.drop import addresses
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/runs/a.pt::model/layer.0.weight", ["/runs/a.pt::model/layer.0.weight"]),
        (' "/runs/a b.pt"\r\n\n/runs/c.pt\n', ["/runs/a b.pt", "/runs/c.pt"]),
        ("file:///runs/a%20b.pt::model/w", ["/runs/a b.pt::model/w"]),
        ("~/a.pt", [str(Path("~/a.pt").expanduser())]),
        ("a.pt", []),
        ("/runs/a.pt\nand some words", []),
        ("https://example.org/a.pt", []),
        ("", []),
        ("/x" * 40_000, []),
    ],
)
def test_a_text_is_taken_if_each_line_is_a_path(text: str, found: list[str]) -> None:
    data = QMimeData()
    data.setText(text)
    assert addresses(data) == found


def test_files_come_before_their_names_as_text() -> None:
    data = QMimeData()
    data.setUrls([QUrl("file:///runs/a.pt::model/w"), QUrl("https://example.org/b")])
    data.setText("/runs/other.pt")
    assert addresses(data) == ["/runs/a.pt::model/w"]


def test_a_text_dropped_opens_at_its_tensor(window: Window, sample: Path, settle: Settle, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setText(f"{sample}::epoch")
    window.drop.dropped.emit(addresses(data))
    settle(window)

    file = window.current()
    assert file is not None
    assert file.opened is not None
    assert [file.opened.checkpoint.path_of(node) for node in file.nodes] == [("epoch",)]


def test_a_file_that_the_system_hands_over_opens(
    window: Window, dressed: QApplication, sample: Path, settle: Settle
) -> None:  # fmt: skip
    hear_files(dressed, window)
    QApplication.sendEvent(dressed, QFileOpenEvent(QUrl.fromLocalFile(str(sample))))
    settle(window)

    assert [file.path for file in window.files.all()] == [str(sample)]
