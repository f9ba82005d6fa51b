"""Small tensors read together are what they are when read one by one; all others are left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ckpt_gui.core.reader import read
from ckpt_gui.core.stats.summarize import scan, summarize
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.registry import some
from tests.formats.contract import good_names


@pytest.mark.parametrize("name", some(good_names(), 9))
def test_every_builder(name: str, tmp_path: Path) -> None:
    checkpoint = read(CASES[name](tmp_path)).checkpoint
    with Reading(checkpoint) as reading:
        for tensor, patterns in reading.plain_patterns(range(checkpoint.rows)).items():
            alone = reading.patterns(tensor)
            assert patterns.dtype == alone.dtype
            assert np.array_equal(patterns, alone.reshape(-1))


def test_what_lies_otherwise_is_left_out(tmp_path: Path) -> None:
    base = torch.arange(24.0).view(4, 6)
    tensors = [base, base.t(), base[:, 2], base[1:3], torch.zeros(100_000), torch.ones(1).expand(9)]
    torch.save(tensors, tmp_path / "x.pt")
    checkpoint = read(tmp_path / "x.pt").checkpoint
    with Reading(checkpoint) as reading:
        assert sorted(reading.plain_patterns(range(6))) == [0, 3]
        found = dict(scan(reading, range(6)))
        for tensor in range(6):
            alone = summarize(reading, tensor)
            assert repr(found[tensor]) == repr(alone)


def test_a_file_that_is_gone_gives_none(tmp_path: Path) -> None:
    torch.save([torch.ones(3)], tmp_path / "x.pt")
    with Reading(read(tmp_path / "x.pt").checkpoint) as reading:
        (tmp_path / "x.pt").unlink()
        assert reading.plain_patterns([0]) == {}
