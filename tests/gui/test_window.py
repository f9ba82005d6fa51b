"""The window with real files: open, fail, cancel, reload, tabs, drop, palette, recent files, shutdown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QTreeView
from pytestqt.qtbot import QtBot

from ckpt_gui.gui import child, theme
from ckpt_gui.gui.palette import Palette
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.window import Window
from tests.gui.conftest import NEVER_ENDING, MakeWindow, Settle

WEIGHT = ("model_state_dict", "blocks.0.attn.qkv.weight")


def press(window: Window, words: str) -> None:
    """Click the notice bar's button of that word."""
    button = next(one for one in window.notices.findChildren(QPushButton) if one.text() == words)
    button.click()


def open_files(window: Window) -> list[str]:
    return [file.name for file in window.files.all()]


# ------------------------------------------------------------------------------------------------ opening


def test_a_file_opens_with_its_tree_and_its_overview(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)

    file = window.current()
    assert file is not None
    assert file.opened is not None
    assert file.opened.checkpoint.rows == 123
    assert window.tree() is not None
    assert window.details.page() == "overview"
    assert "123 tensors" in window.status.facts()
    assert window.notices.sentences() == []
    assert window.windowTitle().startswith("epoch_003.ckpt")


def test_the_tree_says_when_it_is_painted(window: Window, sample: Path, qtbot: QtBot, settle: Settle) -> None:
    with qtbot.waitSignal(window.painted, timeout=20_000):
        window.open([str(sample)])
    settle(window)


def test_an_address_opens_at_a_tensor(window: Window, sample: Path, settle: Settle) -> None:
    window.open([f"{sample}::{'/'.join(WEIGHT)}"])
    settle(window)

    tree = window.tree()
    assert tree is not None
    assert tree.selected_paths() == [WEIGHT]
    assert window.details.page() == "summary"
    assert window.details.heading()[0].endswith("attn.qkv.weight")


def test_select_and_tab_of_the_command_line(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="/".join(WEIGHT), tab="info")
    settle(window)

    assert window.details.page() == "info"


def test_a_path_that_is_not_there_is_a_sentence(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="nothing/here")
    settle(window)

    assert "holds nothing at nothing/here" in window.notices.sentences()[0]


def test_a_page_that_is_not_there_yet_is_a_sentence(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], tab="spectrum")
    settle(window)

    assert "spectrum" in window.notices.sentences()[0]


