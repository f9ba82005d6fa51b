"""What patterns mean, against NumPy, torch and the definitions of the small types."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ckpt_gui.core.dtypes import DTYPES
from ckpt_gui.core.tensors.encodings import can_negate, decode, decoded_nbytes, encoding_of, halves, table, unpack

NARROW = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]
ALL_BYTES = np.arange(256, dtype=np.uint8)
ALL_PAIRS = np.arange(1 << 16, dtype=np.uint16)


def small(exponents: int, mantissas: int) -> list[float]:
    """The values of a type without NaN and Inf, from its definition (OCP MX 1.0): sign, exponent, mantissa."""
    bias, found = 2 ** (exponents - 1) - 1, []
    for pattern in range(1 << (1 + exponents + mantissas)):
        power = pattern >> mantissas & ((1 << exponents) - 1)
        part = (pattern & ((1 << mantissas) - 1)) / (1 << mantissas)
        size = (1 + part) * 2.0 ** (power - bias) if power else part * 2.0 ** (1 - bias)
        found.append(-size if pattern >> (exponents + mantissas) else size)
    return found


@pytest.mark.parametrize("name", NARROW)
def test_narrow_floats_are_torchs(name: str) -> None:
    wanted = torch.arange(256).to(torch.uint8).view(getattr(torch, name)).float().numpy()
    np.testing.assert_array_equal(decode(ALL_BYTES, name), wanted)


@pytest.mark.parametrize(("name", "shape"), [("float4_e2m1fn", (2, 1)), ("f6_e2m3", (2, 3)), ("f6_e3m2", (3, 2))])
def test_the_narrowest_follow_their_definition(name: str, shape: tuple[int, int]) -> None:
    wanted = small(*shape)
    values = table(name)
    assert values is not None
    assert values[: len(wanted)].tolist() == wanted
    assert np.isnan(values[len(wanted) :]).all()


def test_bfloat16_keeps_every_bit() -> None:
    wanted = ALL_PAIRS.astype(np.uint32) << np.uint32(16)
    np.testing.assert_array_equal(decode(ALL_PAIRS, "bfloat16").view(np.uint32), wanted)


def test_bool_is_anything_but_zero() -> None:
    assert decode(np.array([0, 1, 2, 255], np.uint8), "bool").tolist() == [False, True, True, True]


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "int8", "int64", "uint16", "uint64"])
def test_what_numpy_knows_is_a_view(name: str) -> None:
    patterns = np.arange(12, dtype=f"u{np.dtype(name).itemsize}").reshape(3, 4).T
    decoded = decode(patterns, name)
    assert decoded.dtype == name
    assert np.shares_memory(decoded, patterns)


@pytest.mark.parametrize("name", ["complex32", "complex64", "complex128"])
@pytest.mark.parametrize("turned", [False, True])
def test_complex_parts_become_numbers(name: str, turned: bool) -> None:
    parts = torch.arange(12.0).view(3, 2, 2).to(getattr(torch, name).to_real())
    patterns = parts.view(torch.uint8).numpy().view(f"u{parts.itemsize}")
    patterns = patterns.transpose(1, 0, 2) if turned else patterns
    wanted = torch.view_as_complex(parts.double()).numpy()
    np.testing.assert_array_equal(decode(patterns, name), wanted.T if turned else wanted)


@pytest.mark.parametrize("name", sorted(DTYPES))
def test_every_type_has_an_encoding(name: str) -> None:
    encoding = encoding_of(name)
    assert encoding is not None
    patterns = np.zeros((2, 3, 2) if encoding.parts == 2 else (2, 3), encoding.pattern)
    decoded = decode(patterns, encoding.name)
    assert (decoded.shape, decoded.itemsize) == ((2, 3), decoded_nbytes(encoding.name))
    assert encoding.element_bits == DTYPES[name].stored_bits
    values = table(encoding.name)
    assert (values is not None) == (encoding.bits <= 16 and encoding.parts == 1)
    if values is not None:
        assert len(values) == 1 << (8 * encoding.pattern.itemsize)


@pytest.mark.parametrize("name", ["bfloat16", "float16", "uint8", "int16", "float8_e5m2", "bool"])
def test_tables_are_decoded_patterns(name: str) -> None:
    values = table(name)
    assert values is not None
    patterns = ALL_BYTES if len(values) == 256 else ALL_PAIRS
    np.testing.assert_array_equal(values, decode(patterns, name))
    assert not values.flags.writeable


def test_an_unknown_type_has_none() -> None:
    assert encoding_of("float7_of_tomorrow") is None


def test_only_signed_things_are_negated() -> None:
    assert [name for name in ("float32", "int8", "uint8", "complex64") if not can_negate(name)] == []
    assert [name for name in ("bool", "quint8", "bits8", "float8_e8m0fnu", "strange") if can_negate(name)] == []


@pytest.mark.parametrize("bits", [2, 4, 6])
@pytest.mark.parametrize("skip", [0, 1, 3])
def test_narrow_numbers_are_a_stream_of_bits(bits: int, skip: int) -> None:
    raw = (np.arange(24, dtype=np.uint8) * 37 + 11).astype(np.uint8)
    stream = int.from_bytes(raw.tobytes(), "little")
    wanted = [stream >> (at * bits) & ((1 << bits) - 1) for at in range(skip, skip + 20)]
    flat = np.zeros(20, np.uint8)
    unpack(raw, bits, skip, flat)
    assert flat.tolist() == wanted


def test_the_low_half_comes_first() -> None:
    assert halves(np.array([[0x21, 0x43]], np.uint8)).tolist() == [[1, 2, 3, 4]]
