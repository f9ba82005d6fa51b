"""Files that change, go and come back on disk while they are open; a run whose folder grows."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

WEIGHT = "model_state_dict/blocks.0.attn.qkv.weight"


def look(window: Window, settle: Settle) -> list[str]:
    window.files.check_disk()
    settle(window)
    return window.notices.sentences()


def test_the_system_tells_of_a_change(window: Window, sample: Path, other: Path, settle: Settle, qtbot: QtBot) -> None:
    window.open([str(sample)])
    settle(window)
    window._disk_clock.stop()
    sample.write_bytes(other.read_bytes())

    qtbot.waitUntil(lambda: window.notices.sentences() == ["epoch_003.ckpt has changed on disk."], timeout=10_000)
    file = window.current()
    assert file is not None
    assert file.opened is not None  # offered, not forced
    settle(window)


def test_a_file_that_is_gone_is_told_and_forgiven_when_it_is_back(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    away = sample.rename(sample.with_name("away"))
    assert look(window, settle) == [
        "epoch_003.ckpt is no longer there: deleted, moved, or its drive was removed. What is shown was read before."
    ]
    assert window.tree() is not None
    away.rename(sample)

    assert look(window, settle) == []


def test_a_tab_whose_file_is_gone_can_be_closed_from_the_notice(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    shutil.rmtree(sample.parent)
    assert "is no longer there" in look(window, settle)[0]
    next(one for one in window.notices.findChildren(QPushButton) if one.text() == "Close its tab").click()

    assert window.tabs.all() == []
    assert window.notices.sentences() == []


def test_values_of_a_file_that_is_gone_are_a_sentence(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select=WEIGHT)
    settle(window)
    sample.unlink()
    window.details.choose("values")
    settle(window)

    assert window.tree() is not None


def test_a_run_grows_with_its_folder(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    folder = sample.parent / "run"
    folder.mkdir()
    sample.rename(folder / "epoch_003.ckpt")
    window.follow([str(folder)])
    settle(window)
    one = window.runs.all()[0]
    assert one.run is not None
    before = one.run.stops[0].opened
    page = window.runs.page(one)
    assert page.tree is not None
    assert page.tree.select_path(("model_state_dict", "blocks.0.attn.qkv.weight"))
    settle(window)

    half = other.read_bytes()[:1000]
    (folder / "epoch_004.ckpt").write_bytes(half)
    window.runs.look()
    settle(window)
    (folder / "epoch_004.ckpt").write_bytes(other.read_bytes())  # it was still being written
    window.runs.look()
    settle(window)
    assert len(one.run.stops) == 1
    window.runs.look()
    settle(window)

    assert [Path(stop.path).name for stop in one.run.stops] == ["epoch_003.ckpt", "epoch_004.ckpt"]
    assert one.run.stops[0].opened is before  # not read again
    assert page.tree.selected_paths() == [("model_state_dict", "blocks.0.attn.qkv.weight")]
    assert window.status.facts().startswith("2 checkpoints")
