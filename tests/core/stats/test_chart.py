"""The histogram page's picture: common edges, exact counts, zoom, clipping, what cannot be shown; NumPy judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.reader import read
from ckpt_gui.core.stats import chart_words
from ckpt_gui.core.stats.chart import Chart, View, count, draft, measure, sample
from ckpt_gui.core.stats.chart_csv import chart_csv
from ckpt_gui.core.stats.parts import MAX_SERIES, parts
from ckpt_gui.core.tensors import Reading

Open = Callable[[dict[str, Any]], Reading]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Saves these tensors and opens the file."""
    readings: list[Reading] = []

    def save(tensors: dict[str, Any]) -> Reading:
        torch.save(tensors, tmp_path / "w.pt")
        readings.append(Reading(read(tmp_path / "w.pt").checkpoint))
        return readings[-1]

    yield save
    for reading in readings:
        reading.close()


def at(reading: Reading, *keys: str) -> list[int]:
    """Nodes of these keys."""
    nodes = [reading.checkpoint.find((key,)) for key in keys]
    assert None not in nodes
    return [node for node in nodes if node is not None]


def exact(reading: Reading, nodes: list[int], view: View) -> Chart:
    known = measure(reading, parts(reading.checkpoint, nodes))
    return count(reading, draft(known, view), workers=1)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ------------------------------------------------------------------------------------------------ counts


@pytest.mark.parametrize("bins", [None, 1, 37, 512])
@pytest.mark.parametrize("axis", ["linear", "symlog", "log"])
def test_counts_are_numpys(opened: Open, axis: Any, bins: int | None) -> None:
    values = normal(300, 40)
    reading = opened({"w": values})

    made = exact(reading, at(reading, "w"), View(axis, bins))

    judged = np.abs(values.double().numpy()) if axis == "log" else values.double().numpy()
    assert made.exact
    assert np.array_equal(made.histograms[0].counts, np.histogram(judged.ravel(), made.edges)[0])
    assert bins is None or len(made.edges) == bins + 1


@pytest.mark.parametrize("axis", ["linear", "symlog", "log"])
def test_zoom_counts_the_values_of_the_part_anew(opened: Open, axis: Any) -> None:
    values = normal(200, 200)
    reading = opened({"w": values})

    made = exact(reading, at(reading, "w"), View(axis, low=0.25, high=0.26))

    judged = np.abs(values.double().numpy()).ravel() if axis == "log" else values.double().numpy().ravel()
    one = made.histograms[0]
    assert (made.edges[0], made.edges[-1]) == (0.25, 0.26)
    assert np.array_equal(one.counts, np.histogram(judged, made.edges)[0])
    assert (one.below, one.above) == (int((judged < 0.25).sum()), int((judged > 0.26).sum()))
    assert len(made.edges) >= len(draft(made.known, View(axis)).edges)  # as fine as the whole was, at least
    assert made.whole[1] == pytest.approx(judged.max())


def test_zoomed_integers_have_a_bar_each_and_none_is_cut(opened: Open) -> None:
    values = torch.arange(100_000) % 3000
    reading = opened({"w": values})
    nodes = at(reading, "w")

    assert len(draft(measure(reading, parts(reading.checkpoint, nodes)), View()).edges) < 600
    made = exact(reading, nodes, View(low=9.7, high=14.2))

    assert made.edges.tolist() == [9.5, 10.5, 11.5, 12.5, 13.5, 14.5]
    assert made.histograms[0].counts.tolist() == [34] * 5
    assert made.span == (9.7, 14.2)
    assert chart_words.span(made, 0) == "10"
    assert exact(reading, nodes, View(low=10.2, high=10.4)).edges.tolist() == [9.5, 10.5]


def test_clipping_says_how_many_lie_outside(opened: Open) -> None:
    values = normal(10_000)
    values[0] = 1e30
    reading = opened({"w": values})

    made = exact(reading, at(reading, "w"), View(clip=1.0))

    one = made.histograms[0]
    judged = values.double().numpy()
    assert one.below == (judged < made.edges[0]).sum() > 0
    assert one.above == (judged > made.edges[-1]).sum() > 0
    assert np.quantile(judged, 0.01, method="inverted_cdf") == pytest.approx(made.edges[0], rel=0.01)
    assert f"Clipped to 1 % … 99 %: {one.below:,} below and {one.above:,} above" in chart_words.headline(made)


# ------------------------------------------------------------------------------------------------ several tensors


