"""Zip checkpoints of ``torch.save`` as people write them: state_dicts, training runs, tags, old releases."""

from __future__ import annotations

import argparse
import io
import random
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch.utils.serialization import config

from tests.builders import rawzip
from tests.builders.common import numbers, quiet, save, small_model, tagged, tags_of, trained
from tests.builders.opcodes import Assembler, floats
from tests.builders.registry import CASES, add, case


@case("torch-zip")
def build_plain(folder: Path) -> Path:
    """The state_dict of a small model."""
    return save(small_model().state_dict(), folder / "plain.pt")


@case("torch-zip")
def build_empty_dict(folder: Path) -> Path:
    """Nothing but ``{}``."""
    return save({}, folder / "empty_dict.pt")


@case("torch-zip")
def build_bare_tensor(folder: Path) -> Path:
    """A tensor at the root, without a name."""
    return save(numbers(3, 5), folder / "bare.pt")


@case("torch-zip")
def build_list_of_tensors(folder: Path) -> Path:
    """Tensors in a list and a tuple: paths of ints."""
    return save([numbers(2, 2), (numbers(3), {"w": numbers(1)})], folder / "list.pt")


def training_state(optimizer_of: Any, **extra: object) -> dict[str, Any]:
    """What a training script saves between epochs."""
    model, optimizer = trained(optimizer_of)
    with quiet():
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
        scaler = torch.amp.GradScaler("cpu", enabled=True)
    return {
        "epoch": 19,
        "loss": 0.1234,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "scaler": scaler.state_dict(),
        **extra,
    }


def random_states() -> dict[str, Any]:
    """The states of the three random generators of a training script."""
    return {
        "torch_rng_state": torch.Generator().manual_seed(0).get_state(),
        "numpy_rng_state": np.random.RandomState(0).get_state(),
        "python_rng_state": random.Random(0).getstate(),
    }


@case("torch-zip")
def build_training_adam(folder: Path) -> Path:
    """A whole run: Adam, scheduler, scaler, RNG states, and a configuration with an ``optimizer`` entry."""
    settings = {"optimizer": "adam", "lr": 1e-3, "device": "cpu", "layers": [4, 4, 2]}
    state = training_state(torch.optim.Adam, config=settings, rng=random_states())
    return save(state, folder / "training_adam.pt")


@case("torch-zip")
def build_training_sgd(folder: Path) -> Path:
    """SGD with momentum; the optimizer's keys are ints."""
    state = training_state(lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9))
    return save(state, folder / "training_sgd.pt")


@case("torch-zip")
def build_training_ema(folder: Path) -> Path:
    """Raw weights beside averaged ones."""
    state = training_state(torch.optim.AdamW, ema_state_dict=small_model(seed=1).state_dict(), best=np.float64(0.5))
    return save(state, folder / "training_ema.pth.tar")


@case("torch-zip")
def build_training_on_gpus(folder: Path) -> Path:
    """Weights tagged cuda:1, optimizer cuda:0, steps on the CPU; ``args`` is a Namespace."""
    state = training_state(torch.optim.Adam, args=argparse.Namespace(device="cuda:1", lr=1e-3))
    weights = {t.untyped_storage().data_ptr() for t in state["model_state_dict"].values()}
    steps = {s["step"].untyped_storage().data_ptr() for s in state["optimizer_state_dict"]["state"].values()}

    def tag(storage: Any) -> str:
        return "cuda:1" if storage.data_ptr() in weights else "cpu" if storage.data_ptr() in steps else "cuda:0"

    with tagged(tag):
        return save(state, folder / "on_gpus.pt")


def _build_tag(tag: str) -> None:
    def build(folder: Path) -> Path:
        with tagged(tag):
            return save(small_model().state_dict(), folder / "tagged.pt")

    add(CASES, f"torch-zip/tag_{tag.replace(':', '_')}", build)


for _tag in ("cuda:0", "cuda:7", "mps", "xpu:0", "hpu:0", "npu:3"):
    _build_tag(_tag)


@case("torch-zip")
def build_tag_mixed(folder: Path) -> Path:
    """Three devices in one file."""
    a, b, c = numbers(3), numbers(4, seed=1), numbers(5, seed=2)
    with tagged(tags_of({"cuda:0": a, "cuda:1": b})):
        return save({"a": a, "b": b, "c": c}, folder / "mixed.pt")


@case("torch-zip")
def build_tag_text_after(folder: Path) -> Path:
    """The user's text "cpu" after the tensor: the stream keeps it as a reference to the tag."""
    return save({"w": numbers(3), "device": "cpu", "also": ["cpu"]}, folder / "text_after.pt")


@case("torch-zip")
def build_tag_text_before(folder: Path) -> Path:
    """The user's text "cpu" first: the tag is kept as a reference to it."""
    return save({"device": "cpu", "cpu": 1, "w": numbers(3), "v": numbers(2)}, folder / "text_before.pt")


def _build_protocol(protocol: int) -> None:
    def build(folder: Path) -> Path:
        value = {"w": numbers(3, 2), "none": None, "bytes": b"\0\1", "big": 2**80, "set": {1, 2}, "text": "ü" * 300}
        return save(value, folder / "protocol.pt", pickle_protocol=protocol)

    add(CASES, f"torch-zip/protocol_{protocol}", build)


