"""Two sides compared in NumPy and as machine code, against the same in extended precision, element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.kernels import compiled_pairs, difference  # noqa: F401  (the machine code is at hand)
from ckpt_gui.core.kernels.difference import Apart, Difference, same_bits

SOME = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e-3, 1.001]), st.floats(-1e6, 1e6, width=32)
)
RTOL, ATOL = 1e-2, 1e-3


def compared(left: Any, right: Any, step: int, way: str) -> Apart:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(difference, "compiled_at_hand", lambda: way == "compiled")
        work = Difference(RTOL, ATOL, 10)
    bits = f"u{left.dtype.itemsize // (2 if left.dtype.kind == 'c' else 1)}"
    for start in range(0, left.size, step):
        a, b = left[start : start + step], right[start : start + step]
        patterns = [side.view(bits).reshape(side.size, -1) for side in (a, b)]
        if left.dtype.kind != "c":
            patterns = [side.reshape(-1) for side in patterns]
        if same_bits(patterns[0].reshape(-1), patterns[1].reshape(-1), compiled=way == "compiled"):
            work.add_equal(a)
        else:
            work.add(a, b, patterns[0], patterns[1])
    return work.apart


def expected(left: Any, right: Any) -> dict[str, Any]:
    """Slow, and plain to read."""
    names = ("both", "changed", "flips", "nan_left", "nan_right", "inf_left", "inf_right", "beyond")
    told: dict[str, Any] = dict.fromkeys(names, 0)
    sizes: list[Any] = []
    for x, y in zip(left.tolist(), right.tolist(), strict=True):
        if x == y or (_nan(x) and _nan(y)):
            told["both"] += _finite(x)
            sizes.append(0 if _finite(x) else None)
            continue
        told["changed"] += 1
        if _finite(x) and _finite(y):
            told["both"] += 1
            told["beyond"] += abs(y - x) > ATOL + RTOL * abs(x)
            told["flips"] += not isinstance(x, complex) and ((x < 0 < y) or (y < 0 < x))
            sizes.append(abs(y - x))
            continue
        told["beyond"] += 1
        told["nan_left"] += _nan(x) and not _nan(y)
        told["nan_right"] += _nan(y) and not _nan(x)
        told["inf_left"] += not _finite(x) and not _nan(x)
        told["inf_right"] += not _finite(y) and not _nan(y)
        sizes.append(None)
    known = [size for size in sizes if size is not None]
    different = [size for size in known if size]
    told["max"] = max(different, default=0)
    told["at_max"] = sizes.index(told["max"]) if different else -1
    told["sum"] = math.fsum(map(float, known))
    told["squares"] = math.fsum(float(size) ** 2 for size in known)
    return told


def _nan(x: Any) -> bool:
    return bool(np.isnan(x)) if not isinstance(x, int) else False


def _finite(x: Any) -> bool:
    return bool(np.isfinite(x)) if not isinstance(x, int) else True


def check(left: Any, right: Any, found: Apart) -> None:
    told = expected(left, right)
    assert found.taken == left.size
    for name in ("both", "changed", "flips", "nan_left", "nan_right", "inf_left", "inf_right", "beyond", "at_max"):
        assert getattr(found, name) == told[name], name
    for name in ("max", "sum", "squares"):
        assert getattr(found, name) == pytest.approx(float(told[name]), rel=1e-12), name
    both = np.isfinite(left) & np.isfinite(right)
    x, y = (side[both].astype(np.complex128 if side.dtype.kind == "c" else np.float64) for side in (left, right))
    assert found.left == pytest.approx(float(np.vdot(x, x).real))
    assert found.right == pytest.approx(float(np.vdot(y, y).real))
    size = math.sqrt(found.left) * math.sqrt(found.right)
    assert found.product == pytest.approx(float(np.vdot(x, y).real), abs=1e-9 * size)


@pytest.mark.parametrize("way", ["plain", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(data=st.data(), step=st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_floats(dtype: str, way: str, data: st.DataObject, step: int) -> None:
    left = np.array(data.draw(st.lists(SOME, max_size=40)), dtype)
    right = left.copy()
    for place in data.draw(st.sets(st.integers(0, max(left.size - 1, 0)), max_size=8)) if left.size else ():
        right[place] = data.draw(SOME)
    found = compared(left, right, step, way)
    check(left, right, found)
    bits = left.view(f"u{left.itemsize}") != right.view(f"u{left.itemsize}")
    assert found.other_bits == np.count_nonzero(bits & ~(np.isnan(left) & np.isnan(right)))


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@given(data=st.data(), step=st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_whole_numbers_of_64_bits_are_subtracted_as_such(dtype: str, data: st.DataObject, step: int) -> None:
    bounds = np.iinfo(dtype)
    some = st.one_of(st.integers(0, 3), st.integers(1 << 61, (1 << 61) + 3), st.sampled_from([bounds.min, bounds.max]))
    pairs = data.draw(st.lists(st.tuples(some, some), max_size=30))
    left, right = (np.array([pair[side] for pair in pairs], dtype) for side in (0, 1))
    found = compared(left, right, step, "plain")
    assert found.changed == np.count_nonzero(left != right)
    exact = [abs(int(y) - int(x)) for x, y in pairs]
    assert found.max == pytest.approx(max(exact, default=0), rel=1e-15)
    assert found.sum == pytest.approx(sum(exact), rel=1e-12)


def test_complex_numbers_differ_by_distance() -> None:
    left = np.array([1 + 1j, 2j, complex(np.nan, 0), 5], np.complex64)
    right = np.array([1 + 1j, 3 + 6j, complex(np.nan, 1), 5], np.complex64)
    found = compared(left, right, 10, "plain")
    assert (found.max, found.changed, found.both, found.other_bits) == (5, 1, 3, 1)


@pytest.mark.parametrize("way", ["plain", "compiled"])
def test_large_blocks(way: str) -> None:
    random = np.random.default_rng(7)
    left = random.standard_normal(70_001).astype(np.float32)
    right = left + (random.random(70_001) < 0.3) * random.standard_normal(70_001).astype(np.float32)
    right[60_000] = np.nan
    found = compared(left, right, 33_333, way)
    check(left, right, found)


def test_minus_zero_is_other_bits_but_no_other_value() -> None:
    found = compared(np.array([0.0, 1.0]), np.array([-0.0, 1.0]), 5, "compiled")
    assert (found.changed, found.other_bits, found.max, found.at_max) == (0, 1, 0, -1)
