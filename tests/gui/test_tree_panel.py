"""The panel, used as a person would: keys, clicks, typed text; and what the window asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from ckpt_gui.core.outline import COLUMNS, ROOT
from ckpt_gui.core.roles import Role
from ckpt_gui.gui import theme
from ckpt_gui.gui.tree_panel import TreePanel
from ckpt_gui.gui.tree_panel.builder import Builder
from ckpt_gui.gui.tree_panel.views import ValueDelegate
from tests.core.samples import Maker, checkpoint, gpt

SAMPLE = gpt()
C_ATTN = ("state_dict", "transformer.h.1.attn.c_attn.weight")
DEEP = ("state_dict", "transformer.h.7.mlp.c_fc.bias")
NO_GRAB = pytest.mark.qt_log_ignore("does not support grabbing the keyboard")
"""The offscreen platform cannot hold the keyboard for a popup."""


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[TreePanel]:
    made = TreePanel()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show_checkpoint(SAMPLE, bytes([Role.weights]) * len(SAMPLE.nodes))
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def in_sight(panel: TreePanel) -> list[str]:
    """Keys of all rows from the top down, as far as they are expanded."""
    view, keys = panel.rows.tree, []
    index = view.model().index(0, 0)
    while index.isValid():
        keys.append(index.data())
        index = view.indexBelow(index)
    return keys


def listed(panel: TreePanel) -> list[str]:
    model = panel.rows.list.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def click_title(panel: TreePanel, key: str) -> None:
    header = panel.rows.view.columns.header
    place = [column.key for column in COLUMNS].index(key)
    at = QPoint(header.sectionViewportPosition(place) + 12, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


# ---------------------------------------------------------------------- showing


def test_the_topmost_rows_show_and_small_ones_stand_open(panel: TreePanel) -> None:
    keys = in_sight(panel)

    assert keys[:4] == ["epoch", "version", "state_dict", "transformer"]
    assert "config   (object)" in keys
    assert panel.filter.counts.text().startswith("101 tensors · ")


def test_showing_another_checkpoint_forgets_rows_but_not_the_filter(panel: TreePanel) -> None:
    panel.set_filter("a")
    panel.select_path(C_ATTN)
    panel.show_checkpoint(checkpoint({"a": 1, "b": Maker().tensor(2)}))

    assert in_sight(panel) == ["a"]
    assert panel.selected_paths() == []


def test_an_empty_panel_takes_every_command(qtbot: QtBot) -> None:
    panel = TreePanel()
    qtbot.addWidget(panel)
    for name, action in panel.commands.items():
        if name != "columns":
            action.trigger()
    panel.set_filter("attn")
    panel.restore_view({})

    assert panel.view_state() == {}
    assert not panel.select_path(("a",))


@NO_GRAB
def test_everything_has_an_accessible_name(panel: TreePanel) -> None:
    panel.open_builder()
    widgets = [one for kind in (QAbstractButton, QLineEdit) for one in panel.findChildren(kind)]
    nameless = [one for one in widgets if not one.accessibleName() and one.isVisible() and one.objectName() == ""]

    assert [one for one in nameless if not _is_qts(one)] == []
    assert all(view.accessibleName() for view in (panel.rows.tree, panel.rows.list))


def _is_qts(widget: QWidget) -> bool:
    return widget.metaObject().className() in ("QLineEditIconButton", "QTableCornerButton")


# ---------------------------------------------------------------------- selecting


def test_selecting_by_path_opens_the_way_and_tells(panel: TreePanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.picked) as picked:
        assert panel.select_path(DEEP)

    node = SAMPLE.find(DEEP)
    assert picked.args == [[node]]
    assert panel.selected_paths() == [DEEP]
    assert "3 … 11   (9 alike)" in in_sight(panel)


def test_a_path_that_is_not_there_is_refused(panel: TreePanel) -> None:
    assert not panel.select_path(("no", "such"))


def test_selecting_clears_a_filter_that_hides_the_row(panel: TreePanel) -> None:
    panel.set_filter("lm_head")
    panel.select_path(("epoch",))

    assert panel.filter.edit.text() == ""
    assert panel.selected_paths() == [("epoch",)]


def test_selecting_a_value_leaves_the_flat_list(panel: TreePanel) -> None:
    panel.commands["flat"].trigger()
    panel.select_path(("epoch",))

    assert not panel.rows.flat
    assert panel.selected_paths() == [("epoch",)]


def test_selecting_everything_is_quick_and_tells_the_nodes(panel: TreePanel, qtbot: QtBot) -> None:
    panel.commands["flat"].trigger()
    with qtbot.waitSignal(panel.picked) as picked:
        panel.rows.list.selectAll()

    assert len(picked.args[0]) == SAMPLE.rows


def test_a_family_row_means_all_its_layers(panel: TreePanel, qtbot: QtBot) -> None:
    panel.select_path(("state_dict", "transformer.h.2.attn.c_attn.weight"))
    outline = panel.rows.outline
    family = outline.trail(SAMPLE.find(DEEP) or 0)[3]
    with qtbot.waitSignal(panel.picked) as picked:
        panel.rows.tree.setCurrentIndex(panel.rows.model.index_of(family))

    assert len(picked.args[0]) == 9


def test_the_keyboard_moves_and_opens(panel: TreePanel, qtbot: QtBot) -> None:
    panel.focus_filter()
    QTest.keyClick(panel.filter.edit, Qt.Key.Key_Down)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right):
        QTest.keyClick(panel.rows.tree, key)

    assert panel.selected_paths() == [("state_dict",)]  # a group has the path of what holds it
    assert "h" in in_sight(panel)


# ---------------------------------------------------------------------- filtering


def test_typing_filters_at_once_and_escape_clears(panel: TreePanel, qtbot: QtBot) -> None:
    before = in_sight(panel)
    panel.focus_filter()
    QTest.keyClicks(panel.filter.edit, "attn dtype:f32 shape:(_,24)")

    keys = in_sight(panel)
    assert keys[:4] == ["state_dict", "transformer", "h", "0"]
    assert keys.count("weight") == 12
    assert panel.filter.counts.text().startswith("12 of 101 tensors · 2304 of ")
    assert panel.filter.counts.text().endswith("Esc clears")
    QTest.keyClick(panel.filter.edit, Qt.Key.Key_Escape)
    assert in_sight(panel) == before


def test_a_bad_term_is_explained_and_the_others_work(panel: TreePanel, qtbot: QtBot) -> None:
    QTest.keyClicks(panel.filter.edit, "lm_head dtype:flaot32")

    assert "did you mean float32?" in panel.filter.reason.text()
    assert panel.filter.reason.isVisible()
    assert panel.filter.edit.text() == "lm_head dtype:flaot32"
    assert in_sight(panel)[0] == "state_dict"
    panel.set_filter("lm_head")
    assert not panel.filter.reason.isVisible()


def test_values_that_match_are_counted_apart(panel: TreePanel) -> None:
    panel.set_filter("epoch")

    assert panel.filter.counts.text() == "0 of 101 tensors · 0 of 10.5 k elements · 0 B · 1 other entry   Esc clears"


def test_the_selection_survives_a_filter_that_keeps_it(panel: TreePanel) -> None:
    panel.select_path(C_ATTN)
    panel.set_filter("attn")

    assert panel.selected_paths() == [C_ATTN]
    panel.set_filter("")
    assert panel.selected_paths() == [C_ATTN]


@NO_GRAB
def test_the_builder_edits_the_same_text(panel: TreePanel, qtbot: QtBot) -> None:
    panel.set_filter("attn")
    panel.open_builder()
    builder = panel.findChild(Builder)
    assert builder is not None
    next(box for box in builder.boxes["dtype"] if box.text() == "float32").click()
    QTest.keyClicks(builder.lines["shape"], "_, 24")

    assert panel.filter.edit.text() == "attn dtype:float32 shape:(_, 24)"
    assert panel.filter.counts.text().startswith("12 of")


def test_filter_to_this_keeps_just_that_part(panel: TreePanel) -> None:
    panel.select_path(C_ATTN)
    panel.rows.tree.setCurrentIndex(panel.rows.tree.currentIndex().parent().parent())
    panel.commands["filter to this"].trigger()

    assert panel.filter.edit.text() == "name:glob:state_dict/transformer.h.1.attn.*"
    assert panel.filter.counts.text().startswith("4 of 101")


def test_large_files_answer_between_events(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckpt_gui.gui.slices.AT_ONCE", 0.0)
    monkeypatch.setattr("ckpt_gui.gui.slices.SLICE", 0.0)
    panel = TreePanel()
    qtbot.addWidget(panel)
    panel.show_checkpoint(SAMPLE)
    panel.set_filter("lm")
    assert panel.filter.counts.text() == "searching …"
    panel.set_filter("lm_head")

    qtbot.waitUntil(lambda: panel.filter.counts.text().startswith("1 of 101"))


# ---------------------------------------------------------------------- arranging


def test_clicks_on_a_title_sort_turn_round_and_go_back(panel: TreePanel, qtbot: QtBot) -> None:
    panel.commands["flat"].trigger()
    in_file = listed(panel)
    click_title(panel, "key")
    rising = listed(panel)
    click_title(panel, "key")
    falling = listed(panel)
    click_title(panel, "key")

    assert rising == falling[::-1]
    assert rising != in_file
    assert listed(panel) == in_file


def test_numbers_sort_the_largest_first(panel: TreePanel, qtbot: QtBot) -> None:
    panel.commands["flat"].trigger()
    click_title(panel, "params")

    assert "wte.weight" in listed(panel)[0]
    assert panel.rows.sort == ("params", True)


def test_sorting_keeps_what_is_open_and_selected(panel: TreePanel, qtbot: QtBot) -> None:
    panel.select_path(C_ATTN)
    before = set(in_sight(panel))
    click_title(panel, "size")

    assert set(in_sight(panel)) == before
    assert panel.selected_paths() == [C_ATTN]


def test_folding_can_be_turned_off(panel: TreePanel) -> None:
    panel.select_path(C_ATTN)
    panel.commands["fold"].trigger()

    assert {"10", "11"} <= set(in_sight(panel))


@pytest.mark.parametrize("name", ["level 1", "level 2", "level 3", "level 4", "expand all", "collapse all"])
def test_levels(panel: TreePanel, name: str) -> None:
    panel.commands[name].trigger()
    rows = len(in_sight(panel))

    expected = {"collapse all": 8, "level 1": 14, "level 2": 26}
    assert rows == expected.get(name, rows)
    assert rows > 26 or name in expected


def test_expanding_and_collapsing_beneath_a_row(panel: TreePanel) -> None:
    panel.select_path(("optimizer",))
    panel.commands["expand below"].trigger()
    opened = len(in_sight(panel))
    panel.commands["collapse below"].trigger()
    panel.rows.tree.expand(panel.rows.tree.currentIndex())

    assert opened > len(in_sight(panel)) + 20


def test_expanding_all_of_a_huge_tree_stops_and_says_so(
    panel: TreePanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ckpt_gui.gui.tree_panel.rows.MAX_EXPANDED", 40)
    with qtbot.waitSignal(panel.message) as told:
        panel.commands["expand all"].trigger()

    assert "40 rows" in told.args[0]
    assert len(in_sight(panel)) <= 40


# ---------------------------------------------------------------------- columns


def test_columns_hide_move_and_come_back(panel: TreePanel, qtbot: QtBot) -> None:
    header = panel.rows.tree.columns.header
    header.moveSection(2, 1)
    header.setSectionHidden(4, True)
    header.resizeSection(0, 333)
    saved = panel.state()
    other = TreePanel()
    qtbot.addWidget(other)

    assert other.restore(saved)
    restored = other.rows.tree.columns.header
    assert (restored.visualIndex(2), restored.isSectionHidden(4), restored.sectionSize(0)) == (1, True, 333)
    assert not other.restore(saved.mid(9))


def test_the_flat_list_takes_over_the_columns(panel: TreePanel) -> None:
    panel.rows.tree.columns.header.setSectionHidden(4, True)
    panel.commands["flat"].trigger()

    assert panel.rows.list.columns.header.isSectionHidden(4)


def test_the_column_menu_shows_and_hides(panel: TreePanel) -> None:
    menu = panel.rows.tree.columns.menu(panel)
    storage = next(action for action in menu.actions() if action.text() == "Storage")
    storage.trigger()

    assert not panel.rows.tree.columns.header.isSectionHidden(8)
    assert not menu.actions()[0].isEnabled()


# ---------------------------------------------------------------------- copying, menus, signals


@pytest.mark.parametrize(
    ("keys", "copied"),
    [
        ("Ctrl+C", "transformer.h.1.attn.c_attn.weight"),
        ("Ctrl+Shift+K", "state_dict/transformer.h.1.attn.c_attn.weight"),
        ("Ctrl+Shift+C", 'torch.load(r"/data/gpt small.pt", map_location="cpu", weights_only=False)'
         '["state_dict"]["transformer.h.1.attn.c_attn.weight"]'
         "  # weights_only=False runs code from the file: only if you trust it"),
    ],
)  # fmt: skip
def test_copying(panel: TreePanel, keys: str, copied: str) -> None:
    panel.select_path(C_ATTN)
    action = next(one for one in panel.actions() if one.shortcut().toString() == keys)
    action.trigger()

    assert clipboard() == copied


def test_copying_a_hostile_key_does_no_harm(panel: TreePanel) -> None:
    panel.show_checkpoint(checkpoint({"a\ud800\u202e": 1}))
    panel.select_path(("a\ud800\u202e",))
    panel.commands["copy key"].trigger()

    assert clipboard() == "a\\ud800\u202e"


def test_the_part_that_is_selected_can_be_converted(panel: TreePanel, qtbot: QtBot) -> None:
    panel.select_path(("optimizer",))
    with qtbot.waitSignal(panel.convert_wanted) as wanted:
        panel.commands["convert"].trigger()
    assert panel.checkpoint is not None
    assert panel.checkpoint.path_of(wanted.args[0]) == ("optimizer",)


def test_a_column_of_statistics_asks_for_those_on_the_screen(panel: TreePanel, qtbot: QtBot) -> None:
    menu = panel.rows.tree.columns.menu(panel)
    statistic = next(action for action in menu.actions() if action.text() == "Min")
    with qtbot.waitSignal(panel.statistics_wanted) as wanted:
        statistic.trigger()

    assert panel.checkpoint is not None
    shown = [panel.checkpoint.nodes.tensor[node] for node in nodes_in_sight(panel)]
    assert wanted.args == [[tensor for tensor in shown if tensor >= 0]]


def nodes_in_sight(panel: TreePanel) -> list[int]:
    view, found = panel.rows.tree, list[int]()
    index = view.indexAt(QPoint(2, 2))
    while index.isValid() and view.visualRect(index).top() <= view.viewport().height():
        found.append(index.internalId())
        index = view.indexBelow(index)
    assert panel.checkpoint is not None
    return [node for node in found if node < len(panel.checkpoint.nodes)]


@NO_GRAB
def test_shift_f10_opens_the_menu_of_the_row(panel: TreePanel) -> None:
    panel.select_path(("epoch",))
    panel.rows.tree.setFocus()
    QTest.keyClick(panel.rows.tree, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    menu = next(menu for menu in panel.findChildren(QMenu) if menu.isVisible())
    menu.close()


def test_the_flat_list_and_back_keeps_what_is_selected(panel: TreePanel) -> None:
    for path in (C_ATTN, ("epoch",)):
        panel.select_path(path)
        panel.commands["flat"].trigger()
        panel.commands["flat"].trigger()

        assert panel.selected_paths() == [path]


def test_a_reason_leaves_the_counts_in_sight(panel: TreePanel) -> None:
    panel.set_filter("shape:(_,4096")

    assert panel.filter.reason.whole.endswith("the ) is missing")
    assert panel.filter.reason.y() + panel.filter.reason.height() <= panel.filter.counts.y()


@NO_GRAB
def test_the_context_menu_opens_from_the_keyboard(panel: TreePanel) -> None:
    panel.select_path(("epoch",))
    panel.rows.tree.customContextMenuRequested.emit(QPoint(-1, -1))
    menu = next(menu for menu in panel.findChildren(QMenu) if menu.isVisible())
    words = [action.text() for action in menu.actions()]
    menu.close()

    assert "Copy key" in words
    assert "Expand all" in words


def test_every_action_has_words_and_keys_of_its_own(panel: TreePanel) -> None:
    keys = [action.shortcut().toString() for action in panel.actions()]

    assert all(keys)
    assert len(set(keys)) == len(keys)
    assert all(action.text() for action in panel.actions())


# ---------------------------------------------------------------------- reloading


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("words", ["", "attn"])
def test_a_reload_keeps_the_place(panel: TreePanel, flat: bool, words: str) -> None:
    panel.resize(900, 200)
    panel.select_path(C_ATTN)
    panel.set_filter(words)
    if flat:
        panel.commands["flat"].trigger()
    panel.rows.order_by(5)
    view = panel.rows.view
    view.verticalScrollBar().setValue(7)
    state, seen = panel.view_state(), listed(panel) if flat else in_sight(panel)
    panel.show_checkpoint(gpt(), bytes(len(SAMPLE.nodes)))
    panel.restore_view(state)

    assert (listed(panel) if flat else in_sight(panel)) == seen
    assert panel.selected_paths() == [C_ATTN]
    assert panel.rows.sort == ("params", True)
    assert view.verticalScrollBar().value() == 7


def test_a_reload_of_a_file_that_changed_keeps_what_is_still_there(panel: TreePanel) -> None:
    panel.select_path(DEEP)
    state: dict[str, Any] = panel.view_state()
    panel.show_checkpoint(gpt(2))
    panel.restore_view(state)

    assert "transformer" in in_sight(panel)
    assert panel.selected_paths() == []


def test_light_and_dark_follow_the_application(panel: TreePanel, qtbot: QtBot, qapp: QApplication) -> None:
    before = qapp.palette(), qapp.styleSheet()
    broken = panel.rows.model.index_of(SAMPLE.find(("broken",)) or 0)
    muted = QColor(theme.DARK.muted)
    try:
        qapp.setPalette(theme.palette(theme.DARK))
        qapp.setStyleSheet(theme.sheet(theme.DARK))
        qtbot.waitUntil(lambda: broken.data(Qt.ItemDataRole.ForegroundRole) == QColor("#ff7a90"))
        qtbot.waitUntil(lambda: panel.filter.counts.palette().windowText().color() == muted)
    finally:
        qapp.setPalette(before[0])
        qapp.setStyleSheet(before[1])


def test_a_long_value_may_run_over_empty_cells(panel: TreePanel) -> None:
    panel.show_checkpoint(
        checkpoint({"path": "/a/very/long/folder/name/of/some/run/that/is/kept", "n": Maker().tensor(1)})
    )
    delegate = panel.rows.tree.itemDelegateForColumn(7)
    assert isinstance(delegate, ValueDelegate)

    def room(row: int) -> int:
        from PySide6.QtWidgets import QStyleOptionViewItem

        option = QStyleOptionViewItem()
        option.widget = panel.rows.tree
        return delegate.room(option, panel.rows.tree.model().index(row, 7))

    assert room(0) > 100
    assert room(1) == 0
    assert panel.grab().width() == panel.width()
    assert panel.rows.outline.rows(ROOT)


def test_selecting_half_of_all_rows_comes_back_after_a_new_order(panel: TreePanel) -> None:
    panel.commands["flat"].trigger()
    model, view = panel.rows.list.model(), panel.rows.list
    view.selectionModel().select(
        QItemSelection(model.index(10, 0), model.index(59, 0)),
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
    )
    chosen = set(panel.rows.nodes)
    panel.commands["fold"].trigger()

    assert len(chosen) == 50
    assert set(panel.rows.nodes) == chosen
