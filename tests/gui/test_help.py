"""Help inside: words explained where they appear, versions to paste, and a report when the program itself fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from ckpt_gui import __version__
from ckpt_gui.gui import glossary
from ckpt_gui.gui.about_page import AboutPage
from ckpt_gui.gui.crash_reports import MOST, CrashReports
from ckpt_gui.gui.facts_text import FactsText
from ckpt_gui.gui.help_page import HelpPage
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

WEIGHT = "model_state_dict/blocks.0.attn.qkv.weight"

FAILS = """
import sys, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ckpt_gui.gui import app

def fail(words):
    secret = words
    try:
        {}[secret]
    except KeyError as exc:
        raise ValueError(f"cannot show {secret}") from exc

def begin():
    path, key = sys.argv[1:]
    QTimer.singleShot(0, lambda: fail(f"{path}::{key}"))
    QTimer.singleShot(50, lambda: threading.Thread(target=fail, args=(f"{path}::{key}",)).start())
    QTimer.singleShot(400, lambda: [window.close() for window in QApplication.topLevelWidgets()])

app.application()
QTimer.singleShot(1500, begin)
sys.exit(app.run([sys.argv[1]], select=sys.argv[2]))
"""


def test_a_failure_is_written_down_without_a_persons_data(sample: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "CKPT_GUI_CONFIG_DIR": str(tmp_path / "config"), "QT_QPA_PLATFORM": "offscreen",
                   "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", FAILS, str(sample), WEIGHT], env=environment, cwd=tmp_path,
                         capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    reports = [path.read_text("utf-8") for path in sorted((tmp_path / "config" / "reports").iterdir())]

    assert ran.returncode == 0, ran.stderr
    assert len(reports) == 2  # from a slot, and from a thread
    for report in reports:
        assert f"ckpt_gui: {__version__}" in report
        assert "builtins.KeyError" in report
        assert "which led to" in report
        assert "builtins.ValueError" in report
        assert not [word for word in (sample.name, str(tmp_path), "qkv", "model_state", os.environ.get("USER") or "\0")
                    if word in report]  # fmt: skip
    told = [line for line in ran.stderr.splitlines() if line.startswith("ckpt-gui: ")]
    assert len(told) == 2
    assert "Traceback" not in ran.stderr


def test_the_same_failure_is_written_once_and_few_are_kept(tmp_path: Path) -> None:
    reports = CrashReports(tmp_path)
    for number in range(MOST + 5):
        reports.write(f"failure {number}")
        reports.write(f"failure {number}")

    assert len(list(tmp_path.iterdir())) == MOST


def test_a_folder_that_cannot_be_written_is_no_second_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    reports = CrashReports(tmp_path / "file" / "reports")
    told: list[str] = []
    reports.written.connect(told.append)
    reports.write("failure")

    assert told == [""]
    assert "something failed" in capsys.readouterr().err


def test_a_failure_is_told_in_the_window(window: Window) -> None:
    window.tell_failure("/somewhere/report.txt")

    assert window.notices.sentences() == [
        "Something failed inside the program. A report is in /somewhere/report.txt; nothing of your files is in it."
    ]


def test_about_copies_the_versions(window: Window) -> None:
    window.commands.named["about"].trigger()
    page = window.findChild(AboutPage)
    assert page is not None
    next(one for one in page.findChildren(QPushButton) if one.accessibleName() == "Copy the versions").click()

    copied = QGuiApplication.clipboard().text()
    assert re.match(rf"ckpt_gui: {re.escape(__version__)}\nPython: \d", copied)
    assert "torch: " in copied
    page.close()


def test_a_word_is_explained_where_it_appears(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select=WEIGHT)
    settle(window)
    facts = window.details.front().findChild(FactsText)
    assert facts is not None
    assert 'href="?dtype"' in facts.toHtml()
    facts.anchorClicked.emit(QUrl("?dtype"))
    page = window.findChild(HelpPage)

    assert page is not None
    assert page.isVisible()
    assert "bfloat16" in page.text.toPlainText()
    assert page.text.verticalScrollBar().value() > 0
    page.close()


def test_a_word_is_explained_in_a_comparison(window: Window, settle: Settle) -> None:
    window.open_sample()
    settle(window)
    page = window.comparisons.page(window.comparisons.all()[0])
    assert page.panel.select_key("blocks.0.attn.qkv.weight")
    settle(window)
    facts = page.side.front().findChild(FactsText)
    assert facts is not None
    assert 'href="?dtype"' in facts.toHtml()
    facts.anchorClicked.emit(QUrl("?dtype"))

    assert window.findChild(HelpPage) is not None


def test_every_link_to_a_word_leads_to_one() -> None:
    names = {entry.name for entry in glossary.ENTRIES}

    assert set(glossary.BY_LABEL.values()) <= names
    assert (
        set(re.findall('href="#(\\w+)"', glossary.page())) == names == set(re.findall('name="(\\w+)"', glossary.page()))
    )


def test_tool_tips_carry_the_keys(window: Window) -> None:
    without = [name for name, action in window.commands.named.items()
               if action.isEnabled() and action.shortcut().toString() not in action.toolTip()]  # fmt: skip

    assert without == []
