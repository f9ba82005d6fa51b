"""TorchScript of torch 1.0 to 1.3, by hand after caffe2/proto/torch.proto: no torch of today reads or writes it."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats import open_checkpoint
from tests.formats import rows

Json = dict[str, Any]


def tensor(key: str, dims: list[int], strides: list[int], **fields: Any) -> Json:
    """A TensorDef; 64-bit integers are text, as protobuf writes them."""
    made = {
        "dims": [str(dim) for dim in dims], "offset": "0", "strides": [str(step) for step in strides],
        "requiresGrad": False, "dataType": "FLOAT", "data": {"key": f"tensors/{key}"}, "device": "cpu",
    }  # fmt: skip
    return made | fields


def parameter(name: str, number: int, is_buffer: bool = False) -> Json:
    return {"isBuffer": is_buffer, "tensorId": str(number), "name": name}


TENSORS = [
    tensor("0", [2, 3], [3, 1], requiresGrad=True),
    tensor("0", [3], [1], offset="3"),
    tensor("2", [2], [1], dataType="INT64"),
    tensor("3", [2, 2], [1, 2], dataType="DOUBLE", device="cuda:1"),
    tensor("2", [16], [1], dataType="INT8", isQuantized=True, scale=0.5, zeroPoint="3"),
]
RECORDS = {
    "tensors/0": struct.pack("<6f", *range(6)), "tensors/2": struct.pack("<2q", 7, -8),
    "tensors/3": struct.pack("<4d", 1, 2, 3, 4),
}  # fmt: skip
MAIN: Json = {
    "name": "Net", "torchscriptArena": {"key": "code/net.py"},
    "parameters": [parameter("mean", 2, True), parameter("weight", 0)],
    "submodules": [
        {"name": "0", "parameters": [parameter("row", 1, True)], "submodules": [
            {"name": "inner", "parameters": [parameter("weight", 3)]},
        ]},
        {"name": "1", "parameters": [parameter("weight", 0)]},
    ],
}  # fmt: skip


def archive(path: Path, main: Json | None = None, tensors: list[Json] | None = None, **records: bytes) -> Path:
    model = {
        "protoVersion": "6", "mainModule": MAIN if main is None else main, "producerName": "pytorch",
        "producerVersion": "1.2", "tensors": TENSORS if tensors is None else tensors,
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as out:
        everything = {
            "version": b"1\n", "code/net.py": b"op_version_set = 1\n", **RECORDS, "model.json": json.dumps(model).encode(),
            **{name.replace("__", "."): data for name, data in records.items()},
        }  # fmt: skip
        for name, data in everything.items():
            out.writestr(f"net/{name}", data)
    return path


def test_names_in_the_order_of_the_state_dict(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(archive(tmp_path / "net.pt"))
    found = rows.state_dict_rows(checkpoint)
    assert checkpoint.format == "torchscript"
    assert list(found) == ["weight", "mean", "0.row", "0.inner.weight", "1.weight"]
    assert found["weight"] == ("float32", (2, 3), (3, 1), 0, "cpu", True)
    assert found["0.row"] == ("float32", (3,), (1,), 3, "cpu", False)
    assert found["0.inner.weight"] == ("float64", (2, 2), (1, 2), 0, "cuda:1", False)
    assert checkpoint.notes == ()


def test_sharing_follows_the_records(tmp_path: Path) -> None:
    path = archive(tmp_path / "net.pt")
    checkpoint = open_checkpoint(path)
    infos = rows.ours(checkpoint)
    assert infos["weight",].storage == infos["0.row",].storage == infos["1.weight",].storage
    assert rows.values(checkpoint, path, ("0.row",)) == struct.pack("<3f", 3, 4, 5)
    assert rows.values(checkpoint, path, ("mean",)) == RECORDS["tensors/2"]


def test_a_tensor_that_only_the_code_uses_is_a_constant(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(archive(tmp_path / "net.pt"))
    (constant,) = rows.others(checkpoint)
    assert constant == ("constants", 4)
    info = rows.ours(checkpoint)[constant]
    assert info.dtype == "qint8"
    assert info.quantizer == {"scheme": "per_tensor_affine", "scale": 0.5, "zero_point": 3}


def test_attributes_of_1_1_and_later(tmp_path: Path) -> None:
    main = MAIN | {
        "attributes": [
            {"type": "int", "name": "steps", "id": "0"},
            {"type": "Tensor", "name": "extra", "id": "1"},
            {"type": "str", "name": "lost", "id": "9"},
            {"type": "Tensor", "name": "weight", "id": "1"},
        ]
    }
    pickled = b"\x80\x02(K\x07ctorch.jit._pickle\nbuild_tensor_from_id\nK\x04\x85Rt."
    checkpoint = open_checkpoint(archive(tmp_path / "net.pt", main, attributes__pkl=pickled))
    steps, lost = checkpoint.find(("steps",)), checkpoint.find(("lost",))
    assert steps is not None
    assert checkpoint.node(steps).text == "7"
    assert rows.others(checkpoint) == [("extra",)]
    assert lost is not None
    assert checkpoint.node(lost).text == "not in attributes.pkl"


def test_code_is_text(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(archive(tmp_path / "net.pt"))
    node = checkpoint.find(("code", "net.py"))
    assert node is not None
    assert checkpoint.node(node).text == "op_version_set = 1\n"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"dims": ["2", "x"]}, "not plain numbers"),
        ({"dims": ["9" * 30, "3"]}, "not plain numbers"),
        ({"dims": "23"}, "0 sizes but 2 strides"),
        ({"dims": ["-2", "3"]}, "negative size"),
        ({"dims": ["9223372036854775807", "9223372036854775807"]}, "64-bit"),
        ({"offset": "1"}, "reaches byte"),
        ({"offset": None}, "not plain numbers"),
        ({"dataType": "STRING"}, "element type"),
        ({"dataType": ["FLOAT"]}, "element type"),
        ({"data": {"key": "tensors/77"}}, "is missing"),
        ({"data": 5}, "is missing"),
    ],
)
def test_what_does_not_fit_is_the_tensors_problem(tmp_path: Path, fields: Json, problem: str) -> None:
    tensors = [tensor("0", [2, 3], [3, 1]) | fields]
    main = {"parameters": [parameter("w", 0)]}
    (info,) = rows.ours(open_checkpoint(archive(tmp_path / "net.pt", main, tensors))).values()
    assert info.problem is not None
    assert problem in info.problem


@pytest.mark.parametrize(
    "main",
    [
        {"parameters": [7, None, {"tensorId": "x"}, {"name": 3, "tensorId": "99"}], "submodules": [None, {}]},
        {"parameters": {}, "submodules": 5, "attributes": [[], {"id": 2**70}]},
    ],
)
def test_definitions_of_the_wrong_types_leave_a_tree(tmp_path: Path, main: Json) -> None:
    assert open_checkpoint(archive(tmp_path / "net.pt", main)).rows == len(TENSORS)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"[" * 100_000, b'{"tensors": ' + b"1" * 5000 + b"}", b"\xff"])
def test_a_model_that_is_none_is_told(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("net/version", "1")
        out.writestr("net/model.json", text)
    with pytest.raises(OpenError, match="model"):
        open_checkpoint(path)


def test_a_model_that_unpacks_without_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("net/version", "1")
        out.writestr("net/model.json", b"[" + b"{}," * 20_000_000)
    with pytest.raises(OpenError, match="more than"):
        open_checkpoint(path)


def test_one_long_name_does_not_multiply(tmp_path: Path) -> None:
    many = [{"name": str(number), "parameters": [parameter("w", 0)]} for number in range(2000)]
    main = {"submodules": [{"name": "x" * 1_000_000, "submodules": many}]}
    checkpoint = open_checkpoint(archive(tmp_path / "net.pt", main))
    assert any("names without end" in note for note in checkpoint.notes)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_a_tree_or_a_sentence(tmp_path: Path, flips: list[tuple[float, int]]) -> None:
    data = archive(tmp_path / "net.pt").read_bytes()
    rows.opens_or_says_why(tmp_path / "flipped.pt", rows.flipped(data, flips))


def test_cuts_give_a_tree_or_a_sentence(tmp_path: Path) -> None:
    for cut in rows.cuts(archive(tmp_path / "net.pt").read_bytes(), 61):
        rows.opens_or_says_why(tmp_path / "cut.pt", cut)
