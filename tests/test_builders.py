"""The builders and the oracle themselves: all run, are small and quick, and torch reads what it should."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from safetensors import safe_open

from tests.builders import CASES, EXPECTED, HOSTILE, OUTCOMES, TORCH_REFUSES, groups
from tests.builders.registry import some
from tests.oracle import fake_byte_offsets, torch_rows, weights_only_accepts

READABLE = [name for name in CASES if name not in TORCH_REFUSES and not name.startswith("not-checkpoint/")]
ZIPS = [name for name in READABLE if name.startswith(("torch-zip/", "torch-dtype/", "torch-view/", "framework/"))]
WITHOUT_TENSORS = {
    "torch-zip/empty_dict", "torch-legacy/no_storages", "torch-tar/empty", "torch-object/numpy",
    "safetensors/no_tensors", "torchscript/frozen", "torchscript/mobile_frozen", "torchscript/quantized",
    "torchscript/function",
}  # fmt: skip
NO_FAKE_LOAD = {"torch-zip/big_endian", "torch-zip/tag_npu_3"}
"""torch's fake load cannot swap bytes, and knows only its own devices."""
KEYED_BY_OBJECTS = {"module/optimizer_object"}
REAL = Path(__file__).parents[2] / "shared" / "real"
REAL_FILES = (
    "lpips_v00_alex.pth", "attacut_sc.pth", "m6anet_hct116.pt", "burn_mnist_mps.pt", "candle_fortran_3d.pth",
    "pesto_mir-1k_g7.ckpt", "chemprop_v1_regression.pt", "chemprop_v2_regression.ckpt",
    "chemprop_v2_trained_on_cuda.pt", "silero_vad.jit", "vit4mnist.ptl", "silero_vad_16k.safetensors",
)  # fmt: skip
LIMIT = 10 * 2**20 + 2**16


def size_of(folder: Path) -> int:
    """Bytes on disk beneath a folder."""
    return sum(p.lstat().st_blocks * 512 for p in folder.rglob("*"))


@pytest.mark.parametrize("name", some(CASES, 3))
def test_every_builder_runs(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    assert path.exists() or name == "not-checkpoint/missing"
    assert size_of(tmp_path) <= LIMIT


@pytest.mark.parametrize("name", some(READABLE, 3))
def test_torch_reads_it(name: str, tmp_path: Path) -> None:
    rows = torch_rows(CASES[name](tmp_path))
    assert bool(rows) != (name in WITHOUT_TENSORS or (name.startswith("pickle/") and not rows))
    assert len({str(row["path"]) for row in rows}) == len(rows) or name in KEYED_BY_OBJECTS


@pytest.mark.parametrize("name", REAL_FILES)
def test_torch_reads_real_files(name: str) -> None:
    if not (REAL / name).exists():
        pytest.skip("the folder of real checkpoints is not here")
    rows = torch_rows(REAL / name)
    assert bool(rows) != (name == "vit4mnist.ptl")


@pytest.mark.parametrize("name", ZIPS)
def test_two_ways_to_a_byte_offset_agree(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    if path.is_dir() or name in NO_FAKE_LOAD or not weights_only_accepts(path):
        pytest.skip("torch's weights_only refuses it, so there is no fake load")
    fake = fake_byte_offsets(path)
    for row in torch_rows(path):
        if "byte_offset" in row and row["device"] != "meta":
            assert fake[tuple(row["path"])] == row["byte_offset"], row["path"]


@pytest.mark.parametrize("name", ["torch-legacy/plain", "torch-legacy/views", "torch-zip/plain", "safetensors/plain"])
def test_the_bytes_at_the_offset_are_the_values(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    data, rows = path.read_bytes(), torch_rows(path)
    assert any(row.get("byte_offset") for row in rows)
    for row in rows:
        if row.get("byte_offset") and row["dtype"] == "float32":
            (value,) = struct.unpack_from("<f", data, row["byte_offset"])
            assert value == 0 or 1e-6 < abs(value) < 10, row["path"]


@pytest.mark.parametrize("name", groups(CASES)["safetensors"])
def test_safetensors_reads_it(name: str, tmp_path: Path) -> None:
    path = CASES[f"safetensors/{name}"](tmp_path)
    with safe_open(path, "pt") as file:
        assert len(list(file.keys())) >= (0 if name == "no_tensors" else 1)


def test_every_hostile_case_says_what_is_expected() -> None:
    assert set(EXPECTED) == set(HOSTILE)
    assert set(EXPECTED.values()) <= set(OUTCOMES)
    assert all(builder.__doc__ for builder in HOSTILE.values())


@pytest.mark.parametrize("name", some(HOSTILE, 3))
def test_every_hostile_builder_runs(name: str, tmp_path: Path) -> None:
    HOSTILE[name](tmp_path)
    assert size_of(tmp_path) <= LIMIT