def test_several_lie_on_common_edges(opened: Open) -> None:
    first, second = normal(1000), normal(500, seed=1) * 3
    reading = opened({"layers.0.a": first, "layers.1.b": second})

    made = exact(reading, at(reading, "layers.0.a", "layers.1.b"), View())

    assert [part.name for part in made.known.parts] == ["0.a", "1.b"]
    for one, values in zip(made.histograms, (first, second), strict=True):
        assert np.array_equal(one.counts, np.histogram(values.double().numpy(), made.edges)[0])
    assert made.edges[0] == min(first.min(), second.min())


def test_a_group_is_one_series_of_all_its_tensors(opened: Open) -> None:
    tensors = {f"layer.{number}": normal(50, seed=number) for number in range(40)}
    reading = opened({**tensors, "other": normal(9)})
    group = reading.checkpoint.nodes.parent[at(reading, "layer.0")[0]]

    made = exact(reading, [group], View())

    together = torch.cat(list(tensors.values())).double().numpy()
    assert np.array_equal(made.histograms[0].counts, np.histogram(together, made.edges)[0])
    assert made.known.whole.tensors == 40
    assert made.known.whole.mean == pytest.approx(together.mean())


def test_too_many_to_tell_apart_are_one(opened: Open) -> None:
    reading = opened({f"w{number}": normal(5, seed=number) for number in range(MAX_SERIES + 1)})
    nodes = at(reading, *(f"w{number}" for number in range(MAX_SERIES + 1)))

    assert len(parts(reading.checkpoint, nodes[:-1])) == MAX_SERIES
    (together,) = parts(reading.checkpoint, nodes)

    assert together.name == "13 rows together"
    assert len(together.tensors) == MAX_SERIES + 1


def test_tied_tensors_count_once_and_views_do_not(opened: Open) -> None:
    values = normal(6, 6)
    reading = opened({"a": values, "b": values, "part": values[:3], "turned": values.t()})

    (whole,) = parts(reading.checkpoint, [])

    assert (len(whole.tensors), whole.tied) == (3, 1)
    assert "1 tied tensor counted once" in chart_words.headline(exact(reading, [], View()))


# ------------------------------------------------------------------------------------------------ previews


def test_a_sample_is_told_as_one_and_scaled_to_the_whole(opened: Open) -> None:
    reading = opened({"w": normal(1000, 400), "small": normal(100)})

    known = sample(reading, parts(reading.checkpoint, at(reading, "w")))
    first = draft(known, View())

    assert known.sampled
    assert not first.exact
    assert first.histograms[0].counts.sum() == pytest.approx(400_000, rel=0.01)
    assert chart_words.state(first) == "Preview from a sample"
    assert chart_words.headline(first).startswith("About 400,000 values")
    assert not sample(reading, parts(reading.checkpoint, at(reading, "small"))).sampled


def test_of_many_tensors_some_are_sampled_and_stand_for_all(opened: Open) -> None:
    reading = opened({f"w{number:02}": normal(100, seed=number) for number in range(60)})
    whole = parts(reading.checkpoint, [])

    known = sample(reading, whole)

    assert known.sampled
    assert known.whole.count == 6000
    assert chart_words.headline(draft(known, View())).startswith("About 6,000 values")
    assert not measure(reading, whole).sampled


def test_a_sample_looks_further_where_the_first_have_no_values(opened: Open) -> None:
    empty = {f"m{number:02}": torch.zeros(9, device="meta") for number in range(60)}
    reading = opened({**empty, "w": normal(10)})

    known = sample(reading, parts(reading.checkpoint, []))

    assert known.whole.finite >= 10


def test_what_is_known_exactly_is_still_a_preview_where_cells_are_cut(opened: Open) -> None:
    reading = opened({"w": normal(1000, 400)})

    known = measure(reading, parts(reading.checkpoint, at(reading, "w")))
    first = draft(known, View())
    last = count(reading, first)

    assert (chart_words.state(first), chart_words.state(last)) == ("Preview", "")
    assert first.histograms[0].counts.sum() == last.histograms[0].counts.sum() == 400_000


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (torch.full((5,), float("nan")), "No value is finite: 5 NaN."),
        (torch.tensor([float("inf"), float("-inf"), float("inf")]), "No value is finite: 2 +Inf and 1 −Inf."),
        (torch.zeros(0, 3), "It has no elements"),
    ],
)  # fmt: skip
def test_nothing_to_draw_is_a_sentence(opened: Open, values: torch.Tensor, said: str) -> None:
    reading = opened({"w": values})

    made = draft(measure(reading, parts(reading.checkpoint, at(reading, "w"))), View())

    assert len(made.edges) == 0
    assert chart_words.nothing(made.known).startswith(said)