def test_a_file_is_open_once(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    window.open([str(sample), str(other)])
    window.open([os.path.relpath(sample)])
    settle(window)

    assert open_files(window) == [sample.name, other.name]
    assert window.current() is window.files.at(str(sample))


def test_files_of_one_name_are_told_apart(window: Window, sample: Path, settle: Settle) -> None:
    (sample.parent / "b").mkdir()
    twin = sample.parent / "b" / sample.name
    twin.write_bytes(sample.read_bytes())

    window.open([str(sample), str(twin)])
    settle(window)

    assert window.tabs._bar.tabText(1) == f"b/{sample.name}"


# ------------------------------------------------------------------------------------------------ trouble


def test_a_file_that_is_no_checkpoint_is_a_sentence(window: Window, tmp_path: Path, settle: Settle) -> None:
    page = tmp_path / "page.pt"
    page.write_text("<!DOCTYPE html><html></html>")

    window.open([str(page)])
    settle(window)

    file = window.current()
    assert file is not None
    assert file.error
    assert window.notices.sentences() == [file.error]
    assert window.tree() is None


def test_a_file_that_is_gone_leaves_the_recent_ones(
    window: Window, settings: Settings, tmp_path: Path, settle: Settle
) -> None:
    settings.add_recent(str(tmp_path / "gone.pt"))

    window.open([str(tmp_path / "gone.pt")])
    settle(window)

    assert "does not exist" in window.notices.sentences()[0]
    assert settings.recents() == []


def test_try_again_reads_it_again(window: Window, sample: Path, settle: Settle) -> None:
    data = sample.read_bytes()
    sample.write_bytes(b"")
    window.open([str(sample)])
    settle(window)

    sample.write_bytes(data)
    press(window, "Try again")
    settle(window)

    assert window.tree() is not None
    assert window.notices.sentences() == []


def test_reading_can_be_cancelled_from_the_status_bar(make_window: MakeWindow, sample: Path, settle: Settle) -> None:
    window = make_window(lambda path: child.start(path, NEVER_ENDING))
    window.open([str(sample)])

    window.status._stop.click()
    settle(window)

    file = window.current()
    assert file is not None
    assert file.opened is None
    assert file.error == ""
    assert window.notices.sentences() == []


def test_a_slow_file_asks_and_stop_ends_it(make_window: MakeWindow, sample: Path, settle: Settle, qtbot: QtBot) -> None:
    window = make_window(lambda path: child.start(path, NEVER_ENDING))
    window.open([str(sample)])
    file = window.current()
    assert file is not None
    assert file.task is not None
    file.task.slow.emit()
    assert "Still reading" in window.notices.sentences()[0]

    press(window, "Stop")
    settle(window)

    assert window.notices.sentences() == []


def test_keep_waiting_only_takes_the_question_away(make_window: MakeWindow, sample: Path) -> None:
    window = make_window(lambda path: child.start(path, NEVER_ENDING))
    window.open([str(sample)])
    file = window.current()
    assert file is not None
    assert file.task is not None
    file.task.slow.emit()

    press(window, "Keep waiting")

    assert window.notices.sentences() == []
    assert window.jobs.tasks


def test_closing_a_tab_kills_its_process(make_window: MakeWindow, sample: Path, settle: Settle) -> None:
    window = make_window(lambda path: child.start(path, NEVER_ENDING))
    window.open([str(sample)])

    window.commands.named["close tab"].trigger()
    settle(window)

    assert open_files(window) == []
    assert window.stack.currentWidget() is window.start()


def test_closing_the_window_kills_what_runs(make_window: MakeWindow, sample: Path) -> None:
    window = make_window(lambda path: child.start(path, NEVER_ENDING))
    window.open([str(sample)])
    task = window.files.all()[0].task
    assert task is not None

    window.close()

    assert task._process.returncode is not None
    assert not task._thread.is_alive()


# ------------------------------------------------------------------------------------------------ reload


def test_reload_keeps_selection_and_page(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="/".join(WEIGHT), tab="info")
    settle(window)
    before = window.files.all()[0].opened

    window.commands.named["reload"].trigger()
    settle(window)

    tree = window.tree()
    assert tree is not None
    assert window.files.all()[0].opened is not before
    assert tree.selected_paths() == [WEIGHT]
    assert window.details.page() == "info"
    assert window.details.heading()[0].endswith("attn.qkv.weight")


def test_a_file_that_broke_keeps_its_old_tree(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    sample.write_bytes(b"")

    window.commands.named["reload"].trigger()
    settle(window)

    assert window.tree() is not None
    assert len(window.notices.sentences()) == 1


def test_a_change_on_disk_is_told_and_reloaded(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    window.files.check_disk()
    settle(window)
    assert window.notices.sentences() == []

    sample.write_bytes(other.read_bytes())
    window.files.check_disk()
    settle(window)
    assert "has changed on disk" in window.notices.sentences()[0]
    press(window, "Reload")
    settle(window)

    assert window.notices.sentences() == []


# ------------------------------------------------------------------------------------------------ tabs and selection


def test_tabs_turn_around_and_close(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    window.open([str(sample), str(other)])
    settle(window)

    window.commands.named["next tab"].trigger()
    assert window.current() is window.files.at(str(other))
    window.commands.named["next tab"].trigger()
    assert window.current() is window.files.at(str(sample))
    window.commands.named["close tab"].trigger()

    assert open_files(window) == [other.name]
    assert window.current() is window.files.at(str(other))


def test_the_page_stays_as_the_selection_moves(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="/".join(WEIGHT), tab="info")
    settle(window)
    tree = window.tree()
    assert tree is not None

    tree.select_path(("epoch",))

    assert window.details.page() == "info"
    assert window.details.heading()[0] == "epoch"


def test_the_overview_gives_way_to_the_last_page(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    tree = window.tree()
    assert tree is not None

    tree.select_path(("epoch",))
    assert window.details.page() == "summary"
    window.commands.named["overview"].trigger()
    assert window.details.page() == "overview"
    tree.select_path(WEIGHT)

    assert window.details.page() == "summary"


def test_a_link_leads_to_its_row(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="model_state_dict")
    settle(window)
    opened = window.files.all()[0].opened
    assert opened is not None
    node = opened.checkpoint.find(WEIGHT)
    assert node is not None

    window.details.node_wanted.emit(node)

    tree = window.tree()
    assert tree is not None
    assert tree.selected_paths() == [WEIGHT]


# ------------------------------------------------------------------------------------------------ drop, palette, recent


def drop(window: Window, urls: list[QUrl]) -> None:
    data = QMimeData()
    data.setUrls(urls)
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    with pytest.deprecated_call():  # its other constructor is not offered by PySide6
        entered = QDragEnterEvent(QPoint(50, 50), *how)
    QApplication.sendEvent(window, entered)
    assert window.drop.hint.isVisible()
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), *how))
    assert not window.drop.hint.isVisible()


def test_dropped_files_and_folders_open(
    window: Window, sample: Path, other: Path, tmp_path: Path, settle: Settle, qtbot: QtBot
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    drop(window, [QUrl.fromLocalFile(str(path)) for path in (sample, other, folder)] + [QUrl("https://example.org/a")])
    qtbot.waitUntil(lambda: len(window.files.all()) == 3)
    settle(window)

    assert open_files(window) == [sample.name, other.name, "folder"]


def test_the_palette_finds_and_runs_a_command(window: Window, sample: Path, settle: Settle, qtbot: QtBot) -> None:
    window.open([str(sample)])
    settle(window)
    window.commands.named["palette"].trigger()
    palette = window.findChild(Palette)
    assert palette is not None

    QTest.keyClicks(palette._line, "clotab")
    assert palette.shown_commands()[0] == "Close tab"
    QTest.keyClick(palette._line, Qt.Key.Key_Return)

    assert open_files(window) == []


def test_the_palette_says_why_a_command_is_off(window: Window, qtbot: QtBot) -> None:
    window.commands.named["palette"].trigger()
    palette = window.findChild(Palette)
    assert palette is not None

    QTest.keyClicks(palette._line, "strip")
    item = palette._list.topLevelItem(0)
    assert item is not None
    assert item.text(1) == "no file is in front"
    QTest.keyClick(palette._line, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_recent_files_are_remembered_and_opened(
    window: Window, sample: Path, other: Path, settings: Settings, settle: Settle
) -> None:
    window.open([str(sample)])
    settle(window)
    window.open([str(other)])
    settle(window)
    assert settings.recents() == [str(other), str(sample)]

    for file in window.files.all():
        window.files.close(file)
    window.recent_menu.places[1].trigger()
    settle(window)

    assert open_files(window) == [sample.name]


def test_recent_files_that_are_gone_are_pruned(
    window: Window, sample: Path, settings: Settings, tmp_path: Path, settle: Settle
) -> None:
    settings.add_recent(str(tmp_path / "gone.pt"))
    settings.add_recent(str(sample))

    window.recent_menu.prune()
    settle(window)

    assert settings.recents() == [str(sample)]


def test_the_sample_opens_both_files(window: Window, settle: Settle) -> None:
    window.commands.named["sample"].trigger()
    settle(window)

    assert open_files(window) == ["epoch_003.ckpt", "epoch_004.ckpt"]


# ------------------------------------------------------------------------------------------------ the rest of the frame


def test_places_are_remembered(make_window: MakeWindow, settings: Settings) -> None:
    first = make_window()
    first.splitter.setSizes([300, 500])
    left, right = first.splitter.sizes()
    first.close()

    assert Settings(settings._path).value("geometry", "")
    again = make_window().splitter.sizes()
    assert again[0] / again[1] == pytest.approx(left / right, rel=0.02)  # the offscreen screen is small


def test_columns_are_remembered(make_window: MakeWindow, sample: Path, settle: Settle) -> None:
    first = make_window()
    first.open([str(sample)])
    settle(first)
    tree = first.tree()
    assert tree is not None
    before = tree.state()
    tree.findChildren(QTreeView)[0].setColumnWidth(0, 333)
    assert tree.state() != before
    first.close()

    second = make_window()
    second.open([str(sample)])
    settle(second)

    again = second.tree()
    assert again is not None
    assert again.findChildren(QTreeView)[0].columnWidth(0) == 333


def test_a_second_process_for_the_same_file_is_ended(window: Window, sample: Path, settle: Settle) -> None:
    spare = child.start(str(sample), NEVER_ENDING)

    window.open([str(sample), f"{sample.parent}/./{sample.name}"], readers={f"{sample.parent}/./{sample.name}": spare})
    settle(window)

    assert spare.returncode is not None


def test_text_grows_and_shrinks(window: Window) -> None:
    natural = window.status._facts.font().pointSizeF()

    window.commands.named["larger"].trigger()
    assert window.status._facts.font().pointSizeF() == natural + 1
    window.commands.named["normal"].trigger()
    assert window.status._facts.font().pointSizeF() == natural


def test_every_command_has_keys_and_no_two_share_them(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    keys = [(keys.toString(), action.text()) for action in window.all_commands() for keys in action.shortcuts()]

    assert [action.text() for action in window.all_commands() if action.text() and not action.shortcuts()] == []
    assert sorted({text for text, _ in keys}) == sorted(text for text, _ in keys), keys


def test_the_keys_page_lists_them(window: Window, qtbot: QtBot) -> None:
    from ckpt_gui.gui.keys_page import KeysPage

    window.commands.named["keys"].trigger()
    page = window.findChild(KeysPage)
    assert page is not None
    assert page.list.topLevelItemCount() >= 4
    page.close()


@pytest.mark.parametrize("name", ["to cpu", "to gpu", "strip optimizer", "save state_dict", "convert"])
def test_without_a_file_there_is_nothing_to_convert_and_it_says_so(window: Window, name: str) -> None:
    action = window.commands.named[name]

    assert not action.isEnabled()
    assert "no file is in front" in action.toolTip()


# ------------------------------------------------------------------------------------------------ looks


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK])
def test_text_grows_and_shrinks_under_open_files(
    window: Window, sample: Path, other: Path, settle: Settle, dressed: QApplication, colours: theme.Colours
) -> None:
    window.open([str(sample), str(other)])
    settle(window)
    natural = window.tabs.font().pointSizeF()
    try:
        dressed.setPalette(theme.palette(colours))
        dressed.setStyleSheet(theme.sheet(colours))
        for step in range(20):
            window.commands.named["smaller" if step % 4 == 3 else "larger"].trigger()
            QApplication.processEvents()
        assert window.tabs.font().pointSizeF() == natural + 10
    finally:
        window.commands.named["normal"].trigger()
        dressed.setPalette(theme.palette(theme.LIGHT))
        dressed.setStyleSheet(theme.sheet(theme.LIGHT))
        QApplication.processEvents()


# ------------------------------------------------------------------------------------------------ what belongs to a tab


def test_a_notice_shows_with_the_tab_it_is_about(window: Window, sample: Path, tmp_path: Path, settle: Settle) -> None:
    page = tmp_path / "page.pt"
    page.write_text("<!DOCTYPE html><html></html>")
    window.open([str(sample), str(page)])
    settle(window)
    assert window.notices.sentences() == []
    assert window.details._tabs.isVisible()

    window.commands.named["next tab"].trigger()
    file = window.current()
    assert file is not None
    assert window.notices.sentences() == [file.error]
    assert file.error not in window.tabs.page(file)._words.text()
    assert not window.details._tabs.isVisible()


def test_a_change_on_disk_is_told_once(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    sample.write_bytes(other.read_bytes())
    window.files.check_disk()
    settle(window)
    assert "has changed" in window.notices.sentences()[0]

    window.notices.dismiss_newest()
    window.files.check_disk()
    settle(window)

    assert window.notices.sentences() == []
