"""What once went wrong: sources and wishes that are odd, each with the result that torch shall load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from ckpt_gui.core.convert.nouns import Options, Receipt
from ckpt_gui.core.convert.plan import plan
from ckpt_gui.core.convert.run import convert
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.reader import read
from ckpt_gui.proving import Prover


@pytest.fixture(scope="module")
def prover() -> Iterator[Prover]:
    with Prover() as asked:
        yield asked


def made(folder: Path, held: Any, options: Options, prover: Prover | None = None) -> tuple[Receipt, Any]:
    """What a conversion says, and what torch reads in its result."""
    torch.save(held, folder / "source.pt")
    opened = read(folder / "source.pt")
    target = folder / "result.pt"
    told = convert(opened, plan(opened, options, str(target)), target, prover=prover)
    assert told.proof is not None
    assert told.proof.verified
    return told, torch.load(target, weights_only=True)


LOST = "requires_grad is not kept, which torch reads of no plain tensor of float8_e4m3fn: leaf"


@pytest.mark.parametrize("options", [Options(), Options(ties="untie"), Options(state_dict=True)], ids=str)
def test_a_gradient_that_torch_could_not_read_with_its_type(tmp_path: Path, options: Options, prover: Prover) -> None:
    """``_rebuild_tensor_v3`` fails for a leaf that requires a gradient; a Parameter is wrapped, and keeps it."""
    base = torch.ones(3)
    held = {
        "leaf": torch.ones(3, requires_grad=True), "p": torch.nn.Parameter(torch.ones(2)), "a": base, "b": base,
    }  # fmt: skip
    wanted = Options(state_dict=options.state_dict, ties=options.ties, dtype="float8_e4m3fn")
    told, result = made(tmp_path, held, wanted, prover)

    assert [result[name].requires_grad for name in held] == [False, True, False, False]
    assert {tensor.dtype for tensor in result.values()} == {torch.float8_e4m3fn}
    assert LOST in told.warnings


@pytest.mark.parametrize("flat", [False, True])
def test_a_gradient_ends_where_integers_begin(tmp_path: Path, flat: bool) -> None:
    held = {"leaf": torch.ones(3, requires_grad=True), "p": torch.nn.Parameter(torch.ones(2)), "w": torch.ones(2)}
    told, result = made(tmp_path, held, Options(state_dict=flat, dtype="int8"))

    assert not any(tensor.requires_grad for tensor in result.values())
    assert "requires_grad is not kept, which torch reads of no plain tensor of int8: leaf and p" in told.warnings


def test_untied_beside_others_the_order_of_records_is_not_promised(tmp_path: Path, prover: Prover) -> None:
    """Records of their own come first, whatever the pickle comes to first: then torch must look each up."""
    base = torch.arange(4.0)
    held = {"alone": torch.zeros(3), "a": base, "other": torch.ones(100), "b": base}
    _, result = made(tmp_path, held, Options(state_dict=True, ties="untie"), prover)

    assert all(torch.equal(result[name], held[name]) for name in held)


def test_a_tail_that_is_cut_off_is_a_change(tmp_path: Path) -> None:
    told, result = made(tmp_path, {"w": torch.arange(1000.0)[:3]}, Options(compact=True))

    assert result["w"].untyped_storage().nbytes() == 12
    assert not any("Nothing changes" in text for text in told.warnings)


def test_a_missing_record_is_called_that(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(3)}, tmp_path / "whole.pt")
    raw = (tmp_path / "whole.pt").read_bytes().replace(b"whole/data/0", b"whole/data/9")
    (tmp_path / "source.pt").write_bytes(raw)

    with pytest.raises(ConvertError, match=r"its record data/0 is missing"):
        plan(read(tmp_path / "source.pt"), Options(state_dict=True))


def test_a_parameter_of_a_type_without_a_storage_class(tmp_path: Path, prover: Prover) -> None:
    held = {"p": torch.nn.Parameter(torch.ones(2).to(torch.float8_e5m2), requires_grad=True)}
    _, result = made(tmp_path, held, Options(state_dict=True), prover)

    assert result["p"].requires_grad
    assert result["p"].dtype == torch.float8_e5m2


def test_a_receipt_is_never_written_over_the_source(tmp_path: Path) -> None:
    source = tmp_path / "result.pt.receipt.json"
    torch.save({"w": torch.ones(2)}, source)
    before, opened = source.read_bytes(), read(source)
    target = tmp_path / "result.pt"
    told = convert(opened, plan(opened, Options(), str(target)), target, overwrite=True, receipt=True)

    assert source.read_bytes() == before
    assert any("is the checkpoint itself" in text for text in told.warnings)


@pytest.mark.parametrize("length", [245, 252, 300])
def test_a_name_too_long_is_a_sentence(tmp_path: Path, length: int) -> None:
    """At 245 the receipt's name is too long, at 252 there is room for the target's just so, at 300 there is none."""
    torch.save({"w": torch.ones(2)}, tmp_path / "source.pt")
    opened, target = read(tmp_path / "source.pt"), tmp_path / ("x" * length + ".pt")
    arguments = opened, plan(opened, Options(), str(target)), target
    if length < 256:
        told = convert(*arguments, receipt=True)
        assert told.warnings[-1].startswith("The receipt could not be written: ")
        assert torch.load(target, weights_only=True)["w"].sum() == 2
    else:
        with pytest.raises(ConvertError, match="File name too long"):
            convert(*arguments, receipt=True)
    assert len(list(tmp_path.iterdir())) == 1 + (length < 256)


def test_values_below_names_that_need_marks_are_compared(tmp_path: Path) -> None:
    """What lies above a value is put together once: as ``path_text`` does it."""
    held = {"": {"": 1, "a/b": {"0": 2, 0: 3, "\\": {}}, "l": [4, [5, ()]]}, "a": {"b": 6}, 1.5: {None: 7, True: [8]}}
    told, result = made(tmp_path, {"w": torch.ones(2), "held": held}, Options(drop=("held/a",)))

    del held["a"]
    assert result["held"] == held
    assert [one.path for one in told.plan.dropped] == [("held", "a", "b")]
