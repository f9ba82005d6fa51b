"""``info --json`` against torch, on every good builder and every real file; and the object's form to the letter."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ckpt_gui.core.roles import Role
from tests.builders import CASES
from tests.formats.contract import KEYED_BY_OBJECTS, NOTED, REAL, Case, good_names, real_names, sharing
from tests.oracle import fake_byte_offsets

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")

TENSOR = {
    "path": list, "shape": list, "dtype": str, "device": (str, type(None)), "nbytes": int, "stored_nbytes": int,
    "numel": int, "storage": (int, type(None)), "stride": (list, type(None)), "offset": (int, type(None)),
    "byte_offset": (int, type(None)), "layout": str, "requires_grad": bool, "role": str,
    "problem": (str, type(None)),
}  # fmt: skip
WHOLE = {
    "path": str, "format": str, "nbytes": int, "tensors": list, "values": list, "code": list,
    "weights_only": dict, "problems": list, "notes": list,
}  # fmt: skip
LISTS: dict[str, dict[str, Any]] = {
    "values": {"path": list, "type": str, "text": str},
    "code": {"name": str, "known": bool, "class": str},
    "problems": {"path": (list, type(None)), "text": str},
    "tensors": TENSOR,
}
ROLES = {"weights", "ema", "optimizer", "scheduler", "scaler", "rng", "metadata", "other"}
FIELDS = ("shape", "dtype", "stride", "offset", "numel", "layout", "requires_grad", "device", "byte_offset")
NO_FAKE_LOAD = {
    "torch-zip/big_endian", "torch-zip/tag_npu_3", "torch-dtype/quantized", "torch-layout/sparse",
    "torch-layout/nested_strided",
}  # fmt: skip
"""torch's fake load cannot swap bytes, knows only its own devices, and few layouts."""


@pytest.fixture(scope="module", params=[*good_names(), *(f"real:{name}" for name in real_names())])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    name = request.param
    if name.startswith("real:"):
        if name == "real:absent":
            pytest.skip(f"the folder of real checkpoints is not on this machine ({REAL})")
        yield Case(name.rpartition("/")[2].removeprefix("real:"), REAL / name.removeprefix("real:"))
    else:
        yield Case(name, CASES[name](tmp_path_factory.mktemp("case")))


class TestAgreesWithTorch:
    def test_paths(self, case: Case) -> None:
        if case.name in KEYED_BY_OBJECTS:
            pytest.skip("a tensor is a key there")
        assert sorted(case.ours) == sorted(case.judged)

    def test_order_of_what_a_state_dict_names(self, case: Case) -> None:
        if case.name in KEYED_BY_OBJECTS:
            pytest.skip("a tensor is a key there")
        named = [key for key, row in case.judged.items() if row.get("in_state_dict", True)]
        assert [key for key, row in case.ours.items() if row.get("in_state_dict", True) and key in named] == named

    def test_what_is_in_no_state_dict(self, case: Case) -> None:
        outside = [key for key, row in case.judged.items() if not row.get("in_state_dict", True)]
        assert sorted(key for key, row in case.ours.items() if not row.get("in_state_dict", True)) == sorted(outside)

    def test_every_field_of_every_tensor(self, case: Case) -> None:
        ours, judged = case.agreed(FIELDS)
        assert ours == judged

    def test_sharing_both_ways(self, case: Case) -> None:
        wanted = {key: one for key, one in case.of_torch("storage").items() if one is not None and key in case.ours}
        assert sharing(case.of_ours("storage", wanted)) == sharing(wanted)

    def test_places_by_a_load_without_data(self, case: Case) -> None:
        if case.told["format"] != "torch-zip" or case.path.is_dir() or case.name in NO_FAKE_LOAD:
            pytest.skip("no zip that torch loads without its data")
        if not case.told["weights_only"]["accepted"]:
            pytest.skip("torch's weights_only refuses it, so there is no fake load")
        fake = {json.dumps(list(path)): place for path, place in fake_byte_offsets(case.path).items()}
        # A load without data gives even meta tensors and compressed records a place.
        wanted = {key: place for key, place in fake.items() if case.ours[key]["byte_offset"] is not None}
        assert case.of_ours("byte_offset", wanted) == wanted


