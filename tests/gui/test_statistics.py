"""Statistics in the window: columns, filter, Summary and the page Layers, on real files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTextBrowser
from pytestqt.qtbot import QtBot

from ckpt_gui.core.outline import COLUMNS
from ckpt_gui.gui import scanning, theme
from ckpt_gui.gui.layers_panel import LayersPanel
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

LAYERS = 12


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Twelve layers, of which one is far too large, one is zero and one holds a NaN."""
    torch.manual_seed(1)
    state = {"embed.weight": torch.randn(16, 8)}
    for layer in range(LAYERS):
        for part in ("attn", "mlp"):
            state[f"h.{layer}.{part}.weight"] = torch.randn(64, 32)
            state[f"h.{layer}.{part}.bias"] = torch.randn(32)
    state["h.7.mlp.weight"] *= 40
    state["h.3.attn.weight"] *= 0
    state["h.5.attn.bias"][4] = float("nan")
    path = tmp_path / "broken.pt"
    torch.save({"state_dict": state, "epoch": 2}, path)
    os.utime(path, (1_700_000_000, 1_700_000_000.5))
    return path


@pytest.fixture
def shown(window: Window, broken: Path, settle: Settle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Window:
    monkeypatch.setenv("CKPT_GUI_CACHE", str(tmp_path / "cache"))
    window.open([str(broken)])
    settle(window)
    return window


def place(key: str) -> int:
    return [column.key for column in COLUMNS].index(key)


def show_columns(window: Window, *keys: str) -> None:
    tree = window.tree()
    assert tree is not None
    for key in keys:
        tree.rows.tree.columns.header.setSectionHidden(place(key), False)


def calm(window: Window, qtbot: QtBot) -> None:
    """Wait until columns and filter have nothing more to come."""
    tree = window.tree()
    assert tree is not None
    qtbot.waitUntil(lambda: not window.jobs.tasks and not tree.busy(), timeout=20_000)
    QApplication.processEvents()


def cell(window: Window, path: str, key: str) -> str:
    tree = window.tree()
    assert tree is not None
    assert tree.rows.facts is not None
    node = tree.rows.facts.find(("state_dict", path)) if path else tree.rows.facts.find(("state_dict",))
    assert node is not None
    return tree.rows.outline.text(node, place(key))


def test_columns_fill_in_with_what_torch_says(shown: Window, broken: Path, qtbot: QtBot) -> None:
    show_columns(shown, "min", "max", "mean", "std", "l2", "zeros", "nan")
    calm(shown, qtbot)
    state = torch.load(broken, weights_only=True)["state_dict"]

    for name in ("embed.weight", "h.7.mlp.weight"):
        value = state[name].double()
        assert cell(shown, name, "min") == f"{value.min().item():.4g}"
        assert cell(shown, name, "std") == f"{value.std(correction=0).item():.4g}"
        assert cell(shown, name, "l2") == f"{value.norm().item():.4g}"
    assert cell(shown, "h.3.attn.weight", "zeros") == "100"
    assert cell(shown, "h.5.attn.bias", "nan") == "1"
    assert cell(shown, "", "nan") == "1"
    everything = torch.cat([value.flatten() for value in state.values()]).double()
    assert cell(shown, "", "max") == f"{everything.nan_to_num(0).max().item():.4g}"


def test_nothing_is_computed_before_it_is_wanted(shown: Window) -> None:
    assert cell(shown, "embed.weight", "std") == "—"
    file = shown.current()
    assert file is not None
    assert not any(shown.scanning.snapshot(file).done)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("nan:>0", {"h.5.attn.bias"}), ("std:<1e-6", {"h.3.attn.weight"}), ("zeros:100", {"h.3.attn.weight"}),
     ("absent !nan:0", set()), ("max:>50", {"h.7.mlp.weight"})],
)  # fmt: skip
def test_a_filter_by_values_has_them_computed(shown: Window, qtbot: QtBot, query: str, expected: set[str]) -> None:
    tree = shown.tree()
    assert tree is not None
    tree.set_filter(query)
    calm(shown, qtbot)

    assert tree.rows.kept is not None
    assert tree.rows.facts is not None
    checkpoint = tree.rows.facts.checkpoint
    kept = {checkpoint.path_of(checkpoint.tensors.node[tensor])[-1] for tensor in range(checkpoint.rows)
            if tree.rows.kept[checkpoint.tensors.node[tensor]]}  # fmt: skip
    assert kept == expected
    assert not tree.filter.reason.isVisible()


def test_rows_take_their_order_once_all_is_known(shown: Window, qtbot: QtBot) -> None:
    tree = shown.tree()
    assert tree is not None
    tree.commands["flat"].trigger()
    tree.rows.order_by(place("std"))
    calm(shown, qtbot)

    outline = tree.rows.outline
    names = [outline.facts.path(row) for row in outline.rows(-1)]
    assert names[0] == "state_dict/h.7.mlp.weight"
    assert names[-1] == "state_dict/h.3.attn.weight"


