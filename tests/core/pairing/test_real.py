"""Pairs of files this project did not write, with what looking at them showed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ckpt_gui.core.pairing import Pairing, advice, changed_values, pair
from ckpt_gui.core.reader import read
from tests.core.pairing.sides import proposed, together


def paired(real: Path, left: str, right: str, **asked: Any) -> Pairing:
    return pair(read(real / left), read(real / right), **asked)


def test_two_chemprop_files(real: Path) -> None:
    pairing = paired(real, "chemprop_v2_regression.ckpt", "chemprop_v2_trained_on_cuda.pt")
    pairs = together(pairing)
    assert len(pairs) == 13  # 11 weights, 2 among the hyper-parameters
    assert pairs["state_dict/message_passing.W_i.weight"] == "state_dict/message_passing.W_i.weight"
    found = advice(pairing)
    assert found.missing == ("metrics.0.task_weights", "metrics.1.task_weights")
    assert found.unexpected == tuple(
        f"bn.{name}" for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    )
    assert found.mismatched == ()


def test_two_pesto_files(real: Path) -> None:
    pairing = paired(real, "pesto_mir-1k.ckpt", "pesto_mir-1k_g7.ckpt")
    assert len(together(pairing)) == 14
    found = advice(pairing)
    assert [name for name, _left, _right in found.mismatched] == [
        "encoder.layernorm.weight", "encoder.layernorm.bias", "encoder.conv1.0.weight", "encoder.fc.weight",
    ]  # fmt: skip
    changed = {"/".join(map(str, one.path)): (one.left, one.right) for one in changed_values(pairing)}
    assert changed["epoch"] == ("49", "36")
    assert changed["global_step"] == ("54800", "28379")


def test_one_network_as_safetensors_and_as_torchscript_under_other_names(real: Path) -> None:
    pairing = paired(real, "silero_vad_16k.safetensors", "silero_vad.jit")
    assert not together(pairing)
    assert r"^lstm_cell\. => _model.decoder.rnn." in proposed(pairing)
    auto = together(paired(real, "silero_vad_16k.safetensors", "silero_vad.jit", rules="auto"))
    assert len(auto) == 14
    assert auto["conv2.weight"] == "_model.encoder.1.reparam_conv.weight"
    assert auto["lstm_cell.weight_hh"] == "_model.decoder.rnn.weight_hh"


def test_two_strangers_have_nothing_in_common(real: Path) -> None:
    pairing = paired(real, "facenet_pnet.pt", "pesto_mir-1k.ckpt", rules="auto")
    assert not together(pairing)
    assert "The two sides have no names in common." in pairing.hints
