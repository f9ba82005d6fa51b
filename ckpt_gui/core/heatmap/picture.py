"""A region of a plane at the resolution asked for, read once in storage order, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from ckpt_gui.core.errors import Cancelled, NoValues
from ckpt_gui.core.heatmap.blocks import Block, Layout, blocks, bounds, lay, layout_of
from ckpt_gui.core.heatmap.canvas import Bins, Canvas, Ints, run_bins
from ckpt_gui.core.heatmap.keys import Array
from ckpt_gui.core.heatmap.measure import Measure
from ckpt_gui.core.heatmap.plane import Plane, Region
from ckpt_gui.core.progress import SILENT, Report
from ckpt_gui.core.tensors import Reading

HOWS = ("largest", "mean")
"""How several values become one."""
PREVIEW_BYTES = 8 << 20
"""About what a preview reads."""
PREVIEW_FROM = 64 << 20
"""Bytes; the exact picture of fewer takes no longer than a person notices."""
MAX_CELLS = 1 << 22
_SPARSE = ("sparse_coo", "sparse_csr", "sparse_csc")
_RUN = 1 << 18
"""Stored values of a sparse tensor at a time."""


@dataclass(frozen=True, slots=True)
class Want:
    """Which values, and how several become one."""

    plane: Plane
    region: Region
    cells: tuple[int, int]
    """At most so many rows, columns of cells."""
    how: str = "largest"
    """``largest`` (magnitude, its sign kept) or ``mean``."""
    face: str = "magnitude"
    """Of complex numbers: ``magnitude``, ``real`` or ``imaginary``."""

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns of a cell; whole kernels, where a cell holds more than one value."""
        bound = max(1, min(self.cells[0], MAX_CELLS)), max(1, min(self.cells[1], MAX_CELLS))
        return (
            _block(self.region.height, bound[0], self.plane.tile[0]),
            _block(self.region.width, bound[1], self.plane.tile[1]),
        )