def test_a_second_window_reads_no_values(
    shown: Window, broken: Path, qtbot: QtBot, make_window: Any, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_columns(shown, "std")
    calm(shown, qtbot)
    before = cell(shown, "h.7.mlp.weight", "std")
    again = make_window()
    again.open([str(broken)])
    settle(again)
    monkeypatch.setattr("ckpt_gui.core.stats.fill.scan", forbidden)
    show_columns(again, "std")
    calm(again, qtbot)

    assert cell(again, "h.7.mlp.weight", "std") == before


def forbidden(*_args: object, **_more: object) -> list[object]:
    raise AssertionError("values are read although they are in the cache")


def test_of_a_large_file_only_the_screen_is_read_unasked(
    shown: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "UNASKED_NBYTES", 20_000)
    show_columns(shown, "std")
    calm(shown, qtbot)
    file, tree = shown.current(), shown.tree()
    assert file is not None
    assert tree is not None
    assert 0 < shown.scanning.snapshot(file).done.count(1) < len(shown.scanning.snapshot(file).done)

    tree.commands["compute"].trigger()
    calm(shown, qtbot)
    assert all(shown.scanning.snapshot(file).done)


def test_what_was_stopped_stays_stopped_until_asked(shown: Window, qtbot: QtBot) -> None:
    file, tree = shown.current(), shown.tree()
    assert file is not None
    assert tree is not None
    shown.scanning.want_all(file)
    shown.jobs.tasks[-1].cancel()
    calm(shown, qtbot)
    shown.scanning.want_all(file)
    assert not shown.scanning.running(file)

    tree.commands["compute"].trigger()
    calm(shown, qtbot)
    assert all(shown.scanning.snapshot(file).done)


def test_a_replaced_file_has_its_sentence_and_the_window_stays(shown: Window, broken: Path, qtbot: QtBot) -> None:
    broken.write_bytes(broken.read_bytes()[:4000])
    show_columns(shown, "std")
    calm(shown, qtbot)
    file = shown.current()
    assert file is not None

    assert shown.scanning.why_not(file, 1)
    assert cell(shown, "embed.weight", "std") == "—"


def test_a_reload_begins_anew(shown: Window, broken: Path, settle: Settle, qtbot: QtBot) -> None:
    show_columns(shown, "max")
    calm(shown, qtbot)
    state = torch.load(broken, weights_only=True)
    state["state_dict"]["embed.weight"].fill_(1234)
    torch.save(state, broken)
    file = shown.current()
    assert file is not None
    shown.files.reload(file)
    settle(shown)
    calm(shown, qtbot)

    assert cell(shown, "embed.weight", "max") == "1234"


def summary(window: Window) -> QTextBrowser:
    found = window.details.panel("summary").findChild(QTextBrowser)
    assert found is not None
    return found


def summary_text(window: Window) -> str:
    return summary(window).toPlainText()


def test_the_summary_tells_a_tensors_statistics(shown: Window, broken: Path, settle: Settle, qtbot: QtBot) -> None:
    tree = shown.tree()
    assert tree is not None
    tree.select_path(("state_dict", "h.5.attn.bias"))
    shown.details.choose("summary")
    calm(shown, qtbot)
    words = summary_text(shown)

    value = torch.load(broken, weights_only=True)["state_dict"]["h.5.attn.bias"].double()
    finite = value[value.isfinite()]
    assert "Statistics" in words
    assert f"{finite.mean().item():.6g}".replace("-", "−") in words
    assert "first at [4]" in words


def test_the_first_nan_is_a_link_to_its_place_among_the_values(shown: Window, qtbot: QtBot) -> None:
    tree = shown.tree()
    assert tree is not None
    tree.select_path(("state_dict", "h.5.attn.bias"))
    shown.details.choose("summary")
    calm(shown, qtbot)
    node = tree.rows.nodes[0]
    summary(shown).anchorClicked.emit(QUrl(f"#{node}@4"))
    calm(shown, qtbot)

    assert shown.details.page() == "values"
    values: Any = shown.details.panel("values")
    assert values.model.layout.at(*values.grid.current()) == (4,)


def test_the_summary_sums_up_a_group(shown: Window, qtbot: QtBot) -> None:
    tree = shown.tree()
    assert tree is not None
    tree.select_path(("state_dict",))
    shown.details.choose("summary")
    calm(shown, qtbot)

    assert f"Statistics of all {4 * LAYERS + 1} tensors together" in summary_text(shown)


# ---------------------------------------------------------------------------------------------------- layers


@pytest.fixture
def panel(shown: Window, qtbot: QtBot) -> LayersPanel:
    shown.details.choose("layers")
    calm(shown, qtbot)
    made = shown.details.panel("layers")
    assert isinstance(made, LayersPanel)
    return made


def name_at(panel: LayersPanel, at: int) -> str:
    assert panel.plot.picture is not None
    point = panel.plot.picture.points[at]
    return panel.plot.picture.depth.stops[point.stop].name


def test_broken_layers_stand_out_in_picture_and_words(panel: LayersPanel) -> None:
    shown = panel.plot.picture
    assert shown is not None
    assert {(name_at(panel, at), shown.kinds[shown.numbers[at]]) for at in shown.outliers} == {
        ("h.7", "mlp.weight"),
        ("h.3", "attn.weight"),
    }
    assert [name_at(panel, at) for at in shown.broken] == ["h.5"]
    words = panel.outliers.toPlainText()
    assert "3 tensors stand out" in words
    assert words.index("h.5.attn.bias") < words.index("h.7.mlp.weight")
    assert "h.7.mlp.weight" in panel.plot.accessibleDescription()


def test_a_click_on_a_point_goes_to_its_tensor(panel: LayersPanel, shown: Window, qtbot: QtBot) -> None:
    picture = panel.plot.picture
    assert picture is not None
    wanted = picture.outliers[0]
    scene = panel.plot._box.mapViewToScene(
        panel.plot.mapToScene(0, 0).__class__(picture.xs[wanted], picture.ys[wanted])
    )
    at: QPoint = panel.plot.mapFromScene(scene)
    QTest.mouseMove(panel.plot.viewport(), at)
    QTest.mouseClick(panel.plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    calm(shown, qtbot)

    tree, file = shown.tree(), shown.current()
    assert tree is not None
    assert file is not None
    assert file.opened is not None
    assert tree.rows.nodes == [file.opened.checkpoint.tensors.node[picture.points[wanted].tensor]]
    assert shown.details.page() == "layers"


def test_everything_can_be_reached_by_keys(panel: LayersPanel, shown: Window, qtbot: QtBot) -> None:
    panel.plot.setFocus()
    QTest.keyClick(panel.plot, Qt.Key.Key_Right)
    QTest.keyClick(panel.plot, Qt.Key.Key_Right)
    first = name_at(panel, panel.plot.place)
    QTest.keyClick(panel.plot, Qt.Key.Key_Down)
    assert (first, name_at(panel, panel.plot.place)) == ("h.1", "h.1")
    assert "h.1" in panel._read_out.whole

    with qtbot.waitSignal(panel.node_wanted):
        QTest.keyClick(panel.plot, Qt.Key.Key_Return)


def test_kinds_can_be_switched_off(panel: LayersPanel) -> None:
    before = [trace.kind for trace in panel.plot.picture.traces] if panel.plot.picture else []
    item = panel.legend.item(0)
    assert item.text() in before
    item.setCheckState(Qt.CheckState.Unchecked)
    after = [trace.kind for trace in panel.plot.picture.traces] if panel.plot.picture else []

    assert after == [kind for kind in before if kind != item.text()]


@pytest.mark.parametrize("statistic", ["mean", "l2", "absmax", "zeros", "nonfinite", "range"])
def test_every_statistic_is_drawn(panel: LayersPanel, shown: Window, qtbot: QtBot, statistic: str) -> None:
    panel.statistic.setCurrentIndex(panel.statistic.findData(statistic))
    calm(shown, qtbot)

    assert panel.plot.picture is not None
    assert len(panel.plot.picture.points) >= 4 * LAYERS
    assert panel.statistic.currentText() in panel.plot.accessibleDescription()


def test_a_picked_part_is_shown_alone_and_a_tensor_is_marked(panel: LayersPanel, shown: Window, qtbot: QtBot) -> None:
    tree = shown.tree()
    assert tree is not None
    tree.select_path(("state_dict", "h.2.mlp.bias"))
    calm(shown, qtbot)
    assert panel.plot.picture is not None
    assert len(panel.plot.picture.depth.stops) == LAYERS + 1

    file = shown.current()
    assert file is not None
    assert file.opened is not None
    checkpoint = file.opened.checkpoint
    group = next(node for node in range(len(checkpoint.nodes)) if checkpoint.texts[checkpoint.nodes.label[node]] == "h")
    panel.show_picked(file, [group])
    calm(shown, qtbot)
    assert [stop.name for stop in panel.plot.picture.depth.stops] == [f"h.{layer}" for layer in range(LAYERS)]


def test_the_picture_follows_the_theme(panel: LayersPanel, qapp: QApplication) -> None:
    before = panel.plot.grab().toImage().pixelColor(200, 200).lightness()
    palette, sheet = qapp.palette(), qapp.styleSheet()
    try:
        qapp.setPalette(theme.palette(theme.DARK))
        qapp.setStyleSheet(theme.sheet(theme.DARK))
        QApplication.processEvents()
        after = panel.plot.grab().toImage().pixelColor(200, 200).lightness()
    finally:
        qapp.setPalette(palette)
        qapp.setStyleSheet(sheet)

    assert before > 200
    assert after < 90


def test_a_file_without_tensors_is_no_trouble(window: Window, tmp_path: Path, settle: Settle, qtbot: QtBot) -> None:
    path = tmp_path / "none.pt"
    torch.save({"epoch": 1}, path)
    window.open([str(path)], tab="layers")
    settle(window)
    calm(window, qtbot)

    assert "No layer stands out" in window.details.panel("layers").outliers.toPlainText()  # type: ignore[attr-defined]
