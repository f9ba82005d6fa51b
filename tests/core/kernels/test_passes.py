"""One pass, in NumPy and as machine code, against plain NumPy: whatever the values, however cut into blocks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ckpt_gui.core.kernels import passes
from ckpt_gui.core.kernels.partial import Moments, Partial, merged_cells
from ckpt_gui.core.kernels.passes import FEW, Lane
from ckpt_gui.core.tensors import table

Values = NDArray[Any]

WIDE = [np.dtype(name) for name in ("float32", "float64", "int32", "uint32", "int64", "uint64")]
HALVES = {
    "float16": ("float", 0x7C00), "bfloat16": ("float", 0x7F80), "int16": ("int", 0x8000), "uint16": ("uint", 0x8000),
}  # fmt: skip
BYTES = [
    "int8",
    "uint8",
    "bool",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
]
FLOATS = st.one_of(
    st.floats(width=32),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-45, -1e-45, 3.4e38, np.inf, -np.inf, np.nan, 1e-30, 0.1]),
)
ELEMENTS = {"few": 10, "cells": FEW + 1, "compiled": 10**9}
"""How many values a pass is told to expect: what decides which way it goes."""


def lane_of(name: str) -> Lane:
    if name in HALVES:
        order, infinity = HALVES[name]
        return Lane(np.dtype(np.uint16), table(name), order, infinity)
    return Lane(np.dtype(np.uint8), table(name)) if name in BYTES else Lane(np.dtype(name))


def passed(lane: Lane, values: Values, way: str, step: int, monkeypatch: pytest.MonkeyPatch | None = None) -> Partial:
    """The partial of a pass in blocks of ``step``; ``way`` as in ELEMENTS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "compiled_at_hand", lambda: way == "compiled")
        work = passes.start(lane, ELEMENTS[way])
    for start in range(0, len(values), step):
        work.add(np.ascontiguousarray(values[start : start + step]))
    return work.result()


def check(lane: Lane, patterns: Values, found: Partial) -> None:
    """Everything that a pass says, against NumPy."""
    values = lane.table[patterns] if lane.table is not None else patterns
    finite = values[np.isfinite(values)]
    assert (found.nan, found.posinf, found.neginf) == (
        np.isnan(values).sum(), (values == np.inf).sum(), (values == -np.inf).sum(),
    )  # fmt: skip
    signs = np.signbit(finite) if finite.dtype.kind == "f" else finite < 0
    assert (found.plus_zeros, found.minus_zeros) == (((finite == 0) & ~signs).sum(), ((finite == 0) & signs).sum())
    assert found.at_nan == (int(np.isnan(values).argmax()) if found.nan else -1)
    assert found.at_inf == (int(np.isinf(values).argmax()) if found.posinf + found.neginf else -1)
    assert int(found.counts.sum()) == finite.size
    assert np.all(np.diff(found.low) > 0)
    if not finite.size:
        assert (found.min, found.max, found.at_min, found.at_max) == (None, None, -1, -1)
        return
    assert (found.min, found.max) == (finite.min(), finite.max())
    assert found.at_min == np.flatnonzero(values == finite.min())[0]
    assert found.at_max == np.flatnonzero(values == finite.max())[0]
    check_moments(found.moments, finite)
    for low, high, count in zip(found.low, found.high, found.counts, strict=True):
        assert count == np.count_nonzero((finite.astype(np.float64) >= low) & (finite.astype(np.float64) <= high))


def check_moments(found: Moments, finite: Values) -> None:
    exact = finite.astype(np.longdouble)
    size = float(np.abs(exact).max())
    assert found.count == finite.size
    mean = (float(found.pilot) * found.scale + found.mean) / found.scale
    assert mean == pytest.approx(float(exact.mean()), rel=1e-9, abs=size * 1e-12)
    std = np.sqrt(found.m2 / found.count) / found.scale
    assert std == pytest.approx(float(exact.std()), rel=1e-9, abs=size * 1e-15)
    assert found.l1 / found.scale == pytest.approx(float(np.abs(exact).sum()), rel=1e-9)


@pytest.mark.parametrize("way", list(ELEMENTS))
@pytest.mark.parametrize("dtype", WIDE[:2], ids=str)
@given(values=st.lists(FLOATS, max_size=60), step=st.integers(1, 61))
@settings(max_examples=30, deadline=None)
def test_floats(way: str, dtype: np.dtype[Any], values: list[float], step: int) -> None:
    with np.errstate(over="ignore"):
        given_values = np.array(values, np.float32).astype(dtype)
    check(Lane(dtype), given_values, passed(Lane(dtype), given_values, way, step))


@pytest.mark.parametrize("way", list(ELEMENTS))
@pytest.mark.parametrize("dtype", WIDE[2:], ids=str)
@given(data=st.data(), step=st.integers(1, 61))
@settings(max_examples=30, deadline=None)
def test_integers(way: str, dtype: np.dtype[Any], data: st.DataObject, step: int) -> None:
    bounds = np.iinfo(dtype)
    some = st.one_of(
        st.integers(int(bounds.min), int(bounds.max)), st.integers(0, 3), st.sampled_from([bounds.min, bounds.max]),
        st.integers(bounds.max - 3, bounds.max),
    )  # fmt: skip
    values = np.array(data.draw(st.lists(some, max_size=60)), dtype)
    check(Lane(dtype), values, passed(Lane(dtype), values, way, step))