def _block(length: int, cells: int, tile: int) -> int:
    block = max(1, -(-length // cells))
    return -(-block // tile) * tile if tile and block > 1 else block


@dataclass(frozen=True, slots=True)
class Picture:
    """The cells of a region."""

    plane: Plane
    region: Region
    block: tuple[int, int]
    """Rows and columns of values in a cell; fewer in the last ones."""
    how: str
    face: str
    values: Array
    """(rows, columns) of cells, of the type the values decode to; float64 of a mean."""
    seen: Array
    """bool: False where a cell holds no value (padding)."""
    of: str
    """``Form.of``, or ``sparse``: places without a stored value count as 0."""
    sampled: bool = False
    """A preview from some of the rows or columns."""

    @property
    def exact(self) -> bool:
        """Is every cell one value?"""
        return self.block == (1, 1) and not self.sampled


def shape_of(reading: Reading, tensor: int) -> tuple[int, ...]:
    """The shape that planes of this tensor lie in. No I/O; raises NoValues, also where it cannot be laid out."""
    form = reading.form(tensor, raw=False)
    info = reading.checkpoint.tensor(tensor)
    if not info.layout.startswith("sparse_"):
        return form.shape
    if info.layout not in _SPARSE or len(info.shape) != 2 or len(form.shape) != 1:
        raise NoValues("it is sparse with more than two axes, or in blocks; the heat-map shows sparse matrices only")
    return info.shape


def is_sparse(reading: Reading, tensor: int) -> bool:
    """Does the file keep only some of its values?"""
    return reading.checkpoint.tensor(tensor).layout in _SPARSE


def picture(
    reading: Reading,
    tensor: int,
    want: Want,
    *,
    report: Report = SILENT,
    executor: Executor | None = None,
    workers: int = 1,
) -> Picture:
    """The cells asked for, exact.

    Raises NoValues, ReadError, and what ``report`` raises.
    """
    measure = Measure(reading.form(tensor, raw=False), want.how, want.face)
    if is_sparse(reading, tensor):
        return _finish(_sparse(reading, tensor, want, measure, report), want, measure, "sparse")
    progress = _Progress(report, want, reading, tensor)
    shares = workers if executor is not None else 1

    def work(share: int) -> Canvas:
        canvas = Canvas(want.region, want.block, measure.dtype, mean=want.how == "mean")
        repeated = layout_of(reading, tensor).repeated
        for block in blocks(reading, tensor, want.plane, want.region, (share, shares)):
            progress.step(block)
            _lay_all(canvas, want, measure, repeated, block)
        return canvas

    if executor is None or shares == 1:
        canvas = work(0)
    else:
        canvas, *others = _together(executor, work, shares, progress)
        for other in others:
            canvas.add(other)
    return _finish(canvas, want, measure, reading.form(tensor, raw=False).of)


def _lay_all(canvas: Canvas, want: Want, measure: Measure, repeated: frozenset[int], block: Block) -> None:
    opened = Block(block.origin, measure.open(block.array))
    for laid in lay(want.plane, want.region, canvas.block, repeated, opened):
        canvas.lay(laid.array, laid.rows, laid.columns, measure.prepare)


def _together(executor: Executor, work: Callable[[int], Canvas], shares: int, progress: _Progress) -> list[Canvas]:
    """All shares; if one fails the others stop at their next block, and none is left running."""
    futures = [executor.submit(work, share) for share in range(shares)]
    try:
        return [future.result() for future in futures]
    except BaseException:
        progress.stop()
        for future in futures:
            if not future.cancel():
                future.exception()
        raise


class _Progress:
    """Counts what several threads have read; asks each of them to stop when one was."""

    def __init__(self, report: Report, want: Want, reading: Reading, tensor: int) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._done = 0
        layout = layout_of(reading, tensor)
        self._itemsize = layout.itemsize
        self._total = reading.form(tensor, raw=False).elements * layout.itemsize
        self._stopped = False

    def step(self, block: Block) -> None:
        """A block was read. Raises what the report raises."""
        with self._lock:
            if self._stopped:
                raise Cancelled
            self._done += block.array.nbytes
            self._stopped = True  # until the report lets it go on
            self._report.at(min(self._done, self._total), self._total, "bytes")
            self._stopped = False

    def stop(self) -> None:
        """The next step of any thread is its last."""
        with self._lock:
            self._stopped = True


def _finish(canvas: Canvas, want: Want, measure: Measure, of: str, *, sampled: bool = False) -> Picture:
    seen = canvas.counts > 0
    return Picture(want.plane, want.region, canvas.block, want.how, want.face, measure.close(canvas), seen, of, sampled)


def _sparse(reading: Reading, tensor: int, want: Want, measure: Measure, report: Report) -> Canvas:
    """Zeros, and the stored values where their indices say; of several at one place the largest, or their sum."""
    canvas = Canvas(want.region, want.block, measure.dtype, mean=want.how == "mean")
    (count,) = reading.form(tensor, raw=False).shape
    sides = [side[0].dim for side in (want.plane.rows, want.plane.columns)]
    for start in range(0, count, _RUN):
        report.at(start, count, "values")
        stop = min(start + _RUN, count)
        places = reading.indices(tensor, start, stop)
        stored = measure.prepare(measure.open(reading.patterns(tensor, (slice(start, stop),)))[None, :])[0]
        rows, columns = places[:, sides[0]] - want.region.top, places[:, sides[1]] - want.region.left
        inside = (rows >= 0) & (rows < want.region.height) & (columns >= 0) & (columns < want.region.width)
        canvas.scatter(rows[inside], columns[inside], stored[inside])
    canvas.fill()
    return canvas


def worth_preview(reading: Reading, tensor: int, want: Want) -> bool:
    """Does the exact picture take so long that a preview helps, and can there be one?"""
    if not want.plane.simple or is_sparse(reading, tensor):
        return False
    layout = layout_of(reading, tensor)
    held = layout.itemsize
    for dim, one in enumerate(bounds(want.plane, want.region)):
        held *= 1 if dim in layout.repeated else one.stop - one.start
    return held > PREVIEW_FROM


def preview(reading: Reading, tensor: int, want: Want) -> Picture:
    """The same from some of the rows (or columns, where those lie together in the file), in a moment; sampled.

    For planes that ``worth_preview``. Raises NoValues and ReadError.
    """
    measure = Measure(reading.form(tensor, raw=False), want.how, want.face)
    layout, index = layout_of(reading, tensor), list(bounds(want.plane, want.region))
    steps = _steps(layout, want)
    sides = [side[0].dim if side else -1 for side in (want.plane.rows, want.plane.columns)]
    bins, used = [], [dim for dim in sides if dim >= 0]
    for dim, step, block, size in zip(sides, steps, want.block, want.region.sizes, strict=True):
        if dim in layout.repeated:
            index[dim] = slice(index[dim].start, index[dim].start + 1)
            bins.append(run_bins(0, 1, 1))
        elif dim >= 0 and step > 1:
            index[dim] = slice(index[dim].start, index[dim].stop, step)
            places = np.arange(-(-size // step))
            bins.append(Bins(places * step // block, places, len(places), 0))
        else:
            bins.append(run_bins(0, size, block))
    found = measure.open(reading.patterns(tensor, tuple(index)))
    others = [dim for dim in range(len(index)) if dim not in used]
    lines = found.transpose(*others, *used).reshape(bins[0].length, bins[1].length)
    canvas = Canvas(want.region, want.block, measure.dtype, mean=want.how == "mean")
    canvas.lay(lines, bins[0], bins[1], measure.prepare)
    for side in (0, 1):
        _spread(canvas, side, bins[side].cells)
    return _finish(canvas, want, measure, reading.form(tensor, raw=False).of, sampled=True)


def _steps(layout: Layout, want: Want) -> tuple[int, int]:
    """Every how many rows, columns to look at, so that few bytes are read; all of a line of the file if it is short.

    A step is a multiple of a cell's size, or 1: each cell has values of its own, or is like the one before it.
    """
    strides = [layout.strides[side[0].dim] if side else 0 for side in (want.plane.rows, want.plane.columns)]
    outer = 0 if strides[0] >= strides[1] else 1
    inner = 1 - outer
    steps, line = [1, 1], want.region.sizes[inner] * layout.itemsize
    if line * 8 > PREVIEW_BYTES:
        steps[inner], line = want.block[inner], PREVIEW_BYTES // 8
    lines = min(want.cells[outer], PREVIEW_BYTES // max(1, line))
    whole = want.block[outer]
    steps[outer] = -(-want.region.sizes[outer] // (lines * whole)) * whole
    return steps[0], steps[1]


def _spread(canvas: Canvas, side: int, cells: Ints) -> None:
    """Cells in which nothing was laid are like the last one before them that was."""
    source = cells[np.searchsorted(cells, np.arange(canvas.cells.shape[side]), side="right") - 1]
    canvas.cells = np.take(canvas.cells, source, axis=side)
    canvas.counts = np.take(canvas.counts, source, axis=side)
