"""Small checkpoints made by hand, from inert values; no file is read."""

from __future__ import annotations

from typing import Any

from ckpt_gui.core.model import Checkpoint, Source
from ckpt_gui.core.nodes.build import Found, build
from ckpt_gui.core.pickles.values import Mapping, Object, Storage, Tensor

WIDTH = {"float32": 4, "bfloat16": 2, "int64": 8}


class Maker:
    """Makes tensors that each have a storage of their own, unless told otherwise."""

    def __init__(self) -> None:
        self.made = 0
        self.nbytes = 0

    def storage(self, numel: int, dtype: str = "float32", device: str | None = "cpu") -> Storage:
        storage = Storage(dtype, str(self.made), device, numel)
        storage.nbytes = numel * WIDTH[dtype]
        storage.offset = self.nbytes
        self.made += 1
        self.nbytes += storage.nbytes
        return storage

    def tensor(self, *shape: int, dtype: str = "float32", device: str | None = "cpu") -> Tensor:
        numel = 1
        for size in shape:
            numel *= size
        return self.view(self.storage(numel, dtype, device), 0, *shape)

    def view(self, storage: Storage, offset: int, *shape: int) -> Tensor:
        stride: list[int] = []
        step = 1
        for size in reversed(shape):
            stride.insert(0, step)
            step *= max(size, 1)
        return Tensor(storage, offset, shape, tuple(stride), storage.dtype)


def mapping(items: dict[Any, Any] | list[tuple[Any, Any]], type_name: str = "dict") -> Mapping:
    """A Mapping of these pairs; plain dicts inside become mappings too."""
    made = Mapping(type_name)
    pairs = items.items() if isinstance(items, dict) else items
    made.items = [(key, mapping(value) if isinstance(value, dict) else value) for key, value in pairs]
    return made


def checkpoint(root: Any, nbytes: int = 1000, path: str = "sample.pt") -> Checkpoint:
    """The Checkpoint of that value; plain dicts become mappings."""
    value = mapping(root) if isinstance(root, dict) else root
    return build(path, Found("torch-zip", value, [Source(path, nbytes, 0, 0)]))


def gpt(layers: int = 12) -> Checkpoint:
    """A training checkpoint in small: tied weights, optimizer state, values, an object, a broken tensor."""
    maker = Maker()

    def cuda(*shape: int, dtype: str = "float32") -> Tensor:
        return maker.tensor(*shape, dtype=dtype, device="cuda:0")

    wte = cuda(50, 8)
    model: list[tuple[str, Tensor]] = [("transformer.wte.weight", wte), ("transformer.wpe.weight", cuda(16, 8))]
    for layer in range(layers):
        for name, shape in (("attn.c_attn", (8, 24)), ("attn.c_proj", (8, 8)), ("mlp.c_fc", (8, 32))):
            model.append((f"transformer.h.{layer}.{name}.weight", cuda(*shape)))
            model.append((f"transformer.h.{layer}.{name}.bias", cuda(shape[1])))
    model.append(("lm_head.weight", maker.view(_storage(wte), 0, 50, 8)))
    broken = maker.view(maker.storage(4), 2, 8)
    state = {place: {"step": maker.tensor(), "exp_avg": cuda(8, 24), "exp_avg_sq": cuda(8, 24)} for place in range(8)}
    config = Object("config", ())
    config.state = mapping({"lr": 0.1, "name": "small"})
    root = {
        "epoch": 19,
        "version": "2.4.0",
        "state_dict": mapping(list(model), "OrderedDict"),
        "optimizer": {"state": state, "param_groups": [mapping({"lr": 3e-4, "betas": (0.9, 0.95)})]},
        "broken": broken,
        "half": maker.tensor(4, 4, dtype="bfloat16"),
        "callbacks": {},
        "config": config,
    }
    return checkpoint(root, nbytes=maker.nbytes + 1000, path="/data/gpt small.pt")


def _storage(tensor: Tensor) -> Storage:
    assert tensor.storage is not None
    return tensor.storage
