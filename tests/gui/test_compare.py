"""Comparing in the window, with real files: asked for, shown, filtered, renamed, swapped, stopped, closed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from ckpt_gui.core.diff.columns import KEYS
from ckpt_gui.core.diff.nouns import Tolerance
from ckpt_gui.core.diff.rollup import summary
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.comparisons import Wish
from ckpt_gui.gui.diff_page import DiffPage
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

Save = Callable[[str, dict[str, Any]], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Writes a checkpoint."""

    def write(name: str, content: dict[str, Any]) -> Path:
        path = tmp_path / name
        torch.save(content, path)
        return path

    return write


def weights(layers: int = 3, prefix: str = "", add: float = 0.0) -> dict[str, Any]:
    """A small network; the last layer is moved by ``add``."""
    made = {}
    for layer in range(layers):
        moved = add if layer == layers - 1 else 0.0
        made[f"{prefix}layers.{layer}.weight"] = torch.arange(12.0).reshape(3, 4) + layer + 1 + moved
        made[f"{prefix}layers.{layer}.bias"] = torch.ones(3) * (layer + 1)
    return made


def page_of(window: Window) -> DiffPage:
    """The comparison in front."""
    front = window.tabs.front()
    assert isinstance(front, Comparison)
    return window.comparisons.page(front)


def shown(page: DiffPage) -> list[str]:
    """Keys of the pairs that are left, in their order."""
    rows = page.comparison.rows
    return [rows[place].key for place in page.panel.rows.arrangement.following(-1, 1)]


@pytest.fixture
def compare(window: Window, settle: Settle) -> Callable[..., DiffPage]:
    """Compares two files and waits for it."""

    def done(left: Path, right: Path, **wish: Any) -> DiffPage:
        window.compare(str(left), str(right), Wish(**wish)) if wish else window.compare(str(left), str(right))
        settle(window)
        return page_of(window)

    return done


def press(owner: Any, words: str) -> None:
    """Click the visible button of these words, or of that accessible name."""
    buttons = [one for one in owner.findChildren(QPushButton) if one.isVisible()]
    next(one for one in buttons if words in (one.text(), one.accessibleName())).click()


# ------------------------------------------------------------------------------------------------ what is shown


def test_the_sample_opens_compared_and_tells_its_story(window: Window, settle: Settle) -> None:
    window.open_sample()
    settle(window)

    page = page_of(window)
    assert [window.tabs._bar.tabText(number) for number in range(3)] == [
        "epoch_003.ckpt", "epoch_004.ckpt", "epoch_003.ckpt ↔ epoch_004.ckpt",
    ]  # fmt: skip
    assert summary(page.comparison.rows)["same"] == 19
    assert "blocks.0" in page.panel._story.whole
    said = " ".join(label.text() for label in page.side.front().findChildren(QLabel))
    assert "stands out in blocks.2" in said
    assert "param_groups/1/lr" in said
    assert page.side.page() == "overview"
    assert not window.details.isVisible()
    assert "104 changed" in window.status.facts()


def test_equal_rows_are_hidden_until_they_are_asked_for(compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))

    assert shown(page) == ["layers.2.weight"]
    assert page.panel.classes.buttons["same"].text() == "= same 5"
    assert page.panel.classes.buttons["same"].accessibleName().startswith("5 same")
    QTest.keyClick(page.panel.rows.tree, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert len(shown(page)) == 6


def test_two_equal_files_are_a_sentence(compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights()))

    assert "All 6 tensors are the same" in page.panel.rows._words.text()
    assert page.panel.rows._words.isVisible()


