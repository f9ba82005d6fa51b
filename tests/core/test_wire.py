"""The way from the reading process to the window: nothing is lost, and damage is an error, never a crash."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core import wire
from ckpt_gui.core.errors import DamagedFile, OpenError, ReadError, TooLarge, UnknownFormat
from ckpt_gui.core.reader import read
from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.wire import Opened
from tests.builders import CASES, HOSTILE
from tests.core.opened import Hurried, columns, handed_over
from tests.core.samples import Maker, checkpoint, gpt

SHAPES = (
    "torch-zip/training_adam", "torch-zip/odd_keys", "torch-zip/empty_dict", "torch-layout/sparse",
    "torch-layout/nested_jagged", "torch-class/dtensor", "torch-dtype/quantized", "torch-legacy/views",
    "module/absent_class", "framework/lightning", "sharded/folder", "safetensors/metadata", "torchscript/scripted",
    "pickle/protocol_5", "torch-object/objects",
)  # fmt: skip
DAMAGED = ("tensor/tag_surrogate", "pickle/cyclic_object", "pickle/duplicate_keys", "tensor/rank_10_000")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Opened]:
    known: dict[str, Opened] = {}

    def get(name: str) -> Opened:
        if name not in known:
            build = CASES.get(name) or HOSTILE[name]
            known[name] = read(build(tmp_path_factory.mktemp("wire")), Hurried())
        return known[name]

    return get


@pytest.mark.parametrize("name", SHAPES + DAMAGED)
def test_every_column_and_fact_arrives(name: str, opened: Callable[[str], Opened]) -> None:
    before = opened(name).checkpoint
    assert columns(handed_over(opened(name)).checkpoint) == columns(before)


@pytest.mark.parametrize("name", SHAPES + DAMAGED)
def test_what_the_parts_are_arrives(name: str, opened: Callable[[str], Opened]) -> None:
    assert handed_over(opened(name)).anatomy == opened(name).anatomy


@pytest.mark.parametrize("name", SHAPES)
def test_every_tensor_reads_the_same(name: str, opened: Callable[[str], Opened]) -> None:
    before, after = opened(name).checkpoint, handed_over(opened(name)).checkpoint
    numbers = range(len(before.tensors))
    assert [after.tensor(number) for number in numbers] == [before.tensor(number) for number in numbers]


@pytest.mark.parametrize("name", SHAPES)
def test_every_path_reads_the_same(name: str, opened: Callable[[str], Opened]) -> None:
    before, after = opened(name).checkpoint, handed_over(opened(name)).checkpoint
    numbers = range(len(before.nodes))
    assert [after.path_of(number) for number in numbers] == [before.path_of(number) for number in numbers]


@pytest.fixture(scope="module")
def payload(opened: Callable[[str], Opened]) -> bytes:
    return b"".join(wire.dump(opened("torch-zip/training_adam")))


@pytest.mark.parametrize("end", [0, 4, 8, 9, 100, -1])
def test_a_cut_payload_is_a_read_error(payload: bytes, end: int) -> None:
    with pytest.raises(ReadError, match="unusable"):
        wire.load(payload[:end])


def test_bytes_too_many_are_a_read_error(payload: bytes) -> None:
    with pytest.raises(ReadError, match="add up"):
        wire.load(payload + b"!")


def with_head(payload: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The payload with another head."""
    size = struct.unpack_from("<Q", payload)[0]
    head = json.loads(payload[8 : 8 + size])
    change(head)
    raw = json.dumps(head).encode()
    return struct.pack("<Q", len(raw)) + raw + payload[8 + size :]


@pytest.mark.parametrize(
    "change",
    [
        {"byteorder": "middle"}, {"rows": 10**9}, {"rows": -1}, {"rows": "3"}, {"buffers": []}, {"buffers": [1] * 99},
        {"sources": [[1]]}, {"extras": [["x", {}]]}, {"anatomy": {}}, {"problems": [1]}, {"notes": 5},
    ],
)  # fmt: skip
def test_a_head_that_lies_is_a_read_error(payload: bytes, change: dict[str, Any]) -> None:
    with pytest.raises(ReadError, match="unusable"):
        wire.load(with_head(payload, lambda head: head.update(change)))


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=9)), min_size=1, max_size=5))
def test_damaged_bytes_raise_nothing_else(payload: bytes, damage: list[tuple[float, bytes]]) -> None:
    raw = bytearray(payload)
    for place, piece in damage:
        at = int(place * (len(raw) - 1))
        raw[at : at + len(piece)] = piece
    try:
        arrived = wire.load(raw[: len(payload)]).checkpoint
    except ReadError:
        return
    assert all(arrived.path_of(node) is not None for node in range(len(arrived.nodes)))


def broken(part: str, column: str, value: int) -> bytes:
    """A payload in which one id of a column leads astray."""
    maker = Maker()
    sample = checkpoint({"a": maker.tensor(2), "b": {"c": maker.tensor(3)}})
    held = getattr(getattr(sample, part), column)
    held[-1] = value
    size = len(sample.nodes)
    anatomy = replace(classify(gpt()), roles=bytes(size))
    return b"".join(wire.dump(Opened(sample, anatomy)))


@pytest.mark.parametrize(
    ("part", "column", "value"),
    [
        ("nodes", "parent", 99), ("nodes", "parent", 3), ("nodes", "parent", -2), ("nodes", "first", 99),
        ("nodes", "first", -1), ("nodes", "count", 99), ("nodes", "count", -1), ("nodes", "tensor", 99),
        ("nodes", "key", 10**6), ("nodes", "label", -2), ("nodes", "type_name", 10**6), ("nodes", "text", 10**6),
        ("tensors", "node", 99), ("tensors", "storage", 99), ("tensors", "dtype", 10**6), ("tensors", "layout", 10**6),
        ("tensors", "problem", 10**6), ("storages", "key", 10**6), ("storages", "device", 10**6),
        ("tensors", "sizes_at", 10**6), ("tensors", "rank", 200), ("nodes", "kind", 99), ("nodes", "key_type", 99),
        ("storages", "source", 7), ("storages", "compression", 9),
    ],
)  # fmt: skip
def test_an_id_that_leads_nowhere_is_a_read_error(part: str, column: str, value: int) -> None:
    with pytest.raises(ReadError, match="unusable"):
        wire.load(broken(part, column, value))


@pytest.mark.parametrize("kind", [OpenError, UnknownFormat, DamagedFile, TooLarge])
def test_errors_keep_their_kind_and_sentence(kind: type[OpenError]) -> None:
    told = json.loads(wire.error_payload(kind("a sentence, with ü and \ud800")))
    assert told == {"kind": kind.__name__, "text": "a sentence, with ü and \ud800"}


def test_a_frame_is_tag_length_payload() -> None:
    assert wire.frame(wire.PROGRESS, b"abc") == b"P\x03\0\0\0\0\0\0\0abc"
