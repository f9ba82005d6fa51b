"""Pages of tables and places in them, read from files that torch wrote; NumPy and torch are the judges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import Cancelled, NoValues, ReadError
from ckpt_gui.core.progress import Report
from ckpt_gui.core.reader import read
from ckpt_gui.core.table import seek
from ckpt_gui.core.table.cells import fetch, open_table
from ckpt_gui.core.table.chunks import chunks
from ckpt_gui.core.table.index_line import parse
from ckpt_gui.core.table.layout import Layout, layout
from ckpt_gui.core.table.styles import Style
from ckpt_gui.core.table.tsv import MAX_CELLS, tsv
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import quiet
from tests.core.table.test_layout import layouts
from tests.core.tensors.truth import bits, saved
from tests.formats.contract import REAL, Case, good_names, real_names

files = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Stopper(Report):
    """Stops at the first report."""

    def at(self, done: int, total: int, unit: str) -> None:
        raise Cancelled


def all_places(shown: Layout) -> list[tuple[int, ...]]:
    """Every entry in the order of the table."""
    places = [shown.at(row, column) for row in range(shown.rows) for column in range(shown.columns)]
    return [place for place in places if place is not None]


def turned(tensor: torch.Tensor) -> torch.Tensor:
    """Its dimensions the other way round."""
    return tensor.permute(list(reversed(range(tensor.ndim))))


@files
@given(layouts(least=1), st.data())
def test_pages_hold_the_entries_of_their_cells(tmp_path: Path, shown: Layout, data: st.DataObject) -> None:
    numel = int(np.prod(shown.shape))
    tensor = torch.arange(numel, dtype=torch.float64).reshape(shown.shape)
    if data.draw(st.booleans()):
        tensor = turned(turned(tensor).contiguous())
    with Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        if not shown.count:
            return
        first = data.draw(st.integers(0, shown.rows - 1))
        rows = range(first, data.draw(st.integers(first + 1, shown.rows)))
        cells = fetch(reading, 0, shown, rows, range(shown.columns))
        for row in rows:
            for column in range(shown.columns):
                place = shown.at(row, column)
                if place is not None:
                    assert cells.cell(row, column)[0] == tensor[place]


MANY = 200_000
"""Elements; larger ones take too long."""


def check_whole(reading: Reading, number: int, tensor: torch.Tensor) -> None:
    """The table of a tensor, as it is shown first, has torch's bits in their places, and its largest value."""
    shown = open_table(reading, number, raw=True).start
    if not 0 < shown.count < MANY:
        return
    wanted = bits(tensor)
    tail = wanted.shape[len(shown.shape) :]
    cells = fetch(reading, number, shown, range(shown.rows), range(shown.columns), raw=True)
    np.testing.assert_array_equal(
        cells.patterns.reshape(-1, *tail)[: shown.count], wanted.reshape(-1, *tail), strict=True
    )
    found = seek.find_extreme(reading, number, shown, True, raw=True)
    values = reading.values(number, raw=True)
    values = np.abs(values) if values.dtype.kind == "c" else values
    finite = values[np.isfinite(values)]
    assert (found is None) == (not finite.size)
    assert found is None or values[found.place] == finite.max()


def compare(case: Case) -> None:
    checkpoint = read(case.path).checkpoint
    numbers = {json.dumps(checkpoint.path_of(checkpoint.tensors.node[one])): one for one in range(checkpoint.rows)}
    with Reading(checkpoint) as reading:
        for path, row in case.judged.items():
            if "tensor" in row and path in case.ours and not reading.why_not(numbers[path]):
                check_whole(reading, numbers[path], row["tensor"])


@pytest.mark.parametrize(
    "name",
    [name for name in good_names() if name.startswith(("torch-dtype", "torch-view", "torch-layout", "torch-class"))],
)
def test_every_kind_of_tensor(name: str, tmp_path: Path) -> None:
    compare(Case(name, CASES[name](tmp_path)))


@pytest.mark.parametrize("name", real_names())
def test_every_real_file(name: str) -> None:
    if not (REAL / name).exists():
        pytest.skip("no real checkpoints here")
    compare(Case(name, REAL / name))


