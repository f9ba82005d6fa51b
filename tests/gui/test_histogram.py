"""The Histogram page, in a real window on real files."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from ckpt_gui.gui import theme
from ckpt_gui.gui.flow import Flow
from ckpt_gui.gui.histogram_controls.options import Options, keep, remembered
from ckpt_gui.gui.histogram_panel import HistogramPanel, saving
from ckpt_gui.gui.settings import Settings
from ckpt_gui.gui.window import Window
from tests.gui.conftest import MakeWindow, Settle


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Tensors of every mood."""
    path = tmp_path / "weights.pt"
    torch.save(
        {
            "layers.0.w": normal(60, 50), "layers.1.w": normal(40, 50, seed=1) * 2,
            "big": normal(1000, 300), "ints": torch.arange(20) % 5, "one": torch.tensor(3.5),
            "nan": torch.full((4,), float("nan")), "empty": torch.zeros(0), "meta": torch.zeros(3, device="meta"),
            "zeros": torch.zeros(6), "odd": torch.tensor([float("nan"), float("inf"), 0.0, 1.0, 2.0]),
        },
        path,
    )  # fmt: skip
    return path


@pytest.fixture
def opened(window: Window, weights: Path, settle: Settle) -> Window:
    """A window on them, at ``layers.0.w``."""
    window.open([str(weights)], select="layers.0.w", tab="histogram")
    settle(window)
    return window


def panel(window: Window) -> HistogramPanel:
    found = window.details.panel("histogram")
    assert isinstance(found, HistogramPanel)
    return found


def pick(window: Window, *keys: str) -> None:
    """Pick these rows, as the tree would tell it."""
    file = window.current()
    assert file is not None
    assert file.opened is not None
    nodes = [file.opened.checkpoint.find((key,)) for key in keys]
    file.nodes = [node for node in nodes if node is not None]
    assert len(file.nodes) == len(keys)
    window.details.show_picked()


def choose(window: Window, name: str, text: str) -> None:
    box = next(box for box in panel(window).controls.findChildren(QComboBox) if box.accessibleName() == name)
    box.setCurrentText(text)


def bars(window: Window) -> tuple[list[float], list[list[int]]]:
    chart = panel(window).plot.chart
    assert chart is not None
    assert chart.exact
    return chart.edges.tolist(), [one.counts.tolist() for one in chart.histograms]


# ------------------------------------------------------------------------------------------------ what is shown


def test_the_command_line_opens_it_at_a_tensor(opened: Window) -> None:
    assert opened.details.page() == "histogram"
    assert panel(opened).sentence() == ""
    edges, (counts,) = bars(opened)
    assert counts == np.histogram(normal(60, 50).double().numpy(), edges)[0].tolist()
    assert panel(opened).words() == "3,000 values, all finite."


def test_it_stands_between_summary_and_info_and_has_a_key(opened: Window) -> None:
    names = [name for name, _make in opened.details._makers]
    assert names.index("summary") < names.index("histogram") < names.index("info")

    opened.commands.named["summary"].trigger()
    opened.commands.named["histogram"].trigger()

    assert opened.details.page() == "histogram"


def test_a_preview_comes_first_and_says_so(opened: Window, settle: Settle, qtbot: QtBot) -> None:
    seen: list[str] = []
    page = panel(opened)
    page.plot.drawn.connect(lambda: seen.append(page.words()))

    pick(opened, "big")
    settle(opened)

    assert seen[0].startswith("<b>Preview")
    assert page.words().startswith("300,000 values, all finite")
    _edges, (counts,) = bars(opened)
    assert sum(counts) == 300_000


def test_several_are_outlines_on_common_edges_with_their_names(opened: Window, settle: Settle) -> None:
    pick(opened, "layers.0.w", "layers.1.w")
    settle(opened)

    edges, (first, second) = bars(opened)
    assert first == np.histogram(normal(60, 50).double().numpy(), edges)[0].tolist()
    assert second == np.histogram((normal(40, 50, seed=1) * 2).double().numpy(), edges)[0].tolist()
    assert panel(opened).plot.names() == ["0.w", "1.w"]


def test_a_group_is_its_tensors_together(opened: Window, settle: Settle) -> None:
    file = opened.current()
    assert file is not None
    assert file.opened is not None
    leaf = file.opened.checkpoint.find(("layers.0.w",))
    assert leaf is not None
    nodes = file.opened.checkpoint.nodes
    file.nodes = [next(node for node in file.opened.checkpoint.ancestors(leaf) if nodes.tensors[node] == 2)]
    opened.details.show_picked()
    settle(opened)

    assert panel(opened).words() == "5,000 values, all finite."


