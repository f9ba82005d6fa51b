"""Files of every framework and hostile ones: beside themselves all is equal, beside each other nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.core.pairing import advice, changed_values, pair
from ckpt_gui.core.reader import read
from tests.builders import CASES, HOSTILE, groups
from tests.core.opened import Hurried
from tests.core.pairing.sides import weights
from tests.core.roles.trees import state_dict

FRAMEWORKS = groups(CASES)["framework"] | groups(CASES)["module"]
PICKLES = groups(HOSTILE)["pickle"]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_file_beside_itself_is_equal(name: str, tmp_path: Path) -> None:
    opened = read(FRAMEWORKS[name](tmp_path))
    pairing = pair(opened, opened)
    assert [(one.left, one.right) for one in pairing.pairs] == [
        (tensor, tensor) for tensor in range(len(pairing.pairs))
    ]
    assert len(pairing.pairs) == opened.checkpoint.rows
    assert pairing.proposed == ()
    assert changed_values(pairing) == ()
    assert advice(pairing).text in ("", "<All keys matched successfully>")


@pytest.mark.parametrize("name", list(PICKLES)[::6])
def test_a_hostile_file_pairs_like_any_other(name: str, tmp_path: Path) -> None:
    try:
        opened = read(PICKLES[name](tmp_path), Hurried())
    except CheckpointError:
        pytest.skip("there is no tree to pair")
    other = weights({key: tensor.shape for key, tensor in state_dict().items()})
    for left, right in ((opened, other), (other, opened)):
        pairing = pair(left, right, rules="auto")
        assert sorted(one.left for one in pairing.pairs if one.left >= 0) == sorted(pairing.left.listing.tensors)
        changed_values(pairing)
        advice(pairing)
