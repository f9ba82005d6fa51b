"""``--state-dict``: the names torch itself would give; and where it is not plain what is meant, the candidates."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.convert.plan import module_names, plan, rename_preview
from ckpt_gui.core.errors import ConvertError, RenameError
from ckpt_gui.core.reader import read
from tests.builders import CASES
from tests.builders.common import numbers, quiet, save
from tests.builders.modules import absent_class

FLAT = Options(state_dict=True)


def names(path: Path, options: Options = FLAT) -> list[str]:
    made = plan(read(path), options)
    assert not made.nested
    assert made.edits == ()
    return [str(item.target[0]) for item in made.items]


@pytest.mark.parametrize("name", ["sequential", "containers", "embedding"])
def test_a_pickled_module_goes_by_its_own_names(name: str, tmp_path: Path) -> None:
    path = CASES[f"module/{name}"](tmp_path)
    with quiet():
        module = torch.load(path, weights_only=False)
    assert names(path) == list(module.state_dict())


@pytest.mark.parametrize("name", ["absent_class", "absent_under_key", "absent_legacy"])
def test_a_module_without_its_class_too(name: str, tmp_path: Path) -> None:
    path = CASES[f"module/{name}"](tmp_path)
    with absent_class("Detector") as detector:
        expected = list(detector().state_dict())
    assert names(path) == expected
    made = plan(read(path), FLAT)
    why = {str(one.path[-1]): one.why for one in made.dropped if one.path}
    assert why["cache"] == why["anchors"] == "not in the module's state_dict"
    assert any("Detector" in warning for warning in made.warnings)
    assert any("_metadata" in warning for warning in made.warnings)


def test_a_wrapped_module_keeps_its_prefix(tmp_path: Path) -> None:
    path = CASES["module/data_parallel"](tmp_path)
    with pytest.raises(ConvertError, match=r"2 networks.*--select wrapped .*--select state_dict"):
        names(path)
    one, other = (names(path, Options(state_dict=True, select=(part,))) for part in ("wrapped", "state_dict"))
    assert one == other
    assert one[0] == "module.0.scale"


@pytest.mark.parametrize("name", ["scripted", "traced", "sequential"])
def test_torchscript_goes_by_its_own_names(name: str, tmp_path: Path) -> None:
    path = CASES[f"torchscript/{name}"](tmp_path)
    with quiet():
        expected = list(torch.jit.load(str(path)).state_dict())  # type: ignore[no-untyped-call]
    assert names(path) == expected


def test_nested_mappings_are_joined_with_dots(tmp_path: Path) -> None:
    state = {"params": {"encoder": {"kernel": numbers(2), "bias": numbers(2)}, "decoder": {"kernel": numbers(3)}}}
    path = save({"step": 3, **state}, tmp_path / "flax.pt")
    assert names(path) == ["encoder.kernel", "encoder.bias", "decoder.kernel"]
    assert names(path, Options(state_dict=True, select=("params", "encoder"))) == ["kernel", "bias"]


def test_the_beginning_of_names_is_a_part_too(tmp_path: Path) -> None:
    path = CASES["torch-zip/plain"](tmp_path)
    assert names(path, Options(state_dict=True, select=("0",))) == [
        name for name in names(path) if name.startswith("0.")
    ]
    made = plan(read(path), Options(select=("0",)))
    assert made.nested
    assert {edit.what for edit in made.edits} == {"drop"}
    assert {str(item.target[0])[:2] for item in made.items} == {"0."}


REFUSED = {
    "torch-zip/bare_tensor": "one tensor without a name; --select '' saves it",
    "torch-zip/list_of_tensors": r"There are tensors in lists, without names; choose a part. --select '' \(3 tensors\)",
    "torchscript/frozen": r"No part .* choose one. --select constants \(4 tensors\)",
    "framework/gan": r"There are 2 networks in this file; choose one. --select G \(18 tensors\); --select D",
    "torch-view/tied": r"2 networks.*--select model \(4 tensors\); --select again",
    "torch-zip/empty_dict": "There are no tensors in this file",
    "torch-object/keys": "1 name would stand for several tensors each once keys are joined: 0",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_plain_is_asked_for_with_candidates(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match=REFUSED[name]):
        names(CASES[name](tmp_path))


def test_what_the_sentence_offers_can_be_chosen(tmp_path: Path) -> None:
    assert names(CASES["torch-zip/bare_tensor"](tmp_path), Options(state_dict=True, select=())) == ["tensor"]
    path = CASES["torch-zip/list_of_tensors"](tmp_path)
    assert names(path, Options(state_dict=True, select=()))[:2] == ["0", "1.0"]
    path = CASES["torchscript/frozen"](tmp_path)
    assert names(path, Options(state_dict=True, select=("constants",))) == ["0", "1", "2", "3"]
    with pytest.raises(ConvertError, match="There is nothing at no/where"):
        names(path, Options(state_dict=True, select=("no", "where")))


def test_tensors_in_lists_among_the_weights(tmp_path: Path) -> None:
    path = save({"model": {"a.weight": numbers(20), "b.parts": [numbers(3), numbers(4)]}}, tmp_path / "parts.pt")
    with pytest.raises(ConvertError, match=r"Some of the weights lie in lists \(model/b.parts\).*--select model"):
        names(path)
    assert names(path, Options(state_dict=True, select=("model",))) == ["a.weight", "b.parts.0", "b.parts.1"]


def test_renames_are_checked(tmp_path: Path) -> None:
    path = CASES["framework/compiled_ddp"](tmp_path)
    source = read(path)
    rule = (r"^module\._orig_mod\. =>",)
    assert names(path, Options(state_dict=True, rename=rule))[0] == "0.scale"
    nested = plan(source, Options(rename=rule))
    assert {edit.what for edit in nested.edits} == {"rename"}
    assert nested.items[0].target == ("model", "0.scale")
    with pytest.raises(RenameError, match="several tensors one name"):
        plan(source, Options(rename=(r"\d => x",)))
    assert rename_preview(source, Options(state_dict=True, rename=(r"\d => x",))).collisions
    with pytest.raises(RenameError, match="cannot be used"):
        plan(source, Options(rename=("( => x",)))
    assert "The rule “nothing => x” matches no name" in plan(source, Options(rename=("nothing => x",))).warnings


def test_a_new_name_must_not_be_an_old_entry_s(tmp_path: Path) -> None:
    path = save({"model": {"a.weight": numbers(2), "b.weight": numbers(2), "note": "x"}}, tmp_path / "x.pt")
    with pytest.raises(RenameError, match="name of another entry: model/note"):
        plan(read(path), Options(rename=(r"^a\.weight => note",)))


def test_names_of_an_object_are_its_code_s(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="--state-dict writes others"):
        plan(read(CASES["module/sequential"](tmp_path)), Options(rename=("^0 => first",)))


def test_the_modules_of_metadata_follow_the_rules() -> None:
    rules = (r"^module\. =>", "^0 => first")
    assert module_names(["", "module", "module.0", "module.0.norm"], rules) == {
        "": "", "module": "", "module.0": "first", "module.0.norm": "first.norm",
    }  # fmt: skip


def test_a_whole_optimizer_with_tensors_as_keys(tmp_path: Path) -> None:
    source = read(CASES["module/optimizer_object"](tmp_path))
    with pytest.raises(ConvertError, match="Tensors are used as keys here"):
        plan(source, Options(dtype="bfloat16"))
    assert plan(source, Options(dtype="bfloat16", strip_optimizer=True)).items


def test_a_module_that_was_trained_is_saved_without_gradients(tmp_path: Path) -> None:
    made = plan(read(save(nn.Linear(2, 2), tmp_path / "linear.pt")), FLAT)
    assert not any("requires_grad" in warning for warning in made.warnings)
    made = plan(read(tmp_path / "linear.pt"), Options(to="safetensors"))
    assert "requires_grad is not kept" in made.warnings
