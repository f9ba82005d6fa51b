"""Loading advice, with torch itself as the judge: its words, its lists, and scripts that run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ckpt_gui.core.pairing import Advice, Pairing, advice, pair
from ckpt_gui.core.reader import read
from ckpt_gui.core.renames import parse_rule
from tests.core.pairing.sides import opened, weights
from tests.core.roles import trees


class Model(nn.Module):
    """Named as torch names what it loads into; the parts are given."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(2))
        for name, part in parts.items():
            self.add_module(name, part)


class Extra(nn.Linear):
    """With extra state, which is no tensor."""

    def get_extra_state(self) -> Any:
        return {"calls": 3}

    def set_extra_state(self, state: Any) -> None:
        self.calls = state["calls"]


def small() -> Model:
    return Model(fc=nn.Linear(3, 4), body=nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 2))))


def other() -> Model:
    return Model(fc=nn.Linear(3, 5), body=nn.Sequential(nn.Linear(4, 4, bias=False), nn.ModuleList([nn.Linear(4, 3)])),
                 head=nn.Linear(2, 2), norm=nn.BatchNorm1d(2))  # fmt: skip


MODELS = {
    "equal": (small, small),
    "more and less": (small, other),
    "the other way": (other, small),
    "extra state": (lambda: Model(fc=Extra(3, 4)), lambda: Model(fc=nn.Linear(3, 4))),
    "no extra state": (lambda: Model(fc=nn.Linear(3, 4)), lambda: Model(fc=Extra(3, 4))),
    "nothing": (lambda: Model(a=nn.Linear(1, 2)), lambda: Model(b=nn.Linear(2, 1))),
}


def saved(model: nn.Module, path: Path) -> Path:
    torch.save(model.state_dict(), path)
    return path


def said(model: nn.Module, path: Path) -> str:
    """What torch says of loading the file into the model."""
    try:
        return str(model.load_state_dict(torch.load(path, weights_only=True)))
    except RuntimeError as exc:
        return str(exc)


def advised(left: Path, right: Path, **asked: Any) -> tuple[Pairing, Advice]:
    pairing = pair(read(left), read(right), **asked)
    return pairing, advice(pairing)


def run(advice: Advice, model: nn.Module) -> nn.Module:
    exec(compile(advice.snippet, "snippet", "exec"), {"model": model})
    return model


@pytest.mark.parametrize("name", MODELS)
def test_the_words_are_torchs(name: str, tmp_path: Path) -> None:
    left, right = MODELS[name]
    given, into = saved(left(), tmp_path / "a.pt"), saved(right(), tmp_path / "b.pt")
    _pairing, found = advised(given, into)
    assert found.text == said(right(), given)


@pytest.mark.parametrize("name", MODELS)
def test_the_script_loads_what_can_be_loaded(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left, right = MODELS[name]
    source, model = left(), right()
    given, into = saved(source, tmp_path / "a.pt"), saved(model, tmp_path / "b.pt")
    _pairing, found = advised(given, into)
    run(found, model)
    assert "Incompatible" in capsys.readouterr().out or not (found.missing or found.unexpected or found.mismatched)
    held, wanted = source.state_dict(), model.state_dict()
    for name_ in wanted:
        if name_ in held and isinstance(wanted[name_], torch.Tensor) and held[name_].shape == wanted[name_].shape:
            assert torch.equal(held[name_], wanted[name_])


def test_a_prefix_and_its_rename(tmp_path: Path) -> None:
    source, model = small(), small()
    wrapped = {"epoch": 3, "state_dict": {f"module.{name}": value for name, value in source.state_dict().items()}}
    torch.save(wrapped, tmp_path / "a.ckpt")
    pairing, found = advised(tmp_path / "a.ckpt", saved(model, tmp_path / "b.pt"), rules="auto")
    assert [rule.text for rule, _count in pairing.renames] == [r"^module\. =>"]
    assert found.missing == tuple(model.state_dict())
    assert found.unexpected == tuple(wrapped["state_dict"])  # type: ignore[arg-type]
    assert found.helps_strict == (
        "strict=False does not help: no tensor fits, and it would load nothing, and say nothing. "
        "With the renames applied: Every name and shape fits: it loads as it is."
    )
    run(found, model)
    assert torch.equal(model.state_dict()["fc.weight"], source.state_dict()["fc.weight"])


def test_nested_mappings_are_flattened_by_the_script(tmp_path: Path) -> None:
    source, model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)), nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    held = source.state_dict()
    nested = {"params": {n: {"weight": held[f"{n}.weight"], "bias": held[f"{n}.bias"]} for n in "01"}}
    torch.save(nested, tmp_path / "a.pt")
    _pairing, found = advised(tmp_path / "a.pt", saved(model, tmp_path / "b.pt"))
    run(found, model)
    assert all(torch.equal(value, held[name]) for name, value in model.state_dict().items())


