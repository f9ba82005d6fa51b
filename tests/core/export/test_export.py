"""Exports loaded back by NumPy, safetensors and torch, and compared bit for bit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from ckpt_gui.core.errors import Cancelled, ExportError, ReadError
from ckpt_gui.core.export.parts import Part, parts_of
from ckpt_gui.core.export.plan import plan
from ckpt_gui.core.export.write import export, format_of
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.table.index_line import parse
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import quiet
from tests.core.tensors.truth import bits, saved
from tests.formats.contract import REAL, Case, good_names, real_names

KINDS = ("torch-dtype", "torch-view", "torch-layout", "torch-class", "safetensors")


class StopAfter(Report):
    """Stops once so much was written."""

    def __init__(self, reports: int) -> None:
        self.left = reports

    def at(self, done: int, total: int, unit: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def tensors_of(case: Case) -> list[tuple[int, torch.Tensor]]:
    """The tensors of a file that torch loads too: our id, and torch's."""
    checkpoint = read(case.path).checkpoint
    numbers = {json.dumps(checkpoint.path_of(checkpoint.tensors.node[one])): one for one in range(checkpoint.rows)}
    return [
        (numbers[path], row["tensor"])
        for path, row in case.judged.items()
        if "tensor" in row and path in case.ours and path in numbers
    ]


def plain(tensor: torch.Tensor) -> bool:
    """Neither sparse nor ragged nor quantized nor of a type that has no plain array."""
    return (
        tensor.layout == torch.strided
        and not tensor.is_nested
        and not tensor.is_quantized
        and type(tensor) in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer)
        and tensor.dtype != torch.float4_e2m1fn_x2
        and not str(tensor.dtype).startswith("torch.bits")
    )


def check_npy(case: Case, folder: Path) -> None:
    """Every tensor through npy."""
    with Reading(read(case.path).checkpoint) as reading:
        for number, tensor in tensors_of(case):
            if reading.why_not(number) or not plain(tensor) or tensor.numel() > 300_000:
                continue
            export(reading, [Part(number, "t")], folder / "t.npy", overwrite=True)
            got = np.load(folder / "t.npy")
            with quiet():
                held = tensor.detach().resolve_conj().resolve_neg()
                if held.dtype == torch.complex32:
                    wanted = held.to(torch.complex64).numpy()
                elif held.dtype.itemsize <= 2 and held.is_floating_point() and held.dtype != torch.float16:
                    wanted = held.float().numpy()
                else:
                    wanted = held.numpy()
            assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", [name for name in good_names() if name.startswith(KINDS)])
def test_every_kind_of_tensor_as_npy_and_safetensors(name: str, tmp_path: Path) -> None:
    case = Case(name, CASES[name](tmp_path))
    check_npy(case, tmp_path)
    check_safetensors(case, tmp_path)


@pytest.mark.parametrize("name", real_names())
def test_every_real_file(name: str, tmp_path: Path) -> None:
    if not (REAL / name).exists():
        pytest.skip("no real checkpoints here")
    check_safetensors(Case(name, REAL / name), tmp_path)


def check_safetensors(case: Case, folder: Path) -> None:
    """All tensors of a file through one safetensors file; torch's element types are kept, bit for bit."""
    path = folder / "all.safetensors"
    found = [(number, tensor) for number, tensor in tensors_of(case) if plain(tensor)]
    kept = [(number, tensor) for number, tensor in found if tensor.dtype not in (torch.complex128, torch.complex32)]
    with Reading(read(case.path).checkpoint) as reading:
        parts = [Part(number, str(number)) for number, _ in kept if not reading.why_not(number)]
        if not parts:
            return
        export(reading, parts, path, overwrite=True)
    loaded = safetensors.torch.load_file(path)
    assert {int(name) for name in loaded} == {part.tensor for part in parts}
    for number, tensor in kept:
        if str(number) in loaded:
            got = loaded[str(number)]
            assert (got.dtype, got.shape) == (tensor.dtype, tensor.shape)
            np.testing.assert_array_equal(bits(got), bits(tensor))
    again = read(path).checkpoint
    assert not again.problems
    assert not again.notes


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """A small file with several kinds of tensors."""
    dense = torch.zeros(4, 5)
    dense[1, 2], dense[3, 0] = 2.5, -1.0
    with quiet():
        value = {
            "model": {
                "w": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4),
                "half": torch.tensor([0.1, float("nan"), -0.0, 3e38], dtype=torch.bfloat16),
                "sparse": dense.to_sparse(),
                "csr": dense.to_sparse_csr(),
                "quantized": torch.quantize_per_tensor(torch.randn(3, 4), 0.1, 2, torch.quint8),
            },
            "meta": torch.zeros(3, device="meta"),
            "wide": torch.tensor([1 + 2j], dtype=torch.complex128),
            "step": torch.tensor(2**53 + 1),
        }
    return saved(tmp_path / "source.pt", value)


