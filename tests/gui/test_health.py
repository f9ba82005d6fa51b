"""Health in the window: by itself for small files, on demand for others, kept until the file is read again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from ckpt_gui.core.health import Health
from ckpt_gui.gui import checking
from ckpt_gui.gui.health_section import HealthSection
from ckpt_gui.gui.overview_panel import OverviewPanel
from ckpt_gui.gui.window import Window
from tests.builders import CASES
from tests.gui.conftest import Settle


@pytest.fixture
def ill(tmp_path: Path) -> Path:
    """A file with NaN in a transposed tensor, and a dead row."""
    path, bad = tmp_path / "ill.pt", torch.arange(6.0).view(2, 3)
    bad[1, 2] = math.nan
    torch.save({"fine": torch.ones(3), "bad": bad.t(), "dead": torch.tensor([[0.0, 0.0], [1.0, 2.0]])}, path)
    return path


def section(window: Window) -> HealthSection:
    panel = window.details.panel("overview")
    assert isinstance(panel, OverviewPanel)
    return panel.findChildren(HealthSection)[-1]


def outcome(window: Window) -> Health | None:
    file = window.current()
    assert file is not None
    return file.health


def said(window: Window) -> str:
    return "\n".join(label.text() for label in section(window).findChildren(QLabel) if label.isVisibleTo(window))


def button(window: Window) -> QPushButton:
    return section(window).findChildren(QPushButton)[0]


def test_a_small_file_is_checked_by_itself(window: Window, ill: Path, settle: Settle) -> None:
    window.open([str(ill)])
    settle(window)

    file = window.current()
    assert file is not None
    assert file.health is not None
    assert "bad: 1 of 6 values is NaN, the first at [2, 1]" in said(window)
    assert "1 of 2 rows is all zero" in said(window)
    assert "the checksums of" in said(window)


def test_a_sentence_leads_to_its_tensor(window: Window, ill: Path, settle: Settle) -> None:
    window.open([str(ill)])
    settle(window)
    label = next(one for one in section(window).findChildren(QLabel) if 'href="#' in one.text())

    label.linkActivated.emit(label.text().split('href="', 1)[1].split('"', 1)[0])

    tree = window.tree()
    assert tree is not None
    assert tree.selected_paths() == [("bad",)]


def test_a_large_file_waits_to_be_asked(
    window: Window, ill: Path, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SMALL", 100)
    window.open([str(ill)])
    settle(window)
    assert outcome(window) is None
    assert "Check values and checksums (" in button(window).text()

    button(window).click()
    settle(window)

    assert outcome(window) is not None
    assert "NaN" in said(window)
    assert "again" in button(window).text()


def test_the_command_checks_again_and_shows_the_overview(window: Window, ill: Path, settle: Settle) -> None:
    window.open([str(ill)], select="bad")
    settle(window)
    file = window.current()
    assert file is not None
    first = file.health
    assert first is not None

    window.commands.named["health"].trigger()
    settle(window)

    assert window.details.page() == "overview"
    assert file.health == first
    assert file.health is not first


def test_it_is_kept_while_another_file_is_in_front(window: Window, ill: Path, sample: Path, settle: Settle) -> None:
    window.open([str(ill), str(sample)])
    settle(window)
    first = window.current()
    assert first is not None
    kept = first.health
    window.tabs.step(1)
    settle(window)
    assert "all its values are finite" in said(window)
    window.tabs.step(-1)
    settle(window)

    assert first.health is kept
    assert "NaN" in said(window)


def test_a_reload_looks_again(window: Window, ill: Path, settle: Settle) -> None:
    window.open([str(ill)])
    settle(window)
    torch.save({"fine": torch.randn(3, 3)}, ill)
    file = window.current()
    assert file is not None

    window.files.reload(file)
    settle(window)

    assert file.health is not None
    assert file.health.ok
    assert "NaN" not in said(window)


def test_a_file_that_changed_on_the_disk_is_a_sentence(window: Window, ill: Path, settle: Settle) -> None:
    window.open([str(ill)])
    settle(window)
    ill.write_bytes(ill.read_bytes()[:-100])

    window.commands.named["health"].trigger()
    settle(window)

    assert "has changed since it was opened" in said(window)
    assert not [words for words in window.notices.sentences() if "mistake" in words]


def test_a_check_can_be_stopped_and_begun_again(window: Window, tmp_path: Path, qtbot: QtBot, settle: Settle) -> None:
    path = tmp_path / "large.pt"
    torch.save({str(number): torch.randn(1 << 20) for number in range(20)}, path)
    window.open([str(path)])
    settle(window)
    assert outcome(window) is None
    window.commands.named["health"].trigger()
    assert not button(window).isVisibleTo(window)
    task = next(task for task in window.jobs.tasks if task.label.startswith("Checking"))
    task.cancel()
    settle(window)

    assert "stopped" in said(window)
    window.details.fill()
    assert window.jobs.tasks == ()
    button(window).click()
    qtbot.waitUntil(lambda: outcome(window) is not None, timeout=20_000)
    assert "all its values are finite" in said(window)


def test_closing_stops_a_check(window: Window, tmp_path: Path, settle: Settle) -> None:
    path = tmp_path / "large.pt"
    torch.save({str(number): torch.randn(1 << 20) for number in range(20)}, path)
    window.open([str(path)])
    settle(window)
    file = window.current()
    assert file is not None
    window.commands.named["health"].trigger()

    window.files.close(file)
    settle(window)

    assert file.health is None
    assert not [words for words in window.notices.sentences() if "mistake" in words]


def test_ten_thousand_problems_are_a_few_lines(window: Window, tmp_path: Path, settle: Settle) -> None:
    path = tmp_path / "ill.pt"
    tensors = {f"w{number}": torch.full((1, number + 1), math.nan) for number in range(300)}
    torch.save({**tensors, "same": [torch.full((1,), math.nan) for _ in range(300)]}, path)
    window.open([str(path)])
    settle(window)

    words = said(window)
    assert "301 tensors: its value is NaN (" in words
    assert words.count("<p ") < 20


def test_what_the_index_tells_is_not_told_twice(window: Window, tmp_path: Path, settle: Settle) -> None:
    path = CASES["torch-zip/training_adam"](tmp_path)
    path.write_bytes(path.read_bytes()[:-2000])
    window.open([str(path)])
    settle(window)

    assert "Does not hold together" in said(window)
    assert "directory is missing" not in said(window)