def test_every_change_has_its_row(compare: Callable[..., DiffPage], save: Save) -> None:
    left = {"same": torch.ones(4), "close": torch.ones(4), "changed": torch.ones(4), "dtype": torch.ones(4),
            "shape": torch.ones(4), "removed": torch.ones(4), "nan": torch.tensor([1.0, float("nan")])}  # fmt: skip
    right = left | {"close": torch.ones(4) + 1e-7, "changed": torch.zeros(4), "dtype": torch.ones(4).half(),
                    "shape": torch.ones(2, 2), "added": torch.ones(1)}  # fmt: skip
    del right["removed"]
    page = compare(save("a.pt", left), save("b.pt", right))

    changes = {row.key: row.change for row in page.comparison.rows}
    assert changes == {key: key for key in changes if key != "nan"} | {"nan": "same"}
    model = page.panel.rows.model
    words = {model.index(row, 0).data(): model.index(row, 1).data() for row in range(model.rowCount())}
    assert words["changed"] == "● changed"
    assert words["added"] == "+ added"
    assert words["removed"] == "− removed"
    assert words["shape"] == "▣ shape"


# ------------------------------------------------------------------------------------------------ filter, order, steps


def test_the_filter_line_and_its_reasons(compare: Callable[..., DiffPage], save: Save, qtbot: QtBot) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))
    line = page.panel.filter

    line.edit.setText("change:same bias")
    qtbot.waitUntil(lambda: not page.panel.busy())
    assert shown(page) == ["layers.0.bias", "layers.1.bias", "layers.2.bias"]
    line.edit.setText("rel:>1e-3")
    assert shown(page) == ["layers.2.weight"]
    line.edit.setText("rel:much")
    assert "rel:much" in line.reason.whole
    assert line.reason.isVisible()
    line.edit.setText("nothing like it")
    assert page.panel.rows._words.text() == "No pair matches the filter."
    QTest.keyClick(line.edit, Qt.Key.Key_Escape)
    assert shown(page) == ["layers.2.weight"]


def test_filter_to_a_group(compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))
    page.panel.classes.toggle("same")
    assert page.panel.select_key("layers.1")

    page.panel.commands["filter to this"].trigger()
    assert shown(page) == ["layers.1.weight", "layers.1.bias"]


def test_a_click_on_a_header_orders(compare: Callable[..., DiffPage], save: Save) -> None:
    left = {name: torch.ones(4) for name in "abc"}
    right = {"a": torch.ones(4) * 2, "b": torch.ones(4) * 9, "c": torch.ones(4) * 4}
    page = compare(save("a.pt", left), save("b.pt", right))
    rows = page.panel.rows

    orders = []
    for _click in range(3):
        rows.order_by(KEYS.index("rel"))
        orders.append(shown(page))
    assert orders == [["b", "c", "a"], ["a", "c", "b"], ["a", "b", "c"]]


def test_the_next_difference_and_the_one_before(window: Window, settle: Settle) -> None:
    window.open_sample()
    settle(window)
    page = page_of(window)
    page.panel.classes.toggle("same")
    tree, rows = page.panel.rows.tree, page.comparison.rows
    tree.setFocus()
    differing = [place for place in page.panel.rows.arrangement.following(-1, 1) if rows[place].change != "same"]

    for expected in differing[:3]:
        QTest.keyClick(tree, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        assert page.panel.rows.selected == [expected]
    QTest.keyClick(tree, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert page.panel.rows.selected == [differing[1]]
    assert page.side.page() == "summary"
    assert page.side.heading()[0] == rows[differing[1]].key
    page.panel.select_key(rows[differing[-1]].key)
    QTest.keyClick(tree, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert "no further difference" in window.status.currentMessage()
    settle(window)


def test_a_group_speaks_for_its_pairs(compare: Callable[..., DiffPage], save: Save, settle: Settle) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))

    assert page.panel.select_key("layers")
    assert len(page.side.places()) == 6
    page.panel.commands["whole"].trigger()
    assert page.side.page() == "overview"


# ---------------------------------------------------------------------------------------------- sides, tolerance, parts


def test_sides_are_swapped(window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle) -> None:
    page = compare(save("a.pt", weights(2)), save("b.pt", weights(3)))
    assert summary(page.comparison.rows)["added"] == 2

    press(page.panel, "⇄ Swap")
    settle(window)
    assert summary(page.comparison.rows)["removed"] == 2
    assert window.tabs._bar.tabText(2) == "b.pt ↔ a.pt"
    assert page.panel._sides.whole.startswith("A  b.pt")


def test_the_tolerance_decides_what_is_close(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=0.01)))
    assert summary(page.comparison.rows)["changed"] == 1
    control = page.panel.tolerance

    control.choice.setCurrentIndex(2)
    control.choice.activated.emit(2)
    control.atol.setText("0.1")
    control.atol.editingFinished.emit()
    settle(window)
    assert page.comparison.tolerance == Tolerance(None, 0.1)
    assert summary(page.comparison.rows)["close"] == 1
    control.atol.setText("much")
    control.atol.editingFinished.emit()
    assert control.atol.property("bad")
    control.choice.setCurrentIndex(1)
    control.choice.activated.emit(1)
    settle(window)
    assert page.comparison.tolerance == Tolerance(0.0, 0.0)
    assert summary(page.comparison.rows)["changed"] == 1


