"""Layouts of the frameworks people train with, rebuilt in small from what their files hold."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.builders.common import save as _save
from tests.builders.common import small_model, trained
from tests.builders.modules import absent_class
from tests.builders.registry import case
from tests.builders.sharded import write_sharded
from tests.builders.torch_zip import random_states


@case("framework")
def build_lightning(folder: Path) -> Path:
    """PyTorch Lightning: loops, callbacks under the text of their settings, hyper-parameters."""
    model, optimizer = trained(torch.optim.AdamW)
    loop = {"state_dict": {}, "epoch_progress": {"total": {"ready": 20, "completed": 19}, "current": {"ready": 20}}}
    state = {
        "epoch": 19,
        "global_step": 2000,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": {f"net.{k}": v for k, v in model.state_dict().items()},
        "loops": {"fit_loop": loop, "validate_loop": {"state_dict": {}}},
        "callbacks": {
            "ModelCheckpoint{'monitor': 'val_loss', 'mode': 'min'}": {"best_model_score": torch.tensor(0.12)},
            "EarlyStopping{'monitor': 'val_loss'}": {"wait_count": 1, "patience": 3},
        },
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [{"base_lrs": [0.001], "last_epoch": 19, "_step_count": 20}],
        "MixedPrecision": {"scale": 65536.0, "growth_factor": 2.0, "_growth_tracker": 7},
        "hparams_name": "kwargs",
        "hyper_parameters": {"lr": 0.001, "optimizer": "adamw", "layers": [4, 4]},
    }
    return _save(state, folder / "epoch=19-step=2000.ckpt")


@case("framework")
def build_ultralytics(folder: Path) -> Path:
    """YOLO: whole modules in half precision, ``model`` empty and ``ema`` full, results in lists."""
    with absent_class("Detector", "ultralyticsish.nn.tasks") as detector:
        state = {
            "date": "2024-05-17T12:30:00", "version": "8.3.0", "license": "AGPL-3.0", "docs": "https://example.org",
            "epoch": -1, "best_fitness": None, "model": None, "ema": detector().half(), "updates": 1200,
            "optimizer": None, "train_args": {"task": "detect", "imgsz": 640, "optimizer": "auto", "device": "0"},
            "train_metrics": {"fitness": 0.5}, "train_results": {"epoch": [1, 2], "loss": [2.0, 1.5]},
        }  # fmt: skip
        return _save(state, folder / "best.pt")


@case("framework")
def build_timm(folder: Path) -> Path:
    """timm's training script: raw and averaged weights, Namespace, scaler."""
    model, optimizer = trained(lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True))
    state = {
        "epoch": 9,
        "arch": "resnet18",
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "version": 2,
        "args": argparse.Namespace(model="resnet18", lr=0.1, opt="sgd"),
        "amp_scaler": {"scale": 1024.0, "growth_interval": 2000},
        "state_dict_ema": small_model(seed=1).state_dict(),
        "metric": 71.5,
    }
    return _save(state, folder / "checkpoint-9.pth.tar")


class TrainingArguments:
    """Stands for the class of that name in transformers."""

    def __init__(self) -> None:
        self.output_dir, self.learning_rate, self.optim = "out", 5e-5, "adamw_torch"
        self.betas, self.device = (0.9, 0.999), torch.device("cuda", 0)


@case("framework")
def build_trainer_folder(folder: Path) -> Path:
    """The folder ``checkpoint-500`` of Hugging Face's Trainer."""
    target = folder / "checkpoint-500"
    target.mkdir()
    _, optimizer = trained(torch.optim.AdamW)
    write_sharded(target, "safetensors")
    _save(optimizer.state_dict(), target / "optimizer.pt")
    _save({"last_epoch": 500, "_step_count": 501, "base_lrs": [5e-5], "lr_lambdas": [None]}, target / "scheduler.pt")
    states = random_states()
    rng = {"python": states["python_rng_state"], "numpy": states["numpy_rng_state"], "cpu": states["torch_rng_state"]}
    _save(rng, target / "rng_state.pth")
    _save(TrainingArguments(), target / "training_args.bin")
    (target / "trainer_state.json").write_text(json.dumps({"global_step": 500, "log_history": [{"loss": 1.5}]}))
    (target / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return target


@case("framework")
def build_mlflow(folder: Path) -> Path:
    """A model logged by MLflow: a whole module of a class that is not installed."""
    (folder / "data").mkdir()
    (folder / "MLmodel").write_text("flavors:\n  pytorch:\n    model_data: data\n    pytorch_version: 2.3.0\n")
    (folder / "data" / "pickle_module_info.txt").write_text("mlflow.pytorch.pickle_module")
    with absent_class("Head", "project.models") as head:
        _save(head(), folder / "data" / "model.pth")
    return folder


@case("framework")
def build_diffusers_ema(folder: Path) -> Path:
    """A latent-diffusion checkpoint: averaged weights under mangled names beside raw ones."""
    raw = {f"model.diffusion_model.{k}": v for k, v in small_model().state_dict().items()}
    averaged = {f"model_ema.{k.replace('.', '')}": v + 1 for k, v in list(raw.items()) if v.is_floating_point()}
    extra = {"model_ema.decay": torch.tensor(0.9999), "model_ema.num_updates": torch.tensor(5)}
    return _save({"global_step": 5, "state_dict": {**raw, **averaged, **extra}}, folder / "sd.ckpt")


@case("framework")
def build_compiled_ddp(folder: Path) -> Path:
    """torch.compile's prefix inside DistributedDataParallel's."""
    state = {f"module._orig_mod.{k}": v for k, v in small_model().state_dict().items()}
    return _save({"model": state, "iter_num": 100, "config": {"n_layer": 2}}, folder / "ckpt.pt")


@case("framework")
def build_gan(folder: Path) -> Path:
    """Several networks and several optimizers in one file."""
    state: dict[str, Any] = {"iteration": 10}
    for name in ("G", "D"):
        model, optimizer = trained(torch.optim.Adam)
        state |= {name: model.state_dict(), f"{name}_optim": optimizer.state_dict()}
    return _save({**state, "g_ema": small_model(2).state_dict()}, folder / "gan.pt")


@case("framework")
def build_lora(folder: Path) -> Path:
    """Adapters of PEFT."""
    state = {f"base_model.model.layers.{i}.q_proj.lora_{ab}.weight": torch.ones(2, 4) for i in range(3) for ab in "AB"}
    return _save(state, folder / "adapter_model.bin")


@case("framework")
def build_deepspeed_stub(folder: Path) -> Path:
    """DeepSpeed's ``mp_rank_00_model_states.pt``."""
    state = {
        "module": small_model().half().state_dict(), "buffer_names": ["scale"], "optimizer": None,
        "ds_version": "0.14.0", "param_shapes": [{"0.linear.weight": torch.Size([4, 4])}],
        "global_steps": 7, "dp_world_size": np.int64(2),
        "ds_config": {"zero_optimization": {"stage": 2}}, "lr_scheduler": None, "client": nn.Identity(),
    }  # fmt: skip
    return _save(state, folder / "mp_rank_00_model_states.pt")
