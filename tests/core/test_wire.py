"""What the reading process hands over arrives as it was, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core import wire
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.info import info_json
from ckpt_gui.core.reader import read
from tests.builders import CASES

SOME = [
    name
    for name in CASES
    if name.partition("/")[0] in ("torch-zip", "torch-layout", "safetensors", "module", "torchscript")
]


def payload_of(opened: wire.Opened) -> bytes:
    return b"".join(wire.dump(opened))


@pytest.mark.parametrize("name", SOME)
def test_a_checkpoint_arrives_as_it_was(name: str, tmp_path: Path) -> None:
    opened = read(CASES[name](tmp_path))
    arrived = wire.load(payload_of(opened))

    assert "".join(info_json(arrived)) == "".join(info_json(opened))
    assert arrived.anatomy == opened.anatomy
    assert arrived.checkpoint.long_texts == opened.checkpoint.long_texts


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return payload_of(read(CASES["torch-zip/training_adam"](tmp_path_factory.mktemp("wire"))))


@settings(max_examples=200, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_hand_over_is_an_error_or_whole(payload: bytes, place: float, byte: int, cut: bool) -> None:
    at = int(place * len(payload))
    damaged = bytearray(payload)
    damaged[at] = byte
    try:
        arrived = wire.load(bytes(damaged[:at] if cut else damaged))
    except ReadError:
        return
    for node in range(len(arrived.checkpoint.nodes)):
        assert arrived.checkpoint.path_of(node) is not None
