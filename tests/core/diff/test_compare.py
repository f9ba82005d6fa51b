"""Two files' values compared, against torch in float64: every class, every type, however the tensors lie."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.diff import compare as module
from ckpt_gui.core.diff import sides
from ckpt_gui.core.diff.compare import compare, plan, structure
from ckpt_gui.core.diff.delta import DeltaReading
from ckpt_gui.core.diff.nouns import Measures, Row, Tolerance
from ckpt_gui.core.diff.rollup import summary, together
from ckpt_gui.core.diff.tolerance import tolerance
from ckpt_gui.core.errors import Cancelled
from ckpt_gui.core.pairing import pair
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.stats.summarize import summarize
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import quiet
from tests.builders.registry import some
from tests.formats.contract import REAL, good_names

State = dict[str, torch.Tensor]
Save = Callable[[Any, Any], list[Row]]


def compared(one: Path, other: Path, wanted: Tolerance | None = None, threads: int = 0) -> list[Row]:
    pairing = pair(read(one), read(other))
    rows = list(structure(pairing))
    with Reading(pairing.left.checkpoint) as left, Reading(pairing.right.checkpoint) as right:
        if not threads:
            found = dict(compare(pairing, left, right, tolerance=wanted))
        else:
            with ThreadPoolExecutor(threads) as pool:
                found = dict(compare(pairing, left, right, tolerance=wanted, executor=pool, workers=threads))
    return [found.get(place, row) for place, row in enumerate(rows)]


@pytest.fixture
def diff(tmp_path: Path) -> Save:
    def save_and_compare(left: Any, right: Any) -> list[Row]:
        with quiet():
            torch.save(left, tmp_path / "a.pt")
            torch.save(right, tmp_path / "b.pt")
        return compared(tmp_path / "a.pt", tmp_path / "b.pt")

    return save_and_compare


def check(found: Measures | None, left: torch.Tensor, right: torch.Tensor) -> None:
    """Against torch; the sums over what is finite on both sides."""
    assert found is not None
    wide = torch.complex128 if left.is_complex() or right.is_complex() else torch.float64
    x, y = (side.dequantize() if side.is_quantized else side for side in (left, right))
    x, y = x.to(wide), y.to(wide)
    finite = torch.isfinite(x) & torch.isfinite(y)
    same = (x == y) | (x.isnan() & y.isnan())
    assert found.numel == x.numel()
    assert found.both == int(finite.sum())
    assert found.changed == int((~same).sum())
    assert (found.nan_left, found.nan_right) == (
        int((x.isnan() & ~y.isnan()).sum()),
        int((y.isnan() & ~x.isnan()).sum()),
    )
    if not found.both:
        assert (found.max_abs, found.rel_l2, found.cosine) == (None, None, None)
        return
    delta = torch.where(finite, y - x, torch.zeros((), dtype=wide)).abs()
    assert found.max_abs == pytest.approx(float(delta.max()), rel=1e-9)
    assert found.mean_abs == pytest.approx(float(delta.sum()) / found.both, rel=1e-9)
    assert found.l2 == pytest.approx(float(delta.norm()), rel=1e-9)
    if found.max_abs:
        assert found.where is not None
        assert float(delta[found.where]) == pytest.approx(found.max_abs, rel=1e-12)
    x, y = x[finite], y[finite]
    if float(x.norm()):
        assert found.rel_l2 == pytest.approx(float(delta.norm() / x.norm()), rel=1e-9)
    if float(x.norm()) and float(y.norm()):
        cosine = torch.vdot(x.flatten(), y.flatten()).real / x.norm() / y.norm()
        assert found.cosine == pytest.approx(float(cosine), abs=1e-9)


def test_every_class(diff: Save) -> None:
    random = torch.Generator().manual_seed(0)
    base = {
        name: torch.randn(40, 30, generator=random) for name in ("same", "close", "changed", "dtype", "shape", "gone")
    }
    other = {name: value.clone() for name, value in base.items() if name != "gone"}
    other["close"] += 1e-7
    other["changed"][3, 4] += 1
    other["dtype"] = other["dtype"].half()
    other["shape"] = other["shape"].t().contiguous()
    other["new"] = torch.zeros(3)
    rows = {row.key: row for row in diff(base, other)}
    told = {"gone": "removed", "new": "added"}
    assert {key: row.change for key, row in rows.items()} == {key: told.get(key, key) for key in rows}
    for key in ("same", "close", "changed", "dtype"):
        check(rows[key].measures, base[key], other[key])
    assert rows["changed"].measures is not None
    assert rows["changed"].measures.where == (3, 4)
    assert rows["shape"].measures is None
    assert summary(rows.values()) == dict.fromkeys(
        ("same", "close", "changed", "dtype", "shape", "added", "removed"), 1
    ) | {"problem": 0}


DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.complex64, torch.complex128, torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool,
]  # fmt: skip


@pytest.mark.parametrize("one", DTYPES, ids=str)
@pytest.mark.parametrize("other", DTYPES, ids=str)
def test_any_two_types_are_compared(diff: Save, one: torch.dtype, other: torch.dtype) -> None:
    random = torch.Generator().manual_seed(1)
    values = (torch.randn(50, generator=random) * 10).round()
    left, right = values.to(one), (values + (torch.arange(50) % 7 == 0)).to(other)
    row = diff({"w": left}, {"w": right})[0]
    assert row.change == ("dtype" if one != other else row.change)
    check(row.measures, left.float() if one.itemsize == 1 and one.is_floating_point else left,
          right.float() if other.itemsize == 1 and other.is_floating_point else right)  # fmt: skip


@given(
    shape=st.lists(st.integers(0, 6), max_size=4), turned=st.permutations(range(4)), seed=st.integers(0, 50),
    block=st.sampled_from([3, 8, 1 << 17]), share=st.sampled_from([5, 1 << 20]), tile=st.sampled_from([4, 1 << 20]),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_however_both_lie_and_are_cut(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], turned: list[int], seed: int, block: int, share: int,
    tile: int,
) -> None:  # fmt: skip
    random = torch.Generator().manual_seed(seed)
    left = torch.randn(shape, generator=random)
    order = [dim for dim in turned if dim < len(shape)]
    right = left.permute(order).contiguous().permute([order.index(dim) for dim in range(len(order))])
    if left.numel():
        place = seed % left.numel()
        right.flatten().index_put_((torch.tensor(place),), torch.tensor(7.0))
        right = right.clone(memory_format=torch.preserve_format)
        right[torch.unravel_index(torch.tensor(place), left.shape)] = [2.5, float("nan"), -0.0][seed % 3]
    folder = tmp_path_factory.mktemp("lie")
    torch.save([left, left.half()], folder / "a.pt")
    torch.save([right, right.half()], folder / "b.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sides, "BLOCK", block)
        patch.setattr(sides, "TILE", tile)
        patch.setattr(module, "SHARE", share)
        patch.setattr(module, "BATCH", share // 2)
        rows = compared(folder / "a.pt", folder / "b.pt", threads=seed % 3)
    check(rows[0].measures, left, right)
    check(rows[1].measures, left.half(), right.half())


def test_nan_in_place_is_the_same_and_one_sided_nan_is_not(diff: Save) -> None:
    left = torch.tensor([1.0, float("nan"), float("inf"), 2.0])
    rows = diff(
        {"a": left, "b": left}, {"a": left.clone(), "b": torch.tensor([float("nan")] * 2 + [float("-inf"), 2.0])}
    )
    assert rows[0].change == "same"
    assert rows[1].change == "changed"
    found = rows[1].measures
    assert found is not None
    assert (found.changed, found.nan_right, found.nan_left, found.inf_left, found.inf_right) == (2, 1, 0, 1, 1)


def test_payloads_of_nan_and_the_sign_of_zero(diff: Save) -> None:
    bits = torch.tensor([0x7FC00001, 0x3F800000], dtype=torch.int32).view(torch.float32)
    others = torch.tensor([0x7FC00002, 0x3F800000], dtype=torch.int32).view(torch.float32)
    rows = diff({"nan": bits, "zero": torch.tensor([0.0])}, {"nan": others, "zero": torch.tensor([-0.0])})
    assert [row.change for row in rows] == ["same", "close"]


def test_shapes_that_broadcast_do_not(diff: Save) -> None:
    assert [row.change for row in diff({"w": torch.ones(3, 1)}, {"w": torch.ones(3)})] == ["shape"]


def test_whole_numbers_beyond_float64(diff: Save) -> None:
    left = torch.tensor([2**62, 5])
    row = diff({"n": left}, {"n": left + torch.tensor([1, 0])})[0]
    assert row.change == "changed"
    assert row.measures is not None
    assert (row.measures.max_abs, row.measures.where) == (1, (0,))


def test_expanded_tensors_count_as_often_as_they_show(diff: Save) -> None:
    left, right = torch.tensor([1.0, 2.0]).view(2, 1).expand(2, 1 << 40), torch.tensor([1.0, 4.0]).view(2, 1)
    row = diff({"w": left}, {"w": right.expand(2, 1 << 40)})[0]
    assert row.measures is not None
    assert (row.measures.numel, row.measures.changed, row.measures.max_abs) == (2 << 40, 1 << 40, 2)
    assert row.measures.mean_abs == 1
    both = diff({"w": torch.ones(2, 3)}, {"w": torch.ones(2, 1).expand(2, 3)})[0]
    assert both.change == "same"
    apart = diff({"w": left}, {"w": torch.ones(1, 1).expand(2, 1 << 40)})[0]
    assert apart.change == "problem"
    assert "too often" in apart.problem


def test_sparse_tensors_by_their_stored_values(diff: Save) -> None:
    def sparse(places: list[int], values: list[float]) -> torch.Tensor:
        with quiet():
            return torch.sparse_coo_tensor(torch.tensor([places]), torch.tensor(values), (9,))

    left = {"a": sparse([1, 2], [1, 2]), "b": sparse([1, 2], [1, 2]), "c": sparse([1, 2], [1, 2])}
    rows = diff(left, {"a": sparse([1, 2], [1, 2]), "b": sparse([1, 2], [1, 5]), "c": sparse([1, 3], [1, 2])})
    assert [row.change for row in rows] == ["same", "changed", "changed"]
    assert "other places" in rows[2].problem


def test_quantized_tensors_by_what_they_stand_for(diff: Save) -> None:
    with quiet():
        left = torch.quantize_per_tensor(torch.tensor([0.0, 1.0]), 0.5, 0, torch.qint8)
        right = torch.quantize_per_tensor(torch.tensor([0.0, 1.5]), 0.5, 0, torch.qint8)
    row = diff({"q": left}, {"q": right})[0]
    assert row.change == "changed"
    check(row.measures, left, right)


def test_tied_tensors_are_compared_once(diff: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    share = module._share

    def counted(one: Any, part: tuple[int, int]) -> Any:
        seen.append(one.left.tensor)
        return share(one, part)

    monkeypatch.setattr(module, "_share", counted)
    tied, changed = torch.ones(5), torch.zeros(5)
    rows = diff({"a": tied, "b": tied}, {"a": changed, "b": changed})
    assert [row.change for row in rows] == ["changed", "changed"]
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("wanted", "change"),
    [(None, "changed"), (Tolerance(0, 0), "changed"), (Tolerance(0, 0.02), "close"), (Tolerance(0.02, 0), "close"),
     (Tolerance(0.0001, None), "changed")],
)  # fmt: skip
def test_a_tolerance_of_ones_own(tmp_path: Path, wanted: Tolerance | None, change: str) -> None:
    torch.save({"w": torch.ones(4)}, tmp_path / "a.pt")
    torch.save({"w": torch.ones(4) * 1.01}, tmp_path / "b.pt")
    assert compared(tmp_path / "a.pt", tmp_path / "b.pt", wanted)[0].change == change


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64])
def test_the_tolerances_are_those_of_torch(dtype: torch.dtype) -> None:
    name = str(dtype).removeprefix("torch.")
    rtol, atol = tolerance(name, name)
    left = torch.ones(1, dtype=dtype)
    near, far = left + left * (rtol * 0.8 + atol * 0.1), left + left * (rtol + atol) * 3
    torch.testing.assert_close(near, left)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(far, left)
    assert tolerance("float16", "float32") == (1e-3, 1e-5)
    assert tolerance("int8", "int8") == (0, 0)


@pytest.mark.parametrize("name", some(good_names(), 9))
def test_every_builder_is_the_same_as_itself(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    for row in compared(path, path):
        assert row.change in ("same", "problem"), row


def test_a_real_pair() -> None:
    paths = REAL / "chemprop_v2_regression.ckpt", REAL / "chemprop_v2_trained_on_cuda.pt"
    if not all(path.exists() for path in paths):
        pytest.skip("the folder of real files is not here")
    states = [torch.load(path, map_location="cpu", weights_only=False, pickle_module=_tolerant())["state_dict"]
              for path in paths]  # fmt: skip
    pairs = 0
    for row in compared(*paths):
        if row.measures is not None and row.key in states[0] and row.key in states[1]:
            check(row.measures, states[0][row.key], states[1][row.key])
            pairs += 1
    assert pairs > 5


def _tolerant() -> Any:
    from tests import tolerant_pickle

    return tolerant_pickle


def test_a_file_that_is_cut_meanwhile(tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        torch.save({"w": torch.randn(1000), "x": torch.ones(4)}, tmp_path / name)
    pairing = pair(read(tmp_path / "a.pt"), read(tmp_path / "b.pt"))
    with Reading(pairing.left.checkpoint) as left, Reading(pairing.right.checkpoint) as right:
        with (tmp_path / "b.pt").open("r+b") as file:
            file.truncate(1500)
        rows = dict(compare(pairing, left, right))
    assert {row.change for row in rows.values()} == {"problem"}
    assert all("b.pt" in row.problem for row in rows.values())


def test_cancel(tmp_path: Path) -> None:
    torch.save({"w": torch.randn(1000)}, tmp_path / "a.pt")
    pairing = pair(read(tmp_path / "a.pt"), read(tmp_path / "a.pt"))

    class Stop(Report):
        def at(self, done: int, total: int, unit: str) -> None:
            raise Cancelled

    with Reading(pairing.left.checkpoint) as left, Reading(pairing.right.checkpoint) as right, pytest.raises(Cancelled):
        list(compare(pairing, left, right, report=Stop()))


def test_groups_are_measured_as_one_tensor(diff: Save) -> None:
    random = torch.Generator().manual_seed(4)
    left = {name: torch.randn(20, generator=random) for name in "abc"}
    right = {name: value + (name != "b") * torch.randn(20, generator=random) for name, value in left.items()}
    found = together([row.measures for row in diff(left, right) if row.measures is not None])
    assert found is not None
    whole = [torch.cat(list(side.values())) for side in (left, right)]
    delta = whole[1].double() - whole[0].double()
    assert (found.numel, found.changed) == (60, 40)
    assert found.rel_l2 == pytest.approx(float(delta.norm() / whole[0].double().norm()), rel=1e-9)
    assert found.mean_abs == pytest.approx(float(delta.abs().mean()), rel=1e-9)
    cosine = torch.nn.functional.cosine_similarity(whole[0].double(), whole[1].double(), dim=0)
    assert found.cosine == pytest.approx(float(cosine))
    assert together([]) is None


@pytest.mark.parametrize("turned", [False, True])
def test_the_difference_is_a_tensor_of_its_own(tmp_path: Path, turned: bool) -> None:
    left, right = torch.randn(30, 40), torch.randn(30, 40)
    torch.save({"w": left}, tmp_path / "a.pt")
    torch.save({"w": right.t().contiguous().t() if turned else right}, tmp_path / "b.pt")
    with Reading(read(tmp_path / "a.pt").checkpoint) as one, Reading(read(tmp_path / "b.pt").checkpoint) as other:
        delta = DeltaReading(plan(one, 0, other, 0))
        exact = (right.double() - left.double()).numpy()
        assert (delta.values(0) == exact).all()
        assert (delta.values(0, (slice(3, 9, 2), slice(None, None, -1))) == exact[3:9:2, ::-1]).all()
        found = summarize(delta, 0)
        assert (found.min, found.max, found.of) == (exact.min(), exact.max(), "B − A")
        assert found.where_max is not None
        assert exact[found.where_max] == exact.max()
        assert found.std == pytest.approx(exact.std())
