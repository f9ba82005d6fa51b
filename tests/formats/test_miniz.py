"""torch's choice among members of one name, against our account of it."""

from __future__ import annotations

import io
import random

import pytest
import torch

from ckpt_gui.core.formats.miniz import picked
from tests.builders.hostile_zip import DATA, state_dict
from tests.builders.rawzip import Member, pack, torch_members


@pytest.mark.parametrize("seed", range(60))
def test_torch_reads_the_member_that_miniz_finds(seed: int) -> None:
    dice = random.Random(seed)
    members = torch_members(b"", [(str(i), DATA) for i in range(dice.randrange(1, 14))], modern=dice.random() < 0.7)[1:]
    for number in range(dice.randrange(2, 5)):
        name = "archive/" + dice.choice(["data.pkl", "DATA.PKL", "Data.pkl"])
        members.insert(dice.randrange(len(members) + 1), Member(name, state_dict(f"candidate {number}")))
    names = [member.name.encode() for member in members if isinstance(member.name, str)]
    index = picked(names, b"archive/data.pkl")
    loaded = torch.load(io.BytesIO(pack(members)), weights_only=True)
    assert index is not None
    assert next(iter(loaded)).encode() in members[index].data
