"""Checkpoints of the stream format of torch 0.1.10 to 1.5, by torch and by hand as Python 2 wrote them."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.builders.common import numbers, quiet, save_legacy, small_model, tagged, trained
from tests.builders.opcodes import (
    APPENDS,
    BINPERSID,
    EMPTY_LIST,
    MARK,
    NONE,
    REDUCE,
    SETITEMS,
    TUPLE,
    TUPLE1,
    Assembler,
    floats,
)  # fmt: skip
from tests.builders.registry import case
from tests.builders.torch_tensors import PLAIN_DTYPES, tensor_of

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def legacy_stream(
    body: bytes, storages: list[tuple[str, int, bytes]], *, keys: list[str] | None = None, protocol: int = 2
) -> bytes:
    """The five pickles and the storages (key, the number of elements as written, data) after them."""
    out = io.BytesIO()
    for value in (MAGIC, 1001, SYSTEM):
        out.write(pickle.dumps(value, protocol))
    out.write(body)
    out.write(pickle.dumps([key for key, _, _ in storages] if keys is None else keys, protocol))
    for _, numel, data in storages:
        out.write(struct.pack("<q", numel) + data)
    return out.getvalue()


def legacy_storage(
    code: Assembler, key: object, numel: object, *, tag: object = "cpu", view: object = None
) -> Assembler:
    """A persistent id with the six items of the stream format."""
    code.raw(MARK).text("storage").name("torch", "FloatStorage").value(key).value(tag).value(numel).value(view)
    return code.raw(TUPLE, BINPERSID)


def legacy_tensor(
    code: Assembler, key: object, numel: object, size: tuple[int, ...], stride: tuple[int, ...], **options: Any
) -> Assembler:
    """``_rebuild_tensor_v2`` of a storage of the stream format."""
    code.name("torch._utils", "_rebuild_tensor_v2").raw(MARK)
    legacy_storage(code, key, numel, **options).value(0).value(size).value(stride).value(False)
    return code.ordered_dict().raw(TUPLE, REDUCE)


@case("torch-legacy")
def build_plain(folder: Path) -> Path:
    """A state_dict."""
    return save_legacy(small_model().state_dict(), folder / "plain.pth")


@case("torch-legacy")
def build_training(folder: Path) -> Path:
    """Weights, optimizer and numbers of a run, on two devices."""
    model, optimizer = trained(torch.optim.Adam)
    state = {"epoch": 3, "state_dict": model.state_dict(), "optimizer": optimizer.state_dict(), "best_prec1": 71.5}
    with tagged("cuda:0"):
        return save_legacy(state, folder / "training.pth.tar")


@case("torch-legacy")
def build_dtypes(folder: Path) -> Path:
    """Every element type that has a storage class of its own."""
    return save_legacy({name: tensor_of(name) for name in PLAIN_DTYPES if _classed(name)}, folder / "dtypes.pth")


@case("torch-legacy", torch_reads=False)
def build_dtypes_untyped(folder: Path) -> Path:
    """The newer element types in untyped storages: torch 2.13 writes them here and then cannot read them."""
    return save_legacy({name: tensor_of(name) for name in PLAIN_DTYPES if not _classed(name)}, folder / "untyped.pth")


def _classed(name: str) -> bool:
    return getattr(torch, name) in torch.storage._dtype_to_storage_type_map()


@case("torch-legacy")
def build_views(folder: Path) -> Path:
    """Views, shared storages, tied parameters, expansions and empty tensors."""
    base, tied = numbers(4, 6), nn.Parameter(numbers(3))
    state = {"base": base, "rows": base[1:3], "t": base.t(), "a": tied, "b": tied, "expanded": numbers(1).expand(9)}
    return save_legacy({**state, "empty": torch.empty(2, 0, 3), "scalar": torch.tensor(1.0)}, folder / "views.pth")


@case("torch-legacy")
def build_sparse_quantized_meta(folder: Path) -> Path:
    """The stream format takes the other layouts too."""
    with quiet():
        quantized = torch.quantize_per_tensor(numbers(3, 3), 0.1, 3, torch.quint8)
    state = {"sparse": torch.eye(3).to_sparse(), "quantized": quantized, "meta": torch.empty(2, device="meta")}
    return save_legacy(state, folder / "layouts.pth")


@case("torch-legacy")
def build_module(folder: Path) -> Path:
    """A whole module: its class's source text stands in the stream."""
    return save_legacy(small_model(), folder / "module.pth")