def test_only_a_part_and_then_the_whole(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(
        save("a.pt", {"model": weights(), "epoch": 1}), save("b.pt", {"model": weights(add=1.0), "epoch": 2})
    )
    page.panel.select_key("layers.2.weight")
    page.panel.select_key("layers")

    page.panel.commands["compare part"].trigger()
    settle(window)
    assert page.comparison.left_path == ("model", "layers")
    assert len(page.comparison.rows) == 6
    page.panel.commands["compare whole"].trigger()
    settle(window)
    assert page.comparison.left_path is None


def test_weights_against_their_average_in_one_file(window: Window, save: Save, settle: Settle) -> None:
    path = save("a.pt", {"model": weights(), "model_ema": weights(add=0.5)})

    window.compare(str(path), str(path), Wish(left_path=("model",), right_path=("model_ema",)))
    settle(window)
    page = page_of(window)
    assert summary(page.comparison.rows) | {"same": 5, "changed": 1} == summary(page.comparison.rows)
    assert len(window.files.all()) == 1


def test_a_row_is_shown_in_its_own_file(window: Window, compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights(2)), save("b.pt", weights(3)))
    page.panel.select_key("layers.2.weight")

    page.panel.commands["open left"].trigger()
    assert window.tabs.front() is page.comparison
    assert window.status.currentMessage() == "A has no tensor here"
    page.panel.commands["open right"].trigger()
    assert window.current() is page.comparison.right
    tree = window.tree()
    assert tree is not None
    assert tree.selected_paths() == [("layers.2.weight",)]
    assert window.details.isVisible()


def test_keys_are_copied(compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))
    page.panel.select_key("layers.2.weight")

    page.panel.commands["copy key"].trigger()
    assert QGuiApplication.clipboard().text() == "layers.2.weight"


# ------------------------------------------------------------------------------------------------ rules


def test_a_proposed_rule_is_accepted_and_taken_back(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights(prefix="module.")), save("b.pt", weights()))
    assert summary(page.comparison.rows)["added"] == 6
    bar = page.panel.pairing_bar
    assert bar.isVisible()

    press(bar, "Accept")
    settle(window)
    assert summary(page.comparison.rows)["same"] == 6
    assert page.comparison.pairing is not None
    assert [rule.text for rule, _matched in page.comparison.pairing.renames] == [r"^module\. =>"]
    press(bar, "Remove")
    settle(window)
    assert summary(page.comparison.rows)["same"] == 0


def test_a_rule_is_typed_and_a_bad_one_told(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights(prefix="net_")), save("b.pt", weights()))
    bar = page.panel.pairing_bar
    page.panel.commands["rules"].trigger()
    assert bar.edit is not None
    assert bar._reason is not None

    bar.edit.setText("(net_ =>")
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    assert bar._reason.isVisible()
    assert "(net_" in bar._reason.text()
    bar.edit.setText("^net_ =>")
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    settle(window)
    assert summary(page.comparison.rows)["same"] == 6


