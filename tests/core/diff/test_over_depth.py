"""Change over depth: measures by layer and kind, zero apart, what stands out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ckpt_gui.core.diff.over_depth import MEASURES, description, layers, measure, over_depth, read_out, sections
from ckpt_gui.core.stats.layers_picture import picture
from tests.core.diff.pairs import Two, normal


@pytest.fixture
def two(tmp_path: Path) -> Two:
    """Twelve layers: the first four frozen, the ninth blown up."""
    left = {f"h.{n}.{kind}.weight": normal(8, 8, seed=n) for n in range(12) for kind in ("attn", "mlp")}
    right = {}
    for number, (name, weight) in enumerate(left.items()):
        layer = int(name.split(".")[1])
        step = 0.0 if layer < 4 else 30.0 if (layer, "mlp" in name) == (9, True) else 0.01
        right[name] = weight + step * normal(8, 8, seed=100 + number)
    return Two(tmp_path, left, right)


def test_measures_are_those_of_torch(two: Two) -> None:
    a, b = normal(8, 8, seed=6).double(), None
    rows = two.rows()
    row = rows[two.place("h.6.attn.weight")]
    b = torch.load(Path(two.right.checkpoint.path), weights_only=True)["h.6.attn.weight"].double()
    apart = b - a
    assert row.measures is not None
    expected = {
        "rel_l2": apart.norm() / a.norm(), "max_abs": apart.abs().max(), "mean_abs": apart.abs().mean(),
        "l2": apart.norm(), "angle": 1 - torch.cosine_similarity(a.flatten(), b.flatten(), dim=0),
        "share": 100 * (apart != 0).double().mean(), "sign_flips": 100 * (a * b < 0).double().mean(),
    }  # fmt: skip
    assert set(expected) == set(MEASURES)
    for name, value in expected.items():
        assert measure(row.measures, name) == pytest.approx(float(value), rel=1e-6), name


def test_zero_change_stands_apart_with_no_line_to_it(two: Two) -> None:
    rows = two.rows()
    found = over_depth(layers(rows, range(len(rows))), rows, "rel_l2")
    shown = picture(found.depth, found.drawn, found.outliers, log=True, apart=True)
    assert shown.ground is not None
    zeros = np.array([not point.low for point in shown.points])
    assert zeros.sum() == 8 == found.unchanged
    assert (shown.ys[zeros] < shown.ground).all()
    assert (shown.ys[~zeros] > shown.ground).all()
    assert (shown.ys > shown.low).all()
    for trace in shown.traces:
        below = trace.ys < shown.ground
        steps = np.isnan(trace.ys[np.flatnonzero(below[:-1] & ~below[1:]) + 1])
        assert steps.all(), "a line leads from zero change to some"


def test_the_accident_stands_out_and_leads_to_its_pair(two: Two) -> None:
    rows = two.rows()
    found = over_depth(layers(rows, range(len(rows))), rows, "rel_l2")
    assert [rows[one.point.tensor].key for one in found.outliers] == ["h.9.mlp.weight"]
    first, listed = sections(found, rows, "rel_l2")
    assert first.facts[0].text == "16 of 24 pairs changed."
    assert listed.title == "1 tensor stands out"
    assert listed.facts[0].node == two.place("h.9.mlp.weight")
    shown = picture(found.depth, found.drawn, found.outliers, log=True, apart=True)
    assert "The largest: h.9.mlp.weight: relative L2" in description(found, shown, rows, "rel_l2")
    assert read_out(rows, shown, 0, "rel_l2").endswith(": no change")


def test_what_is_not_compared_yet_is_told(two: Two) -> None:
    rows = two.rows(values=False)
    found = over_depth(layers(rows, range(len(rows))), rows, "rel_l2")
    assert (found.compared, found.waiting) == (0, 24)
    assert sections(found, rows, "rel_l2")[0].facts[0].text == "No pair was compared yet."
    shown = picture(found.depth, found.drawn, (), log=True, apart=True)
    assert not shown.points


def test_a_change_from_zero_has_no_relative_measure(tmp_path: Path) -> None:
    two = Two(tmp_path, {"h.0.b": torch.zeros(3), "h.1.b": normal(3)}, {"h.0.b": normal(3), "h.1.b": normal(3)})
    rows = two.rows()
    found = over_depth(layers(rows, range(2)), rows, "rel_l2")
    assert (found.undefined, found.unchanged) == (1, 1)
    assert "1 without this measure, because A is 0 there" in sections(found, rows, "rel_l2")[0].facts[0].text


def test_all_frozen_is_all_below(tmp_path: Path) -> None:
    held = {f"h.{n}.w": normal(4, seed=n) for n in range(5)}
    rows = Two(tmp_path, held, held).rows()
    found = over_depth(layers(rows, range(5)), rows, "rel_l2")
    shown = picture(found.depth, found.drawn, found.outliers, log=True, apart=True)
    assert shown.ground is not None
    assert (shown.ys < shown.ground).all()
    assert shown.low < shown.ys.min() < shown.ground <= shown.high