def test_the_legend_names_the_lines_and_they_can_be_left_out(opened: Window, settle: Settle) -> None:
    page = panel(opened)
    assert [name.split(":")[0] for name in page.plot.names()] == ["mean", "median", "mean ± σ", "1st, 99th percentile"]
    assert float(page.plot.names()[0].split(": ")[1].replace("−", "-")) == pytest.approx(
        normal(60, 50).double().mean().item(), rel=1e-3
    )

    button = next(one for one in page.controls.findChildren(QPushButton) if one.text() == "Lines")
    button.menu().actions()[0].trigger()
    settle(opened)

    assert [name.split(":")[0] for name in page.plot.names()] == ["median", "mean ± σ", "1st, 99th percentile"]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("nan", "No value is finite: 4 NaN"), ("empty", "It has no elements"), ("meta", "It is on the meta device"),
    ],
)  # fmt: skip
def test_nothing_to_draw_is_a_sentence(opened: Window, settle: Settle, key: str, said: str) -> None:
    pick(opened, key)
    settle(opened)

    assert panel(opened).sentence().startswith(said)
    assert not any(action.isEnabled() for action in panel(opened).actions())

    pick(opened, "ints")
    settle(opened)

    assert panel(opened).sentence() == ""
    assert all(action.isEnabled() for action in panel(opened).actions())


def test_an_axis_without_values_can_be_left_again(opened: Window, settle: Settle) -> None:
    pick(opened, "zeros")
    choose(opened, "Axis of the values", "Log |x| axis")
    settle(opened)
    assert "zeros have no place" in panel(opened).sentence()

    choose(opened, "Axis of the values", "Linear axis")
    settle(opened)

    assert panel(opened).sentence() == ""


def test_a_row_without_tensors_is_a_sentence(window: Window, sample: Path, settle: Settle) -> None:
    window.open([str(sample)], select="epoch", tab="histogram")
    settle(window)

    assert "no tensor" in panel(window).sentence()


def test_what_is_not_finite_is_counted_in_words(opened: Window, settle: Settle) -> None:
    pick(opened, "odd")
    settle(opened)

    assert "1 NaN (20 %) and 1 +Inf (20 %) not in the picture; 1 is zero (20 %)" in panel(opened).words()


def test_a_file_cut_off_under_the_window_is_a_sentence(opened: Window, weights: Path, settle: Settle) -> None:
    weights.write_bytes(weights.read_bytes()[:2000])

    pick(opened, "big")
    settle(opened)

    assert panel(opened).sentence()
    assert opened.isVisible()


# ------------------------------------------------------------------------------------------------ choices


def test_bars_axis_clip_and_counts_by_choice(opened: Window, settle: Settle) -> None:
    panel(opened).controls.findChildren(QSpinBox)[0].setValue(7)
    settle(opened)
    assert len(bars(opened)[0]) == 8

    choose(opened, "Axis of the values", "Log |x| axis")
    choose(opened, "Range of the values", "5 – 95 %")
    choose(opened, "Axis of the counts", "Log counts")
    settle(opened)

    edges, (counts,) = bars(opened)
    magnitudes = normal(60, 50).abs().double().numpy()
    assert edges[0] == pytest.approx(np.quantile(magnitudes, 0.05), rel=0.02)
    assert counts == np.histogram(magnitudes, edges)[0].tolist()
    assert "Clipped to 5 % … 95 %" in panel(opened).words()


def test_choices_are_kept(opened: Window, settings: Settings, make_window: MakeWindow) -> None:
    choose(opened, "Axis of the values", "Symlog axis")
    panel(opened).controls.findChildren(QSpinBox)[0].setValue(99)

    assert remembered(settings) == Options(axis="symlog", bins=99)


@pytest.mark.parametrize(
    "kept",
    [
        {}, {"axis": "cubic", "bins": 9999, "clip": 3, "log": 1, "markers": "mean"},
        {"axis": [], "bins": True, "clip": None, "log": None, "markers": [["mean"]]},
    ],
)  # fmt: skip
def test_damaged_settings_are_the_defaults(settings: Settings, kept: dict[str, object]) -> None:
    settings.keep("histogram", kept)
    got = remembered(settings)
    assert got == Options() or got == Options(markers=())


