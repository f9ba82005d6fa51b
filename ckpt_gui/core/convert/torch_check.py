"""torch's and safetensors' own opinion on a file: the main program of a process of its own, which alone imports them.

Of a file only its structure is loaded: no values of torch's zip (``map_location="meta"``), none of safetensors; of the
older stream storages are laid out, but never filled (``torch.serialization.skip_data``), so that no memory is used for
them. Always ``weights_only=True``: nothing that a file says is run.

One JSON object a line on standard input: ``{"path", "format"}``, format ``torch``, ``legacy`` or ``safetensors``;
without a path the library is only imported. On standard output any number of
``{"rows": [[path, shape, stride, dtype, storage], …]}`` and then ``{"status", "error", "loader", "way"}`` (see
``Answer``). A row's path has only keys that are plain values; what lies under another key, or in a set, is left out.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

ACCEPTED, REFUSED, ABSENT, UNASKED, SILENT = "accepted", "refused", "absent", "unasked", "silent"
"""What became of a question: the file was taken; it was refused; the library cannot be used here; it would have had to
load all values of a large file; no answer came."""

MAX_ROWS = 1_000_000
ROWS_A_LINE = 1_000
MAX_ERROR = 2_000
"""Characters."""
MAX_FILLED = 64 << 20
"""A file of up to so many bytes is loaded with its values, where its structure cannot be had without them."""
_SLACK = 1 << 30
"""Bytes of address space beyond what a file needs."""
_HALVED = "F4"
_SAFETENSORS = {
    "BOOL": "bool", "F4": "float4_e2m1fn_x2", "F8_E5M2": "float8_e5m2", "F8_E4M3": "float8_e4m3fn",
    "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "I8": "int8", "I16": "int16", "I32": "int32",
    "I64": "int64", "BF16": "bfloat16", "F16": "float16", "F32": "float32", "F64": "float64", "C64": "complex64",
}  # fmt: skip

Row = list[Any]
"""``[path, shape or null, stride or null, dtype, storage or null]``; equal storages mean shared memory. Where the way
was ``meta``, a storage is the place of its first byte in the file."""


@dataclass(frozen=True)
class Answer:
    """What the loader says of one file."""

    status: str
    """ACCEPTED, REFUSED, ABSENT, UNASKED or SILENT."""
    error: str = ""
    """Class and text of what was raised; or why there is no answer, in words."""
    loader: str = ""
    """``torch 2.13.0 (weights_only=True)``, ``safetensors 0.8.0``."""
    way: str = ""
    """How it was loaded: ``meta``, ``mapped``, ``unfilled``, ``whole``, ``header``."""
    rows: tuple[Row, ...] = field(default=(), repr=False)


def main() -> int:
    """Answer questions until standard input ends; returns the exit code."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    warnings.simplefilter("ignore")
    _end_with(os.getppid())
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        for said in _answers(asked.get("path"), asked["format"]):
            out.write(json.dumps(said).encode() + b"\n")
            out.flush()
        gc.collect()
    return 0


def _end_with(parent: int) -> None:
    """Whoever asked may be killed while torch is busy with a file made for that: then nobody waits any more."""
    if not hasattr(signal, "setitimer"):
        return

    def look(_number: int, _frame: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)


def _answers(path: str | None, form: str) -> Iterator[dict[str, Any]]:
    said: dict[str, Any] = {"status": ABSENT, "error": "", "loader": "", "way": ""}
    try:
        said["loader"] = _loader(form)
    except Exception as exc:  # noqa: BLE001 - a broken installation may raise anything
        yield said | {"error": _told(exc)}
        return
    try:
        if path is not None:
            said["way"], rows = (_safetensors if form == "safetensors" else _torch)(path)
            yield from _lines(rows)
        said["status"] = ACCEPTED
    except _Unasked as exc:
        said |= {"status": UNASKED, "error": str(exc)}
    except Exception as exc:  # noqa: BLE001 - what it raises is the answer
        said |= {"status": REFUSED, "error": _told(exc)}
    yield said


def _told(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}"[:MAX_ERROR]


def _lines(rows: Iterator[Row]) -> Iterator[dict[str, Any]]:
    held: list[Row] = []
    for row in rows:
        held.append(row)
        if len(held) == ROWS_A_LINE:
            yield {"rows": held}
            held = []
    if held:
        yield {"rows": held}


def _loader(form: str) -> str:
    """The library's name and version; imports it."""
    if form == "safetensors":
        import safetensors

        return f"safetensors {safetensors.__version__}"
    import torch

    torch.set_num_threads(1)
    gc.freeze()  # what an import made stays; only what a file made is looked through
    return f"torch {torch.__version__.partition('+')[0]} (weights_only=True)"


# ------------------------------------------------------------------------------------------------ safetensors


def _safetensors(path: str) -> tuple[str, Iterator[Row]]:
    import safetensors

    # NumPy's: asked for nothing but the header, it needs no torch
    with safetensors.safe_open(path, framework="numpy") as file:
        rows = [_header_row(number, name, file.get_slice(name)) for number, name in enumerate(file.keys())]
    return "header", iter(rows)


def _header_row(number: int, name: str, entry: Any) -> Row:
    written, shape = str(entry.get_dtype()), list(entry.get_shape())
    if written == _HALVED and shape:  # it counts numbers, torch the bytes that hold two
        shape[-1] //= 2
    return [[name], shape, None, _SAFETENSORS.get(written, written.lower()), number]


# ------------------------------------------------------------------------------------------------------ torch


class _Unasked(Exception):
    """Only with all its values could it be loaded, and they are too many."""


