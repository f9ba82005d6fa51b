"""A statistic over the layers: what stands out, and where things are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.depth import Depth, by_names
from ckpt_gui.core.stats.layers import modified_z_scores, outliers, series
from ckpt_gui.core.stats.layers_picture import nearest, picture, proposes_log, step, stop_ticks, towers

LAYERS = 24


def network(kinds: tuple[str, ...] = ("q", "k")) -> Depth:
    names = [("h", str(layer), kind) for layer in range(LAYERS) for kind in kinds]
    return by_names(names, range(len(names)))


def found(
    values: dict[int, float], statistic: str = "std", bad: dict[int, float] | None = None
) -> list[tuple[str, int]]:
    depth = network()
    known = {statistic: values, "nonfinite": bad or {}}
    drawn = series(depth, known, statistic)
    return [(one.kind, one.point.stop) for one in outliers(depth, drawn, statistic, {})]


def healthy(seed: int = 0) -> dict[int, float]:
    noise = np.random.default_rng(seed).normal(1, 0.05, 2 * LAYERS)
    return {tensor: 0.02 * float(noise[tensor]) * (1 if tensor % 2 else 8) for tensor in range(2 * LAYERS)}


@pytest.mark.parametrize("seed", range(5))
def test_in_a_healthy_network_nothing_stands_out(seed: int) -> None:
    assert found(healthy(seed)) == []


@pytest.mark.parametrize("factor", [0.0, 0.01, 12.0, 1e6])
def test_a_broken_layer_stands_out_from_its_own_kind(factor: float) -> None:
    values = healthy()
    values[2 * 7] *= factor

    assert found(values) == [("q", 7)]


def test_a_value_usual_for_another_kind_stands_out_all_the_same() -> None:
    values = healthy()
    values[2 * 7] = values[1]

    assert found(values) == [("q", 7)]


def test_values_that_are_all_but_equal_have_no_outlier() -> None:
    values = {tensor: 1.0 + 1e-9 * (tensor == 5) for tensor in range(2 * LAYERS)}

    assert found(values) == []


def test_one_zero_among_equals_stands_out() -> None:
    assert found({tensor: float(tensor != 5) for tensor in range(2 * LAYERS)}) == [("k", 2)]


def test_layers_with_nan_come_first() -> None:
    values = healthy()
    values[2 * 7] *= 50

    assert found(values, bad={2 * 3: 4}) == [("q", 3), ("q", 7)]


def test_few_layers_have_no_typical_value() -> None:
    depth = by_names([("h", str(layer), "q") for layer in range(4)], range(4))
    drawn = series(depth, {"std": {0: 1.0, 1: 1.0, 2: 1.0, 3: 99.0}}, "std")

    assert outliers(depth, drawn, "std", {}) == []


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_scores_do_not_depend_on_the_unit(numbers: list[float], scale: float, shift: float) -> None:
    before = modified_z_scores(numbers)
    spread = float(np.ptp(numbers))
    if spread < 1e-3:
        return
    after = modified_z_scores([number * scale + shift for number in numbers])

    assert len(before) == len(numbers)
    off = np.median(np.abs(np.array(numbers) - np.median(numbers)))
    if off > 1e-6 * spread:
        assert after == pytest.approx(before, rel=1e-3, abs=1e-3)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=40))
def test_scores_are_numbers_with_the_right_sign(numbers: list[float]) -> None:
    for number, score in zip(numbers, modified_z_scores(numbers), strict=True):
        assert not math.isnan(score)
        assert score * (number - float(np.median(numbers))) >= 0 or math.isinf(np.median(numbers))


def test_the_picture_has_every_point_and_a_strip_for_what_is_not_finite() -> None:
    depth, values = network(), healthy()
    drawn = series(depth, {"std": values, "nonfinite": {4: 3}}, "std")
    shown = picture(depth, drawn, outliers(depth, drawn, "std", {}), log=False)

    assert len(shown.points) == 2 * LAYERS + 1
    assert len(shown.broken) == 1
    assert shown.strip < shown.ys[shown.broken[0]] < shown.high
    assert all(shown.low < y < shown.strip for place, y in enumerate(shown.ys) if place not in shown.broken)
    assert [trace.kind for trace in shown.traces] == ["q", "k"]


def test_a_hidden_kind_is_not_drawn_and_keeps_its_number() -> None:
    depth = network()
    drawn = series(depth, {"std": healthy()}, "std")
    shown = picture(depth, drawn, [], log=True, hidden={"q"})

    assert [(trace.kind, trace.number) for trace in shown.traces] == [("k", 1)]
    assert set(shown.numbers) == {1}


def test_a_line_breaks_off_between_towers() -> None:
    names = [(tower, str(layer), "w") for tower in ("encoder", "decoder") for layer in range(3)]
    depth = by_names(names, range(6))
    shown = picture(depth, series(depth, {"std": dict.fromkeys(range(6), 1.0)}, "std"), [], log=False)

    assert np.isnan(shown.traces[0].ys).tolist() == [False] * 3 + [True] + [False] * 3
    assert towers(depth) == [("encoder", 0, 2), ("decoder", 3, 5)]


def test_parallel_tensors_are_a_band_around_their_median() -> None:
    names = [("h", str(layer), "experts", str(expert), "w") for layer in range(3) for expert in range(5)]
    depth = by_names(names, range(15))
    shown = picture(depth, series(depth, {"std": {n: float(n % 5) for n in range(15)}}, "std"), [], log=False)
    (trace,) = shown.traces

    assert trace.banded
    assert (trace.lows.tolist(), trace.ys.tolist(), trace.highs.tolist()) == ([0.0] * 3, [2.0] * 3, [4.0] * 3)


def test_zeros_stand_at_the_bottom_of_a_logarithmic_axis() -> None:
    depth, values = network(("q",)), dict.fromkeys(range(LAYERS), 0.1)
    values[3] = 0.0
    shown = picture(depth, series(depth, {"std": values}, "std"), [], log=True)

    assert np.isfinite(shown.ys).all()
    assert shown.ys.argmin() == 3


def test_a_logarithmic_axis_is_proposed_for_wide_ranges_of_scales_only() -> None:
    depth = network(("q",))
    wide, narrow = {n: 10.0**n for n in range(LAYERS)}, {n: 1.0 + n / 100 for n in range(LAYERS)}

    assert proposes_log(series(depth, {"std": wide}, "std"), "std")
    assert not proposes_log(series(depth, {"std": narrow}, "std"), "std")
    assert not proposes_log(series(depth, {"mean": wide}, "mean"), "mean")


def test_keys_walk_along_a_kind_and_across_to_the_next() -> None:
    depth = network()
    shown = picture(depth, series(depth, {"std": healthy()}, "std"), [], log=False)
    here = step(shown, -1, 1, 0)
    onward = step(shown, here, 1, 0)
    across = step(shown, onward, 0, 1)

    assert (shown.points[onward].stop, shown.numbers[onward]) == (1, 0)
    assert (shown.points[across].stop, shown.numbers[across]) == (1, 1)
    assert step(shown, here, -1, 0) == here


def test_the_point_under_the_mouse_is_the_nearest_within_reach() -> None:
    depth = network(("q",))
    shown = picture(depth, series(depth, {"std": healthy()}, "std"), [], log=False)

    assert shown.points[nearest(shown, 3.2, shown.ys[3], 0.5, 1.0)].stop == 3
    assert nearest(shown, 3.5, shown.ys[3], 0.1, 0.1) == -1


@pytest.mark.parametrize(("characters", "labels"), [(400, 24), (60, 24), (30, 5), (8, 2)])
def test_axis_names_have_room(characters: int, labels: int) -> None:
    ticks = stop_ticks(network(), -0.6, LAYERS - 0.4, characters)

    assert 1 <= len(ticks) <= 24
    assert sum(len(tick.text) for tick in ticks) <= characters
    assert ticks[0].text == "0"
    assert len(ticks) >= min(labels, 2)
