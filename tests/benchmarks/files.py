"""The files that are measured: made by torch, with holes where nobody looks at the values."""

from __future__ import annotations

import json
import math
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file


def many_small(path: Path, layers: int) -> Path:
    """``layers`` × 256 × 3 tensors of 4 × 4: 60 layers make the 46,080 of the issue."""
    state = {
        f"layers.{layer}.experts.{expert}.w{part}": torch.zeros(4, 4)
        for layer in range(layers)
        for expert in range(256)
        for part in range(3)
    }
    torch.save({"state_dict": state, "epoch": 3}, path)
    return path


def training(path: Path, width: int) -> Path:
    """A training checkpoint with Adam state whose tensors are ``width`` × ``width``; values are holes in the file."""
    names = [f"transformer.h.{layer}.{part}.weight" for layer in range(12) for part in ("attn", "proj", "up", "down")]
    state = {name: torch.empty(width, width) for name in names}
    moments = {
        number: {
            "step": torch.tensor(1.0),
            "exp_avg": torch.empty(width, width),
            "exp_avg_sq": torch.empty(width, width),
        }
        for number in range(len(names))
    }
    groups = [{"lr": 1e-3, "betas": (0.9, 0.95), "params": list(range(len(names)))}]
    content: dict[str, Any] = {
        "model_state_dict": state, "optimizer": {"state": moments, "param_groups": groups}, "epoch": 7, "loss": 1.25,
    }  # fmt: skip
    with torch.serialization.skip_data():
        torch.save(content, path)
    return path


def trained(path: Path, width: int) -> Path:
    """``training`` with values (and their CRC-32) in the model's weights; only the moments stay holes."""
    training(path, width)
    noise = (torch.randn(width * width, generator=torch.Generator().manual_seed(0)) * 0.02).numpy().tobytes()
    crc = zlib.crc32(noise)
    with zipfile.ZipFile(path) as archive:
        directory, records = archive.start_dir, archive.infolist()
    # torch numbers storages in the order it meets them: the model's come first.
    names = {f"data/{number}" for number in range(48)}
    with path.open("r+b") as file:
        for record in records:
            file.seek(directory)
            head = file.read(46)
            if record.filename.partition("/")[2] in names:
                file.seek(directory + 16)
                file.write(struct.pack("<I", crc))
                file.seek(record.header_offset + 26)
                file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
                file.write(noise)
                file.seek(4, os.SEEK_CUR)  # the descriptor's signature
                file.write(struct.pack("<I", crc))
            directory += 46 + sum(struct.unpack("<HHH", head[28:34]))
    return path


def weights(path: Path, million: int, dtype: torch.dtype) -> Path:
    """About so many million parameters of a transformer, normally distributed, a bit wider from layer to layer."""
    width = 4096 if million > 100 else 1024
    noise = torch.randn(width, 4 * width, generator=torch.Generator().manual_seed(0))
    layers = max(1, million * 1_000_000 // (12 * width * width))
    state = {}
    for layer in range(layers if million > 1 else 1):
        shapes = {"attn.qkv": (3 * width, width), "attn.proj": (width, width),
                  "mlp.up": (4 * width, width), "mlp.down": (width, 4 * width)}  # fmt: skip
        for part, shape in shapes.items() if million > 1 else [("mlp.up", (4 * width, width))]:
            values = noise.reshape(-1)[: shape[0] * shape[1]].reshape(shape) * (0.02 * (1 + layer / 100))
            state[f"h.{layer}.{part}.weight"] = values.to(dtype)
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def changed(path: Path, million: int, dtype: torch.dtype) -> Path:
    """The same network a step later: every third tensor has moved a little."""
    weights(path, million, dtype)
    state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    for number, (name, values) in enumerate(state.items()):
        if number % 3 == 1:
            state[name] = (values.float() * 1.001).to(dtype)
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path


def many_renamed(path: Path, layers: int) -> Path:
    """``many_small`` with a prefix on every second name."""
    many_small(path, layers)
    content = torch.load(path, weights_only=True)
    named = enumerate(content["state_dict"].items())
    content["state_dict"] = {f"module.{name}" if number % 2 else name: value for number, (name, value) in named}
    torch.save(content, path)
    return path


def one_large(path: Path, megabytes: int) -> Path:
    """A float32 matrix of so many MB, ``large``, and 200 tensors of 1,000 elements, ``small.0`` …; as safetensors."""
    rows = megabytes * 1_000_000 // (4 * 10_000)
    sizes = {"large": [rows, 10_000], **{f"small.{number}": [1000] for number in range(200)}}
    header, at = {}, 0
    for name, shape in sizes.items():
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at := at + 4 * math.prod(shape)]}
    noise = (torch.randn(2_500_000, generator=torch.Generator().manual_seed(0)) * 0.02).numpy().tobytes()
    with path.open("wb") as file:
        head = json.dumps(header).encode()
        file.write(struct.pack("<Q", len(head)) + head)
        while at:
            at -= file.write(noise[:at])
    return path


MAKERS: dict[str, Callable[[Path, int], Path]] = {
    "one_large": one_large,
    "many_small": many_small,
    "training": training,
    "trained": trained,
    "weights_float32": partial(weights, dtype=torch.float32),
    "weights_bfloat16": partial(weights, dtype=torch.bfloat16),
    "changed_float32": partial(changed, dtype=torch.float32),
    "changed_bfloat16": partial(changed, dtype=torch.bfloat16),
    "many_renamed": many_renamed,
    "safetensors_bfloat16": partial(weights, dtype=torch.bfloat16),
}

if __name__ == "__main__":
    maker, place, size = sys.argv[1:]
    MAKERS[maker](Path(place), int(size))
