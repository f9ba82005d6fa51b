"""Counts between edges, against ``np.histogram``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.kernels import binning, compiled  # noqa: F401
from ckpt_gui.core.kernels.binning import Binning
from tests.core.kernels.test_passes import lane_of

NAMES = ["float32", "float64", "int32", "uint64", "bfloat16", "float8_e4m3fn", "int8"]


@pytest.mark.parametrize("elements", [10, 10**9], ids=["plain", "compiled"])
@pytest.mark.parametrize("magnitudes", [False, True], ids=["values", "magnitudes"])
@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_any_edges(name: str, magnitudes: bool, elements: int, data: st.DataObject) -> None:
    lane = lane_of(name)
    bits = 8 * lane.dtype.itemsize
    patterns = np.array(data.draw(st.lists(st.integers(0, (1 << bits) - 1), max_size=50)), f"u{bits // 8}")
    block: Any = patterns if lane.table is not None else patterns.view(lane.dtype)
    values = lane.table[patterns] if lane.table is not None else block
    finite = values[np.isfinite(values)].astype(np.float64)
    finite = np.abs(finite) if magnitudes else finite
    some = st.one_of(st.floats(-1e6, 1e6), st.sampled_from(finite.tolist() or [0.0]))
    edges = np.array(sorted(data.draw(st.lists(some, min_size=2, max_size=12))), np.float64)
    edges = np.unique(edges) if len(np.unique(edges)) > 1 else edges[:2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binning, "compiled_at_hand", lambda: elements > 10)
        work = Binning(lane, edges, magnitudes, elements)
    work.add(block)
    work.add(block[:7])
    counts = work.counts()
    both = np.concatenate([finite, _first(values, magnitudes)])
    expected, _ = np.histogram(both, edges)
    assert counts[1:-1].tolist() == expected.tolist()
    assert (counts[0], counts[-1]) == ((both < edges[0]).sum(), (both > edges[-1]).sum())


def _first(values: Any, magnitudes: bool) -> Any:
    some = values[:7]
    some = some[np.isfinite(some)].astype(np.float64)
    return np.abs(some) if magnitudes else some


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_what_is_not_finite_is_in_no_bin(name: str) -> None:
    block = np.tile(np.array([np.inf, -np.inf, np.nan, 0.25], name), 50)
    for turned in range(4):  # one of the four tables each
        work = Binning(lane_of(name), np.linspace(-1, 1, 9), False, 10**9)
        work.add(np.roll(block, turned))
        assert work.counts().tolist() == [0, 0, 0, 0, 0, 0, 50, 0, 0, 0]
