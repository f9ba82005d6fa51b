"""Indices of stored values, against torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.tensors import Reading, sparse
from tests.builders.common import numbers, quiet
from tests.core.tensors.truth import saved

LAYOUTS: dict[str, Callable[[Any], torch.Tensor]] = {
    "csr": lambda x: x.to_sparse_csr(), "csc": lambda x: x.to_sparse_csc(),
    "bsr": lambda x: x.to_sparse_bsr((2, 3)), "bsc": lambda x: x.to_sparse_bsc((2, 3)),
}  # fmt: skip


def spotted(rows: int, columns: int, seed: int, share: float = 0.4) -> torch.Tensor:
    """A matrix with holes, and whole rows and columns of nothing."""
    mask = np.random.default_rng(seed).random((rows, columns)) < share
    mask[::3] = False
    return torch.from_numpy(mask) * (numbers(rows, columns, seed=seed).abs() + 1)


def dense_again(reading: Reading, shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The matrix, by its indices and stored values alone."""
    values = reading.values(0)
    made = np.zeros(shape, np.float32)
    for place, value in zip(reading.indices(0, 0, 1 << 20).tolist(), values, strict=True):
        if value.ndim == 2:
            made[place[0] : place[0] + value.shape[0], place[1] : place[1] + value.shape[1]] = value
        else:
            made[tuple(place)] = value
    return made


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 999))
def test_indices_and_values_are_the_matrix(tmp_path: Path, layout: str, rows: int, columns: int, seed: int) -> None:
    dense = spotted(2 * rows, 3 * columns, seed)
    with quiet():
        checkpoint = saved(tmp_path / "s.pt", LAYOUTS[layout](dense))
    with Reading(checkpoint) as reading:
        np.testing.assert_array_equal(dense_again(reading, tuple(dense.shape)), dense.numpy())


@given(st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_is_that_part(tmp_path: Path, start: int, stop: int) -> None:
    with quiet():
        checkpoint = saved(tmp_path / "s.pt", spotted(9, 8, 5).to_sparse_csr())
    with Reading(checkpoint) as reading:
        np.testing.assert_array_equal(
            reading.indices(0, start, stop), reading.indices(0, 0, 99)[start : max(start, stop)]
        )


def test_coo(tmp_path: Path) -> None:
    with quiet():
        coo = torch.sparse_coo_tensor(torch.tensor([[2, 0, 2], [1, 1, 1]]), torch.tensor([1.0, 2.0, 3.0]), (3, 4))
    with Reading(saved(tmp_path / "s.pt", coo)) as reading:
        assert reading.indices(0, 0, 99).tolist() == [[2, 1], [0, 1], [2, 1]]
        assert reading.indices(0, 1, 2).tolist() == [[0, 1]]


def test_batches(tmp_path: Path) -> None:
    with quiet():
        batched = torch.stack([torch.eye(3), torch.eye(3).flip(0)]).to_sparse_csr()
        checkpoint = saved(tmp_path / "s.pt", batched)
    with Reading(checkpoint) as reading:
        found = reading.indices(0, 2, 5).tolist()
        assert found == [[0, 2, 2], [1, 0, 2], [1, 1, 1]]
        assert len(reading.indices(0, 0, 99)) == 6


def test_too_many_batches_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "MAX_BATCHES", 2)
    with quiet():
        checkpoint = saved(tmp_path / "s.pt", torch.eye(2).expand(5, 2, 2).contiguous().to_sparse_csr())
    with Reading(checkpoint) as reading:
        assert len(reading.indices(0, 2, 6)) == 4
        with pytest.raises(ReadError, match="batches"):
            reading.indices(0, 0, 10)


def test_many_rows_are_read_in_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "RUN", 3)
    dense = spotted(40, 6, 3, share=0.1)
    with quiet():
        checkpoint = saved(tmp_path / "s.pt", dense.to_sparse_csr())
    with Reading(checkpoint) as reading:
        assert reading.indices(0, 0, 999).tolist() == dense.nonzero().tolist()


def test_nonsense_stays_within_bounds(tmp_path: Path) -> None:
    with quiet():
        rows = torch.sparse_csr_tensor(
            torch.tensor([0, 9, -4, 1]), torch.tensor([0, 1, 1]), torch.ones(3), (3, 2), check_invariants=False
        )
        checkpoint = saved(tmp_path / "s.pt", rows)
    with Reading(checkpoint) as reading:
        found = reading.indices(0, 0, 3)
    assert ((found >= 0) & (found < 3)).all()


def test_a_dense_tensor_has_none(tmp_path: Path) -> None:
    with Reading(saved(tmp_path / "d.pt", numbers(3))) as reading, pytest.raises(NoValues, match="not sparse"):
        reading.indices(0, 0, 1)


def test_too_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "MAX_INDICES", 2)
    with (
        Reading(saved(tmp_path / "s.pt", torch.eye(4).to_sparse())) as reading,
        pytest.raises(ReadError, match="smaller"),
    ):
        reading.indices(0, 0, 4)