@pytest.mark.parametrize("kind", ["coo", "csr", "csc", "bsr", "hybrid"])
def test_sparse_rows_are_told_by_their_indices(tmp_path: Path, kind: str) -> None:
    dense = torch.zeros(6, 8)
    dense[0, 1], dense[3, 7], dense[5, 0] = 1.0, -2.0, 3.5
    with quiet():
        sparse = {
            "coo": dense.to_sparse(), "csr": dense.to_sparse_csr(), "csc": dense.to_sparse_csc(),
            "bsr": dense.to_sparse_bsr((2, 2)), "hybrid": dense.to_sparse(1),
        }[kind]  # fmt: skip
    with Reading(saved(tmp_path / "s.pt", sparse)) as reading:
        table = open_table(reading, 0)
        assert table.sparse
        shown = table.start
        cells = fetch(reading, 0, shown, range(shown.rows), range(shown.columns))
        for row in range(shown.rows):
            corner = [int(one) for one in cells.labels[row].partition(";")[0].split(", ")]
            for column in range(shown.columns):
                place = shown.at(row, column)
                assert place is not None
                inner = place[1:]
                where = (corner[0] + inner[0], corner[1] + inner[1]) if kind == "bsr" else (*corner, *inner)
                assert cells.cell(row, column)[0] == dense[where]


def test_quantized_both_ways(tmp_path: Path) -> None:
    with quiet():
        tensor = torch.quantize_per_tensor(torch.randn(4, 5), 0.1, 3, torch.qint8)
        numbers, integers = tensor.dequantize(), tensor.int_repr()
    with Reading(saved(tmp_path / "q.pt", tensor)) as reading:
        for raw, wanted in ((False, numbers), (True, integers)):
            table = open_table(reading, 0, raw=raw)
            assert table.quantized
            cells = fetch(reading, 0, table.start, range(4), range(5), raw=raw)
            np.testing.assert_array_equal(cells.values, wanted.numpy())


def test_meta_has_none(tmp_path: Path) -> None:
    with (
        Reading(saved(tmp_path / "m.pt", {"m": torch.zeros(3, device="meta")})) as reading,
        pytest.raises(NoValues, match="meta device"),
    ):
        open_table(reading, 0)


# ------------------------------------------------------------------------------------------------ chunks


@given(st.lists(st.integers(0, 5), max_size=4), st.integers(1, 60), st.randoms())
def test_chunks_go_once_through_everything_in_order(sizes: list[int], most: int, random: Any) -> None:
    order = list(range(len(sizes)))
    random.shuffle(order)
    array = np.arange(int(np.prod(sizes))).reshape(sizes)
    seen: list[int] = []
    for box in chunks(sizes, order, most):
        part = array[tuple(slice(one.start, one.stop) for one in box)]
        assert 0 < part.size <= most
        seen += part.transpose(order).reshape(-1).tolist()
    assert seen == array.transpose(order).reshape(-1).tolist()


# ------------------------------------------------------------------------------------------------ seek


@st.composite
def spotted(draw: st.DrawFn) -> tuple[Layout, torch.Tensor]:
    """A layout, and a tensor for it with a few NaN and infinities, laid out in any order, perhaps expanded."""
    shown = draw(layouts(least=1))
    values = draw(
        st.lists(
            st.sampled_from([0.0, 1.0, -1.0, 2.5, float("nan"), float("inf"), float("-inf")]),
            min_size=int(np.prod(shown.shape)),
            max_size=int(np.prod(shown.shape)),
        )
    )
    tensor = torch.tensor(values, dtype=torch.float32).reshape(shown.shape)
    order = draw(st.permutations(range(len(shown.shape))))
    back = [order.index(dim) for dim in range(len(order))]
    return shown, tensor.permute(order).contiguous().permute(back)


@files
@given(spotted(), st.sampled_from(["NaN", "Inf"]), st.data())
def test_the_next_is_the_next_of_the_table(
    tmp_path: Path, drawn: tuple[Layout, torch.Tensor], what: str, data: st.DataObject
) -> None:
    shown, tensor = drawn
    places = all_places(shown)
    after = data.draw(st.none() | st.sampled_from(places)) if places else None
    test = torch.isnan if what == "NaN" else torch.isinf
    hits = [place for place in places if test(tensor[place])]
    start = places.index(after) + 1 if after is not None else 0
    later = [place for place in places[start:] if place in hits]
    wanted = next(iter(later or hits), None)
    with pytest.MonkeyPatch.context() as patch, Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        patch.setattr(seek, "NBYTES", data.draw(st.sampled_from([4, 20, 4096])))
        found = seek.find_next(reading, 0, shown, what, after)
    assert (found.place if found else None) == wanted
    assert found is None or found.wrapped == (not later)


