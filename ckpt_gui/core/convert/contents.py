"""The bytes of one record of the result, chunk by chunk: a range of a storage of the source, or the elements of a
tensor in C order; swapped and cast where the result has them otherwise. Never a whole tensor in memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core import dtypes
from ckpt_gui.core.convert.nouns import Record
from ckpt_gui.core.errors import ConvertError, ReadError
from ckpt_gui.core.tensors import Reading
from ckpt_gui.core.tensors.encodings import encoding_of
from ckpt_gui.core.tensors.targets import Target, target_of
from ckpt_gui.core.tensors.windows import Window
from ckpt_gui.core.text import escape

NBYTES = 512 << 10
"""Read at once. Measured with pread, CRC-32 and write on ext4: 4 MiB take five times the system's time for a GB."""
GATHERED = 8
"""So many times as much at once, where elements are gathered from far apart."""
STEP = 48
"""Chunks are multiples of so many bytes: whole elements of every width, 6-bit ones and complex ones included."""
FAR = 512
"""Bytes between elements from which on they are read one by one, where they lie much farther apart than they fill."""
SPREAD = 8
"""How many times as far as they fill that is."""

Raw = NDArray[np.uint8]
Change = Callable[[Raw], Raw]


def chunks(reading: Reading, record: Record, nbytes: int = NBYTES) -> Iterator[Raw]:
    """The record's bytes, ``record.nbytes`` in all, about ``nbytes`` of the source at a time.

    A chunk stays as it is until the next but one is asked for. Raises ReadError where the source cannot be read, is
    shorter than it said or has changed; NoValues where there is nothing to read; ConvertError for a cast with no
    meaning.
    """
    if not record.nbytes:
        return
    needed = record.nbytes
    if record.source_dtype != record.dtype:
        needed = dtypes.stored_nbytes(record.source_dtype, record.numel)
    step = max(nbytes // STEP, 1) * STEP
    if record.tensor < 0:
        yield from _range(reading, record.storage, record.start, needed, record, step)
        return
    target = target_of(reading.checkpoint, record.tensor)
    place = _in_one_run(target)
    if place is not None:
        yield from _range(reading, *place, needed, record, step)
    else:
        change = _change(record, big=False)
        for chunk in _elements(reading, record.tensor, target, step * GATHERED):
            yield change(chunk) if change is not None else chunk


def _range(reading: Reading, number: int, start: int, nbytes: int, record: Record, step: int) -> Iterator[Raw]:
    """``nbytes`` bytes of a storage from ``start``, in two buffers in turn."""
    change = _change(record, big=bool(reading.checkpoint.storages.big_endian[number]))
    buffers = itertools.cycle([np.empty(min(step, nbytes), np.uint8) for _ in range(1 if nbytes <= step else 2)])
    with reading.storage(number) as source:
        for at in range(0, nbytes, step):
            chunk = next(buffers)[: min(step, nbytes - at)]
            got = source.read_into(start + at, chunk.data)
            if got != len(chunk):
                key = escape(reading.checkpoint.storage(number).key)[:80]
                raise ReadError(
                    f"storage {key} ends too early, after {start + at + got:,} of "
                    f"{start + nbytes:,} bytes: the file is damaged, or was cut off since it was opened"
                )
            yield change(chunk) if change is not None else chunk


def _change(record: Record, *, big: bool) -> Change | None:
    """What is done to each chunk of the source, whose bytes are ``big``-endian or not; None for nothing."""
    steps: list[Change] = []
    if record.source_dtype != record.dtype:
        from ckpt_gui.core.convert.cast import caster

        if big:
            steps.append(_swap(record.source_dtype))
        steps.append(caster(record.source_dtype, record.dtype).convert)
        big = False
    if big != record.big_endian:
        steps.append(_swap(record.dtype))
    if len(steps) < 2:
        return steps[0] if steps else None

    def all_of_them(raw: Raw) -> Raw:
        for step in steps:
            raw = step(raw)
        return raw

    return all_of_them


def _swap(dtype: str) -> Change:
    """The other byte order, in place; of complex numbers each part."""
    encoding = encoding_of(dtype)
    width = encoding.bits // 8 if encoding is not None else 1

    def swapped(raw: Raw) -> Raw:
        if width > 1:
            raw[: len(raw) // width * width].view(f"u{width}").byteswap(inplace=True)
        return raw

    return swapped


def _in_one_run(target: Target) -> tuple[int, int] | None:
    """Storage and first byte, where the elements lie in C order without gaps, as they are."""
    if len(target.pieces) != 1 or target.negated or target.conjugated:
        return None
    window, bits = target.pieces[0].window, target.encoding.element_bits
    if not _contiguous(window) or window.first * bits % 8:
        return None
    return target.pieces[0].storage, window.first * bits // 8


def _contiguous(window: Window) -> bool:
    step = 1
    for size, stride in zip(reversed(window.shape), reversed(window.stride), strict=True):
        if size != 1 and stride != step:
            return False
        step *= size
    return True


def _elements(reading: Reading, tensor: int, target: Target, step: int) -> Iterator[Raw]:
    """The elements in C order, views resolved, about ``step`` bytes at a time."""
    form, bits = target.form, target.encoding.bits
    most = max(step // (form.pattern.itemsize * form.parts), 1)
    for index in _blocks(form.shape, most):
        patterns = reading.patterns(tensor, index, raw=True, gap=_gap(target, index))
        yield _packed(patterns.reshape(-1), bits if target.encoding.numbers == 1 else bits // target.encoding.numbers)


def _blocks(shape: tuple[int, ...], most: int) -> Iterator[tuple[slice, ...]]:
    """Boxes of at most ``most`` elements, one behind the other in C order."""
    inner, dim = 1, len(shape)
    while dim and inner * shape[dim - 1] <= most:
        dim -= 1
        inner *= shape[dim]
    if not dim:
        yield ()
        return
    count = max(most // inner, 1)
    if inner == 1 and count > 8:
        count -= count % 8  # of numbers narrower than a byte, whole bytes
    for outer in itertools.product(*map(range, shape[: dim - 1])):
        for at in range(0, shape[dim - 1], count):
            yield (*(slice(one, one + 1) for one in outer), slice(at, at + count))


def _gap(target: Target, index: tuple[slice, ...]) -> int:
    """From which distance in bytes on elements of the box are read one by one.

    Of a transposed matrix each box takes a little of every row: reading all that stands between would mean going
    through the whole storage for each of them.
    """
    if len(target.pieces) != 1:
        return FAR
    window, times = target.pieces[0].window, target.encoding.numbers
    box = [slice(*one.indices(size)) for one, size in zip(index, window.shape, strict=False)]
    sizes = [*(one.stop - one.start for one in box), *window.shape[len(box) :]]
    reach = 1 + sum((size - 1) * stride for size, stride in zip(sizes, window.stride, strict=True))
    return FAR if reach * times > SPREAD * math.prod(sizes) else 64 << 10


def _packed(patterns: NDArray[Any], bits: int) -> Raw:
    """Patterns as they lie in a file: narrow ones packed, lowest bits first."""
    if bits >= 8:
        return np.ascontiguousarray(patterns).view(np.uint8)
    if len(patterns) * bits % 8:
        raise ConvertError("its elements do not end at whole bytes, so that they cannot be put in another order")
    spread = np.unpackbits(patterns.view(np.uint8)[:, None], axis=1, count=bits, bitorder="little")
    return np.packbits(spread.reshape(-1), bitorder="little")
