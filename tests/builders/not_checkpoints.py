"""Files that people take for checkpoints: a reader names what they are and shows no tree."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
import struct
import zipfile
from pathlib import Path

import numpy as np

from tests.builders.registry import CASES, add, case

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d7a" * 16 + "\nsize 438012345\n"
HTML = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Access to model is restricted</body></html>"


def _wire(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


ONNX = b"\x08\x08" + _wire(2, b"pytorch") + _wire(3, b"2.1.0") + _wire(7, _wire(2, b"main_graph"))
GGUF = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 4) + b"name" + struct.pack("<IQ", 8, 1) + b"x"

FILES: dict[str, tuple[str, bytes]] = {
    "lfs_pointer": ("model.safetensors", LFS.encode()),
    "html": ("model.pt", HTML.encode()),
    "html_lower": ("model.bin", b"\n  <html><body>404</body></html>"),
    "xml": ("model.pt", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
    "json": ("model.pt", json.dumps({"error": "Repository not found"}).encode()),
    "config_json": ("config.json", json.dumps({"model_type": "llama", "hidden_size": 4}).encode()),
    "text": ("model.pth", b"Entry not found"),
    "seven_zip": ("model.pt", b"7z\xbc\xaf\x27\x1c" + b"\0\4" + bytes(56)),
    "rar": ("model.pt", b"Rar!\x1a\x07\x01\x00" + bytes(40)),
    "hdf5": ("weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(120)),
    "onnx": ("model.onnx", ONNX + bytes(64)),
    "gguf": ("model.gguf", GGUF),
    "gzip": ("model.pt.gz", gzip.compress(b"data" * 50, mtime=0)),
    "bzip2": ("model.pt", bz2.compress(b"data" * 50)),
    "xz": ("model.pt", lzma.compress(b"data" * 50)),
    "zstd": ("model.pt", b"\x28\xb5\x2f\xfd\x04\x58" + bytes(30)),
    "torch_preview": ("model.pt", b"PYTORCH1" + bytes(120)),
    "mobile_flatbuffer": ("model.ptl", b"\x18\0\0\0PTMF" + bytes(120)),
    "png": ("model.pt", b"\x89PNG\r\n\x1a\n" + bytes(60)),
    "elf": ("model.so", b"\x7fELF\2\1\1" + bytes(60)),
    "empty": ("model.pt", b""),
    "one_byte": ("model.pt", b"\x80"),
    "zeros": ("model.pt", bytes(4096)),
    "random_bytes": ("model.pt", b"\xf3" + random.Random(0).randbytes(5000)),
}


def _build_file(name: str, file_name: str, data: bytes) -> None:
    def build(folder: Path) -> Path:
        path = folder / file_name
        path.write_bytes(data)
        return path

    add(CASES, f"not-checkpoint/{name}", build)


for _name, (_file_name, _data) in FILES.items():
    _build_file(_name, _file_name, _data)


@case("not-checkpoint")
def build_npy(folder: Path) -> Path:
    """A NumPy array."""
    np.save(folder / "x.npy", np.arange(6))
    return folder / "x.npy"


@case("not-checkpoint")
def build_npz(folder: Path) -> Path:
    """A zip of NumPy arrays."""
    np.savez(folder / "x.npz", a=np.arange(6), b=np.ones(2))
    return folder / "x.npz"


@case("not-checkpoint")
def build_other_zip(folder: Path) -> Path:
    """A zip that has nothing to do with torch."""
    with zipfile.ZipFile(folder / "model.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr("images/a.png", b"\x89PNG")
    return folder / "model.zip"


@case("not-checkpoint")
def build_empty_zip(folder: Path) -> Path:
    """A zip without members."""
    with zipfile.ZipFile(folder / "empty.pt", "w"):
        pass
    return folder / "empty.pt"


@case("not-checkpoint")
def build_empty_folder(folder: Path) -> Path:
    """A folder without anything in it."""
    return folder


@case("not-checkpoint")
def build_plain_folder(folder: Path) -> Path:
    """A folder with text files only."""
    (folder / "README.md").write_text("# notes")
    return folder


@case("not-checkpoint")
def build_missing(folder: Path) -> Path:
    """A path where nothing is."""
    return folder / "missing.pt"
