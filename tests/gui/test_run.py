"""The run view: real files, real reading processes, real clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ckpt_gui.gui import theme
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.following import Following, work
from ckpt_gui.gui.plots import series
from ckpt_gui.gui.run_page import RunPage
from ckpt_gui.gui.run_panel import RunPanel
from ckpt_gui.gui.tree_panel import TreePanel
from ckpt_gui.gui.window import Window
from tests.core.trend.runs import training
from tests.gui.conftest import Settle


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("CKPT_GUI_CACHE", str(tmp_path / "cache"))
    return training(tmp_path / "run", nan_from=4)


class Shown:
    """A run in a window, with what tests ask for again and again."""

    def __init__(self, window: Window, settle: Callable[[Window], None]) -> None:
        self.window, self._settle = window, settle
        front = window.tabs.front()
        assert isinstance(front, Following)
        self.following = front

    @property
    def page(self) -> RunPage:
        return self.window.runs.page(self.following)

    @property
    def panel(self) -> RunPanel:
        assert self.page.panel is not None
        return self.page.panel

    @property
    def tree(self) -> TreePanel:
        assert self.page.tree is not None
        return self.page.tree

    def settle(self) -> None:
        self._settle(self.window)

    def pick(self, *paths: tuple[str, ...]) -> None:
        facts = self.tree.rows.facts
        assert facts is not None
        nodes = [facts.find(path) for path in paths]
        self.tree.rows.select([node for node in nodes if node is not None])
        self.settle()

    def choose(self, statistic: str) -> None:
        box = self.panel.chart.statistic
        box.setCurrentIndex(box.findData(statistic))
        self.settle()

    def lines(self) -> dict[str, tuple[Any, ...]]:
        return {line.subject.name: line.values for line in self.panel.chart.lines}


@pytest.fixture
def shown(window: Window, paths: list[Path], settle: Settle) -> Shown:
    window.follow([str(paths[0].parent)])
    settle(window)
    return Shown(window, settle)


def l2(paths: list[Path], name: str) -> list[float]:
    return [float(torch.load(path, weights_only=True)["state_dict"][name].double().norm()) for path in paths]


def test_a_folder_becomes_a_run(shown: Shown, paths: list[Path]) -> None:
    run = shown.following.run
    assert run is not None
    assert [stop.label for stop in run.stops] == ["10", "20", "30", "40", "50", "60"]
    assert shown.panel._title.whole == "6 files in order by the step written in the files, step 10 to 60."
    assert not shown.window.details.isVisible()
    assert shown.page.facts() == "6 checkpoints · 24 tensors"
    assert len(shown.lines()) == 6  # the weights, each of them


def test_lines_are_what_torch_computes(shown: Shown, paths: list[Path]) -> None:
    shown.pick(("state_dict", "0.weight"))
    values = shown.lines()["state_dict/0.weight"]
    expected = l2(paths, "0.weight")
    assert values[:4] == pytest.approx(expected[:4])
    assert values[4:] == (None, None)
    picture = shown.panel.chart.plot.picture
    assert picture is not None
    assert picture.traces[0].broken == (4, 5)


def test_several_rows_are_a_line_each_and_a_group_its_parts_or_one(shown: Shown) -> None:
    shown.pick(("state_dict", "0.weight"), ("state_dict", "4.bias"))
    assert list(shown.lines()) == ["state_dict/0.weight", "state_dict/4.bias"]
    shown.pick(("optimizer", "state"))
    assert len(shown.lines()) > 5
    shown.panel.chart.as_one.click()
    shown.settle()
    assert list(shown.lines()) == ["optimizer/state"]
    assert shown.panel.chart.lines[0].members[0] == 18


def test_what_holds_no_tensor_says_so(shown: Shown) -> None:
    shown.pick(("epoch",))
    assert shown.lines() == {}
    assert shown.panel.chart.plot.picture is None
    assert "no tensor" in shown.panel.chart._state.whole


def test_change_from_step_to_step(shown: Shown, paths: list[Path]) -> None:
    shown.pick(("state_dict", "0.weight"))
    shown.choose("change")
    one, other = (torch.load(path, weights_only=True)["state_dict"]["0.weight"].double() for path in paths[:2])
    values = shown.lines()["state_dict/0.weight"]
    assert values[0] is None
    assert values[1] == pytest.approx(float((other - one).norm() / one.norm()))


def test_the_latest_choice_wins(shown: Shown) -> None:
    shown.pick(("state_dict", "0.weight"))
    box = shown.panel.chart.statistic
    for name in ("min", "max", "mean"):
        box.setCurrentIndex(box.findData(name))
    shown.settle()
    assert shown.panel.chart._statistic == "mean"


def test_the_slider_chooses_the_step(shown: Shown) -> None:
    shown.pick(("state_dict", "0.weight"))
    distribution = shown.panel.distribution
    assert distribution.stop == 5
    assert "no finite value" in distribution._line.whole
    distribution.slider.setFocus()
    QTest.keyClick(distribution.slider, Qt.Key.Key_Home)
    assert distribution._line.whole.startswith("step 10: mean ")
    assert not distribution.compare.isEnabled()
    assert "Histograms of state_dict/0.weight at 6 steps" in distribution.plot.accessibleDescription()
    QTest.keyClick(distribution.slider, Qt.Key.Key_Right)
    assert distribution.compare.isEnabled()
    assert shown.panel.chart.plot._stop == 1


def test_another_axis_of_the_histograms(shown: Shown) -> None:
    shown.pick(("state_dict", "0.weight"))
    for name in ("linear", "symlog", "log"):
        axis = shown.panel.distribution.axis
        axis.setCurrentIndex(axis.findData(name))
        shown.settle()
        ridges = shown.panel.distribution.plot.ridges
        assert ridges is not None
        assert ridges.found.scale.axis == name


def test_the_current_line_of_the_legend_has_its_histograms_below(shown: Shown) -> None:
    legend = shown.panel.chart.legend
    legend.setCurrentRow(2)
    shown.settle()
    assert shown.panel.distribution._name.whole == f"Histograms of {shown.panel.chart.subjects[2].name}"


def test_a_line_is_switched_off_and_on(shown: Shown) -> None:
    legend, plot = shown.panel.chart.legend, shown.panel.chart.plot
    legend.setFocus()
    legend.setCurrentRow(0)
    QTest.keyClick(legend, Qt.Key.Key_Space)
    assert plot.picture is not None
    assert [trace.number for trace in plot.picture.traces] == [1, 2, 3, 4, 5]
    QTest.keyClick(legend, Qt.Key.Key_Space)
    assert plot.picture is not None
    assert len(plot.picture.traces) == 6


def test_the_first_nan_and_the_way_to_the_two_files(shown: Shown, paths: list[Path]) -> None:
    QTest.mouseClick(shown.panel.find_nan, Qt.MouseButton.LeftButton)
    shown.settle()
    line = shown.panel.nan_line
    assert line.isVisible()
    assert line.answer.startswith("NaN first at step 40: state_dict/2.weight (1, the first at [3, 5]).")
    assert shown.panel.distribution.stop == 3
    assert shown.panel.distribution._name.whole == "Histograms of state_dict/2.weight"
    assert line.compare.text() == "Compare step 30 with step 40"

    QTest.mouseClick(line.compare, Qt.MouseButton.LeftButton)
    shown.settle()
    front = shown.window.tabs.front()
    assert isinstance(front, Comparison)
    assert [Path(front.left.path), Path(front.right.path)] == paths[2:4]


def test_no_nan_among_what_is_picked(shown: Shown) -> None:
    shown.pick(("optimizer", "state", 0, "step"))  # type: ignore[arg-type]
    shown.panel.find_action.trigger()
    shown.settle()
    assert shown.panel.nan_line.answer.startswith("No NaN at step 60.")
    assert not shown.panel.nan_line.compare.isVisible()
    assert shown.panel.find_nan.isEnabled()


def test_the_chart_by_keyboard(shown: Shown) -> None:
    shown.pick(("state_dict", "0.weight"), ("state_dict", "4.bias"))
    plot, chart = shown.panel.chart.plot, shown.panel.chart
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert chart._read_out.whole.startswith("state_dict/0.weight at step 10: l2 norm ")
    QTest.keyClick(plot, Qt.Key.Key_Down)
    assert chart._read_out.whole.startswith("state_dict/4.bias at step 10")
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Return)
    shown.settle()
    assert shown.panel.distribution.stop == 1
    assert chart.legend.currentRow() == 1
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert chart._read_out.whole == ""


def test_the_chart_by_mouse(shown: Shown) -> None:
    shown.pick(("state_dict", "0.weight"))
    plot = shown.panel.chart.plot
    picture = plot.picture
    assert picture is not None
    scene = plot._box.mapViewToScene(QPointF(1, float(picture.traces[0].ys[1])))
    at: QPoint = plot.mapFromScene(scene)
    QTest.mouseMove(plot.viewport(), at)
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    shown.settle()
    assert shown.panel.distribution.stop == 1


def test_much_is_read_only_when_asked(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "UNASKED_NBYTES", 100)
    shown.pick(("state_dict", "0.weight"))
    chart, distribution = shown.panel.chart, shown.panel.distribution
    assert chart.ask.isVisible()
    assert chart.ask.text() == "Compute (reads 3.00 KiB)"
    assert shown.lines() == {}
    QTest.mouseClick(chart.ask, Qt.MouseButton.LeftButton)
    shown.settle()
    assert list(shown.lines()) == ["state_dict/0.weight"]
    assert not chart.ask.isVisible()
    assert distribution.plot.ridges is None
    QTest.mouseClick(distribution.ask, Qt.MouseButton.LeftButton)
    shown.settle()
    assert distribution.plot.ridges is not None


def test_a_question_can_be_stopped(shown: Shown) -> None:
    shown.following.follow(shown.panel.chart.subjects, "max")
    for task in shown.window.jobs.tasks:
        task.cancel()
    shown.settle()
    assert shown.panel.chart._state.whole == "Stopped; another choice asks again."
    shown.choose("min")
    assert shown.panel.chart._statistic == "min"


def test_a_file_that_cannot_be_opened_is_told(window: Window, paths: list[Path], settle: Settle) -> None:
    paths[1].write_bytes(b"nothing")
    window.follow(list(map(str, paths)))
    settle(window)
    shown = Shown(window, settle)
    assert "1 file cannot be opened" in shown.panel._title.whole
    assert paths[1].name in shown.panel._notes.whole
    assert shown.panel._notes.isVisible()
    assert all(values[5] is None for values in shown.lines().values())


def test_nothing_to_follow_is_a_sentence_and_reload_tries_again(window: Window, tmp_path: Path, settle: Settle) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    window.follow([str(folder)])
    settle(window)
    front = window.tabs.front()
    assert isinstance(front, Following)
    assert "holds no checkpoint" in window.runs.page(front).words
    training(folder, 3)
    window.commands.named["reload"].trigger()
    settle(window)
    assert front.run is not None
    assert window.runs.page(front).words == ""


def test_reload_sees_a_step_more(window: Window, tmp_path: Path, settle: Settle) -> None:
    paths = training(tmp_path / "run", 4)
    last = paths[-1].read_bytes()
    paths[-1].unlink()
    window.follow([str(tmp_path / "run")])
    settle(window)
    shown = Shown(window, settle)
    paths[-1].write_bytes(last)
    window.commands.named["reload"].trigger()
    settle(window)
    assert shown.following.run is not None
    assert len(shown.following.run.stops) == 4
    assert all(len(values) == 4 for values in shown.lines().values())


def test_closing_while_it_is_read_leaves_nothing_behind(window: Window, paths: list[Path], settle: Settle) -> None:
    window.follow(list(map(str, paths)))
    front = window.tabs.front()
    assert isinstance(front, Following)
    window.commands.named["close tab"].trigger()
    settle(window)
    assert window.tabs.front() is None
    assert window.runs.all() == ()


def test_stopping_the_reading_says_so(window: Window, paths: list[Path], settle: Settle, qtbot: QtBot) -> None:
    window.follow(list(map(str, paths)))
    front = window.tabs.front()
    assert isinstance(front, Following)
    qtbot.waitUntil(lambda: front.busy, timeout=20_000)
    for task in window.jobs.tasks:
        task.cancel()
    settle(window)
    assert "was stopped" in window.runs.page(front).words


def test_the_same_run_is_opened_once(shown: Shown, paths: list[Path]) -> None:
    shown.window.follow([str(paths[0].parent)])
    assert len(shown.window.runs.all()) == 1


def test_files_dropped_together_may_be_a_run(window: Window, paths: list[Path], settle: Settle) -> None:
    window.drop.dropped.emit([str(path) for path in paths[:3]])
    settle(window)
    button = next(one for one in window.findChildren(QPushButton) if one.text() == "Follow them as a run")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(window)
    assert isinstance(window.tabs.front(), Following)
    menu = window.runs.menu()
    assert next(action.text() for action in menu.actions()) == "The 3 files that are &open"
    menu.deleteLater()


def test_the_tree_has_its_filter_and_its_statistics(shown: Shown, qtbot: QtBot) -> None:
    shown.window.commands.named["filter"].trigger()
    assert shown.tree.filter.edit.hasFocus()
    shown.tree.set_filter("nan:>0 role:weights")
    qtbot.waitUntil(lambda: not shown.window.jobs.tasks and not shown.tree.busy(), timeout=20_000)
    assert shown.tree.filter.counts.whole.startswith("6 of 24 tensors")
    assert not shown.tree.commands["compare"].isEnabled()


def test_the_keyboard_goes_to_the_other_side_and_back(shown: Shown) -> None:
    shown.tree.setFocus()
    shown.window.commands.named["other side"].trigger()
    assert shown.panel.isAncestorOf(QApplication.focusWidget() or shown.window)
    shown.window.commands.named["other side"].trigger()
    assert shown.tree.isAncestorOf(QApplication.focusWidget() or shown.window)


def test_everything_that_takes_the_keyboard_has_a_name(shown: Shown) -> None:
    nameless = [
        widget for widget in shown.panel.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible()
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]  # fmt: skip
    assert [widget for widget in nameless if not isinstance(widget.parent(), QAbstractScrollArea)] == []  # viewports
    assert shown.panel.chart.plot.accessibleDescription().startswith("L2 norm of 6 lines over 6 files.")


def test_dark_and_back(shown: Shown, dressed: QApplication) -> None:
    try:
        dressed.setPalette(theme.palette(theme.DARK))
        dressed.setStyleSheet(theme.sheet(theme.DARK))
        QApplication.processEvents()
        image = shown.panel.chart.plot.grab().toImage()
        assert image.pixelColor(image.width() // 2, image.height() // 3).lightness() < 120
        curve = next(item for item in shown.panel.chart.plot._drawn if type(item).__name__ == "PlotCurveItem")
        assert curve.opts["pen"].color() == series.colour(theme.DARK, 0)
    finally:
        dressed.setPalette(theme.palette(theme.LIGHT))
        dressed.setStyleSheet(theme.sheet(theme.LIGHT))
        QApplication.processEvents()