@case("torch-legacy")
def build_protocol_4(folder: Path) -> Path:
    """Protocol 4: a FRAME before the magic number."""
    return save_legacy({"w": numbers(3)}, folder / "protocol4.pth", pickle_protocol=4)


@case("torch-legacy")
def build_no_storages(folder: Path) -> Path:
    """Only values: what a ``training_args.bin`` of old looks like."""
    return save_legacy({"lr": 0.1, "names": ["a"]}, folder / "no_storages.bin")


@case("torch-legacy")
def build_trailing(folder: Path) -> Path:
    """Two checkpoints in one file, one after the other; torch reads the first."""
    path = save_legacy({"first": numbers(3)}, folder / "two.pth")
    second = save_legacy({"second": numbers(4)}, folder / "second.pth")
    path.write_bytes(path.read_bytes() + second.read_bytes())
    second.unlink()
    return path


def _python2_tensor(code: Assembler, key: bytes, numel: int, size: tuple[int, ...], stride: tuple[int, ...]) -> None:
    code.name("torch._utils", "_rebuild_tensor").raw(MARK)
    code.raw(MARK).byte_string(b"storage").name("torch.cuda", "FloatStorage").byte_string(key)
    code.byte_string(b"cuda:0").integer(numel).raw(NONE, TUPLE, BINPERSID)
    code.integer(0).value(size).value(stride).raw(TUPLE, REDUCE)


@case("torch-legacy")
def build_python2(folder: Path) -> Path:
    """By torch 0.3 on Python 2: byte strings, ``OrderedDict([[k, v], …])``, ``_rebuild_tensor``."""
    code = Assembler().name("collections", "OrderedDict").raw(EMPTY_LIST, MARK)
    for name, key, numel, size, stride in (
        (b"conv.weight", b"94001", 6, (2, 3), (3, 1)), (b"conv.bias", b"94002", 2, (2,), (1,)),
    ):  # fmt: skip
        code.raw(EMPTY_LIST, MARK).byte_string(name)
        _python2_tensor(code, key, numel, size, stride)
        code.raw(APPENDS)
    body = code.raw(APPENDS, TUPLE1, REDUCE).stop()
    storages = [("94001", 6, floats(1, 2, 3, 4, 5, 6)), ("94002", 2, floats(7, 8))]
    path = folder / "python2.pth"
    path.write_bytes(legacy_stream(body, storages))
    return path


@case("torch-legacy")
def build_python2_strings(folder: Path) -> Path:
    """Byte strings as keys and values that are not ASCII; a long and an old-style class."""
    code = Assembler().raw(b"}", MARK).byte_string(b"w")
    legacy_tensor(code, "7", 2, (2,), (1,))
    code.byte_string(b"caf\xc3\xa9").byte_string(b"latin \xe9")
    code.text("name").name("__builtin__", "unicode").text("u").raw(TUPLE1, REDUCE)
    code.text("objects").name("copy_reg", "_reconstructor").raw(MARK).name("old.module", "Thing")
    code.name("__builtin__", "object").raw(NONE, TUPLE, REDUCE).value({"x": 1}).raw(b"b")
    code.text("set").name("__builtin__", "set").raw(EMPTY_LIST, MARK).integer(1).raw(APPENDS, TUPLE1, REDUCE)
    body = code.raw(SETITEMS).stop()
    path = folder / "python2_strings.pth"
    path.write_bytes(legacy_stream(body, [("7", 2, floats(1, 2))]))
    return path


@case("torch-legacy")
def build_storage_views(folder: Path) -> Path:
    """View metadata as torch 0.3 wrote it: two windows of one root storage."""
    code = Assembler().raw(b"}", MARK)
    for name, view in (("first", ("81", 0, 4)), ("second", ("82", 4, 2)), ("whole", None)):
        code.text(name)
        length = view[2] if view else 6
        legacy_tensor(code, "80", 6, (length,), (1,), view=view)
    path = folder / "storage_views.pth"
    path.write_bytes(legacy_stream(code.raw(SETITEMS).stop(), [("80", 6, floats(1, 2, 3, 4, 5, 6))]))
    return path
