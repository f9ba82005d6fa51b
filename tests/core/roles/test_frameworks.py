"""Which framework wrote a file, on layouts rebuilt from what the frameworks write."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.roles import Role
from ckpt_gui.core.roles.classify import classify
from tests.builders import CASES
from tests.core.roles.trees import checkpoint, parts, state_dict, tensor

KNOWN = {
    "lightning": ("Lightning 2.4.0", "pytorch-lightning_version", 19, 10),
    "timm": ("timm", "arch", 9, 10),
    "ultralytics": ("Ultralytics 8.3.0", "train_args", -1, 0),
    "deepspeed_stub": ("DeepSpeed 0.14.0", "ds_version", None, 0),
    "gan": ("plain torch", "", None, 20),
    "lora": ("plain torch", "", None, 0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_frameworks_are_known_by_what_they_write(name: str, tmp_path: Path) -> None:
    framework, evidence, epoch, joined = KNOWN[name]
    anatomy = classify(open_checkpoint(CASES[f"framework/{name}"](tmp_path)))
    assert anatomy.framework == framework
    assert evidence in " ".join(anatomy.evidence)
    assert anatomy.epoch == epoch
    assert len(anatomy.joined) == joined


def test_mlflow_is_known_by_where_its_model_lies(tmp_path: Path) -> None:
    folder = CASES["framework/mlflow"](tmp_path)
    assert classify(open_checkpoint(folder / "data" / "model.pth")).framework == "MLflow"


def test_the_trainer_is_known_by_its_generator_states(tmp_path: Path) -> None:
    folder = CASES["framework/trainer_folder"](tmp_path)
    anatomy = classify(open_checkpoint(folder / "rng_state.pth"))
    assert anatomy.framework == "Hugging Face Trainer"
    assert set(anatomy.roles) == {Role.rng}
    assert set(classify(open_checkpoint(folder / "scheduler.pt")).roles) == {Role.scheduler}
    assert set(classify(open_checkpoint(folder / "optimizer.pt")).roles) == {Role.optimizer}


def test_averaged_weights_of_latent_diffusion(tmp_path: Path) -> None:
    made = open_checkpoint(CASES["framework/diffusers_ema"](tmp_path))
    anatomy = classify(made)
    found = {made.path_of(node)[1]: anatomy.role(node).name for node in made.tensors.node}
    assert sum(role == "ema" for role in found.values()) == 18
    assert all((role == "ema") == str(key).startswith("model_ema.") for key, role in found.items())


def test_several_networks_and_their_average(tmp_path: Path) -> None:
    made = open_checkpoint(CASES["framework/gan"](tmp_path))
    anatomy = classify(made)
    assert parts(made, anatomy, Role.weights) == ["G", "D"]
    assert parts(made, anatomy, Role.ema) == ["g_ema"]


OTHERS = [
    ({"model": state_dict(), "args": None, "checkpoint_version": 3.0, "iteration": 5}, "Megatron-LM"),
    ({"model": state_dict(), "extra_state": {}, "optimizer_history": []}, "fairseq"),
    ({"meta": {"mmengine_version": "0.10.1"}, "state_dict": state_dict()}, "OpenMMLab (mmengine 0.10.1)"),
    ({"params_ema": state_dict()}, "BasicSR"),
    ({"pytorch-lightning_version": ["odd"], "state_dict": state_dict()}, "Lightning"),
    ({"weight": tensor(3)}, "plain torch"),
]


@pytest.mark.parametrize(("plain", "framework"), OTHERS, ids=lambda item: item if isinstance(item, str) else "")
def test_less_common_frameworks(plain: object, framework: str) -> None:
    assert classify(checkpoint(plain)).framework == framework


@pytest.mark.parametrize(
    ("form", "framework"),
    [
        ("torchscript", "TorchScript"),
        ("pt2", "torch.export"),
        ("safetensors", "safetensors"),
        ("pickle", "plain pickle"),
    ],
)
def test_formats_that_are_their_own_framework(form: str, framework: str) -> None:
    assert classify(checkpoint(state_dict(), form)).framework == framework


def test_hostile_text_in_a_version_is_escaped() -> None:
    found = classify(checkpoint({"pytorch-lightning_version": "2\u202e\x00" + "9" * 5000, "state_dict": state_dict()}))
    assert "\u202e" not in found.framework + " ".join(found.evidence)
    assert len(found.framework) < 80
