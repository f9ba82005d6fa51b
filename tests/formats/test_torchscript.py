"""TorchScript: names, shapes and sharing as torch.jit.load gives them; the rest under its attribute path."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from ckpt_gui.core.errors import OpenError
from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.formats.script_code import read_classes
from ckpt_gui.core.model import Checkpoint
from tests.formats import rows

jit: Any = torch.jit
"""Mostly untyped, and deprecated; as an oracle it stays."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)
        self.steps: torch.Tensor
        self.scratch: torch.Tensor
        self.register_buffer("steps", torch.zeros(3, dtype=torch.int64))
        self.register_buffer("scratch", torch.ones(2), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.linear(x)
        return y + self.scratch.sum() + self.steps.sum()


class Net(nn.Module):
    """Tied weights, numbered and named submodules, plain tensors and lists of them, a view, names that need quotes."""

    def __init__(self) -> None:
        super().__init__()
        self.a = Inner()
        self.b = Inner()
        self.b.linear.weight = self.a.linear.weight
        self.sequence = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.pair = [torch.ones(2), torch.zeros(3)]
        self.plain = torch.ones(7)
        self.table = {"x": torch.ones(1, dtype=torch.float16)}
        self.view = nn.Parameter(torch.arange(6.0).view(2, 3).t())
        self.nothing = nn.Parameter(torch.empty(0, 3))
        self.ints = [1, 2, 3]
        self.scale = 2.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.sequence(self.a(x) + self.b(x)) * self.scale + self.plain.sum() + self.pair[0].sum()
        return y + self.table["x"] + self.view.sum() + self.nothing.sum() + self.ints[0] + torch.tensor([1.0, 2, 3, 4])


def script(module: nn.Module, path: Path, **extra: Any) -> Path:
    jit.save(jit.script(module), str(path), **extra)
    return path


def assert_as_torch(path: Path) -> Checkpoint:
    """Names in order, rows and sharing agree with torch.jit.load."""
    checkpoint = open_checkpoint(path)
    state = jit.load(str(path), map_location="cpu").state_dict(keep_vars=True)
    found = rows.state_dict_rows(checkpoint)
    assert list(found) == list(state)
    assert found == rows.torch_rows(state)
    filled = {name for name, tensor in state.items() if tensor.numel()}
    infos = rows.ours(checkpoint)
    assert rows.sharing({name: infos[name,].storage for name in filled}) == rows.sharing(
        {name: state[name].untyped_storage().data_ptr() for name in filled}
    )
    return checkpoint


def test_scripted_module_has_the_names_of_its_state_dict(tmp_path: Path) -> None:
    path = script(Net(), tmp_path / "net.pt")
    checkpoint = assert_as_torch(path)
    assert checkpoint.format == "torchscript"
    assert checkpoint.notes == ()
    assert rows.others(checkpoint) == [("pair", 0), ("pair", 1), ("plain",), ("table", "x")]
    assert rows.values(checkpoint, path, ("plain",)) == torch.ones(7).numpy().tobytes()


def test_small_values_stand_under_their_attribute(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(script(Net(), tmp_path / "net.pt"))
    node = checkpoint.find(("ints", 2))
    assert node is not None
    assert checkpoint.node(node).text == "3"
    assert checkpoint.find(("a.scratch",)) is not None
    assert checkpoint.facts["mobile"] is False


def test_traced_module(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    path = tmp_path / "traced.pt"
    jit.save(jit.trace(module, torch.ones(1, 1, 5, 5)), str(path))
    checkpoint = assert_as_torch(path)
    assert checkpoint.notes == ()
    assert rows.others(checkpoint) == []  # the example inputs are there, but without their data


def test_frozen_module_keeps_its_weights_as_constants(tmp_path: Path) -> None:
    path = tmp_path / "frozen.pt"
    frozen = jit.freeze(jit.script(nn.Sequential(nn.Linear(2, 3), nn.Tanh()).eval()))
    jit.save(frozen, str(path))
    checkpoint = assert_as_torch(path)
    found = {path: info.shape for path, info in rows.ours(checkpoint).items()}
    assert found == {("constants", 0): (3, 2), ("constants", 1): (3,)}


def test_mobile_archive(tmp_path: Path) -> None:
    path = tmp_path / "net.ptl"
    jit.script(Net())._save_for_lite_interpreter(str(path))
    checkpoint = assert_as_torch(path)
    assert checkpoint.facts["mobile"] is True
    assert checkpoint.notes == ()
    program = checkpoint.find(("bytecode",))
    assert program is not None
    assert "1 method" in checkpoint.node(program).text


def test_packed_parameters_are_objects_with_their_tensors(tmp_path: Path) -> None:
    quantize: Any = torch.ao.quantization.quantize_dynamic
    module = quantize(nn.Sequential(nn.Linear(4, 3)), {nn.Linear})
    checkpoint = assert_as_torch(script(module, tmp_path / "packed.pt"))
    found = {path: (info.dtype, info.shape) for path, info in rows.ours(checkpoint).items()}
    packed = ("0", "_packed_params", "_packed_params")
    assert found[(*packed, "state", 0)] == ("qint8", (3, 4))
    assert found[(*packed, "state", 1)] == ("float32", (3,))
    node = checkpoint.find(packed)
    assert node is not None
    assert checkpoint.node(node).type_name == "__torch__.torch.classes.quantized.LinearPackedParamsBase"


def test_code_and_extra_files_are_texts(tmp_path: Path) -> None:
    path = script(Net(), tmp_path / "net.pt", _extra_files={"notes/hello.txt": "hi", "blob.bin": b"\0\1"})
    checkpoint = open_checkpoint(path)
    node = checkpoint.find(("code", "__torch__/tests/formats/test_torchscript.py"))
    # Its file is another one where the class was scripted before in this process ("___torch_mangle_3").
    assert node is None or "class Net(Module)" in checkpoint.long_texts[node]
    assert sum("class Net(Module)" in text for text in checkpoint.long_texts.values()) == 1
    hello, blob = checkpoint.find(("extra", "notes/hello.txt")), checkpoint.find(("extra", "blob.bin"))
    assert hello is not None
    assert checkpoint.long_texts[hello] == "hi"
    assert blob is not None
    assert checkpoint.node(blob).text == "2 B, not shown"


def test_an_attribute_called_code_keeps_its_name(tmp_path: Path) -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.code = nn.Parameter(torch.ones(2))

        def forward(self) -> torch.Tensor:
            return self.code

    checkpoint = assert_as_torch(script(Named(), tmp_path / "named.pt"))
    assert list(rows.state_dict_rows(checkpoint)) == ["code"]
    assert checkpoint.find(("code of the archive", "__torch__/tests/formats/test_torchscript.py")) is not None


def rewritten(path: Path, change: dict[str, Any]) -> Path:
    """The archive with some records changed (a function of their bytes) or left out (None)."""
    out = path.with_name("rewritten.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            for pattern, edit in change.items():
                if re.search(pattern, name):
                    if edit is not None:
                        new.writestr(name, edit(old.read(name)))
                    break
            else:
                new.writestr(name, old.read(name))
    return out


def test_code_without_buffer_lists_counts_every_tensor_attribute(tmp_path: Path) -> None:
    path = script(nn.BatchNorm1d(2), tmp_path / "old.pt")
    old = rewritten(path, {r"\.py$": lambda code: re.sub(rb"  __buffers__ = .*\n", b"", code)})
    found = rows.state_dict_rows(open_checkpoint(old))
    assert list(found) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def test_without_its_code_every_tensor_attribute_counts(tmp_path: Path) -> None:
    path = script(nn.Sequential(nn.Linear(2, 2)), tmp_path / "bare.pt")
    found = rows.state_dict_rows(open_checkpoint(rewritten(path, {"/code/": None})))
    assert set(found) == {"0.weight", "0.bias"}


def test_a_missing_record_is_its_tensors_problem(tmp_path: Path) -> None:
    path = script(nn.Linear(2, 2), tmp_path / "hole.pt")
    checkpoint = open_checkpoint(rewritten(path, {"/data/0$": None}))
    assert [info.problem for info in rows.ours(checkpoint).values()] == ["its record data/0 is missing", None]


def test_without_its_pickles_a_sentence_says_so(tmp_path: Path) -> None:
    path = script(nn.Linear(2, 2), tmp_path / "gone.pt")
    with pytest.raises(OpenError, match="neither data"):
        open_checkpoint(rewritten(path, {r"/(data|constants)\.pkl$": lambda data: b"\x80\x02"}))


@pytest.mark.parametrize("name", ["silero_vad.jit", "vit4mnist.ptl"])
def test_real_archives(real: Path, name: str) -> None:
    checkpoint = assert_as_torch(real / name)
    assert checkpoint.notes == ()
    constants = [path for path in rows.others(checkpoint) if path[0] == "constants"]
    assert len(constants) == {"silero_vad.jit": 1, "vit4mnist.ptl": 79}[name]


def test_class_lists_are_read_as_text() -> None:
    code = (
        'class A(Module):\n  __parameters__ = ["w", "quo\\"te", ]\n  __buffers__ = []\n  w : Tensor\n'
        "class B:\n  t : Tensor\nclass C(Module):\n  __parameters__ = []\n"
    )
    found = read_classes(code)
    assert found["A"] == (True, ("w", 'quo"te'), ())
    assert found["B"].module is False
    assert found["C"] == (True, (), None)


@pytest.fixture(scope="module")
def sample() -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        jit.save(jit.script(nn.Sequential(nn.Linear(2, 2))), buffer)
    return buffer.getvalue()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_flipped_bytes_give_a_tree_or_a_sentence(tmp_path: Path, sample: bytes, flips: list[tuple[float, int]]) -> None:
    rows.opens_or_says_why(tmp_path / "flipped.pt", rows.flipped(sample, flips))


def test_every_cut_gives_a_tree_or_a_sentence(tmp_path: Path, sample: bytes) -> None:
    for cut in rows.cuts(sample, 97):
        rows.opens_or_says_why(tmp_path / "cut.pt", cut)
