"""Singular values in the window: offered for matrices, computed by a process that Cancel kills, told and drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ckpt_gui.core.errors import Cancelled, ReadError
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Reading
from ckpt_gui.gui import child
from ckpt_gui.gui.solving import solve
from ckpt_gui.gui.spectrum_section import SpectrumSection
from ckpt_gui.gui.tensor_panel import SummaryPanel
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

SLEEPER = [sys.executable, "-c", "import sys, time; sys.stdin.buffer.read(); time.sleep(600)"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    random = torch.Generator().manual_seed(0)
    tensors = {
        "w": torch.randn(40, 30, generator=random),
        "conv": torch.randn(8, 4, 3, 3, generator=random),
        "bias": torch.ones(4),
        "large": torch.ones(1).expand(20_000, 20_000),
        "nan": torch.full((3, 3), float("nan")),
        "zero": torch.zeros(3, 3),
    }
    torch.save(tensors, tmp_path / "m.pt")
    return tmp_path / "m.pt"


@pytest.fixture
def shown(window: Window, path: Path, settle: Settle) -> Window:
    window.open([str(path)])
    settle(window)
    return window


def select(window: Window, key: str, settle: Settle) -> SpectrumSection:
    tree = window.tree()
    assert tree is not None
    assert tree.select_path((key,))
    settle(window)
    panel = window.details.panel("summary")
    assert isinstance(panel, SummaryPanel)
    return panel._spectrum


def told(window: Window) -> str:
    panel = window.details.panel("summary")
    assert isinstance(panel, SummaryPanel)
    return panel._facts.toPlainText()


@pytest.mark.parametrize(("key", "size"), [("w", "40 × 30"), ("conv", "8 × 36")])
def test_they_are_computed_when_asked_for(shown: Window, key: str, size: str, path: Path, settle: Settle) -> None:
    section = select(shown, key, settle)
    assert section._button.text() == f"Compute singular values ({size})"
    assert "Singular values" not in told(shown)

    section._button.click()
    settle(shown)

    matrix = torch.load(path)[key].flatten(1).double()
    assert "Singular values" in told(shown)
    assert f"{torch.linalg.svdvals(matrix)[0]:.6g}" in told(shown)
    assert "Statistics" in told(shown)
    assert section._button.isHidden()
    assert section._plot is not None
    assert not section._plot.isHidden()


def test_what_was_found_is_still_known_on_the_way_back(shown: Window, settle: Settle) -> None:
    select(shown, "w", settle)._button.click()
    settle(shown)
    assert "Singular values" not in (select(shown, "conv", settle), told(shown))[1]
    assert "Singular values" in (select(shown, "w", settle), told(shown))[1]

    file = shown.current()
    assert file is not None
    shown.files.reload(file)
    settle(shown)
    assert "Singular values" not in told(shown)


def test_what_has_none_is_not_offered(shown: Window, settle: Settle) -> None:
    assert select(shown, "bias", settle).isHidden()
    section = select(shown, "large", settle)
    assert section._button.isHidden()
    assert "too large" in section._words.text()
    assert not section.action.isEnabled()


def test_trouble_is_a_sentence_and_the_button_stays(shown: Window, settle: Settle) -> None:
    section = select(shown, "nan", settle)
    section._button.click()
    settle(shown)

    assert "NaN or Inf" in section._words.text()
    assert not section._button.isHidden()


def test_zeros_have_facts_but_no_picture(shown: Window, settle: Settle) -> None:
    section = select(shown, "zero", settle)
    section.action.trigger()
    settle(shown)

    assert "infinite" in told(shown)
    assert section._plot is None


def test_cancel_ends_it(shown: Window, settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "solver", lambda: SLEEPER)
    section = select(shown, "w", settle)
    section._button.click()
    assert not section._cancel.isHidden()
    assert section._button.isHidden()

    section._cancel.click()
    settle(shown)

    assert section._words.text() == "It was cancelled."
    assert section._cancel.isHidden()
    assert not section._button.isHidden()


def test_looking_elsewhere_ends_it(shown: Window, settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "solver", lambda: SLEEPER)
    select(shown, "w", settle)._button.click()
    section = select(shown, "conv", settle)  # which waits until nothing is under way

    assert section._button.text().endswith("(8 × 36)")
    assert section._words.text() == ""


# ------------------------------------------------------------------------------------------------ the process


class _Soon(Report):
    """Wants it no more once all is sent."""

    def at(self, done: int, total: int, unit: str) -> None:
        if unit == "s" and done >= 0:
            raise Cancelled


def test_a_process_that_nobody_wants_is_killed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = child.start_solver

    def noted(argv: list[str]) -> subprocess.Popen[bytes]:
        started.append(start(argv))
        return started[-1]

    monkeypatch.setattr(child, "start_solver", noted)
    with Reading(read(path).checkpoint) as reading, pytest.raises(Cancelled):
        solve(reading, 0, _Soon(), SLEEPER)

    assert started[0].returncode is not None


@pytest.mark.parametrize("program", ["pass", "import sys; sys.stdin.buffer.read(); print('[')"])
def test_a_process_that_fails_is_a_sentence(program: str, path: Path) -> None:
    with Reading(read(path).checkpoint) as reading, pytest.raises(ReadError, match="ended before it was done"):
        solve(reading, 0, SILENT, [sys.executable, "-c", program])


def test_a_process_that_cannot_be_started_is_a_sentence(path: Path) -> None:
    with Reading(read(path).checkpoint) as reading, pytest.raises(ReadError, match="cannot be started"):
        solve(reading, 0, SILENT, ["/no/such/program"])
