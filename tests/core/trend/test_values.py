"""Statistics, changes, histograms and the first NaN of a run; torch and NumPy as the other opinion."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import Cancelled
from ckpt_gui.core.progress import Report
from ckpt_gui.core.trend.change import changes
from ckpt_gui.core.trend.evolution import evolution
from ckpt_gui.core.trend.first_nan import first_nan
from ckpt_gui.core.trend.gather import run_of
from ckpt_gui.core.trend.ledger import Ledger
from ckpt_gui.core.trend.nouns import Run, Subject, alone
from ckpt_gui.core.trend.picture import height, nearest, picture, proposes_log, step, stop_ticks
from ckpt_gui.core.trend.ridges import ridges
from ckpt_gui.core.trend.series import series
from ckpt_gui.core.trend.sparks import sparkline
from ckpt_gui.core.trend.statistics import TITLES
from ckpt_gui.core.trend.told import Asked, trend_json
from ckpt_gui.core.trend.tracks import group, matching
from ckpt_gui.core.trend.words import description, nan_answer, read_out
from tests.core.trend.runs import plain, training


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CKPT_GUI_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Six epochs, NaN from the fourth on."""
    return training(tmp_path / "run", nan_from=4)


@pytest.fixture
def run(paths: list[Path]) -> Run:
    return run_of(paths)


def loaded(path: Path, name: str) -> torch.Tensor:
    value: torch.Tensor = torch.load(path, weights_only=True)["state_dict"][name].double()
    return value


def by_torch(values: torch.Tensor, statistic: str) -> float | None:
    """The statistic of the finite values, as torch computes it."""
    finite = values[values.isfinite()]
    counts: dict[str, Any] = {
        "nan": values.isnan().sum(), "inf": values.isinf().sum(), "posinf": (values == math.inf).sum(),
        "neginf": (values == -math.inf).sum(), "finite": torch.tensor(finite.numel()), "zeros": (finite == 0).sum(),
        "negative": (finite < 0).sum(),
    }  # fmt: skip
    if statistic in counts:
        return int(counts[statistic])
    if statistic == "zeros_percent":
        return 100 * float((finite == 0).sum()) / values.numel()
    if not finite.numel():
        return None
    if statistic[0] == "p" and statistic[1:].isdecimal():
        ordered = finite.sort().values
        return float(ordered[max(math.ceil(int(statistic[1:]) / 100 * len(ordered)), 1) - 1])
    told = {
        "min": finite.min(), "max": finite.max(), "mean": finite.mean(), "std": finite.std(correction=0),
        "absmax": finite.abs().max(), "l1": finite.abs().sum(), "l2": finite.norm(),
    }  # fmt: skip
    return float(told[statistic])


@pytest.mark.parametrize("statistic", TITLES)
def test_every_statistic_of_tensors_and_groups_is_torchs(run: Run, paths: list[Path], statistic: str) -> None:
    names = ["2.weight", "2.bias", "0.weight"]
    tracks = [matching(run, [name])[0] for name in names]
    subjects = [*map(alone, tracks), group(("state_dict",), tracks)]
    found = series(run, subjects, statistic)

    for line, held in zip(found, [*([name] for name in names), names], strict=True):
        expected = [by_torch(torch.cat([loaded(path, name).flatten() for name in held]), statistic) for path in paths]
        assert [value is None for value in line.values] == [value is None for value in expected]
        for value, wanted in zip(line.values, expected, strict=True):
            if wanted is not None:
                assert value == pytest.approx(wanted, rel=1e-9 if statistic[0] != "p" else 0.01, abs=1e-12)


def test_nan_is_counted_at_its_steps(run: Run, paths: list[Path]) -> None:
    line = series(run, [alone(matching(run, ["2.weight"])[0])], "l2")[0]
    assert list(line.nonfinite) == [int((~loaded(path, "2.weight").isfinite()).sum()) for path in paths]
    assert line.nonfinite[2:4] == (0, 1)


def test_threads_and_a_second_look_give_the_same(run: Run) -> None:
    subjects = list(map(alone, run.tracks))
    with ThreadPoolExecutor(2) as executor:
        first = series(run, subjects, "std", executor=executor, workers=2)
    assert series(run, subjects, "std") == first


