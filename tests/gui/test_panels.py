"""What the pages on the right show, and how they are reached without a mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QTabBar, QTextBrowser, QWidget

from ckpt_gui.core.facts import Fact, Section
from ckpt_gui.gui import theme
from ckpt_gui.gui.bars import Bar, Bars
from ckpt_gui.gui.facts_text import FactsText
from ckpt_gui.gui.notices import MAX_SHOWN, NoticeBar
from ckpt_gui.gui.overview_panel import OverviewPanel
from ckpt_gui.gui.palette import score
from ckpt_gui.gui.window import Window
from tests.builders import CASES
from tests.gui.conftest import Settle


def words_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


# ------------------------------------------------------------------------------------------------ overview


def test_the_overview_says_what_a_file_is(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)

    panel = window.details.panel("overview")
    assert isinstance(panel, OverviewPanel)
    said = words_of(panel)
    assert "123" in said
    assert "weights_only" in said
    assert "argparse.Namespace" in said
    assert "safe" not in said.casefold()
    assert [bars.accessibleName() for bars in panel.findChildren(Bars)][:2] == ["Bytes by role", "Bytes by dtype"]
    assert "weights: 142 KiB" in panel.findChildren(Bars)[0].accessibleDescription()


def test_a_link_of_the_overview_leads_to_its_row(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    panel = window.details.panel("overview")
    assert isinstance(panel, OverviewPanel)
    link = next(label for label in panel.findChildren(QLabel) if 'href="#' in label.text())

    link.linkActivated.emit(link.text().split('href="', 1)[1].split('"', 1)[0])

    tree = window.tree()
    assert tree is not None
    assert len(tree.selected_paths()) == 1
    assert window.details.page() == "summary"


def test_what_is_amiss_stands_first_and_leads_to_the_rows(window: Window, sample: Path, settle: Settle) -> None:
    sample.write_bytes(sample.read_bytes()[:60_000])
    window.open([str(sample)])
    settle(window)

    panel = window.details.panel("overview")
    assert isinstance(panel, OverviewPanel)
    said = words_of(panel)
    assert said.index("directory is missing") < said.index("▲") < said.index("What this is")
    line = next(one for one in said.split("<p ") if "the part of the file that is missing (" in one)
    assert line.count('href="#') == 3


@pytest.mark.parametrize("name", sorted(name for name in CASES if name.startswith(("framework/", "torch-zip/"))))
def test_every_kind_of_file_has_an_overview(window: Window, name: str, tmp_path: Path, settle: Settle) -> None:
    window.open([str(CASES[name](tmp_path))])
    settle(window)

    file = window.current()
    assert file is not None
    assert file.overview is not None or file.error
    assert not [words for words in window.notices.sentences() if "mistake" in words]


# ------------------------------------------------------------------------------------------------ facts as text


@pytest.fixture
def facts_text(dressed: QApplication) -> Iterator[FactsText]:
    made = FactsText("Facts")
    yield made
    made.deleteLater()


def test_text_of_a_file_is_never_read_as_markup(facts_text: FactsText) -> None:
    facts_text.show_sections((Section("<h1>", (Fact("<b>", '<img src="x"> & <a href="#1">'),)),))

    shown = facts_text.toPlainText()
    assert '<img src="x"> & <a href="#1">' in shown
    assert "<h1>" in shown


def test_a_link_is_followed_and_nothing_is_opened(facts_text: FactsText) -> None:
    followed: list[int] = []
    facts_text.node_wanted.connect(followed.append)

    facts_text.show_sections((Section("", (Fact("Shared with", "w", 12),)),))
    for address in ("#12", "https://example.org", "#x"):
        facts_text.anchorClicked.emit(QUrl(address))

    assert followed == [12]
    assert not facts_text.openLinks()


def test_both_themes_make_a_palette() -> None:
    for colours in (theme.LIGHT, theme.DARK):
        assert theme.of(theme.palette(colours)) is colours


def test_bars_are_drawn_without_trouble(dressed: QApplication) -> None:
    for bars in ([], [Bar("", 0.0, "")], [Bar("a" * 500, 2.0, "figure")], [Bar("a", float("0"), "1")] * 40):
        chart = Bars("chart", bars)
        chart.resize(120, 400)
        assert not chart.grab().isNull()
        chart.deleteLater()


# ------------------------------------------------------------------------------------------------ notices and palette


def test_only_the_newest_notices_are_shown(dressed: QApplication) -> None:
    bar = NoticeBar()
    for number in range(MAX_SHOWN + 2):
        bar.tell(str(number), f"notice {number}")

    assert bar.sentences()[0] == f"notice {MAX_SHOWN + 1}"
    assert bar._more.text() == "2 older"
    bar.tell("0", "again")
    assert len(bar.sentences()) == MAX_SHOWN + 2
    while bar.dismiss_newest():
        pass
    assert bar.isHidden()
    bar.deleteLater()


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [("clo", "Close tab", "Collapse all"), ("ct", "Close tab", "Copy Python text"), ("exp", "Expand all", "Next page")],
)
def test_letters_that_begin_words_count_more(query: str, better: str, worse: str) -> None:
    good, bad = score(query, better), score(query, worse)

    assert good is not None
    assert bad is None or good <= bad


def test_letters_that_do_not_occur_match_nothing() -> None:
    assert score("xyz", "Open…") is None


# ------------------------------------------------------------------------------------------------ without a mouse


def test_everything_that_takes_the_keyboard_has_a_name(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="epoch")
    settle(window)

    kinds = (QAbstractButton, QLineEdit, QTabBar, QTextBrowser)
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in window.findChildren(QWidget)
        if isinstance(widget, kinds)
        and widget.isVisible()
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_tab_reaches_both_sides(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="epoch")
    settle(window)
    window.activateWindow()
    tree = window.tree()
    assert tree is not None
    tree.setFocus()
    reached = set()
    for _step in range(40):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if focus is not None:
            reached.add(next((side for side in (window.tabs, window.details) if side.isAncestorOf(focus)), None))

    assert {window.tabs, window.details} <= reached


def test_the_other_side_is_one_key_away(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="epoch")
    settle(window)
    window.activateWindow()
    tree = window.tree()
    assert tree is not None
    tree.setFocus()

    window.commands.named["other side"].trigger()
    assert window.details.isAncestorOf(QApplication.focusWidget() or window)
    window.commands.named["other side"].trigger()
    assert tree.isAncestorOf(QApplication.focusWidget() or window)


def test_keys_of_the_table_are_keys(window: Window) -> None:
    for action in window.all_commands():
        for keys in action.shortcuts():
            assert keys != QKeySequence(), action.text()
