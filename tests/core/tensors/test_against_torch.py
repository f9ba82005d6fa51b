"""Every tensor that torch can load, of every builder and every real file, has torch's values bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import quiet
from tests.core.tensors.truth import bits, check_all_ways, stored
from tests.formats.contract import REAL, Case, good_names, real_names

NO_VALUES = {
    "torch-class/wrapper_subclass": "its values are spread over 2 tensors (low, high)",
    "pickle/random_states": "its bytes lie in a container",
    "pickle/tensors_by_value": "its bytes lie in a container",
}
"""Files with a tensor that is loaded by torch, and of which nothing can be shown; why."""


def compare(case: Case) -> None:
    """Compare all tensors of a file, but for those whose keys only torch can tell."""
    checkpoint = read(case.path).checkpoint
    ours = {key(checkpoint.path_of(checkpoint.tensors.node[number])): number for number in range(checkpoint.rows)}
    with Reading(checkpoint) as reading:
        for path, row in case.judged.items():
            if "tensor" in row and path in case.ours:
                compare_one(reading, ours[path], row["tensor"], NO_VALUES.get(case.name))


def key(path: tuple[object, ...]) -> str:
    """As ``Case`` writes it."""
    return json.dumps(list(path))


def compare_one(reading: Reading, number: int, tensor: torch.Tensor, none: str | None) -> None:
    why = reading.why_not(number)
    if tensor.is_meta:
        assert "meta device" in why
    elif why:
        assert none is not None, why
        assert why.startswith(none)
    else:
        check_all_ways(reading, number, bits(tensor))
        check_decoded(reading, number, tensor)


def check_decoded(reading: Reading, number: int, tensor: torch.Tensor) -> None:
    """Where torch can make numbers of them, so do we."""
    if tensor.is_quantized:
        with quiet():
            wanted = tensor.dequantize().contiguous().numpy()
        np.testing.assert_array_equal(reading.values(number).view(np.uint32), wanted.view(np.uint32))
    elif tensor.dtype.is_floating_point and tensor.dtype != torch.float4_e2m1fn_x2:
        np.testing.assert_array_equal(reading.values(number), stored(tensor).double().numpy())


@pytest.mark.parametrize("name", good_names())
def test_every_builder(name: str, tmp_path: Path) -> None:
    compare(Case(name, CASES[name](tmp_path)))


@pytest.mark.parametrize("name", real_names())
def test_every_real_file(name: str) -> None:
    if not (REAL / name).exists():
        pytest.skip("no real checkpoints here")
    compare(Case(name, REAL / name))
