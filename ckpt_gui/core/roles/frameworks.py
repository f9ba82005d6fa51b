"""Which framework wrote a checkpoint, and what gives it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ckpt_gui.core.columns import Kind
from ckpt_gui.core.roles.layout import Layout
from ckpt_gui.core.text import clip, escape


class _Upper(NamedTuple):
    """What frameworks are known by: the root's members, names of code, the file's own name."""

    layout: Layout
    root: dict[str, int]
    code: tuple[str, ...]
    path: str

    def has(self, *keys: str) -> bool:
        return all(key in self.root for key in keys)

    def value(self, key: str) -> str:
        """Text of a leaf of the root; "" where there is none."""
        node = self.root.get(key, -1)
        return clip(escape(self.layout.value(node)), 40) if node >= 0 and not self.layout.count[node] else ""

    def inside(self, key: str) -> dict[str, int]:
        node = self.root.get(key, -1)
        return self.layout.members(node) if node >= 0 else {}

    def refers_to(self, prefix: str) -> str:
        """The first name of code that begins with ``prefix``; "" for none."""
        return next((name for name in self.code if name.startswith(prefix)), "")


_Found = tuple[str, tuple[str, ...]] | None


def recognise(layout: Layout, wrappers: list[int]) -> tuple[str, tuple[str, ...]]:
    """The framework's name (with its version where written) and the evidence; ``plain torch`` if none is known."""
    checkpoint = layout.checkpoint
    upper = _Upper(
        layout, layout.members(0), tuple(code.name for code in checkpoint.code), checkpoint.path.replace("\\", "/")
    )
    for test in _TESTS:
        found = test(upper)
        if found is not None:
            return found
    return _BY_FORMAT.get(checkpoint.format, "plain torch"), ()


_BY_FORMAT = {
    "torchscript": "TorchScript", "pt2": "torch.export", "torch-package": "torch.package",
    "safetensors": "safetensors", "pickle": "plain pickle", "sharded": "Hugging Face shards",
}  # fmt: skip


def _lightning(upper: _Upper) -> _Found:
    key = "pytorch-lightning_version"
    if not upper.has(key):
        return None
    version = upper.value(key)
    return f"Lightning {version}".rstrip(), (f"{key} is written in it" + (f": {version}" if version else ""),)


def _ultralytics(upper: _Upper) -> _Found:
    evidence = []
    if name := upper.refers_to("ultralytics."):
        evidence.append(f"refers to {escape(name[:80])}")
    elif name := upper.refers_to("models.yolo."):
        evidence.append(f"refers to {escape(name[:80])}, a class of YOLOv5 or YOLOv7")
    if upper.has("train_args", "ema") or upper.has("model", "ema", "updates", "best_fitness"):
        evidence.append("holds model, ema and " + ("train_args" if upper.has("train_args") else "best_fitness"))
    version = upper.value("version") if upper.value("version") != "None" else ""
    return (f"Ultralytics {version}".rstrip(), tuple(evidence)) if evidence else None


def _timm(upper: _Upper) -> _Found:
    if upper.has("arch", "state_dict") and (upper.has("version", "epoch") or upper.has("state_dict_ema")):
        return "timm", (f"holds arch ({upper.value('arch') or '?'}) and state_dict, as its CheckpointSaver writes",)
    return None


def _trainer(upper: _Upper) -> _Found:
    if name := upper.refers_to("transformers.training_args"):
        return "Hugging Face Trainer", (f"refers to {name}",)
    if upper.has("python", "numpy", "cpu") and len(upper.root) <= 6:
        return "Hugging Face Trainer", ("holds python, numpy and cpu generator states, as its rng_state.pth does",)
    return None


def _mlflow(upper: _Upper) -> _Found:
    if upper.path.endswith(("data/model.pth", "data/state_dict.pth")):
        cloud = upper.refers_to("cloudpickle.")
        return "MLflow", ("lies at data/model.pth",) + ((f"refers to {cloud}",) if cloud else ())
    return None


def _deepspeed(upper: _Upper) -> _Found:
    for key in ("ds_version", "ds_config"):
        if upper.has(key):
            return f"DeepSpeed {upper.value('ds_version')}".rstrip(), (f"holds {key}",)
    if "zero_stage" in upper.inside("optimizer_state_dict"):
        return "DeepSpeed", ("its optimizer_state_dict holds zero_stage",)
    return None


def _megatron(upper: _Upper) -> _Found:
    if upper.has("checkpoint_version", "iteration") or upper.has("opt_param_scheduler"):
        return "Megatron-LM", ("holds checkpoint_version and iteration",)
    return None


def _fairseq(upper: _Upper) -> _Found:
    if upper.has("extra_state", "optimizer_history") or upper.has("last_optimizer_state", "model"):
        return "fairseq", ("holds optimizer_history and extra_state",)
    return None


def _openmmlab(upper: _Upper) -> _Found:
    inner = upper.inside("meta")
    for key in ("mmengine_version", "mmcv_version"):
        if key in inner:
            version = escape(upper.layout.value(inner[key])[:20])
            return f"OpenMMLab ({key[:-8]} {version})", (f"its meta holds {key}",)
    return None


def _detectron(upper: _Upper) -> _Found:
    if upper.has("__author__", "model"):
        return "Detectron2", ("holds __author__ and model",)
    return None


def _basicsr(upper: _Upper) -> _Found:
    keys = set(upper.root)
    if "params_ema" in keys and keys <= {"params", "params_ema"}:
        return "BasicSR", ("holds params_ema",)
    return None


def _scripted(upper: _Upper) -> _Found:
    if upper.layout.checkpoint.format == "torchscript":
        return "TorchScript", ("the archive holds compiled code",)
    return None


def _module(upper: _Upper) -> _Found:
    layout = upper.layout
    if layout.kind[0] == Kind.OBJECT and layout.own.get(0, 0):
        return "plain torch", (f"a whole pickled {escape(layout.type_name(0)[:80])}",)
    return None


_TESTS: tuple[Callable[[_Upper], _Found], ...] = (
    _scripted, _lightning, _ultralytics, _timm, _trainer, _mlflow, _deepspeed, _megatron, _fairseq, _openmmlab,
    _detectron, _basicsr, _module,
)  # fmt: skip
"""In the order in which they are believed."""
