"""The settings in the window: in force at once, kept, taken back; what was open comes back if that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton

from ckpt_gui.core.diff.nouns import Tolerance
from ckpt_gui.core.stats import cache
from ckpt_gui.gui import theme
from ckpt_gui.gui.following import Following
from ckpt_gui.gui.preferences import DEFAULTS
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.settings_dialog import SettingsDialog
from ckpt_gui.gui.window import Window
from tests.gui.conftest import MakeWindow, Settle

WEIGHT = ("model_state_dict", "blocks.0.attn.qkv.weight")


@pytest.fixture
def dialog(window: Window) -> Iterator[SettingsDialog]:
    window.commands.named["settings"].trigger()
    found = window.findChild(SettingsDialog)
    assert found is not None
    yield found
    window.settings.prefer(DEFAULTS)  # the application's theme and text are everybody's


def press(dialog: SettingsDialog, words: str) -> None:
    next(one for one in dialog.findChildren(QPushButton) if one.accessibleName() == words).click()


def test_theme_and_text_size_are_in_force_at_once(dialog: SettingsDialog, window: Window) -> None:
    natural = dialog.points.value()
    dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
    dialog.points.setValue(natural + 3)

    assert theme.of(window.palette()) is theme.DARK
    assert window.font().pointSizeF() == pytest.approx(natural + 3)
    window.commands.named["smaller"].trigger()
    assert dialog.points.value() == natural + 2


def test_reset_takes_everything_back(dialog: SettingsDialog, window: Window) -> None:
    dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
    dialog.bins.setValue(40)
    dialog.background.setChecked(False)
    press(dialog, "Reset to defaults")

    assert window.settings.preferences == DEFAULTS
    assert (dialog.theme.currentData(), dialog.bins.value(), dialog.background.isChecked()) == ("system", 0, True)
    assert Settings(window.settings._path).preferences == DEFAULTS


def test_columns_show_in_open_trees_and_in_the_next(
    dialog: SettingsDialog, window: Window, sample: Path, other: Path, settle: Settle
) -> None:
    window.open([str(sample)])
    settle(window)
    tree = window.tree()
    assert tree is not None
    for row in range(dialog.columns.count()):
        item = dialog.columns.item(row)
        if item.text() in ("Role", "Kind"):
            item.setCheckState(Qt.CheckState.Checked if item.text() == "Role" else Qt.CheckState.Unchecked)
    assert tree.shown_columns() == ("shape", "dtype", "device", "params", "percent", "size", "role")
    window.open([str(other)])
    settle(window)

    second = window.tree()
    assert second is not None
    assert second is not tree
    assert second.shown_columns() == tree.shown_columns()


def test_page_and_bars_reach_what_is_shown(
    dialog: SettingsDialog, window: Window, sample: Path, settle: Settle
) -> None:
    window.open([str(sample)], select="/".join(WEIGHT))
    settle(window)
    dialog.tab.setCurrentIndex(dialog.tab.findData("histogram"))
    assert window.details.page() == "histogram"
    settle(window)
    dialog.bins.setValue(17)
    settle(window)

    assert window.details.front().controls.options.bins == 17  # type: ignore[attr-defined]  # the histogram's page


def test_the_tolerance_holds_for_comparisons(dialog: SettingsDialog, window: Window, settle: Settle) -> None:
    window.open_sample()
    settle(window)
    one = window.comparisons.all()[0]
    dialog.tolerance.choice.setCurrentIndex(1)
    dialog.tolerance.choice.activated.emit(1)

    assert one.tolerance == Tolerance(0.0, 0.0)
    assert window.settings.preferences.tolerance == "exact"
    settle(window)
    window.settings.prefer(DEFAULTS)
    settle(window)


def test_the_cache_is_limited_and_cleared(
    dialog: SettingsDialog,
    window: Window,
    sample: Path,
    settle: Settle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CKPT_GUI_CACHE", str(tmp_path))
    kept = cache.cache_path()
    kept.write_bytes(b"")
    press(dialog, "Clear them")
    settle(window)
    assert not kept.exists()
    dialog.cache.setValue(0)
    settle(window)

    assert cache.limit() == 0
    press(dialog, "Reset to defaults")
    settle(window)
    assert cache.limit() == cache.MAX_NBYTES


def test_nothing_is_computed_unasked_where_that_is_off(
    dialog: SettingsDialog, window: Window, sample: Path, settle: Settle
) -> None:
    dialog.background.setChecked(False)
    window.open([str(sample)])
    settle(window)
    file = window.current()
    assert file is not None
    window.scanning.want_all(file)
    settle(window)
    assert not any(window.scanning.snapshot(file).done)
    window.scanning.compute_all(file)
    settle(window)

    assert all(window.scanning.snapshot(file).done)


def test_a_damaged_file_is_told(make_window: MakeWindow, settings: Settings, tmp_path: Path) -> None:
    settings.trouble = "The settings in settings.json cannot be read."

    assert make_window().notices.sentences() == ["The settings in settings.json cannot be read."]


def test_what_was_open_comes_back(
    make_window: MakeWindow, settings: Settings, sample: Path, other: Path, settle: Settle
) -> None:
    settings.choose(reopen=True)
    first = make_window()
    first.open([str(sample)], select="/".join(WEIGHT))
    settle(first)
    first.compare(str(sample), str(other))
    first.follow([str(sample), str(other), str(sample)])
    settle(first)
    first.tabs.show_tab(first.files.all()[0])
    first.close()

    second = make_window()
    second.session.reopen()
    settle(second)
    tree = second.tree()
    assert [type(one) for one in second.tabs.all()] == [type(one) for one in first.tabs.all()]
    assert isinstance(second.tabs.all()[-1], Following)
    assert tree is not None
    assert tree.selected_paths() == [WEIGHT]


def test_nothing_comes_back_unwanted(make_window: MakeWindow, sample: Path, settle: Settle) -> None:
    first = make_window()
    first.open([str(sample)])
    settle(first)
    first.close()
    second = make_window()
    second.session.reopen()

    assert second.tabs.all() == []


@pytest.mark.parametrize("damage", [5, {"tabs": 5}, {"tabs": [[1], [], [""], ["a", 2]], "front": "x", "views": []}])
def test_a_session_that_makes_no_sense_opens_nothing(window: Window, damage: object) -> None:
    window.settings.choose(reopen=True)
    window.settings.keep("session", damage)
    window.session.reopen()
    QApplication.processEvents()

    assert window.tabs.all() == []
