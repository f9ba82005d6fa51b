"""Views, pages, pieces and layouts, read from files that torch wrote."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_gui.core.columns import Flag
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.tensors import NoValues, Reading, decode, files
from tests.builders.common import numbers, quiet
from tests.builders.safetensors_files import entry, raw_file
from tests.builders.torch_tensors import PLAIN_DTYPES, tensor_of
from tests.core.tensors.truth import bits, check_all_ways, deflated, list_of, opened, put_together, saved

VIEWED = [name for name in PLAIN_DTYPES if not name.startswith(("bits", "float4"))]

dimensions = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12)), max_size=4)


@st.composite
def views(draw: st.DrawFn) -> torch.Tensor:
    """A window of any shape, strides and offset in a storage of random bytes."""
    dtype: torch.dtype = getattr(torch, draw(st.sampled_from(VIEWED)))
    sizes = draw(dimensions)
    offset = draw(st.integers(0, 20))
    reach = offset + 1 + sum((n - 1) * step for n, step in sizes if n)
    random = np.random.default_rng(draw(st.integers(0, 99)))
    raw = torch.from_numpy(random.integers(0, 256, reach * dtype.itemsize, np.uint8))
    raw = raw % 2 if dtype == torch.bool else raw
    return raw.view(dtype).as_strided([n for n, _ in sizes], [step for _, step in sizes], offset)


def slices_of(tensor: Any) -> st.SearchStrategy[tuple[slice, ...]]:
    return st.tuples(*[st.slices(n) for n in tensor.shape])


def shape_file(path: Path, shape: list[int], dtype: str = "F32", width: int = 4) -> Path:
    """A safetensors file of zeros that takes no room on the disk."""
    nbytes = int(np.prod(shape)) * width
    raw_file(path, {"x": entry(dtype, shape, 0, nbytes)})
    os.truncate(path, path.stat().st_size + nbytes)
    return path


class TestViews:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(views())
    def test_any_view_is_torchs(self, tmp_path: Path, view: torch.Tensor) -> None:
        with Reading(saved(tmp_path / "v.pt", view)) as reading:
            check_all_ways(reading, 0, bits(view))

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_any_page_is_numpys(self, tmp_path: Path, data: st.DataObject) -> None:
        view = data.draw(views())
        index = data.draw(slices_of(view))
        with Reading(saved(tmp_path / "v.pt", view)) as reading:
            np.testing.assert_array_equal(reading.patterns(0, index), bits(view)[index])

    def test_expanded_to_2_to_the_40(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "e.pt", numbers(3, 1).expand(1 << 20, 3, 1 << 20))) as reading:
            form, boxes = reading.form(0), list_of(reading, 0, 4 << 20)
            assert (form.multiplicity, form.elements, len(boxes)) == (1 << 40, 3, 1)
            assert boxes[0].array.shape == (1, 3, 1)
            page = reading.values(0, (slice(5, 7), slice(None), slice(1 << 19, (1 << 19) + 2)))
            np.testing.assert_array_equal(page, numbers(3, 1).expand(2, 3, 2).numpy())

    def test_a_view_that_repeats_endlessly_is_refused(self, tmp_path: Path) -> None:
        windows = torch.zeros(1 << 18).unfold(0, 1 << 17, 1)
        with Reading(saved(tmp_path / "o.pt", windows)) as reading:
            assert "over and over" in reading.why_not(0)
            with pytest.raises(NoValues):
                reading.boxes(0)

    def test_a_transposed_matrix_is_read_from_first_to_last(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "t.pt", numbers(40, 30).t())) as reading:
            boxes = list_of(reading, 0, 600)
            assert not reading.form(0).row_major
            np.testing.assert_array_equal(
                np.concatenate([box.array.transpose(box.order).reshape(-1) for box in boxes]),
                bits(numbers(40, 30)).reshape(-1),
            )

    def test_a_contiguous_box_is_contiguous(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "c.pt", numbers(50, 7))) as reading:
            assert all(box.array.flags.c_contiguous for box in reading.boxes(0, 256))

    def test_the_buffer_is_used_again(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "c.pt", numbers(4096))) as reading:
            places = {box.array.ctypes.data for box in reading.boxes(0, 1024)}
            assert len(places) == 1
            one, other = reading.boxes(0, 1024), reading.boxes(0, 1024)
            assert not np.shares_memory(next(one).array, next(other).array)

    @pytest.mark.parametrize("name", ["int8", "uint8", "int64", "float16", "float64", "complex64"])
    def test_negated(self, tmp_path: Path, name: str) -> None:
        view = tensor_of(name)._neg_view()
        with Reading(saved(tmp_path / "n.pt", view)) as reading:
            np.testing.assert_array_equal(reading.patterns(0), bits(view))

    @pytest.mark.parametrize("name", ["float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e4m3fn", "float4_e2m1fn_x2"])
    def test_negated_small_floats(self, tmp_path: Path, name: str) -> None:
        every = torch.arange(256).to(torch.uint8).view(getattr(torch, name))
        plain = saved(tmp_path / "n.pt", every)
        negated = saved(tmp_path / "m.pt", every)
        negated.tensors.flags[0] |= Flag.NEG
        with Reading(negated) as reading:
            values = reading.values(0)
        with Reading(plain) as reading:
            np.testing.assert_array_equal(values, 0 - reading.values(0))

    def test_a_negated_bool_says_so(self, tmp_path: Path) -> None:
        checkpoint = saved(tmp_path / "n.pt", torch.ones(2, dtype=torch.bool))
        checkpoint.tensors.flags[0] |= Flag.NEG
        assert "negated" in Reading(checkpoint).why_not(0)


class TestPages:
    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_of_4_bit_numbers(self, tmp_path: Path, data: st.DataObject) -> None:
        with quiet():
            tensor = tensor_of("float4_e2m1fn_x2", 24).view(torch.uint8).view(4, 6)
            tensor = (tensor.t() if data.draw(st.booleans()) else tensor).view(torch.float4_e2m1fn_x2)
        whole = bits(tensor)
        index = data.draw(slices_of(whole))
        with Reading(saved(tmp_path / "f4.pt", tensor)) as reading:
            np.testing.assert_array_equal(reading.patterns(0, index), whole[index])

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_of_quantized_channels(self, tmp_path: Path, data: st.DataObject) -> None:
        axis = data.draw(st.integers(0, 1))
        scales, zeros = torch.arange(1, 7)[: (4, 6)[axis]] / 10, torch.arange(6)[: (4, 6)[axis]]
        with quiet():
            tensor = torch.quantize_per_channel(numbers(4, 6), scales, zeros, axis, torch.qint8)
            wanted = tensor.dequantize().numpy()
        index = data.draw(slices_of(wanted))
        with Reading(saved(tmp_path / "q.pt", tensor)) as reading:
            np.testing.assert_array_equal(reading.values(0, index), wanted[index])
            np.testing.assert_array_equal(reading.values(0, index, raw=True), tensor.int_repr().numpy()[index])

    def test_too_much_at_once_is_refused(self, tmp_path: Path) -> None:
        with Reading(opened(shape_file(tmp_path / "x.safetensors", [1 << 16, 1 << 11]))) as reading:
            with pytest.raises(ReadError, match="smaller part"):
                reading.values(0)
            assert reading.values(0, (slice(None), slice(3, 5))).shape == (1 << 16, 2)

    def test_more_slices_than_dimensions(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "x.pt", numbers(3))) as reading, pytest.raises(ValueError, match="2 slices"):
            reading.values(0, (slice(None), slice(None)))

    @pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what is read")
    def test_a_column_reads_little(self, tmp_path: Path) -> None:
        with Reading(opened(shape_file(tmp_path / "x.safetensors", [2048, 1 << 17]))) as reading:
            reading.values(0, (slice(0, 1), slice(0, 1)))
            before = bytes_read()
            reading.values(0, (slice(None), slice(77, 79)))
            assert bytes_read() - before < 1 << 16


def bytes_read() -> int:
    """Bytes that this process has asked for by ``read`` and ``pread``."""
    return int(Path("/proc/self/io").read_text().split()[1])


class TestQuantized:
    def test_boxes_of_numbers(self, tmp_path: Path) -> None:
        scales, zeros = torch.tensor([0.1, 0.5, 2.0]), torch.tensor([1, 2, 3])
        with quiet():
            tensor = torch.quantize_per_channel(numbers(4, 3), scales, zeros, 1, torch.quint8)
            wanted = tensor.dequantize().contiguous().numpy()
        with Reading(saved(tmp_path / "q.pt", tensor)) as reading:
            form = reading.form(0, raw=False)
            assert (form.of, form.encoding, form.pattern) == ("dequantized", "float32", np.dtype(np.uint32))
            whole, filled = put_together(list_of(reading, 0, 16, raw=False), form, (3, 1))
            np.testing.assert_array_equal(whole.view(np.float32), wanted)
            assert (filled == 1).all()

    def test_scales_that_do_not_fit(self, tmp_path: Path) -> None:
        with quiet():
            tensor = torch.quantize_per_channel(numbers(4, 3), torch.ones(4), torch.zeros(4), 0, torch.qint8)
        checkpoint = saved(tmp_path / "q.pt", tensor)
        checkpoint.extras[0]["quantizer"]["axis"] = 1
        with Reading(checkpoint) as reading:
            assert reading.values(0, raw=True).shape == (4, 3)
            with pytest.raises(NoValues, match="as many"):
                reading.values(0)

    def test_no_quantizer_to_speak_of(self, tmp_path: Path) -> None:
        with quiet():
            checkpoint = saved(tmp_path / "q.pt", torch.quantize_per_tensor(numbers(4), 0.1, 0, torch.qint8))
        checkpoint.extras[0]["quantizer"]["scale"] = None
        with pytest.raises(NoValues, match="quantizer"):
            Reading(checkpoint).form(0, raw=False)


class TestSafetensors:
    @pytest.mark.parametrize("name", ["F6_E2M3", "F6_E3M2"])
    def test_6_bit_numbers(self, tmp_path: Path, name: str) -> None:
        data = bytes(range(11, 11 + 30))
        stream = int.from_bytes(data, "little")
        wanted = np.array([stream >> (6 * at) & 63 for at in range(40)], np.uint8).reshape(5, 8)
        path = raw_file(tmp_path / "f6.safetensors", {"x": entry(name, [5, 8], 0, 30)}, data)
        with Reading(opened(path)) as reading:
            assert reading.form(0).encoding == name.lower()
            check_all_ways(reading, 0, wanted)
            np.testing.assert_array_equal(
                reading.patterns(0, (slice(None, None, -2), slice(3, None, 3))), wanted[::-2, 3::3]
            )

    def test_an_unknown_type(self, tmp_path: Path) -> None:
        path = raw_file(tmp_path / "u.safetensors", {"x": entry("F7", [2], 0, 2)}, b"ab")
        assert "F7" in Reading(opened(path)).why_not(0)


class TestStorages:
    def test_compressed(self, tmp_path: Path) -> None:
        state = {"a": numbers(30, 20), "t": numbers(30, 20).t()[3:], "b": tensor_of("bfloat16", 90)}
        saved(tmp_path / "z.pt", state)
        with Reading(opened(deflated(tmp_path / "z.pt"))) as reading:
            for number, tensor in enumerate(state.values()):
                check_all_ways(reading, number, bits(tensor))

    def test_compressed_and_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "MAX_WHOLE", 1000)
        tensor = numbers(600, 50)
        saved(tmp_path / "z.pt", tensor)
        with Reading(opened(deflated(tmp_path / "z.pt"))) as reading:
            for row in (500, 3, 599, 0):
                page = reading.values(0, (slice(row, row + 1),))
                np.testing.assert_array_equal(page, tensor[row : row + 1].numpy())

    def test_big_endian_complex(self, tmp_path: Path) -> None:
        tensor = torch.complex(numbers(5), numbers(5, seed=1))
        checkpoint = saved(tmp_path / "b.pt", tensor)
        path = Path(checkpoint.path)
        data, at = bytearray(path.read_bytes()), checkpoint.byte_offset(0)
        assert at is not None
        data[at : at + 40] = np.frombuffer(bytes(data[at : at + 40]), "<f4").astype(">f4").tobytes()
        path.write_bytes(data)
        swapped = opened(path)
        swapped.storages.big_endian[0] = 1
        with Reading(swapped) as reading:
            np.testing.assert_array_equal(reading.values(0), tensor.numpy())

    def test_several_pieces(self, tmp_path: Path) -> None:
        whole = numbers(6, 8)
        checkpoint = pieces(tmp_path, whole)
        with Reading(checkpoint) as reading:
            assert not reading.form(0).row_major
            check_all_ways(reading, 0, bits(whole))
            for index in [(slice(1, 5, 2), slice(6, 2, -1)), (slice(3, 4), slice(0, 8, 3)), (slice(0, 0), slice(2))]:
                np.testing.assert_array_equal(reading.values(0, index), whole.numpy()[tuple(index)].copy())

    @pytest.mark.parametrize("origin", [[0, 3], [0, 5], [-1, 4]])
    def test_pieces_that_do_not_fit(self, tmp_path: Path, origin: list[int]) -> None:
        checkpoint = pieces(tmp_path, numbers(6, 8))
        checkpoint.extras[0]["pieces"][1][1] = origin
        assert "do not cover" in Reading(checkpoint).why_not(0)

    def test_a_piece_beyond_its_storage(self, tmp_path: Path) -> None:
        checkpoint = pieces(tmp_path, numbers(6, 8))
        checkpoint.extras[0]["pieces"][2][4] = 30
        assert "beyond its storage" in Reading(checkpoint).why_not(0)

    def test_memory_is_bounded(self, tmp_path: Path) -> None:
        checkpoint = opened(shape_file(tmp_path / "x.safetensors", [64 << 10, 1 << 10]))
        with Reading(checkpoint) as reading:
            tracemalloc.start()
            held = sum(box.array.size for box in reading.boxes(0, 1 << 20))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert held == 64 << 20
        assert peak < 2 << 20


def pieces(folder: Path, whole: torch.Tensor) -> Checkpoint:
    """A (6, 8) tensor that lies in three storages, the first transposed."""
    parts = {"a": whole[:4, :4].t().contiguous(), "b": whole[:4, 4:].clone(), "c": whole[4:].clone()}
    checkpoint = saved(folder / "p.pt", {"whole": whole, **parts})
    storages = checkpoint.tensors.storage
    laid = [
        [storages[1], [0, 0], [4, 4], [1, 4], 0],
        [storages[2], [0, 4], [4, 4], [4, 1], 0],
        [storages[3], [4, 0], [2, 8], [8, 1], 0],
    ]
    return replace(checkpoint, extras={0: {"pieces": laid}})


class TestForms:
    def test_of_complex_numbers(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "c.pt", numbers(3, 4).to(torch.complex64))) as reading:
            form, box = reading.form(0), next(reading.boxes(0))
        assert (form.shape, form.parts, form.pattern, form.elements) == ((3, 4), 2, np.dtype(np.uint32), 12)
        assert (box.array.shape, box.order) == ((3, 4, 2), (0, 1, 2))

    def test_of_4_bit_numbers(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "f.pt", tensor_of("float4_e2m1fn_x2", 12).view(3, 4))) as reading:
            form = reading.form(0)
        assert (form.dtype, form.shape, form.elements) == ("float4_e2m1fn_x2", (3, 8), 24)

    def test_of_nothing(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "n.pt", torch.empty(2, 0, 3))) as reading:
            assert (reading.form(0).elements, list(reading.boxes(0))) == (0, [])
            assert reading.values(0).shape == (2, 0, 3)

    def test_of_a_single_number(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "s.pt", torch.tensor(2.5))) as reading:
            box = next(reading.boxes(0))
            assert (box.origin, decode(box.array, reading.form(0)).tolist()) == ((), 2.5)

    def test_of_a_sparse_tensor(self, tmp_path: Path) -> None:
        with Reading(saved(tmp_path / "s.pt", torch.eye(4).to_sparse())) as reading:
            assert (reading.form(0).of, reading.form(0).shape) == ("stored values", (4,))

    def test_why_not_needs_no_file(self, tmp_path: Path) -> None:
        checkpoint = saved(tmp_path / "s.pt", {"m": torch.empty(3, device="meta"), "w": numbers(2)})
        Path(checkpoint.path).unlink()
        reading = Reading(checkpoint)
        assert "meta device" in reading.why_not(0)
        assert reading.why_not(1) == ""

    def test_a_part_of_itself_is_refused(self, tmp_path: Path) -> None:
        checkpoint = saved(tmp_path / "s.pt", torch.eye(2).to_sparse())
        checkpoint.extras[0]["parts"] = [["values", 0]]
        assert "wrapped" in Reading(checkpoint).why_not(0)
