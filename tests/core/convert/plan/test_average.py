"""Averaged weights in place of raw ones: every layout, nested and flat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.convert.nouns import Edit, Options
from ckpt_gui.core.convert.plan import ema_choice, plan
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.reader import read
from ckpt_gui.core.text import path_text
from tests.builders import CASES
from tests.builders.common import save, small_model
from tests.builders.modules import absent_class

EMA = Options(use_ema=True)


def test_the_choice_names_both_and_what_yolo_wants(tmp_path: Path) -> None:
    choice = ema_choice(read(CASES["framework/timm"](tmp_path)))
    assert choice is not None
    assert (choice.raw, choice.ema, choice.suggested) == (("state_dict",), ("state_dict_ema",), False)
    assert choice.text.endswith("Which is to be kept?")
    with absent_class("Detector", "ultralyticsish.nn.tasks") as detector:
        state = {
            "epoch": 3,
            "model": detector(),
            "ema": detector().half(),
            "updates": 9,
            "best_fitness": 0.5,
            "train_args": {},
        }
        choice = ema_choice(read(save(state, tmp_path / "last.pt")))
    assert choice is not None
    assert choice.suggested
    assert ema_choice(read(CASES["framework/lightning"](tmp_path))) is None


def test_a_mapping_of_the_same_names_moves_as_a_whole(tmp_path: Path) -> None:
    made = plan(read(CASES["framework/timm"](tmp_path)), EMA)
    assert made.edits == (
        Edit("replace", ("state_dict",), other=("state_dict_ema",)), Edit("drop", ("state_dict_ema",)),
    )  # fmt: skip
    assert {item.path[0] for item in made.items} == {"state_dict_ema", "optimizer"}
    assert {item.target[0] for item in made.items} == {"state_dict", "optimizer"}
    assert {one.why for one in made.dropped} == {"replaced by its average"}


def test_yolo_s_model_is_its_ema(tmp_path: Path) -> None:
    source = read(CASES["framework/ultralytics"](tmp_path))
    made = plan(source, Options(use_ema=True, strip_optimizer=True))
    assert made.edits == (Edit("replace", ("model",), other=("ema",)), Edit("drop", ("ema",)))
    assert {item.target[0] for item in made.items} == {"model"}
    assert [path_text(one.path) for one in made.dropped] == ["model"]
    flat = plan(source, Options(state_dict=True, use_ema=True))
    assert [item.target for item in flat.items] == [
        item.target for item in plan(source, Options(state_dict=True)).items
    ]


def test_raw_or_not_said_leaves_the_raw_weights(tmp_path: Path) -> None:
    source = read(CASES["framework/timm"](tmp_path))
    both = plan(source, Options(strip_optimizer=True))
    assert {item.path[0] for item in both.items} == {"state_dict", "state_dict_ema"}
    raw = plan(source, Options(strip_optimizer=True, use_ema=False))
    assert {item.path[0] for item in raw.items} == {"state_dict"}
    flat = plan(source, Options(state_dict=True))
    assert {item.path[0] for item in flat.items} == {"state_dict"}
    why = {path_text(one.path): one.why for one in flat.dropped}
    assert why["state_dict_ema/0.scale"] == "not chosen"


def test_latent_diffusion_s_mangled_names(tmp_path: Path) -> None:
    source = read(CASES["framework/diffusers_ema"](tmp_path))
    made = plan(source, Options(state_dict=True, use_ema=True))
    raw = plan(source, Options(state_dict=True))
    assert [item.target for item in made.items] == [item.target for item in raw.items]
    for item in made.items:
        name = str(item.path[-1])
        counter = str(item.target[0]).endswith("num_batches_tracked")
        assert name.startswith("model.") if counter else name == f"model_ema.{str(item.target[0]).replace('.', '')}"
    assert sum(one.why == "beside the averaged weights" for one in made.dropped) == 2


def plain() -> dict[str, torch.Tensor]:
    return dict(small_model(3).state_dict())


WRAPPED: dict[str, tuple[dict[str, Any], int]] = {
    "a wrapper's prefix": ({"model": plain(), "model_ema": {f"module.{k}": v for k, v in plain().items()}}, 18),
    "in a wrapper": ({"model": plain(), "ema": {"decay": 0.99, "module": plain(), "updates": torch.tensor(3)}}, 18),
    "no buffers": (
        {"model": plain(), "ema": {k: v for k, v in plain().items() if "running" not in k and "tracked" not in k}}, 12,
    ),
    "in order": (
        {"net": plain(), "ema": [v for k, v in plain().items() if v.is_floating_point() and "running" not in k]}, 12,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_other_ways_to_keep_an_average(name: str, tmp_path: Path) -> None:
    state, averaged = WRAPPED[name]
    source = read(save({"epoch": 1, **state}, tmp_path / "x.pt"))
    for options in (Options(use_ema=True, state_dict=True), EMA):
        made = plan(source, options)
        raw = plan(source, Options(state_dict=True))
        assert [item.target[-1] for item in made.items] == [item.target[-1] for item in raw.items]
        assert sum("ema" in str(item.path[0]) for item in made.items) == averaged
        assert all(str(item.target[0]) != "ema" for item in made.items)


def test_none_or_several_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="There are no averaged weights"):
        plan(read(CASES["torch-zip/training_adam"](tmp_path)), EMA)
    state = {"model": plain(), "ema_999": plain(), "ema_9999": plain()}
    source = read(save(state, tmp_path / "two.pt"))
    with pytest.raises(ConvertError, match=r"--select ema_999, --select ema_9999"):
        plan(source, EMA)
    made = plan(source, Options(state_dict=True, select=("ema_999",)))
    assert {item.path[0] for item in made.items} == {"ema_999"}
