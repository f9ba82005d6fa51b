"""The Heat-map page in a real window: what it draws, says, reads again, and how it is led without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QMenu, QSpinBox
from pytestqt.qtbot import QtBot

from ckpt_gui.core.heatmap.limits import NAN
from ckpt_gui.gui import theme
from ckpt_gui.gui.heatmap_panel import HeatmapPanel
from ckpt_gui.gui.window import Window
from tests.gui.conftest import Settle

Show = Callable[..., HeatmapPanel]


@pytest.fixture
def calm(qtbot: QtBot, settle: Settle) -> Callable[[Window], None]:
    """Waits until clocks have run out and nothing is under way any more."""

    def wait(window: Window) -> None:
        for _round in range(3):
            QTest.qWait(150)
            settle(window)

    return wait


@pytest.fixture
def show(window: Window, tmp_path: Path, calm: Callable[[Window], None]) -> Show:
    """Opens a file of these tensors, at one of them."""

    def open_at(name: str, **tensors: object) -> HeatmapPanel:
        path = tmp_path / "tensors.pt"
        torch.save(tensors, path)
        window.open([str(path)], select=name, tab="heat-map")
        calm(window)
        panel = window.details.panel("heat-map")
        assert isinstance(panel, HeatmapPanel)
        return panel

    return open_at


def drawn(panel: HeatmapPanel) -> np.ndarray:
    """The steps of the image that is on top."""
    images = [image.image for image in panel.plot._sheets.images if image.image is not None]
    made: np.ndarray = images[-1]
    return made


def box(panel: HeatmapPanel, name: str) -> QComboBox:
    return next(one for one in panel.findChildren(QComboBox) if one.accessibleName() == name)


def test_a_matrix_is_drawn_and_described(show: Show) -> None:
    values = torch.zeros(20, 30)
    values[3, 4], values[5, 6] = -2.0, torch.nan
    panel = show("w", w=values)

    assert panel.sentence() == ""
    assert not [menu for menu in panel.findChildren(QMenu) if menu.isVisible()]
    assert panel.words() == "Rows 0–19 of 20 × columns 0–29 of 30; each cell one value. 1 cell with NaN."
    assert panel.readout() == "[3, 4] = −2.0"
    assert drawn(panel).shape == (20, 30)
    assert drawn(panel)[5, 6] == NAN
    said = panel.plot.accessibleDescription()
    assert "Rows 0–19 of 20" in said
    assert "Colours" in said
    assert panel.plot._bar.entries() == ["NaN"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (torch.tensor(3.5), "single number"),
        (torch.zeros(0, 4), "empty"),
        (torch.empty(2, 2, device="meta"), "meta"),
        (7, "Pick one tensor"),
    ],
)
def test_what_cannot_be_drawn_says_why(show: Show, value: object, said: str) -> None:
    assert said in show("w", w=value).sentence()


def test_several_rows_ask_for_one(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("a", a=torch.ones(3, 3), b=torch.ones(3, 3))
    file = window.current()
    assert file is not None
    panel.show_picked(file, [1, 2])
    calm(window)
    assert "Pick one tensor" in panel.sentence()


def test_a_big_matrix_keeps_its_outlier_and_zooming_in_reads_it_again(
    window: Window, show: Show, calm: Callable[[Window], None]
) -> None:
    values = torch.rand(3000, 4000)
    values[1234, 2345] = 50.0
    panel = show("w", w=values)

    assert "each cell the largest magnitude of" in panel.words()
    assert "50.0" in panel.readout()
    panel.plot.point(1234, 2345)
    calm(window)
    assert panel.readout().startswith("[1234, 2345] = 50.0 · cell: ")
    for _step in range(8):
        QTest.keyClick(panel.plot, Qt.Key.Key_Plus)
    calm(window)
    assert "each cell one value" in panel.words()
    region = panel.plot.part()
    assert region.top <= 1234 < region.bottom
    assert region.left <= 2345 < region.right
    assert panel.readout() == "[1234, 2345] = 50.0"
    QTest.keyClick(panel.plot, Qt.Key.Key_Home)
    calm(window)
    assert panel.words().startswith("Rows 0–2,999 of 3,000 × columns 0–3,999 of 4,000")


def test_a_huge_tensor_is_previewed_and_then_exact(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("v", v=torch.zeros(2, 2), w=torch.ones(6000, 4000))
    said = [panel.words()]
    window.jobs.changed.connect(lambda: said.append(panel.words()) if panel.words() != said[-1] else None)
    tree = window.tree()
    assert tree is not None
    tree.select_path(("w",))
    calm(window)
    del said[0]
    assert said[0].startswith("Preview from some of the values.")
    assert not said[-1].startswith("Preview")
    assert "Preview" not in panel.words()


def test_arrows_move_the_cross_hair(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.arange(600.0).reshape(20, 30))
    panel.plot.point(5, 5)
    for key, place in ((Qt.Key.Key_Right, (5, 6)), (Qt.Key.Key_Down, (6, 6)), (Qt.Key.Key_Left, (6, 5)),
                       (Qt.Key.Key_Up, (5, 5))):  # fmt: skip
        QTest.keyClick(panel.plot, key)
        assert panel.plot.at == place
    QTest.keyClick(panel.plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert panel.plot.at == (5, 15)
    for _step in range(30):
        QTest.keyClick(panel.plot, Qt.Key.Key_Right)
    assert panel.plot.at == (5, 29)
    calm(window)
    assert panel.readout() == "[5, 29] = 179.0"
    across, down = (profile._curve.getData() for profile in panel.plot._profiles)
    np.testing.assert_array_equal(across[1], np.arange(150.0, 180))
    np.testing.assert_array_equal(down[0], np.arange(29.0, 600, 30))


@pytest.mark.parametrize("size", [1.7e308, 4e-321])
def test_values_near_the_ends_of_float64_are_drawn(show: Show, size: float) -> None:
    panel = show("w", w=torch.tensor([[size, -size, 0.0]], dtype=torch.float64))
    assert panel.readout().startswith("[0, 0] = ")
    _across, heights = panel.plot._profiles[0]._curve.getData()
    assert heights[0] == -heights[1] > 0.5
    assert np.isfinite(heights).all()
    (low, high) = panel.plot._profiles[0].vb.viewRange()[1]
    assert low < heights[1] < heights[0] < high
    panel.grab()  # what paints raises no warning


def test_the_legend_has_room_for_its_numbers(show: Show) -> None:
    panel = show("near", near=2.0**53 + torch.arange(20, dtype=torch.float64).reshape(4, 5) * 2)
    bar = panel.plot._bar
    metrics = QFontMetricsF(bar._font)
    for room in (4, 12, 25):
        assert all(metrics.horizontalAdvance(text) + 20 <= bar.minimumWidth() for _part, text in bar._numbers(room))
    assert bar.minimumWidth() > metrics.horizontalAdvance("9.00719925474e15")


def test_the_mouse_points(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.arange(600.0).reshape(20, 30))
    place = panel.plot._box.mapViewToScene(panel.plot._box.viewRect().center())
    QTest.mouseMove(panel.plot.viewport(), panel.plot.mapFromScene(place) + QPoint(1, 1))
    QTest.qWait(50)
    assert panel.plot.at == (10, 15)


def test_slices_are_stepped_through(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.arange(4 * 20 * 30.0).reshape(4, 20, 30))
    assert "at [0, :, :]" in panel.words()
    QTest.keyClick(panel.plot, Qt.Key.Key_PageUp)
    calm(window)
    assert "at [3, :, :]" in panel.words()
    step = next(one for one in panel.findChildren(QSpinBox) if one.accessibleName() == "Index along axis 0")
    step.setValue(2)
    calm(window)
    assert "at [2, :, :]" in panel.words()
    assert panel.readout() == "[2, 19, 29] = 1799.0"


def test_axes_are_chosen_and_never_the_same(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.rand(20, 30, 40))
    box(panel, "Axis shown as rows").setCurrentIndex(2)
    calm(window)
    assert panel.controls.layout_row.plane().rows[0].dim == 2
    assert panel.controls.layout_row.plane().columns[0].dim != 2
    assert "Rows 0–39 of 40" in panel.words()
    box(panel, "Axis shown as columns").setCurrentIndex(1)
    calm(window)
    assert panel.words().startswith("Rows 0–39 of 40 × columns 0–29 of 30")
    assert "at [0, :, :]" in panel.words()


def test_kernels_are_a_gallery_or_a_slice(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.rand(8, 6, 3, 3))
    assert "8 × 6 kernels of 3 × 3: 8 outputs downwards, 6 inputs across" in panel.words()
    assert drawn(panel).shape == (8 * 4 - 1, 6 * 4 - 1)
    box(panel, "How the tensor is laid out").setCurrentIndex(0)
    calm(window)
    assert "at [:, :, 0, 0]" in panel.words()


def test_a_vector_is_folded_or_one_row(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.arange(1000.0))
    assert "a vector in lines of 25" in panel.words()
    width = next(one for one in panel.findChildren(QSpinBox) if one.accessibleName() == "Values in a line")
    width.setValue(30)
    calm(window)
    assert panel.words().startswith("Rows 0–33 of 34 × columns 0–29 of 30")
    box(panel, "How the tensor is laid out").setCurrentIndex(0)
    calm(window)
    assert panel.words().startswith("Row 0 of 1 × columns 0–999 of 1,000")


def test_colours_and_reduction_are_chosen_and_remembered(
    window: Window, show: Show, calm: Callable[[Window], None]
) -> None:
    panel = show("w", w=torch.rand(2000, 2000))
    assert (panel.plot._limits.diverging, panel.plot._limits.span) == (False, "robust")
    for name, place in (("Colours", 1), ("Range of the colours", 1), ("What a cell of several values shows", 1)):
        box(panel, name).setCurrentIndex(place)
    calm(window)
    assert (panel.plot._limits.diverging, panel.plot._limits.span) == (True, "full")
    assert "each cell the mean of" in panel.words()
    assert window.settings.value("heat-map", {}) == {
        "how": "mean", "scale": "diverging", "span": "full", "face": "magnitude",
    }  # fmt: skip


def test_complex_numbers_offer_their_parts(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    panel = show("w", w=torch.full((3, 3), 3 - 4j))
    assert panel.readout() == "[0, 0] = (3−4j)"
    faces = box(panel, "What is shown of complex numbers")
    assert not faces.isHidden()
    assert drawn(panel).max() == drawn(panel).min()
    assert panel.plot._limits.high == 5.0
    faces.setCurrentIndex(2)
    calm(window)
    assert panel.plot._limits.low == -4.0
    assert "imaginary part" in panel.words()


def test_a_file_cut_short_is_told_on_the_page_and_the_window_lives(
    window: Window, show: Show, tmp_path: Path, calm: Callable[[Window], None]
) -> None:
    panel = show("a", a=torch.rand(30, 30), b=torch.rand(300, 300))
    (tmp_path / "tensors.pt").write_bytes(b"cut")
    tree = window.tree()
    assert tree is not None
    tree.select_path(("b",))
    calm(window)
    assert panel.sentence()
    assert "mistake" not in panel.sentence()
    assert window.isVisible()


def test_clicks_faster_than_jobs_show_the_last(window: Window, show: Show, calm: Callable[[Window], None]) -> None:
    tensors = {f"t{number}": torch.full((40, 40 + number), float(number)) for number in range(8)}
    panel = show("t0", **tensors)
    tree = window.tree()
    assert tree is not None
    for name in [*tensors, "t3"]:
        tree.select_path((name,))
    calm(window)
    assert "columns 0–42 of 43" in panel.words()
    assert panel.readout() == "[0, 0] = 3.0"


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_picture_is_saved(
    window: Window, show: Show, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = show("w", w=torch.rand(20, 30))
    path = tmp_path / f"picture.{kind}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_given: (str(path), ""))
    told: list[str] = []
    panel.message.connect(told.append)
    next(action for action in panel.actions() if action.text() == f"Save as {kind.upper()}…").trigger()
    assert told == [f"Saved picture.{kind}"]
    if kind == "svg":
        assert "<image" in path.read_text()
    else:
        assert QImage(str(path)).width() > 300


def test_the_picture_is_copied(show: Show) -> None:
    panel = show("w", w=torch.rand(20, 30))
    next(action for action in panel.actions() if action.text() == "Copy picture").trigger()
    assert not QGuiApplication.clipboard().image().isNull()


def test_the_theme_changes_the_picture(show: Show, dressed: QApplication) -> None:
    panel = show("w", w=torch.randn(20, 30))
    light = panel.plot._table()
    dressed.setPalette(theme.palette(theme.DARK))
    dressed.setStyleSheet(theme.sheet(theme.DARK))
    try:
        QApplication.processEvents()
        assert not np.array_equal(panel.plot._sheets.images[0].lut, light)
        assert panel.plot._box.background.brush().color().name() == theme.DARK.base
    finally:
        dressed.setPalette(theme.palette(theme.LIGHT))
        dressed.setStyleSheet(theme.sheet(theme.LIGHT))


def test_what_can_be_done_stands_in_the_menu_again_and_again(window: Window, show: Show) -> None:
    show("w", w=torch.randn(20, 30))
    for _time in range(3):
        window.details.fill()
        assert "Save as PNG…" in [action.text() for action in window.page_commands()]


@pytest.mark.parametrize("page", ["histogram", "heat-map"])
def test_no_key_means_two_things_on_the_page(
    window: Window, show: Show, page: str, calm: Callable[[Window], None]
) -> None:
    show("w", w=torch.randn(20, 30))
    window.details.choose(page)
    calm(window)
    keys = [keys.toString() for action in window.all_commands() for keys in action.shortcuts()]
    assert sorted(set(keys)) == sorted(keys)
