"""Identical values under other names are found, wherever and however they lie."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ckpt_gui.core.diff.digests import digest, with_content
from ckpt_gui.core.pairing import Pairing, pair
from ckpt_gui.core.reader import read
from ckpt_gui.core.tensors import Reading


def proposed(tmp_path: Path, left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> Pairing:
    torch.save(left, tmp_path / "a.pt")
    torch.save(right, tmp_path / "b.pt")
    pairing = pair(read(tmp_path / "a.pt"), read(tmp_path / "b.pt"))
    with Reading(pairing.left.checkpoint) as one, Reading(pairing.right.checkpoint) as other:
        return with_content(pairing, one, other)


def test_a_rename_that_no_name_tells(tmp_path: Path) -> None:
    values = {f"layers.{number}.weight": torch.randn(5, 5) for number in range(4)}
    others = {f"stage{number}/kernel": value for number, value in enumerate(reversed(values.values()))}
    found = proposed(tmp_path, values, others)
    assert found.proposed
    again = pair(found.left.opened, found.right.opened, rules=[one.rule for one in found.proposed])
    together = [one for one in again.pairs if one.left >= 0 and one.right >= 0]
    assert len(together) == 4


def test_nothing_is_read_where_nothing_is_alone(tmp_path: Path) -> None:
    same = {"w": torch.ones(3)}
    assert proposed(tmp_path, same, same).proposed == ()


@pytest.mark.parametrize("shape", [(), (0,), (7,), (6, 5), (3, 4, 5)])
def test_the_digest_is_of_the_values_not_of_how_they_lie(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = torch.randn(shape)
    back = list(reversed(range(len(shape))))
    turned = values.permute(back).contiguous().permute(back)
    torch.save([values, turned, values + 1, values.double()], tmp_path / "x.pt")
    with Reading(read(tmp_path / "x.pt").checkpoint) as reading:
        made = [digest(reading, tensor) for tensor in range(4)]
    assert made[0] == made[1] is not None
    assert made[3] not in (made[0], None)
    assert made[2] != made[0] or values.numel() == 0


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    torch.save([torch.empty(3, device="meta"), torch.ones(1).expand(1 << 40)], tmp_path / "x.pt")
    with Reading(read(tmp_path / "x.pt").checkpoint) as reading:
        assert digest(reading, 0) is None
        assert digest(reading, 1) is None
