"""One checkpoint's values: boxes of patterns in storage order, and decoded sub-boxes anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import add
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.columns import Compression
from ckpt_gui.core.errors import NoValues, ReadError
from ckpt_gui.core.model import Checkpoint
from ckpt_gui.core.sources import Bytes, LocalFile
from ckpt_gui.core.tensors import sparse
from ckpt_gui.core.tensors.elements import Elements
from ckpt_gui.core.tensors.encodings import Array, decode, decoded_nbytes, halves
from ckpt_gui.core.tensors.files import Files
from ckpt_gui.core.tensors.form import Box, Form
from ckpt_gui.core.tensors.scaling import Dequantizer
from ckpt_gui.core.tensors.targets import Placed, Target, target_of
from ckpt_gui.core.tensors.together import plain_patterns
from ckpt_gui.core.tensors.windows import Cut, Cuts, Window, share
from ckpt_gui.core.text import escape, size

MAX_VALUES = 256 << 20
"""Bytes that ``values`` gives at once."""
MAX_CHANNELS = 1 << 24
GAP = 64 << 10
"""Bytes between two wanted elements from which on they are read one by one."""
STEP = 4 << 20
"""Bytes that ``values`` reads at once."""


class Reading:
    """The open files of one checkpoint. Files are opened when they are needed; all methods may be called from
    several threads at once.

    Raises NoValues for a tensor of which there is nothing to show, ReadError where its file has changed, is
    gone, or ends early.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._files = Files(checkpoint)

    def close(self) -> None:
        """Give the files back; boxes on their way are still delivered."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def why_not(self, tensor: int) -> str:
        """Why the tensor has no values to show, in words; "" if it has. Without I/O."""
        try:
            target_of(self.checkpoint, tensor)
        except NoValues as exc:
            return str(exc)
        return ""

    def form(self, tensor: int, *, raw: bool = True) -> Form:
        """What its values are; ``raw``: a quantized tensor's stored integers, else its numbers. Without I/O."""
        return target_of(self.checkpoint, tensor, raw).form

    def boxes(
        self, tensor: int, nbytes: int = 4 << 20, part: tuple[int, int] = (0, 1), raw: bool = True
    ) -> Iterator[Box]:
        """The tensor's patterns in storage order, each box from a range of at most ``nbytes`` bytes.

        ``part=(k, n)`` gives the k-th of n shares, disjoint and each in one piece of the storage, which
        together are all boxes. Elements of stride-0 dimensions come once (``Form.multiplicity``); a view
        whose elements overlap comes in logical order. Of a quantized tensor, ``raw`` gives the stored
        integers, else float32 (the form is ``form(tensor, raw=raw)``). Each iterator has a buffer of its
        own, of about ``nbytes``.
        """
        target = target_of(self.checkpoint, tensor, raw)
        width = max(target.encoding.nbytes * target.encoding.numbers, target.form.pattern.itemsize)
        gap = GAP * 8 // target.encoding.element_bits
        cuts = [Cuts(piece.window, nbytes // width, gap, target.kept) for piece in target.pieces]
        return self._boxes(target, cuts, share(sum(cut.count for cut in cuts), part))

    def _boxes(self, target: Target, cuts: list[Cuts], wanted: range) -> Iterator[Box]:
        dequantize = self._dequantizer(target)
        before = 0
        for piece, cut in zip(target.pieces, cuts, strict=True):
            here = range(max(wanted.start - before, 0), min(wanted.stop - before, cut.count))
            before += cut.count
            if here:
                yield from self._piece(target, piece, cut, here, dequantize)

    def _piece(
        self, target: Target, piece: Placed, cuts: Cuts, wanted: range, dequantize: Dequantizer | None
    ) -> Iterator[Box]:
        source = self.checkpoint.storages.source[piece.storage]
        plain = (*cuts.order, len(cuts.order)) if target.encoding.parts > 1 else cuts.order
        with self._files.using(source) as file:
            elements = self._elements(target, piece.storage, cuts, file, forward=True)
            for number in wanted:
                cut = cuts[number]
                array, origin = elements.read(cut), _sum(piece.origin, cut.origin)
                if dequantize is not None:
                    array = dequantize(array, target.encoding.name, origin)
                if target.encoding.numbers > 1:
                    yield Box((*origin[:-1], origin[-1] * 2), halves(array), tuple(range(array.ndim)))
                else:
                    yield Box(origin, array, plain)
            file.check(self.checkpoint.sources[source])

    def _elements(self, target: Target, number: int, cuts: Cuts, file: LocalFile, *, forward: bool) -> Elements:
        storage = self._files.forward(number, file) if forward else self._files.anywhere(number, file)
        return Elements(
            storage,
            file.path,
            target.encoding,
            big=bool(self.checkpoint.storages.big_endian[number]),
            negated=target.negated,
            conjugated=target.conjugated,
            room=cuts.room,
        )

    def plain_patterns(self, tensors: Sequence[int]) -> dict[int, Array]:
        """Many small tensors at once (see ``together``); those that are large or lie otherwise are left out."""
        return plain_patterns(self.checkpoint, self._files, tensors)

    def values(self, tensor: int, index: tuple[slice, ...] = (), *, raw: bool = False) -> Array:
        """The decoded values of a sub-box of ``Form.shape``; missing slices mean all, steps may be negative.

        Of a quantized tensor ``raw`` gives the stored integers, else its numbers. Raises ReadError for more
        than 256 MiB.
        """
        form = self.form(tensor, raw=raw)
        return decode(self.patterns(tensor, index, raw=raw), form.encoding)

    @contextmanager
    def storage(self, number: int) -> Iterator[Bytes]:
        """The unpacked bytes of a storage as they lie in the file, for one reader that goes through them once."""
        storages = self.checkpoint.storages
        source = storages.source[number]
        if storages.offset[number] < 0 or storages.compression[number] == Compression.UNREADABLE:
            key = escape(self.checkpoint.storage(number).key)[:80]
            raise NoValues(f"the bytes of storage {key} cannot be read")
        with self._files.using(source) as file:
            yield self._files.forward(number, file)
            file.check(self.checkpoint.sources[source])

    def patterns(self, tensor: int, index: tuple[slice, ...] = (), *, raw: bool = False, gap: int = GAP) -> Array:
        """The same, not decoded: the bits (``Form.pattern``; a last axis of 2 for complex types).

        Wanted elements that are ``gap`` bytes or more apart are read one by one.
        """
        target = target_of(self.checkpoint, tensor, raw)
        form = target.form
        ranges, turned = _ranges(form.shape, index)
        width = max(form.pattern.itemsize * form.parts, decoded_nbytes(form.encoding))
        if (nbytes := math.prod(map(len, ranges)) * width) > MAX_VALUES:
            raise ReadError(f"{size(nbytes)} of values are more than are shown at once; choose a smaller part")
        out = np.empty((*map(len, ranges), *((2,) if form.parts > 1 else ())), form.pattern)
        if target.encoding.numbers > 1:
            self._gather_halves(target, ranges, out, gap)
        else:
            self._gather(target, ranges, out, gap)
        return out[turned] if any(one.step for one in turned) else out

    def _gather_halves(self, target: Target, ranges: Sequence[range], out: Array, gap: int) -> None:
        """Fill ``out`` with 4-bit numbers, whose last dimension counts two a byte."""
        *others, last = ranges
        if last.step % 2 and last.step > 1:
            self._gather_halves(target, [*others, last[0::2]], out[..., 0::2], gap)
            self._gather_halves(target, [*others, last[1::2]], out[..., 1::2], gap)
            return
        if last.step == 1:
            held = range(last.start // 2, -(-last.stop // 2)) if last else range(0)
        else:
            held = range(last.start // 2, last.start // 2 + len(last) * (last.step // 2), last.step // 2)
        both = np.empty((*out.shape[:-1], len(held)), np.uint8)
        self._gather(target, [*others, held], both, gap)
        out[...] = halves(both)[..., last.start % 2 :: min(last.step, 2)][..., : len(last)]

    def _gather(self, target: Target, ranges: Sequence[range], out: Array, gap: int) -> None:
        """Fill ``out`` with the elements at ``ranges``."""
        dequantize = self._dequantizer(target)
        if dequantize is not None and target.scaling is not None and target.scaling.axis >= 0:
            dequantize = dequantize.at(ranges[target.scaling.axis])
        for piece in target.pieces:
            bounds = zip(ranges, piece.origin, piece.window.shape, strict=True)
            places = [_within(one, range(at, at + n)) for one, at, n in bounds]
            local = [_moved(one[place], -at) for one, place, at in zip(ranges, places, piece.origin, strict=True)]
            if all(local):
                moved = Placed(piece.storage, tuple(place.start for place in places), piece.window.select(local))
                self._copy(target, moved, out[tuple(places)] if places else out, dequantize, gap)

    def _copy(self, target: Target, piece: Placed, out: Array, dequantize: Dequantizer | None, gap: int) -> None:
        """Fill ``out`` with all of a window; its origin counts within what was chosen."""
        width, source = target.encoding.nbytes, self.checkpoint.storages.source[piece.storage]
        cuts = Cuts(piece.window, STEP // width, gap // width, target.kept)
        with self._files.using(source) as file:
            elements = self._elements(target, piece.storage, cuts, file, forward=False)
            for cut in cuts:
                array = elements.read(cut)
                if dequantize is not None:
                    array = dequantize(array, target.encoding.name, _sum(piece.origin, cut.origin))
                out[_slices(cut, piece.window, target.kept)] = array
            file.check(self.checkpoint.sources[source])

    def _dequantizer(self, target: Target) -> Dequantizer | None:
        scaling = target.scaling
        if scaling is None:
            return None
        if scaling.axis < 0:
            return Dequantizer(np.array(scaling.scale), np.array(scaling.zero_point), -1)
        wanted = (target.shape[scaling.axis],)
        parts = (scaling.scales, scaling.zero_points)
        if any(self.form(part).shape != wanted for part in parts) or wanted[0] > MAX_CHANNELS:
            raise NoValues("its scales and zero points are not as many as it has channels")
        return Dequantizer(self.values(scaling.scales), self.values(scaling.zero_points), scaling.axis)

    def indices(self, tensor: int, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Where the stored values ``start`` … ``stop - 1`` of a sparse tensor stand: (n, dims) indices.

        See ``sparse.indices``.
        """
        return sparse.indices(self.checkpoint.tensor(tensor), self, start, stop)


def _sum(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(add, left, right))


def _ranges(shape: tuple[int, ...], index: tuple[slice, ...]) -> tuple[list[range], tuple[slice, ...]]:
    """What each slice picks, as rising ranges, and how to turn those that fell."""
    if len(index) > len(shape):
        raise ValueError(f"{len(index)} slices for {len(shape)} dimensions")
    whole = (*index, *(slice(None),) * (len(shape) - len(index)))
    ranges = [range(*one.indices(size)) for one, size in zip(whole, shape, strict=True)]
    turned = tuple(slice(None, None, -1 if one.step < 0 else None) for one in ranges)
    return [one[::-1] if one.step < 0 else one for one in ranges], turned


def _within(chosen: range, bounds: range) -> slice:
    """Which of the chosen indices lie in ``bounds``."""
    low = max(0, -(-(bounds.start - chosen.start) // chosen.step))
    high = max(low, min(len(chosen), -(-(bounds.stop - chosen.start) // chosen.step)))
    return slice(low, high)


def _moved(chosen: range, by: int) -> range:
    return range(chosen.start + by, chosen.stop + by, chosen.step)


def _slices(cut: Cut, window: Window, kept: frozenset[int]) -> tuple[slice, ...]:
    """Where a box belongs; it fills all of a dimension along which nothing changes."""
    return tuple(
        slice(None) if not step and dim not in kept else slice(at, at + n)
        for dim, (at, n, step) in enumerate(zip(cut.origin, cut.shape, window.stride, strict=True))
    )
