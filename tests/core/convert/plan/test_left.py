"""What is left out: training state of every layout, GLOBs, filters, damage; and what never is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.convert.nouns import Options, Plan
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.reader import read
from ckpt_gui.core.roles.classify import classify
from ckpt_gui.core.text import path_text
from ckpt_gui.core.wire import Opened
from tests.builders import CASES
from tests.core.samples import checkpoint, gpt

STRIP = Options(strip_optimizer=True)
STRIPPED = {
    "framework/lightning": ["loops", "callbacks", "optimizer_states", "lr_schedulers", "MixedPrecision"],
    "framework/timm": ["optimizer", "amp_scaler"],
    "framework/gan": ["G_optim", "D_optim"],
    "framework/ultralytics": [],
    "framework/deepspeed_stub": [],
    "framework/compiled_ddp": [],
    "framework/diffusers_ema": [],
    "framework/lora": [],
    "torch-zip/training_adam": ["optimizer_state_dict", "scheduler", "scaler", "rng"],
    "torch-zip/training_sgd": ["optimizer_state_dict", "scheduler", "scaler"],
    "torch-zip/training_on_gpus": ["optimizer_state_dict", "scheduler", "scaler"],
    "torch-zip/training_ema": ["optimizer_state_dict", "scheduler", "scaler"],
    "torch-legacy/training": ["optimizer"],
    "module/optimizer_object": ["optimizer"],
}


def opened_case(name: str, folder: Path) -> Opened:
    return read(CASES[name](folder))


def of(root: Any) -> Opened:
    made = checkpoint(root)
    return Opened(made, classify(made))


def drops(made: Plan) -> list[str]:
    return [path_text(edit.path) for edit in made.edits if edit.what == "drop"]


def left_out(made: Plan) -> dict[str, str]:
    return {path_text(one.path): one.why for one in made.dropped}


@pytest.mark.parametrize("name", STRIPPED)
def test_training_state_goes_and_the_rest_stays(name: str, tmp_path: Path) -> None:
    source = opened_case(name, tmp_path)
    made = plan(source, STRIP)
    assert drops(made) == STRIPPED[name]
    roles = {source.anatomy.role(source.checkpoint.tensors.node[item.tensor]).name for item in made.items}
    assert roles.isdisjoint({"optimizer", "scheduler", "scaler", "rng"})
    kept = {path_text(path) for path in ({item.path for item in made.items})}
    assert kept
    gone = left_out(made)
    assert not {"epoch", "global_step", "config", "hyper_parameters/lr", "args/lr", "iteration"} & gone.keys()
    assert ("There is nothing to strip: no optimizer, scheduler, scaler or RNG state was found" in made.warnings) == (
        not STRIPPED[name]
    )
    assert made.changes == bool(STRIPPED[name])


def test_the_trainer_s_own_files_are_nothing_but_state(tmp_path: Path) -> None:
    folder = CASES["framework/trainer_folder"](tmp_path)
    for name in ("optimizer.pt", "rng_state.pth"):
        with pytest.raises(
            ConvertError, match=r"No tensor would be left: all of them are left out \((optimizer|rng)\)"
        ):
            plan(read(folder / name), STRIP)


def test_what_is_spared_stays_and_what_is_around_it_with_it(tmp_path: Path) -> None:
    source = opened_case("framework/lightning", tmp_path)
    made = plan(source, Options(strip_optimizer=True, spare=("callbacks", "loops/fit_loop")))
    assert drops(made) == ["loops/validate_loop", "optimizer_states", "lr_schedulers", "MixedPrecision"]
    made = plan(source, Options(strip_optimizer=True, spare=("*/param_groups",)))
    assert "optimizer_states/0/state" in drops(made)
    assert "optimizer_states" not in drops(made)
    assert "optimizer_states/0/param_groups/0/lr" not in left_out(made)


def test_an_item_of_a_list_leaves_none(tmp_path: Path) -> None:
    weights = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(weights.parameters())
    weights(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    torch.save((weights.state_dict(), optimizer.state_dict(), 5), tmp_path / "tuple.pt")
    made = plan(read(tmp_path / "tuple.pt"), STRIP)
    assert drops(made) == ["1"]
    assert [path_text(item.target) for item in made.items] == ["0/weight", "0/bias"]


def test_every_tensor_and_value_of_a_part_is_listed_by_itself(tmp_path: Path) -> None:
    source = opened_case("torch-legacy/training", tmp_path)
    gone = left_out(plan(source, STRIP))
    assert gone["optimizer/state/0/exp_avg"] == gone["optimizer/param_groups/0/lr"] == "optimizer"
    inside = source.checkpoint.nodes.tensors[source.checkpoint.find(("optimizer",)) or 0]
    assert len(gone) == inside + sum(path.startswith("optimizer/param_groups/") for path in gone)


def test_globs_and_filters() -> None:
    source = opened = Opened(gpt(2), classify(gpt(2)))
    made = plan(opened, Options(drop=("*.bias", "version", "optimizer", "broken")))
    assert not [item for item in made.items if str(item.path[-1]).endswith(".bias")]
    assert {"version", "optimizer"} <= set(drops(made))
    made = plan(source, Options(keep=("*.c_fc.weight",)))
    assert [path_text(item.path) for item in made.items] == [
        f"state_dict/transformer.h.{n}.mlp.c_fc.weight" for n in (0, 1)
    ]
    assert {one.why for one in made.dropped} == {"not among what is kept"}
    made = plan(source, Options(only="shape:(50,8) !name:lm_head"))
    assert [path_text(item.path) for item in made.items] == ["state_dict/transformer.wte.weight"]
    made = plan(source, Options(keep=("state_dict",), drop=("*wte*", "*lm_head*")))
    assert len(made.items) == 13


def test_filters_that_cannot_be_read_are_refused() -> None:
    source = Opened(gpt(1), classify(gpt(1)))
    with pytest.raises(ConvertError, match="The filter of what is kept cannot be used: “rank:x”"):
        plan(source, Options(only="rank:x", skip_damaged=True))
    with pytest.raises(ConvertError, match="no statistics yet"):
        plan(source, Options(only="nan:>0", skip_damaged=True))
    with pytest.raises(ConvertError, match="The filter of what is cast"):
        plan(source, Options(dtype="bfloat16", cast="dtype:nothing", skip_damaged=True))


def test_damage_is_refused_by_name_or_left_out_on_request() -> None:
    source = Opened(gpt(1), classify(gpt(1)))
    with pytest.raises(ConvertError, match=r"1 tensor cannot be converted: broken \(8 from element 2 reaches byte"):
        plan(source, Options())
    made = plan(source, Options(skip_damaged=True))
    assert drops(made) == ["broken"]
    assert left_out(made)["broken"].startswith("cannot be converted: 8 from element 2")
    assert drops(plan(source, Options(drop=("broken",)))) == ["broken"]  # what goes anyway needs no leave


def test_of_a_cut_file_what_still_stands_can_be_saved(tmp_path: Path) -> None:
    whole = CASES["torch-zip/plain"](tmp_path)
    whole.write_bytes(whole.read_bytes()[:-600])
    source = read(whole)
    with pytest.raises(ConvertError, match="--state-dict --skip-damaged saves what still stands"):
        plan(source, STRIP)
    made = plan(source, Options(state_dict=True, skip_damaged=True))
    assert made.items


def test_nothing_left_is_refused() -> None:
    source = Opened(gpt(1), classify(gpt(1)))
    with pytest.raises(
        ConvertError, match=r"No tensor would be left: all of them are left out \(not among what is kept\)"
    ):
        plan(source, Options(keep=("no such name",)))


def test_what_an_object_is_made_from_stays(tmp_path: Path) -> None:
    source = opened_case("torch-object/collections", tmp_path)
    with pytest.raises(ConvertError, match="is what an object"):
        plan(source, Options(drop=("deque/args/0",)))
