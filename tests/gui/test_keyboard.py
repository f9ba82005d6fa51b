"""Everything by the keyboard: what there is to do is listed and has keys of its own; back and forward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from ckpt_gui.gui.keys_page import KeysPage
from ckpt_gui.gui.navigation import Navigation
from ckpt_gui.gui.palette import Palette, words_of
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

WEIGHT = ("model_state_dict", "blocks.0.attn.qkv.weight")
BIAS = ("model_state_dict", "blocks.0.attn.qkv.bias")


def in_menus(window: Window) -> set[str]:
    found: set[str] = set()

    def look(menu: QMenu) -> None:
        menu.aboutToShow.emit()
        for action in menu.actions():
            below = action.menu()
            if isinstance(below, QMenu):
                look(below)
            elif words_of(action) and action.isVisible() and (action.shortcuts() or action.isEnabled()):
                found.add(words_of(action))

    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        look(menu)
    return found


def in_palette(window: Window) -> set[str]:
    window.commands.named["palette"].trigger()
    palette = window.findChildren(Palette)[-1]
    shown = set(palette.shown_commands())
    palette.close()
    return shown


def in_keys(window: Window) -> set[str]:
    window.commands.named["keys"].trigger()
    page = window.findChildren(KeysPage)[-1]
    groups = [page.list.topLevelItem(row) for row in range(page.list.topLevelItemCount())]
    items = [group.child(row) for group in groups if group is not None for row in range(group.childCount())]
    shown = {item.text(0) for item in items if item is not None}
    page.close()
    return shown


def keys_of(actions: list[QAction]) -> list[str]:
    return [keys.toString() for action in actions for keys in action.shortcuts()]


def file_in_front(window: Window, files: list[Path]) -> None:
    window.open([str(files[0])], select="/".join(WEIGHT), tab="histogram")


def comparison_in_front(window: Window, files: list[Path]) -> None:
    window.compare(str(files[0]), str(files[1]))


def run_in_front(window: Window, files: list[Path]) -> None:
    window.follow([str(path) for path in files])


@pytest.mark.parametrize("show", [file_in_front, comparison_in_front, run_in_front])
def test_every_command_is_in_a_menu_the_palette_and_f1(
    window: Window, sample: Path, other: Path, settle: Settle, show: Callable[[Window, list[Path]], None]
) -> None:
    third = sample.with_name("epoch_005.ckpt")
    third.write_bytes(other.read_bytes())
    show(window, [sample, other, third])
    settle(window)
    if show is comparison_in_front:
        window.side().choose("heat-map")
        settle(window)
    commands = window.all_commands()
    named = {words_of(action) for action in commands if words_of(action)}

    assert in_palette(window) == named
    assert in_keys(window) == named
    assert in_menus(window) == named
    assert [keys for keys, times in Counter(keys_of(commands)).items() if times > 1] == []
    assert set(keys_of([*window.row_commands(), *window.page_commands()])) <= set(keys_of(commands))
    window.close()


# ------------------------------------------------------------------------------------------------ back and forward


def test_back_and_forward_through_rows_and_tabs(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    window.navigation._clock = iter(range(1000)).__next__  # every place is looked at for a second
    assert not window.commands.named["back"].isEnabled()
    window.open([str(sample)], select="/".join(WEIGHT))
    settle(window)
    tree = window.tree()
    assert tree is not None
    tree.select_path(BIAS)
    window.open([str(other)])
    settle(window)

    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert (window.current(), tree.selected_paths()) == (window.files.at(str(sample)), [BIAS])
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert tree.selected_paths() == [WEIGHT]
    QTest.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert tree.selected_paths() == [BIAS]
    QTest.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert window.current() is window.files.at(str(other))
    assert not window.commands.named["forward"].isEnabled()


def test_a_closed_tab_is_no_place_to_go_back_to(window: Window, sample: Path, other: Path, settle: Settle) -> None:
    window.open([str(sample)])
    window.open([str(other)])
    settle(window)
    window.commands.named["close tab"].trigger()

    assert window.navigation.why_not(-1)
    assert window.navigation.why_not(1)


def test_what_is_only_passed_is_no_place(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)])
    settle(window)
    tree = window.tree()
    assert tree is not None
    now = [100.0]
    navigation = window.navigation
    navigation._clock, navigation._came = lambda: now[0], 0.0
    tree.select_path(WEIGHT)
    for step in range(40):
        now[0] += 1.0 if step == 0 else 0.05
        tree.rows.select([step + 1])
    places = len(navigation._places)

    assert isinstance(navigation, Navigation)
    assert places == 3  # the file, the weight, where the arrow key came to rest
