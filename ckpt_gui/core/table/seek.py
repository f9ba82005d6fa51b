"""Where the next NaN stands, the next infinity, the largest and the smallest value; in bounded memory.

"Next" and "first" are meant in the order in which the table is read, row by row. The tensor is gone
through in storage order, however the table is turned, so that it is read once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.table.chunks import Box, chunks, repeated, storage_order
from ckpt_gui.core.table.index_line import Place, slice_of
from ckpt_gui.core.table.layout import Layout
from ckpt_gui.core.tensors import Form, Reading, decode

Array = npt.NDArray[Any]
NBYTES = 16 << 20
"""Of values that are looked at together."""

Test = Callable[[Array], Array]
TESTS: dict[str, Test] = {"NaN": np.isnan, "Inf": np.isinf, "difference": lambda values: values != 0}
"""What can be sought after."""


class Found(NamedTuple):
    """Where something stands."""

    place: Place
    wrapped: bool = False
    """It stands before the start: there was nothing more behind it."""


class _Pass:
    """Goes once through what a layout shows."""

    def __init__(self, reading: Reading, tensor: int, layout: Layout, raw: bool, held: Place | None) -> None:
        self.reading, self.tensor, self.layout, self.raw = reading, tensor, layout, raw
        self.form = reading.form(tensor, raw=raw)
        self.sizes = [len(picked) for picked in layout.index.ranges]
        # What repeats itself is looked at once: at the place from where the search starts, or at the first.
        self.single = {
            dim: layout.index.ranges[dim].index(held[dim]) if held is not None else 0
            for dim in repeated(reading.checkpoint, tensor, self.form)
            if self.sizes[dim]
        }
        self.order = self._order()
        self.in_order = self.order == layout.axes
        """Whether what is read goes through the table row by row."""

    def _order(self) -> tuple[int, ...]:
        """Storage order; where only dimensions of one entry stand elsewhere, the table's."""
        order = storage_order(self.reading.checkpoint, self.tensor, self.form)

        def long(dims: Sequence[int]) -> list[int]:
            return [dim for dim in dims if self.sizes[dim] > 1 and dim not in self.single]

        return self.layout.axes if long(order) == long(self.layout.axes) else order

    def boxes(self) -> Iterator[Box]:
        """The boxes to read, each with at most ``NBYTES`` of values."""
        width = max(self.form.pattern.itemsize * self.form.parts, 4)
        sizes = [1 if dim in self.single else size for dim, size in enumerate(self.sizes)]
        for box in chunks(sizes, self.order, NBYTES // width):
            yield tuple(
                range(self.single[dim], self.single[dim] + 1) if dim in self.single else at
                for dim, at in enumerate(box)
            )

    def total(self) -> int:
        """How many bytes will be looked at."""
        return math.prod(1 if dim in self.single else n for dim, n in enumerate(self.sizes)) * self.width()

    def width(self) -> int:
        """Bytes of one value."""
        return self.form.pattern.itemsize * self.form.parts

    def read(self, box: Box) -> Array:
        """The values of a box in the order of the table, flat."""
        ranges = self.layout.index.ranges
        index = tuple(slice_of(picked[at.start : at.stop]) for picked, at in zip(ranges, box, strict=True))
        values = decode(self.reading.patterns(self.tensor, index, raw=self.raw), self.form)
        return values.transpose(self.layout.axes).reshape(-1)

    def place(self, box: Box, number: int) -> Place:
        """The logical index of the ``number``-th value of a box."""
        place = [0] * len(box)
        for dim in reversed(self.layout.axes):
            number, at = divmod(number, len(box[dim]))
            place[dim] = self.layout.index.ranges[dim][box[dim][at]]
        return tuple(place)

    def rank(self, box: Box, place: Place) -> int:
        """How many of a box's values stand before a place, or on it."""
        before, inner = 0, math.prod(map(len, box))
        for dim in self.layout.axes:
            inner //= len(box[dim])
            at = self.layout.index.ranges[dim].index(place[dim])
            if at < box[dim].start:
                return before
            if at >= box[dim].stop:
                return before + len(box[dim]) * inner
            before += (at - box[dim].start) * inner
        return before + 1

    def sooner(self, place: Place, other: Place) -> bool:
        """Whether the table has the one before the other."""

        def position(one: Place) -> list[int]:
            return [self.layout.index.ranges[dim].index(one[dim]) for dim in self.layout.axes]

        return position(place) < position(other)


def find_next(
    reading: Reading,
    tensor: int,
    layout: Layout,
    what: str,
    after: Place | None = None,
    *,
    raw: bool = False,
    report: Report = SILENT,
) -> Found | None:
    """The next ``what`` (of ``TESTS``) behind a place, or from the beginning; past the end it begins again.

    Dimensions of stride 0 are looked at where ``after`` stands. None if there is none at all, ``after``
    included. Raises NoValues, ReadError, and Cancelled by ``report``.
    """
    looked = _Pass(reading, tensor, layout, raw, after)
    if not can_be(looked.form, what):
        return None
    search = _search_in_order if looked.in_order else _search_all
    return search(looked, TESTS[what], after, report)


def _search_in_order(looked: _Pass, test: Test, after: Place | None, report: Report) -> Found | None:
    """Box by box from the start to the end, then from the beginning to the start; the first hit is it."""
    done = 0
    for wrapped in (False, True):
        for box in looked.boxes():
            size = math.prod(map(len, box))
            start = looked.rank(box, after) if after is not None else 0
            first, stop = (0, start) if wrapped else (start, size)
            if first >= stop:
                continue
            report.at(done, looked.total(), "bytes")
            done += (stop - first) * looked.width()
            at = _first(test(looked.read(box)[first:stop]))
            if at >= 0:
                return Found(looked.place(box, first + at), wrapped)
    return None


def _search_all(looked: _Pass, test: Test, after: Place | None, report: Report) -> Found | None:
    """All boxes, of whose hits that is taken which the table has first."""
    found: list[Place | None] = [None, None]
    done = 0
    for box in looked.boxes():
        report.at(done, looked.total(), "bytes")
        done += math.prod(map(len, box)) * looked.width()
        start = looked.rank(box, after) if after is not None else 0
        marks = test(looked.read(box))
        for side, begin, part in ((0, start, marks[start:]), (1, 0, marks[:start])):
            at = _first(part)
            if at >= 0:
                place, known = looked.place(box, begin + at), found[side]
                if known is None or looked.sooner(place, known):
                    found[side] = place
    if found[0] is not None:
        return Found(found[0])
    return Found(found[1], wrapped=True) if found[1] is not None else None


def _first(marks: Array) -> int:
    """Where the first True stands; -1 if there is none."""
    at = int(marks.argmax()) if len(marks) else 0
    return at if len(marks) and marks[at] else -1


def can_be(form: Form, what: str) -> bool:
    """Whether values of that form can be NaN (infinite) at all."""
    if what == "difference":
        return True
    if form.encoding == "bool" or form.encoding.startswith(("int", "uint")):
        return False
    return what == "NaN" or form.encoding not in (
        "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "f6_e2m3", "f6_e3m2",
    )  # fmt: skip


def find_extreme(
    reading: Reading,
    tensor: int,
    layout: Layout,
    largest: bool,
    *,
    magnitudes: bool = False,
    raw: bool = False,
    report: Report = SILENT,
) -> Found | None:
    """The first largest (or smallest) finite value; of complex numbers, and with ``magnitudes``, by magnitude.

    None where none is finite. Raises as ``find_next`` does.
    """
    looked = _Pass(reading, tensor, layout, raw, None)
    best: tuple[Any, Place] | None = None
    done, total = 0, looked.total()
    for box in looked.boxes():
        report.at(done, total, "bytes")
        done += math.prod(map(len, box)) * looked.width()
        values = np.abs(looked.read(box)) if magnitudes else looked.read(box)
        at = _extreme(values, largest)
        if at < 0:
            continue
        value = abs(values[at]) if values.dtype.kind == "c" else values[at].item()
        place = looked.place(box, at)
        farther = best is None or (value > best[0] if largest else value < best[0])
        if farther or (best is not None and value == best[0] and looked.sooner(place, best[1])):
            best = (value, place)
    return Found(best[1]) if best is not None else None


def _extreme(values: Array, largest: bool) -> int:
    """Where the first extreme finite value stands; -1 where none is finite."""
    if values.dtype.kind == "c":
        values = np.abs(values)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            if not finite.any():
                return -1
            values = np.where(finite, values, -np.inf if largest else np.inf)
    return int(values.argmax() if largest else values.argmin())