def id_of(checkpoint: Checkpoint, *keys: str) -> int:
    node = checkpoint.find(keys)
    assert node is not None
    return checkpoint.nodes.tensor[node]


def test_a_selection_is_named_by_what_differs(checkpoint: Checkpoint) -> None:
    model = checkpoint.find(("model",))
    assert model is not None
    assert [part.name for part in parts_of(checkpoint, [model])] == ["w", "half", "sparse", "csr", "quantized"]
    names = [part.name for part in parts_of(checkpoint, [0])]
    assert names[:2] == ["model.w", "model.half"]
    assert names[-1] == "step"
    w = checkpoint.find(("model", "w"))
    assert w is not None
    assert parts_of(checkpoint, [w, model])[0].name == "w"
    assert len(parts_of(checkpoint, [w, model])) == 5


def test_npz_of_everything(checkpoint: Checkpoint, tmp_path: Path) -> None:
    held = torch.load(checkpoint.path, weights_only=False)
    with Reading(checkpoint) as reading:
        made = export(reading, parts_of(checkpoint, [0]), tmp_path / "all.npz")
    with np.load(tmp_path / "all.npz") as loaded:
        np.testing.assert_array_equal(loaded["model.w"], held["model"]["w"].numpy())
        np.testing.assert_array_equal(
            loaded["model.half"].view(np.uint32), held["model"]["half"].float().numpy().view(np.uint32)
        )
        np.testing.assert_array_equal(loaded["model.sparse.indices"], held["model"]["sparse"]._indices().numpy())
        np.testing.assert_array_equal(loaded["model.sparse.values"], held["model"]["sparse"]._values().numpy())
        np.testing.assert_array_equal(loaded["model.csr.crow_indices"], held["model"]["csr"].crow_indices().numpy())
        with quiet():
            np.testing.assert_array_equal(loaded["model.quantized"], held["model"]["quantized"].dequantize().numpy())
        assert loaded["wide"].dtype == np.complex128
        assert loaded["step"] == 2**53 + 1
        assert "meta" not in loaded.files
    said = " ".join(made.plan.notes)
    assert "NumPy has no bfloat16: written as float32, which holds each of its values exactly" in said
    assert "1 tensor without values left out (meta: it is on the meta device" in said
    assert "sparse_coo tensor of shape (4, 5) is written as its components: indices, values" in said
    assert made.nbytes == (tmp_path / "all.npz").stat().st_size


def test_quantized_raw(checkpoint: Checkpoint, tmp_path: Path) -> None:
    number = id_of(checkpoint, "model", "quantized")
    with Reading(checkpoint) as reading:
        for name, load in (("q.npy", np.load), ("q.safetensors", one_safetensor)):
            export(reading, [Part(number, "q", raw=True)], tmp_path / name)
            got = load(tmp_path / name)
            with quiet():
                wanted = torch.load(checkpoint.path, weights_only=False)["model"]["quantized"].int_repr().numpy()
            np.testing.assert_array_equal(got, wanted, strict=True)


def one_safetensor(path: Path) -> np.ndarray[Any, Any]:
    (only,) = safetensors.torch.load_file(path).values()
    return only.numpy()


def test_part_of_a_tensor(checkpoint: Checkpoint, tmp_path: Path) -> None:
    number = id_of(checkpoint, "model", "w")
    part = Part(number, "w", parse("1, ::-1, 1:3", (2, 3, 4)))
    wanted = np.arange(24, dtype=np.float32).reshape(2, 3, 4)[1, ::-1, 1:3]
    with Reading(checkpoint) as reading:
        for name, load in (("w.npy", np.load), ("w.safetensors", one_safetensor)):
            export(reading, [part], tmp_path / name)
            np.testing.assert_array_equal(load(tmp_path / name), wanted, strict=True)
        export(reading, [part], tmp_path / "w.csv")
        np.testing.assert_array_equal(np.loadtxt(tmp_path / "w.csv", delimiter=","), wanted)
        turned = Part(number, "w", parse("1, ::-1, 1:3", (2, 3, 4)), column_axis=1)
        export(reading, [turned], tmp_path / "turned.csv")
        np.testing.assert_array_equal(np.loadtxt(tmp_path / "turned.csv", delimiter=","), wanted.T)


