"""Many small tensors read at once: a network may have fifty thousand, a few hundred bytes each and side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_gui.core import dtypes
from ckpt_gui.core.columns import Compression, Flag
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.tensors.encodings import Array, encoding_of
from ckpt_gui.core.tensors.files import Files

LARGEST = 64 << 10
"""Bytes of a tensor that is read this way."""
GAP = 4 << 10
"""Bytes between two tensors that are read along."""
REACH = 1 << 20
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class _Place:
    tensor: int
    source: int
    offset: int
    nbytes: int
    pattern: str


def plain_patterns(checkpoint: Checkpoint, files: Files, tensors: Sequence[int]) -> dict[int, Array]:
    """The patterns of those tensors that are small and lie plainly, in logical order, flat: the others are left out.

    Plainly: contiguous, of the machine's byte order, not compressed, not conjugated, of a type whose
    numbers are whole bytes and not quantized. What cannot be read is left out, too: whoever reads it by itself will be
    told why.
    """
    places = [place for tensor in tensors if (place := _place(checkpoint, tensor)) is not None]
    places.sort(key=lambda place: (place.source, place.offset))
    found: dict[int, Array] = {}
    for run in _runs(places):
        try:
            _read(checkpoint, files, run, found)
        except ReadError:
            continue
    return found


def _place(checkpoint: Checkpoint, tensor: int) -> _Place | None:
    t, s = checkpoint.tensors, checkpoint.storages
    storage = t.storage[tensor]
    if storage < 0 or tensor in checkpoint.extras or t.problem[tensor] >= 0 or t.flags[tensor] & (Flag.CONJ | Flag.NEG):
        return None
    if checkpoint.texts[t.layout[tensor]] != "strided" or s.compression[storage] != Compression.NONE:
        return None
    name = checkpoint.texts[t.dtype[tensor]]
    encoding = encoding_of(name)
    if encoding is None or encoding.bits < 8 or encoding.parts * encoding.numbers > 1:
        return None
    big = bool(s.big_endian[storage])
    nbytes = t.numel[tensor] * encoding.nbytes
    if dtypes.named(name).kind == "quantized" or (encoding.bits > 8 and big != (sys.byteorder == "big")):
        return None
    if nbytes > LARGEST or s.offset[storage] < 0 or (s.device[storage] >= 0 and _is_meta(checkpoint, storage)):
        return None
    return _within(checkpoint, tensor, storage, nbytes, encoding.pattern.str)


def _is_meta(checkpoint: Checkpoint, storage: int) -> bool:
    return checkpoint.texts[checkpoint.storages.device[storage]] == "meta"


def _within(checkpoint: Checkpoint, tensor: int, storage: int, nbytes: int, pattern: str) -> _Place | None:
    """Its bytes, if its elements stand one after the other."""
    t, s = checkpoint.tensors, checkpoint.storages
    at, rank = t.sizes_at[tensor], t.rank[tensor]
    expected = 1
    for dim in range(rank - 1, -1, -1):
        size, step = t.sizes[at + dim], t.sizes[at + rank + dim]
        if size != 1 and step != expected:
            return None
        expected *= size
    start = t.offset[tensor] * np.dtype(pattern).itemsize
    if start + nbytes > s.nbytes[storage]:
        return None
    return _Place(tensor, s.source[storage], s.offset[storage] + start, nbytes, pattern)


def _runs(places: Sequence[_Place]) -> Iterator[list[_Place]]:
    """Neighbours that one read covers."""
    run: list[_Place] = []
    end = 0
    for place in places:
        stop = place.offset + place.nbytes
        near = run and place.source == run[0].source and place.offset - end <= GAP and stop - run[0].offset <= REACH
        if run and not near:
            yield run
            run, end = [], 0
        run.append(place)
        end = max(end, stop)
    if run:
        yield run


def _read(checkpoint: Checkpoint, files: Files, run: list[_Place], found: dict[int, Array]) -> None:
    start = run[0].offset
    stop = max(place.offset + place.nbytes for place in run)
    with files.using(run[0].source) as file:
        data = file.read(start, stop - start)
        file.check(checkpoint.sources[run[0].source])
    for place in run:
        at = place.offset - start
        if at + place.nbytes <= len(data):
            piece = np.frombuffer(data, np.uint8, place.nbytes, at)
            # Copied: what is not aligned would be slow, or refused, further on.
            found[place.tensor] = np.array(piece).view(place.pattern)
