"""The pages of pairs: real widgets on two files that torch wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ckpt_gui.core.reader import read
from ckpt_gui.gui import theme
from ckpt_gui.gui.comparing import Comparison
from ckpt_gui.gui.jobs import Jobs
from ckpt_gui.gui.open_files import OpenFile
from ckpt_gui.gui.pair_panel import ChangeOverDepth, PairHeatmap, PairHistogram, PairScatter, PairSummary, PairValues
from ckpt_gui.gui.settings import Settings


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def left_side() -> dict[str, torch.Tensor]:
    held = {f"h.{n}.{kind}.weight": normal(12, 9, seed=n) for n in range(8) for kind in ("attn", "mlp")}
    return held | {
        "cube": normal(5, 20, 30), "big": normal(400, 500), "gone": normal(6, 7), "shape": normal(4),
        "one": normal(1)[0], "meta": torch.zeros(3, device="meta"),
        "nan": torch.tensor([1.0, float("nan"), 3.0]), "ints": torch.arange(40),
    }  # fmt: skip


def right_side() -> dict[str, torch.Tensor]:
    held = dict(left_side())
    del held["gone"]
    for number in range(3, 8):
        for kind in ("attn", "mlp"):
            held[f"h.{number}.{kind}.weight"] = held[f"h.{number}.{kind}.weight"] + 0.01 * normal(
                12, 9, seed=50 + number
            )
    held["h.6.mlp.weight"] = held["h.6.mlp.weight"] * 40
    held["cube"] = held["cube"].clone()
    held["cube"][3, 11, 17] -= 9
    held["cube"][4, 0, 2] += 1
    held["big"] = 1.5 * held["big"] + 0.1 * normal(400, 500, seed=9)
    held["big"][:100] = left_side()["big"][:100]
    held["nan"] = torch.tensor([1.0, float("nan"), float("inf")])
    return held | {"new": normal(3, 8), "shape": normal(5)}


class Pages:
    """A comparison, and what is under way."""

    def __init__(self, qtbot: QtBot, folder: Path, settings: Settings) -> None:
        self.qtbot, self.settings, self.jobs = qtbot, settings, Jobs()
        files = []
        for name, held in (("a.pt", left_side()), ("b.pt", right_side())):
            torch.save(held, folder / name)
            files.append(OpenFile(str(folder / name), read(folder / name)))
        self.comparison = Comparison(self.jobs, *files)
        self.comparison.start()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: not self.jobs.tasks, timeout=60_000)
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: not self.jobs.tasks, timeout=60_000)

    def place(self, key: str) -> int:
        return next(place for place, row in enumerate(self.comparison.rows) if row.key == key)

    def show(self, page: object, *keys: str) -> None:
        page.show_pairs(self.comparison, [self.place(key) for key in keys])  # type: ignore[attr-defined]
        self.settle()


@pytest.fixture
def pages(qtbot: QtBot, dressed: QApplication, tmp_path: Path, settings: Settings) -> Iterator[Pages]:
    made = Pages(qtbot, tmp_path, settings)
    yield made
    made.jobs.close()
    made.jobs.deleteLater()


def shown(pages: Pages, page: object) -> None:
    """Put it on the screen."""
    pages.qtbot.addWidget(page)
    page.resize(760, 620)  # type: ignore[attr-defined]
    page.show()  # type: ignore[attr-defined]


@pytest.fixture
def histogram(pages: Pages) -> Iterator[PairHistogram]:
    made = PairHistogram(pages.jobs, pages.settings)
    shown(pages, made)
    yield made
    made.let_go()


@pytest.fixture
def heatmap(pages: Pages) -> Iterator[PairHeatmap]:
    made = PairHeatmap(pages.jobs, pages.settings)
    shown(pages, made)
    yield made
    made.let_go()


@pytest.fixture
def scatter(pages: Pages) -> Iterator[PairScatter]:
    made = PairScatter(pages.jobs)
    shown(pages, made)
    yield made
    made.let_go()


@pytest.fixture
def values(pages: Pages) -> Iterator[PairValues]:
    made = PairValues(pages.jobs)
    shown(pages, made)
    yield made
    made.let_go()


@pytest.fixture
def depth(pages: Pages) -> Iterator[ChangeOverDepth]:
    made = ChangeOverDepth(pages.jobs)
    shown(pages, made)
    yield made
    made.let_go()


@pytest.fixture
def summary(pages: Pages) -> Iterator[PairSummary]:
    made = PairSummary(pages.jobs)
    shown(pages, made)
    yield made
    made.let_go()


# ------------------------------------------------------------------------------------------------ histogram


def test_histograms_overlay_both_and_count_what_is_equal(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, "big")
    assert histogram.sentence() == ""
    above, below = histogram.sides.chart, histogram.delta.chart
    assert above is not None
    assert below is not None
    assert above.exact
    for side, made in zip((left_side(), right_side()), above.histograms, strict=True):
        assert made.counts.tolist() == np.histogram(side["big"].double().numpy(), above.edges)[0].tolist()
    assert histogram.sides.names()[:2] == ["A", "B"]
    apart = (right_side()["big"].double() - left_side()["big"].double()).numpy()
    (made,) = below.histograms
    assert made.counts.tolist() == np.histogram(apart[apart != 0], below.edges)[0].tolist()
    assert "50,000 of 200,000 · 25 %" in histogram._equal.accessibleDescription()


def test_a_preview_of_the_histograms_comes_first(pages: Pages, histogram: PairHistogram) -> None:
    seen: list[str] = []
    histogram.sides.drawn.connect(lambda: seen.append(histogram.words()[0]))
    pages.show(histogram, "big")
    assert seen[0].startswith("<b>Preview from a sample.</b> ")
    assert histogram.words()[0] == "A and B each: 200,000 values, all finite."


def test_the_axis_of_the_difference_is_chosen_and_remembered(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, "big")
    histogram.delta_axis.setCurrentIndex(1)
    pages.settle()
    assert histogram.delta.chart is not None
    assert histogram.delta.chart.scale.axis == "symlog"
    assert histogram.sides.chart is not None
    assert histogram.sides.chart.scale.axis == "linear"
    again = PairHistogram(pages.jobs, pages.settings)
    pages.qtbot.addWidget(again)
    assert again.delta_axis.currentIndex() == 1


def test_either_histogram_zooms_by_itself(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, "big")
    whole = histogram.sides.chart
    histogram.delta.range_wanted.emit(-0.5, 0.5)
    pages.settle()
    assert histogram.delta.chart is not None
    assert histogram.delta.chart.span == (-0.5, 0.5)
    assert histogram.delta.chart.exact
    assert histogram.sides.chart is whole


def test_equal_pairs_have_a_sentence_for_their_difference(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, "h.0.mlp.weight")
    assert histogram.words()[2] == "All elements are exactly equal: B − A is 0 everywhere."
    assert histogram.delta.isHidden()
    pages.show(histogram, "big")
    assert not histogram.delta.isHidden()
    assert histogram.words()[2] == ""


def test_one_side_alone_has_its_histogram(pages: Pages, histogram: PairHistogram) -> None:
    for key, name in (("gone", "A"), ("new", "B")):
        pages.show(histogram, key)
        assert histogram.words()[0].startswith(f"{name}: ")
        assert histogram.words()[2].endswith(f"only {name} has it.")


def test_without_values_there_is_a_sentence(pages: Pages, histogram: PairHistogram, heatmap: PairHeatmap) -> None:
    for page in (histogram, heatmap):
        pages.show(page, "meta")
        assert page.sentence().endswith(".")
        assert "meta" in page.sentence()


def test_several_pairs_are_one_histogram(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, *(f"h.{n}.mlp.weight" for n in range(8)))
    assert histogram.words()[0] == "A and B each: 864 values, all finite."
    assert "324 of 864" in histogram._equal.accessibleDescription()


def test_nan_of_either_side_is_counted(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, "nan")
    assert "A: 3 values: 1 NaN" in histogram.words()[0]
    assert "B: 3 values: 1 NaN (33.3 %) and 1 +Inf" in histogram.words()[0]


def test_a_bar_is_read_out_with_the_keyboard(pages: Pages, histogram: PairHistogram) -> None:
    pages.show(histogram, "big")
    QTest.keyClick(histogram.delta, Qt.Key.Key_Right)
    assert histogram.readout().startswith("B − A   ")
    assert "values" in histogram.readout()


# ------------------------------------------------------------------------------------------------ heat-map


def test_three_heat_maps_share_colours_and_have_the_values_of_both(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "h.6.mlp.weight")
    a, b = (side["h.6.mlp.weight"].numpy() for side in (left_side(), right_side()))
    pictures = [one.picture.values for one in heatmap._whole]
    assert pictures[0].tolist() == a.tolist()
    assert pictures[1].tolist() == b.tolist()
    assert pictures[2].tolist() == (b.astype(float) - a.astype(float)).tolist()
    scales = [one.limits for one in heatmap._whole]
    assert scales[0] == scales[1] != scales[2]
    assert scales[2].diverging


def test_zoom_and_cross_hair_are_linked(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "big")
    first, *others = heatmap.trio.plots
    first.point(120, 200)
    assert [plot.at for plot in others] == [(120, 200)] * 2
    first.zoom(0.1)
    pages.qtbot.waitUntil(lambda: bool(heatmap._parts), timeout=20_000)
    seen = [plot.part() for plot in heatmap.trio.plots]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0].height < 60
    assert all(one.picture.exact for one in heatmap._parts)
    QTest.keyClick(others[1], Qt.Key.Key_Home)
    assert first.part() == heatmap._whole[0].picture.plane.whole
    pages.settle()


def test_the_values_under_the_cross_hair_are_read(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "h.6.mlp.weight")
    heatmap.trio.plots[1].point(3, 4)
    a, b = (side["h.6.mlp.weight"][3, 4].item() for side in (left_side(), right_side()))
    pages.qtbot.waitUntil(lambda: "B − A" in heatmap.readout(), timeout=20_000)
    assert heatmap.readout().startswith(f"[3, 4]   A {a:.8g}".replace("-", "−"))
    assert heatmap.readout().endswith(f"{b - a:.7g}".replace("-", "−"))


def test_the_largest_difference_is_found_in_its_slice(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "cube")
    assert dict(heatmap._whole[0].picture.plane.fixed) == {0: 0}
    heatmap.go_to_largest()
    pages.settle()
    assert dict(heatmap._whole[0].picture.plane.fixed) == {0: 3}
    assert heatmap.trio.at == (11, 17)
    heatmap.go_to((4, 0, 2))
    pages.settle()
    assert [one.picture.plane.fixed for one in heatmap._whole] == [((0, 4),)] * 3


def test_slices_are_stepped_together(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "cube")
    QTest.keyClick(heatmap.trio.plots[0], Qt.Key.Key_PageDown)
    pages.settle()
    assert heatmap._whole[1].picture.values.tolist() == right_side()["cube"][1].tolist()
    assert not heatmap._whole[2].picture.values.any()


def test_one_side_alone_has_one_heat_map(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "new")
    assert heatmap.trio.shown == 1
    assert heatmap.words().startswith("It was added: only B has it. ")
    assert heatmap._whole[0].picture.values.tolist() == right_side()["new"].tolist()
    pages.show(heatmap, "big")
    assert heatmap.trio.shown == 3


def test_what_has_no_heat_map_says_why(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "shape")
    assert "4 in A and 5 in B" in heatmap.sentence()
    pages.show(heatmap, "one")
    assert heatmap.sentence().startswith("A single number has no rows or columns: []   A ")
    pages.show(heatmap, "big", "cube")
    assert heatmap.sentence() == "Pick one pair to see its heat-maps."


def test_pictures_stand_side_by_side_where_there_is_room(pages: Pages, heatmap: PairHeatmap) -> None:
    pages.show(heatmap, "big")
    for width, height, beside in ((1300, 500, True), (420, 900, False)):
        heatmap.resize(width, height)
        QApplication.processEvents()
        tops = {plot.mapTo(heatmap, QPoint(0, 0)).y() for plot in heatmap.trio.plots}
        assert (len(tops) == 1) is beside
    pages.settle()


# ------------------------------------------------------------------------------------------------ scatter


def test_many_values_are_a_density_and_said_in_words(pages: Pages, scatter: PairScatter) -> None:
    pages.show(scatter, "big")
    found = scatter.plot.shown
    assert found is not None
    assert found.dense
    assert found.counts.sum() == 200_000
    a, b = (side["big"].double().flatten().numpy() for side in (left_side(), right_side()))
    assert scatter.words().startswith(f"Correlation {np.corrcoef(a, b)[0, 1]:.3f}, best line B = ")
    assert "50,000 of 200,000 values, 25 %, are the same on both sides" in scatter.words()


def test_few_values_are_points(pages: Pages, scatter: PairScatter) -> None:
    pages.show(scatter, "h.3.mlp.weight")
    assert scatter.plot.shown is not None
    assert scatter.plot.shown.left.tolist() == left_side()["h.3.mlp.weight"].flatten().double().tolist()


def test_a_zoomed_density_is_counted_anew_and_home_shows_all(pages: Pages, scatter: PairScatter) -> None:
    pages.show(scatter, "big")
    scatter.plot.zoom(0.2)
    pages.qtbot.waitUntil(lambda: scatter.plot.shown is not None and scatter.plot.shown.counts.sum() < 200_000)
    pages.settle()
    assert scatter.plot.shown is not None
    part = scatter.plot.shown.across
    assert (part[0], part[-1]) == pytest.approx(scatter.plot.span()[0])
    QTest.keyClick(scatter.plot, Qt.Key.Key_Home)
    pages.settle()
    assert scatter.plot.shown.counts.sum() == 200_000


def test_a_place_is_read_out_with_the_keyboard(pages: Pages, scatter: PairScatter) -> None:
    pages.show(scatter, "big")
    QTest.keyClick(scatter.plot, Qt.Key.Key_Right)
    assert scatter.readout().startswith("A ")
    assert scatter.readout().endswith(" in this cell")


def test_a_scatter_needs_both_sides(pages: Pages, scatter: PairScatter) -> None:
    pages.show(scatter, "gone")
    assert scatter.sentence() == "It was removed: only A has it. There is nothing to lay it against."
    pages.show(scatter, "shape")
    assert "4 in A and 5 in B" in scatter.sentence()


# ------------------------------------------------------------------------------------------------ values


def test_cells_hold_both_values_and_the_difference(pages: Pages, values: PairValues) -> None:
    pages.show(values, "ints")
    assert values.model.text(0, 7) == "7\n7\n0"
    assert values.model.label(1) == "10   A\nB\nΔ"


def test_the_table_goes_to_the_largest_and_to_the_next_difference(pages: Pages, values: PairValues) -> None:
    pages.show(values, "cube")
    values.next_difference.trigger()
    pages.settle()
    assert values.cell_line.whole.startswith("[3, 11, 17]   A ")
    values.next_difference.trigger()
    pages.settle()
    assert values.cell_line.whole.startswith("[4, 0, 2]   A ")
    values.next_difference.trigger()
    pages.settle()
    assert values.said() == "No difference behind this; back at the first."
    values.go_to((0, 0, 0))
    values.largest.trigger()
    pages.settle()
    assert values.cell_line.whole.startswith("[3, 11, 17]   A ")
    assert values.cell_line.whole.endswith("Δ -9")


def test_no_difference_is_said(pages: Pages, values: PairValues) -> None:
    pages.show(values, "h.0.mlp.weight")
    values.next_difference.trigger()
    pages.settle()
    assert values.said() == "There is no difference in what is shown."


def test_an_index_is_gone_to(pages: Pages, values: PairValues) -> None:
    pages.show(values, "big")
    values.go_line.edit.setText("399, 499")
    QTest.keyClick(values.go_line.edit, Qt.Key.Key_Return)
    pages.settle()
    assert values.grid.current() == (399, 499)
    assert values.cell_line.whole.startswith("[399, 499]   A ")
    values.go_line.edit.setText("400, 0")
    QTest.keyClick(values.go_line.edit, Qt.Key.Key_Return)
    assert values.go_line.reason.whole


def test_one_side_alone_has_a_plain_table(pages: Pages, values: PairValues) -> None:
    pages.show(values, "gone")
    assert values.model.text(0, 0) == f"{left_side()['gone'][0, 0].item():.8g}"
    assert values.model.label(0) == "0"
    assert not values.next_difference.isEnabled()
    pages.show(values, "ints")
    assert values.next_difference.isEnabled()


def test_what_has_no_table_says_why(pages: Pages, values: PairValues) -> None:
    pages.show(values, "shape")
    assert "4 in A and 5 in B" in values.sentence()
    pages.show(values, "big", "cube")
    assert values.sentence() == "Pick one pair to see its values."


# ------------------------------------------------------------------------------------------------ depth, summary


def test_change_over_depth_leads_to_the_accident(pages: Pages, depth: ChangeOverDepth) -> None:
    wanted: list[int] = []
    depth.place_wanted.connect(wanted.append)
    pages.show(depth, *(row.key for row in pages.comparison.rows if row.key.startswith("h.")))
    picture = depth.plot.picture
    assert picture is not None
    assert picture.ground is not None
    assert depth.log.isChecked()
    top = max(range(len(picture.points)), key=lambda at: picture.points[at].high)
    depth.plot.chosen.emit(top)
    assert wanted == [pages.place("h.6.mlp.weight")]
    depth.plot.point(top)
    a, b = (side["h.6.mlp.weight"].double() for side in (left_side(), right_side()))
    assert depth.readout() == f"h.6.mlp.weight: relative L2 {(b - a).norm() / a.norm():.6g}   ▲ stands out"
    assert "10 of 16 pairs changed" in depth.outliers.toPlainText()


def test_another_measure_is_drawn(pages: Pages, depth: ChangeOverDepth) -> None:
    pages.show(depth, *(row.key for row in pages.comparison.rows if row.key.startswith("h.")))
    depth.measure.setCurrentIndex(depth.measure.findData("share"))
    pages.settle()
    assert depth.plot.picture is not None
    assert {point.high for point in depth.plot.picture.points} == {0.0, 100.0}
    assert not depth.log.isChecked()
    assert not depth.log.isEnabled()


def test_kinds_are_switched_off(pages: Pages, depth: ChangeOverDepth) -> None:
    pages.show(depth, *(row.key for row in pages.comparison.rows if row.key.startswith("h.")))
    depth.legend.item(0).setCheckState(Qt.CheckState.Unchecked)
    pages.settle()
    assert depth.plot.picture is not None
    assert len(depth.plot.picture.traces) == 1


def test_a_pair_is_told_with_the_values_furthest_apart(pages: Pages, summary: PairSummary) -> None:
    gone_to: list[tuple[int, tuple[int, ...]]] = []
    summary.value_wanted.connect(lambda place, index: gone_to.append((place, index)))
    pages.show(summary, "cube")
    told = summary.facts.toPlainText()
    before, after = (side["cube"][3, 11, 17].item() for side in (left_side(), right_side()))
    assert f"{abs(after - before):.6g}   at [3, 11, 17]" in told
    assert f"{np.float32(before)!s} → {np.float32(after)!s}".replace("-", "−") in told
    assert "2 elements of 3,000" in told
    place = pages.place("cube")
    summary.facts.anchorClicked.emit(f"#{place}@3,11,17")
    assert gone_to == [(place, (3, 11, 17))]


def test_several_are_summed_up(pages: Pages, summary: PairSummary) -> None:
    pages.show(summary, *(row.key for row in pages.comparison.rows))
    told = summary.facts.toPlainText()
    assert "Changed the most, relative L2" in told
    assert "h.6.mlp.weight" in told


# ------------------------------------------------------------------------------------------------ all of them


def test_what_is_let_go_is_shown_again(pages: Pages, scatter: PairScatter, values: PairValues) -> None:
    for page in (scatter, values):
        pages.show(page, "big")
        page.let_go()
        pages.show(page, "big")
        assert page.sentence() == ""


def test_a_truncated_file_is_told_on_every_page(
    pages: Pages, histogram: PairHistogram, heatmap: PairHeatmap, scatter: PairScatter, values: PairValues
) -> None:
    path = Path(pages.comparison.right.path)
    path.write_bytes(path.read_bytes()[:3000])
    for page in (heatmap, scatter, values, histogram):
        pages.show(page, "big")
    for page in (heatmap, scatter, values):
        assert "b.pt" in page.sentence() or "changed" in page.sentence(), page.sentence()
    assert histogram.words()[0].startswith("A: 200,000 values")
    assert histogram.words()[2]


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_every_page_takes_the_colours_of_the_theme(
    pages: Pages,
    dressed: QApplication,
    histogram: PairHistogram,
    heatmap: PairHeatmap,
    scatter: PairScatter,
    colours: theme.Colours,
) -> None:
    for page in (histogram, heatmap, scatter):
        pages.show(page, "big")
    dressed.setPalette(theme.palette(colours))
    dressed.setStyleSheet(theme.sheet(colours))
    QApplication.processEvents()
    try:
        pictures: list[QWidget] = [histogram.sides, histogram.delta, *heatmap.trio.plots, scatter.plot]
        for picture in pictures:
            assert picture.grab().toImage().pixelColor(1, 1).name() == colours.window
    finally:
        dressed.setPalette(theme.palette(theme.LIGHT))
        dressed.setStyleSheet(theme.sheet(theme.LIGHT))


def test_every_picture_has_words_for_a_screen_reader(
    pages: Pages, histogram: PairHistogram, heatmap: PairHeatmap, scatter: PairScatter
) -> None:
    for page in (histogram, heatmap, scatter):
        pages.show(page, "big")
    pictures: list[QWidget] = [histogram.sides, histogram.delta, *heatmap.trio.plots, scatter.plot]
    assert len({one.accessibleName() for one in pictures}) == len(pictures)
    assert all(len(one.accessibleDescription()) > 40 for one in pictures)