def test_settings_round(settings: Settings) -> None:
    chosen = Options("log", 12, 1.0, log=True, markers=("median",))
    keep(settings, chosen)
    settings.save()
    assert remembered(settings) == chosen


# ------------------------------------------------------------------------------------------------ zoom and read-out


def wheel(window: Window, notches: int) -> None:
    """Turn the wheel over the middle of the plot."""
    view = panel(window).plot.viewport()
    middle = QPointF(view.rect().center())
    event = QWheelEvent(
        middle, QPointF(view.mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def width(window: Window) -> float:
    edges, _counts = bars(window)
    return edges[-1] - edges[0]


def test_the_wheel_zooms_and_counts_anew_and_a_double_click_shows_everything(opened: Window, settle: Settle) -> None:
    whole = width(opened)

    wheel(opened, 3)
    settle(opened)

    edges, (counts,) = bars(opened)
    assert edges[-1] - edges[0] == pytest.approx(whole * 0.8**3, rel=1e-6)
    assert counts == np.histogram(normal(60, 50).double().numpy(), edges)[0].tolist()
    assert "this range" in panel(opened).words()

    view = panel(opened).plot.viewport()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
    settle(opened)

    assert width(opened) == whole


def test_a_drag_zooms_in_on_what_it_covers(opened: Window, settle: Settle) -> None:
    whole, view = width(opened), panel(opened).plot.viewport()
    middle = view.rect().center()

    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=middle)
    for step in range(1, 11):
        QTest.mouseMove(view, middle + QPoint(6 * step, 0))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=middle + QPoint(60, 0))
    settle(opened)

    assert width(opened) < whole / 3


def test_keys_zoom_move_and_show_everything(opened: Window, settle: Settle) -> None:
    plot, whole = panel(opened).plot, width(opened)

    QTest.keyClick(plot, Qt.Key.Key_Plus)
    settle(opened)
    assert width(opened) == pytest.approx(whole / 2)
    before = bars(opened)[0][0]

    QTest.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    settle(opened)
    assert bars(opened)[0][0] == pytest.approx(before + whole / 8)

    QTest.keyClick(plot, Qt.Key.Key_Minus)
    settle(opened)
    assert width(opened) == pytest.approx(whole)

    QTest.keyClick(plot, Qt.Key.Key_Plus)
    QTest.keyClick(plot, Qt.Key.Key_Home)
    settle(opened)
    assert width(opened) == pytest.approx(whole)


def test_zooming_on_and_on_ends_before_numbers_do(opened: Window, settle: Settle) -> None:
    for _turn in range(40):
        wheel(opened, 6)
    settle(opened)

    edges, (counts,) = bars(opened)
    assert len(edges) >= 2
    assert np.all(np.diff(edges) > 0)
    assert counts == np.histogram(normal(60, 50).double().numpy(), edges)[0].tolist()


def test_integers_zoom_to_one_and_back(opened: Window, settle: Settle) -> None:
    pick(opened, "ints")
    settle(opened)
    for _turn in range(10):
        wheel(opened, 1)
        settle(opened)
    low, high = panel(opened).plot.chart.span  # type: ignore[union-attr]  # it stands there
    assert high - low == pytest.approx(5 * 0.8**7)  # one more notch would be less than a bar
    assert len(bars(opened)[0]) <= 3

    for _turn in range(12):
        wheel(opened, -1)
        settle(opened)

    assert bars(opened) == ([-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], [[4, 4, 4, 4, 4]])


def test_a_bar_is_read_by_pointing_and_by_key(opened: Window, settle: Settle) -> None:
    page = panel(opened)
    pick(opened, "ints")
    settle(opened)

    QTest.mouseMove(page.plot.viewport(), page.plot.viewport().rect().center())
    assert "4 values · 20 %" in page.readout()
    value = int(page.readout().split(":")[0])

    QTest.keyClick(page.plot, Qt.Key.Key_Left)
    assert page.readout() == f"{value - 1}:  4 values · 20 % · {20 * value} % up to here"

    QTest.keyClick(page.plot, Qt.Key.Key_Escape)
    assert page.readout().startswith("Point")


# ------------------------------------------------------------------------------------------------ files, clipboard


