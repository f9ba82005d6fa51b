"""Any window of a storage, cut into boxes of any size, is that window: each element in its place, once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.tensors.windows import MAX_READS, Cut, Cuts, Window, share

Numbers = npt.NDArray[np.int64]

windows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 40)), max_size=4).flatmap(
    lambda dims: st.builds(
        Window, st.just(tuple(n for n, _ in dims)), st.just(tuple(step for _, step in dims)), st.integers(0, 50)
    )
)
transposed = st.tuples(st.permutations([0, 1, 2]), st.tuples(*[st.integers(1, 7)] * 3), st.integers(1, 3)).map(
    lambda drawn: permuted(*drawn)
)
"""Whole storages in another order of dimensions, perhaps with gaps."""


def permuted(order: list[int], shape: tuple[int, ...], gap: int) -> Window:
    steps = np.cumprod([gap, *(n * gap for n in shape[:0:-1])])[::-1].tolist()
    return Window(tuple(shape[at] for at in order), tuple(steps[at] for at in order), 3)


def read(cut: Cut) -> Numbers:
    """A storage whose elements are their own positions, read as the cut says."""
    flat = np.concatenate([np.arange(start, start + cut.span) for start in cut.starts])
    return np.ndarray(cut.shape, np.int64, flat, 0, tuple(8 * step for step in cut.steps))


def positions(window: Window) -> Numbers:
    """Where each element of a window lies."""
    grid = np.indices(window.shape, np.int64)
    # A dimension that is not walked along may have any stride, beyond 64 bits too.
    walked = [step if size > 1 else 0 for size, step in zip(window.shape, window.stride, strict=True)]
    steps = np.array(walked, np.int64).reshape(-1, *(1,) * len(window.shape))
    return np.asarray(window.first + (grid * steps).sum(axis=0))


def put_together(cuts: Cuts, window: Window, kept: frozenset[int]) -> tuple[Numbers, Numbers]:
    whole, filled = np.full(window.shape, -1), np.zeros(window.shape, int)
    for cut in cuts:
        place = tuple(
            slice(None) if not step and dim not in kept else slice(at, at + n)
            for dim, (at, n, step) in enumerate(zip(cut.origin, cut.shape, window.stride, strict=True))
        )
        whole[place] = read(cut)
        filled[place] += 1
    return whole, filled


@given(windows | transposed, st.integers(1, 60), st.integers(1, 80), st.booleans())
def test_boxes_are_the_window(window: Window, most: int, gap: int, keep: bool) -> None:
    kept = frozenset(range(len(window.shape)) if keep else ())
    cuts = Cuts(window, most, gap, kept)
    whole, filled = put_together(cuts, window, kept)
    np.testing.assert_array_equal(whole, positions(window))
    assert (filled == 1).all()
    assert cuts.elements == sum(read(cut).size for cut in cuts)


@given(windows | transposed, st.integers(1, 60), st.integers(1, 80))
def test_boxes_keep_to_their_size(window: Window, most: int, gap: int) -> None:
    cuts = Cuts(window, most, gap)
    for cut in cuts:
        assert len(cut.starts) * cut.span <= min(most, cuts.room)
        assert read(cut).size <= most


@given(transposed, st.integers(1, 60), st.integers(1, 80))
def test_storage_order_never_goes_back(window: Window, most: int, gap: int) -> None:
    starts = [start for cut in Cuts(window, most, gap) for start in cut.starts]
    assert all(one < other for one, other in pairwise(starts))


@given(st.permutations([0, 1, 2]), st.tuples(*[st.integers(1, 7)] * 3), st.integers(1, 400))
def test_the_order_tells_how_boxes_lie(order: list[int], shape: tuple[int, ...], most: int) -> None:
    cuts = Cuts(permuted(order, shape, 1), most, 1000)
    assert all(read(cut).transpose(cuts.order).flags.c_contiguous for cut in cuts)


@given(windows, st.integers(1, 60))
def test_overlapping_views_come_row_by_row(window: Window, most: int) -> None:
    cuts = Cuts(window, most, 10)
    if not cuts.nested:
        corners = [cut.origin for cut in cuts]
        assert corners == sorted(corners)
        assert cuts.row_major


@given(windows, st.integers(1, 30))
def test_room_is_enough(window: Window, most: int) -> None:
    cuts = Cuts(window, most, 10)
    assert max((len(cut.starts) * cut.span for cut in cuts), default=0) <= cuts.room


def test_row_major_is_told() -> None:
    assert Cuts(Window((3, 4), (4, 1), 0), 100, 100).row_major
    assert not Cuts(Window((3, 4), (1, 3), 0), 100, 100).row_major


def test_what_lies_far_apart_is_read_piece_by_piece() -> None:
    cuts = Cuts(Window((1000, 2), (500, 1), 7), 10_000, 100)
    assert [(len(cut.starts), cut.span) for cut in cuts] == [(1000, 2)]


def test_near_gaps_are_read_through() -> None:
    cuts = Cuts(Window((1000,), (50,), 0), 100_000, 100)
    assert [(len(cut.starts), cut.span) for cut in cuts] == [(1, 999 * 50 + 1)]


def test_a_box_takes_a_bounded_number_of_reads() -> None:
    cuts = Cuts(Window((100_000,), (1 << 20,), 0), 1 << 20, 100)
    assert max(len(cut.starts) for cut in cuts) <= MAX_READS


def test_stride_0_costs_nothing() -> None:
    cuts = Cuts(Window((1 << 40, 3, 1 << 20), (0, 1, 0), 0), 100, 100)
    assert (cuts.count, cuts.elements, cuts[0].shape) == (1, 3, (1, 3, 1))


def test_splits_are_even() -> None:
    cuts = Cuts(Window((10, 1025), (1025, 1), 0), 1024, 10)
    assert {cut.shape for cut in cuts} == {(1, 513), (1, 512)}


@given(st.integers(0, 100), st.integers(1, 20))
def test_shares_are_all(count: int, n: int) -> None:
    assert [one for k in range(n) for one in share(count, (k, n))] == list(range(count))


@given(windows, st.data())
def test_a_selection_is_numpys(window: Window, data: st.DataObject) -> None:
    picks = [data.draw(st.slices(n)) for n in window.shape]
    ranges = [range(n)[pick] for n, pick in zip(window.shape, picks, strict=True)]
    ranges = [one[::-1] if one.step < 0 else one for one in ranges]
    index = tuple(slice(one.start, one.stop, one.step) for one in ranges)
    np.testing.assert_array_equal(positions(window.select(ranges)), positions(window)[index])


@given(windows)
def test_the_end_is_past_the_last_element(window: Window) -> None:
    assert window.end == (positions(window).max() + 1 if 0 not in window.shape else window.first)
