"""Pictures against NumPy, a cell at a time: any shape, order of axes, slice, region and number of cells."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import Cancelled, NoValues, ReadError
from ckpt_gui.core.heatmap import blocks, plane
from ckpt_gui.core.heatmap.picture import Want, picture, preview, shape_of, worth_preview
from ckpt_gui.core.heatmap.plane import Plane, Region
from ckpt_gui.core.progress import Report
from ckpt_gui.core.tensors import Reading
from tests.core.heatmap.tensors import Array, expected, reading

FLOATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2)
OTHERS = (
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.bool,
    torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
)  # fmt: skip


def drawn_tensor(shape: tuple[int, ...], dtype: torch.dtype, seed: int) -> torch.Tensor:
    """Numbers with NaN, both infinities and zeros among them, where the type has such."""
    chance = torch.Generator().manual_seed(seed)
    values = torch.randn(shape, generator=chance, dtype=torch.float64) * 20
    if dtype.is_floating_point:
        odd = torch.rand(shape, generator=chance)
        values[odd < 0.02] = torch.nan
        values[(odd > 0.02) & (odd < 0.04)] = -torch.inf
        values[odd > 0.99] = torch.inf
        values[(odd > 0.9) & (odd < 0.95)] = -0.0
    elif dtype in (torch.uint8, torch.uint16, torch.bool):
        values = values.abs() if dtype is not torch.bool else (values > 0).double()
    return values.to(dtype)


def plain(tensor: torch.Tensor) -> Array:
    return tensor.double().numpy()


@st.composite
def layouts(draw: st.DrawFn) -> tuple[torch.Tensor, Plane]:
    """A tensor of any order of axes in memory, and one of the planes it can lie in."""
    rank = draw(st.integers(1, 5))
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=rank, max_size=rank)))
    order = draw(st.permutations(range(rank)))
    dtype = draw(st.sampled_from(FLOATS + OTHERS))
    made = drawn_tensor(tuple(shape[dim] for dim in order), dtype, draw(st.integers(0, 99)))
    tensor = made.permute(*(order.index(dim) for dim in range(rank)))
    at = {dim: draw(st.integers(0, size - 1)) for dim, size in enumerate(shape)}
    kinds = [plane.row(shape), plane.folded(shape, draw(st.integers(1, 10)))] if rank == 1 else []
    if rank > 1:
        rows, columns, *_others = draw(st.permutations(range(rank)))
        kinds.append(plane.sliced(shape, rows, columns, at))
        kinds.append(plane.default_plane(shape))
    if rank > 2:
        kinds.append(plane.kernels(shape, at))
    return tensor, draw(st.sampled_from(kinds))


@st.composite
def wants(draw: st.DrawFn) -> tuple[torch.Tensor, Want]:
    tensor, flat = draw(layouts())
    top, left = draw(st.integers(0, flat.height - 1)), draw(st.integers(0, flat.width - 1))
    region = Region(top, draw(st.integers(top + 1, flat.height)), left, draw(st.integers(left + 1, flat.width)))
    cells = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    return tensor, Want(flat, draw(st.sampled_from([flat.whole, region])), cells)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=wants(), tile=st.sampled_from([64, 256, 4 << 20]), shares=st.integers(1, 3))
def test_every_cell_is_what_numpy_makes_of_its_values(
    asked: tuple[torch.Tensor, Want], tile: int, shares: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensor, want = asked
    monkeypatch.setattr(blocks, "TILE", tile)
    with tempfile.TemporaryDirectory() as folder, reading(tensor, Path(folder)) as open_file:
        with ThreadPoolExecutor(2) as executor:
            found = picture(open_file, 0, want, executor=executor, workers=shares)
            mean = picture(
                open_file, 0, Want(want.plane, want.region, want.cells, "mean"), executor=executor, workers=shares
            )
        largest, means = expected(plain(tensor), found)

    values = np.where(found.seen, found.values.astype(np.float64), np.nan)
    np.testing.assert_array_equal(np.abs(values), np.abs(largest))
    # Of +x and -x of one magnitude either may stand; signs are told apart where only one occurs.
    if found.block == (1, 1):
        np.testing.assert_array_equal(values, largest)
    np.testing.assert_allclose(np.where(mean.seen, mean.values, np.nan), means, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found.seen, mean.seen)


@pytest.mark.parametrize("values", [[1.0, -3.0, 2.0], [-1.0, 3.0, -2.0]])
def test_the_largest_magnitude_keeps_its_sign(values: list[float], tmp_path: Path) -> None:
    for dtype in (*FLOATS, torch.int8, torch.int64):
        with reading(torch.tensor(values).to(dtype), tmp_path) as open_file:
            found = picture(open_file, 0, Want(plane.row((3,)), Region(0, 1, 0, 3), (1, 1)))
        assert found.values.astype(float).tolist() == [[values[1]]]


def test_the_smallest_integer_is_the_largest_magnitude(tmp_path: Path) -> None:
    with reading(torch.tensor([127, -128, 5], dtype=torch.int8), tmp_path) as open_file:
        found = picture(open_file, 0, Want(plane.row((3,)), Region(0, 1, 0, 3), (1, 1)))
    assert found.values.tolist() == [[-128]]


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
@pytest.mark.parametrize("face", ["magnitude", "real", "imaginary"])
def test_complex_numbers_show_the_face_asked_for(dtype: torch.dtype, face: str, tmp_path: Path) -> None:
    tensor = torch.randn(6, 10, dtype=dtype)
    for one in (tensor, tensor.conj(), tensor.T):
        flat = plane.sliced(tuple(one.shape), 0, 1)
        with reading(one, tmp_path) as open_file:
            found = picture(open_file, 0, Want(flat, flat.whole, (99, 99), face=face))
        numbers = one.resolve_conj().numpy()
        wanted = {"magnitude": np.abs(numbers), "real": numbers.real, "imaginary": numbers.imag}[face]
        np.testing.assert_array_equal(found.values, wanted)


@pytest.mark.filterwarnings("ignore:torch.quantize:UserWarning")
@pytest.mark.parametrize("per_channel", [False, True])
def test_quantized_tensors_are_dequantized(per_channel: bool, tmp_path: Path) -> None:
    numbers = torch.randn(8, 12)
    if per_channel:
        scales, zeros = torch.rand(8, dtype=torch.float64) + 0.01, torch.zeros(8, dtype=torch.int64)
        tensor = torch.quantize_per_channel(numbers, scales, zeros, 0, torch.qint8)
    else:
        tensor = torch.quantize_per_tensor(numbers, 0.1, 3, torch.quint8)
    flat = plane.sliced((8, 12), 0, 1)
    with reading(tensor, tmp_path) as open_file:
        found = picture(open_file, 0, Want(flat, flat.whole, (99, 99)))
    np.testing.assert_allclose(found.values, tensor.dequantize().numpy(), rtol=1e-6)
    assert found.of == "dequantized"


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
@pytest.mark.parametrize("layout", ["coo", "csr", "csc"])
def test_sparse_matrices_stand_on_a_grid_of_zeros(layout: str, tmp_path: Path) -> None:
    dense = torch.randn(30, 40) * (torch.rand(30, 40) < 0.1)
    layouts = {"coo": torch.sparse_coo, "csr": torch.sparse_csr, "csc": torch.sparse_csc}
    tensor = dense.to_sparse(layout=layouts[layout])
    flat = plane.sliced((30, 40), 1, 0)
    with reading(tensor, tmp_path) as open_file:
        assert shape_of(open_file, 0) == (30, 40)
        for how, cells in (("largest", (99, 99)), ("largest", (7, 8)), ("mean", (7, 8))):
            found = picture(open_file, 0, Want(flat, Region(3, 40, 5, 30), cells, how))
            largest, means = expected(plain(dense), found)
            np.testing.assert_allclose(found.values, largest if how == "largest" else means, rtol=1e-6)
            assert found.seen.all()


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
def test_sparse_tensors_of_more_axes_say_so(tmp_path: Path) -> None:
    tensor = torch.eye(3).expand(2, 3, 3).contiguous().to_sparse()
    with reading(tensor, tmp_path) as open_file, pytest.raises(NoValues, match="sparse"):
        shape_of(open_file, 0)


def test_a_tensor_expanded_beyond_all_memory_costs_its_stored_values(tmp_path: Path) -> None:
    tensor = torch.arange(4.0)[:, None].expand(4, 1 << 40)
    for flat in (plane.sliced(tuple(tensor.shape), 0, 1), plane.sliced(tuple(tensor.shape), 1, 0)):
        with reading(tensor, tmp_path) as open_file:
            for region in (flat.whole, Region(0, 2, 1, 3)):
                for how in ("largest", "mean"):
                    found = picture(open_file, 0, Want(flat, region, (4, 4), how))
                    here = [flat.index_at(region.top, region.left + at) for at in range(2)]
                    assert here[0] is not None
                    assert found.values[0, 0] == here[0][0]
    with reading(torch.tensor(2.0).expand(1 << 40), tmp_path) as open_file:
        flat = plane.row((1 << 40,))
        assert picture(open_file, 0, Want(flat, flat.whole, (9, 9))).values.tolist() == [[2.0] * 9]


@pytest.mark.parametrize("shape", [(9000, 2000), (3, 6_000_000), (6_000_000, 3), (18_000_000,)])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("how", ["largest", "mean"])
def test_a_preview_shows_some_of_the_values(shape: tuple[int, ...], turned: bool, how: str, tmp_path: Path) -> None:
    tensor = torch.arange(18_000_000.0).reshape(shape)
    tensor = tensor.T if turned and len(shape) > 1 else tensor
    flat = plane.sliced(tuple(tensor.shape), 0, 1) if len(shape) > 1 else plane.row(shape)
    with reading(tensor, tmp_path) as open_file:
        want = Want(flat, flat.whole, (100, 100), how)
        assert worth_preview(open_file, 0, want)
        quick, exact = preview(open_file, 0, want), picture(open_file, 0, want)

    assert quick.sampled
    assert not exact.sampled
    assert quick.values.shape == exact.values.shape
    assert quick.seen.all()
    assert np.abs(quick.values.astype(float) - exact.values).max() < 18_000_000 / 30


class Stopping(Report):
    """Stops at the third step."""

    steps = 0

    def at(self, done: int, total: int, unit: str) -> None:
        self.steps += 1
        if self.steps == 3:
            raise Cancelled


@pytest.mark.parametrize("workers", [1, 2])
def test_work_can_be_stopped_and_leaves_nothing_behind(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "TILE", 4096)
    flat = plane.sliced((300, 300), 0, 1)
    with reading(torch.randn(300, 300), tmp_path) as open_file, ThreadPoolExecutor(2) as executor:
        report = Stopping()
        with pytest.raises(Cancelled):
            picture(open_file, 0, Want(flat, flat.whole, (9, 9)), report=report, executor=executor, workers=workers)
        assert report.steps == 3


def test_a_file_cut_short_after_it_was_opened_is_told(tmp_path: Path) -> None:
    with reading(torch.randn(300, 300), tmp_path) as open_file:
        Path(open_file.checkpoint.path).write_bytes(b"short")
        flat = plane.sliced((300, 300), 0, 1)
        with pytest.raises(ReadError):
            picture(open_file, 0, Want(flat, flat.whole, (9, 9)))


def test_a_meta_tensor_says_why_it_has_no_picture(tmp_path: Path) -> None:
    with reading(torch.empty(3, 3, device="meta"), tmp_path) as open_file, pytest.raises(NoValues, match="meta"):
        shape_of(open_file, 0)


def test_reading_is_shared_by_pictures_of_one_file(tmp_path: Path) -> None:
    with reading(torch.randn(64, 64), tmp_path) as open_file:
        assert isinstance(open_file, Reading)
        flat = plane.sliced((64, 64), 0, 1)
        first = picture(open_file, 0, Want(flat, flat.whole, (8, 8)))
        again = picture(open_file, 0, Want(flat, flat.whole, (8, 8)))
    np.testing.assert_array_equal(first.values, again.values)