def test_what_was_read_once_comes_from_the_cache(run: Run, paths: list[Path]) -> None:
    subjects = [alone(matching(run, ["0.weight"])[0])]
    first = series(run, subjects, "mean")
    again = run_of(paths)
    ledger = Ledger(again)
    assert all(not ledger.missing(place, [subjects[0].tracks[0].tensors[place]]) for place in again.readable)
    assert [line.values for line in series(again, [alone(matching(again, ["0.weight"])[0])], "mean")] == [
        line.values for line in first
    ]


def test_a_name_that_is_missing_gives_nothing_there(tmp_path: Path) -> None:
    states = [{"a": torch.ones(2)}, {"a": torch.ones(2) * 2, "b": torch.ones(3)}, {"b": torch.ones(3)}]
    run = run_of(plain(tmp_path / "run", states))
    one, two = (series(run, [alone(matching(run, [name])[0])], "max")[0] for name in "ab")
    assert (one.values, two.values) == ((1.0, 2.0, None), (None, 1.0, 1.0))
    both = series(run, [group((), run.tracks)], "max")[0]
    assert (both.values, both.members) == ((1.0, 2.0, 1.0), (1, 2, 1))


def test_reading_stops_when_it_is_told_to(run: Run) -> None:
    class Impatient(Report):
        def at(self, done: int, total: int, unit: str) -> None:
            raise Cancelled

    for ask in (series, changes):
        with pytest.raises(Cancelled):
            ask(run, list(map(alone, run.tracks)), *(["l2"] if ask is series else []), report=Impatient())
    with pytest.raises(Cancelled):
        first_nan(run, run.tracks, report=Impatient())
    with pytest.raises(Cancelled):
        evolution(run, alone(run.tracks[0]), report=Impatient())


def test_a_file_that_is_replaced_meanwhile_says_so(run: Run, paths: list[Path]) -> None:
    paths[2].write_bytes(paths[1].read_bytes())
    line = series(run, [alone(matching(run, ["0.weight"])[0])], "l2")[0]
    assert line.values[2] is None
    assert "changed" in line.why[2]
    assert line.values[1] is not None


# ---------------------------------------------------------------------------------------------------- changes


def test_change_is_the_relative_l2_of_neighbours(run: Run, paths: list[Path]) -> None:
    names = ["0.weight", "0.bias"]
    tracks = [matching(run, [name])[0] for name in names]
    *single, both = changes(run, [*map(alone, tracks), group(("state_dict",), tracks)])

    def relative(held: list[str], left: Path, right: Path) -> float:
        one, other = (torch.cat([loaded(path, name).flatten() for name in held]) for path in (left, right))
        return float((other - one).norm() / one.norm())

    for line, held in zip((*single, both), ([names[0]], [names[1]], names), strict=True):
        assert line.values[0] is None
        for place in range(1, 4):  # from the fifth on all is NaN
            assert line.values[place] == pytest.approx(relative(held, paths[place - 1], paths[place]), rel=1e-9)
    assert single[0].nonfinite[4] == 16 * 8


def test_change_goes_by_the_last_stop_that_has_the_tensor(tmp_path: Path) -> None:
    states = [
        {"a": torch.ones(2), "b": torch.zeros(1)},
        {"b": torch.zeros(1)},
        {"a": torch.ones(2) * 3, "b": torch.zeros(1)},
    ]
    run = run_of(plain(tmp_path / "run", states))
    found = changes(run, [alone(matching(run, ["a"])[0])])[0]
    assert found.values == (None, None, 2.0)


def test_another_shape_is_told(tmp_path: Path) -> None:
    run = run_of(plain(tmp_path / "run", [{"a": torch.ones(2)}, {"a": torch.ones(2, 1)}]))
    found = changes(run, [alone(run.tracks[0])])[0]
    assert found.values == (None, None)
    assert "shape" in found.why[1]


# ---------------------------------------------------------------------------------------------------- histograms


