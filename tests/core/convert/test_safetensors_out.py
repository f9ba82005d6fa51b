"""safetensors files of ours, beside those of the reference library and opened by it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ckpt_gui.core.convert.nouns import Plan
from ckpt_gui.core.convert.safetensors_out import TAGS, entries, files, header
from ckpt_gui.core.convert.writing import write
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.reader import read
from tests.builders.common import numbers
from tests.builders.torch_tensors import PLAIN_DTYPES, tensor_of
from tests.core.convert.plans import each, sharded
from tests.core.tensors.truth import saved


def written(checkpoint: Checkpoint, plan: Plan, target: Path) -> Path:
    with write(checkpoint, plan, target) as result:
        result.commit()
    return target


def test_byte_for_byte_what_the_reference_library_writes(tmp_path: Path) -> None:
    state = {name: tensor_of(name) for name in PLAIN_DTYPES if name in TAGS and name != "float4_e2m1fn_x2"}
    state |= {"": numbers(2), "ä \n\t\x01\x7f\"\\/": numbers(0, 3), "scalar": torch.tensor(1.5), "b.10": numbers(3, 1),
              "b.9": numbers(3, 5), "\U0001f600": numbers(1), "\uffee": numbers(1)}  # fmt: skip
    checkpoint = saved(tmp_path / "m.pt", state)
    made = written(checkpoint, each(checkpoint), tmp_path / "m.safetensors")
    reference = tmp_path / "reference.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, reference, {"format": "pt"})
    assert made.read_bytes() == reference.read_bytes()


def test_views_are_resolved_where_the_reference_library_drops_their_bits(tmp_path: Path) -> None:
    z = torch.randn(3, 4, dtype=torch.complex64)
    views = {
        "conj": z.conj(),
        "neg": torch.randn(5, dtype=torch.complex64).conj().imag,
        "t": numbers(4, 6).t(),
        "expanded": numbers(1).expand(9),
    }
    checkpoint = saved(tmp_path / "m.pt", views)
    loaded = load_file(written(checkpoint, each(checkpoint), tmp_path / "m.safetensors"))
    for name, tensor in views.items():
        assert torch.equal(loaded[name], tensor), name


def test_4_bit_numbers_are_counted_one_by_one(tmp_path: Path) -> None:
    state = {"f4": tensor_of("float4_e2m1fn_x2")}
    checkpoint = saved(tmp_path / "m.pt", state)
    made = written(checkpoint, each(checkpoint), tmp_path / "m.safetensors")
    loaded = load_file(made)["f4"]
    assert loaded.shape == state["f4"].shape
    assert torch.equal(loaded.view(torch.uint8), state["f4"].view(torch.uint8))
    length = int.from_bytes(made.read_bytes()[:8], "little")
    assert json.loads(made.read_bytes()[8 : 8 + length])["f4"]["shape"][-1] == 2 * state["f4"].shape[-1]


def test_metadata_is_kept_and_says_that_it_is_pytorchs(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "m.pt", {"w": numbers(3)})
    plan = replace(each(checkpoint), metadata=(("author", "ü\n"), ("licence", "")))
    with safe_open(written(checkpoint, plan, tmp_path / "m.safetensors"), "pt") as file:
        assert file.metadata() == {"format": "pt", "author": "ü\n", "licence": ""}


def test_several_files_and_their_index(tmp_path: Path) -> None:
    state = {f"layers.{n}.w": numbers(n, 5, seed=n) for n in range(7)}
    checkpoint = saved(tmp_path / "m.pt", state)
    plan = sharded(each(checkpoint), 3)
    target = tmp_path / "out" / "model.safetensors"
    target.parent.mkdir()
    with write(checkpoint, plan, target) as result:
        assert [final.name for _, final in result.parts] == [
            "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
            "model.safetensors.index.json",
        ]  # fmt: skip
        result.commit()
    index = json.loads((target.parent / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in state.values())
    loaded: dict[str, torch.Tensor] = {}
    for name in set(index["weight_map"].values()):
        part = load_file(target.parent / name)
        assert part.keys() == {key for key, file in index["weight_map"].items() if file == name}
        loaded |= part
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())
    assert read(target.parent / "model.safetensors.index.json").checkpoint.notes == ()
    assert len(list(target.parent.iterdir())) == 4


def test_names_of_the_files(tmp_path: Path) -> None:
    plan = sharded(each(saved(tmp_path / "m.pt", {"a": numbers(1), "b": numbers(1)})), 2)
    assert [path.name for path in files(plan, Path("x/m.safetensors.index.json"))] == [
        "m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors", "m.safetensors.index.json",
    ]  # fmt: skip
    assert files(plan, Path("plain"))[-1] == Path("plain.safetensors.index.json")
    assert files(replace(plan, shards=((0, 1),)), Path("m.safetensors")) == (Path("m.safetensors"),)


def test_nothing_at_all_is_a_file_too(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "m.pt", {"epoch": 3})
    assert load_file(written(checkpoint, each(checkpoint), tmp_path / "m.safetensors")) == {}


@pytest.mark.parametrize(
    ("key", "words"), [("__metadata__", "cannot have a tensor called"), ("\ud800", "cannot have a tensor called")]
)
def test_names_that_the_format_refuses(key: str, words: str, tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "m.pt", {"w": numbers(3)})
    plan = each(checkpoint)
    plan = replace(plan, records=(replace(plan.records[0], key=key),))
    with pytest.raises(ConvertError, match=words):
        write(checkpoint, plan, tmp_path / "m.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["m.pt"]


def test_types_and_sizes_that_do_not_fit(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "m.pt", {"w": torch.zeros(3, dtype=torch.complex128)})
    plan = each(checkpoint)
    with pytest.raises(ConvertError, match="safetensors has no complex128"):
        entries(plan, [0])
    items = (replace(plan.items[0], dtype="float32"),)
    with pytest.raises(ConvertError, match="do not fit its shape"):
        entries(replace(plan, items=items), [0])
    with pytest.raises(ConvertError, match="belong to no tensor"):
        entries(replace(plan, items=()), [0])


def test_a_header_that_would_be_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = saved(tmp_path / "m.pt", {"w": numbers(3)})
    listed = entries(each(checkpoint), [0])
    monkeypatch.setattr("ckpt_gui.core.convert.safetensors_out.MAX_HEADER", 64)
    with pytest.raises(ConvertError, match="write shards"):
        header(listed, ())
