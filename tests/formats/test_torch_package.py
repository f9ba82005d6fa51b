"""torch.package: every pickle as PackageImporter loads it, sources and resources as text."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.package.package_exporter import PackageExporter
from torch.package.package_importer import PackageImporter

from ckpt_gui.core.formats import open_checkpoint
from tests.formats import rows

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def package(path: Path, fill: Callable[[PackageExporter], object]) -> Path:
    gate = "torch.package.package_exporter._gate_torchscript_serialization"
    with patch(gate, False), PackageExporter(str(path)) as exporter:
        exporter.extern(["torch.**", "collections"])
        fill(exporter)
    return path


def fill_all(exporter: PackageExporter) -> None:
    shared = torch.arange(6.0).view(2, 3)
    exporter.save_pickle("model", "weights.pkl", {"w": shared, "t": shared.t(), "bits": shared.view(torch.int32)})
    exporter.save_pickle("model", "more.pkl", {"row": shared[1], "n": [1, "x"]})
    exporter.save_pickle("net", "net.pkl", nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)))
    exporter.save_text("model", "notes.txt", "hello")
    exporter.save_binary("assets", "blob.bin", b"\0\1")
    exporter.save_source_string("mine.layers", "WIDTH = 4\n")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("package") / "all.pt", fill_all)


@pytest.mark.parametrize("resource", ["weights.pkl", "more.pkl"])
def test_pickles_are_as_the_importer_loads_them(archive: Path, resource: str) -> None:
    loaded: dict[str, Any] = PackageImporter(str(archive)).load_pickle("model", resource)
    wanted = rows.torch_rows({name: value for name, value in loaded.items() if isinstance(value, torch.Tensor)})
    found = rows.ours(open_checkpoint(archive))
    key = f"model/{resource}"
    assert {str(path[1]): rows.row_of(info) for path, info in found.items() if path[0] == key} == wanted
    assert all(info.problem is None for info in found.values())


def test_a_storage_is_shared_across_pickles(archive: Path) -> None:
    found = rows.ours(open_checkpoint(archive))
    mine = {info.storage for path, info in found.items() if path[0] in ("model/weights.pkl", "model/more.pkl")}
    assert len(mine) == 1


def test_a_module_stands_under_its_state_dict_names(archive: Path) -> None:
    state = PackageImporter(str(archive)).load_pickle("net", "net.pkl").state_dict(keep_vars=True)
    found = rows.ours(open_checkpoint(archive))
    named = {str(path[1]): rows.row_of(info) for path, info in found.items() if path[0] == "net/net.pkl"}
    assert named == rows.torch_rows(state)


def test_sources_and_resources_are_texts(archive: Path) -> None:
    checkpoint = open_checkpoint(archive)
    assert checkpoint.format == "torch-package"
    assert checkpoint.notes == ()
    source, notes, blob = (
        checkpoint.find(("code", "mine/layers.py")), checkpoint.find(("model/notes.txt",)),
        checkpoint.find(("assets/blob.bin",)),
    )  # fmt: skip
    assert source is not None
    assert checkpoint.long_texts[source] == "WIDTH = 4\n"
    assert notes is not None
    assert checkpoint.node(notes).text == "hello"
    assert blob is not None
    assert checkpoint.node(blob).text == "2 B, not shown"


def test_torchscript_inside(tmp_path: Path) -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 2)))
    path = package(tmp_path / "script.pt", lambda exporter: exporter.save_pickle("net", "net.pkl", {"m": scripted}))
    checkpoint = open_checkpoint(path)
    found = {path: info.shape for path, info in rows.ours(checkpoint).items()}
    assert found == {("net/net.pkl", "m", "0.weight"): (2, 3), ("net/net.pkl", "m", "0.bias"): (2,)}
    code = [text for text in checkpoint.long_texts.values() if "class Linear(Module)" in text]
    assert len(code) == 1  # its file's name depends on what else was scripted before ("___torch_mangle_3")


def test_records_on_top_of_each_other_are_not_read_again_and_again(tmp_path: Path, archive: Path) -> None:
    """Hundreds of names for one pickle: a directory can claim that."""
    path = tmp_path / "many.pt"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("a/.data/extern_modules", "")
        out.writestr("a/p/big.pkl", b"\x80\x03B\x40\x0d\x03\x00" + bytes(200_000) + b".")
        info = out.filelist[-1]
        for number in range(300):
            twin = zipfile.ZipInfo(f"a/p/{number}.pkl", info.date_time)
            for name in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(twin, name, getattr(info, name))
            out.filelist.append(twin)
    checkpoint = open_checkpoint(path)
    assert any("take more bytes than the file has" in note for note in checkpoint.notes)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_a_tree_or_a_sentence(tmp_path: Path, archive: Path, flips: list[tuple[float, int]]) -> None:
    rows.opens_or_says_why(tmp_path / "flipped.pt", rows.flipped(archive.read_bytes(), flips))


def test_cuts_give_a_tree_or_a_sentence(tmp_path: Path, archive: Path) -> None:
    for cut in rows.cuts(archive.read_bytes(), 197):
        rows.opens_or_says_why(tmp_path / "cut.pt", cut)
