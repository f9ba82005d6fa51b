"""torch.export archives: names, shapes and bytes as torch.export.load gives them; native code only named."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats import open_checkpoint, pt2
from tests.formats import rows

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


class Net(nn.Module):
    """Tied weights, a transposed bfloat16 parameter, buffers of both kinds, a constant."""

    kept: torch.Tensor
    scratch: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 2)
        self.second = nn.Linear(4, 2)
        self.second.weight = self.first.weight
        self.table = torch.full((2,), 3.0)
        self.slim = nn.Parameter(torch.ones(2, 3, dtype=torch.bfloat16).t())
        self.register_buffer("kept", torch.arange(2))
        self.register_buffer("scratch", torch.ones(2), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.first(x) + self.second(x) + self.table + self.kept
        return y + self.scratch + self.slim.sum()


@pytest.fixture(scope="module")
def exported() -> Any:
    return torch.export.export(Net().eval(), (torch.ones(3, 4),))


@pytest.fixture(scope="module")
def archive(exported: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pt2") / "net.pt2"
    torch.export.save(exported, path, extra_files={"notes.txt": "hi"})
    return path


def test_weights_are_those_of_the_state_dict(archive: Path) -> None:
    checkpoint = open_checkpoint(archive)
    assert checkpoint.format == "pt2"
    assert checkpoint.notes == ()
    loaded = torch.export.load(archive)
    state: dict[str, torch.Tensor] = dict(loaded.state_dict)
    found = rows.state_dict_rows(checkpoint)
    assert found == rows.torch_rows(state)
    infos = rows.ours(checkpoint)
    assert rows.sharing({name: infos[name,].storage for name in state}) == rows.sharing(
        {name: state[name].untyped_storage().data_ptr() for name in state}
    )


def test_constants_and_sample_inputs_are_there_but_not_in_the_state_dict(archive: Path) -> None:
    checkpoint = open_checkpoint(archive)
    assert rows.others(checkpoint) == [("table",), ("scratch",), ("sample_inputs", 0, 0)]


def test_bytes_lie_where_the_index_says(archive: Path) -> None:
    checkpoint = open_checkpoint(archive)
    assert rows.values(checkpoint, archive, ("table",)) == torch.full((2,), 3.0).numpy().tobytes()
    assert rows.values(checkpoint, archive, ("sample_inputs", 0, 0)) == torch.ones(3, 4).numpy().tobytes()


def test_graph_and_extra_files_are_texts(archive: Path) -> None:
    checkpoint = open_checkpoint(archive)
    graph, notes = checkpoint.find(("graph",)), checkpoint.find(("extra", "notes.txt"))
    assert graph is not None
    assert "graph_module" in json.loads(checkpoint.long_texts[graph])
    assert notes is not None
    assert checkpoint.node(notes).text == "hi"


def test_every_element_type_of_the_schema() -> None:
    from torch._export.serde.schema import ScalarType
    from torch._export.serde.serialize import _SERIALIZE_TO_TORCH_DTYPE

    wanted = {int(ScalarType(number)): str(dtype)[6:] for number, dtype in _SERIALIZE_TO_TORCH_DTYPE.items()}
    assert wanted.items() <= pt2._DTYPES.items()


def zipped(path: Path, records: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    return path


def saved(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def meta(**fields: Any) -> dict[str, Any]:
    """A TensorMeta of a contiguous 2 × 3 float32 tensor; ``fields`` replace its own."""
    made: dict[str, Any] = {
        "dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}], "strides": [{"as_int": 3}, {"as_int": 1}],
        "requires_grad": False, "device": {"type": "cuda", "index": 1}, "storage_offset": {"as_int": 0}, "layout": 7,
    }  # fmt: skip
    return made | fields


def by_hand(path: Path, payload: dict[str, Any], record: bytes, **more: bytes) -> Path:
    config = {"config": {"w": {"path_name": "weight_0", "is_param": True, "use_pickle": False} | payload}}
    return zipped(path, {
        "p/data/weights/weight_0": record,
        "p/data/weights/model_weights_config.json": json.dumps(config).encode(),
        "p/archive_format": b"pt2", "p/archive_version": b"0", "p/.data/version": b"6\n", "p/byteorder": b"little",
        **{f"p/{name}": data for name, data in more.items()},
    })  # fmt: skip


def test_devices_are_tags(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(by_hand(tmp_path / "a.pt2", {"tensor_meta": meta()}, bytes(24)))
    (info,) = rows.ours(checkpoint).values()
    assert (info.device, info.shape, info.problem) == ("cuda:1", (2, 3), None)


def test_a_pickled_weight_is_read_by_our_own_machine(tmp_path: Path) -> None:
    payload = {"use_pickle": True, "tensor_meta": meta()}
    checkpoint = open_checkpoint(by_hand(tmp_path / "a.pt2", payload, saved(torch.ones(2, 3))))
    (info,) = rows.ours(checkpoint).values()
    assert (info.device, info.shape, info.problem) == ("cpu", (2, 3), None)
    assert rows.values(checkpoint, tmp_path / "a.pt2", ("w",)) == torch.ones(2, 3).numpy().tobytes()
    assert "torch._utils._rebuild_tensor_v2" in {name.name for name in checkpoint.code}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"sizes": [{"as_int": 2}, {"as_int": 4}]}, "reaches byte"),
        ({"sizes": [{"as_int": -2}, {"as_int": 3}]}, "negative size"),
        ({"sizes": [{"as_int": 2**62}, {"as_int": 2**62}]}, "64-bit"),
        ({"sizes": [{"as_expr": "s0"}, {"as_int": 3}]}, "not plain numbers"),
        ({"sizes": [{"as_int": True}, {"as_int": 3}]}, "not plain numbers"),
        ({"sizes": "ab"}, "not plain numbers"),
        ({"strides": [{"as_int": 1}]}, "2 sizes but 1 stride"),
        ({"storage_offset": {"as_int": -1}}, "negative stride or offset"),
        ({"dtype": 99}, "element type 99"),
        ({"dtype": "7"}, "is not known"),
        ({"layout": 1}, "not strided"),
    ],
)
def test_what_does_not_fit_is_the_tensors_problem(tmp_path: Path, fields: dict[str, Any], problem: str) -> None:
    path = by_hand(tmp_path / "a.pt2", {"tensor_meta": meta(**fields)}, bytes(24))
    (info,) = rows.ours(open_checkpoint(path)).values()
    assert info.problem is not None
    assert problem in info.problem


def test_a_missing_record_is_the_tensors_problem(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "a.pt2", {"tensor_meta": meta(), "path_name": "../weight_9"}, bytes(24))
    (info,) = rows.ours(open_checkpoint(path)).values()
    assert info.problem == "its record data/weights/../weight_9 is missing"


@pytest.mark.parametrize(
    "text", [b"[]", b"{", b"\xff", b"[" * 200_000, b'{"config": ' + b"1" * 5000 + b"}", b'{"config": {"w": 3}}']
)
def test_a_configuration_that_is_none(tmp_path: Path, text: bytes) -> None:
    path = zipped(tmp_path / "a.pt2", {
        "p/archive_format": b"pt2", "p/data/weights/model_weights_config.json": text, "p/.data/version": b"6\n",
    })  # fmt: skip
    checkpoint = open_checkpoint(path)
    assert checkpoint.rows == 0


def test_native_code_is_named_and_left_alone(tmp_path: Path) -> None:
    folder = "p/data/aotinductor/model/"
    path = zipped(tmp_path / "aoti.pt2", {
        "p/archive_format": b"pt2", "p/.data/version": b"6\n", folder + "x.wrapper.so": b"\x7fELF",
        folder + "x.cpp": b"int x;",
    })  # fmt: skip
    checkpoint = open_checkpoint(path)
    assert any("native code" in note for note in checkpoint.notes)
    node = checkpoint.find(("aotinductor", "model/x.wrapper.so"))
    assert node is not None
    assert checkpoint.node(node).type_name == "native code"
    assert checkpoint.facts["native_code"] == 1


def test_an_export_of_torch_before_2_8(tmp_path: Path) -> None:
    state = {"linear.weight": torch.ones(2, 3), "linear.bias": torch.zeros(2)}
    path = zipped(tmp_path / "old.pt2", {
        "serialized_exported_program.json": b'{"graph_module": {}}', "serialized_state_dict.pt": saved(state),
        "serialized_constants.pt": saved({"c": torch.ones(1)}),
        "serialized_example_inputs.pt": saved(((torch.ones(5),), {})),
        "version": b"8.4", "extra_files/a.txt": b"hello",
    })  # fmt: skip
    checkpoint = open_checkpoint(path)
    assert checkpoint.notes == ()
    assert rows.state_dict_rows(checkpoint) == rows.torch_rows(state)
    assert rows.others(checkpoint) == [("c",), ("sample_inputs", 0, 0)]
    assert rows.values(checkpoint, path, ("linear.weight",)) == torch.ones(2, 3).numpy().tobytes()


def test_two_models_stand_under_their_names(tmp_path: Path, exported: Any) -> None:
    from torch.export.pt2_archive._package import package_pt2

    path = tmp_path / "two.pt2"
    package_pt2(str(path), exported_programs={"one": exported, "two": exported})
    paths = set(rows.ours(open_checkpoint(path)))
    assert {("one", "first.weight"), ("two", "first.weight"), ("two", "sample_inputs", 0, 0)} <= paths


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_a_tree_or_a_sentence(tmp_path: Path, archive: Path, flips: list[tuple[float, int]]) -> None:
    rows.opens_or_says_why(tmp_path / "flipped.pt2", rows.flipped(archive.read_bytes(), flips))


def test_cuts_give_a_tree_or_a_sentence(tmp_path: Path, archive: Path) -> None:
    for cut in rows.cuts(archive.read_bytes(), 997):
        rows.opens_or_says_why(tmp_path / "cut.pt2", cut)


def test_without_a_directory_a_sentence_says_so(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "cut.pt2"
    path.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(OpenError):
        open_checkpoint(path)