def test_a_refused_rule_does_not_come_back(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights(prefix="module.")), save("b.pt", weights()))
    bar = page.panel.pairing_bar
    before = [one.rule.text for one in page.comparison.proposals]

    press(bar, f"Refuse the rule {before[0]}")
    page.comparison.start()
    settle(window)
    names = [button.accessibleName() for button in bar.findChildren(QPushButton) if button.isVisible()]
    assert f"Accept the rule {before[0]}" not in names


def test_equal_bytes_under_another_name_are_proposed(compare: Callable[..., DiffPage], save: Save) -> None:
    torch.manual_seed(0)
    left = {f"old.{number}.alpha": torch.randn(3, 3) for number in range(4)}
    right = {f"young.{3 - number}.beta": left[f"old.{number}.alpha"] for number in range(4)}
    page = compare(save("a.pt", left), save("b.pt", right))

    assert page.comparison.proposals


# ------------------------------------------------------------------------------------------------ how it is asked for


def test_two_files_dropped_together_may_be_compared(window: Window, save: Save, settle: Settle) -> None:
    paths = [str(save("a.pt", weights())), str(save("b.pt", weights(add=1.0)))]
    window.drop.dropped.emit(paths)
    settle(window)
    assert window.current() is not None

    press(window.notices, "Compare them")
    settle(window)
    assert shown(page_of(window)) == ["layers.2.weight"]


def test_compare_lists_the_other_files(window: Window, save: Save, settle: Settle) -> None:
    window.open([str(save("a.pt", weights())), str(save("b.pt", weights(add=1.0)))])
    settle(window)

    file = window.files.at(str(save("a.pt", weights())))
    assert file is not None
    menu = window.requests.menu(file)
    entries = {action.text(): action for action in menu.actions()}
    assert next(iter(entries)) == "&1  b.pt"
    assert "&Another file…" in entries
    entries["&1  b.pt"].trigger()
    menu.deleteLater()
    settle(window)
    assert page_of(window).comparison.left.name == "a.pt"


def test_a_file_that_is_looked_for_is_opened_too(window: Window, save: Save, settle: Settle) -> None:
    window.open([str(save("a.pt", weights()))])
    settle(window)
    file = window.current()
    assert file is not None

    window.requests.compare_with_path(file, str(save("b.pt", weights(add=1.0))))
    settle(window)
    assert page_of(window).comparison.right.name == "b.pt"


def test_the_menu_of_a_tab(window: Window, compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))

    menu = window.requests.tab_menu(page.comparison)
    assert [action.text() for action in menu.actions()] == ["&Swap sides", "&Reload both files", "C&lose"]
    menu.actions()[2].trigger()
    menu.deleteLater()
    assert window.comparisons.all() == ()
    assert len(window.files.all()) == 2


def test_the_same_comparison_is_opened_once(window: Window, compare: Callable[..., DiffPage], save: Save) -> None:
    left, right = save("a.pt", weights()), save("b.pt", weights(add=1.0))

    assert compare(left, right) is compare(left, right)
    assert len(window.comparisons.all()) == 1


def test_commands_of_the_comparison_are_in_menu_and_palette(window: Window, settle: Settle) -> None:
    window.open_sample()
    settle(window)

    words = {action.text() for action in window.all_commands()}
    assert {"Next difference", "Swap sides", "Show in A"} <= words


# -------------------------------------------------------------------------------------------- files that change or fail


def test_a_file_that_changed_is_compared_again(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))
    page.panel.select_key("layers.2.weight")
    save("b.pt", weights())
    window.files.check_disk()
    settle(window)
    assert "b.pt has changed on disk." in window.notices.sentences()

    window.commands.named["reload"].trigger()
    settle(window)
    assert summary(page.comparison.rows)["same"] == 6
    assert window.notices.sentences() == []


