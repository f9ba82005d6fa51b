"""Casts against torch, bit for bit: every pattern of 8 and 16 bits, edges and samples of the wider types."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ckpt_gui.core.convert.cast import caster, why_not
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.kernels import casting
from ckpt_gui.core.kernels.casting import Loss

Array = NDArray[Any]
Bytes = NDArray[np.uint8]

FLOAT8 = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")
FLOATS = ("float64", "float32", "float16", "bfloat16", *FLOAT8)
WHOLE = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
REAL = (*FLOATS, *WHOLE, "bool")
COMPLEX = ("complex32", "complex64", "complex128")
LOWER_HALVES = np.array([0, 1, 0x0FFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0x8001, 0xF000, 0xFFFF], np.uint32)
"""Below the upper 16 bits of a float32: ties of every narrower type and their neighbours."""


def of_torch(raw: Bytes, source: str, target: str) -> Bytes:
    """What torch makes of them: in whole vector registers, as in the bulk of a tensor."""
    values = torch.from_numpy(raw.copy()).view(getattr(torch, source))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: Bytes = values.to(getattr(torch, target)).contiguous().view(torch.uint8).numpy()
    return made


def patterns(dtype: str) -> Bytes:
    """All there are of at most 16 bits; of the wider types edges and a sample. A whole number of 64 elements."""
    if dtype == "bool":
        return np.tile(np.array([0, 1], np.uint8), 32)
    width = torch.empty(0, dtype=getattr(torch, dtype)).element_size()
    generator = np.random.default_rng(0)
    if width <= 2:
        return np.arange(1 << 8 * width).astype(f"u{width}").view(np.uint8)
    if dtype in ("float32", "complex32", "complex64"):
        upper = np.arange(1 << 16, dtype=np.uint32) << np.uint32(16)
        return (upper[:, None] | LOWER_HALVES).reshape(-1).view(np.uint8)
    if dtype in ("float64", "complex128"):
        upper = np.arange(1 << 16, dtype=np.uint64) << np.uint64(48)
        lower = np.array([0, 1, 2**28 - 1, 2**28, 2**28 + 1, 2**29, 2**41 + 1, 2**47], np.uint64)
        normal = generator.standard_normal(1 << 12) * 10.0 ** generator.integers(-50, 50, 1 << 12)
        return np.concatenate([(upper[:, None] | lower).reshape(-1), normal.view(np.uint64)]).view(np.uint8)
    every = generator.integers(0, 1 << 63, 1 << 12, np.uint64) * np.uint64(2) + np.uint64(1)
    shifted = [every >> np.uint64(shift) for shift in (0, 1, 8, 10, 20, 32, 39, 40, 41, 53)]
    ties = [(one >> np.uint64(40) << np.uint64(40)) + np.uint64(1 << 39) for one in shifted[:2]]
    found = np.concatenate([*shifted, *ties, *[~one for one in shifted]])
    return found.view(np.uint8) if width == 8 else found.astype(np.uint32).view(np.uint8)


def same(got: Bytes, wanted: Bytes, raw: Bytes, source: str, target: str) -> None:
    rows = [one.reshape(raw.size // _width(source), -1) for one in (raw, got, wanted)]
    other = np.flatnonzero((rows[1] != rows[2]).any(axis=1))
    told = [[row[place][::-1].tobytes().hex() for row in rows] for place in other[:5]]
    assert not len(other), f"{source} → {target}, {len(other)} others: pattern, ours, torch's {told}"


def _width(dtype: str) -> int:
    return torch.empty(0, dtype=getattr(torch, dtype)).element_size()


def fitting(raw: Bytes, source: str, target: str) -> Bytes:
    """Only floats that the integer type can hold: for others C gives no answer, and torch several."""
    if source not in FLOATS or target not in WHOLE:
        return raw
    values = torch.from_numpy(raw).view(getattr(torch, source)).to(torch.float64).numpy()
    bounds = np.iinfo(target)
    fits = (values > float(bounds.min) - 1) & (values >= float(bounds.min)) & (values < float(bounds.max) + 1)
    chosen = raw.reshape(-1, _width(source))[np.flatnonzero(fits)]
    return np.ascontiguousarray(chosen).reshape(-1)


@pytest.mark.parametrize("source", REAL)
def test_every_pair_of_real_types_gives_the_bits_of_torch(source: str) -> None:
    every = patterns(source)
    for target in REAL:
        raw = fitting(every, source, target)
        whole = raw[: raw.size // (64 * _width(source)) * 64 * _width(source)]
        same(caster(source, target).convert(whole), of_torch(whole, source, target), whole, source, target)


@pytest.mark.parametrize("target", COMPLEX)
def test_complex_types(target: str) -> None:
    for source in ("float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "int64", "uint8", "bool", *COMPLEX):
        raw = patterns(source)
        raw = raw[: raw.size // (64 * _width(source)) * 64 * _width(source)]
        same(caster(source, target).convert(raw), of_torch(raw, source, target), raw, source, target)


@pytest.mark.parametrize("target", ["float16", "bfloat16", *FLOAT8])
def test_machine_code_gives_the_same_and_counts_the_same(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = patterns("float32")
    finite = raw.view(np.float32)[np.isfinite(raw.view(np.float32))].view(np.uint8)
    found: dict[str, list[Any]] = {}
    for way in ("plain", "compiled"):
        monkeypatch.setattr(casting, "compiled_at_hand", lambda *_, way=way: way == "compiled")
        cast = caster("float32", target)
        losses = [Loss(), Loss()]
        made = [cast.convert(raw), cast.convert(raw, losses[0]), cast.convert(finite, losses[1])]
        found[way] = [made, losses]
    for ours, plain in zip(found["compiled"][0], found["plain"][0], strict=True):
        assert ours.tobytes() == plain.tobytes()
    assert found["plain"][0][0].tobytes() == found["plain"][0][1].tobytes()
    for ours, plain in zip(found["compiled"][1], found["plain"][1], strict=True):
        assert math.isclose(ours.sum, plain.sum, rel_tol=1e-9)
        assert math.isclose(ours.relative, plain.relative, rel_tol=1e-6)
        ours.sum, ours.relative = plain.sum, plain.relative
        assert ours == plain


SOME = st.one_of(
    st.floats(width=32), st.floats(-70_000, 70_000, width=32), st.floats(-(2.0**-20), 2.0**-20, width=32),
    st.sampled_from([0.0, -0.0, 65504.0, 65520.0, 70_144.0, 464.0, 465.0, 2.0**-24, 2.0**-25, math.nan, math.inf]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(values=st.lists(SOME, max_size=20), target=st.sampled_from(FLOATS), compiled=st.booleans())
def test_what_is_lost_against_a_plain_count(values: list[float], target: str, compiled: bool) -> None:
    x = np.array(values, np.float32)
    after = torch.from_numpy(x).to(getattr(torch, target)).to(torch.float64).tolist()
    tiny = torch.finfo(getattr(torch, target)).smallest_normal if target != "float8_e8m0fnu" else 0.0
    limit = 464.0 if target == "float8_e4m3fn" else math.inf
    want, apart = Loss(taken=len(values)), []
    for before, now in zip(x.tolist(), after, strict=True):
        error = 0.0
        if math.isnan(before):
            want.nan += 1
        elif math.isinf(before):
            want.infinite += before != now
        elif not math.isfinite(now) or abs(before) > limit:
            want.overflow += 1
            want.largest = max(want.largest, abs(before))
        else:
            error = abs(now - before)
            want.finite += 1
            want.underflow += now == 0 != before
            want.subnormal += 0 < abs(now) < tiny
            if before and now:
                want.relative = max(want.relative, error / abs(before))
        apart.append(error)
    want.sum, want.max = sum(apart), max(apart, default=0.0)
    want.at_max = apart.index(want.max) if want.max else -1
    got = Loss()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(casting, "compiled_at_hand", lambda *_: compiled)
        cast = caster("float32", target)
        cast.convert(x[:7].view(np.uint8), got)
        cast.convert(x[7:].view(np.uint8), got)
    assert math.isclose(got.sum, want.sum, rel_tol=1e-6)
    assert math.isclose(got.relative, want.relative, rel_tol=1e-6)
    got.sum, got.relative = want.sum, want.relative
    if target == "float8_e8m0fnu":  # it loses the sign: |Δ| has more digits than a float32
        assert math.isclose(got.max, want.max, rel_tol=1e-6)
        got.max, got.at_max = want.max, want.at_max
    assert got == want


@pytest.mark.parametrize("compiled", [False, True])
def test_types_that_are_looked_up_tell_what_is_lost(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casting, "compiled_at_hand", lambda *_: compiled)
    values = torch.tensor([1.0, 70_144.0, -70_144.0, 1e-9, math.nan, math.inf, 0.1, -0.2]).bfloat16()
    for times in (1, 20_000):  # few are sorted, many counted
        loss = Loss()
        caster("bfloat16", "float16").convert(values.repeat(times).view(torch.uint8).numpy(), loss)
        kinds = (loss.nan, loss.infinite, loss.overflow, loss.underflow, loss.subnormal, loss.finite)
        assert kinds == (times, 0, 2 * times, times, 0, 4 * times)
        assert (loss.largest, loss.at_max, loss.taken) == (70_144.0, 3, 8 * times)
        assert loss.max == values[3].item()


def test_integers_that_do_not_fit_are_counted() -> None:
    values = np.array([1, -1, 300, 2**53 + 1, -(2**62) - 1])
    loss = Loss()
    made = caster("int64", "uint8").convert(values.view(np.uint8), loss)
    assert (made.tolist(), loss.overflow, loss.largest) == ([1, 255, 44, 1, 255], 4, 2.0**62)
    loss = Loss()
    caster("int64", "float64").convert(values.view(np.uint8), loss)
    assert (loss.overflow, loss.max, loss.at_max, loss.sum) == (0, 1.0, 3, 2.0)
    loss = Loss()
    caster("float32", "int8").convert(np.array([1.5, 200, math.nan, -math.inf, 0.25], np.float32).view(np.uint8), loss)
    assert (loss.overflow, loss.nan, loss.infinite, loss.underflow, loss.max) == (1, 1, 1, 1, 0.5)


@pytest.mark.parametrize(
    ("source", "target", "word"),
    [
        ("qint8", "float32", "quantized"), ("float32", "quint4x2", "quantized"), ("bits8", "float32", "bits"),
        ("complex64", "float32", "imaginary"), ("complex64", "bool", "imaginary"), ("float32", "f6_e2m3", "f6_e2m3"),
        ("float4_e2m1fn_x2", "float32", "float4"), ("int4", "int8", "int4"), ("float32", "wide", "wide"),
    ],
)  # fmt: skip
def test_pairs_without_a_meaning_are_refused_in_a_sentence(source: str, target: str, word: str) -> None:
    assert word in why_not(source, target)
    with pytest.raises(ConvertError, match=word):
        caster(source, target)


def test_nothing_stays_nothing() -> None:
    for source in (*REAL, *COMPLEX):
        for target in COMPLEX if source in COMPLEX else (*REAL, *COMPLEX):
            loss = Loss()
            assert not caster(source, target).convert(np.empty(0, np.uint8), loss).size
            assert loss == Loss()
