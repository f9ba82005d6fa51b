"""Bytes flipped, put in and taken out, in every format and in bare pickle streams: a sound tree, or a sentence."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.sources import Memory
from tests.builders import CASES
from tests.core.opened import survives
from tests.fuzz.seeds import SEEDS, pickle_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
quick = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)

Edit = tuple[str, float, bytes]
"""What to do, where (0 … 1 of the length), and the bytes to do it with."""
EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "insert", "delete"]), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, edits: list[Edit]) -> bytes:
    out = bytearray(data)
    for kind, place, piece in edits:
        at = int(place * len(out))
        if kind == "insert":
            out[at:at] = piece
        elif kind == "set":
            out[at : at + len(piece)] = piece
        else:
            del out[at : at + len(piece)]
    return bytes(out)


@pytest.fixture(scope="module")
def seed_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    made: dict[str, bytes] = {}

    def seed(name: str) -> bytes:
        if name not in made:
            made[name] = CASES[name](tmp_path_factory.mktemp("seed")).read_bytes()
        return made[name]

    return seed


@pytest.mark.parametrize("name", [name for names in SEEDS.values() for name in names])
@quick
@given(edits=EDITS)
def test_edited_files(name: str, edits: list[Edit], seed_of: Callable[[str], bytes], tmp_path: Path) -> None:
    path = tmp_path / "edited"
    path.write_bytes(edited(seed_of(name), edits))
    survives(path)


@pytest.mark.parametrize(
    "name", ["torch-zip/training_sgd", "torch-zip/odd_keys", "torchscript/half", "torch-class/subclass"]
)
@quick
@given(edits=EDITS)
def test_edited_pickles_in_a_whole_zip(
    name: str, edits: list[Edit], seed_of: Callable[[str], bytes], tmp_path: Path
) -> None:
    archive = pickle_of(seed_of(name))
    path = tmp_path / "edited"
    path.write_bytes(archive.with_pickle(edited(archive.stream, edits)))
    survives(path)


@settings(quick, max_examples=5 * EXAMPLES)
@given(stream=st.binary(max_size=300), protocol=st.integers(0, 5))
@example(stream=b"", protocol=2)
def test_any_bytes_as_a_pickle(stream: bytes, protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "any.pkl"
    path.write_bytes(b"\x80" + bytes([protocol]) + stream)
    survives(path)


OPCODES = sorted(b"(.012FIJKLMNPQRSTUVX]abcdeghijloprst}u)" + bytes(range(0x80, 0x99)) + b"BCG\x00\x01\x04")


@settings(quick, max_examples=5 * EXAMPLES)
@given(stream=st.lists(st.sampled_from(OPCODES), max_size=120).map(bytes))
def test_any_opcodes_as_a_pickle(stream: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.pkl"
    path.write_bytes(b"\x80\x04" + stream)
    survives(path)


@settings(quick, max_examples=5 * EXAMPLES)
@given(edits=EDITS, protocol=st.integers(0, 5))
def test_the_machine_never_raises(edits: list[Edit], protocol: int) -> None:
    value = {"a": [1, 2.5, None, True, ("x", b"y")], "b": {3: {4}, "é": 2**70}, 5: bytearray(b"z"), "c": range(3)}
    result = read_pickle(Memory(edited(pickle.dumps(value, protocol), edits)))
    assert result.broken is None or isinstance(result.broken, str)
