"""Problems and findings of values: planted with torch, found where they were planted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from ckpt_gui.core.health import Health, Kind
from tests.core.health.checking import health, kinds, of_kind

nan, inf = math.nan, math.inf


def saved(folder: Path, value: Any) -> Health:
    path = folder / "model.pt"
    torch.save(value, path)
    return health(path)


def noise(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)


# ------------------------------------------------------------------------------------------------ problems


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    places=st.lists(st.integers(0, 10_000), min_size=1, max_size=3),
    turned=st.booleans(),
    bad=st.sampled_from([nan, inf, -inf]),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16]),
)
def test_the_first_index_is_that_of_torch(
    tmp_path: Path, shape: list[int], places: list[int], turned: bool, bad: float, dtype: torch.dtype
) -> None:
    tensor = noise(*shape, dtype=dtype)
    for place in places:
        tensor.view(-1)[place % tensor.numel()] = bad
    if turned:
        tensor = tensor.permute(*reversed(range(tensor.dim())))

    found = saved(tmp_path, {"w": tensor})

    odd = tensor.isnan() if math.isnan(bad) else tensor.isinf()
    told = of_kind(found, Kind.NAN if math.isnan(bad) else Kind.INF)
    assert not found.ok
    assert [entry.path for entry in told] == [("w",)]
    assert list(told[0].index or ()) == odd.nonzero()[0].tolist()
    assert f"{int(odd.sum())} of {tensor.numel()}" in told[0].text or "all" in told[0].text or "its" in told[0].text


@pytest.mark.parametrize("role", ["model", "optimizer", "config"])
def test_nan_is_a_problem_wherever_it_is(role: str, tmp_path: Path) -> None:
    tensor = torch.tensor([1.0, nan])
    held = {"state": {0: {"exp_avg": tensor}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    found = saved(tmp_path, {role: held if role == "optimizer" else {"w": tensor}, "epoch": 3})

    assert [entry.kind for entry in found.problems] == [Kind.NAN]
    assert found.problems[0].index == (1,)


def test_nan_in_complex_and_float8_values(tmp_path: Path) -> None:
    tensors = {
        "complex": torch.tensor([1 + 1j, complex(0, nan)]),
        "float8": torch.tensor([1.0, 2.0, nan]).to(torch.float8_e4m3fn),
    }
    found = of_kind(saved(tmp_path, tensors), Kind.NAN)

    assert {(entry.path, entry.index) for entry in found} == {(("complex",), (1,)), (("float8",), (2,))}


def test_tied_tensors_are_told_once_with_all_names(tmp_path: Path) -> None:
    weight = torch.tensor([[1.0, nan]])
    found = saved(tmp_path, {"embed": weight, "head": weight, "row": weight[0]})

    told = of_kind(found, Kind.NAN)
    assert [(entry.path, entry.index) for entry in told] == [(("embed",), (0, 1)), (("row",), (1,))]
    assert told[0].text.endswith("(also: head)")
    assert found.tensors == 3


def test_safetensors_and_legacy_files_are_looked_at(tmp_path: Path) -> None:
    bad = {"ok": noise(4), "bad": torch.tensor([0.0, nan])}
    save_file(bad, tmp_path / "a.safetensors")
    torch.save(bad, tmp_path / "b.pt", _use_new_zipfile_serialization=False)
    for path in tmp_path.iterdir():
        found = health(path)

        assert [(entry.kind, entry.path, entry.index) for entry in found.problems] == [(Kind.NAN, ("bad",), (1,))]
        assert found.checked_nbytes == 24


# ------------------------------------------------------------------------------------------------ findings


@pytest.mark.parametrize(
    ("kind", "tensor"),
    [
        (Kind.ZERO, torch.zeros(3, 4)),
        (Kind.CONSTANT, torch.full((3, 4), 0.5)),
        (Kind.DEAD_ROWS, torch.tensor([[1.0, 2.0], [0.0, -0.0], [3.0, 0.0]])),
        (Kind.FLOAT16_OVERFLOW, torch.tensor([[1.0, 65_505.0], [2.0, 3.0]])),
        (Kind.FLOAT16_UNDERFLOW, torch.tensor([[1.0, 1e-9], [2.0, 3.0]])),
        (Kind.OUTLIER, torch.cat([noise(19_999), torch.tensor([1e4])]).view(100, 200)),
        (Kind.DENORMAL, torch.tensor([[1.0, 1e-40], [2.0, 3.0]])),
    ],
)
def test_a_finding_is_no_problem(kind: Kind, tensor: torch.Tensor, tmp_path: Path) -> None:
    found = saved(tmp_path, {"w": tensor, "healthy": noise(5, 5)})

    assert found.ok
    assert kind in kinds(found, "w")
    assert kinds(found, "healthy") == set()


@pytest.mark.parametrize("value", [65_504.0, -65_504.0])
def test_what_float16_holds_is_within_its_range(value: float, tmp_path: Path) -> None:
    tensor = torch.tensor([[1.0, value], [2.0**-24, 3.0]])

    assert not tensor.half().isinf().any()
    assert kinds(saved(tmp_path, {"w": tensor}), "w") == set()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_as_many_values_as_torch_are_lost_in_float16(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = (noise(64, 64, dtype=torch.float64) * 5e-8).to(dtype)
    lost = (tensor.half() == 0).float().mean().item()

    told = of_kind(saved(tmp_path, {"w": tensor}), Kind.FLOAT16_UNDERFLOW)

    assert 0.01 < lost < 0.99
    assert told[0].text.startswith(f"{lost:.1%}")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e4m3fn, torch.complex64])
def test_dead_rows_are_those_of_torch(dtype: torch.dtype, turned: bool, tmp_path: Path) -> None:
    plain = noise(300, 30)
    plain[[7, 8, 200]] = 0
    tensor = plain.t().contiguous().to(dtype).t() if turned else plain.to(dtype)

    told = of_kind(saved(tmp_path, {"w": tensor}), Kind.DEAD_ROWS)

    assert [(entry.index, entry.text[:13]) for entry in told] == [((7,), "3 of 300 rows")]


def test_dead_filters_of_a_convolution(tmp_path: Path) -> None:
    weight = noise(6, 3, 5, 5)
    weight[4] = 0

    told = of_kind(saved(tmp_path, {"conv.weight": weight}), Kind.DEAD_ROWS)

    assert [entry.index for entry in told] == [(4,)]


def test_a_fresh_model_and_its_optimizer_are_healthy(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.Dropout())
    optimizer = torch.optim.AdamW(model.parameters())
    model[0](torch.randn(3, 8)).sum().backward()
    optimizer.step()
    ids = {"position_ids": torch.zeros(1, 9, dtype=torch.long), "mask": torch.ones(4, 4, dtype=torch.bool)}

    found = saved(tmp_path, {"model": {**model.state_dict(), **ids}, "optimizer": optimizer.state_dict()})

    assert (found.problems, found.findings) == ((), ())


def test_tensors_without_values_are_told(tmp_path: Path) -> None:
    found = saved(tmp_path, {"meta": torch.empty(3, device="meta"), "w": noise(3)})

    assert found.ok
    assert found.tensors == 1
    assert any("meta" in note for note in found.notes)


def test_an_expanded_tensor_is_looked_at_once(tmp_path: Path) -> None:
    found = saved(tmp_path, {"w": torch.tensor([[nan]]).expand(1 << 20, 1 << 20)})

    assert [entry.index for entry in found.problems] == [(0, 0)]
    assert found.checked_nbytes < 10_000


def test_alike_values_of_a_sparse_matrix_are_said_to_be_the_stored_ones(tmp_path: Path) -> None:
    found = saved(tmp_path, {"w": torch.eye(5).to_sparse()})
    assert [entry.text for entry in of_kind(found, Kind.CONSTANT)] == ["all 5 stored values are 1"]