def test_a_file_replaced_under_our_hands_is_told_in_its_rows(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))
    save("b.pt", {"x": torch.ones(9)})

    page.comparison.compare_again()
    settle(window)
    assert summary(page.comparison.rows)["problem"] == 6
    assert all("changed" in row.problem for row in page.comparison.rows)


def test_a_side_that_cannot_be_read_is_a_sentence(window: Window, save: Save, tmp_path: Path, settle: Settle) -> None:
    bad = tmp_path / "page.pt"
    bad.write_text("<!DOCTYPE html><html></html>")

    window.compare(str(save("a.pt", weights())), str(bad))
    settle(window)
    page = page_of(window)
    assert "nothing to compare" in page.panel.rows._words.text()
    save("page.pt", weights())
    window.commands.named["reload"].trigger()
    settle(window)
    assert "All 6 tensors are the same" in page.panel.rows._words.text()


def test_a_truncated_side_shows_what_stands(compare: Callable[..., DiffPage], save: Save) -> None:
    big = {f"t{number}": torch.full((2000,), float(number)) for number in range(6)}
    left, right = save("a.pt", big), save("b.pt", big)
    data = right.read_bytes()
    right.write_bytes(data[: len(data) // 2])

    counts = summary(compare(left, right).comparison.rows)
    assert counts["problem"] > 0
    assert counts["same"] + counts["problem"] == 6


def test_the_same_file_twice_is_a_sentence(window: Window, save: Save, settle: Settle) -> None:
    path = save("a.pt", weights())

    window.compare(str(path), str(path))
    settle(window)
    assert "the same file" in page_of(window).panel.rows._words.text()


def test_nothing_in_common_is_said(compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", {"p": torch.ones(3)}), save("b.pt", {"q": torch.ones(5, 5)}))

    assert page.panel.pairing_bar.isVisible()
    said = " ".join(label.text() for label in page.panel.pairing_bar.findChildren(QLabel))
    assert "no names in common" in said


def test_a_part_that_is_not_there_is_a_sentence(window: Window, compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights()), left_path=("nowhere",))

    assert "nowhere" in page.comparison.error
    assert page.comparison.error in window.notices.sentences()


def test_stopping_keeps_what_is_known(
    window: Window, compare: Callable[..., DiffPage], save: Save, settle: Settle
) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))
    page.comparison.compare_again()
    job = page.comparison._job
    assert job is not None

    job.cancel()
    settle(window)
    assert not page.comparison.running
    assert page.panel._story.whole
    page.panel.commands["again"].trigger()
    settle(window)
    assert page.comparison.done
    assert summary(page.comparison.rows)["changed"] == 1


def test_closing_a_file_closes_its_comparisons(window: Window, compare: Callable[..., DiffPage], save: Save) -> None:
    page = compare(save("a.pt", weights()), save("b.pt", weights(add=1.0)))

    window.files.close(page.comparison.left)
    assert window.comparisons.all() == ()
    assert [file.name for file in window.files.all()] == ["b.pt"]


def test_closing_while_it_compares(window: Window, save: Save, qtbot: QtBot, settle: Settle) -> None:
    window.compare(str(save("a.pt", weights(200))), str(save("b.pt", weights(200, add=1.0))))
    qtbot.waitUntil(lambda: page_of(window).comparison.running, timeout=20_000)

    window.commands.named["close tab"].trigger()
    settle(window)
    assert window.comparisons.all() == ()


# ------------------------------------------------------------------------------------------------ loading


def test_loading_advice_is_copied(window: Window, compare: Callable[..., DiffPage], save: Save, qtbot: QtBot) -> None:
    page = compare(save("a.pt", weights(2)), save("b.pt", weights(3)))
    panel = page.side.front()

    press(panel, "Copy: What torch would say")
    assert "Missing key(s) in state_dict" in QGuiApplication.clipboard().text()
    press(panel, "Copy: Python that loads it")
    assert "load_state_dict" in QGuiApplication.clipboard().text()
    assert window.status.currentMessage() == "Copied: Python that loads it"