def test_zeros_alone_have_no_place_on_a_log_axis(opened: Open) -> None:
    reading = opened({"w": torch.zeros(10)})
    known = measure(reading, parts(reading.checkpoint, at(reading, "w")))

    assert len(draft(known, View("log")).edges) == 0
    assert draft(known, View()).histograms[0].counts.tolist() == [10]
    assert "zeros have no place" in chart_words.no_magnitudes(known)


@pytest.mark.parametrize("axis", ["linear", "symlog"])
@pytest.mark.parametrize("value", [torch.tensor(3.5), torch.full((7,), -2.0), torch.tensor([5e-324]).double()])
def test_one_value_is_one_bar(opened: Open, value: torch.Tensor, axis: Any) -> None:
    reading = opened({"w": value})

    made = exact(reading, at(reading, "w"), View(axis))

    assert made.histograms[0].counts.tolist() == [value.numel()]
    assert made.edges.tolist() == [value.flatten()[0].item()] * 2


def test_what_has_no_values_is_left_out_and_told(opened: Open) -> None:
    reading = opened({"w": normal(9), "m": torch.zeros(3, device="meta"), "n": torch.zeros(4, device="meta")})

    made = exact(reading, at(reading, "w", "m"), View())

    assert [part.name for part in made.known.parts] == ["w"]
    assert "Not in the picture: 1 tensor (" in chart_words.headline(made)
    with pytest.raises(NoValues, match="None of these 2 tensors"):
        measure(reading, parts(reading.checkpoint, at(reading, "m", "n")))


def test_a_file_cut_off_meanwhile_is_a_read_error(opened: Open, tmp_path: Path) -> None:
    reading = opened({"w": normal(1000, 400)})
    made = draft(measure(reading, parts(reading.checkpoint, at(reading, "w"))), View())
    reading.close()

    (tmp_path / "w.pt").write_bytes((tmp_path / "w.pt").read_bytes()[:5000])

    with pytest.raises(ReadError):
        count(reading, made)


# ------------------------------------------------------------------------------------------------ words and numbers


def test_the_words_count_what_is_not_finite(opened: Open) -> None:
    odd = torch.tensor([float("nan")] * 3 + [float("inf"), float("-inf"), 0.0, -0.0, 1.0])
    reading = opened({"w": odd})

    made = exact(reading, at(reading, "w"), View())

    assert chart_words.headline(made) == (
        "8 values: 3 NaN (37.5 %), 1 +Inf (12.5 %) and 1 −Inf (12.5 %) not in the picture; 2 are zero (25 %)."
    )


def test_a_bar_is_read_with_its_share_and_what_is_up_to_it(opened: Open) -> None:
    reading = opened({"w": torch.tensor([0, 0, 1, 2, 2, 2, 3, 3])})

    made = exact(reading, at(reading, "w"), View())

    assert chart_words.bar(made, 2) == "2:  3 values · 37.5 % · 75 % up to here"
    assert chart_words.bar(made, 1) == "1:  1 value · 12.5 % · 37.5 % up to here"


def test_statistics_close_to_one_another_are_told_apart(opened: Open) -> None:
    reading = opened({"near": 1 + 1e-6 * normal(1000).double(), "wide": normal(1000)})
    near = exact(reading, at(reading, "near"), View())
    assert chart_words.marker(near, (0.9999990123, 1.0000010321)) == "0.99999901, 1.000001"
    wide = exact(reading, at(reading, "wide"), View())
    assert chart_words.marker(wide, (0.0123456, -2.5)) == "0.01235, −2.5"


def test_it_is_read_aloud(opened: Open) -> None:
    reading = opened({"w": torch.tensor([0.0, 1.0, 1.0, 4.0])})

    said = chart_words.aloud(exact(reading, at(reading, "w"), View(bins=4)))

    assert said == (
        "w: 4 values, all finite; 1 is zero (25 %). From 0 to 4, mean 1.5, standard deviation 1.5, median 1. "
        "4 bars, the highest at 1 … 2 with 2."
    )


def test_the_table_holds_every_bar_and_what_is_outside(opened: Open) -> None:
    reading = opened({"=1+1": torch.tensor([0.0, 0.5, 1.0, 9.0]), "b": torch.tensor([0.25, -5.0])})

    made = exact(reading, at(reading, "=1+1", "b"), View(bins=2, low=0.0, high=1.0))

    assert chart_csv(made).splitlines() == [
        "low,high,'=1+1,b", ",0.0,0,1", "0.0,0.5,1,1", "0.5,1.0,2,0", "1.0,,1,0",
    ]  # fmt: skip
