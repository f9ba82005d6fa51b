"""B − A of one pair as if it were a tensor of its own, so that all that shows a tensor can show it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_gui.core.diff.compare import Plan
from ckpt_gui.core.diff.sides import tiles
from ckpt_gui.core.diff.widen import common
from ckpt_gui.core.kernels.difference import delta
from ckpt_gui.core.tensors import Box, Form, Reading, decode
from ckpt_gui.core.tensors.reading import GAP

Array = NDArray[Any]


class DeltaReading(Reading):
    """The differences of one pair of tensors, in float64; of complex ones their magnitudes.

    Whatever tensor is asked for, it is that pair. It opens no file: both sides' readings do, and close them.
    """

    def __init__(self, plan: Plan) -> None:
        self.checkpoint = plan.left.reading.checkpoint
        self.plan = plan
        self._dtype = common(plan.left.form, plan.right.form)

    def close(self) -> None:
        """Nothing: the files are both sides' own."""

    def why_not(self, tensor: int) -> str:
        """Nothing stands against it: the pair was planned."""
        return ""

    def form(self, tensor: int, *, raw: bool = True) -> Form:
        """Numbers in float64, in the shape of both sides."""
        one = self.plan.left.form
        times = one.multiplicity if self.plan.alike else 1
        return Form(
            dtype="float64", shape=one.shape, pattern=np.dtype(np.uint64), parts=1, encoding="float64", of="B − A",
            multiplicity=times, elements=self.plan.elements, row_major=self.plan.alike and one.row_major,
        )  # fmt: skip

    def boxes(
        self, tensor: int, nbytes: int = 4 << 20, part: tuple[int, int] = (0, 1), raw: bool = True
    ) -> Iterator[Box]:
        """Boxes of differences, each of at most ``nbytes`` bytes where both sides lie alike."""
        if self.plan.alike:
            yield from self._in_step(max(nbytes // 8, 1), part)
            return
        for number, index in enumerate(tiles(self.plan.left.form.shape)):
            if number % part[1] == part[0]:
                origin = tuple(span.start for span in index)
                yield Box(origin, self.patterns(tensor, index), tuple(range(len(origin))))

    def _in_step(self, elements: int, part: tuple[int, int]) -> Iterator[Box]:
        left, right = self.plan.left, self.plan.right
        ones = left.reading.boxes(left.tensor, elements * left.width, part, raw=False)
        others = right.reading.boxes(right.tensor, elements * right.width, part, raw=False)
        dims = len(left.form.shape)
        for one, other in zip_longest(ones, others):
            if one is None or other is None or one.origin != other.origin:
                raise AssertionError("two tensors that lie alike came in boxes that differ")
            yield Box(one.origin, self._delta(one.array, other.array), one.order[:dims])

    def patterns(self, tensor: int, index: tuple[slice, ...] = (), *, raw: bool = False, gap: int = GAP) -> Array:
        """The bits of the differences of a sub-box."""
        left, right = self.plan.left, self.plan.right
        return self._delta(left.patterns(index), right.patterns(index))

    def values(self, tensor: int, index: tuple[slice, ...] = (), *, raw: bool = False) -> Array:
        """The differences of a sub-box."""
        return self.patterns(tensor, index).view(np.float64)

    def indices(self, tensor: int, start: int, stop: int) -> NDArray[np.int64]:
        """Where the stored values of a sparse tensor stand: the same on both sides."""
        return self.plan.left.reading.indices(self.plan.left.tensor, start, stop)

    def _delta(self, left: Array, right: Array) -> Array:
        with np.errstate(all="ignore"):
            one = decode(left, self.plan.left.form).astype(self._dtype, order="K")
            other = decode(right, self.plan.right.form).astype(self._dtype, order="K")
            found = delta(one, other)
            real: Array = np.abs(found) if found.dtype.kind == "c" else found
        return real.view(np.uint64)
