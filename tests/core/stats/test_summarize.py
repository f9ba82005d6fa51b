"""Statistics of every tensor of every builder and every real file, against NumPy in float64."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import Cancelled, ReadError
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.stats import summarize as module
from ckpt_gui.core.stats.combine import combined
from ckpt_gui.core.stats.edges import edges
from ckpt_gui.core.stats.histogram import from_distribution, histogram
from ckpt_gui.core.stats.nouns import Summary
from ckpt_gui.core.stats.percentile import percentile
from ckpt_gui.core.stats.record import exact_histogram, record
from ckpt_gui.core.stats.summarize import preview, scan, summarize
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import quiet
from tests.formats.contract import REAL, good_names, real_names


def numbers(reading: Reading, tensor: int) -> Any:
    """What the statistics are of, whole: float64, or the integers themselves."""
    values = reading.values(tensor)
    with np.errstate(all="ignore"):  # signalling NaNs
        if values.dtype.kind == "c":
            return np.abs(values.astype(np.complex128))
        return values if values.dtype.kind in "iu" else values.astype(np.float64)


def check(found: Summary, values: Any, times: int = 1) -> None:
    """All that is told, against NumPy; each value counts so many ``times``."""
    finite = values[np.isfinite(values)]
    assert found.count == found.finite + found.nan + found.posinf + found.neginf == values.size * times
    assert found.finite == finite.size * times
    assert found.nan == np.isnan(values).sum() * times
    assert (found.posinf, found.neginf) == ((values == np.inf).sum() * times, (values == -np.inf).sum() * times)
    assert (found.zeros, found.negative) == ((finite == 0).sum() * times, (finite < 0).sum() * times)
    assert found.where_nan == first(np.isnan(values))
    assert found.where_inf == first(np.isinf(values))
    assert found.distribution.total == found.finite
    if not finite.size:
        assert [found.min, found.max, found.mean, found.std, found.l1, found.l2, found.absmax] == [None] * 7
        assert percentile(found, 50) is None
        return
    assert (found.min, found.max) == (finite.min(), finite.max())
    assert (found.where_min, found.where_max) == (first(values == finite.min()), first(values == finite.max()))
    check_sums(found, finite, times)
    check_percentiles(found, finite)


def first(mask: Any) -> tuple[int, ...] | None:
    if not mask.any():
        return None
    return tuple(int(place) for place in np.unravel_index(int(mask.reshape(-1).argmax()), mask.shape))


def check_sums(found: Summary, finite: Any, times: int) -> None:
    exact = finite.astype(np.longdouble)
    size = float(np.abs(exact).max())
    assert found.absmax == pytest.approx(size)
    assert found.mean == pytest.approx(float(exact.mean()), rel=1e-9, abs=1e-12 * size)
    assert found.std == pytest.approx(float(exact.std()), rel=1e-9, abs=1e-14 * size)
    assert found.l1 == pytest.approx(float(np.abs(exact).sum() * times), rel=1e-9)
    assert found.l2 == pytest.approx(float(np.sqrt((exact**2).sum() * times)), rel=1e-9)


def check_percentiles(found: Summary, finite: Any) -> None:
    ordered = np.sort(finite, axis=None).astype(np.float64)
    for q in (0, 1, 25, 50, 99, 100):
        exact = ordered[min(max(int(np.ceil(q / 100 * ordered.size)), 1), ordered.size) - 1]
        told = percentile(found, q)
        assert told == exact if found.distribution.exact else told == pytest.approx(exact, rel=0.01)


def check_file(path: Path) -> int:
    """Every tensor of a file; how many had statistics."""
    checkpoint = read(path).checkpoint
    told = 0
    with Reading(checkpoint) as reading:
        for tensor, found in scan(reading, range(checkpoint.rows)):
            row = record(checkpoint, tensor, found)
            json.dumps(row, allow_nan=False)
            if isinstance(found, ReadError):
                assert str(found) == row["problem"]
                assert reading.why_not(tensor)
                continue
            told += 1
            values = numbers(reading, tensor)
            check(found, values)
            check_histograms(reading, tensor, found, values)
    return told


def check_histograms(reading: Reading, tensor: int, found: Summary, values: Any) -> None:
    """The told histogram and those on all axes are what NumPy counts."""
    finite = values[np.isfinite(values)].astype(np.float64)
    shown = exact_histogram(found)
    assert (shown is None) == (finite.size == 0)
    if shown is not None:
        assert shown.exact
        assert shown.counts.tolist() == np.histogram(finite, shown.edges)[0].tolist()
        assert shown.below == shown.above == 0
    for axis in ("linear", "symlog", "log"):
        wanted = edges(found, axis=axis)
        if wanted.size:
            assert np.all(np.diff(wanted) > 0) or wanted[0] == wanted[-1]
            counted = histogram(reading, [tensor], wanted, magnitudes=axis == "log")
            real = np.abs(finite) if axis == "log" else finite
            assert counted.counts.tolist() == np.histogram(real, wanted)[0].tolist()
            quick = from_distribution(found.distribution, wanted, magnitudes=axis == "log")
            assert quick.counts.sum() + quick.below + quick.above == finite.size
            assert not quick.exact or quick.counts.tolist() == counted.counts.tolist()


@pytest.mark.parametrize("name", good_names())
def test_every_builder(name: str, tmp_path: Path) -> None:
    check_file(CASES[name](tmp_path))


@pytest.mark.parametrize("name", real_names())
def test_every_real_file(name: str) -> None:
    if name == "absent":
        pytest.skip("the folder of real files is not here")
    assert check_file(REAL / name) > 0


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Any]:
    """Saves tensors and opens the file."""
    readings: list[Reading] = []

    def save(*tensors: torch.Tensor) -> Reading:
        path = tmp_path / f"saved{len(readings)}.pt"
        torch.save(list(tensors), path)
        readings.append(Reading(read(path).checkpoint))
        return readings[-1]

    yield save
    for reading in readings:
        reading.close()


@given(
    shape=st.lists(st.integers(0, 7), max_size=4), order=st.permutations(range(4)), seed=st.integers(0, 99),
    share=st.sampled_from([16, 64, 1 << 20]), block=st.sampled_from([8, 40, 1 << 19]), threads=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_however_it_is_cut_and_shared(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], order: list[int], seed: int, share: int, block: int,
    threads: int,
) -> None:  # fmt: skip
    random = np.random.default_rng(seed)
    values = random.standard_normal(shape).astype(np.float32)
    values[random.random(shape) < 0.1] = random.choice([0.0, np.nan, np.inf, -1.0])
    turned = torch.from_numpy(values).permute([dim for dim in order if dim < len(shape)])
    path = tmp_path_factory.mktemp("cut") / "x.pt"
    torch.save(turned, path)
    with pytest.MonkeyPatch.context() as patch, Reading(read(path).checkpoint) as reading:
        patch.setattr(module, "SHARE", share)
        patch.setattr(module, "BLOCK", block)
        with ThreadPoolExecutor(threads) as executor:
            found = summarize(reading, 0, executor=executor, workers=threads)
            check(found, turned.numpy().astype(np.float64))
            scanned = dict(scan(reading, [0], executor=executor, workers=threads))[0]
            assert isinstance(scanned, Summary)
            check(scanned, turned.numpy().astype(np.float64))


@pytest.mark.parametrize("size", [300, 40_000, 2_500_000])
def test_extreme_values_of_float64_have_a_spread_all_the_same(saved: Any, size: int) -> None:
    random = torch.Generator().manual_seed(0)
    for factor in (1e300, 1e-300, 1e-320):
        values = torch.randn(size, dtype=torch.float64, generator=random) * factor
        check(summarize(saved(values), 0), values.numpy())


def test_a_spread_too_large_for_a_float_is_unknown_not_wrong(saved: Any) -> None:
    values = torch.tensor([1.7e308, -1.7e308, 1.7e308], dtype=torch.float64)
    found = summarize(saved(values), 0)
    assert found.l1 is None
    assert found.l2 is None
    assert found.std == pytest.approx(1.6027753706895e308)
    assert (found.min, found.max) == (-1.7e308, 1.7e308)


def test_expanded_to_a_million_million(saved: Any) -> None:
    reading = saved(torch.tensor([1.0, 3.0, float("nan")]).view(3, 1).expand(3, 1 << 40))
    found = summarize(reading, 0)
    assert (found.numel, found.finite, found.nan) == (3 << 40, 2 << 40, 1 << 40)
    assert (found.min, found.max, found.mean, found.std) == (1, 3, 2, 1)
    assert found.l1 == 4.0 * (1 << 40)
    assert (found.where_max, found.where_nan) == ((1, 0), (2, 0))
    assert histogram(reading, [0], np.array([0.0, 2.0, 4.0])).counts.tolist() == [1 << 40, 1 << 40]


def test_more_repeats_than_a_counter_holds(saved: Any) -> None:
    found = summarize(saved(torch.ones(1, dtype=torch.uint8).expand((1 << 63) - 1)), 0)
    assert found.mean == 1
    assert 0 < found.finite <= 1 << 62


def test_bool_bytes_other_than_0_and_1_are_true(tmp_path: Path) -> None:
    path = tmp_path / "bool.pt"
    torch.save(torch.tensor([0, 1, 2, 255], dtype=torch.uint8).view(torch.bool), path)
    with Reading(read(path).checkpoint) as reading:
        found = summarize(reading, 0)
    assert (found.min, found.max, found.mean, found.zeros) == (0, 1, 0.75, 1)


def test_sparse_tensors_are_their_stored_values(saved: Any) -> None:
    with quiet():
        sparse = torch.sparse_coo_tensor(torch.tensor([[0, 2], [1, 1]]), torch.tensor([5.0, -1.0]), (4, 4))
        found = summarize(saved(sparse), 0)
    assert (found.of, found.numel, found.count, found.min, found.max) == ("stored values", 16, 2, -1, 5)


def test_quantized_tensors_are_what_they_stand_for(saved: Any) -> None:
    with quiet():
        found = summarize(saved(torch.quantize_per_tensor(torch.tensor([0.0, 0.5, 1.0]), 0.25, 3, torch.qint8)), 0)
    assert (found.of, found.min, found.max) == ("dequantized", 0, 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.complex64, torch.uint8])
def test_a_preview_is_marked_and_near(saved: Any, dtype: torch.dtype) -> None:
    values = (torch.randn(3000, 1000, generator=torch.Generator().manual_seed(3)) * 20 + 100).to(dtype)
    reading = saved(values)
    quick, exact = preview(reading, 0), summarize(reading, 0)
    assert quick.sampled
    assert not exact.sampled
    assert 10_000 < quick.count <= 80_000
    assert quick.mean == pytest.approx(exact.mean, rel=0.02)
    assert quick.std == pytest.approx(exact.std, rel=0.05)


def test_a_small_tensor_needs_no_preview(saved: Any) -> None:
    assert not preview(saved(torch.randn(100)), 0).sampled


def test_groups_are_the_values_of_all(saved: Any) -> None:
    parts = [torch.randn(200) * 3 + 5, torch.randn(70_000), torch.tensor([float("nan"), 0.0]), torch.zeros(0)]
    reading = saved(*parts, torch.arange(9))
    whole = combined([found for _, found in scan(reading, range(5)) if isinstance(found, Summary)])
    values = torch.cat([*parts, torch.arange(9).float()]).numpy().astype(np.float64)
    finite = values[np.isfinite(values)]
    assert (whole.tensors, whole.finite, whole.nan, whole.zeros) == (5, finite.size, 1, (finite == 0).sum())
    assert (whole.min, whole.max) == (finite.min(), finite.max())
    assert whole.mean == pytest.approx(finite.mean(), rel=1e-9)
    assert whole.std == pytest.approx(finite.std(), rel=1e-9)
    check_percentiles(whole, finite)
    assert whole.dtypes == ("float32", "int64")


def test_tied_tensors_are_read_once(saved: Any) -> None:
    tied = torch.randn(1000)
    reading = saved(tied, tied, tied[:500])
    reads: list[int] = []

    class Counted(Report):
        def at(self, done: int, total: int, unit: str) -> None:
            reads.append(total)

    found = dict(scan(reading, [0, 1, 2], report=Counted()))
    assert set(reads) == {4 * 1500}
    assert found[0] is found[1]


@pytest.mark.parametrize("threads", [1, 3])
def test_cancel_stops_at_once_and_leaves_no_work(saved: Any, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARE", 4096)
    reading = saved(torch.randn(100_000))

    class Stop(Report):
        def at(self, done: int, total: int, unit: str) -> None:
            raise Cancelled

    with ThreadPoolExecutor(threads) as executor:
        with pytest.raises(Cancelled):
            summarize(reading, 0, report=Stop(), executor=executor, workers=threads)
        with pytest.raises(Cancelled):
            list(scan(reading, [0], report=Stop(), executor=executor, workers=threads))
        assert executor._work_queue.qsize() == 0


def test_a_file_that_was_cut_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.pt"
    torch.save([torch.randn(1000), torch.zeros(10)], path)
    checkpoint = read(path).checkpoint
    with Reading(checkpoint) as reading:
        with path.open("r+b") as file:
            file.truncate(2000)
        with pytest.raises(ReadError, match=r"cut\.pt"):
            summarize(reading, 0)
        found = dict(scan(reading, [0, 1]))
        assert all(isinstance(one, ReadError) for one in found.values())


def test_told_bins_are_as_many_as_asked_for_at_most(saved: Any) -> None:
    reading = saved(torch.randn(200_000), torch.arange(5), torch.full((7,), 2.5))
    found = dict(scan(reading, [0, 1, 2]))
    few = exact_histogram(found[0], 7)  # type: ignore[arg-type]
    assert few is not None
    assert len(few.counts) == 7
    each = exact_histogram(found[1])  # type: ignore[arg-type]
    assert each is not None
    assert (each.edges.tolist(), each.counts.tolist()) == ([-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], [1, 1, 1, 1, 1])
    single = exact_histogram(found[2])  # type: ignore[arg-type]
    assert single is not None
    assert (single.edges.tolist(), single.counts.tolist()) == ([2.5, 2.5], [7])
