"""Values as text: Python, NumPy and torch read them back."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.table.numbers import formatter, shortest, widest
from ckpt_gui.core.table.styles import KINDS, Style
from ckpt_gui.core.tensors import Form, decode, table
from ckpt_gui.core.tensors.encodings import encoding_of


def form_of(dtype: str) -> Form:
    encoding = encoding_of(dtype)
    assert encoding is not None
    return Form(dtype, (1,), encoding.pattern, encoding.parts, encoding.name, "", 1, 1, True)


def written(dtype: str, value: Any, kind: str = "shortest", digits: int = 6) -> str:
    """How a value of that NumPy type is written."""
    array = np.array([value], dtype)
    form = form_of(dtype)
    patterns = array.view(form.pattern)
    if form.parts > 1:
        patterns = patterns.reshape(1, 2)
    return formatter(form, Style(kind, digits))(decode(patterns, form)[0], patterns[0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_shortest_reads_back_as_the_same_bits(dtype: str) -> None:
    @given(st.binary(min_size=np.dtype(dtype).itemsize, max_size=np.dtype(dtype).itemsize))
    def check(raw: bytes) -> None:
        value = np.frombuffer(raw, dtype)[0]
        text = written(dtype, value)
        if np.isnan(value):
            assert text == "NaN"
        else:
            again = np.array(text.replace("Inf", "inf")).astype(dtype)
            assert again.tobytes() == value.tobytes()

    check()


SMALL = {
    "bfloat16": torch.bfloat16, "float8_e4m3fn": torch.float8_e4m3fn, "float8_e5m2": torch.float8_e5m2,
    "float8_e4m3fnuz": torch.float8_e4m3fnuz, "float8_e5m2fnuz": torch.float8_e5m2fnuz,
}  # fmt: skip


@pytest.mark.parametrize("dtype", SMALL)
def test_every_small_float_reads_back_and_no_shorter_text_does(dtype: str) -> None:
    values = table(dtype)
    assert values is not None
    finite = np.unique(values[np.isfinite(values)])
    step = max(1, len(finite) // 3000)
    some = [float(value) for value in finite[::step]]
    texts = [shortest(value, dtype) for value in some]
    parsed = torch.tensor([float(text) for text in texts], dtype=torch.float64)
    assert parsed.to(SMALL[dtype]).double().tolist() == some
    fewer = [f"{value:.{max(0, significant(text) - 2)}e}" for value, text in zip(some, texts, strict=True)]
    cut = torch.tensor([float(text) for text in fewer], dtype=torch.float64).to(SMALL[dtype]).double().tolist()
    borders = set(((finite[1:] + finite[:-1]) / 2).tolist())  # what stands half way is nobody's
    for value, text, less, shorter in zip(some, texts, fewer, cut, strict=True):
        assert significant(text) == 1 or shorter != value or float(less) in borders, text


def significant(text: str) -> int:
    """Digits that count."""
    digits = text.partition("e")[0].lstrip("-").replace(".", "").strip("0")
    return max(1, len(digits))


def test_it_is_short() -> None:
    assert shortest(float(ml_dtypes.bfloat16(0.1)), "bfloat16") == "0.1"
    assert shortest(float(ml_dtypes.bfloat16(3e38)), "bfloat16") == "3e+38"
    assert written("float32", 0.1) == "0.1"
    assert shortest(6.0, "float4_e2m1fn") == "6.0"
    assert shortest(2.0**-127, "float8_e8m0fnu") == "6e-39"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bits"])
def test_what_is_not_finite_is_said_so_in_every_format(kind: str) -> None:
    assert [written("float32", value, kind) for value in (math.nan, math.inf, -math.inf)] == ["NaN", "Inf", "-Inf"]


def test_minus_zero_keeps_its_sign() -> None:
    texts = [written("float64", -0.0, kind, 2) for kind in KINDS]
    assert texts == ["-0.0", "-0.00", "-0.00e+00", "-0", "-0x0p+0", "0x8000000000000000"]


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_are_exact(value: int) -> None:
    assert written("int64", value) == str(value)
    assert int(written("int64", value, "hexadecimal"), 16) == value
    assert int(written("int64", value, "bits"), 16) == value % 2**64
    assert float(written("int64", value, "scientific", 17)) == float(value)
    assert written("int64", value, "fixed") == str(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_hexadecimal_floats_and_bits_are_exact(value: float) -> None:
    assert float.fromhex(written("float64", value, "hexadecimal")) == value
    assert int(written("float64", value, "bits"), 16) == np.array(value).view(np.uint64)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 17))
def test_digits_are_pythons(value: float, digits: int) -> None:
    assert written("float64", value, "scientific", digits) == f"{value:.{digits}e}"
    if abs(value) < 1e16:
        assert written("float64", value, "fixed", digits) == f"{value:.{digits}f}"


def test_whole_numbers_say_when_they_are_not() -> None:
    texts = [written("float64", value, "integer") for value in (2.0**60, 2.6, -3.0)]
    assert texts == [str(2**60), "≈3", "-3"]


def test_complex_and_bool() -> None:
    assert written("complex64", 1.5 - 2j) == "1.5-2.0j"
    assert written("complex64", complex(math.nan, math.inf)) == "NaN+Infj"
    assert written("complex64", 1 + 0j, "bits") == "0x3f800000 0x00000000"
    half = np.array([0.1, -2.0], np.float16).view(np.uint16)
    halves = form_of("complex32")
    assert formatter(halves, Style())(decode(half.reshape(1, 2), halves)[0], half) == "0.1-2.0j"
    form = form_of("bool")
    pattern = np.array([2], np.uint8)
    assert formatter(form, Style())(decode(pattern, form)[0], pattern[0]) == "True"
    assert formatter(form, Style("bits"))(True, pattern[0]) == "0x02"


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "complex64", "bool", "int16"])
@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_wide_enough_as_a_rule(dtype: str, kind: str) -> None:
    for value in (0, 1) if dtype == "int16" else (-0.123456, 1.0, 17.25):
        assert len(written(dtype, value, kind)) <= widest(form_of(dtype), Style(kind))