@pytest.mark.parametrize("axis", ["linear", "symlog", "log", None])
def test_histograms_are_numpys_on_common_edges(tmp_path: Path, axis: Any) -> None:
    torch.manual_seed(2)
    states = [{"w": torch.randn(60, 50) * scale, "v": torch.randn(9)} for scale in (0.1, 0.5, 2.0)]
    states[1]["w"][3, 3] = math.inf
    run = run_of(plain(tmp_path / "run", states))
    found = evolution(run, group((), run.tracks), axis=axis)

    assert (np.diff(found.edges) > 0).all()
    for state, one in zip(states, found.histograms, strict=True):
        values = torch.cat([value.flatten() for value in state.values()]).double().numpy()
        values = values[np.isfinite(values)]
        expected = np.histogram(np.abs(values) if axis == "log" else values, found.edges)[0]
        assert one is not None
        assert one.exact
        assert one.counts.tolist() == expected.tolist()


def test_an_axis_is_proposed_that_shows_most_steps(tmp_path: Path) -> None:
    calm = [{"w": torch.randn(1000) * 0.1} for _ in range(4)]
    torch.manual_seed(0)
    run = run_of(plain(tmp_path / "calm", calm))
    assert evolution(run, alone(run.tracks[0])).scale.axis == "linear"
    blown = run_of(plain(tmp_path / "blown", [*calm, {"w": torch.randn(1000) * 1e4}]))
    assert evolution(blown, alone(blown.tracks[0])).scale.axis == "symlog"


def test_ridges_stand_on_their_rows(run: Run) -> None:
    shown = ridges(evolution(run, alone(matching(run, ["2.weight"])[0])))
    assert [ridge.base for ridge in shown.ridges] == [5, 4, 3, 2, 1, 0]
    assert [ridge.finite for ridge in shown.ridges] == [True] * 4 + [False] * 2
    assert all((ridge.ys >= ridge.base).all() for ridge in shown.ridges)
    assert max(ridge.ys.max() for ridge in shown.ridges) <= shown.high


def test_no_finite_value_at_all(tmp_path: Path) -> None:
    run = run_of(plain(tmp_path / "run", [{"w": torch.full((3,), math.nan)}, {"w": torch.empty(0)}]))
    found = evolution(run, alone(run.tracks[0]))
    assert len(found.edges) == 0
    assert ridges(found).ridges == ()


def test_one_value_everywhere(tmp_path: Path) -> None:
    run = run_of(plain(tmp_path / "run", [{"w": torch.ones(3)}, {"w": torch.ones(3)}]))
    shown = ridges(evolution(run, alone(run.tracks[0])))
    assert len(shown.ridges) == 2
    assert np.isfinite(shown.ridges[0].ys).all()
    assert shown.xs[0] < shown.xs[-1]


# ---------------------------------------------------------------------------------------------------- NaN


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_first_nan_is_found_and_few_files_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 20))
    first = data.draw(st.integers(0, count))
    folder = tmp_path_factory.mktemp("run")
    states = [
        {"w": torch.zeros(4), "v": torch.tensor([1.0, math.nan if place >= first else 0.0])} for place in range(count)
    ]
    run = run_of(plain(folder, states))
    found = first_nan(run, run.tracks)

    assert found.place == (first if first < count else None)
    assert len(found.looked_at) <= math.ceil(math.log2(count + 1)) + 1
    if found.place is not None:
        assert found.before == (first - 1 if first else None)
        assert found.before is None or found.before in found.looked_at
        assert [(bad.track.name, bad.count, bad.where) for bad in found.found] == [("v", 1, (1,))]


def test_the_answer_in_words(run: Run) -> None:
    found = first_nan(run, run.tracks)
    told = " ".join(nan_answer(run, found))
    assert told.startswith("NaN first at step 40: state_dict/2.weight (1, the first at [3, 5]).")
    assert "Step 30 was looked at too and has none" in told
    assert "3 of 6 files were looked at" in told


def test_no_nan_in_words(tmp_path: Path) -> None:
    run = run_of(training(tmp_path / "calm", 4))
    found = first_nan(run, run.tracks)
    assert (found.place, found.looked_at) == (None, (3,))
    assert nan_answer(run, found)[0].startswith("No NaN at step 40.")


def test_a_file_that_cannot_be_read_is_passed_by(run: Run, paths: list[Path]) -> None:
    paths[2].write_bytes(b"gone")  # the one before the first NaN
    found = first_nan(run, run.tracks)
    assert found.place == 3
    assert found.before == 1
    assert [place for place, _why in found.skipped] == [2]
    assert "Could not be read: step 30" in nan_answer(run, found)[-1]


# ---------------------------------------------------------------------------------------------------- words, pictures


