"""Singular values against torch: of matrices, convolutions, views and every number type; and what has none."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.spectrum import MOST_ELEMENTS, Spectrum, answer, facts, head, spectrum, why_not
from ckpt_gui.core.spectrum.words import sections
from ckpt_gui.core.tensors import Reading
from ckpt_gui.gui import child
from tests.builders.common import quiet
from tests.core.tensors.truth import saved


def random(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(sum(shape)))


def of(folder: Path, tensor: torch.Tensor) -> Spectrum:
    with Reading(saved(folder / "s.pt", tensor)) as reading:
        return spectrum(reading, 0)


def quantized() -> torch.Tensor:
    with quiet():
        return torch.quantize_per_tensor(random(9, 12), 0.05, 3, torch.qint8)


def hybrid() -> torch.Tensor:
    with quiet():
        return torch.sparse_coo_tensor(torch.tensor([[0, 1]]), torch.ones(2, 3), (4, 3))


MATRICES: dict[str, Callable[[], torch.Tensor]] = {
    "wide": lambda: random(7, 40),
    "tall": lambda: random(300, 11),
    "square": lambda: random(64, 64),
    "one row": lambda: random(1, 9),
    "one value": lambda: torch.tensor([[-3.0]]),
    "convolution": lambda: random(16, 3, 5, 5),
    "transposed": lambda: random(30, 20).T,
    "expanded": lambda: random(1, 20).expand(30, 20),
    "float64": lambda: random(8, 8, dtype=torch.float64),
    "float16": lambda: random(8, 9).half(),
    "bfloat16": lambda: random(8, 9).bfloat16(),
    "complex": lambda: random(8, 9, dtype=torch.complex64),
    "integers": lambda: torch.arange(12).reshape(3, 4) % 5,
    "bool": lambda: torch.eye(4) > 0,
    "quantized": quantized,
    "zeros": lambda: torch.zeros(5, 6),
    "of rank 2": lambda: random(20, 2) @ random(2, 30),
    "ill-conditioned": lambda: torch.diag(torch.logspace(0, -12, 13, dtype=torch.float64)),
    "tiny": lambda: random(5, 6, dtype=torch.float64) * 1e-300,
}


@pytest.mark.parametrize("name", MATRICES)
def test_singular_values_are_those_of_torch(name: str, tmp_path: Path) -> None:
    tensor = MATRICES[name]()
    with quiet():
        plain = tensor.dequantize() if tensor.is_quantized else tensor
    matrix = plain.to(torch.complex128 if plain.is_complex() else torch.float64).reshape(plain.shape[0], -1)
    judged = torch.linalg.svdvals(matrix).numpy()

    found = of(tmp_path, tensor)

    scale = judged[0] * 1e-12
    assert (found.rows, found.columns) == tuple(matrix.shape)
    assert found.singular_values == pytest.approx(judged, rel=1e-9, abs=scale)
    assert found.spectral_norm == pytest.approx(float(torch.linalg.matrix_norm(matrix, 2)), rel=1e-9)
    assert found.nuclear_norm == pytest.approx(judged.sum(), rel=1e-9)
    assert found.frobenius_norm == pytest.approx(np.hypot.reduce(judged), rel=1e-9)
    assert found.rank == int(torch.linalg.matrix_rank(matrix))
    if judged[0]:
        assert found.stable_rank == pytest.approx(((judged / judged[0]) ** 2).sum(), rel=1e-9)
    if found.rank == min(matrix.shape):
        assert found.condition == pytest.approx(judged[0] / judged[-1], rel=1e-6)


def test_a_matrix_of_zeros_has_no_condition(tmp_path: Path) -> None:
    found = of(tmp_path, torch.zeros(3, 4))

    assert (found.spectral_norm, found.rank, found.stable_rank, found.condition) == (0, 0, 0, None)
    assert "infinite" in next(fact.text for fact in sections(found)[0].facts if fact.label == "Condition")


def test_sums_that_are_no_float_are_unknown() -> None:
    found = facts(2, 2, np.array([1.5e308, 1.4e308]))

    assert (found.nuclear_norm, found.frobenius_norm) == (None, None)
    assert found.stable_rank == pytest.approx(1.871, abs=1e-3)


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (torch.ones(5), "need a matrix"),
        (torch.tensor(1.0), "need a matrix"),
        (torch.empty(0, 5), "need a matrix"),
        (torch.tensor([[1.0, float("nan")]]), "NaN or Inf"),
        (torch.tensor([[1.0], [-float("inf")]]), "NaN or Inf"),
        (torch.ones(1).expand(1 << 20, 1 << 20), "too large"),
        (torch.empty(3, 3, device="meta"), "meta device"),
        (hybrid(), "stored values"),
    ],
    ids=["vector", "number", "empty", "nan", "inf", "large", "meta", "hybrid sparse"],
)
def test_what_has_none_says_why(tensor: torch.Tensor, sentence: str, tmp_path: Path) -> None:
    with pytest.raises((ReadError, NoValues), match=sentence):
        of(tmp_path, tensor)


@pytest.mark.parametrize("shape", [(MOST_ELEMENTS + 1, 1), (5800, 5800), (1, 1 << 40)])
def test_the_bound_on_size_is_told_in_words(shape: tuple[int, int]) -> None:
    rows, columns = shape
    assert f"{rows:,} × {columns:,}" in why_not(shape)
    assert "million elements" in why_not(shape)


def test_the_largest_that_are_computed() -> None:
    assert why_not((MOST_ELEMENTS, 1)) == why_not((4096, 4096)) == why_not((5, 3, 7)) == ""


# ------------------------------------------------------------------------------------------------ the process


def asked(matrix: np.ndarray[tuple[int, int], np.dtype[np.float64]], argv: list[str]) -> bytes:
    said = head(*matrix.shape, matrix.dtype) + matrix.tobytes()
    return subprocess.run(argv, input=said, capture_output=True, check=True).stdout


def test_a_process_says_the_same_bit_for_bit() -> None:
    matrix = random(50, 40, dtype=torch.float64).numpy()

    np.testing.assert_array_equal(answer(asked(matrix, child.solver())), np.linalg.svd(matrix, compute_uv=False))


def test_a_process_of_whom_nothing_is_heard_ended_early() -> None:
    with pytest.raises(ReadError, match="ended before"):
        answer(b"")
    with pytest.raises(ReadError, match="did not converge"):
        answer(json.dumps({"problem": "the singular values did not converge"}).encode())


def test_a_process_whose_asker_is_gone_ends() -> None:
    process = subprocess.run(
        child.solver(), input=head(9, 9, np.dtype(float)) + bytes(80), capture_output=True, check=False
    )

    assert (process.returncode, process.stdout, process.stderr) == (1, b"", b"")