for _protocol in (2, 3, 4, 5):
    _build_protocol(_protocol)


@case("torch-zip")
def build_protocol_5_many_frames(folder: Path) -> Path:
    """Protocol 5 with several frames, text outside of frames, and a bytearray."""
    value = {"w": numbers(3), "a": "x" * 70_000, "b": [str(i) * 9 for i in range(9000)], "c": bytearray(b"abc")}
    return save(value, folder / "frames.pt", pickle_protocol=5)


@case("torch-zip")
def build_big_endian(folder: Path) -> Path:
    """Written on a big-endian machine: every element's bytes are swapped."""
    dtypes = (torch.float32, torch.float64, torch.bfloat16, torch.complex64, torch.int64, torch.int16, torch.bool)
    state = {str(dtype).removeprefix("torch."): (numbers(6) * 9).to(dtype) for dtype in dtypes}
    for tensor in state.values():
        tensor.untyped_storage().byteswap(tensor.dtype)  # type: ignore[no-untyped-call]
    with patch.object(sys, "byteorder", "big"):
        return save(state, folder / "big_endian.pt")


@case("torch-zip")
def build_saved_to_buffer(folder: Path) -> Path:
    """Saved to memory first: the directory inside is called ``archive``."""
    buffer = io.BytesIO()
    torch.save(small_model().state_dict(), buffer)
    path = folder / "buffer.pt"
    path.write_bytes(buffer.getvalue())
    return path


@case("torch-zip")
def build_renamed(folder: Path) -> Path:
    """The file was renamed: its inner directory has the old name."""
    return save({"w": numbers(3)}, folder / "old name.pt").rename(folder / "neuer Name ü.bin")


@case("torch-zip")
def build_no_byteorder(folder: Path) -> Path:
    """Without the byteorder record."""
    return save({"w": numbers(3)}, folder / "no_byteorder.pt", _disable_byteorder_record=True)


@case("torch-zip")
def build_torch_1_6(folder: Path) -> Path:
    """The records of torch 1.6 to 2.0: no byteorder, no serialization_id."""
    stream = Assembler().raw(b"}").text("w").tensor((2, 2), (2, 1)).raw(b"s").stop()
    members = rawzip.torch_members(stream, [("0", floats(1, 2, 3, 4))], root="old", modern=False)
    path = folder / "torch_1_6.pt"
    path.write_bytes(rawzip.pack(members))
    return path


@case("torch-zip")
def build_alignment_4096(folder: Path) -> Path:
    """Storages aligned for GPUDirect."""
    with patch.object(config.save, "storage_alignment", 4096):
        return save({"a": numbers(3), "b": numbers(5)}, folder / "aligned.pt")


@case("torch-zip")
def build_skip_data(folder: Path) -> Path:
    """Saved under ``skip_data``: places for the storages, but only zeros in them."""
    with torch.serialization.skip_data():
        return save({"a": numbers(3), "b": numbers(500, 7)}, folder / "skipped.pt")


@case("torch-zip")
def build_versions(folder: Path) -> Path:
    """A state_dict with the version metadata of its modules attached to the OrderedDict."""
    state = small_model().state_dict()
    assert hasattr(state, "_metadata")
    return save({"state_dict": state, "names": list(state)}, folder / "metadata.pt")


@case("torch-zip")
def build_many_keys(folder: Path) -> Path:
    """Two thousand small tensors in natural and unnatural order."""
    state = {f"layers.{i % 50}.block{i // 50}.w": torch.full((2,), float(i)) for i in range(2000)}
    return save(state, folder / "many.pt")


@case("torch-zip")
def build_special_values(folder: Path) -> Path:
    """NaN, infinities, denormals, signed zeros, NaN payloads; constant and empty tensors."""
    bits = torch.tensor([0x7FC00001, 0x7F800001, -1, 0x7F7FFFFF, 1, -(2**31)], dtype=torch.int32)
    inf, nan = float("inf"), float("nan")
    state = {
        "bits": bits.view(torch.float32),
        "mixed": torch.tensor([nan, inf, -inf, 0.0, -0.0, 1e-45, 3.4e38]),
        "all_nan": torch.full((4,), nan),
        "constant": torch.full((5,), 2.5),
        "zeros": torch.zeros(3, 3),
        "half_inf": torch.tensor([65504.0, inf], dtype=torch.float16),
        "int_extremes": torch.tensor([-(2**63), 2**63 - 1]),
    }
    return save(state, folder / "special.pt")


@case("torch-zip")
def build_odd_keys(folder: Path) -> Path:
    """Keys that a path must quote or escape."""
    keys = ["a/b", "back\\slash", "0", "", " ", "ä.ö", "new\nline", "x" * 3000, "..", "a..b", ".a", "a.", "%s", "日本"]
    state: dict[object, object] = {key: torch.full((1,), float(i)) for i, key in enumerate(keys)}
    state[0] = torch.zeros(2)
    state["-1"] = torch.zeros(3)
    state[-1] = torch.zeros(4)
    return save(state, folder / "odd_keys.pt")