def test_json_is_json_and_as_long_as_there_are_files(run: Run) -> None:
    subjects = list(map(alone, run.tracks))
    told = trend_json(
        run,
        "l2",
        series(run, subjects, "l2"),
        Asked(changes(run, subjects), first_nan(run, run.tracks), [evolution(run, one) for one in subjects]),
    )
    again = json.loads(json.dumps(told, allow_nan=False))
    assert len(again["files"]) == 6
    assert all(len(one[name]) == 6 for one in again["series"] for name in ("values", "change", "nonfinite"))
    assert all(len(one["histograms"]["counts"]) == 6 for one in again["series"])
    assert again["first_nan"]["file"] == run.stops[3].path


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), max_size=80))
def test_sparklines_rise_with_their_numbers(values: list[float | None]) -> None:
    drawn = sparkline(values)
    assert len(drawn) == min(len(values), 60)
    if len(values) <= 60:
        pairs = sorted((value, char) for value, char in zip(values, drawn, strict=True) if value is not None)
        assert [char for _value, char in pairs] == sorted(char for _value, char in pairs)
        assert [char == " " for char in drawn] == [value is None for value in values]


def test_the_picture_stands_where_the_numbers_are(run: Run) -> None:
    lines = series(run, [alone(matching(run, [name])[0]) for name in ("0.weight", "2.weight")], "l2")
    shown = picture(run, list(enumerate(lines)), log=True)
    for trace in shown.traces:
        for place, value in enumerate(trace.line.values):
            if value is None:
                assert shown.strip < height(shown, (trace.number, place)) < shown.high
            else:
                assert 10 ** height(shown, (trace.number, place)) == pytest.approx(value)
    point = (1, 2)
    assert nearest(shown, 2.1, height(shown, point), 0.5, 1e-6) == point
    assert nearest(shown, 2.1, height(shown, point), 0.01, 1e-6) is None


def test_zero_stands_apart_on_a_log_axis(tmp_path: Path) -> None:
    run = run_of(plain(tmp_path / "run", [{"w": torch.zeros(3)}, {"w": torch.ones(3)}, {"w": torch.ones(3) * 1000}]))
    lines = series(run, [alone(run.tracks[0])], "l2")
    assert proposes_log(lines, "l2")
    shown = picture(run, [(0, lines[0])], log=True)
    assert shown.low < height(shown, (0, 0)) < shown.floor < height(shown, (0, 1))


def test_the_keyboard_goes_along_and_across(run: Run) -> None:
    lines = series(run, [alone(matching(run, [name])[0]) for name in ("0.weight", "2.weight")], "l2")
    shown = picture(run, list(enumerate(lines)), log=False)
    assert step(shown, None, 1, 0) == (0, 0)
    assert step(shown, (0, 0), 1, 0) == (0, 1)
    assert step(shown, (0, 5), 1, 0) == (0, 5)
    assert step(shown, (0, 1), 0, 1) == (1, 1)
    assert step(shown, (1, 1), 0, 1) == (0, 1)
    assert step(picture(run, [], log=False), None, 1, 0) is None


def test_ticks_are_the_steps(run: Run) -> None:
    assert [tick.text for tick in stop_ticks(run, -0.4, 5.4, 200)] == ["10", "20", "30", "40", "50", "60"]
    few = stop_ticks(run, -0.4, 5.4, 12)
    assert 2 <= len(few) < 6
    assert few[0].text == "10"


def test_words_for_who_does_not_see_the_chart(run: Run) -> None:
    lines = series(run, [alone(matching(run, ["2.weight"])[0])], "l2")
    told = description(run, lines, "l2")
    assert told.startswith("L2 norm of 1 line over 6 files. state_dict/2.weight: ")
    assert "NaN or Inf from step 40 on." in told
    assert read_out(run, lines[0], 3, "l2").endswith(", 1 value NaN or Inf")


def test_several_as_one_where_some_are_missing(tmp_path: Path) -> None:
    run = run_of(plain(tmp_path / "run", [{"a": torch.ones(1)}, {"a": torch.ones(1), "b": torch.ones(1)}]))
    line = series(run, [Subject("both", (), run.tracks)], "l2")[0]
    assert "(of 1 of 2 tensors)" in read_out(run, line, 0, "l2")
    assert "(of" not in read_out(run, line, 1, "l2")
