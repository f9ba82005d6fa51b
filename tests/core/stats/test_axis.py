"""Where values stand on an axis, what its marks say, and the statistics that stand on it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.stats import ticks
from ckpt_gui.core.stats.clip import limits
from ckpt_gui.core.stats.estimate import scaled
from ckpt_gui.core.stats.magnitudes import magnitudes
from ckpt_gui.core.stats.markers import markers
from ckpt_gui.core.stats.nouns import Distribution, Histogram, Summary
from ckpt_gui.core.stats.percentile import percentile
from ckpt_gui.core.stats.readout import bin_at, read
from ckpt_gui.core.stats.scale import AXES, Scale, heights, scale_of, within

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SOME = st.lists(FINITE.filter(lambda x: abs(x) < 1e100), min_size=1, max_size=40)


def summary(values: list[float]) -> Summary:
    """Of these finite values, from NumPy; sums that are no float64 are infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _summary(values)


def _summary(values: list[float]) -> Summary:
    array = np.array(values, np.float64)
    found, counts = np.unique(array, return_counts=True)
    return Summary(
        numel=array.size, count=array.size, finite=array.size, nan=0, posinf=0, neginf=0,
        zeros=int((array == 0).sum()), negative=int((array < 0).sum()), min=float(array.min()), max=float(array.max()),
        mean=float(array.mean()), std=float(array.std()), l1=float(np.abs(array).sum()),
        l2=float(np.sqrt((array * array).sum())), absmax=float(np.abs(array).max()), where_min=None, where_max=None,
        where_nan=None, where_inf=None, of="", sampled=False, dtypes=("float64",), tensors=1,
        distribution=Distribution(found, found, counts.astype(np.int64)),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------ positions


@given(st.lists(FINITE, min_size=1, max_size=20), st.sampled_from(AXES))
def test_positions_keep_the_order_and_lead_back(values: list[float], axis: str) -> None:
    array = np.sort(np.abs(np.array(values)) if axis == "log" else np.array(values))
    array = array[array > 0] if axis == "log" else array
    if not array.size:
        return
    scale = scale_of(axis, summary(array.tolist()))  # type: ignore[arg-type]  # one of AXES

    places = scale.positions(array)

    assert np.isfinite(places).all()
    assert (np.abs(places) < 1e5).all()  # what a plot can work with, whatever the values
    assert (np.diff(places) >= 0).all()
    back = scale.values(places)
    assert np.isfinite(back).all()
    normal = np.abs(array) > 1e-290
    assert back[normal] == pytest.approx(array[normal], rel=1e-9, abs=scale.threshold * 1e-9)


def test_a_linear_axis_is_exact() -> None:
    for values in ([-1.7e308, 0.0, 1.7e308], [-0.3, 0.1, 1e6 / 3], [5e-324, 1e-323]):
        scale = scale_of("linear", summary(values))
        assert scale.values(scale.positions(np.array(values))).tolist() == values


@pytest.mark.parametrize(
    ("asked", "got"),
    [((2, 4), (2, 4)), ((-3, 1), (0, 4)), ((7, 12), (5, 10)), ((-1, 11), None), ((0, 10), None)],
)
def test_a_range_is_moved_into_the_whole(asked: tuple[float, float], got: tuple[float, float] | None) -> None:
    assert within(*asked, (0, 10)) == got


def test_log_heights_tell_one_from_none() -> None:
    none, one, ten = heights(np.array([0, 1, 10]), log=True)
    assert none < one == 0 < ten == 1


# ------------------------------------------------------------------------------------------------ marks


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.42, 0.39, ["−0.4", "−0.2", "0", "0.2"]),
        (0, 10, ["0", "2", "4", "6", "8", "10"]),
        (1e-7, 4e-7, ["1e−7", "2e−7", "3e−7", "4e−7"]),
        (100.001, 100.004, ["100.001", "100.002", "100.003", "100.004"]),
    ],
)
def test_round_numbers_on_a_linear_axis(low: float, high: float, said: list[str]) -> None:
    found = [tick.text for tick in ticks.ticks(Scale("linear"), low, high, 4)]
    assert found == said


def test_marks_beyond_float64_are_left_out() -> None:
    assert ticks.ticks(Scale("linear", unit=2.0**1023), -9e15, 9e15, 2) == []
    assert [tick.text for tick in ticks.ticks(Scale("linear"), -1.7e308, 1.7e308, 4)] == ["−1e308", "0", "1e308"]


def test_powers_of_ten_on_both_sides_of_zero() -> None:
    scale = Scale("symlog", threshold=1e-3)
    found = ticks.ticks(scale, scale.position(-2.0), scale.position(150.0), 20)

    assert [tick.text for tick in found] == [
        "−1", "−10⁻¹", "−10⁻²", "−10⁻³", "0", "10⁻³", "10⁻²", "10⁻¹", "1", "10", "100",
    ]  # fmt: skip
    assert [tick.position for tick in found] == sorted(tick.position for tick in found)


