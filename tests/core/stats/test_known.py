"""Briefs, the cache of statistics, and what follows for groups; NumPy as the other opinion."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.reader import read
from ckpt_gui.core.stats.brief import BINS, Brief, bin_edges, brief, pack, unpack
from ckpt_gui.core.stats.cache import Shelf
from ckpt_gui.core.stats.fill import fill, recalled
from ckpt_gui.core.stats.known import Known
from ckpt_gui.core.stats.summarize import summarize
from ckpt_gui.core.tensors import Reading

COUNTS = st.integers(0, 2**63 - 1)
NUMBERS = st.none() | st.floats(allow_nan=False) | st.integers(-(2**63), 2**64 - 1)
FLOATS = st.none() | st.floats(allow_nan=False)
INDICES = st.none() | st.lists(st.integers(0, 2**62), max_size=5).map(tuple)
BRIEFS = st.builds(
    Brief, *[COUNTS] * 8, NUMBERS, NUMBERS, FLOATS, FLOATS, FLOATS, FLOATS, NUMBERS, st.tuples(*[NUMBERS] * 7),
    *[INDICES] * 4, st.sampled_from(["", "stored values", "dequantized", "magnitudes"]),
    st.sampled_from(["float32", "f6_e2m3", ""]), st.lists(COUNTS, min_size=BINS, max_size=BINS).map(tuple),
)  # fmt: skip


@given(BRIEFS)
def test_packing_loses_nothing(one: Brief) -> None:
    assert unpack(pack(one)) == one


@given(BRIEFS, st.integers(0, 200))
def test_cut_bytes_are_refused(one: Brief, cut: int) -> None:
    packed = pack(one)
    with pytest.raises(ValueError, match=r"."):
        unpack(packed[: max(len(packed) - 1 - cut, 0)])


@pytest.fixture
def mixed(tmp_path: Path) -> Checkpoint:
    """Several dtypes, NaN and Inf, an empty one, in groups; written a while ago."""
    torch.manual_seed(3)
    broken = torch.randn(40, 30)
    broken[2, 3], broken[7, 0], broken[8, 1] = float("nan"), float("inf"), -float("inf")
    state = {
        "a.x": torch.randn(50, 20) * 1e-3 + 5, "a.y": broken, "a.empty": torch.empty(0, 3),
        "b.half": torch.randn(300).to(torch.bfloat16), "b.ints": torch.tensor([2**62 + 1, -5, 0]),
        "c.flags": torch.tensor([True, False, False]), "meta": torch.empty(3, device="meta"),
    }  # fmt: skip
    path = tmp_path / "mixed.pt"
    torch.save(state, path)
    os.utime(path, (1_700_000_000, 1_700_000_000.5))
    return read(path).checkpoint


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "statistics.sqlite"


def filled(checkpoint: Checkpoint, shelf: Shelf) -> Known:
    known = Known(checkpoint.rows)
    recalled(known, shelf)
    missing = [known.missing(range(checkpoint.rows))]
    with Reading(checkpoint) as reading:
        for _ in fill(reading, known, shelf, lambda: missing.pop() if missing else []):
            pass
    return known


def briefs(known: Known, checkpoint: Checkpoint) -> list[Brief | None]:
    return [known.brief(tensor) for tensor in range(checkpoint.rows)]


def test_the_bins_are_those_numpy_counts(mixed: Checkpoint) -> None:
    values = torch.load(mixed.path, weights_only=True)["a.y"].numpy().astype(np.float64)
    with Reading(mixed) as reading:
        one = brief(summarize(reading, 1))

    finite = values[np.isfinite(values)]
    inner = bin_edges()[1:-1]
    assert list(one.bins) == [*np.histogram(finite, [-1e300, *inner, 1e300])[0]]
    assert sum(one.bins) + one.zeros == one.finite


def test_a_second_look_reads_nothing(mixed: Checkpoint, cache: Path) -> None:
    first = filled(mixed, Shelf(mixed, cache))
    second = Known(mixed.rows)

    assert recalled(second, Shelf(mixed, cache)) == mixed.rows - 1
    assert briefs(second, mixed) == briefs(first, mixed)
    assert second.missing(range(mixed.rows)) == [6]
    assert second.snapshot(mixed).by_tensor["min"].get(4) == -5
    assert second.snapshot(mixed).by_tensor["max"].get(4) == 2**62 + 1


def test_why_a_tensor_has_no_values_is_known(mixed: Checkpoint, cache: Path) -> None:
    known = filled(mixed, Shelf(mixed, cache))

    assert known.brief(6) is None
    assert "meta" in known.why_not(6)
    assert known.snapshot(mixed).done == b"\1" * mixed.rows


def test_a_changed_file_has_nothing_in_the_cache(mixed: Checkpoint, cache: Path) -> None:
    filled(mixed, Shelf(mixed, cache))
    shelf = Shelf(mixed, cache)
    os.utime(mixed.path, (1_700_000_001, 1_700_000_001.5))

    assert shelf.load() == []
    assert Shelf(read(mixed.path).checkpoint, cache).load() == []


def test_a_file_written_this_moment_is_not_kept(mixed: Checkpoint, cache: Path) -> None:
    os.utime(mixed.path)
    fresh = read(mixed.path).checkpoint
    soon = Path(mixed.path).stat().st_mtime_ns + 3_600_000_000_000
    os.utime(mixed.path, ns=(soon, soon))
    fresh = read(mixed.path).checkpoint

    filled(fresh, Shelf(fresh, cache))
    assert Shelf(fresh, cache).load() == []


@pytest.mark.parametrize("damage", ["text", "cut", "flip", "version", "table"])
def test_a_damaged_cache_is_thrown_away(mixed: Checkpoint, cache: Path, damage: str) -> None:
    first = filled(mixed, Shelf(mixed, cache))
    harm(cache, damage)

    assert Shelf(mixed, cache).load() == []
    again = filled(mixed, Shelf(mixed, cache))
    assert briefs(again, mixed) == briefs(first, mixed)
    assert len(Shelf(mixed, cache).load()) == mixed.rows - 1


def harm(cache: Path, damage: str) -> None:
    data = cache.read_bytes()
    if damage == "text":
        cache.write_bytes(b"no cache at all " * 500)
    elif damage == "cut":
        cache.write_bytes(data[:5000])
    elif damage == "flip":
        connection = sqlite3.connect(cache)
        connection.execute(
            "UPDATE briefs SET packed = CAST(substr(packed, 1, 20) || x'00' || substr(packed, 22) AS BLOB)"
        )
        connection.commit()
        connection.close()
    else:
        connection = sqlite3.connect(cache)
        connection.execute("PRAGMA user_version = 99" if damage == "version" else "DROP TABLE briefs")
        connection.commit()
        connection.close()


def test_a_cache_that_cannot_be_written_is_no_error(mixed: Checkpoint, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    shelf = Shelf(mixed, blocked / "statistics.sqlite")

    assert filled(mixed, shelf).missing(range(mixed.rows)) == []
    assert shelf.load() == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="only where permissions bind")
def test_a_read_only_cache_still_tells_what_it_knows(mixed: Checkpoint, cache: Path) -> None:
    filled(mixed, Shelf(mixed, cache))
    cache.chmod(stat.S_IRUSR)
    cache.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert len(Shelf(mixed, cache).load()) == mixed.rows - 1
        filled(mixed, Shelf(mixed, cache))
    finally:
        cache.parent.chmod(stat.S_IRWXU)


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, cache: Path) -> None:
    made = list(checkpoints(tmp_path, 4))
    for one in made:
        filled(one, Shelf(one, cache, limit=1600))
        Shelf(made[0], cache).load()  # the first is looked at again and again

    assert [bool(Shelf(one, cache).load()) for one in made] == [True, False, False, True]


def checkpoints(folder: Path, count: int) -> Iterator[Checkpoint]:
    for number in range(count):
        path = folder / f"{number}.pt"
        torch.save({"w": torch.arange(4.0), "v": torch.arange(5.0)}, path)
        os.utime(path, (1_700_000_000, 1_700_000_000.5))
        yield read(path).checkpoint


def test_groups_say_what_numpy_says_of_all_their_values(mixed: Checkpoint, cache: Path) -> None:
    known = filled(mixed, Shelf(mixed, cache))
    shown = known.snapshot(mixed).by_node
    state = torch.load(mixed.path, weights_only=True)

    for node in range(len(mixed.nodes)):
        name = mixed.texts[mixed.nodes.label[node]]
        if mixed.nodes.count[node] and name in ("a", "b"):
            values = np.concatenate([value.double().numpy().ravel() for key, value in state.items() if key[0] == name])
            agree({key: column.get(node) for key, column in shown.items()}, values)


def agree(told: dict[str, float | None], values: np.ndarray) -> None:
    finite = values[np.isfinite(values)]
    expected = {
        "min": finite.min(), "max": finite.max(), "mean": finite.mean(), "std": finite.std(),
        "l2": np.linalg.norm(finite), "absmax": np.abs(finite).max(), "nan": np.isnan(values).sum(),
        "inf": np.isinf(values).sum(), "zeros": 100 * (values == 0).mean(), "nonfinite": (~np.isfinite(values)).sum(),
    }  # fmt: skip
    assert told == pytest.approx(expected, rel=1e-9)


def test_values_near_the_end_of_float64_spoil_no_column(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "far.pt"
    far = torch.tensor([1.7e308, -1.7e308, 1.0], dtype=torch.float64)
    torch.save({"g.far": far, "g.near": torch.tensor([5e-3, 1e-3])}, path)
    checkpoint = read(path).checkpoint
    shown = filled(checkpoint, Shelf(checkpoint, cache)).snapshot(checkpoint).by_node["std"]

    std = {checkpoint.path_of(node)[-1]: shown.get(node) for node in checkpoint.tensors.node}
    assert std["g.far"] == pytest.approx(float(far.numpy().astype(np.longdouble).std()), rel=1e-9)
    assert std["g.near"] == pytest.approx(2e-3)


def test_several_tensors_together_say_the_same(mixed: Checkpoint, cache: Path) -> None:
    known = filled(mixed, Shelf(mixed, cache))
    state = torch.load(mixed.path, weights_only=True)
    values = np.concatenate([state[key].double().numpy().ravel() for key in ("a.x", "a.y", "b.half")])
    told = known.together([0, 1, 2, 3])

    finite = values[np.isfinite(values)]
    assert told["std"] == pytest.approx(finite.std(), rel=1e-9)
    assert told["mean"] == pytest.approx(finite.mean(), rel=1e-9)
    assert told["l2"] == pytest.approx(np.linalg.norm(finite), rel=1e-9)
    assert (told["nan"], told["inf"], told["count"]) == (1, 2, values.size)


def test_a_group_says_nothing_before_all_beneath_is_known(mixed: Checkpoint) -> None:
    known = Known(mixed.rows)
    with Reading(mixed) as reading:
        known.take(0, brief(summarize(reading, 0)))
        known.take(1, brief(summarize(reading, 1)))
    snapshot = known.snapshot(mixed)

    assert snapshot.by_tensor["min"].get(0) is not None
    assert not any(len(column) for name, column in snapshot.by_node.items() if name == "min") or all(
        mixed.nodes.tensor[node] >= 0 for node in snapshot.by_node["min"]
    )


def test_fifty_thousand_briefs_take_little_memory(mixed: Checkpoint, cache: Path) -> None:
    filled(mixed, Shelf(mixed, cache))
    sizes = [len(data) for _tensor, data in Shelf(mixed, cache).load()]

    assert max(sizes) < 700