class TestKeepsTheContract:
    def test_the_object_has_its_fields(self, case: Case) -> None:
        assert misfits(case.told, WHOLE) == []

    def test_every_row_has_its_fields(self, case: Case) -> None:
        wrong = {name: [one for row in case.told[name] if (one := misfits(row, LISTS[name]))] for name in LISTS}
        assert wrong == {name: [] for name in LISTS}

    def test_paths_are_lists_of_plain_keys(self, case: Case) -> None:
        keys = [key for name in ("tensors", "values") for row in case.told[name] for key in row["path"]]
        assert [key for key in keys if not (key is None or isinstance(key, (str, int, float, bool)))] == []

    def test_paths_are_unique(self, case: Case) -> None:
        if case.name in KEYED_BY_OBJECTS:
            pytest.skip("keys that are objects may read alike")
        paths = [json.dumps(row["path"]) for name in ("tensors", "values") for row in case.told[name]]
        assert sorted(set(paths)) == sorted(paths)

    def test_sizes_are_whole_numbers(self, case: Case) -> None:
        sizes = [[*row["shape"], *(row["stride"] or ())] for row in case.told["tensors"]]
        assert [one for row in sizes for one in row if type(one) is not int and one is not None] == []

    def test_roles_are_on_the_list(self, case: Case) -> None:
        assert {row["role"] for row in case.told["tensors"]} <= ROLES

    def test_texts_are_bounded(self, case: Case) -> None:
        assert max((len(row["text"]) for row in case.told["values"]), default=0) <= 1000

    def test_nothing_is_amiss(self, case: Case) -> None:
        problems = [row["problem"] for row in case.told["tensors"] if row["problem"]]
        assert (problems, case.told["problems"]) == ([], [])

    def test_no_note_on_a_good_file(self, case: Case) -> None:
        assert bool(case.told["notes"]) == (case.name in NOTED)

    def test_the_size_on_disk(self, case: Case) -> None:
        if case.path.is_dir() or case.told["format"] == "sharded":
            pytest.skip("several files")
        assert case.told["nbytes"] == case.path.stat().st_size


def misfits(row: dict[str, Any], fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fields that are missing, of another type, or not finite."""
    wrong = [(name, row.get(name, "missing")) for name, kind in fields.items() if not isinstance(row.get(name), kind)]
    wrong += [(name, row[name]) for name, kind in fields.items() if kind is int and type(row.get(name)) is bool]
    return wrong + [(name, one) for name, one in row.items() if isinstance(one, float) and not math.isfinite(one)]


def test_the_roles_of_the_contract_are_those_of_the_code() -> None:
    assert {role.name for role in Role} == ROLES


def told(name: str, folder: Path) -> dict[str, Any]:
    return Case(name, CASES[name](folder)).told


@pytest.mark.parametrize(
    ("name", "path", "type_name", "text"),
    [
        ("torch-zip/training_adam", ["epoch"], "int", "19"),
        ("torch-zip/training_adam", ["loss"], "float", "0.1234"),
        ("torch-zip/training_adam", ["optimizer_state_dict", "param_groups", 0, "lr"], "float", "0.001"),
        ("framework/lightning", ["hyper_parameters", "optimizer"], "str", "adamw"),
        ("framework/lightning", ["lr_schedulers", 0, "last_epoch"], "int", "19"),
        ("framework/timm", ["args", "model"], "str", "resnet18"),
    ],
)
def test_a_number_or_text_beside_the_weights_is_listed(
    name: str, path: list[Any], type_name: str, text: str, tmp_path: Path
) -> None:
    assert {"path": path, "type": type_name, "text": text} in told(name, tmp_path)["values"]


def test_attributes_of_a_submodule_have_a_path_of_their_own(tmp_path: Path) -> None:
    paths = [row["path"] for row in told("module/absent_class", tmp_path)["tensors"]]
    assert [path for path in paths if "cache" in path] == [["head", "cache"], ["twin", "cache"]]


def test_metadata_of_safetensors_is_among_the_values(tmp_path: Path) -> None:
    values = told("safetensors/metadata", tmp_path)["values"]
    assert {row["path"][0] for row in values} == {"__metadata__"}


@pytest.mark.parametrize("name", ["torch-zip/odd_keys", "safetensors/odd_keys", "torch-object/keys"])
def test_odd_keys_survive_the_way_through_json(name: str, tmp_path: Path) -> None:
    case = Case(name, CASES[name](tmp_path))
    assert [row["path"] for row in case.told["tensors"]] == [row["path"] for row in case.judged.values()]