def answer(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """The person's answer to the system's dialog."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))


def act(window: Window, words: str) -> None:
    next(action for action in panel(window).actions() if action.text() == words).trigger()


def test_it_is_saved_as_png_svg_and_csv(opened: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in saving.FORMATS:
        answer(monkeypatch, tmp_path / f"out.{kind}")
        act(opened, f"Save as {kind.upper()}…")
        assert opened.statusBar().currentMessage() == f"Saved out.{kind}"

    picture = QImage(str(tmp_path / "out.png"))
    assert picture.width() > 300
    assert len({picture.pixel(x, picture.height() // 2) for x in range(picture.width())}) > 2
    assert b"<svg" in (tmp_path / "out.svg").read_bytes()[:400]
    assert b"percentile" in (tmp_path / "out.svg").read_bytes()
    rows = list(csv.reader(io.StringIO((tmp_path / "out.csv").read_text())))
    edges, (counts,) = bars(opened)
    assert [int(row[2]) for row in rows[1:]] == counts
    assert [float(row[0]) for row in rows[1:]] == edges[:-1]


def test_a_place_that_cannot_be_written_is_a_word(
    opened: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, tmp_path / "absent" / "out.csv")
    act(opened, "Save as CSV…")

    assert "cannot be written" in opened.statusBar().currentMessage()


def test_no_answer_saves_nothing(opened: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: ("", ""))
    act(opened, "Save as PNG…")

    assert opened.statusBar().currentMessage() == ""


def test_picture_and_numbers_go_to_the_clipboard(opened: Window) -> None:
    act(opened, "Copy picture")
    assert not QApplication.clipboard().image().isNull()

    act(opened, "Copy as CSV")
    _edges, (counts,) = bars(opened)
    rows = list(csv.reader(io.StringIO(QApplication.clipboard().text())))
    assert rows[0] == ["low", "high", "count"]
    assert [int(row[2]) for row in rows[1:]] == counts


# ------------------------------------------------------------------------------------------------ for everyone


def test_it_is_read_aloud_and_everything_has_a_name(opened: Window) -> None:
    page = panel(opened)

    assert "3,000 values, all finite" in page.plot.accessibleDescription()
    assert "the highest at" in page.plot.accessibleDescription()
    for kind in (QComboBox, QSpinBox, QPushButton):
        assert all(widget.accessibleName() for widget in page.controls.findChildren(kind))


def test_the_picture_follows_light_and_dark(opened: Window, dressed: QApplication) -> None:
    def ground() -> int:
        grabbed = panel(opened).plot.grab().toImage()
        return int(grabbed.pixelColor(grabbed.width() // 2, grabbed.height() - 1).lightness())

    light = ground()
    try:
        dressed.setPalette(theme.palette(theme.DARK))
        dressed.setStyleSheet(theme.sheet(theme.DARK))
        QApplication.processEvents()
        dark = ground()
    finally:
        dressed.setPalette(theme.palette(theme.LIGHT))
        dressed.setStyleSheet(theme.sheet(theme.LIGHT))
        QApplication.processEvents()

    assert light > 200
    assert dark < 60
    assert ground() == light


def test_its_commands_stand_in_the_menu_and_the_palette(opened: Window) -> None:
    assert "Save as SVG…" in [action.text() for action in opened.page_commands()]
    assert "Copy as CSV" in [action.text() for action in opened.all_commands()]

    opened.details.choose("summary")

    assert "Save as SVG…" not in [action.text() for action in opened.page_commands()]


def test_a_narrow_page_wraps_its_choices(opened: Window) -> None:
    row = panel(opened).controls.layout()
    assert isinstance(row, Flow)
    assert row.heightForWidth(250) >= 2 * row.heightForWidth(2000)
    for size in (2000, 250):
        row.setGeometry(QRect(0, 0, size, 400))
        places = [item.geometry() for at in range(row.count()) if (item := row.itemAt(at)) is not None]
        assert all(place.right() <= size for place in places)
        assert not any(one.intersects(two) for at, one in enumerate(places) for two in places[:at])


# ------------------------------------------------------------------------------------------------ many clicks


def test_clicks_faster_than_jobs_do_not_pile_up(opened: Window, settle: Settle) -> None:
    pick(opened, "big")
    settle(opened)
    threads = threading.active_count()

    for number in range(500):
        pick(opened, ("big", "ints", "layers.1.w")[number % 3])
        if not number % 50:
            QApplication.processEvents()
    settle(opened)

    assert threading.active_count() <= threads
    assert bars(opened) == ([-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], [[4, 4, 4, 4, 4]])  # what was picked last


def test_closing_the_file_lets_go_of_it(opened: Window, settle: Settle) -> None:
    file = opened.current()
    assert file is not None
    pick(opened, "big")

    opened.files.close(file)
    settle(opened)

    assert panel(opened)._file is None
    assert panel(opened)._known is None