def _torch(path: str) -> tuple[str, Iterator[Row]]:
    """How it was loaded, and the tensors of what came. Raises what the first way raised, if no other works."""
    first: Exception | None = None
    _bound_memory(Path(path).stat().st_size)
    for way, load in _ways(path):
        try:
            return way, _rows(_allowing(load, path))
        except Exception as exc:
            if type(exc) is _Unasked and "skip_data" in str(first):  # torch 2.5 has it for saving only
                raise
            first = first or exc
    raise first or AssertionError


def _ways(path: str) -> list[tuple[str, Callable[[str], Any]]]:
    if not _begins(path, b"PK\x03\x04"):
        return [("unfilled", _unfilled), ("whole", _whole)]
    if _is_big_endian(path):  # torch swaps the bytes even where it has none, and crashes (2.13, storage.byteswap)
        return [("whole", _whole)]
    return [("meta", _meta), ("mapped", _mapped)]


def _is_big_endian(path: str) -> bool:
    from ckpt_gui.core.errors import OpenError
    from ckpt_gui.core.formats.zipdir import read_directory
    from ckpt_gui.core.progress import Report
    from ckpt_gui.core.sources import LocalFile

    try:
        with LocalFile(path) as file:
            return read_directory(file, Report()).read("byteorder") == b"big"
    except OpenError:
        return False


def _begins(path: str, mark: bytes) -> bool:
    with Path(path).open("rb") as file:
        return file.read(len(mark)) == mark


def _allowing(load: Callable[[str], Any], path: str) -> Any:
    """Load it; if it asks for modules of torch that only must have been imported (ragged tensors), import them."""
    try:
        return load(path)
    except Exception as exc:
        if "torch._dynamo" not in str(exc):
            raise
    for name in ("torch.nested", "torch._dynamo"):
        import_module(name)
    return load(path)


def _meta(path: str) -> Any:
    import torch

    return torch.load(path, map_location="meta", weights_only=True)


def _mapped(path: str) -> Any:
    """For what has no form without memory (nested, quantized): pages of the file, which nobody looks at."""
    import torch

    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def _unfilled(path: str) -> Any:
    """For the older stream, whose shared storages ``meta`` would lose: memory laid out, none of it touched."""
    import torch

    with torch.serialization.skip_data():
        return torch.load(path, map_location="cpu", weights_only=True)


def _whole(path: str) -> Any:
    import torch

    if Path(path).stat().st_size > MAX_FILLED:
        raise _Unasked("its structure cannot be had without loading all its values")
    return torch.load(path, map_location="cpu", weights_only=True)


def _rows(root: Any) -> Iterator[Row]:
    """Every tensor in dicts, lists and tuples, in their order; aliases as often as they stand there."""
    import torch

    memory = _Memory()
    above: set[int] = set()
    pending: list[tuple[list[Any], Any, bool]] = [([], root, False)]
    rows: list[Row] = []
    while pending and len(rows) < MAX_ROWS:
        path, value, leaving = pending.pop()
        if leaving:
            above.discard(id(value))
        elif isinstance(value, torch.Tensor):
            rows.append(_row(path, value, memory))
        elif isinstance(value, dict | list | tuple) and id(value) not in above:
            above.add(id(value))
            pending.append((path, value, True))
            pending += reversed([([*path, key], item, False) for key, item in _pairs(value) if _plain(key)])
    memory.number(rows)
    return iter(rows)


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    """What is in it, and a dict's attributes, but for a state_dict's versions."""
    if not isinstance(value, dict):
        return list(enumerate(value))
    attributes = getattr(value, "__dict__", {})
    return [*value.items(), *((name, one) for name, one in attributes.items() if name != "_metadata")]


def _plain(key: object) -> bool:
    return key is None or type(key) in (str, int, bool) or (type(key) is float and key == key)


def _row(path: list[Any], tensor: Any, memory: _Memory) -> Row:
    import torch

    dtype = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_nested:
        return [path, None, None, dtype, None]
    shape = list(tensor.shape)
    if tensor.layout != torch.strided or type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return [path, shape, None, dtype, None]
    return [path, shape, list(tensor.stride()), dtype, memory.of(tensor.untyped_storage())]


class _Memory:
    """Which tensors share memory. Without memory (meta) torch makes a new storage for each of them: then the place in
    the file where it would look for the bytes tells. With memory a storage may be a part of another (an old view).
    """

    def __init__(self) -> None:
        self._spans: set[tuple[int, int]] = set()

    def of(self, storage: Any) -> int | None:
        """Where its memory, or its bytes in the file, begin; None where there are none."""
        if not storage.nbytes():
            return None
        if storage.device.type == "meta":
            place = getattr(storage, "_checkpoint_offset", None)  # from torch 2.7 on
            return None if place is None else int(place)
        begin = int(storage.data_ptr())
        self._spans.add((begin, begin + int(storage.nbytes())))
        return begin

    def number(self, rows: list[Row]) -> None:
        """Give storages with memory a number in place of their address, equal where they overlap."""
        numbers: dict[int, int] = {}
        number = reach = -1
        for begin, end in sorted(self._spans):
            number += begin >= reach
            reach = max(reach, end)
            numbers[begin] = number
        for row in rows if numbers else ():
            row[4] = numbers.get(row[4], row[4])


def _bound_memory(nbytes: int) -> None:
    """Address space for what is loaded already, and for a file of that size."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (taken + 2 * nbytes + _SLACK, hard))
    except (ImportError, ValueError, OSError):
        pass  # only Linux tells how much is taken; elsewhere the system may forbid it
