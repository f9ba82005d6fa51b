"""The audit of a cast against torch: what is written and what it differs by, tensor by tensor."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from ckpt_gui.core.convert.audit import CastAudit, audit, total
from ckpt_gui.core.convert.nouns import Item, Options, Plan
from ckpt_gui.core.errors import Cancelled, ConvertError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read

HALF = torch.finfo(torch.float16)


def state() -> dict[str, torch.Tensor]:
    """Values that float16 cannot hold, seen from several sides."""
    generator = torch.Generator().manual_seed(0)
    wide = torch.randn(300, 200, generator=generator)
    wide[3, 4], wide[5, 6], wide[7, 8] = 70_144.0, -1e30, 1e-9
    large = torch.randn(700, 500, generator=generator) * 1e-3
    large[699, 499] = 1.0 / 3
    return {
        "wide": wide,
        "turned": wide.t(),
        "tied": wide,
        "large": large,
        "expanded": torch.tensor([[0.1], [1e9]]).expand(2, 50),
        "odd": torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0]),
        "double": torch.tensor([0.1, 1e300, 1e-300], dtype=torch.float64),
        "complex": torch.tensor([1 + 0.1j, 0.2 + 70_144j]),
        "empty": torch.empty(0, 3),
        "steps": torch.arange(5),
    }


def cast(checkpoint: Checkpoint, dtype: str) -> Plan:
    """Everything to one type; complex to complex."""
    items = []
    for tensor in range(checkpoint.rows):
        path, source = checkpoint.path_of(checkpoint.tensors.node[tensor]), checkpoint.tensor(tensor).dtype
        target = "complex32" if source.startswith("complex") else dtype
        shape = checkpoint.shape(tensor)
        items.append(Item(tensor, path, path, tensor, 0, None, shape, source, target, "cpu"))
    return Plan("", "", "torch", False, Options(), tuple(items), (), (), (), (), 0, 0)


def found(tmp_path: Path, dtype: str) -> dict[str, CastAudit]:
    torch.save(state(), tmp_path / "some.pt")
    checkpoint = read(str(tmp_path / "some.pt")).checkpoint
    with ThreadPoolExecutor(2) as executor:
        audits = audit(checkpoint, cast(checkpoint, dtype), executor=executor)
    return {str(one.path[-1]): one for one in audits}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float8_e4m3fn", "float8_e5m2fnuz"])
def test_errors_are_those_of_what_torch_writes(tmp_path: Path, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckpt_gui.core.convert.audit.SHARE", 500_000)
    audits = found(tmp_path, dtype)
    for name, values in state().items():
        if name == "complex":
            continue
        x, y = values.double(), values.to(getattr(torch, dtype)).double()
        kept = x.isfinite() & y.isfinite() & ((x.abs() <= 464) | (dtype != "float8_e4m3fn"))
        error, one = torch.where(kept, (y - x).abs(), 0.0), audits[name]
        assert one.numel == values.numel()
        assert one.overflow == int((x.isfinite() & ~kept).sum())
        assert one.underflow == int((kept & (x != 0) & (y == 0)).sum())
        assert one.nan == int(x.isnan().sum())
        assert one.subnormal == int((kept & (y != 0) & (y.abs() < torch.finfo(getattr(torch, dtype)).tiny)).sum())
        assert (one.max_abs is None) == (not bool(kept.any()))
        if one.max_abs is not None and one.mean_abs is not None:
            assert math.isclose(one.max_abs, error.max().item())
            assert math.isclose(one.mean_abs, (error.sum() / kept.sum()).item(), rel_tol=1e-6)
            assert one.where is None if not one.max_abs else error[one.where].item() == one.max_abs
            alive = kept & (x != 0) & (y != 0)
            relative = torch.where(alive, error / x.abs(), 0.0).max().item()
            assert math.isclose(one.max_rel or 0.0, relative, rel_tol=1e-6)


def test_complex_numbers_are_told_by_parts(tmp_path: Path) -> None:
    one = found(tmp_path, "float16")["complex"]
    assert (one.numel, one.overflow, one.largest, one.where) == (2, 1, 70_144.0, (1,))


def test_words(tmp_path: Path) -> None:
    audits = found(tmp_path, "float16")
    assert audits["wide"].words.startswith("2 values overflow to Inf (largest 1e+30); 1 value underflows to 0; 1"), (
        audits["wide"].words
    )
    assert "subnormal; greatest error 0.0" in audits["wide"].words
    assert audits["expanded"].words.startswith("50 values overflow to Inf (largest 1e+09)")
    assert audits["odd"].words == audits["steps"].words == "every value stays what it is"
    assert audits["empty"].words == "empty"
    assert audits["odd"].exact
    assert not audits["wide"].exact
    assert audits["wide"].harmful
    assert total(list(audits.values())).startswith("10 tensors of 530,115 values cast: 58 out of range")
    assert "out of range in 6 tensors" in total(list(audits.values()))
    narrow = found(tmp_path, "float8_e4m3fn")
    assert "overflow to ±448 (largest 1e+30)" in narrow["wide"].words
    assert narrow["odd"].words == "2 ±Inf become ±448"
    assert total([audits["odd"]]) == "1 tensor of 5 values cast: every value stays what it is"


def test_integers_and_bools_in_words(tmp_path: Path) -> None:
    audits = found(tmp_path, "uint8")
    assert audits["odd"].words == "2 ±Inf cannot be held; 1 NaN cannot be held"
    assert "do not fit in uint8 (largest 1e+30)" in audits["wide"].words
    assert found(tmp_path, "bool")["wide"].words == "every value other than 0 becomes True"


def test_it_stops_when_told_and_refuses_what_has_no_meaning(tmp_path: Path) -> None:
    class Impatient(Report):
        def at(self, done: int, total: int, unit: str) -> None:
            raise Cancelled

    torch.save(state(), tmp_path / "some.pt")
    checkpoint = read(str(tmp_path / "some.pt")).checkpoint
    with ThreadPoolExecutor(2) as executor, pytest.raises(Cancelled):
        audit(checkpoint, cast(checkpoint, "float16"), Impatient(), executor)
    with pytest.raises(ConvertError, match="quint8"):
        audit(checkpoint, cast(checkpoint, "quint8"))
