"""The colours' limits, the steps of cells, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_gui.core.heatmap import gaps, plane, words
from ckpt_gui.core.heatmap.limits import ABSENT, NAN, NEGINF, POSINF, STEPS, limits, outside, shades
from ckpt_gui.core.heatmap.look import look
from ckpt_gui.core.heatmap.picture import Picture, Want, picture
from ckpt_gui.core.heatmap.plane import Region
from tests.core.heatmap.tensors import Array, reading


def shown(values: Array, seen: Array | None = None) -> Picture:
    flat = plane.sliced(values.shape, 0, 1)
    there = np.ones(values.shape, np.bool_) if seen is None else seen
    return Picture(flat, flat.whole, (1, 1), "largest", "magnitude", values, there, "")


@given(
    hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(width=64)),
    st.sampled_from(["auto", "diverging", "sequential"]),
    st.sampled_from(["robust", "full"]),
)
def test_every_cell_gets_a_step_and_order_is_kept(values: Array, scale: str, span: str) -> None:
    seen = shown(values)
    within = limits(seen, scale, span)
    assert np.isfinite([within.low, within.high]).all()
    assert within.low <= within.high
    assert not within.diverging or within.low == -within.high
    steps = shades(seen, within)
    assert (steps[np.isnan(values)] == NAN).all()
    assert (steps[values == np.inf] == POSINF).all()
    assert (steps[values == -np.inf] == NEGINF).all()
    finite = np.isfinite(values)
    order = np.argsort(values[finite], kind="stable")
    assert (np.diff(steps[finite][order].astype(int)) >= 0).all()
    assert (steps[finite] < STEPS).all()


def test_the_sign_chooses_the_scale() -> None:
    both, one = np.array([[-1.0, 2.0]]), np.array([[1.0, 2.0]])
    assert limits(shown(both)).diverging
    assert not limits(shown(one)).diverging
    assert limits(shown(one), "diverging").diverging
    assert not limits(shown(both), "sequential").diverging
    assert (limits(shown(-one), span="full").low, limits(shown(-one), span="full").high) == (-2.0, -1.0)


def test_an_outlier_does_not_wash_out_the_rest() -> None:
    values = np.linspace(-1, 1, 1000).reshape(10, 100)
    values[0, 0] = 1e9
    assert limits(shown(values)).high <= 1
    assert limits(shown(values), span="full").high == 1e9
    assert outside(shown(values), limits(shown(values))).above >= 1


def test_zeros_do_not_hide_what_a_sparse_matrix_holds() -> None:
    values = np.zeros((100, 100))
    values[0, :10] = [-5, 4, -3, 2, 1, -1, 2, 3, -4, 5]
    assert limits(shown(values)).high == 5


def test_padding_has_a_step_of_its_own() -> None:
    seen = np.array([[True, False]])
    picture_ = shown(np.array([[1.0, 99.0]]), seen)
    assert limits(picture_).high == 1.0
    assert shades(picture_, limits(picture_))[0, 1] == ABSENT


def test_kernels_have_gaps_between_them() -> None:
    flat = plane.kernels((2, 3, 2, 2))
    values = np.arange(24.0).reshape(4, 6)
    seen = Picture(flat, flat.whole, (1, 1), "largest", "magnitude", values, np.ones((4, 6), np.bool_), "")
    steps = gaps.with_gaps(shades(seen, limits(seen)), seen)
    assert steps.shape == (5, 8) == gaps.extent(flat)
    assert (steps[2] == ABSENT).all()
    assert (steps[:, [2, 5]] == ABSENT).all()
    assert (steps == ABSENT).sum() == 5 * 8 - 24
    assert gaps.frame(seen) == (0, 0, 8, 5)


def test_the_strongest_cell_is_found_beside_nan_and_infinity() -> None:
    values = np.array([[1.0, np.nan, -3.0], [np.inf, 2.0, 0.0]])
    assert gaps.strongest(shown(values)) == (0, 2)
    assert gaps.strongest(shown(np.full((2, 2), np.nan))) == (0, 0)


def test_the_part_shown_is_stated(tmp_path: Path) -> None:
    flat = plane.sliced((50, 40, 3), 0, 1, {2: 1})
    with reading(torch.ones(50, 40, 3), tmp_path) as open_file:
        some = picture(open_file, 0, Want(flat, Region(0, 48, 4, 40), (4, 12)))
        single = picture(open_file, 0, Want(flat, Region(7, 8, 4, 5), (4, 12)))
    assert words.part_shown(some) == (
        "Rows 0–47 of 50 × columns 4–39 of 40; each cell the largest magnitude of 12 × 3 values; at [:, :, 1]."
    )
    assert words.part_shown(single) == "Row 7 of 50 × column 4 of 40; each cell one value; at [:, :, 1]."
    assert words.cell_text(some, 20, 10) == "cell: the largest magnitude 1.0 of rows 12–23 × columns 10–12"
    assert words.value_text(single, 7, 4) == "[7, 4, 1] = 1.0"
    assert words.value_text(some, 7, 4) == "[7, 4, 1]"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (torch.tensor([[2**60 + 1, 0]]), "[0, 0] = 1,152,921,504,606,846,977"),
        (torch.tensor([[-0.1, 0]], dtype=torch.bfloat16), "[0, 0] = −0.100097656"),
        (torch.tensor([[True, False]]), "[0, 0] = True"),
        (torch.tensor([[1 - 2j, 0]]), "[0, 0] = (1−2j)"),
    ],
)
def test_a_value_is_read_out_exactly(values: torch.Tensor, said: str, tmp_path: Path) -> None:
    flat = plane.sliced((1, 2), 0, 1)
    with reading(values, tmp_path) as open_file:
        coarse = picture(open_file, 0, Want(flat, flat.whole, (1, 1)))
        assert look(open_file, 0, coarse, 0, 0).words == said


def test_the_row_and_the_column_are_read_at_full_resolution(tmp_path: Path) -> None:
    tensor = torch.randn(60, 70)
    flat = plane.sliced((60, 70), 0, 1)
    with reading(tensor, tmp_path) as open_file:
        coarse = picture(open_file, 0, Want(flat, flat.whole, (6, 7)))
        found = look(open_file, 0, coarse, 33, 44)
    numbers = tensor.numpy()
    assert found.across is not None
    assert found.down is not None
    row, column = numbers[33].reshape(7, 10), numbers[:, 44].reshape(6, 10)
    np.testing.assert_array_equal(found.across.values, row[np.arange(7), np.abs(row).argmax(1)])
    np.testing.assert_array_equal(found.down.values, column[np.arange(6), np.abs(column).argmax(1)])
    np.testing.assert_array_equal(found.across.places, np.arange(7) * 10 + 5)


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
def test_a_sparse_matrix_is_read_out_too(tmp_path: Path) -> None:
    flat = plane.sliced((3, 3), 0, 1)
    with reading((torch.eye(3) * 2.5).to_sparse(), tmp_path) as open_file:
        seen = picture(open_file, 0, Want(flat, flat.whole, (2, 2)))
        assert look(open_file, 0, seen, 1, 1).words == "[1, 1] = 2.5"
        assert look(open_file, 0, seen, 0, 1).words == "[0, 1] = 0.0"


def test_a_line_of_a_picture_leaves_out_what_is_not_finite() -> None:
    found = gaps.line(shown(np.array([[1.0, np.nan, np.inf, 2.0]])), 0, 0)
    np.testing.assert_array_equal(found.values, [1.0, np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(found.places, [0.5, 1.5, 2.5, 3.5])


def test_a_value_between_gaps_stands_alone() -> None:
    found = gaps.line(shown(np.array([[1.0, np.nan, 2.0, 3.0, np.inf, 4.0]])), 0, 0)
    np.testing.assert_array_equal(found.alone, [True, False, False, False, False, True])


def test_what_is_no_number_is_written_as_the_values_page_does() -> None:
    texts = [words.number_text(np.float32(value)) for value in (np.nan, np.inf, -np.inf)]
    assert texts == ["NaN", "Inf", "−Inf"]
    assert words.number_text(np.bool_(True)) == "True"
    assert words.number_text(np.int64(-(2**63))) == "−9,223,372,036,854,775,808"