@files
@given(spotted(), st.booleans(), st.sampled_from([4, 20, 4096]))
def test_extremes_are_the_first_of_the_table(
    tmp_path: Path, drawn: tuple[Layout, torch.Tensor], largest: bool, nbytes: int
) -> None:
    shown, tensor = drawn
    finite = [place for place in all_places(shown) if torch.isfinite(tensor[place])]
    with pytest.MonkeyPatch.context() as patch, Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        patch.setattr(seek, "NBYTES", nbytes)
        found = seek.find_extreme(reading, 0, shown, largest)
    if not finite:
        assert found is None
        return
    best = (max if largest else min)(float(tensor[place]) for place in finite)
    assert found is not None
    assert found.place == next(place for place in finite if float(tensor[place]) == best)


def test_integers_beyond_doubles_are_told_apart(tmp_path: Path) -> None:
    tensor = torch.tensor([2**62, 2**62 + 1, 2**62])
    with Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        found = seek.find_extreme(reading, 0, layout((3,)), True)
        assert found is not None
        assert found.place == (1,)
        assert seek.find_next(reading, 0, layout((3,)), "NaN") is None


def test_complex_is_by_magnitude(tmp_path: Path) -> None:
    tensor = torch.tensor([1 + 1j, -3j, 2 + 0j, complex(float("nan"), 0)])
    with Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        found = seek.find_extreme(reading, 0, layout((4,)), True)
        assert found is not None
        assert found.place == (1,)
        nan = seek.find_next(reading, 0, layout((4,)), "NaN")
        assert nan is not None
        assert nan.place == (3,)


def test_an_expanded_tensor_is_looked_at_once(tmp_path: Path) -> None:
    row = torch.tensor([0.0, float("nan"), 5.0])
    tensor = row.expand(1 << 40, 3)
    with Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        shown = layout((1 << 40, 3))
        nan = seek.find_next(reading, 0, shown, "NaN", (1 << 30, 0))
        assert nan is not None
        assert nan.place == (1 << 30, 1)
        largest = seek.find_extreme(reading, 0, shown, True)
        assert largest is not None
        assert largest.place == (0, 2)


def test_searches_can_be_stopped(tmp_path: Path) -> None:
    with Reading(saved(tmp_path / "t.pt", torch.zeros(10))) as reading:
        with pytest.raises(Cancelled):
            seek.find_next(reading, 0, layout((10,)), "NaN", report=Stopper())
        with pytest.raises(Cancelled):
            seek.find_extreme(reading, 0, layout((10,)), True, report=Stopper())


# ------------------------------------------------------------------------------------------------ tsv


def test_tsv_is_the_cells(tmp_path: Path) -> None:
    tensor = torch.tensor([[1.5, float("nan"), -0.0], [float("inf"), 0.1, 3.0]])
    with Reading(saved(tmp_path / "t.pt", tensor)) as reading:
        shown = layout((2, 3))
        assert tsv(reading, 0, shown, range(2), range(3), Style()) == "1.5\tNaN\t-0.0\nInf\t0.1\t3.0"
        assert tsv(reading, 0, shown, range(1, 2), range(1, 2), Style("fixed", 2)) == "0.10"
        turned = layout((2, 3), None, 0)
        assert tsv(reading, 0, turned, range(1), range(2), Style()) == "1.5\tInf"


def test_tsv_of_a_wrapped_tensor_ends_where_it_ends(tmp_path: Path) -> None:
    with Reading(saved(tmp_path / "t.pt", torch.arange(13))) as reading:
        shown = layout((13,), parse(":", (13,)))
        assert tsv(reading, 0, shown, range(2), range(1, 5), Style()) == "1\t2\t3\t4\n11\t12"


def test_tsv_has_a_limit_and_says_so(tmp_path: Path) -> None:
    with Reading(saved(tmp_path / "t.pt", torch.zeros(1).expand(MAX_CELLS, 2))) as reading:
        shown = layout((MAX_CELLS, 2))
        with pytest.raises(ReadError, match="too many for the clipboard"):
            tsv(reading, 0, shown, range(MAX_CELLS), range(2), Style())


def test_halves_of_a_repeated_byte_are_both_looked_at(tmp_path: Path) -> None:
    raw = torch.tensor([0x71], dtype=torch.uint8).expand(1 << 10)  # 0.5 in the low half, 6 in the high one
    with quiet(), Reading(saved(tmp_path / "f4.pt", raw.view(torch.float4_e2m1fn_x2))) as reading:
        found = seek.find_extreme(reading, 0, open_table(reading, 0).start, True)
        assert found is not None
        assert found.place == (1,)
