"""Any shape as rows and columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_gui.core.heatmap import gaps, plane
from ckpt_gui.core.heatmap.blocks import bounds
from ckpt_gui.core.heatmap.plane import Plane, Region

SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=5).map(tuple)


def planes(shape: tuple[int, ...]) -> list[Plane]:
    found = [plane.default_plane(shape)]
    if len(shape) == 1:
        found += [plane.row(shape), plane.folded(shape, 3)]
    else:
        found.append(plane.sliced(shape, 1, 0))
    if len(shape) > 2:
        found.append(plane.kernels(shape))
    return found


@given(SHAPES)
def test_every_element_of_the_slice_has_one_place(shape: tuple[int, ...]) -> None:
    for flat in planes(shape):
        places = [flat.index_at(row, column) for row in range(flat.height) for column in range(flat.width)]
        held = [place for place in places if place is not None]
        moving = {axis.dim for axis in (*flat.rows, *flat.columns)}
        expected = 1
        for dim in moving:
            expected *= shape[dim]
        assert len(set(held)) == len(held) == expected
        assert all(place[dim] == at for place in held for dim, at in flat.fixed)


@given(SHAPES, st.data())
def test_bounds_hold_every_element_of_a_region(shape: tuple[int, ...], data: st.DataObject) -> None:
    for flat in planes(shape):
        top, left = data.draw(st.integers(0, flat.height - 1)), data.draw(st.integers(0, flat.width - 1))
        bottom = data.draw(st.integers(top + 1, flat.height))
        right = data.draw(st.integers(left + 1, flat.width))
        box = bounds(flat, Region(top, bottom, left, right))
        for row in range(top, bottom):
            for column in range(left, right):
                index = flat.index_at(row, column)
                assert index is None or all(one.start <= at < one.stop for at, one in zip(index, box, strict=True))


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((10,), "row"), ((4096,), "folded"), ((64, 3, 7, 7), "kernels"), ((8, 4, 3), "kernels"),
        ((64, 32, 1, 1), "slice"), ((3, 4), "slice"), ((2, 3, 50, 60), "slice"), ((1, 9), "slice"),
        ((9, 1, 1), "slice"),
    ],
)  # fmt: skip
def test_the_layout_most_likely_wanted_comes_first(shape: tuple[int, ...], name: str) -> None:
    found = plane.default_plane(shape)
    assert found.name == name
    if name == "slice":  # of axes that are longer than one
        assert found.height * found.width == max(1, max(shape)) or found.height > 1


def test_rows_and_columns_need_two_axes() -> None:
    with pytest.raises(ValueError, match="two axes"):
        plane.sliced((2, 3), 1, 1)


def test_a_fixed_index_stays_inside_its_axis() -> None:
    assert plane.sliced((2, 3, 4), 1, 2, {0: 99}).fixed == ((0, 1),)


def test_a_thin_strip_of_kernels_goes_on_beside_itself() -> None:
    found = plane.kernels((256, 1, 3, 3))
    assert 0.4 < found.height / found.width < 2.5
    assert plane.kernels((4, 4, 3, 3)).split is None


def test_a_long_vector_folds_without_a_long_search() -> None:
    assert plane.folded((1 << 40,), plane.square_side(1 << 40)).width == 1 << 20
    assert plane.square_side(4096) == 64


@given(st.integers(1, 60), st.integers(0, 7))
def test_places_and_numbers_are_inverse(count: int, tile: int) -> None:
    for number in range(count):
        place = gaps.place(number, tile)
        assert gaps.number_at(place + 0.5, tile, count) == number
    assert gaps.number_at(-5.0, tile, count) == 0
    assert gaps.number_at(1e30, tile, count) == count - 1


def test_marks_are_round_and_few() -> None:
    flat = plane.sliced((50_257, 768), 0, 1)
    found = gaps.marks(0, 50_257, 10, flat, 0)
    assert [tick.text for tick in found][:3] == ["0", "10,000", "20,000"]
    assert len(found) <= 10
    assert [tick.text for tick in gaps.marks(768, 0, 4, flat, 1)] == ["0", "200", "400", "600"]
    kernels = plane.kernels((8, 8, 3, 3))
    assert [tick.position for tick in gaps.marks(0, 32, 8, kernels, 0)] == [1.5 + 4 * at for at in range(8)]
