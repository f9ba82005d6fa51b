"""A against B, counted in bounded memory; NumPy is the judge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.diff import scatter as module
from ckpt_gui.core.diff import scatter_words
from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.picked import Picked
from ckpt_gui.core.diff.scatter import Scatter, preview, scatter
from tests.core.diff.pairs import Two, normal


def plans(found: Picked) -> list[Plan]:
    return [one for one in found.plans() if isinstance(one, Plan)]


def of(folder: Path, a: torch.Tensor, b: torch.Tensor, **how: Any) -> Scatter:
    return scatter(plans(Two(folder, {"w": a}, {"w": b}).picked("w")), **how)


def judge(a: torch.Tensor, b: torch.Tensor) -> tuple[Any, Any]:
    x, y = (one.double().flatten().numpy() for one in (a, b))
    kept = np.isfinite(x) & np.isfinite(y)
    return x[kept], y[kept]


def assert_fits(found: Scatter, x: Any, y: Any) -> None:
    fit = found.fit
    assert fit.both == len(x)
    assert fit.equal == np.count_nonzero(x == y)
    assert (fit.left, fit.right) == ((x.min(), x.max()), (y.min(), y.max()))
    slope, intercept = np.polyfit(x, y, 1)
    assert fit.slope == pytest.approx(slope, rel=1e-9)
    assert fit.intercept == pytest.approx(intercept, rel=1e-7, abs=1e-9)
    assert fit.correlation == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-12)


def test_few_values_are_points(tmp_path: Path) -> None:
    a, b = normal(30, 40), normal(30, 40) + 0.1 * normal(30, 40, seed=1)
    found = of(tmp_path, a, b)
    x, y = judge(a, b)
    assert not found.dense
    assert found.left.tolist() == x.tolist()
    assert found.right.tolist() == y.tolist()
    assert_fits(found, x, y)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64, torch.int16])
def test_many_values_are_a_density(tmp_path: Path, dtype: torch.dtype) -> None:
    a = (normal(300, 400) * 50).to(dtype)
    b = (a.double() * 1.5 + 3 + normal(300, 400, seed=1)).to(dtype)
    found = of(tmp_path, a, b, executor=ThreadPoolExecutor(2), workers=2)
    x, y = judge(a, b)
    expected, _up, _across = np.histogram2d(y, x, bins=[found.up, found.across])
    assert found.dense
    assert found.counts.tolist() == expected.astype(int).tolist()
    assert found.counts.sum() == len(x)
    assert_fits(found, x, y)


def test_several_shares_are_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = normal(300, 400), normal(300, 400, seed=1)
    whole = of(tmp_path, a, b)
    monkeypatch.setattr(module, "SHARE", 7_000)
    parted = of(tmp_path, a, b)
    assert parted.counts.tolist() == whole.counts.tolist()
    assert parted.fit.correlation == pytest.approx(whole.fit.correlation, rel=1e-9)


def test_tensors_that_lie_differently_meet_at_their_indices(tmp_path: Path) -> None:
    a = normal(200, 300)
    found = of(tmp_path, a, a.T.contiguous().T)
    assert found.fit.equal == a.numel()
    assert np.count_nonzero(found.counts) == np.count_nonzero(np.diag(found.counts))


def test_nan_and_infinities_are_left_out(tmp_path: Path) -> None:
    a, b = normal(50), normal(50, seed=1)
    a[3], b[3], b[7], a[9] = float("nan"), float("nan"), float("inf"), float("-inf")
    found = of(tmp_path, a, b)
    assert (found.fit.both, found.fit.left_out) == (47, 3)
    assert "3 elements with NaN or Inf left out" in scatter_words.headline(found)


def test_a_part_of_the_axes_is_counted_anew(tmp_path: Path) -> None:
    a, b = normal(300, 400), normal(300, 400, seed=1)
    found = of(tmp_path, a, b, limits=((-0.5, 0.5), (0.0, 1.0)))
    x, y = judge(a, b)
    assert (found.across[0], found.across[-1], found.up[0], found.up[-1]) == (-0.5, 0.5, 0.0, 1.0)
    assert found.counts.sum() == np.count_nonzero((abs(x) <= 0.5) & (y >= 0) & (y <= 1))


def test_several_pairs_lie_in_one_picture(tmp_path: Path) -> None:
    left = {"v": normal(10), "w": normal(20, seed=1)}
    right = {"v": normal(10, seed=2), "w": normal(20, seed=3)}
    found = scatter(plans(Two(tmp_path, left, right).picked()))
    x, y = (np.concatenate([side["v"].numpy(), side["w"].numpy()]) for side in (left, right))
    assert sorted(found.left) == sorted(x)
    assert found.fit.correlation == pytest.approx(np.corrcoef(x.astype(float), y.astype(float))[0, 1], rel=1e-9)


def test_constants_have_no_correlation(tmp_path: Path) -> None:
    found = of(tmp_path, torch.zeros(4), normal(4))
    assert (found.fit.correlation, found.fit.slope) == (None, None)
    assert scatter_words.headline(found).startswith("Every finite value of A is 0.")
    assert of(tmp_path, normal(4), torch.ones(4)).fit.slope == pytest.approx(0, abs=1e-12)


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    nothing = of(tmp_path, torch.full((3,), float("nan")), torch.ones(3))
    assert scatter_words.headline(nothing).startswith("No element is finite on both sides (3 are not)")
    assert scatter_words.headline(of(tmp_path, torch.ones(0), torch.ones(0))).startswith("They have no elements")


def test_complex_numbers_are_compared_by_magnitude(tmp_path: Path) -> None:
    a = torch.complex(normal(6), normal(6, seed=1))
    found = of(tmp_path, a, 2 * a)
    assert found.left == pytest.approx(a.abs().double().numpy(), rel=1e-6)
    assert found.fit.slope == pytest.approx(2)


def test_an_expanded_tensor_counts_all_its_elements(tmp_path: Path) -> None:
    found = of(tmp_path, normal(5, 1).expand(5, 100), normal(5, 1, seed=1).expand(5, 100))
    assert found.fit.both == 500
    assert len(found.left) == 5


def test_a_preview_is_near_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH_A_PREVIEW", 50_000)
    a = normal(1000, 1000)
    two = plans(Two(tmp_path, {"w": a}, {"w": a + 0.3 * normal(1000, 1000, seed=1)}).picked("w"))
    near, exact = preview(two), scatter(two)
    assert near.sampled
    assert 100_000 < near.fit.both <= 1_000_000
    assert near.fit.correlation == pytest.approx(exact.fit.correlation, abs=0.01)
    assert scatter_words.headline(near).startswith("Preview from a sample. ")


@given(st.lists(st.floats(-1e308, 1e308), min_size=2, max_size=40), st.integers(1, 50))
def test_bins_are_those_of_numpy(values: list[float], cells: int) -> None:
    low, high = min(values), max(values)
    if high / 2 - low / 2 < 1e-290:
        return
    edges = np.linspace(low / 2, high / 2, cells + 1) * 2
    edges[0], edges[-1] = low, high
    if (np.diff(edges) <= 0).any():
        return
    counts = np.bincount(module._bins(np.array(values), edges), minlength=cells)
    expected = np.searchsorted(edges[1:-1], values, side="right")
    assert counts.tolist() == np.bincount(expected, minlength=cells).tolist()


def test_extreme_values_have_a_picture(tmp_path: Path) -> None:
    a = torch.linspace(-1, 1, 30_000, dtype=torch.float64) * 1.7e308
    found = of(tmp_path, a, a)
    assert found.counts.sum() == 30_000
    assert np.count_nonzero(found.counts) == module.CELLS