def test_csv_reads_back_exactly(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with Reading(checkpoint) as reading:
        export(reading, [Part(id_of(checkpoint, "model", "half"), "h")], tmp_path / "h.csv")
        got = np.loadtxt(tmp_path / "h.csv", dtype=np.float32)
        wanted = torch.load(checkpoint.path, weights_only=False)["model"]["half"].float().numpy()
        np.testing.assert_array_equal(got.view(np.uint32), wanted.view(np.uint32))
        export(reading, [Part(id_of(checkpoint, "wide"), "c")], tmp_path / "c.csv")
        assert np.loadtxt(tmp_path / "c.csv", dtype=complex) == 1 + 2j
        made = export(reading, [Part(id_of(checkpoint, "model", "sparse"), "s")], tmp_path / "s.csv")
        assert (tmp_path / "s.csv").read_text() == "1,2,2.5\n3,0,-1.0\n"
        assert made.plan.notes == ("each line of the csv is a stored entry: its index, then its value",)
        made = export(reading, [Part(id_of(checkpoint, "model", "w"), "w")], tmp_path / "w.csv")
        np.testing.assert_array_equal(np.loadtxt(tmp_path / "w.csv", delimiter=","), np.arange(24).reshape(6, 4))
        assert made.plan.notes == ("lines of the csv count through dimensions 0, 1, the last of them fastest",)


def test_packed_numbers(tmp_path: Path) -> None:
    raw = torch.randint(0, 256, (3, 4), dtype=torch.uint8)
    with quiet():
        tensor = raw.view(torch.float4_e2m1fn_x2)
    checkpoint = saved(tmp_path / "f4.pt", {"w": tensor})
    with Reading(checkpoint) as reading:
        export(reading, [Part(0, "w")], tmp_path / "w.safetensors")
        again = read(tmp_path / "w.safetensors").checkpoint
        with Reading(again) as other:
            assert again.tensor(0).dtype == "float4_e2m1fn_x2"
            np.testing.assert_array_equal(other.patterns(0), reading.patterns(0), strict=True)
        odd = plan(reading, [Part(0, "w", parse(":, :7", (3, 8)))], "safetensors")
        assert odd.items[0].type == "F32"


@pytest.mark.parametrize(
    ("name", "keys", "sentence"),
    [
        ("x.npy", ("model", "sparse"), "npy holds one array, and these are 2; choose npz or safetensors"),
        ("x.safetensors", ("wide",), "safetensors has no complex128; npy and npz keep it"),
        ("x.npy", ("meta",), "meta device"),
        ("x.txt", ("step",), "the name must end in .npy, .npz, .csv, .safetensors"),
        ("source.pt", ("step",), "the name must end in"),
        ("nowhere/x.npy", ("step",), "there is no folder"),
    ],
)
def test_what_cannot_be_is_said(
    checkpoint: Checkpoint, tmp_path: Path, name: str, keys: tuple[str, ...], sentence: str
) -> None:
    before = sorted(tmp_path.iterdir())
    with Reading(checkpoint) as reading, pytest.raises(ExportError, match=sentence):
        export(reading, [Part(id_of(checkpoint, *keys), "x")], tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_overwritten_unasked(checkpoint: Checkpoint, tmp_path: Path) -> None:
    target = tmp_path / "x.npy"
    target.write_text("mine")
    part = Part(id_of(checkpoint, "step"), "x")
    with Reading(checkpoint) as reading:
        with pytest.raises(ExportError, match="exists already"):
            export(reading, [part], target)
        assert target.read_text() == "mine"
        export(reading, [part], target, overwrite=True)
    assert np.load(target) == 2**53 + 1


def test_the_checkpoint_itself_is_never_written(tmp_path: Path) -> None:
    source = tmp_path / "w.safetensors"
    safetensors.torch.save_file({"w": torch.ones(3)}, source)
    before = source.read_bytes()
    link = tmp_path / "other.safetensors"
    os.link(source, link)
    with Reading(read(source).checkpoint) as reading:
        for target in (source, link):
            with pytest.raises(ExportError, match="is the checkpoint itself"):
                export(reading, [Part(0, "w")], target, overwrite=True)
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.csv", "x.safetensors"])
@pytest.mark.parametrize("reports", [0, 1])
def test_cancel_leaves_nothing(checkpoint: Checkpoint, tmp_path: Path, name: str, reports: int) -> None:
    target = tmp_path / name
    target.write_text("mine")
    before = sorted(tmp_path.iterdir())
    part = Part(id_of(checkpoint, "model", "w"), "x")
    with Reading(checkpoint) as reading, pytest.raises(Cancelled):
        export(reading, [part], target, overwrite=True, report=StopAfter(reports))
    assert sorted(tmp_path.iterdir()) == before
    assert target.read_text() == "mine"


def test_a_source_that_changed_leaves_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    os.truncate(checkpoint.path, 500)
    with Reading(checkpoint) as reading, pytest.raises(ReadError):
        export(reading, [Part(id_of(checkpoint, "model", "w"), "x")], tmp_path / "x.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["source.pt"]


def test_more_than_the_disk_holds_is_refused_at_once(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "e.pt", torch.zeros(1).expand(1 << 40, 1 << 10))
    with Reading(checkpoint) as reading, pytest.raises(ExportError, match=r"this takes 4\.00 PiB"):
        export(reading, [Part(0, "x")], tmp_path / "x.npy")


def test_large_ones_are_written_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ckpt_gui.core.export import arrays

    tensor = torch.randn(60, 70).t()
    checkpoint = saved(tmp_path / "t.pt", {"a": tensor, "b": tensor.to(torch.float8_e5m2)})
    monkeypatch.setattr(arrays, "NBYTES", 64)
    monkeypatch.setattr(arrays, "NBYTES_TURNED", 100)
    with Reading(checkpoint) as reading:
        export(reading, parts_of(checkpoint, [0]), tmp_path / "t.safetensors")
    loaded = safetensors.torch.load_file(tmp_path / "t.safetensors")
    np.testing.assert_array_equal(loaded["a"].numpy(), tensor.numpy())
    np.testing.assert_array_equal(bits(loaded["b"]), bits(tensor.to(torch.float8_e5m2)))


def test_hostile_names_stay_inside(tmp_path: Path) -> None:
    names = ["../../etc/x", "/abs", "..", "", "a\x00b", "__metadata__", "ü 漢", "\ud800"]
    with quiet():
        checkpoint = saved(tmp_path / "n.pt", {name: torch.ones(1) for name in names})
    with Reading(checkpoint) as reading:
        parts = parts_of(checkpoint, [0])
        export(reading, parts, tmp_path / "n.npz")
        export(reading, parts, tmp_path / "n.safetensors")
    with np.load(tmp_path / "n.npz") as loaded:
        assert len(loaded.files) == len(names)
        for name in loaded.files:
            assert not name.startswith("/")
            assert ".." not in name.split("/")
    assert len(safetensors.torch.load_file(tmp_path / "n.safetensors")) == len(names)


def test_empty_and_scalar(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "e.pt", {"e": torch.zeros(0, 3), "s": torch.tensor(1.5)})
    with Reading(checkpoint) as reading:
        for name in ("all.npz", "all.safetensors"):
            export(reading, parts_of(checkpoint, [0]), tmp_path / name)
        export(reading, [Part(0, "e")], tmp_path / "e.csv")
        export(reading, [Part(1, "s")], tmp_path / "s.csv")
    with np.load(tmp_path / "all.npz") as loaded:
        assert loaded["e"].shape == (0, 3)
        assert loaded["s"] == 1.5
    assert safetensors.torch.load_file(tmp_path / "all.safetensors")["e"].shape == (0, 3)
    assert ((tmp_path / "e.csv").read_text(), (tmp_path / "s.csv").read_text()) == ("", "1.5\n")


@pytest.mark.parametrize(("name", "found"), [("a.NPY", "npy"), ("a.b.safetensors", "safetensors"), ("x.csv", "csv")])
def test_the_name_says_the_format(name: str, found: str) -> None:
    assert format_of(name) == found
