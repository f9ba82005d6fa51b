"""One notation of numbers whatever the system's; keys of other scripts stay, what would reorder them is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PySide6.QtWidgets import QLabel, QTreeView

from ckpt_gui.gui.palette import Palette
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

FIELDS = """
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox
from ckpt_gui.gui import app
kept = app.application()
whole, real = QSpinBox(), QDoubleSpinBox()
whole.setMaximum(9999)
whole.setValue(1234)
real.setValue(1.5)
print(whole.text(), real.text(), QLocale.system().name())
"""
MISLEADING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
"""What turns the order of writing: embeddings, overrides, isolates, marks."""
KEYS = ("layer\u202eth\u202cgiew", "\u2067a\u2069.b", "weight\u200f1", "\u05de\u05e9\u05e7\u05dc", "\u0648\u0632\u0646")


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "ar_EG.UTF-8", "C"])
def test_fields_write_numbers_as_python_does(language: str) -> None:
    environment = {**os.environ, "LC_ALL": language, "LANG": language, "QT_QPA_PLATFORM": "offscreen",
                   "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # fmt: skip
    told = subprocess.run([sys.executable, "-c", FIELDS], env=environment, capture_output=True, text=True, timeout=60,
                          check=True)  # fmt: skip
    assert told.stdout.split()[:2] == ["1234", "1.50"]


def test_what_turns_the_order_of_writing_is_shown(window: Window, tmp_path: Path, settle: Settle) -> None:
    path = tmp_path / "un\u202etp.safe.pt"
    torch.save({key: torch.ones(2) for key in KEYS}, path)
    window.open([str(path)])
    settle(window)
    tree = window.tree()
    assert tree is not None
    seen = [window.windowTitle(), window.status.facts(), window.tabs._bar.tabText(0), window.tabs._bar.tabToolTip(0)]
    for key in KEYS:
        assert tree.select_path((key,))
        settle(window)
        seen += [*window.details.heading(), *(one.text() for one in window.findChildren(QLabel))]
    view = tree.findChildren(QTreeView)[0]
    rows = [view.model().index(row, 0) for row in range(view.model().rowCount())]
    cells = [str(row.data()) for row in rows]
    window.commands.named["palette"].trigger()
    seen += [*cells, *window.findChildren(Palette)[-1].shown_commands()]

    assert [words for words in seen if set(words) & set(MISLEADING)] == []
    assert any("layer\\u202eth\\u202cgiew" in cell for cell in cells)
    assert any("\u05de\u05e9\u05e7\u05dc" in cell for cell in cells)  # letters stay
