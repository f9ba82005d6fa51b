"""Whole numbers of thousands of digits, which Python refuses to write, wherever a file can have a number."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest

from ckpt_gui.core.formats import open_checkpoint
from tests.builders.opcodes import (
    BINPERSID,
    BUILD,
    EMPTY_DICT,
    MARK,
    NEWFALSE,
    REDUCE,
    SETITEMS,
    TUPLE,
    Assembler,
)
from tests.core.opened import survives

HUGE = 1 << 20_000
LARGE = 1 << 62


def begun(key: object = "x") -> Assembler:
    return Assembler(4).raw(EMPTY_DICT, MARK).value(key)


def call(module: str, name: str, *args: object) -> bytes:
    return begun().name(module, name).value(args).raw(REDUCE, SETITEMS).stop()


def meta(code: Assembler, *sizes: int) -> Assembler:
    code.name("torch._utils", "_rebuild_meta_tensor_no_storage").raw(MARK).name("torch", "float32")
    return code.value(sizes).value((1,) * len(sizes)).value(False).raw(TUPLE, REDUCE)


def array_of(size: int) -> bytes:
    code = begun().name("numpy.core.multiarray", "_reconstruct").value(()).raw(REDUCE, MARK).value(1).value((size,))
    code.name("numpy", "dtype").value(("f4", False, True)).raw(REDUCE, NEWFALSE).value(b"four")
    return code.raw(TUPLE, BUILD, SETITEMS).stop()


def quantized(scale: object, zero: object) -> bytes:
    code = begun().name("torch._utils", "_rebuild_qtensor").raw(MARK).storage(of=("torch", "QInt8Storage"))
    code.value(0).value((4,)).value((1,)).raw(MARK).name("torch", "per_tensor_affine").value(scale).value(zero)
    return code.raw(TUPLE).value(False).ordered_dict().raw(TUPLE, REDUCE, SETITEMS).stop()


STREAMS = {
    "size": begun().tensor((HUGE,)).raw(SETITEMS).stop(),
    "size_beside_zero": begun().tensor((HUGE, 0), (1, 1)).raw(SETITEMS).stop(),
    "negative_size": begun().tensor((-HUGE,)).raw(SETITEMS).stop(),
    "stride": begun().tensor((4,), (HUGE,)).raw(SETITEMS).stop(),
    "offset": begun().tensor(offset=HUGE).raw(SETITEMS).stop(),
    "negative_offset": begun().tensor(offset=-HUGE).raw(SETITEMS).stop(),
    "elements": begun().tensor(numel=HUGE).raw(SETITEMS).stop(),
    "storage_key": begun().tensor(key=HUGE).raw(SETITEMS).stop(),
    "storage_alone": begun().storage("0", HUGE).raw(SETITEMS).stop(),
    "many_large_sizes": begun().tensor((LARGE,) * 64, (1,) * 64).raw(SETITEMS).stop(),
    "too_many_large_sizes": begun().tensor((LARGE,) * 66, (1,) * 66).raw(SETITEMS).stop(),
    "endless_sizes": begun().tensor((LARGE,) * 100_000).raw(SETITEMS).stop(),
    "meta": meta(begun(), HUGE).raw(SETITEMS).stop(),
    "meta_of_large_sizes": meta(begun(), *(LARGE,) * 60).raw(SETITEMS).stop(),
    "tensor_as_key": meta(Assembler(4).raw(EMPTY_DICT, MARK), HUGE).value(1).raw(SETITEMS).stop(),
    "quantizer": quantized(HUGE, HUGE),
    "torch_size": call("torch", "Size", (HUGE,)),
    "device": call("torch", "device", "cuda", HUGE),
    "complex": call("builtins", "complex", HUGE, -HUGE),
    "slice": call("builtins", "slice", HUGE, HUGE, None),
    "object": call("some.where", "Thing", HUGE),
    "array": array_of(HUGE),
    "key": Assembler(4).value({HUGE: 1, (HUGE,): 2}).stop(),
    "value": begun("epoch").value(HUGE).raw(SETITEMS).stop(),
    "value_deep": Assembler(4).value({"state": {HUGE: {"step": HUGE}}, "param_groups": [{"lr": HUGE}]}).stop(),
    "persistent_id": begun().value(HUGE).raw(BINPERSID, SETITEMS).stop(),
    "persistent_id_within": begun().value((HUGE,)).raw(BINPERSID, SETITEMS).stop(),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_in_a_bare_pickle(name: str, tmp_path: Path) -> None:
    path = tmp_path / "huge.pkl"
    path.write_bytes(STREAMS[name])
    assert survives(path).startswith("pickle:")


def zipped(stream: bytes, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", stream)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/data/0", bytes(16))
    return path


@pytest.mark.parametrize("name", STREAMS)
def test_in_a_zip(name: str, tmp_path: Path) -> None:
    assert survives(zipped(STREAMS[name], tmp_path / "huge.pt")).startswith("torch-zip:")


@pytest.mark.parametrize(
    "name", ["size", "size_beside_zero", "negative_size", "stride", "offset", "negative_offset", "elements", "meta"]
)
def test_the_tensor_is_a_marked_row(name: str, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(zipped(STREAMS[name], tmp_path / "huge.pt"))
    assert [checkpoint.tensor(row).problem is None for row in range(checkpoint.rows)] == [False]


def test_sizes_that_can_be_written_stay_as_they_are(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(zipped(STREAMS["many_large_sizes"], tmp_path / "large.pt"))
    assert (checkpoint.tensor(0).shape, checkpoint.tensor(0).numel) == ((LARGE,) * 64, LARGE**64)


@pytest.mark.parametrize(
    "entry",
    [
        {"shape": [10**4000] * 3, "data_offsets": [0, 8]},
        {"shape": [10**40] * 2000, "data_offsets": [0, 8]},
        {"shape": [2], "data_offsets": [0, 10**4000]},
        {"shape": [2], "data_offsets": [-(10**4000), 10**4000]},
    ],
)
def test_in_a_safetensors_header(entry: dict[str, list[int]], tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", **entry}}).encode()
    path = tmp_path / "huge.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    assert survives(path).startswith("safetensors:")