@given(
    st.sampled_from(AXES), FINITE, FINITE, st.integers(min_value=2, max_value=12),
    st.floats(min_value=1e-300, max_value=1e300),
)  # fmt: skip
def test_marks_stand_inside_and_are_few(axis: str, one: float, two: float, room: int, bend: float) -> None:
    values = sorted({abs(one), abs(two)} - {0.0} if axis == "log" else {one, two})
    if len(values) < 2:
        return
    scale = scale_of(axis, summary(values)) if axis != "symlog" else Scale("symlog", threshold=bend)  # type: ignore[arg-type]
    low, high = scale.position(values[0]), scale.position(values[1])

    found = ticks.ticks(scale, low, high, room)

    slack = 1e-6 * max(abs(low), abs(high), high - low, 1e-300)
    assert all(low - slack <= tick.position <= high + slack for tick in found)
    assert len(found) <= 4 * room + 3
    assert all(tick.text for tick in found)


@pytest.mark.parametrize(
    ("high", "log", "said"),
    [
        (3.0, False, ["0", "1", "2", "3"]),
        (1500.0, False, ["0", "500", "1,000", "1,500"]),
        (30_000.0, False, ["0", "10 k", "20 k", "30 k"]),
        (5.2, True, ["1", "100", "10 k"]),
    ],
)
def test_counts_are_whole_numbers(high: float, log: bool, said: list[str]) -> None:
    assert [tick.text for tick in ticks.counts(0.0, high, 3, log=log)] == said


# ------------------------------------------------------------------------------------------------ statistics on it


@given(SOME)
def test_magnitudes_are_those_of_what_is_not_zero(values: list[float]) -> None:
    found = magnitudes(summary(values))
    sizes = np.abs([value for value in values if value])

    assert found.finite == found.distribution.total == sizes.size
    if sizes.size:
        assert (found.min, found.max) == (sizes.min(), sizes.max())
        assert found.mean == pytest.approx(np.abs(values).mean())
        assert percentile(found, 50) == np.quantile(sizes, 0.5, method="inverted_cdf")


@given(SOME, st.sampled_from([0.1, 1.0, 5.0]))
def test_a_clip_is_two_percentiles_or_none(values: list[float], percent: float) -> None:
    found = limits(summary(values), percent)

    ends = [float(np.quantile(values, q / 100, method="inverted_cdf")) for q in (percent, 100 - percent)]
    assert found == (tuple(ends) if ends[0] < ends[1] else None)
    assert limits(summary(values), 0.0) is None


def test_markers_are_the_statistics_and_on_a_log_axis_those_of_magnitudes() -> None:
    values = [-4.0, -1.0, 1.0, 2.0]

    plain = {one.kind: one.values for one in markers(summary(values))}
    log = {one.kind: one for one in markers(summary(values), "log")}

    std = float(np.std(values))
    assert plain == {"mean": (-0.5,), "median": (-1.0,), "sigma": (-0.5 - std, -0.5 + std), "percentiles": (-4.0, 2.0)}
    assert log["mean"].values == (2.0,)
    assert log["median"].values == (1.0,)
    assert all("|x|" in one.name for one in log.values())
    assert all(value > 0 for one in log.values() for value in one.values)


def test_one_value_has_one_line_for_both_ends() -> None:
    assert {one.values for one in markers(summary([3.0, 3.0]))} == {(3.0,)}


@given(st.lists(FINITE, min_size=2, max_size=9, unique=True).map(sorted), FINITE)
def test_the_bin_of_a_value_is_numpys(edges: list[float], value: float) -> None:
    found = bin_at(np.array(edges), value)

    if not np.isfinite(np.diff(edges)).all():
        return
    counts, _ = np.histogram([value], edges)
    assert found == (int(np.argmax(counts)) if counts.any() else None)


def test_a_bin_is_read_with_what_lies_outside() -> None:
    one = read(Histogram(np.array([0.0, 1.0, 2.0]), np.array([3, 4]), 2, 1, True), 1)

    assert (one.low, one.high, one.count) == (1.0, 2.0, 4)
    assert (one.share, one.upto) == (0.4, 0.9)


def test_a_sample_is_multiplied_up() -> None:
    part = replace(summary([0.0, 1.0, 1.0, 3.0]), numel=400, sampled=True)

    whole = scaled(part)

    assert (whole.count, whole.finite, whole.zeros) == (400, 400, 100)
    assert whole.distribution.counts.tolist() == [100, 200, 100]
    assert whole.l1 == 500.0
    assert whole.l2 == pytest.approx(math.sqrt(1100))


def test_what_is_no_sample_stays() -> None:
    whole = summary([1.0, 2.0])
    assert scaled(whole) is whole