def test_the_beginning_of_names_is_cut_off_by_the_script(tmp_path: Path) -> None:
    source, model = small(), nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 2)))
    given = saved(source, tmp_path / "a.pt")
    _pairing, found = advised(given, saved(model, tmp_path / "b.pt"), left_path=("body",), right_path=())
    assert found.text == "<All keys matched successfully>"
    run(found, model)
    assert torch.equal(model.state_dict()["0.weight"], source.state_dict()["body.0.weight"])


def test_safetensors_and_torchscript(tmp_path: Path) -> None:
    source, model = nn.Linear(3, 2), nn.Linear(3, 2)
    save_file(source.state_dict(), tmp_path / "a.safetensors")
    _pairing, found = advised(tmp_path / "a.safetensors", saved(model, tmp_path / "b.pt"))
    assert found.snippet.startswith("import safetensors.torch\n")
    assert "import torch\n" not in found.snippet
    run(found, model)
    assert torch.equal(model.weight, source.weight)


def test_a_whole_module(tmp_path: Path) -> None:
    source, model = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(source, tmp_path / "a.pt")
    _pairing, found = advised(tmp_path / "a.pt", saved(model, tmp_path / "b.pt"))
    assert "weights_only=False).state_dict()  # weights_only=False runs code" in found.snippet
    run(found, model)
    assert torch.equal(model.weight, source.weight)
    _pairing, back = advised(tmp_path / "b.pt", tmp_path / "a.pt")
    assert back.text == "<All keys matched successfully>"


def test_the_models_class_is_named_where_the_file_tells(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 2), tmp_path / "b.pt")
    _pairing, found = advised(saved(nn.Linear(4, 2), tmp_path / "a.pt"), tmp_path / "b.pt")
    assert found.text == said(nn.Linear(3, 2), tmp_path / "a.pt")
    assert found.text.startswith("Error(s) in loading state_dict for Linear:")


def test_one_element_fits_a_scalar(tmp_path: Path) -> None:
    class Scalar(Model):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1.0))

    torch.save({"scale": torch.ones(1)}, tmp_path / "a.pt")
    _pairing, found = advised(tmp_path / "a.pt", saved(Scalar(), tmp_path / "b.pt"))
    assert found.text == said(Scalar(), tmp_path / "a.pt") == "<All keys matched successfully>"


def test_strict_false_and_its_limits() -> None:
    left = weights({"a.weight": (2, 2), "b.weight": (3, 2), "old.weight": (1, 1)})
    right = weights({"a.weight": (2, 2), "b.weight": (4, 2), "new.weight": (1, 1)})
    assert advice(pair(left, right)).helps_strict == (
        "strict=False does not help: 1 tensor of another size would raise all the same. Without them 1 would load; "
        "1 tensor of the model would keep the values they have, and 1 tensor of the file would not be used."
    )
    fine = advice(pair(weights({"a.weight": (2, 2), "b.weight": (3, 2)}), weights({"a.weight": (2, 2)})))
    assert fine.helps_strict.startswith("strict=False would help: 1 of 1 tensor would load")


def test_where_there_are_no_weights_there_is_no_advice() -> None:
    found = advice(pair(opened(trees.state_dict()), opened(trees.adam())))
    assert found == Advice((), (), (), "", "There are no named weights on the right.", "")


def test_rules_are_written_so_that_python_reads_them(tmp_path: Path) -> None:
    source, model = small(), small()
    odd = {f'a"\\{name}': value for name, value in source.state_dict().items()}
    torch.save(odd, tmp_path / "a.pt")
    rule = parse_rule(r'^a"\\ =>')
    _pairing, found = advised(tmp_path / "a.pt", saved(model, tmp_path / "b.pt"), rules=[rule])
    run(found, model)
    assert torch.equal(model.scale, source.scale)