@pytest.mark.parametrize("way", ["few", "compiled"])
@pytest.mark.parametrize("name", [*HALVES, *BYTES])
@given(data=st.data(), step=st.integers(1, 61))
@settings(max_examples=20, deadline=None)
def test_patterns(way: str, name: str, data: st.DataObject, step: int) -> None:
    lane = lane_of(name)
    top = (1 << 8 * lane.dtype.itemsize) - 1
    some = st.one_of(st.integers(0, top), st.sampled_from([0, top, top >> 1, (top >> 1) + 1, 0x7C & top]))
    patterns = np.array(data.draw(st.lists(some, max_size=60)), lane.dtype)
    check(lane, patterns, passed(lane, patterns, way, step))


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "bfloat16", "uint8"])
def test_large_blocks_that_end_within_a_block_of_the_loop(name: str) -> None:
    random = np.random.default_rng(5)
    lane = lane_of(name)
    if lane.table is not None:
        values: Values = random.integers(0, 1 << 8 * lane.dtype.itemsize, 70_003).astype(lane.dtype)
    else:
        values = (random.standard_normal(70_003) * 1000).astype(lane.dtype)
    for step in (4096, 4097, 65_536, 70_003):
        check_sums(lane, values, passed(lane, values, "compiled", step))


def check_sums(lane: Lane, patterns: Values, found: Partial) -> None:
    values = lane.table[patterns] if lane.table is not None else patterns
    finite = values[np.isfinite(values)]
    assert found.moments.count == finite.size == found.counts.sum()
    assert found.at_min == np.flatnonzero(values == finite.min())[0]
    check_moments(found.moments, finite)


@pytest.mark.parametrize("way", list(ELEMENTS))
@pytest.mark.parametrize("dtype", WIDE, ids=str)
def test_what_hardly_varies_keeps_its_spread(way: str, dtype: np.dtype[Any]) -> None:
    """Plain sums of x and x² would give 0, or nonsense."""
    random = np.random.default_rng(1)
    if dtype.kind == "f":
        values = (1 + 1e-6 * random.standard_normal(20_000)).astype(dtype)
    else:
        values = (random.integers(0, 3, 20_000) + (1 << (8 * dtype.itemsize - 2))).astype(dtype)
    found = passed(Lane(dtype), values, way, 999).moments
    wide = values.astype(np.float64 if dtype.kind == "f" else np.int64)
    exact = (wide - wide[0]).astype(np.longdouble)
    assert np.sqrt(found.m2 / found.count) == pytest.approx(float(exact.std()), rel=1e-9)
    constant = passed(Lane(dtype), np.full(20_000, values[1]), way, 999).moments
    assert constant.m2 == 0


@given(
    parts=st.lists(st.lists(st.floats(-1e6, 1e6, width=32), max_size=20), min_size=1, max_size=6),
    scales=st.lists(st.sampled_from([1.0, 2.0**-30, 2.0**40]), min_size=6, max_size=6),
)
def test_moments_merge_to_those_of_the_whole(parts: list[list[float]], scales: list[float]) -> None:
    merged = Moments()
    for part, scale in zip(parts, scales, strict=False):
        if part:
            work = passes.start(Lane(np.dtype(np.float64)), 10, scale)
            work.add(np.array(part))
            merged.add(work.result().moments)
    whole = np.array([value for part in parts for value in part])
    assert merged.count == whole.size
    if whole.size:
        check_moments(merged, whole)


def test_cells_of_several_passes_become_one_list() -> None:
    one = (np.array([0.0, 1.0]), np.array([0.5, 1.0]), np.array([3, 4]))
    other = (np.array([0.0, 2.0]), np.array([0.5, 2.5]), np.array([1, 2]))
    low, high, counts = merged_cells([one, other])
    assert (low.tolist(), high.tolist(), counts.tolist()) == ([0, 1, 2], [0.5, 1, 2.5], [4, 4, 2])
    assert [column.size for column in merged_cells([])] == [0, 0, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cells_are_as_narrow_as_they_are_said_to_be(dtype: Any) -> None:
    values = np.random.default_rng(2).standard_normal(50_000).astype(dtype)
    found = passed(Lane(np.dtype(dtype)), values, "compiled", 50_000)
    away = np.abs(found.low) > 1e-30
    width = (found.high - found.low)[away] / np.maximum(np.abs(found.low), np.abs(found.high))[away]
    assert width.max() <= 1 / 128


def test_only_what_a_former_run_left_is_loaded_ahead(tmp_path: Path) -> None:
    program = """
import numpy as np
from ckpt_gui.core.kernels import passes
lane = passes.Lane(np.dtype(np.float32))
print(passes.load(lane), passes.compiled_at_hand())
passes.start(lane, 10**8).add(np.ones(5000, np.float32))
print(passes.load(lane), passes.compiled_at_hand())
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for said in ("False False\nTrue True\n", "True True\nTrue True\n"):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        assert done.stdout == said
