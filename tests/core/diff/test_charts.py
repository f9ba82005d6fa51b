"""The histograms of a pair: common edges, exact counts, equal elements apart; NumPy is the judge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ckpt_gui.core.diff import chart_words, charts
from ckpt_gui.core.diff.charts import Known, count_delta, count_sides, measure, sample
from ckpt_gui.core.diff.picked import Picked
from ckpt_gui.core.errors import NoValues
from ckpt_gui.core.stats.chart import View, draft
from ckpt_gui.core.stats.edges import Axis
from tests.core.diff.pairs import Two, normal


def of(folder: Path, a: torch.Tensor, b: torch.Tensor) -> Picked:
    return Two(folder, {"w": a}, {"w": b}).picked("w")


def delta_of(known: Known, found: Picked, axis: Axis = "linear") -> Any:
    assert known.changed is not None
    return count_delta(found, draft(known.changed, View(axis)), known.equal)


def test_both_sides_are_counted_on_common_edges(tmp_path: Path) -> None:
    a, b = normal(100, 300), 2 * normal(100, 300, seed=1)
    found = of(tmp_path, a, b)
    drawn = count_sides(found, draft(measure(found).sides, View()))
    assert [part.name for part in drawn.known.parts] == ["A", "B"]
    for side, made in zip((a, b), drawn.histograms, strict=True):
        assert made.counts.tolist() == np.histogram(side.double().numpy(), drawn.edges)[0].tolist()
    assert chart_words.sides(drawn) == "A and B each: 30,000 values, all finite."


@pytest.mark.parametrize("axis", ["linear", "symlog", "log"])
def test_equal_elements_are_counted_and_in_no_bar(tmp_path: Path, axis: Axis) -> None:
    a = normal(100, 300)
    b = a.clone()
    b[:25] += 1e-3 * normal(25, 300, seed=1)
    found = of(tmp_path, a, b)
    known = measure(found)
    drawn = delta_of(known, found, axis)
    apart = b.double().numpy() - a.double().numpy()
    moved = apart[apart != 0]
    if axis == "log":
        moved = np.abs(moved)
    assert known.equal == np.count_nonzero(apart == 0) >= 75 * 300
    (made,) = drawn.histograms
    assert made.counts.tolist() == np.histogram(moved, drawn.edges)[0].tolist()
    assert made.below + made.counts.sum() + made.above == moved.size
    assert chart_words.equal(known).startswith(f"{known.equal:,} of 30,000 elements are exactly equal (75")


def test_what_differs_has_its_own_mean_and_spread(tmp_path: Path) -> None:
    a = normal(200)
    b = a.clone()
    b[50:] += 0.5 * normal(150, seed=1) + 2
    known = measure(of(tmp_path, a, b))
    apart = (b.double() - a.double()).numpy()
    moved = apart[apart != 0]
    assert known.changed is not None
    whole = known.changed.whole
    assert (whole.finite, whole.zeros, whole.min, whole.max) == (150, 0, moved.min(), moved.max())
    assert whole.mean == pytest.approx(moved.mean(), rel=1e-12)
    assert whole.std == pytest.approx(moved.std(), rel=1e-9)
    assert whole.distribution.total == 150


def test_several_pairs_are_one_picture(tmp_path: Path) -> None:
    left, right = {"v": normal(40), "w": normal(60, seed=1)}, {"v": normal(40, seed=2), "w": normal(60, seed=1)}
    found = Two(tmp_path, left, right).picked()
    known = measure(found)
    assert known.equal == 60
    assert known.sides.whole.finite == 200
    (made,) = delta_of(known, found).histograms
    assert made.counts.sum() == 40


def test_tied_pairs_count_once(tmp_path: Path) -> None:
    a, b = normal(10), normal(10, seed=1)
    found = Two(tmp_path, {"v": a, "w": a}, {"v": b, "w": b}).picked()
    assert len(found.pairs) == 1
    assert measure(found).sides.summaries[0].count == 10


def test_a_sample_comes_first_for_large_ones(tmp_path: Path) -> None:
    a = normal(1000, 300)
    b = a + (normal(1000, 300, seed=1) > 0)
    found = of(tmp_path, a, b)
    near, exact = sample(found), measure(found)
    assert near.sampled
    assert not exact.sampled
    assert near.equal == pytest.approx(exact.equal, rel=0.05)
    assert chart_words.equal(near).startswith("About ")


def test_nothing_changed(tmp_path: Path) -> None:
    known = measure(of(tmp_path, normal(7), normal(7)))
    assert chart_words.no_delta(known) == "All elements are exactly equal: B − A is 0 everywhere."
    assert chart_words.equal(known) == "7 of 7 elements are exactly equal (100 %)"


def test_what_is_not_finite_is_told_of_each_side(tmp_path: Path) -> None:
    a, b = torch.tensor([1.0, 2, float("nan"), 4]), torch.tensor([1.0, 3, float("nan"), float("inf")])
    found = of(tmp_path, a, b)
    known = measure(found)
    said = chart_words.sides(draft(known.sides, View()))
    assert said.startswith("A: 4 values: 1 NaN (25 %) not in the picture. B: 4 values: 1 NaN (25 %) and 1 +Inf (25 %)")
    assert chart_words.delta(known, delta_of(known, found)) == "B − A is not finite for some elements: 1 NaN and 1 Inf"


def test_one_side_alone_is_shown_and_said(tmp_path: Path) -> None:
    two = Two(tmp_path, {"v": normal(5), "w": normal(5)}, {"v": normal(5), "x": normal(6)})
    for key, name, why in (("w", "A", "It was removed: only A has it."), ("x", "B", "It was added: only B has it.")):
        known = measure(two.picked(key))
        assert [part.name for part in known.sides.parts] == [name]
        assert chart_words.no_delta(known) == why


def test_other_shapes_are_overlaid_all_the_same(tmp_path: Path) -> None:
    known = measure(of(tmp_path, normal(5), normal(6)))
    assert [one.count for one in known.sides.summaries] == [5, 6]
    assert chart_words.no_delta(known) == "the stored values are 5 in A and 6 in B"


def test_without_values_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoValues):
        measure(of(tmp_path, torch.zeros(3, device="meta"), torch.zeros(3, device="meta")))
    known = measure(of(tmp_path, torch.zeros(3, device="meta"), normal(3)))
    assert [part.name for part in known.sides.parts] == ["B"]
    assert known.delta is None


def test_differences_of_other_types_are_those_of_the_wider(tmp_path: Path) -> None:
    a = normal(400)
    b = a.to(torch.bfloat16)
    known = charts.measure(of(tmp_path, a, b))
    apart = (b.double() - a.double()).numpy()
    assert known.delta is not None
    assert known.delta.max == apart.max()
    assert known.equal == np.count_nonzero(apart == 0)
