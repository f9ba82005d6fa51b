"""A plan in words: the command line, Python to copy, the table; and which buttons apply."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings

from ckpt_gui.cli.convert_arguments import declare
from ckpt_gui.cli.convert_options import options_of
from ckpt_gui.core.convert.applies import ACTIONS, idle, why_not
from ckpt_gui.core.convert.nouns import DeviceRule, Options, Plan
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.words import arguments, command_line, preview, python
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.core.reader import read
from ckpt_gui.core.wire import Opened
from tests.builders import CASES
from tests.builders.common import quiet
from tests.core.convert.plan.test_any_options import OPTIONS


def opened(name: str, folder: Path) -> Opened:
    return read(CASES[name](folder))


def test_the_command_line_is_quoted_for_a_shell(tmp_path: Path) -> None:
    options = Options(
        state_dict=True, devices=(DeviceRule("cuda:1", "cpu"),), rename=(r"^module\. => it's",),
        select=("model_state_dict",),
        use_ema=False, ties="untie", metadata=(("a", "b c"), ("d", None)), max_shard=None, drop=("-x", "*.bias"),
    )  # fmt: skip
    made = plan(opened("torch-zip/training_ema", tmp_path), options)
    words = shlex.split(command_line(made, "my out.pt"))
    assert words[:5] == ["ckpt-gui", "convert", made.source, "-o", "my out.pt"]
    assert set(words[5:]) == {
        "--state-dict", "--device=cuda:1=cpu", r"--rename=^module\. => it's", "--select=model_state_dict", "--raw",
        "--untie",
        "--metadata=a=b c", "--metadata=d", "--drop=-x", "--drop=*.bias",
    }  # fmt: skip
    assert arguments(Options()) == []


@settings(max_examples=15, deadline=None)
@given(OPTIONS)
def test_the_command_line_gives_its_options_back(options: Options) -> None:
    parser = argparse.ArgumentParser()
    declare(parser)
    words = parser.parse_args(["in.pt", "-o", "out.pt", *arguments(options)])
    if options.dtype == "qint8":
        return
    again = options_of(words)
    assert again == options if len(dict(options.metadata)) == len(options.metadata) else again.keep == options.keep


def test_the_table_tells_what_becomes_of_each_row(tmp_path: Path) -> None:
    source = opened("torch-zip/training_on_gpus", tmp_path)
    options = Options(strip_optimizer=True, dtype="bfloat16", devices=(DeviceRule(None, "cpu"),), rename=("^0 => x",))
    told = preview(plan(source, options), source)
    assert told.headline.startswith("18 of 48 tensors kept · ")
    rows = {row.before: row for row in told.rows}
    one = rows["model_state_dict/0.linear.weight"]
    assert one.marks == ("renamed", "cast", "retagged")
    assert one.after == "model_state_dict/x.linear.weight"
    assert (one.dtype, one.device) == ("float32 → bfloat16", "cuda:1 → cpu")
    assert one.nbytes == 2 * one.nbytes_after
    assert rows["model_state_dict/0.norm.running_mean"].why == "taken for a buffer"
    assert rows["optimizer_state_dict/state/0/exp_avg"].why == "optimizer"
    assert dict(told.counts)["dropped"] == sum(row.marks == ("dropped",) for row in told.rows)
    assert told.reasons[0][:2] == ("optimizer", 30)
    assert [row.node for row in told.rows] == sorted(
        (row.node for row in told.rows), key=lambda at: source.checkpoint.nodes.order[at]
    )


def test_a_name_out_of_its_wrapper_is_the_same_name(tmp_path: Path) -> None:
    source = opened("framework/lightning", tmp_path)
    for options in (Options(state_dict=True), Options(select=("state_dict",)), Options(to="safetensors")):
        told = preview(plan(source, options), source)
        assert "renamed" not in dict(told.counts)


def test_aliases_are_told(tmp_path: Path) -> None:
    source = opened("torch-view/tied", tmp_path)
    told = preview(plan(source, Options(to="safetensors")), source)
    assert dict(told.counts)["alias"] == 6
    assert told.headline.startswith("All 8 tensors kept")


def flat(tree: Any) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    pending = [("", tree)]
    while pending:
        before, value = pending.pop()
        if isinstance(value, torch.Tensor):
            found[before] = value
        elif isinstance(value, dict | list | tuple):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            pending += [(f"{before}/{key}" if before else str(key), item) for key, item in pairs]
    return found


SCRIPTS = [
    ("torch-zip/training_ema", Options(strip_optimizer=True)),
    ("torch-zip/training_ema", Options(state_dict=True, dtype="bfloat16", rename=(r"^(\d+)\. => blocks.\1.",))),
    ("torch-zip/training_ema", Options(use_ema=True, strip_optimizer=True)),
    ("torch-zip/training_ema", Options(state_dict=True, drop=("*.bias",))),
    ("torch-zip/plain", Options(rename=(r"^(\d+)\. => blocks.\1.",))),
    ("framework/lightning", Options(select=("state_dict",), dtype="float16")),
    ("module/sequential", Options(state_dict=True)),
    ("torch-zip/training_on_gpus", Options(state_dict=True)),
    ("torch-zip/training_adam", Options(state_dict=True, to="safetensors")),
    ("torch-view/tied", Options(to="safetensors")),
    ("safetensors/plain", Options(dtype="float16")),
    ("sharded/safetensors", Options(state_dict=True)),
    ("sharded/bin", Options(to="safetensors")),
]


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_the_python_runs_and_gives_the_same_names(number: int, tmp_path: Path) -> None:
    name, options = SCRIPTS[number]
    source = opened(name, tmp_path)
    made = plan(source, options)
    target = tmp_path / ("out.safetensors" if made.target_format == "safetensors" else "out.pt")
    with quiet():
        exec(compile(python(made, str(target), source.checkpoint), "<copied>", "exec"), {})
    expected = {"/".join(map(str, item.target)): item for item in made.items}
    saved = load(made, target)
    assert saved.keys() == expected.keys()
    if options.dtype is None or not made.nested:
        assert {key: str(value.dtype) for key, value in saved.items()} == {
            key: f"torch.{item.dtype}" for key, item in expected.items()
        }
    assert {key: tuple(value.shape) for key, value in saved.items()} == {
        key: item.shape for key, item in expected.items()
    }


def load(made: Plan, target: Path) -> dict[str, torch.Tensor]:
    if made.target_format == "safetensors":
        return safetensors.torch.load_file(target)
    with quiet():
        return flat(torch.load(target, map_location="cpu", weights_only=False))


def test_every_plan_has_a_script_or_a_reason(tmp_path: Path) -> None:
    for name in ("torchscript/scripted", "torch-package/module", "pt2/block", "torch-legacy/training"):
        source = opened(name, tmp_path)
        for options in (Options(), Options(state_dict=True)):
            refused = (name, options.state_dict) in (("torch-package/module", False), ("torch-package/module", True),
                                                     ("pt2/block", False))  # fmt: skip
            if refused:
                with pytest.raises(CheckpointError, match=r"importer of its own|is not written back"):
                    python(plan(source, options), "out.pt", source.checkpoint)
            else:
                compile(python(plan(source, options), "out.pt", source.checkpoint), "<copied>", "exec")


WHY_NOT = {
    "torch-zip/training_adam": ("", "", "", ""),
    "safetensors/plain": ("safetensors has no device tags", "", "", ""),
    "sharded/bin": ("", "", "", ""),
    "pt2/block": ("A torch.export archive is a program", "A torch.export archive is a program", "", ""),
    "pickle/scalar": ("A bare pickle", "A bare pickle", "There are no tensors", "A bare pickle"),
    "framework/gan": ("", "", "There are 2 networks", ""),
    "torchscript-old/1_0": ("TorchScript of torch 1.0", "TorchScript of torch 1.0", "", ""),
    "torch-zip/empty_dict": ("", "", "There are no tensors", ""),
}


@pytest.mark.parametrize("name", WHY_NOT)
def test_buttons_that_do_not_apply_say_why(name: str, tmp_path: Path) -> None:
    source = opened(name, tmp_path)
    for action, expected in zip(ACTIONS, WHY_NOT[name], strict=True):
        reason = why_not(source, action)
        assert reason.startswith(expected)
        assert bool(reason) == bool(expected)


def test_what_changes_nothing_is_told(tmp_path: Path) -> None:
    source = opened("torch-zip/plain", tmp_path)
    assert idle(opened("torch-zip/empty_dict", tmp_path), "device", "cpu") == "No storage in this file has a device tag"
    assert idle(source, "device", "cpu") == "All storages are tagged cpu already"
    assert idle(source, "device", "cuda:0") == ""
    assert idle(source, "device", DeviceRule("cuda", "cpu")) == "No storage is tagged cuda, but cpu"
    assert idle(source, "strip").startswith("There is no optimizer")
    assert idle(source, "state-dict") == "It is a flat state_dict already"
    training = opened("torch-zip/training_adam", tmp_path)
    assert [idle(training, action, "mps") for action in ACTIONS] == ["", "", "", ""]
    folder = CASES["framework/trainer_folder"](tmp_path)
    assert why_not(read(folder / "optimizer.pt"), "strip") == "There is nothing but training state in this file"
